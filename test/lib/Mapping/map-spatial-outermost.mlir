// RUN: sed 's/bytes: 0$/bytes: 40000/' %S/../../../targets/systolic/machines/tpu_like.yaml > %t.yaml
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,aicc-map-spatial{machine=%t.yaml}))' | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Where everything starts and ends has to hold whole operands: two of 64x256 bytes and 64x64 sums of 16 bit do not fit,
// those of the smaller product do.
// CHECK-LABEL: func.func @main
// CHECK: aicc.placement = "host: memory 'dram' is too small: the tiles take 40960 bytes, expected at most 40000 (960 bytes short); not priced"
// CHECK: aicc.placement = "array
func.func @main(%x: tensor<64x256xi8>, %y: tensor<256x64xi8>, %z: tensor<64x64xi8>) -> (tensor<64x64xi32>, tensor<64x64xi32>) {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<64x64xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<64x64xi32>) -> tensor<64x64xi32>
  %0 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<64x256xi8>, tensor<256x64xi8>) outs(%f : tensor<64x64xi32>) {
  ^bb0(%p: i8, %q: i8, %acc: i32):
    %a = arith.extsi %p : i8 to i32
    %b = arith.extsi %q : i8 to i32
    %m = arith.muli %a, %b : i32
    %s = arith.addi %acc, %m : i32
    linalg.yield %s : i32
  } -> tensor<64x64xi32>
  %1 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%z, %z : tensor<64x64xi8>, tensor<64x64xi8>) outs(%f : tensor<64x64xi32>) {
  ^bb0(%p: i8, %q: i8, %acc: i32):
    %a = arith.extsi %p : i8 to i32
    %b = arith.extsi %q : i8 to i32
    %m = arith.muli %a, %b : i32
    %s = arith.addi %acc, %m : i32
    linalg.yield %s : i32
  } -> tensor<64x64xi32>
  return %0, %1 : tensor<64x64xi32>, tensor<64x64xi32>
}
