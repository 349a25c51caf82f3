// RUN: aicc-opt %s --quantize-observe-errors --split-input-file --verify-diagnostics | FileCheck %s

// 0.5 is 64 steps of 1/127 (rounded to even: 63.5), so 0.503937.
// CHECK-LABEL: func.func @main
// CHECK-SAME: -> (tensor<2xf32> {aicc.dtype = "float32", aicc.name = "0"})
// CHECK: onnx.QuantizeLinear %arg0
// CHECK: %[[X:.*]] = onnx.DequantizeLinear
// CHECK: %[[Y:.*]] = onnx.Gemm %arg0
// CHECK: %[[W:.*]] = onnx.Constant dense<{{\[\[}}1.000000e+00, 5.039370e-01], [5.039370e-01, 1.000000e+00]]> : tensor<2x2xf32>
// CHECK: %[[Q:.*]] = onnx.Gemm %[[X]], %[[W]]
// CHECK: %[[D:.*]] = onnx.Sub %[[Y]], %[[Q]]
// CHECK: %[[M:.*]] = onnx.ReduceMean %[[D]], %{{.*}} {keepdims = 0 : i64}
// CHECK: return %[[M]]
func.func @main(%x: tensor<4x2xf32> {aicc.range = array<f64: 0.0, 1.0>}) -> (tensor<4x2xf32> {aicc.name = "y"}) {
  %w = onnx.Constant dense<[[1.0, 0.5], [0.5, 1.0]]> : tensor<2x2xf32>
  %none = onnx.NoValue : none
  %y = onnx.Gemm %x, %w, %none {aicc.range = array<f64: 0.0, 1.0>} : (tensor<4x2xf32>, tensor<2x2xf32>, none) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// expected-error @+1 {{expected 'aicc.range' to be the lowest and the highest of its values, found none}}
func.func @no_range(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = onnx.Constant dense<[[1.0, 0.5], [0.5, 1.0]]> : tensor<2x2xf32>
  %none = onnx.NoValue : none
  %y = onnx.Gemm %x, %w, %none : (tensor<4x2xf32>, tensor<2x2xf32>, none) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
