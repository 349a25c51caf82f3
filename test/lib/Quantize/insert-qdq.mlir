// RUN: aicc-opt %s --quantize-insert-qdq --split-input-file | FileCheck %s

// Activations are uint8, the weights int8 with a scale for each output channel,
// the bias int32 in steps of the product: 0.01 * 2/127 and 0.01 * 1/127.
// CHECK-LABEL: func.func @gemm
// CHECK-DAG: %[[S:.*]] = onnx.Constant dense<0.00999999977> : tensor<f32>
// CHECK-DAG: %[[Z:.*]] = onnx.Constant dense<100> : tensor<ui8>
// CHECK: %[[XQ:.*]] = onnx.QuantizeLinear %arg0, %[[S]], %[[Z]] {{.*}}-> tensor<1x2xui8>
// CHECK: %[[X:.*]] = onnx.DequantizeLinear %[[XQ]], %[[S]], %[[Z]]
// CHECK-DAG: %[[WQ:.*]] = onnx.Constant dense<{{\[\[}}127, 64], [-64, -127]]> : tensor<2x2xi8>
// CHECK-DAG: %[[WS:.*]] = onnx.Constant dense<[0.0157480314, 0.00787401571]> : tensor<2xf32>
// CHECK-DAG: %[[WZ:.*]] = onnx.Constant dense<0> : tensor<2xi8>
// CHECK: %[[W:.*]] = onnx.DequantizeLinear %[[WQ]], %[[WS]], %[[WZ]] : (tensor<2x2xi8>, tensor<2xf32>, tensor<2xi8>)
// CHECK-DAG: %[[BQ:.*]] = onnx.Constant dense<[6350, -12700]> : tensor<2xi32>
// CHECK: %[[B:.*]] = onnx.DequantizeLinear %[[BQ]], %{{.*}}, %{{.*}} {axis = 0 : i64}
// CHECK: %[[Y:.*]] = onnx.Gemm %[[X]], %[[W]], %[[B]]
// CHECK: %[[YQ:.*]] = onnx.QuantizeLinear %[[Y]]
// CHECK: %[[R:.*]] = onnx.DequantizeLinear %[[YQ]]
// CHECK: return %[[R]]
func.func @gemm(%x: tensor<1x2xf32> {aicc.range = array<f64: -1.0, 1.55>}) -> tensor<1x2xf32> {
  %w = onnx.Constant dense<[[2.0, 0.5], [-1.0, -1.0]]> : tensor<2x2xf32>
  %b = onnx.Constant dense<[1.0, -1.0]> : tensor<2xf32>
  %y = onnx.Gemm %x, %w, %b {aicc.range = array<f64: -4.0, 4.0>} : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// A Relu is left out where its range starts at 0: the zero point is 0, and
// saturation does what it does.
// CHECK-LABEL: func.func @relu
// CHECK: %[[Y:.*]] = onnx.Conv
// CHECK-NOT: onnx.Relu
// CHECK-DAG: %[[S:.*]] = onnx.Constant dense<2.000000e-02> : tensor<f32>
// CHECK-DAG: %[[Z:.*]] = onnx.Constant dense<0> : tensor<ui8>
// CHECK: onnx.QuantizeLinear %[[Y]], %[[S]], %[[Z]]
// CHECK: return
func.func @relu(%x: tensor<1x1x4x4xf32> {aicc.range = array<f64: -1.0, 1.0>}) -> tensor<1x1x4x4xf32> {
  %w = onnx.Constant dense<1.0> : tensor<1x1x1x1xf32>
  %none = onnx.NoValue : none
  %y = onnx.Conv %x, %w, %none : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  %z = onnx.Relu %y {aicc.range = array<f64: 0.0, 5.1>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  %u = onnx.Conv %z, %w, %none {aicc.range = array<f64: -1.0, 5.1>} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  return %u : tensor<1x1x4x4xf32>
}

// -----

// The bounds of this Clip are not those of the range, which is the same before
// and after it, so it stays. What is joined has one scale.
// CHECK-LABEL: func.func @clip
// CHECK-DAG: %[[S:.*]] = onnx.Constant dense<0.00784313772> : tensor<f32>
// CHECK-DAG: %[[Z:.*]] = onnx.Constant dense<127> : tensor<ui8>
// CHECK: onnx.QuantizeLinear %arg0, %[[S]], %[[Z]]
// CHECK: onnx.Conv
// CHECK: onnx.Constant dense<0.00784313772>
// CHECK: onnx.QuantizeLinear
// CHECK: %[[C:.*]] = onnx.Clip
// CHECK: onnx.Constant dense<0.00784313772>
// CHECK: onnx.QuantizeLinear %[[C]]
func.func @clip(%x: tensor<1x1x4x4xf32> {aicc.range = array<f64: -1.0, 1.0>}) -> tensor<1x1x8x4xf32> {
  %w = onnx.Constant dense<1.0> : tensor<1x1x1x1xf32>
  %none = onnx.NoValue : none
  %low = onnx.Constant dense<0.0> : tensor<f32>
  %high = onnx.Constant dense<1.0> : tensor<f32>
  %y = onnx.Conv %x, %w, %none : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  %z = onnx.Clip %y, %low, %high {aicc.range = array<f64: 0.0, 1.0>} : (tensor<1x1x4x4xf32>, tensor<f32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %c = onnx.Concat %x, %z {axis = 2 : i64} : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x8x4xf32>
  %u = onnx.Conv %c, %w, %none {aicc.range = array<f64: -1.0, 5.1>} : (tensor<1x1x8x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x8x4xf32>
  return %u : tensor<1x1x8x4xf32>
}

// -----

// What moves has the scale of its source; a sum that only floats read stays
// float, and so does what has no integer form.
// CHECK-LABEL: func.func @moves
// CHECK: %[[Y:.*]] = onnx.MatMul
// CHECK: %[[YQ:.*]] = onnx.QuantizeLinear %[[Y]], %[[S:.*]], %[[Z:.*]] :
// CHECK: %[[YD:.*]] = onnx.DequantizeLinear %[[YQ]], %[[S]], %[[Z]]
// CHECK: %[[T:.*]] = onnx.Transpose %[[YD]]
// CHECK: %[[TQ:.*]] = onnx.QuantizeLinear %[[T]], %[[TS:.*]], %[[TZ:.*]] :
// CHECK: %[[TD:.*]] = onnx.DequantizeLinear %[[TQ]], %[[TS]], %[[TZ]]
// CHECK: %[[A:.*]] = onnx.Add %[[TD]], %[[TD]]
// CHECK-NEXT: %[[L:.*]] = onnx.Softmax %[[A]]
// CHECK-NEXT: return %[[L]]
func.func @moves(%x: tensor<2x2xf32> {aicc.range = array<f64: -1.0, 1.0>}) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  %y = onnx.MatMul %x, %w {aicc.range = array<f64: -1.0, 5.1>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %t = onnx.Transpose %y : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %a = onnx.Add %t, %t : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %l = onnx.Softmax %a : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %l : tensor<2x2xf32>
}

// -----

// The second of two computed operands is signed.
// CHECK-LABEL: func.func @two
// CHECK-DAG: onnx.QuantizeLinear %arg0, {{.*}} -> tensor<2x2xui8>
// CHECK-DAG: onnx.QuantizeLinear %arg1, {{.*}} -> tensor<2x2xi8>
// CHECK: onnx.MatMul
func.func @two(%x: tensor<2x2xf32> {aicc.range = array<f64: -1.0, 1.0>}, %y: tensor<2x2xf32> {aicc.range = array<f64: -1.0, 1.0>}) -> tensor<2x2xf32> {
  %z = onnx.MatMul %x, %y {aicc.range = array<f64: -1.0, 5.1>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %z : tensor<2x2xf32>
}

// -----

// The correction is in the bias, which the layer did not have. A range of
// nothing but zero has a scale all the same.
// CHECK-LABEL: func.func @correction
// CHECK-DAG: onnx.Constant dense<[32, -64]> : tensor<2xi32>
func.func @correction(%x: tensor<1x1x4x4xf32> {aicc.range = array<f64: 0.0, 0.0>}) -> tensor<1x2x4x4xf32> {
  %w = onnx.Constant dense<[[[[127.0]]], [[[127.0]]]]> : tensor<2x1x1x1xf32>
  %none = onnx.NoValue : none
  %y = onnx.Conv %x, %w, %none {aicc.range = array<f64: 0.0, 0.0>, aicc.bias_correction = array<f64: 32.0, -64.0>}
      : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>, none) -> tensor<1x2x4x4xf32>
  return %y : tensor<1x2x4x4xf32>
}

// -----

// Functions of one number are computed as a whole: x * clip(x + 3, 0, 6) has
// nothing quantised in it.
// CHECK-LABEL: func.func @function
// CHECK: %[[Y:.*]] = onnx.Conv
// CHECK: %[[YQ:.*]] = onnx.QuantizeLinear %[[Y]]
// CHECK: %[[YD:.*]] = onnx.DequantizeLinear %[[YQ]]
// CHECK: %[[A:.*]] = onnx.Add %[[YD]]
// CHECK-NEXT: %[[C:.*]] = onnx.Clip %[[A]]
// CHECK-NEXT: %[[M:.*]] = onnx.Mul %[[YD]], %[[C]]
// CHECK: onnx.QuantizeLinear %[[M]]
// CHECK: onnx.Conv
func.func @function(%x: tensor<1x1x4x4xf32> {aicc.range = array<f64: -1.0, 1.0>}) -> tensor<1x1x4x4xf32> {
  %w = onnx.Constant dense<1.0> : tensor<1x1x1x1xf32>
  %none = onnx.NoValue : none
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %three = onnx.Constant dense<3.0> : tensor<f32>
  %six = onnx.Constant dense<6.0> : tensor<f32>
  %y = onnx.Conv %x, %w, %none {aicc.range = array<f64: -1.0, 5.1>} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  %a = onnx.Add %y, %three : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %c = onnx.Clip %a, %zero, %six : (tensor<1x1x4x4xf32>, tensor<f32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %m = onnx.Mul %y, %c {aicc.range = array<f64: -1.0, 30.0>} : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  %z = onnx.Conv %m, %w, %none {aicc.range = array<f64: -1.0, 5.1>} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  return %z : tensor<1x1x4x4xf32>
}

// -----

// The output channels of a transposed convolution are in the second dimension of its weights; with groups they
// are not one dimension, and it stays float.
// CHECK-LABEL: func.func @transposed
// CHECK-DAG: %[[WQ:.*]] = onnx.Constant dense<{{.*}}> : tensor<1x2x1x2xi8>
// CHECK-DAG: %[[WS:.*]] = onnx.Constant dense<[0.0157480314, 0.00787401571]> : tensor<2xf32>
// CHECK: %[[W:.*]] = onnx.DequantizeLinear %[[WQ]], %[[WS]], %{{.*}} : (tensor<1x2x1x2xi8>, tensor<2xf32>, tensor<2xi8>)
// CHECK: %[[Y:.*]] = onnx.ConvTranspose %{{.*}}, %[[W]]
// CHECK: onnx.QuantizeLinear %[[Y]]
// CHECK: %[[V:.*]] = onnx.Constant dense<1.000000e+00> : tensor<2x1x1x1xf32>
// CHECK: onnx.ConvTranspose %{{.*}}, %[[V]]
func.func @transposed(%x: tensor<1x1x4x4xf32> {aicc.range = array<f64: -1.0, 1.0>}) -> tensor<1x2x4x8xf32> {
  %w = onnx.Constant dense<[[[[2.0, 1.0]], [[1.0, -1.0]]]]> : tensor<1x2x1x2xf32>
  %none = onnx.NoValue : none
  %y = onnx.ConvTranspose %x, %w, %none {strides = array<i64: 1, 2>, aicc.range = array<f64: -1.0, 1.0>} : (tensor<1x1x4x4xf32>, tensor<1x2x1x2xf32>, none) -> tensor<1x2x4x8xf32>
  %v = onnx.Constant dense<1.0> : tensor<2x1x1x1xf32>
  %z = onnx.ConvTranspose %y, %v, %none {group = 2 : i64} : (tensor<1x2x4x8xf32>, tensor<2x1x1x1xf32>, none) -> tensor<1x2x4x8xf32>
  return %z : tensor<1x2x4x8xf32>
}
