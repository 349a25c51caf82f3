// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4}))' --split-input-file | FileCheck %s --check-prefix=MAP
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4}),cpu-generate-loops,canonicalize,cse)' --split-input-file | FileCheck %s
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v3}),cpu-generate-loops,canonicalize,cse)' --split-input-file | FileCheck %s --check-prefix=HALF
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v2}),cpu-generate-loops,canonicalize,cse)' --split-input-file | FileCheck %s --check-prefix=NONE

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Four neighbours along k go into one instruction, and lie side by side in the
// packed weights; 66 = 16 * 4 + 2.
// MAP: layouts = [{{.*}}, #aicc.pack<dims = [1, 0, 1, 0], sizes = [{{[0-9]+}}, 17, {{[0-9]+}}, 4], steps = [{{[0-9]+}}, 4, 1, 1]>, #aicc.layout<{{[^>]*}}>], machine = "x86_64_v4"
// MAP-SAME: mapping = #aicc.mapping<loops = [{{.*}}, 2 by 4, 2 by 1 on 1, 1 by 16, 1 by 1 on 0]

// CHECK-LABEL: func.func private @k0
// CHECK-SAME: %[[X:.*]]: memref<528xi8> {aicc.noalias}, %[[W:.*]]: memref<{{.*}}xi8> {aicc.noalias}
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[B:.*]] = vector.load %[[X]][%{{.*}}] : memref<528xi8>, vector<4xi8>
// CHECK: %[[I:.*]] = vector.bitcast %[[B]] : vector<4xi8> to vector<1xi32>
// CHECK: %[[E:.*]] = vector.extract %[[I]][0]
// CHECK: %[[A:.*]] = vector.broadcast %[[E]] : i32 to vector<16xi32>
// CHECK: %[[L:.*]] = vector.bitcast %[[A]] : vector<16xi32> to vector<64xi8>
// CHECK: %[[R:.*]] = vector.load %[[W]][%{{.*}}] : memref<{{.*}}xi8>, vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %[[L]], %[[R]])
// CHECK-NOT: arith.xori
// What is left of k is read by its bytes alone.
// CHECK: vector.maskedload %[[X]]
// CHECK-LABEL: func.func @main
// HALF: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// NONE-NOT: call_intrinsic
func.func @main(%x: tensor<8x66xi8>) -> tensor<8x40xi32> {
  %w = arith.constant dense_resource<w> : tensor<66x40xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<8x40xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<8x40xi32>) -> tensor<8x40xi32>
  %0 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x66xi8>, tensor<66x40xi8>) outs(%f : tensor<8x40xi32>) {
  ^bb0(%p: i8, %q: i8, %acc: i32):
    %a = arith.extui %p : i8 to i32
    %b = arith.extsi %q : i8 to i32
    %m = arith.muli %a, %b : i32
    %s = arith.addi %acc, %m : i32
    linalg.yield %s : i32
  } -> tensor<8x40xi32>
  return %0 : tensor<8x40xi32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Signed bytes are shifted, and what that adds is taken off at the end.
// MAP: 2 by 1 on 1
// CHECK-LABEL: func.func private @k0
// CHECK-DAG: %[[BITS:.*]] = arith.constant dense<-128> : vector<64xi8>
// CHECK: %[[L:.*]] = arith.xori %{{.*}}, %[[BITS]] : vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %[[L]], %[[R:.*]])
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %[[BITS]], %{{.*}})
// CHECK: arith.subi %{{.*}}, %{{.*}} : vector<16xi32>
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<8x64xi8>) -> tensor<8x32xi32> {
  %w = arith.constant dense_resource<w> : tensor<64x32xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<8x32xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<8x32xi32>) -> tensor<8x32xi32>
  %0 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x64xi8>, tensor<64x32xi8>) outs(%f : tensor<8x32xi32>) {
  ^bb0(%p: i8, %q: i8, %acc: i32):
    %a = arith.extsi %p : i8 to i32
    %b = arith.extsi %q : i8 to i32
    %m = arith.muli %a, %b : i32
    %s = arith.addi %acc, %m : i32
    linalg.yield %s : i32
  } -> tensor<8x32xi32>
  return %0 : tensor<8x32xi32>
}
