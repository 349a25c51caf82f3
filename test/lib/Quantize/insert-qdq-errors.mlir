// RUN: aicc-opt %s --quantize-insert-qdq --split-input-file --verify-diagnostics

// expected-error @+1 {{expected 'aicc.range' to be the lowest and the highest of its values, found none}}
func.func @no_range(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  %y = onnx.MatMul %x, %w {aicc.range = array<f64: 0.0, 1.0>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @three_numbers(%x: tensor<2x2xf32> {aicc.range = array<f64: 0.0, 1.0>}) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected 'aicc.range' to be the lowest and the highest of its values, found 3 numbers}}
  %y = onnx.MatMul %x, %w {aicc.range = array<f64: 0.0, 1.0, 2.0>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @upside_down(%x: tensor<2x2xf32> {aicc.range = array<f64: 0.0, 1.0>}) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected its values to lie in a finite range, found 1.0}}
  %y = onnx.MatMul %x, %w {aicc.range = array<f64: 1.0, 0.0>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @nan_range(%x: tensor<2x2xf32> {aicc.range = array<f64: 0.0, 1.0>}) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected its values to lie in a finite range}}
  %y = onnx.MatMul %x, %w {aicc.range = array<f64: 0.0, 0x7FF8000000000000>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @infinite_weight(%x: tensor<2x2xf32> {aicc.range = array<f64: 0.0, 1.0>}) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<0x7F800000> : tensor<2x2xf32>
  // expected-error @+1 {{expected its weights to be finite numbers}}
  %y = onnx.MatMul %x, %w {aicc.range = array<f64: 0.0, 1.0>} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @infinite_bias(%x: tensor<2x2xf32> {aicc.range = array<f64: 0.0, 1.0>}) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  %b = onnx.Constant dense<[1.0, 0xFF800000]> : tensor<2xf32>
  // expected-error @+1 {{expected its bias to be finite numbers}}
  %y = onnx.Gemm %x, %w, %b {aicc.range = array<f64: 0.0, 1.0>} : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @correction_size(%x: tensor<2x2xf32> {aicc.range = array<f64: 0.0, 1.0>}) -> tensor<2x2xf32> {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32>
  %none = onnx.NoValue : none
  // expected-error @+1 {{expected 'aicc.bias_correction' to have a number for each of 2 output channels, found 3}}
  %y = onnx.Gemm %x, %w, %none {aicc.range = array<f64: 0.0, 1.0>, aicc.bias_correction = array<f64: 0.0, 1.0, 2.0>}
      : (tensor<2x2xf32>, tensor<2x2xf32>, none) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
