// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4}))' | FileCheck %s --check-prefix=MAP
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4}),cpu-generate-loops,canonicalize,cse)' | FileCheck %s
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v3}),cpu-generate-loops,canonicalize,cse)' | FileCheck %s --check-prefix=AVX2

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// 40 columns are two vectors and a half: one register tile, masked at the end.
// MAP: mapping = #aicc.mapping<loops = {{.*}}, 1 by 16, 1 by 1 on 0]

// CHECK-LABEL: func.func private @k0
// CHECK-SAME: %[[X:.*]]: memref<512xf32> {aicc.noalias}, %[[W:.*]]: memref<3072xf32> {aicc.noalias}, %[[Y:.*]]: memref<320xf32> {aicc.noalias}, %{{.*}}: index, %{{.*}}: index
// CHECK-DAG: %[[MASK:.*]] = arith.constant dense<[true, true, true, true, true, true, true, true, false, false
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-3: vector.load %[[W]]
// CHECK-NOT: vector.gather
// CHECK: scf.yield
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: vector.maskedstore %[[Y]][%{{.*}}], %[[MASK]]
// CHECK-LABEL: func.func @main
// CHECK-SAME: aicc.shape = array<i64: 8, 64>
// CHECK-SAME: %[[ARENA:.*]]: memref<0xi8>, %[[WEIGHTS:.*]]: memref<12288xi8>
// CHECK: %[[VIEW:.*]] = memref.view %[[WEIGHTS]]
// CHECK: aicc.launch @k0(%{{.*}}, %[[VIEW]], %{{.*}}) trip

// CHECK: aicc.weight @w0 at 0 pack <dims = [1, 0, 1], sizes = [1, 64, 48], steps = [48, 1, 1]>

// AVX2: vector<8xf32>
func.func @main(%x: tensor<8x64xf32>) -> tensor<8x40xf32> {
  %w = arith.constant dense_resource<w> : tensor<64x40xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x40xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x40xf32>) -> tensor<8x40xf32>
  %0 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x64xf32>, tensor<64x40xf32>) outs(%f : tensor<8x40xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x40xf32>
  return %0 : tensor<8x40xf32>
}
