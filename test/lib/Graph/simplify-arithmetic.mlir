// RUN: aicc-opt %s --onnx-simplify | FileCheck %s
// RUN: aicc-opt %s --onnx-simplify=strict-fp | FileCheck %s --check-prefix=STRICT

// CHECK-LABEL: func.func @neutral
// CHECK-NEXT: return %arg0
func.func @neutral(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %one = onnx.Constant dense<1.0> : tensor<3xf32>
  %a = onnx.Add %zero, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = onnx.Sub %a, %zero : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %c = onnx.Mul %b, %one : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %d = onnx.Div %c, %one : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %d : tensor<2x3xf32>
}

// Adding zeros of a larger shape is a broadcast.
// CHECK-LABEL: func.func @not_neutral
// CHECK: onnx.Add
// CHECK: onnx.Sub
func.func @not_neutral(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %zeros = onnx.Constant dense<0.0> : tensor<2x3xf32>
  %a = onnx.Add %x, %zeros : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = onnx.Sub %zeros, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %b : tensor<2x3xf32>
}

// Exact for powers of two only.
// CHECK-LABEL: func.func @division
// CHECK: %[[F:.*]] = onnx.Constant dense<1.250000e-01> : tensor<f32>
// CHECK: onnx.Mul %arg0, %[[F]]
// CHECK: onnx.Div
func.func @division(%x: tensor<4xf32>) -> tensor<4xf32> {
  %eight = onnx.Constant dense<8.0> : tensor<f32>
  %six = onnx.Constant dense<6.0> : tensor<f32>
  %a = onnx.Div %x, %eight : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %r = onnx.Relu %a : (tensor<4xf32>) -> tensor<4xf32>
  %b = onnx.Div %r, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}

// CHECK-LABEL: func.func @powers
// STRICT-LABEL: func.func @powers
// STRICT-COUNT-4: onnx.Pow
// CHECK-DAG: %[[S:.*]] = onnx.Mul %arg0, %arg0
// CHECK-DAG: %[[Q:.*]] = onnx.Mul %{{.*}}, %arg0
// CHECK-DAG: %[[R:.*]] = onnx.Sqrt %arg0
// CHECK-DAG: %[[P:.*]] = onnx.Pow %arg0
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %three = onnx.Constant dense<3> : tensor<i64>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %other = onnx.Constant dense<1.5> : tensor<f32>
  %a = onnx.Pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = onnx.Pow %x, %three : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  %c = onnx.Pow %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %d = onnx.Pow %x, %other : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %a, %b, %c, %d : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @activations
// CHECK: %[[L:.*]] = onnx.LeakyRelu %arg0 {alpha = 2.000000e-01 : f32}
// CHECK: onnx.Relu %[[L]]
func.func @activations(%x: tensor<4xf32>) -> tensor<4xf32> {
  %none = onnx.NoValue : none
  %alpha = onnx.Constant dense<0.2> : tensor<1xf32>
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %s = onnx.Mul %alpha, %x : (tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
  %l = onnx.Max %x, %s : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %r = onnx.Clip %l, %zero, %none : (tensor<4xf32>, tensor<f32>, none) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
