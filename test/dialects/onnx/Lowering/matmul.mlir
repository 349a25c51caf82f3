// RUN: aicc-opt %s --onnx-lower-to-structured --split-input-file --verify-diagnostics | FileCheck %s

// A right side that is one matrix takes all rows of the left at once.
// CHECK-LABEL: func.func @rows
// CHECK: %[[A:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<2x3x4xf32> into tensor<6x4xf32>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]{{.*}} ins(%[[A]], %{{.*}} : tensor<6x4xf32>, tensor<4x5xf32>)
// CHECK: tensor.expand_shape
func.func @rows(%a: tensor<2x3x4xf32>, %b: tensor<4x5xf32>) -> tensor<2x3x5xf32> {
  %0 = onnx.MatMul %a, %b : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
  func.return %0 : tensor<2x3x5xf32>
}

// -----

// CHECK-DAG: #[[$A:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, 0, d2, d4)>
// CHECK-DAG: #[[$B:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d4, d3)>
// CHECK-LABEL: func.func @stacks
// CHECK: linalg.generic {indexing_maps = [#[[$A]], #[[$B]], #{{.*}}]
func.func @stacks(%a: tensor<7x1x3x4xf32>, %b: tensor<2x4x5xf32>) -> tensor<7x2x3x5xf32> {
  %0 = onnx.MatMul %a, %b : (tensor<7x1x3x4xf32>, tensor<2x4x5xf32>) -> tensor<7x2x3x5xf32>
  func.return %0 : tensor<7x2x3x5xf32>
}

// -----

// Transposition is in the maps; alpha and beta that are 1 cost nothing.
// CHECK-DAG: #[[$B:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func.func @gemm
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[$B]], #{{.*}}]
// CHECK: linalg.generic
// CHECK-NOT: arith.mulf
// CHECK: return
func.func @gemm(%a: tensor<3x4xf32>, %b: tensor<5x4xf32>, %c: tensor<5xf32>) -> tensor<3x5xf32> {
  %0 = onnx.Gemm %a, %b, %c {transB = 1 : i64} : (tensor<3x4xf32>, tensor<5x4xf32>, tensor<5xf32>) -> tensor<3x5xf32>
  func.return %0 : tensor<3x5xf32>
}

// -----

// Half precision accumulates in f32 and is rounded once.
// CHECK-LABEL: func.func @half
// CHECK: linalg.fill ins(%{{.*}} : f32)
// CHECK: arith.truncf
func.func @half(%a: tensor<3x4xf16>, %b: tensor<4x5xf16>) -> tensor<3x5xf16> {
  %0 = onnx.MatMul %a, %b : (tensor<3x4xf16>, tensor<4x5xf16>) -> tensor<3x5xf16>
  func.return %0 : tensor<3x5xf16>
}

// -----

func.func @does_not_fit(%a: tensor<3x4xf32>, %b: tensor<3x5xf32>) -> tensor<3x5xf32> {
  // expected-error@+1 {{MatMul is not supported by the cpu lowering yet: the shapes of A and B do not fit}}
  %0 = onnx.MatMul %a, %b : (tensor<3x4xf32>, tensor<3x5xf32>) -> tensor<3x5xf32>
  func.return %0 : tensor<3x5xf32>
}
