// RUN: aicc-opt %s | aicc-opt | FileCheck %s
// RUN: aicc-opt %s --mlir-print-op-generic | aicc-opt | FileCheck %s

// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x6x6xf32> {
  // CHECK: onnx.Constant dense_resource<w> : tensor<4x3x3x3xf32>
  %w = onnx.Constant dense_resource<w> : tensor<4x3x3x3xf32>
  // CHECK: onnx.NoValue : none
  %none = onnx.NoValue : none
  // CHECK: onnx.Conv %{{.*}}, %{{.*}}, %{{.*}} {strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, none) -> tensor<1x4x6x6xf32>
  %y = onnx.Conv %x, %w, %none {strides = array<i64: 1, 1>}
      : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, none) -> tensor<1x4x6x6xf32>
  return %y : tensor<1x4x6x6xf32>
}

// CHECK-LABEL: func.func @types
func.func @types(%s: tensor<2x!onnx.string>, %q: !onnx.seq<tensor<*xf32>>, %n: tensor<i64>) -> tensor<*xf32> {
  // CHECK: onnx.SequenceAt
  %0 = onnx.SequenceAt %q, %n : (!onnx.seq<tensor<*xf32>>, tensor<i64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// CHECK-LABEL: func.func @control
func.func @control(%c: tensor<i1>, %x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK: onnx.If %{{.*}} : (tensor<i1>) -> tensor<2xf32> {
  // CHECK: }, {
  %0 = onnx.If %c : (tensor<i1>) -> tensor<2xf32> {
    %1 = onnx.Neg %x : (tensor<2xf32>) -> tensor<2xf32>
    onnx.Return %1 : tensor<2xf32>
  }, {
    onnx.Return %x : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x04000000"
    }
  }
#-}
