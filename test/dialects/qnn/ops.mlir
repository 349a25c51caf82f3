// RUN: aicc-opt %s | aicc-opt | FileCheck %s

// CHECK-LABEL: func.func @sums
func.func @sums(%x: tensor<1x4x8x8xui8>, %w: tensor<6x2x3x3xi8>, %b: tensor<6xi32>,
                %m: tensor<2x5x16xi8>, %n: tensor<16x9xi8>) {
  // CHECK: qnn.conv %{{.*}}, %{{.*}}, %{{.*}} {group = 2 : i64, pads = array<i64: 1, 0, 1, 2>, strides = array<i64: 2, 1>, x_zero_point = 128 : i64}
  %0 = qnn.conv %x, %w, %b {group = 2 : i64, pads = array<i64: 1, 0, 1, 2>, strides = array<i64: 2, 1>, x_zero_point = 128 : i64}
      : (tensor<1x4x8x8xui8>, tensor<6x2x3x3xi8>, tensor<6xi32>) -> tensor<1x6x4x8xi32>
  // CHECK: qnn.conv %{{.*}}, %{{.*}} {dilations = array<i64: 2, 2>, group = 2 : i64} :
  %1 = qnn.conv %x, %w {dilations = array<i64: 2, 2>, group = 2 : i64} : (tensor<1x4x8x8xui8>, tensor<6x2x3x3xi8>) -> tensor<1x6x4x4xi32>
  // CHECK: qnn.matmul %{{.*}}, %{{.*}} {a_zero_point = -3 : i64, b_zero_points = array<i64: 4>} :
  %2 = qnn.matmul %m, %n {a_zero_point = -3 : i64, b_zero_points = array<i64: 4>} : (tensor<2x5x16xi8>, tensor<16x9xi8>) -> tensor<2x5x9xi32>
  // CHECK: qnn.sum_pool %{{.*}} {kernel = array<i64: 8, 8>} :
  %3 = qnn.sum_pool %x {kernel = array<i64: 8, 8>} : (tensor<1x4x8x8xui8>) -> tensor<1x4x1x1xi32>
  // CHECK: qnn.mul %{{.*}}, %{{.*}} {b_zero_point = 7 : i64} :
  %4 = qnn.mul %m, %m {b_zero_point = 7 : i64} : (tensor<2x5x16xi8>, tensor<2x5x16xi8>) -> tensor<2x5x16xi32>
  return
}

// CHECK-LABEL: func.func @roundings
func.func @roundings(%s: tensor<1x2x4xi32>, %a: tensor<1x2x4xui8>, %b: tensor<4xi8>) {
  // CHECK: qnn.requantize %{{.*}} {axis = 1 : i64, low = 3 : i64, scales = array<f32: 2.500000e-01, 5.000000e-01>, zero_point = 3 : i64} :
  %0 = qnn.requantize %s {axis = 1 : i64, low = 3 : i64, scales = array<f32: 0.25, 0.5>, zero_point = 3 : i64} : (tensor<1x2x4xi32>) -> tensor<1x2x4xi8>
  // CHECK: qnn.add %{{.*}}, %{{.*}} {a_scale = 5.000000e-01 : f32, b_scale = 2.000000e+00 : f32} :
  %1 = qnn.add %a, %b {a_scale = 0.5 : f32, b_scale = 2.0 : f32} : (tensor<1x2x4xui8>, tensor<4xi8>) -> tensor<1x2x4xui8>
  // CHECK: qnn.lookup %{{.*}} {table = dense<5> : tensor<256xi8>} :
  %2 = qnn.lookup %a {table = dense<5> : tensor<256xi8>} : (tensor<1x2x4xui8>) -> tensor<1x2x4xi8>
  return
}
