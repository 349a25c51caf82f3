// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(onnx-fold-constants{max-bytes=64}))' | FileCheck %s
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(onnx-fold-constants{max-total-bytes=200}))' | FileCheck %s --check-prefix=TOTAL

// Over the limit the operation stays, with its static type.
// CHECK-LABEL: func.func @range
// CHECK: %[[L:.*]] = onnx.Constant dense<100> : tensor<i64>
// CHECK: onnx.Range {{.*}} -> tensor<100xi64>
// CHECK: onnx.Constant dense<[0, 1, 2]> : tensor<3xi64>
// TOTAL-LABEL: func.func @range
// TOTAL: onnx.Range {{.*}} -> tensor<100xi64>
// TOTAL: onnx.Constant dense<[0, 1, 2]> : tensor<3xi64>
func.func @range() -> (tensor<?xi64>, tensor<?xi64>) {
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %hundred = onnx.Constant dense<100> : tensor<i64>
  %three = onnx.Constant dense<3> : tensor<i64>
  %a = onnx.Range %zero, %hundred, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %b = onnx.Range %zero, %three, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return %a, %b : tensor<?xi64>, tensor<?xi64>
}
