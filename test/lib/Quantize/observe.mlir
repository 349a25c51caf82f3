// RUN: aicc-opt %s --quantize-observe --split-input-file | FileCheck %s

// The input, the product and the sum; not the transposition, which has the
// product's elements, nor the Softmax, which stays float and is not needed.
// CHECK-LABEL: func.func @main
// CHECK-SAME: -> (tensor<2x2xf32> {aicc.dtype = "float32", aicc.name = "0"}, tensor<2x2xf32> {aicc.dtype = "float32", aicc.name = "1"})
// CHECK: %[[Y:.*]] = onnx.MatMul
// CHECK-NOT: Softmax
// CHECK: return %arg0, %[[Y]]
func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x2xf32> {aicc.name = "l"}) {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  %y = onnx.MatMul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %t = onnx.Transpose %y : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %l = onnx.Softmax %t : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %l : tensor<2x2xf32>
}

// -----

// A residual sum between convolutions is computed on integers; one that a
// normalisation reads is not, and neither is what only it reads.
// CHECK-LABEL: func.func @sums
// CHECK: %[[Y:.*]] = onnx.Conv
// CHECK: %[[A:.*]] = onnx.Add
// CHECK: %[[Z:.*]] = onnx.Conv
// CHECK-NOT: onnx.Add
// CHECK: return %arg0, %[[Y]], %[[A]], %[[Z]] :
func.func @sums(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = onnx.Constant dense<1.0> : tensor<1x1x1x1xf32>
  %none = onnx.NoValue : none
  %y = onnx.Conv %x, %w, %none : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  %a = onnx.Add %y, %y : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  %z = onnx.Conv %a, %w, %none : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  %b = onnx.Add %z, %a : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  %c = onnx.Sigmoid %b : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  %l = onnx.Softmax %c : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return %l : tensor<1x1x4x4xf32>
}

// -----

// Nothing to quantise: weights that are computed, another element type, what
// the model has quantised itself.
// CHECK-LABEL: func.func @nothing
// CHECK-NEXT: return
// CHECK-NEXT: }
func.func @nothing(%x: tensor<2x2xf32>, %h: tensor<2x2xf16>, %q: tensor<2x2xi8>, %i: tensor<1x1x4x4xf32>, %k: tensor<1x1x1x1xf32>)
    -> (tensor<2x2xf16>, tensor<2x2xf32>, tensor<1x1x4x4xf32>) {
  %none = onnx.NoValue : none
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  %s = onnx.Constant dense<1.0> : tensor<f32>
  %hw = onnx.Constant dense<1.0> : tensor<2x2xf16>
  %a = onnx.MatMul %h, %hw : (tensor<2x2xf16>, tensor<2x2xf16>) -> tensor<2x2xf16>
  %d = onnx.DequantizeLinear %q, %s, %none : (tensor<2x2xi8>, tensor<f32>, none) -> tensor<2x2xf32>
  %b = onnx.MatMul %d, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %c = onnx.Conv %i, %k, %none : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  return %a, %b, %c : tensor<2x2xf16>, tensor<2x2xf32>, tensor<1x1x4x4xf32>
}
