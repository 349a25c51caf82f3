// RUN: aicc-opt %s --qnn-fold-quantized --split-input-file | FileCheck %s
// RUN: aicc-opt %s --qnn-fold-quantized=strict-fp --split-input-file | FileCheck %s --check-prefix=STRICT

// CHECK-LABEL: func.func @conv
// CHECK-DAG: %[[W:.*]] = onnx.Constant dense<1> : tensor<4x3x1x1xi8>
// CHECK-DAG: %[[B:.*]] = onnx.Constant dense<[10, 20, 30, 40]> : tensor<4xi32>
// CHECK: %[[S:.*]] = qnn.conv %arg0, %[[W]], %[[B]] {pads = array<i64: 0, 0, 0, 0>, x_zero_point = 7 : i64}
// CHECK: %[[Y:.*]] = qnn.requantize %[[S]] {axis = 1 : i64, low = 3 : i64, scales = array<f32: 2.500000e-01, 5.000000e-01, 7.500000e-01, 1.000000e+00>, zero_point = 3 : i64}
// CHECK: return %[[Y]]
// STRICT-LABEL: func.func @conv
// STRICT: onnx.Conv
// STRICT: onnx.QuantizeLinear
func.func @conv(%x: tensor<1x3x4x4xui8>) -> tensor<1x4x4x4xui8> {
  %xs = onnx.Constant dense<0.5> : tensor<f32>
  %xz = onnx.Constant dense<7> : tensor<ui8>
  %0 = onnx.DequantizeLinear %x, %xs, %xz : (tensor<1x3x4x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x3x4x4xf32>
  %w = onnx.Constant dense<1> : tensor<4x3x1x1xi8>
  %ws = onnx.Constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %wz = onnx.Constant dense<0> : tensor<4xi8>
  %1 = onnx.DequantizeLinear %w, %ws, %wz {axis = 0 : i64} : (tensor<4x3x1x1xi8>, tensor<4xf32>, tensor<4xi8>) -> tensor<4x3x1x1xf32>
  %b = onnx.Constant dense<[5.0, 20.0, 45.0, 80.0]> : tensor<4xf32>
  %2 = onnx.Conv %0, %1, %b : (tensor<1x3x4x4xf32>, tensor<4x3x1x1xf32>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
  %3 = onnx.Relu %2 : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %ys = onnx.Constant dense<2.0> : tensor<f32>
  %yz = onnx.Constant dense<3> : tensor<ui8>
  %4 = onnx.QuantizeLinear %3, %ys, %yz : (tensor<1x4x4x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x4x4x4xui8>
  return %4 : tensor<1x4x4x4xui8>
}

// -----

// Moves and one scale: nothing is left of the floats.
// CHECK-LABEL: func.func @moves
// CHECK: %[[T:.*]] = onnx.Transpose %arg0 {perm = array<i64: 0, 2, 1>} : (tensor<1x4x6xi8>) -> tensor<1x6x4xi8>
// CHECK-NEXT: return %[[T]]
// STRICT-LABEL: func.func @moves
// STRICT: %[[T:.*]] = onnx.Transpose %arg0 {perm = array<i64: 0, 2, 1>} : (tensor<1x4x6xi8>) -> tensor<1x6x4xi8>
// STRICT-NEXT: return %[[T]]
func.func @moves(%x: tensor<1x4x6xi8>) -> tensor<1x6x4xi8> {
  %s = onnx.Constant dense<0.5> : tensor<f32>
  %z = onnx.Constant dense<7> : tensor<i8>
  %0 = onnx.DequantizeLinear %x, %s, %z : (tensor<1x4x6xi8>, tensor<f32>, tensor<i8>) -> tensor<1x4x6xf32>
  %1 = onnx.Transpose %0 {perm = array<i64: 0, 2, 1>} : (tensor<1x4x6xf32>) -> tensor<1x6x4xf32>
  %2 = onnx.QuantizeLinear %1, %s, %z : (tensor<1x6x4xf32>, tensor<f32>, tensor<i8>) -> tensor<1x6x4xi8>
  return %2 : tensor<1x6x4xi8>
}

// -----

// CHECK-LABEL: func.func @add
// CHECK: qnn.add %arg0, %arg1 {a_scale = 2.500000e-01 : f32, a_zero_point = 7 : i64, b_scale = 5.000000e-01 : f32, zero_point = 7 : i64}
func.func @add(%a: tensor<2x4xi8>, %b: tensor<4xi8>) -> tensor<2x4xi8> {
  %s = onnx.Constant dense<0.5> : tensor<f32>
  %t = onnx.Constant dense<1.0> : tensor<f32>
  %u = onnx.Constant dense<2.0> : tensor<f32>
  %z = onnx.Constant dense<7> : tensor<i8>
  %none = onnx.NoValue : none
  %0 = onnx.DequantizeLinear %a, %s, %z : (tensor<2x4xi8>, tensor<f32>, tensor<i8>) -> tensor<2x4xf32>
  %1 = onnx.DequantizeLinear %b, %t, %none : (tensor<4xi8>, tensor<f32>, none) -> tensor<4xf32>
  %2 = onnx.Add %0, %1 : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %3 = onnx.QuantizeLinear %2, %u, %z : (tensor<2x4xf32>, tensor<f32>, tensor<i8>) -> tensor<2x4xi8>
  return %3 : tensor<2x4xi8>
}

// -----

// The operators that say so themselves; a zero point that the model calculates.
// CHECK-LABEL: func.func @integer
// CHECK: %[[S:.*]] = qnn.matmul %arg0, %{{.*}} : (tensor<4x3xui8>, tensor<3x2xi8>) -> tensor<4x2xi32>
// CHECK: %[[Z:.*]] = onnx.Cast %arg1
// CHECK: %[[C:.*]] = onnx.Constant dense<3> : tensor<2xi32>
// CHECK: %[[T:.*]] = onnx.Mul %[[Z]], %[[C]]
// CHECK: onnx.Sub %[[S]], %[[T]]
// STRICT-LABEL: func.func @integer
// STRICT: qnn.matmul
func.func @integer(%a: tensor<4x3xui8>, %z: tensor<ui8>) -> tensor<4x2xi32> {
  %b = onnx.Constant dense<1> : tensor<3x2xi8>
  %none = onnx.NoValue : none
  %0 = onnx.MatMulInteger %a, %b, %z, %none : (tensor<4x3xui8>, tensor<3x2xi8>, tensor<ui8>, none) -> tensor<4x2xi32>
  return %0 : tensor<4x2xi32>
}

// -----

// A table of 256 values; weights alone stay floats.
// CHECK-LABEL: func.func @rest
// CHECK: onnx.MatMul
// CHECK: qnn.lookup %arg1
// STRICT-LABEL: func.func @rest
// STRICT: qnn.lookup %arg1
func.func @rest(%a: tensor<2x4xf32>, %q: tensor<8xi8>) -> (tensor<2x3xf32>, tensor<8xi8>) {
  %s = onnx.Constant dense<0.5> : tensor<f32>
  %z = onnx.Constant dense<7> : tensor<i8>
  %w = onnx.Constant dense<3> : tensor<4x3xi8>
  %0 = onnx.DequantizeLinear %w, %s, %z : (tensor<4x3xi8>, tensor<f32>, tensor<i8>) -> tensor<4x3xf32>
  %1 = onnx.MatMul %a, %0 : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %2 = onnx.DequantizeLinear %q, %s, %z : (tensor<8xi8>, tensor<f32>, tensor<i8>) -> tensor<8xf32>
  %3 = onnx.Sigmoid %2 : (tensor<8xf32>) -> tensor<8xf32>
  %4 = onnx.QuantizeLinear %3, %s, %z : (tensor<8xf32>, tensor<f32>, tensor<i8>) -> tensor<8xi8>
  return %1, %4 : tensor<2x3xf32>, tensor<8xi8>
}

// -----

// The phases of a transposed convolution are channels of a convolution; bytes are interleaved.
// CHECK-LABEL: func.func @transposed
// CHECK-DAG: %[[W:.*]] = onnx.Constant dense<{{.*}}> : tensor<4x1x1x1xi8>
// CHECK: %[[S:.*]] = qnn.conv %arg0, %[[W]] {{.*}} : (tensor<1x1x2x2xui8>, tensor<4x1x1x1xi8>) -> tensor<1x4x2x2xi32>
// CHECK: %[[Q:.*]] = qnn.requantize %[[S]]
// CHECK: %[[R:.*]] = onnx.Reshape %[[Q]], {{.*}} -> tensor<1x1x2x2x1x2x2xui8>
// CHECK: %[[T:.*]] = onnx.Transpose %[[R]] {perm = array<i64: 0, 1, 4, 5, 2, 6, 3>}
// CHECK: onnx.Reshape %[[T]], {{.*}} -> tensor<1x1x4x4xui8>
// STRICT-LABEL: func.func @transposed
// STRICT: onnx.ConvTranspose
func.func @transposed(%x: tensor<1x1x2x2xui8>) -> tensor<1x1x4x4xui8> {
  %s = onnx.Constant dense<0.5> : tensor<f32>
  %xz = onnx.Constant dense<0> : tensor<ui8>
  %0 = onnx.DequantizeLinear %x, %s, %xz : (tensor<1x1x2x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x1x2x2xf32>
  %w = onnx.Constant dense<[[[[1, 2], [3, 4]]]]> : tensor<1x1x2x2xi8>
  %wz = onnx.Constant dense<0> : tensor<i8>
  %1 = onnx.DequantizeLinear %w, %s, %wz : (tensor<1x1x2x2xi8>, tensor<f32>, tensor<i8>) -> tensor<1x1x2x2xf32>
  %none = onnx.NoValue : none
  %2 = onnx.ConvTranspose %0, %1, %none {strides = array<i64: 2, 2>} : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xf32>, none) -> tensor<1x1x4x4xf32>
  %3 = onnx.QuantizeLinear %2, %s, %xz : (tensor<1x1x4x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x1x4x4xui8>
  return %3 : tensor<1x1x4x4xui8>
}
