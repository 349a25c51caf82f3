// RUN: aicc-opt %s --onnx-simplify | FileCheck %s

// CHECK-LABEL: func.func @nothing
// CHECK-NEXT: return %arg0
func.func @nothing(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %none = onnx.NoValue : none
  %a = onnx.Identity %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %b, %m = onnx.Dropout %a, %none, %none : (tensor<2x3xf32>, none, none) -> (tensor<2x3xf32>, none)
  %s = onnx.Constant dense<[2, 3]> : tensor<2xi64>
  %c = onnx.Reshape %b, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %d = onnx.Transpose %c {perm = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %e = onnx.Cast %d {to = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %p = onnx.Constant dense<0> : tensor<4xi64>
  %f = onnx.Pad %e, %p, %none, %none : (tensor<2x3xf32>, tensor<4xi64>, none, none) -> tensor<2x3xf32>
  %z = onnx.Constant dense<0> : tensor<1xi64>
  %t = onnx.Constant dense<9> : tensor<1xi64>
  %g = onnx.Slice %f, %z, %t, %z, %none : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<2x3xf32>
  %h = onnx.Expand %g, %s : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %i = onnx.Concat %h {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %i : tensor<2x3xf32>
}

// Same shape, other elements: these stay.
// CHECK-LABEL: func.func @something
// CHECK: onnx.Slice
// CHECK: onnx.Pad
func.func @something(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %none = onnx.NoValue : none
  %s = onnx.Constant dense<-1> : tensor<1xi64>
  %e = onnx.Constant dense<-9> : tensor<1xi64>
  %a = onnx.Constant dense<0> : tensor<1xi64>
  %r = onnx.Slice %x, %s, %e, %a, %s : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  %p = onnx.Constant dense<[0, 1, 0, -1]> : tensor<4xi64>
  %y = onnx.Pad %r, %p, %none, %none : (tensor<2x3xf32>, tensor<4xi64>, none, none) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @runs
// CHECK: %[[S:.*]] = onnx.Constant dense<[4, 6]> : tensor<2xi64>
// CHECK: %[[A:.*]] = onnx.Reshape %arg0, %[[S]] {allowzero = 1 : i64} : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<4x6xf32>
// CHECK: %[[B:.*]] = onnx.Transpose %arg0 {perm = array<i64: 1, 2, 0>}
// CHECK: return %[[A]], %[[B]], %arg0
func.func @runs(%x: tensor<2x3x4xf32>) -> (tensor<4x6xf32>, tensor<3x4x2xf32>, tensor<2x3x4xf32>) {
  %axes = onnx.Constant dense<0> : tensor<1xi64>
  %s = onnx.Constant dense<[4, 6]> : tensor<2xi64>
  %f = onnx.Flatten %x {axis = 1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
  %u = onnx.Unsqueeze %f, %axes : (tensor<2x12xf32>, tensor<1xi64>) -> tensor<1x2x12xf32>
  %a = onnx.Reshape %u, %s : (tensor<1x2x12xf32>, tensor<2xi64>) -> tensor<4x6xf32>
  %t = onnx.Transpose %x {perm = array<i64: 2, 1, 0>} : (tensor<2x3x4xf32>) -> tensor<4x3x2xf32>
  %b = onnx.Transpose %t {perm = array<i64: 1, 0, 2>} : (tensor<4x3x2xf32>) -> tensor<3x4x2xf32>
  %c = onnx.Transpose %b {perm = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  return %a, %b, %c : tensor<4x6xf32>, tensor<3x4x2xf32>, tensor<2x3x4xf32>
}

// Only a dimension of size 1 moves.
// CHECK-LABEL: func.func @unit_transpose
// CHECK: onnx.Reshape
// CHECK-NOT: onnx.Transpose
func.func @unit_transpose(%x: tensor<1x3x4xf32>) -> tensor<3x4x1xf32> {
  %t = onnx.Transpose %x {perm = array<i64: 1, 2, 0>} : (tensor<1x3x4xf32>) -> tensor<3x4x1xf32>
  return %t : tensor<3x4x1xf32>
}

// The product broadcasts by itself.
// CHECK-LABEL: func.func @expand
// CHECK-NEXT: %[[Y:.*]] = onnx.Mul %arg0, %arg1
// CHECK-NEXT: return %[[Y]]
func.func @expand(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = onnx.Constant dense<[2, 3]> : tensor<2xi64>
  %e = onnx.Expand %x, %s : (tensor<1x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %z = onnx.Mul %e, %y : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// Here the result would lose its shape.
// CHECK-LABEL: func.func @expand_needed
// CHECK: onnx.Expand
func.func @expand_needed(%x: tensor<1x3xf32>) -> tensor<2x3xf32> {
  %s = onnx.Constant dense<[2, 3]> : tensor<2xi64>
  %e = onnx.Expand %x, %s : (tensor<1x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %z = onnx.Mul %e, %e : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}
