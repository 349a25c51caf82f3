// RUN: aicc-opt %s --onnx-simplify | FileCheck %s

// CHECK-LABEL: func.func @layer_norm
// CHECK: %[[Y:.*]], %{{.*}}, %{{.*}} = onnx.LayerNormalization %arg0, %{{.*}}, %{{.*}} {axis = 2 : i64, epsilon = 1.250000e-01 : f32}
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm(%x: tensor<1x4x3xf32>) -> tensor<1x4x3xf32> {
  %axes = onnx.Constant dense<-1> : tensor<1xi64>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %scale = onnx.Constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %bias = onnx.Constant dense<[4.0, 5.0, 6.0]> : tensor<3xf32>
  %mean = onnx.ReduceMean %x, %axes : (tensor<1x4x3xf32>, tensor<1xi64>) -> tensor<1x4x1xf32>
  %d = onnx.Sub %x, %mean : (tensor<1x4x3xf32>, tensor<1x4x1xf32>) -> tensor<1x4x3xf32>
  %q = onnx.Pow %d, %two : (tensor<1x4x3xf32>, tensor<f32>) -> tensor<1x4x3xf32>
  %v = onnx.ReduceMean %q, %axes : (tensor<1x4x3xf32>, tensor<1xi64>) -> tensor<1x4x1xf32>
  %e = onnx.Add %v, %eps : (tensor<1x4x1xf32>, tensor<f32>) -> tensor<1x4x1xf32>
  %r = onnx.Sqrt %e : (tensor<1x4x1xf32>) -> tensor<1x4x1xf32>
  %n = onnx.Div %d, %r : (tensor<1x4x3xf32>, tensor<1x4x1xf32>) -> tensor<1x4x3xf32>
  %s = onnx.Mul %n, %scale : (tensor<1x4x3xf32>, tensor<3xf32>) -> tensor<1x4x3xf32>
  %y = onnx.Add %bias, %s : (tensor<3xf32>, tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}
