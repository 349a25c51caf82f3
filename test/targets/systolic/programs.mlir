// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers{summed-innermost=true}))' | FileCheck %s
// RUN: aicc %s --target=systolic/gemmini16 --from=structured --mcpu=x86-64-v3 --emit=loops -o - | FileCheck %s --check-prefix=LOOPS
// RUN: not aicc %s --target=systolic/gemmini16 --from=structured --no-fallback --emit=loops -o - 2>&1 | FileCheck %s --check-prefix=HOST

// A product of 8x32 by 32x24 bytes with its requantisation, and a copy of its result
// that stays with the host.

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#swap = affine_map<(m, n) -> (n, m)>

// CHECK: func.func @main({{.*}} attributes {aicc.summed_innermost}

// LOOPS: systolic.program @p0 segments 3
// LOOPS: systolic.load.in channel 0 offset 0 to sp[0] rows {{[0-9]+}}, {{[0-9]+}} columns {{[0-9]+}}
// LOOPS: systolic.execute.weights from sp[{{[0-9]+}}] k 16 n 16
// LOOPS: systolic.execute.multiply a sp[0] c acc[0] rows 8, 1 k 16
// LOOPS: systolic.execute.multiply a sp[{{[0-9]+}}] c acc[{{[0-9]+}}]+ rows 8, 1 k 16
// LOOPS: systolic.store.quantize scales acc[{{[0-9]+}}] zero 3 range -128, 127 biases
// LOOPS: systolic.store.out
// LOOPS: func.func @main
// LOOPS: aicc.offload @p0 entry 0
// LOOPS-SAME: writes [2]
// LOOPS: aicc.launch

// HOST: error: {{.*}}stays with the host: the array sums products of two operands, and nothing else
func.func @main(%x: tensor<8x32xi8> {aicc.name = "x", aicc.dtype = "int8"}) -> (tensor<24x8xi8> {aicc.name = "y", aicc.dtype = "int8"}) {
  %w = arith.constant dense<3> : tensor<32x24xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<8x24xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<8x24xi32>) -> tensor<8x24xi32>
  %s = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x32xi8>, tensor<32x24xi8>) outs(%f : tensor<8x24xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %p = arith.extsi %a : i8 to i32
    %q = arith.extsi %b : i8 to i32
    %m = arith.muli %p, %q : i32
    %r = arith.addi %o, %m : i32
    linalg.yield %r : i32
  } -> tensor<8x24xi32>
  %e8 = tensor.empty() : tensor<8x24xi8>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<8x24xi32>) outs(%e8 : tensor<8x24xi8>) {
  ^bb0(%a: i32, %o: i8):
    %c5 = arith.constant 5 : i32
    %biased = arith.addi %a, %c5 : i32
    %real = arith.sitofp %biased : i32 to f32
    %scale = arith.constant 0.25 : f32
    %scaled = arith.mulf %real, %scale : f32
    %rounded = math.roundeven %scaled : f32
    %c3 = arith.constant 3.0 : f32
    %shifted = arith.addf %rounded, %c3 : f32
    %low = arith.constant -128.0 : f32
    %high = arith.constant 127.0 : f32
    %lower = arith.maxnumf %shifted, %low : f32
    %upper = arith.minnumf %lower, %high : f32
    %i = arith.fptosi %upper : f32 to i32
    %b = arith.trunci %i : i32 to i8
    linalg.yield %b : i8
  } -> tensor<8x24xi8>
  %et = tensor.empty() : tensor<24x8xi8>
  %t = linalg.generic {indexing_maps = [#swap, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<8x24xi8>) outs(%et : tensor<24x8xi8>) {
  ^bb0(%a: i8, %o: i8):
    linalg.yield %a : i8
  } -> tensor<24x8xi8>
  return %t : tensor<24x8xi8>
}
