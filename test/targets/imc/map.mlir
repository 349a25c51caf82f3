// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,aicc-map-spatial{machine=imc/hermes}))' | FileCheck %s
// RUN: %exits 3 aicc %s --from=structured --target=imc/hermes --emit=lib -o %t.so 2>&1 | FileCheck %s --check-prefix=REFUSED

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>

// REFUSED: error: there is no code generation for 'imc'; --emit=mapped and --emit=report price a model on it

// A crossbar reads cells and converts; it states no multiply-accumulate.
// CHECK-LABEL: func.func @main
// CHECK: aicc.region
// CHECK-SAME: aicc.placement = "array: priced as integers, weights of 8 and inputs of 8 bit: the machine has no f32; operations after the sums are not priced{{[^"]*}}"
// CHECK-SAME: cost = #aicc.cost<cycles = {{[0-9]+}}, picojoules = {{[0-9]+}}, macs = 262144,
// CHECK-SAME: adc.convert = ["conversions"
// CHECK-SAME: machine = "hermes"
// CHECK: aicc.region
// CHECK-SAME: aicc.placement = "host: the array sums products of two operands, and nothing else; not priced"
// CHECK-NOT: cost =
// CHECK: math.exp
func.func @main(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>, %z: tensor<64x64xf32>) -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %0 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<64x64xf32>, tensor<64x64xf32>) outs(%f : tensor<64x64xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<64x64xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0, %z : tensor<64x64xf32>, tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<64x64xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%z : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = math.exp %p : f32
    linalg.yield %s : f32
  } -> tensor<64x64xf32>
  return %1, %2 : tensor<64x64xf32>, tensor<64x64xf32>
}
