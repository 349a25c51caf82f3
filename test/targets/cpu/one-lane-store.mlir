// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4}),cpu-generate-loops,canonicalize,cse)' | FileCheck %s

#id = affine_map<(i) -> (i)>

// 17 bytes are a vector and one lane, which is stored as a scalar: LLVM 22 makes
// four bytes of a masked store of one truncated lane.
// CHECK-LABEL: func.func private @k0
// CHECK: vector.store %{{.*}} : memref<17xi8>, vector<16xi8>
// CHECK-NOT: vector.maskedstore
// CHECK: memref.store %{{.*}} : memref<17xi8>
func.func @main(%x: tensor<17xi32>) -> tensor<17xi8> {
  %e = tensor.empty() : tensor<17xi8>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<17xi32>) outs(%e : tensor<17xi8>) {
  ^bb0(%p: i32, %o: i8):
    %s = arith.trunci %p : i32 to i8
    linalg.yield %s : i8
  } -> tensor<17xi8>
  return %0 : tensor<17xi8>
}
