// RUN: aicc-opt %s --split-input-file --pass-pipeline='builtin.module(cpu-narrow-weights{everywhere})' | FileCheck %s
// RUN: aicc-opt %s --split-input-file --pass-pipeline='builtin.module(cpu-narrow-weights)' --remarks-filter=cpu-narrow -o /dev/null 2>&1 | FileCheck %s --check-prefix=COST
// RUN: not aicc-opt %s --split-input-file --pass-pipeline='builtin.module(cpu-narrow-weights{machine=abacus})' 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: error: there is no machine cpu/abacus

// Few weights stay in the first cache. One row reads each weight once, from memory. With 256 rows widening them costs more.
// COST: [Missed] NarrowWeights {{.*}}Cycles=12, CyclesOfBF16=12
// COST: [Passed] NarrowWeights {{.*}}CyclesOfBF16=
// COST: [Missed] NarrowWeights {{.*}}CyclesOfBF16=

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func.func @small
// CHECK: %[[W:.*]] = arith.constant dense_resource<bf16{{.*}}> : tensor<2x2xbf16>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<1x2xf32>, tensor<2x2xbf16>)
// CHECK: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: bf16, %[[S:.*]]: f32):
// CHECK: %[[C:.*]] = arith.extf %[[B]] : bf16 to f32
// CHECK: arith.mulf %[[A]], %[[C]] : f32
func.func @small(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<1x2xf32>, tensor<2x2xf32>) outs(%f : tensor<1x2xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  } -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}


// -----

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>

func.func @row(%x: tensor<1x1024xf32>) -> tensor<1x1024xf32> {
  %w = arith.constant dense_resource<few> : tensor<1024x1024xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x1024xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1024xf32>) -> tensor<1x1024xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<1x1024xf32>, tensor<1024x1024xf32>) outs(%f : tensor<1x1024xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  } -> tensor<1x1024xf32>
  return %y : tensor<1x1024xf32>
}

func.func @rows(%x: tensor<256x1024xf32>) -> tensor<256x1024xf32> {
  %w = arith.constant dense_resource<few> : tensor<1024x1024xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256x1024xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<256x1024xf32>) -> tensor<256x1024xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<256x1024xf32>, tensor<1024x1024xf32>) outs(%f : tensor<256x1024xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  } -> tensor<256x1024xf32>
  return %y : tensor<256x1024xf32>
}
