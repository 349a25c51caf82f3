// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @requantize
// CHECK: %[[F:.*]] = arith.sitofp %{{.*}} : i32 to f32
// CHECK: %[[R:.*]] = arith.mulf %[[F]]
// CHECK: math.roundeven %[[R]]
// CHECK: arith.maxnumf %{{.*}}, %{{.*}} fastmath<nnan>
// CHECK: arith.minnumf %{{.*}}, %{{.*}} fastmath<nnan>
// CHECK: %[[I:.*]] = arith.fptosi %{{.*}} : f32 to i32
// CHECK: arith.trunci %[[I]] : i32 to i8
func.func @requantize(%s: tensor<1x2x4xi32>) -> tensor<1x2x4xui8> {
  %0 = qnn.requantize %s {axis = 1 : i64, scales = array<f32: 0.25, 0.5>, zero_point = 3 : i64} : (tensor<1x2x4xi32>) -> tensor<1x2x4xui8>
  return %0 : tensor<1x2x4xui8>
}

// -----

// One rounding, whatever the machine.
// CHECK-LABEL: func.func @add
// CHECK: %[[B:.*]] = arith.mulf
// CHECK: math.fma %{{.*}}, %{{.*}}, %[[B]] : f32
func.func @add(%a: tensor<2x4xi8>, %b: tensor<4xi8>) -> tensor<2x4xi8> {
  %0 = qnn.add %a, %b {a_scale = 0.5 : f32, b_scale = 2.0 : f32, a_zero_point = 1 : i64} : (tensor<2x4xi8>, tensor<4xi8>) -> tensor<2x4xi8>
  return %0 : tensor<2x4xi8>
}

// -----

// CHECK-LABEL: func.func @lookup
// CHECK: %[[T:.*]] = arith.constant dense<5> : tensor<256xi8>
// CHECK: tensor.extract %[[T]]
func.func @lookup(%x: tensor<2x4xui8>) -> tensor<2x4xi8> {
  %0 = qnn.lookup %x {table = dense<5> : tensor<256xi8>} : (tensor<2x4xui8>) -> tensor<2x4xi8>
  return %0 : tensor<2x4xi8>
}
