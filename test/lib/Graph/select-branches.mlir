// RUN: aicc-opt %s --onnx-select-branches | FileCheck %s

// The inner If first; a condition of shape 1 counts as a scalar.
// CHECK-LABEL: func.func @nested
// CHECK-NOT: onnx.If
// CHECK-DAG: %[[A:.*]] = onnx.Relu %arg0
// CHECK-DAG: %[[B:.*]] = onnx.Neg %arg0
// CHECK-DAG: %[[D:.*]] = onnx.Reshape %arg2
// CHECK: %[[I:.*]] = onnx.Where %[[D]], %[[B]], %arg0 : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK: %[[Y:.*]] = onnx.Where %arg1, %[[A]], %[[I]]
// CHECK: return %[[Y]]
func.func @nested(%x: tensor<4xf32>, %c: tensor<i1>, %d: tensor<1xi1>) -> tensor<4xf32> {
  %y = onnx.If %c : (tensor<i1>) -> tensor<4xf32> {
    %a = onnx.Relu %x : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Return %a : tensor<4xf32>
  }, {
    %z = onnx.If %d : (tensor<1xi1>) -> tensor<4xf32> {
      %b = onnx.Neg %x : (tensor<4xf32>) -> tensor<4xf32>
      onnx.Return %b : tensor<4xf32>
    }, {
      onnx.Return %x : tensor<4xf32>
    }
    onnx.Return %z : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// Results of two shapes cannot be selected from.
// CHECK-LABEL: func.func @shapes_differ
// CHECK: onnx.If
func.func @shapes_differ(%x: tensor<4xf32>, %y: tensor<2xf32>, %c: tensor<i1>) -> tensor<?xf32> {
  %z = onnx.If %c : (tensor<i1>) -> tensor<?xf32> {
    onnx.Return %x : tensor<4xf32>
  }, {
    onnx.Return %y : tensor<2xf32>
  }
  return %z : tensor<?xf32>
}

// Random numbers are not drawn unless asked for.
// CHECK-LABEL: func.func @not_pure
// CHECK: onnx.If
func.func @not_pure(%x: tensor<4xf32>, %c: tensor<i1>) -> tensor<4xf32> {
  %z = onnx.If %c : (tensor<i1>) -> tensor<4xf32> {
    %r = onnx.RandomNormalLike %x : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Return %r : tensor<4xf32>
  }, {
    onnx.Return %x : tensor<4xf32>
  }
  return %z : tensor<4xf32>
}
