// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @reshape
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<2x3x8xf32> into tensor<6x8xf32>
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] {{.*}} : tensor<6x8xf32> into tensor<6x4x2xf32>
func.func @reshape(%x: tensor<2x3x8xf32>) -> tensor<6x4x2xf32> {
  %s = onnx.Constant dense<[6, 4, 2]> : tensor<3xi64>
  %0 = onnx.Reshape %x, %s : (tensor<2x3x8xf32>, tensor<3xi64>) -> tensor<6x4x2xf32>
  func.return %0 : tensor<6x4x2xf32>
}

// -----

// CHECK-LABEL: func.func @slice
// CHECK: tensor.extract_slice %{{.*}}[0, 1] [2, 3] [1, 2] : tensor<2x8xf32> to tensor<2x3xf32>
func.func @slice(%x: tensor<2x8xf32>) -> tensor<2x3xf32> {
  %none = onnx.NoValue : none
  %b = onnx.Constant dense<1> : tensor<1xi64>
  %e = onnx.Constant dense<-2> : tensor<1xi64>
  %two = onnx.Constant dense<2> : tensor<1xi64>
  %0 = onnx.Slice %x, %b, %e, %b, %two : (tensor<2x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// -----

// Backwards, and a part of another axis: the part first, then the turn.
// CHECK: #[[$MAP:.*]] = affine_map<(d0, d1) -> (d0, -d1 + 7)>
// CHECK-LABEL: func.func @backwards
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<1x8xf32>
// CHECK: linalg.generic {indexing_maps = [#[[$MAP]], #{{.*}}]
func.func @backwards(%x: tensor<2x8xf32>) -> tensor<1x8xf32> {
  %none = onnx.NoValue : none
  %b = onnx.Constant dense<[0, -1]> : tensor<2xi64>
  %e = onnx.Constant dense<[1, -100]> : tensor<2xi64>
  %s = onnx.Constant dense<[1, -1]> : tensor<2xi64>
  %0 = onnx.Slice %x, %b, %e, %none, %s : (tensor<2x8xf32>, tensor<2xi64>, tensor<2xi64>, none, tensor<2xi64>) -> tensor<1x8xf32>
  func.return %0 : tensor<1x8xf32>
}

// -----

// A gather of neighbours is a slice; others read by index, kept in range.
// CHECK-LABEL: func.func @gather
// CHECK: tensor.extract_slice %{{.*}}[1, 0] [2, 8] [1, 1]
// CHECK: linalg.generic
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: tensor.extract
func.func @gather(%x: tensor<4x8xf32>, %i: tensor<3xi64>) -> (tensor<2x8xf32>, tensor<3x8xf32>) {
  %n = onnx.Constant dense<[1, 2]> : tensor<2xi64>
  %0 = onnx.Gather %x, %n : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<2x8xf32>
  %1 = onnx.Gather %x, %i : (tensor<4x8xf32>, tensor<3xi64>) -> tensor<3x8xf32>
  func.return %0, %1 : tensor<2x8xf32>, tensor<3x8xf32>
}

// -----

// Repeating neighbours needs no computed index.
// CHECK-LABEL: func.func @upsample
// CHECK: linalg.generic
// CHECK-NOT: tensor.extract
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1], [2, 3], [4, 5]] : tensor<1x2x3x2x3x2xf32> into tensor<1x2x6x6xf32>
func.func @upsample(%x: tensor<1x2x3x3xf32>) -> tensor<1x2x6x6xf32> {
  %none = onnx.NoValue : none
  %s = onnx.Constant dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>
  %0 = onnx.Resize %x, %none, %s, %none {coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"}
    : (tensor<1x2x3x3xf32>, none, tensor<4xf32>, none) -> tensor<1x2x6x6xf32>
  func.return %0 : tensor<1x2x6x6xf32>
}

// -----

func.func @axes(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{Concat is not supported by the cpu lowering yet: the axis is out of range}}
  %0 = onnx.Concat %x {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// -----

// The length of the batch decides for each step where it is read; longer than
// the axis, it is brought into it.
// CHECK: #[[$LENGTH:.*]] = affine_map<(d0, d1, d2) -> (d1)>
// CHECK-LABEL: func.func @reverse_sequence
// CHECK: linalg.generic {indexing_maps = [#[[$LENGTH]], #{{.*}}]
// CHECK: arith.minsi
// CHECK: arith.cmpi slt
// CHECK: arith.select
// CHECK: tensor.extract
func.func @reverse_sequence(%x: tensor<4x3x2xf32>, %n: tensor<3xi64>) -> tensor<4x3x2xf32> {
  %0 = onnx.ReverseSequence %x, %n : (tensor<4x3x2xf32>, tensor<3xi64>) -> tensor<4x3x2xf32>
  func.return %0 : tensor<4x3x2xf32>
}

// -----

// An axis that is known at run time only: a loop for each, and a choice.
// CHECK-LABEL: func.func @cumsum_any_axis
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step
// CHECK: linalg.generic
// CHECK: arith.cmpi eq
// CHECK: arith.select
// CHECK-NOT: scf.for
func.func @cumsum_any_axis(%x: tensor<2x3xf32>, %n: tensor<i64>) -> tensor<2x3xf32> {
  %0 = onnx.CumSum %x, %n : (tensor<2x3xf32>, tensor<i64>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}
