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

// Indices that hit no row take one of zeros.
// CHECK-LABEL: func.func @one_hot
// CHECK-DAG: %[[W:.*]] = onnx.Constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [0.000000e+00, 0.000000e+00]]>
// CHECK-DAG: %[[N:.*]] = onnx.Constant dense<2> : tensor<i32>
// CHECK-DAG: %[[Z:.*]] = onnx.Constant dense<0> : tensor<i32>
// CHECK-DAG: %[[L:.*]] = onnx.Less %arg0, %[[Z]]
// CHECK-DAG: %[[M:.*]] = onnx.Min %arg0, %[[N]]
// CHECK-DAG: %[[I:.*]] = onnx.Where %[[L]], %[[N]], %[[M]]
// CHECK-DAG: %[[R:.*]] = onnx.Reshape %[[I]]
// CHECK: onnx.Gather %[[W]], %[[R]]
// CHECK-NOT: onnx.MatMul
func.func @one_hot(%x: tensor<1x5x1xi32>) -> tensor<1x5x2xf32> {
  %iota = onnx.Constant dense<[[[0, 1]]]> : tensor<1x1x2xi32>
  %w = onnx.Constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %e = onnx.Equal %x, %iota : (tensor<1x5x1xi32>, tensor<1x1x2xi32>) -> tensor<1x5x2xi1>
  %c = onnx.Cast %e {to = 1 : i64} : (tensor<1x5x2xi1>) -> tensor<1x5x2xf32>
  %y = onnx.MatMul %c, %w : (tensor<1x5x2xf32>, tensor<2x2xf32>) -> tensor<1x5x2xf32>
  return %y : tensor<1x5x2xf32>
}
