// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file | FileCheck %s

// Taps that do not overlap: one contraction.
// CHECK-LABEL: func.func @disjoint
// CHECK-NOT: tensor.pad
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1], [2, 3], [4, 5]]
func.func @disjoint(%x: tensor<1x3x4x4xf32>, %w: tensor<3x5x2x2xf32>) -> tensor<1x5x8x8xf32> {
  %none = onnx.NoValue : none
  %0 = onnx.ConvTranspose %x, %w, %none {strides = array<i64: 2, 2>} : (tensor<1x3x4x4xf32>, tensor<3x5x2x2xf32>, none) -> tensor<1x5x8x8xf32>
  func.return %0 : tensor<1x5x8x8xf32>
}

// -----

// Two phases, with 2 and 1 of the 3 taps.
// CHECK-LABEL: func.func @phases
// CHECK: tensor<3x5x2xf32>
// CHECK: tensor.insert_slice %{{.*}}[0, 0, 0] [1, 5, 5] [1, 1, 2]
// CHECK: tensor.insert_slice %{{.*}}[0, 0, 1] [1, 5, 4] [1, 1, 2]
func.func @phases(%x: tensor<1x3x4xf32>) -> tensor<1x5x9xf32> {
  %none = onnx.NoValue : none
  %w = onnx.Constant dense<1.0> : tensor<3x5x3xf32>
  %0 = onnx.ConvTranspose %x, %w, %none {strides = array<i64: 2>} : (tensor<1x3x4xf32>, tensor<3x5x3xf32>, none) -> tensor<1x5x9xf32>
  func.return %0 : tensor<1x5x9xf32>
}
