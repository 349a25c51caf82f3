// RUN: aicc-opt %s --onnx-fold-constants | FileCheck %s

// The usual way to flatten all but the batch.
// CHECK-LABEL: func.func @reshape_from_shape
// CHECK-SAME: -> tensor<1x32xf32>
// CHECK: %[[T:.*]] = onnx.Constant dense<[1, -1]> : tensor<2xi64>
// CHECK-NEXT: %[[Y:.*]] = onnx.Reshape %{{.*}}, %[[T]] : (tensor<1x4x8xf32>, tensor<2xi64>) -> tensor<1x32xf32>
// CHECK-NEXT: return %[[Y]]
func.func @reshape_from_shape(%x: tensor<1x4x8xf32>) -> tensor<?x?xf32> {
  %s = onnx.Shape %x : (tensor<1x4x8xf32>) -> tensor<3xi64>
  %i = onnx.Constant dense<0> : tensor<i64>
  %axes = onnx.Constant dense<0> : tensor<1xi64>
  %m = onnx.Constant dense<-1> : tensor<1xi64>
  %d = onnx.Gather %s, %i : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %u = onnx.Unsqueeze %d, %axes : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %t = onnx.Concat %u, %m {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %y = onnx.Reshape %x, %t : (tensor<1x4x8xf32>, tensor<?xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// Refined types go on through operations that are not constant.
// CHECK-LABEL: func.func @propagate
// CHECK-SAME: -> tensor<1x4x2x2xf32>
func.func @propagate(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<?x?x?x?xf32> {
  %none = onnx.NoValue : none
  %s = onnx.Shape %x : (tensor<1x3x8x8xf32>) -> tensor<4xi64>
  %e = onnx.Expand %x, %s : (tensor<1x3x8x8xf32>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  // CHECK: onnx.Conv {{.*}} -> tensor<1x4x4x4xf32>
  %c = onnx.Conv %e, %w, %none {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>}
      : (tensor<?x?x?x?xf32>, tensor<4x3x3x3xf32>, none) -> tensor<?x?x?x?xf32>
  // CHECK: onnx.Relu {{.*}} -> tensor<1x4x4x4xf32>
  %r = onnx.Relu %c : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  // CHECK: onnx.MaxPool {{.*}} -> (tensor<1x4x2x2xf32>, none)
  %p, %q = onnx.MaxPool %r {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>}
      : (tensor<?x?x?x?xf32>) -> (tensor<?x?x?x?xf32>, none)
  return %p : tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func.func @resize_and_slice
// CHECK-SAME: -> tensor<1x2x8x3xf32>
func.func @resize_and_slice(%x: tensor<1x2x4x4xf32>) -> tensor<?x?x?x?xf32> {
  %none = onnx.NoValue : none
  %scales = onnx.Constant dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>
  %r = onnx.Resize %x, %none, %scales, %none : (tensor<1x2x4x4xf32>, none, tensor<4xf32>, none) -> tensor<?x?x?x?xf32>
  %s = onnx.Constant dense<-1> : tensor<1xi64>
  %e = onnx.Constant dense<-9223372036854775808> : tensor<1xi64>
  %a = onnx.Constant dense<3> : tensor<1xi64>
  %t = onnx.Constant dense<-3> : tensor<1xi64>
  %y = onnx.Slice %r, %s, %e, %a, %t : (tensor<?x?x?x?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// A splat keeps its one element, however large it becomes.
// CHECK-LABEL: func.func @splat
// CHECK-NEXT: %[[C:.*]] = onnx.Constant dense<2.500000e+00> : tensor<4096x4096x64xf32>
// CHECK-NEXT: return %[[C]]
func.func @splat() -> tensor<?x?x?xf32> {
  %s = onnx.Constant dense<[4096, 4096, 64]> : tensor<3xi64>
  %h = onnx.Constant dense<0.5> : tensor<f32>
  %c = onnx.ConstantOfShape %s {value = dense<2.0> : tensor<1xf32>} : (tensor<3xi64>) -> tensor<?x?x?xf32>
  %y = onnx.Add %c, %h : (tensor<?x?x?xf32>, tensor<f32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// CHECK-LABEL: func.func @split_nonzero
// CHECK-DAG: onnx.Constant dense<[4, 5]> : tensor<2xi64>
// CHECK-DAG: onnx.Constant dense<{{\[\[}}0, 2]]> : tensor<1x2xi64>
func.func @split_nonzero() -> (tensor<?xi64>, tensor<1x?xi64>) {
  %none = onnx.NoValue : none
  %x = onnx.Constant dense<[1, 2, 3, 4, 5]> : tensor<5xi64>
  %a, %b = onnx.Split %x, %none {num_outputs = 2 : i64} : (tensor<5xi64>, none) -> (tensor<?xi64>, tensor<?xi64>)
  %c = onnx.Constant dense<[true, false, true]> : tensor<3xi1>
  %n = onnx.NonZero %c : (tensor<3xi1>) -> tensor<1x?xi64>
  return %b, %n : tensor<?xi64>, tensor<1x?xi64>
}
