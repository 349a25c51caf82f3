// All nodes that cannot be lowered are reported, each with its reason, and
// nothing is changed.
// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file --verify-diagnostics

func.func @several(%x: tensor<2x3xf32>, %n: tensor<2xi64>) -> tensor<2x3xf32> {
  // expected-error@+1 {{NonZero is not supported by the cpu lowering yet: it has no lowering}}
  %0 = onnx.NonZero %x : (tensor<2x3xf32>) -> tensor<2x?xi64>
  %none = onnx.NoValue : none
  // expected-error@+1 {{ReduceSum is not supported by the cpu lowering yet: axes is not a constant}}
  %1 = onnx.ReduceSum %x, %n : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<1x1xf32>
  // expected-error@+1 {{Add is not supported by the cpu lowering yet: output 0 is of dynamic shape ?x3}}
  %2 = onnx.Add %x, %1 : (tensor<2x3xf32>, tensor<1x1xf32>) -> tensor<?x3xf32>
  %3 = onnx.Relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %3 : tensor<2x3xf32>
}

// -----

// expected-error@+1 {{input 0 of the model is of dynamic shape ?x3, which is not supported by the cpu lowering yet}}
func.func @dynamic(%x: tensor<?x3xf32>) {
  func.return
}

// -----

func.func @type(%x: tensor<2xcomplex<f32>>) -> tensor<2xcomplex<f32>> {
  // expected-error@-1 {{input 0 of the model is of type complex64}}
  // expected-error@-2 {{output 0 of the model is of type complex64}}
  func.return %x : tensor<2xcomplex<f32>>
}

// -----

// Types of at most eight bits are moved and converted only.
func.func @narrow(%x: tensor<2xf8E4M3FN>) -> tensor<2xf8E4M3FN> {
  %pads = onnx.Constant dense<0> : tensor<2xi64>
  %none = onnx.NoValue : none
  // expected-error@+1 {{Pad is not supported by the cpu lowering yet: input 0 is of type float8e4m3fn}}
  %0 = onnx.Pad %x, %pads, %none, %none : (tensor<2xf8E4M3FN>, tensor<2xi64>, none, none) -> tensor<2xf8E4M3FN>
  func.return %0 : tensor<2xf8E4M3FN>
}

// -----

func.func @inferred(%x: tensor<2x3xf32>) -> tensor<3x4xf32> {
  // expected-error@+1 {{Transpose is not supported by the cpu lowering yet: output 0 is inferred as tensor<3x4xf32> and computed as tensor<3x2xf32>}}
  %0 = onnx.Transpose %x : (tensor<2x3xf32>) -> tensor<3x4xf32>
  func.return %0 : tensor<3x4xf32>
}

// -----

func.func @axes(%x: tensor<2x2xf32>, %n: tensor<2xi64>) -> tensor<2x2xf32> {
  // expected-error@+1 {{ReverseSequence is not supported by the cpu lowering yet: batch_axis and time_axis are not 0 and 1}}
  %0 = onnx.ReverseSequence %x, %n {batch_axis = 1 : i64, time_axis = 1 : i64} : (tensor<2x2xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  func.return %0 : tensor<2x2xf32>
}

// -----

func.func @lengths(%x: tensor<4x3xf32>, %n: tensor<2xi64>) -> tensor<4x3xf32> {
  // expected-error@+1 {{ReverseSequence is not supported by the cpu lowering yet: sequence_lens is not one length for each batch}}
  %0 = onnx.ReverseSequence %x, %n : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  func.return %0 : tensor<4x3xf32>
}

// -----

func.func @two_axes(%x: tensor<2x3xf32>, %n: tensor<2xi64>) -> tensor<2x3xf32> {
  // expected-error@+1 {{CumSum is not supported by the cpu lowering yet: the axis is not one number}}
  %0 = onnx.CumSum %x, %n : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}
