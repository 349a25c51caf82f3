// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @mean
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]
// CHECK: arith.constant 2.500000e-01
// CHECK: tensor.expand_shape %{{.*}} : tensor<3xf32> into tensor<3x1xf32>
func.func @mean(%x: tensor<3x4xf32>) -> tensor<3x1xf32> {
  %a = onnx.Constant dense<-1> : tensor<1xi64>
  %0 = onnx.ReduceMean %x, %a : (tensor<3x4xf32>, tensor<1xi64>) -> tensor<3x1xf32>
  func.return %0 : tensor<3x1xf32>
}

// -----

// Maximum, exponentials of the differences, their sum, the quotients.
// CHECK-LABEL: func.func @softmax
// CHECK: arith.maxnumf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK-NOT: linalg.generic
func.func @softmax(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = onnx.Softmax %x : (tensor<3x4xf32>) -> tensor<3x4xf32>
  func.return %0 : tensor<3x4xf32>
}

// -----

// Constant parameters become one factor and one summand for each channel.
// CHECK-LABEL: func.func @batch_normalization
// CHECK-DAG: arith.constant dense<{{.*}}> : tensor<2xf32>
// CHECK: linalg.generic
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NOT: linalg.generic
func.func @batch_normalization(%x: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  %s = onnx.Constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = onnx.Constant dense<[3.0, 4.0]> : tensor<2xf32>
  %m = onnx.Constant dense<[5.0, 6.0]> : tensor<2xf32>
  %v = onnx.Constant dense<[7.0, 8.0]> : tensor<2xf32>
  %y, %rm, %rv = onnx.BatchNormalization %x, %s, %b, %m, %v
    : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2x3x3xf32>, none, none)
  func.return %y : tensor<1x2x3x3xf32>
}

// -----

// The window's shape is an operand that the payload ignores.
// CHECK-LABEL: func.func @max_pool
// CHECK: tensor.pad
// CHECK: tensor.empty() : tensor<3x3xi1>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
// CHECK: arith.maxnumf
func.func @max_pool(%x: tensor<1x2x8x8xf32>) -> tensor<1x2x4x4xf32> {
  %y, %i = onnx.MaxPool %x {kernel_shape = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x2x8x8xf32>) -> (tensor<1x2x4x4xf32>, none)
  func.return %y : tensor<1x2x4x4xf32>
}

// -----

func.func @training(%x: tensor<1x2x3x3xf32>, %s: tensor<2xf32>) -> tensor<1x2x3x3xf32> {
  // expected-error@+1 {{BatchNormalization is not supported by the cpu lowering yet: it is in training mode}}
  %y, %rm, %rv = onnx.BatchNormalization %x, %s, %s, %s, %s {training_mode = 1 : i64}
    : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2x3x3xf32>, none, none)
  func.return %y : tensor<1x2x3x3xf32>
}
