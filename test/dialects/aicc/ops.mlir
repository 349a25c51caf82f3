// RUN: aicc-opt %s | aicc-opt | FileCheck %s
// RUN: aicc-opt %s --mlir-print-op-generic | aicc-opt | FileCheck %s

// CHECK-LABEL: func.func @fused_group
// CHECK: aicc.region ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<8x4xf32>)
// CHECK-SAME: machine = "cpu/host"
// CHECK-SAME: mapping = #aicc.mapping<order = [0, 2, 1], tile = [1, 4, 1], vector = 1, lanes = 4, parallel = 1, grain = 2>
// CHECK: aicc.yield %{{.*}} : tensor<4x4xf32>
// CHECK: } -> tensor<4x4xf32>
func.func @fused_group(%x: tensor<4x8xf32>, %w: tensor<8x4xf32>) -> tensor<4x4xf32> {
  %r = aicc.region ins(%x, %w : tensor<4x8xf32>, tensor<8x4xf32>)
      attributes {machine = "cpu/host",
                  mapping = #aicc.mapping<order = [0, 2, 1], tile = [1, 4, 1], vector = 1,
                                          lanes = 4, parallel = 1, grain = 2>} {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4x4xf32>
    %i = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %m = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>)
                       outs(%i : tensor<4x4xf32>) -> tensor<4x4xf32>
    aicc.yield %m : tensor<4x4xf32>
  } -> tensor<4x4xf32>
  return %r : tensor<4x4xf32>
}

// CHECK: aicc.weight @w0 at 64 pack <dims = [0], sizes = [4], steps = [1]> = dense<
aicc.weight @w0 at 64 pack <dims = [0], sizes = [4], steps = [1]>
  = dense<[1., 2., 3., 4.]> : tensor<4xf32>

func.func private @k0(%a: memref<64xf32>, %begin: index, %end: index) {
  return
}

// CHECK-LABEL: func.func @launches
// CHECK: aicc.launch @k0(%{{.*}}) trip 56 grain 4 : memref<64xf32>
func.func @launches(%a: memref<64xf32>) {
  aicc.launch @k0(%a) trip 56 grain 4 : memref<64xf32>
  return
}
