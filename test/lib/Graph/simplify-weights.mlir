// RUN: aicc-opt %s --onnx-simplify | FileCheck %s

// scale / sqrt(var + eps) is 2 and 1 with eps = 0.25.
// CHECK-LABEL: func.func @conv_batch_norm
// CHECK-DAG: %[[W:.*]] = onnx.Constant dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}3.000000e+00]]]]> : tensor<2x1x1x1xf32>
// CHECK-DAG: %[[B:.*]] = onnx.Constant dense<[1.100000e+01, 2.000000e+01]> : tensor<2xf32>
// CHECK: %[[Y:.*]] = onnx.Conv %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @conv_batch_norm(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = onnx.Constant dense<[[[[1.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>
  %b = onnx.Constant dense<[1.0, 1.0]> : tensor<2xf32>
  %scale = onnx.Constant dense<[2.0, 1.0]> : tensor<2xf32>
  %bias = onnx.Constant dense<[10.0, 20.0]> : tensor<2xf32>
  %mean = onnx.Constant dense<[0.5, 1.0]> : tensor<2xf32>
  %var = onnx.Constant dense<[0.75, 0.75]> : tensor<2xf32>
  %y = onnx.Conv %x, %w, %b : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %z, %m, %v = onnx.BatchNormalization %y, %scale, %bias, %mean, %var {epsilon = 0.25 : f32}
      : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2x4x4xf32>, none, none)
  return %z : tensor<1x2x4x4xf32>
}

// A bias, then a factor for each channel, then another bias: one convolution.
// CHECK-LABEL: func.func @conv_mul_add
// CHECK-DAG: %[[W:.*]] = onnx.Constant dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}9.000000e+00]]]]>
// CHECK-DAG: %[[B:.*]] = onnx.Constant dense<[4.000000e+00, 5.000000e+00]> : tensor<2xf32>
// CHECK: %[[Y:.*]] = onnx.Conv %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @conv_mul_add(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %none = onnx.NoValue : none
  %w = onnx.Constant dense<[[[[1.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>
  %s = onnx.Constant dense<[[[2.0]], [[3.0]]]> : tensor<2x1x1xf32>
  %t = onnx.Constant dense<1.0> : tensor<1xf32>
  %u = onnx.Constant dense<2.0> : tensor<1x1x1x1xf32>
  %y = onnx.Conv %x, %w, %none : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>, none) -> tensor<1x2x4x4xf32>
  %a = onnx.Add %y, %t : (tensor<1x2x4x4xf32>, tensor<1xf32>) -> tensor<1x2x4x4xf32>
  %m = onnx.Mul %s, %a : (tensor<2x1x1xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %z = onnx.Add %m, %u : (tensor<1x2x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %z : tensor<1x2x4x4xf32>
}

// Grouped transposed convolution: output channels are dimension 1 of W within
// each group of input channels.
// CHECK-LABEL: func.func @conv_transpose
// CHECK-DAG: onnx.Constant dense<{{\[\[\[}}1.000000e+00]], {{\[\[}}2.000000e+01]]]> : tensor<2x1x1xf32>
func.func @conv_transpose(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %none = onnx.NoValue : none
  %w = onnx.Constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %s = onnx.Constant dense<[[1.0], [10.0]]> : tensor<2x1xf32>
  %y = onnx.ConvTranspose %x, %w, %none {group = 2 : i64} : (tensor<1x2x4xf32>, tensor<2x1x1xf32>, none) -> tensor<1x2x4xf32>
  %z = onnx.Mul %y, %s : (tensor<1x2x4xf32>, tensor<2x1xf32>) -> tensor<1x2x4xf32>
  return %z : tensor<1x2x4xf32>
}

// The convolution's result has another use: its weights stay.
// CHECK-LABEL: func.func @two_uses
// CHECK: %[[Y:.*]] = onnx.Conv
// CHECK: onnx.Mul %[[Y]]
func.func @two_uses(%x: tensor<1x1x4x4xf32>) -> (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) {
  %none = onnx.NoValue : none
  %w = onnx.Constant dense<1.0> : tensor<1x1x1x1xf32>
  %s = onnx.Constant dense<2.0> : tensor<f32>
  %y = onnx.Conv %x, %w, %none : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x4x4xf32>
  %z = onnx.Mul %y, %s : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  return %y, %z : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>
}

// Alone, one product and one sum.
// CHECK-LABEL: func.func @batch_norm
// CHECK-DAG: %[[S:.*]] = onnx.Constant dense<{{\[\[\[}}2.000000e+00]], {{\[\[}}1.000000e+00]]]> : tensor<2x1x1xf32>
// CHECK-DAG: %[[T:.*]] = onnx.Constant dense<{{\[\[\[}}9.000000e+00]], {{\[\[}}1.900000e+01]]]> : tensor<2x1x1xf32>
// CHECK: %[[M:.*]] = onnx.Mul %arg0, %[[S]]
// CHECK-NEXT: onnx.Add %[[M]], %[[T]]
func.func @batch_norm(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %scale = onnx.Constant dense<[2.0, 1.0]> : tensor<2xf32>
  %bias = onnx.Constant dense<[10.0, 20.0]> : tensor<2xf32>
  %mean = onnx.Constant dense<[0.5, 1.0]> : tensor<2xf32>
  %var = onnx.Constant dense<[0.75, 0.75]> : tensor<2xf32>
  %z, %m, %v = onnx.BatchNormalization %x, %scale, %bias, %mean, %var {epsilon = 0.25 : f32}
      : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2x4x4xf32>, none, none)
  return %z : tensor<1x2x4x4xf32>
}

// What is before a convolution goes into its weights too: x / 4 * 2 is x / 2;
// the shift only where the convolution reads no padding.
// CHECK-LABEL: func.func @scale_before
// CHECK-DAG: %[[W:.*]] = onnx.Constant dense<{{\[\[\[\[}}5.000000e-01]], {{\[\[}}1.000000e+00]]]]> : tensor<1x2x1x1xf32>
// CHECK-DAG: %[[B:.*]] = onnx.Constant dense<1.300000e+01> : tensor<1xf32>
// CHECK: %[[Y:.*]] = onnx.Conv %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @scale_before(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %four = onnx.Constant dense<4.0> : tensor<1xf32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %s = onnx.Constant dense<[[[1.0]], [[5.0]]]> : tensor<2x1x1xf32>
  %w = onnx.Constant dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32>
  %b = onnx.Constant dense<2.0> : tensor<1xf32>
  %d = onnx.Div %x, %four : (tensor<1x2x4x4xf32>, tensor<1xf32>) -> tensor<1x2x4x4xf32>
  %m = onnx.Mul %d, %two : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %a = onnx.Add %m, %s : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %y = onnx.Conv %a, %w, %b : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>, tensor<1xf32>) -> tensor<1x1x4x4xf32>
  return %y : tensor<1x1x4x4xf32>
}

// CHECK-LABEL: func.func @shift_before_padding
// CHECK: %[[A:.*]] = onnx.Add
// CHECK: onnx.Conv %[[A]]
func.func @shift_before_padding(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x6x6xf32> {
  %none = onnx.NoValue : none
  %s = onnx.Constant dense<1.0> : tensor<f32>
  %w = onnx.Constant dense<1.0> : tensor<1x1x1x1xf32>
  %a = onnx.Add %x, %s : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %y = onnx.Conv %a, %w, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x6x6xf32>
  return %y : tensor<1x1x6x6xf32>
}

// Depthwise: each group has its own input channel.
// CHECK-LABEL: func.func @scale_before_depthwise
// CHECK-DAG: onnx.Constant dense<{{\[\[\[\[}}3.000000e+00]]], {{\[\[\[}}1.000000e+01]]]]> : tensor<2x1x1x1xf32>
func.func @scale_before_depthwise(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %none = onnx.NoValue : none
  %s = onnx.Constant dense<[[[3.0]], [[5.0]]]> : tensor<2x1x1xf32>
  %w = onnx.Constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %m = onnx.Mul %s, %x : (tensor<2x1x1xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %y = onnx.Conv %m, %w, %none {group = 2 : i64} : (tensor<1x2x4x4xf32>, tensor<2x1x1x1xf32>, none) -> tensor<1x2x4x4xf32>
  return %y : tensor<1x2x4x4xf32>
}

// CHECK-LABEL: func.func @pad_before
// CHECK: onnx.Conv %arg0, {{.*}} {pads = array<i64: 1, 2, 1, 1>}
func.func @pad_before(%x: tensor<1x1x4x4xf32>, %w: tensor<1x1x1x1xf32>) -> tensor<1x1x6x7xf32> {
  %none = onnx.NoValue : none
  %p = onnx.Constant dense<[0, 0, 0, 1, 0, 0, 0, 0]> : tensor<8xi64>
  %a = onnx.Pad %x, %p, %none, %none : (tensor<1x1x4x4xf32>, tensor<8xi64>, none, none) -> tensor<1x1x4x5xf32>
  %y = onnx.Conv %a, %w, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x4x5xf32>, tensor<1x1x1x1xf32>, none) -> tensor<1x1x6x7xf32>
  return %y : tensor<1x1x6x7xf32>
}
