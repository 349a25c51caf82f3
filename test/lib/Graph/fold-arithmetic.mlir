// RUN: aicc-opt %s --onnx-fold-constants | FileCheck %s

// What ONNX leaves undefined does not trap: x / 0 = 0, INT_MIN / -1 = INT_MIN.
// CHECK-LABEL: func.func @integer_division
// CHECK: onnx.Constant dense<[-3, 0, -2147483648]> : tensor<3xi32>
func.func @integer_division() -> tensor<3xi32> {
  %a = onnx.Constant dense<[-7, 5, -2147483648]> : tensor<3xi32>
  %b = onnx.Constant dense<[2, 0, -1]> : tensor<3xi32>
  %y = onnx.Div %a, %b : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// Mod takes the divisor's sign, or with fmod the dividend's.
// CHECK-LABEL: func.func @modulo
// CHECK-DAG: onnx.Constant dense<[1, -1, 0]> : tensor<3xi64>
// CHECK-DAG: onnx.Constant dense<[-1, 1, 0]> : tensor<3xi64>
func.func @modulo() -> (tensor<3xi64>, tensor<3xi64>) {
  %a = onnx.Constant dense<[-7, 7, -9223372036854775808]> : tensor<3xi64>
  %b = onnx.Constant dense<[2, -2, -1]> : tensor<3xi64>
  %x = onnx.Mod %a, %b : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %y = onnx.Mod %a, %b {fmod = 1 : i64} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  return %x, %y : tensor<3xi64>, tensor<3xi64>
}

// uint8 wraps and compares as unsigned.
// CHECK-LABEL: func.func @unsigned
// CHECK-DAG: onnx.Constant dense<[44, 254]> : tensor<2xui8>
// CHECK-DAG: onnx.Constant dense<[false, true]> : tensor<2xi1>
func.func @unsigned() -> (tensor<2xui8>, tensor<2xi1>) {
  %a = onnx.Constant dense<[200, 255]> : tensor<2xui8>
  %b = onnx.Constant dense<[100, 255]> : tensor<2xui8>
  %c = onnx.Constant dense<1> : tensor<1xui8>
  %d = onnx.Add %a, %b : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>
  %e = onnx.Constant dense<[100, 2]> : tensor<2xui8>
  %l = onnx.Greater %d, %e : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xi1>
  return %d, %l : tensor<2xui8>, tensor<2xi1>
}

// Saturates; NaN is 0.
// CHECK-LABEL: func.func @cast_to_int
// CHECK: onnx.Constant dense<[127, -128, 0, -1]> : tensor<4xi8>
func.func @cast_to_int() -> tensor<4xi8> {
  %a = onnx.Constant dense<[1.0e10, -1.0e10, 0x7FC00000, -1.9]> : tensor<4xf32>
  %y = onnx.Cast %a {to = 3 : i64} : (tensor<4xf32>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// Half precision rounds once for each operation, to nearest even.
// CHECK-LABEL: func.func @half
// CHECK: onnx.Constant dense<[2.048000e+03, 2.052000e+03]> : tensor<2xf16>
func.func @half() -> tensor<2xf16> {
  %a = onnx.Constant dense<[2048.0, 2050.0]> : tensor<2xf16>
  %b = onnx.Constant dense<1.0> : tensor<f16>
  %y = onnx.Add %a, %b : (tensor<2xf16>, tensor<f16>) -> tensor<2xf16>
  return %y : tensor<2xf16>
}

// CHECK-LABEL: func.func @broadcast_where_reduce
// CHECK: onnx.Constant dense<[12, 3]> : tensor<2xi64>
func.func @broadcast_where_reduce() -> tensor<2xi64> {
  %none = onnx.NoValue : none
  %a = onnx.Constant dense<[[1], [4]]> : tensor<2x1xi64>
  %b = onnx.Constant dense<[1, 2, 3]> : tensor<3xi64>
  %p = onnx.Mul %a, %b : (tensor<2x1xi64>, tensor<3xi64>) -> tensor<2x3xi64>
  %t = onnx.Constant dense<3> : tensor<i64>
  %g = onnx.Greater %p, %t : (tensor<2x3xi64>, tensor<i64>) -> tensor<2x3xi1>
  %w = onnx.Where %g, %t, %p : (tensor<2x3xi1>, tensor<i64>, tensor<2x3xi64>) -> tensor<2x3xi64>
  %axes = onnx.Constant dense<1> : tensor<1xi64>
  %m = onnx.ReduceSum %p, %axes {keepdims = 0 : i64} : (tensor<2x3xi64>, tensor<1xi64>) -> tensor<2xi64>
  %n = onnx.ReduceMax %w, %axes {keepdims = 0 : i64} : (tensor<2x3xi64>, tensor<1xi64>) -> tensor<2xi64>
  %d = onnx.Div %m, %n : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %one = onnx.Constant dense<[6, -5]> : tensor<2xi64>
  %ten = onnx.Constant dense<[10, 0]> : tensor<2xi64>
  %r = onnx.Add %d, %ten : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %s = onnx.Add %r, %one : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %f = onnx.Constant dense<[-6, 0]> : tensor<2xi64>
  %y = onnx.Add %s, %f : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}

// Transposed and gathered.
// CHECK-LABEL: func.func @moves
// CHECK: onnx.Constant dense<{{\[\[}}3, 6], [1, 4]]> : tensor<2x2xi32>
func.func @moves() -> tensor<2x2xi32> {
  %a = onnx.Constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %i = onnx.Constant dense<[-1, 0]> : tensor<2xi64>
  %t = onnx.Transpose %a : (tensor<2x3xi32>) -> tensor<3x2xi32>
  %y = onnx.Gather %t, %i : (tensor<3x2xi32>, tensor<2xi64>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}
