// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file --verify-diagnostics | FileCheck %s

// The parts of constants are constants; biases are added at compile time.
// CHECK-LABEL: func.func @lstm
// CHECK-DAG: %[[W:.*]] = arith.constant dense<1.000000e+00> : tensor<8x3xf32>
// CHECK-DAG: %[[R:.*]] = arith.constant dense<2.000000e+00> : tensor<8x2xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<4x3xf32>, tensor<8x3xf32>)
// CHECK: arith.constant 1.000000e+00 : f32
// CHECK: scf.for
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[R]] : tensor<1x2xf32>, tensor<8x2xf32>)
// CHECK: tensor.extract_slice %{{.*}}[%{{.*}}, 0, 6] [1, 1, 2]
// CHECK: linalg.generic
// CHECK: tensor.insert_slice
// CHECK: scf.yield
func.func @lstm(%x: tensor<4x1x3xf32>) -> tensor<4x1x1x2xf32> {
  %none = onnx.NoValue : none
  %w = onnx.Constant dense<1.0> : tensor<1x8x3xf32>
  %r = onnx.Constant dense<2.0> : tensor<1x8x2xf32>
  %b = onnx.Constant dense<0.5> : tensor<1x16xf32>
  %y, %h, %c = onnx.LSTM %x, %w, %r, %b, %none, %none, %none, %none
    : (tensor<4x1x3xf32>, tensor<1x8x3xf32>, tensor<1x8x2xf32>, tensor<1x16xf32>, none, none, none, none)
    -> (tensor<4x1x1x2xf32>, none, none)
  func.return %y : tensor<4x1x1x2xf32>
}

// -----

func.func @lengths(%x: tensor<4x1x3xf32>, %w: tensor<1x2x3xf32>, %r: tensor<1x2x2xf32>) -> tensor<4x1x1x2xf32> {
  %none = onnx.NoValue : none
  %n = onnx.Constant dense<3> : tensor<1xi32>
  // expected-error@+1 {{RNN is not supported by the cpu lowering yet: sequence_lens is shorter than the sequence}}
  %y, %h = onnx.RNN %x, %w, %r, %none, %n, %none
    : (tensor<4x1x3xf32>, tensor<1x2x3xf32>, tensor<1x2x2xf32>, none, tensor<1xi32>, none) -> (tensor<4x1x1x2xf32>, none)
  func.return %y : tensor<4x1x1x2xf32>
}
