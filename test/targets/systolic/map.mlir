// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,aicc-map-spatial{machine=systolic/tpu_like}))' | FileCheck %s
// RUN: %exits 3 aicc %s --from=structured --target=systolic/tpu_like --emit=lib -o %t.so 2>&1 | FileCheck %s --check-prefix=REFUSED

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>

// REFUSED: error: machine 'tpu_like' cannot run programs of the systolic instruction set: it has no memory of results alone beside the array

// The product is mapped, priced and held as the machine can: all of the 64^3
// multiply-accumulates, and 4 KiB of the outermost memory for each operand,
// the residual past the array among them, in 8 bits. What is no sum of
// products stays with the host.
// CHECK-LABEL: func.func @main
// CHECK: aicc.region
// CHECK-SAME: aicc.dataflow = "output_stationary"
// CHECK-SAME: aicc.placement = "array: priced as i8: the machine has no f32; sums of 16 bit; operations after the sums are not priced{{[^"]*}}"
// CHECK-SAME: cost = #aicc.cost<cycles = {{[0-9]+}}, picojoules = {{[0-9]+}}, macs = 262144, bytes = 16384,
// CHECK-SAME: dram.read = ["bytes", 1.228800e+04, 8.750000e+01], dram.write = ["bytes", 4.096000e+03, 9.375000e+01], mac.i8 = ["operations", 2.621440e+05, 4.000000e-02]
// CHECK-SAME: machine = "tpu_like"
// CHECK-SAME: residence = {{\[\[}}-1, -1, {{[0-9]+}}, 0], [-1, {{[0-9]+}}, -1, 0], [{{[0-9]+}}, -1, {{[-0-9]+}}, 0]]
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
