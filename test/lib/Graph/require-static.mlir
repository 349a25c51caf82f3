// RUN: aicc-opt %s --split-input-file --verify-diagnostics --onnx-require-static

// expected-error @+3 {{dimension 0 ('batch') of input 'x' (?x3x?x224) is dynamic}}
// expected-error @+2 {{dimension 2 of input 'x' (?x3x?x224) is dynamic}}
// expected-note @+1 {{fix it with --shape=x:<batch>x3x<size>x224}}
func.func @inputs(%x: tensor<?x3x?x224xf32> {aicc.name = "x", aicc.dims = ["batch", "3", "", "224"]}) -> tensor<?x3x?x224xf32> {
  %y = onnx.Relu %x : (tensor<?x3x?x224xf32>) -> tensor<?x3x?x224xf32>
  return %y : tensor<?x3x?x224xf32>
}

// -----

func.func @data_dependent(%x: tensor<4xf32> {aicc.name = "x"}) -> tensor<1x?xi64> {
  // expected-error @+3 {{the shape of its result, 1x?, depends on data}}
  // expected-note @+2 {{only shapes that follow from the inputs' are compiled}}
  // expected-note @+1 {{if it is input 'x' that they depend on, fix its value with --value=x:<numbers>}}
  %n = onnx.NonZero %x : (tensor<4xf32>) -> tensor<1x?xi64>
  %m = onnx.Neg %n : (tensor<1x?xi64>) -> tensor<1x?xi64>
  return %m : tensor<1x?xi64>
}

// -----

func.func @too_large(%x: tensor<1xf32>, %s: tensor<2xi64>) -> tensor<1048576x1048576xf32> {
  // expected-error @+1 {{its result, 1048576x1048576, has more than 68719476736 elements}}
  %y = onnx.Expand %x, %s : (tensor<1xf32>, tensor<2xi64>) -> tensor<1048576x1048576xf32>
  return %y : tensor<1048576x1048576xf32>
}

// -----

func.func @fine(%x: tensor<4xf32> {aicc.name = "x"}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
