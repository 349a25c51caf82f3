// The canonical form of integer products: docs/design/0008-qnn.md.
// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file --verify-diagnostics | FileCheck %s

// Zero points and bias are one constant; padding holds the zero point.
// CHECK-LABEL: func.func @conv
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[-290, 10]> : tensor<2xi32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<2x1x3xi8>
// CHECK-DAG: %[[Z:.*]] = arith.constant -128 : i8
// CHECK: tensor.pad %{{.*}} low[0, 0, 1] high[0, 0, 1]
// CHECK: tensor.yield %[[Z]] : i8
// CHECK: linalg.fill
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%{{.*}}, %[[W]] : tensor<1x1x6xi8>, tensor<2x1x3xi8>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: %[[X0:.*]] = arith.extui %{{.*}} : i8 to i32
// CHECK-NEXT: %[[W0:.*]] = arith.extsi %{{.*}} : i8 to i32
// CHECK-NEXT: %[[M:.*]] = arith.muli %[[X0]], %[[W0]] : i32
// CHECK-NEXT: arith.addi %{{.*}}, %[[M]] : i32
// CHECK-NEXT: linalg.yield
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[B]] : tensor<1x2x4xi32>, tensor<2xi32>)
func.func @conv(%x: tensor<1x1x4xui8>) -> tensor<1x2x4xi32> {
  %w = onnx.Constant dense<[[[1, 2, 0]], [[1, -2, 1]]]> : tensor<2x1x3xi8>
  %b = onnx.Constant dense<[94, 10]> : tensor<2xi32>
  %0 = qnn.conv %x, %w, %b {pads = array<i64: 1, 1>, x_zero_point = 128 : i64}
      : (tensor<1x1x4xui8>, tensor<2x1x3xi8>, tensor<2xi32>) -> tensor<1x2x4xi32>
  return %0 : tensor<1x2x4xi32>
}

// -----

// Unsigned weights become signed ones.
// CHECK-LABEL: func.func @shifted
// CHECK: arith.constant dense<[{{\[}}-128, -28], [0, 127]]> : tensor<2x2xi8>
// CHECK-NOT: arith.subi
// CHECK: return
func.func @shifted(%a: tensor<3x2xi8>) -> tensor<3x2xi32> {
  %b = onnx.Constant dense<[[0, 100], [128, 255]]> : tensor<2x2xui8>
  %0 = qnn.matmul %a, %b {b_zero_points = array<i64: 128>} : (tensor<3x2xi8>, tensor<2x2xui8>) -> tensor<3x2xi32>
  return %0 : tensor<3x2xi32>
}

// -----

// What does not fit 8 bits, 90 and 245 in the second column, is moved until it does: by 118, which is added times the sums of a.
// CHECK-LABEL: func.func @wide
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[{{\[}}-3, -28], [125, 127]]> : tensor<2x2xi8>
// CHECK-DAG: %[[ONES:.*]] = arith.constant dense<1> : tensor<2x1xi8>
// CHECK-DAG: %[[FACTORS:.*]] = arith.constant dense<[0, 118]> : tensor<2xi32>
// CHECK: %[[SUMS:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[B]]
// CHECK: %[[OFA:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[ONES]]
// CHECK: linalg.generic {{.*}} ins(%[[SUMS]], %[[OFA]], %[[FACTORS]]
// CHECK: arith.muli
// CHECK: arith.addi
// CHECK: return
func.func @wide(%a: tensor<3x2xi8>) -> tensor<3x2xi32> {
  %b = onnx.Constant dense<[[0, 100], [128, 255]]> : tensor<2x2xui8>
  %0 = qnn.matmul %a, %b {b_zero_points = array<i64: 3, 10>} : (tensor<3x2xi8>, tensor<2x2xui8>) -> tensor<3x2xi32>
  return %0 : tensor<3x2xi32>
}

// -----

// Two calculated factors: zero points are subtracted as they are read.
// CHECK-LABEL: func.func @calculated
// CHECK: %[[A:.*]] = arith.extui
// CHECK: %[[C7:.*]] = arith.constant 7 : i32
// CHECK: arith.subi %[[A]], %[[C7]] : i32
// CHECK: arith.extsi
// CHECK-NOT: arith.subi
// CHECK: return
func.func @calculated(%a: tensor<3x2xui8>, %b: tensor<2x4xi8>) -> tensor<3x4xi32> {
  %0 = qnn.matmul %a, %b {a_zero_point = 7 : i64} : (tensor<3x2xui8>, tensor<2x4xi8>) -> tensor<3x4xi32>
  return %0 : tensor<3x4xi32>
}

// -----

// CHECK-LABEL: func.func @sum_pool
// CHECK: arith.extsi
// CHECK: arith.constant -20 : i32
// CHECK: arith.addi
func.func @sum_pool(%x: tensor<1x3x4x4xi8>) -> tensor<1x3x2x2xi32> {
  %0 = qnn.sum_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, x_zero_point = 5 : i64}
      : (tensor<1x3x4x4xi8>) -> tensor<1x3x2x2xi32>
  return %0 : tensor<1x3x2x2xi32>
}

// -----

func.func @zero_points(%x: tensor<1x4x8xi8>, %w: tensor<2x4x3xi8>) -> tensor<1x2x6xi32> {
  // expected-error @+1 {{conv is not supported by the cpu lowering yet: zero points differ by channel, and the weights are not constant}}
  %0 = qnn.conv %x, %w {w_zero_points = array<i64: 1, 2>} : (tensor<1x4x8xi8>, tensor<2x4x3xi8>) -> tensor<1x2x6xi32>
  return %0 : tensor<1x2x6xi32>
}
