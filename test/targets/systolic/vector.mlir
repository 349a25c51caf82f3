// RUN: aicc %s --target=systolic/gemmini16 --from=structured --mcpu=x86-64-v3 --emit=mapped -o - | FileCheck %s
// RUN: aicc %s --target=systolic/gemmini16 --from=structured --mcpu=x86-64-v3 --emit=loops -o - | FileCheck %s --check-prefix=LOOPS
// RUN: not aicc %s --target=systolic/gemmini16 --from=structured --no-fallback --emit=loops -o - 2>&1 | FileCheck %s --check-prefix=HOST

// What the vector unit runs, and what it does not: a sum with a residual and its clamp, a table, a maximum of
// windows; a function that no standard defines to the last bit, and a transposition.

#id = affine_map<(m, n) -> (m, n)>
#swap = affine_map<(m, n) -> (n, m)>
#window = affine_map<(m, n, k) -> (m * 2 + k, n)>
#taps = affine_map<(m, n, k) -> (k)>
#out = affine_map<(m, n, k) -> (m, n)>

// The sum: rows of 16 lanes are one run of memory.
// CHECK: aicc.region ins(%{{.*}}, %{{.*}} : tensor<9x48xi8>, tensor<9x48xi8>)
// CHECK-SAME: aicc.placement = "array: on the vector unit"
// CHECK-SAME: cost = #aicc.cost<cycles = {{[0-9.e+]+}}, picojoules = {{[0-9.e+]+}}
// CHECK-SAME: accumulator.read
// CHECK-SAME: dram.read
// CHECK-SAME: scratchpad.read
// CHECK-SAME: vector.lane = ["operations", 1.296000e+03
// CHECK-SAME: machine = "gemmini16"
// CHECK-SAME: residence = {{\[\[}}-1, -1, -1, [[LEVEL:[0-9]]], 0], [-1, -1, -1, [[LEVEL]], 0], [-1, -1, [[LEVEL]], 0, -1]]
// Its result stays on the chip.
// CHECK-SAME: on_chip = #aicc.on_chip<room = {{[0-9]+}}, rows = [-1, -1, [[KEPT:[0-9]+]]], shifted = [], image = [[KEPT]], positions = 9, fill = 0>
// CHECK: aicc.region ins(%{{.*}} : tensor<9x48xi8>)
// CHECK-SAME: aicc.placement = "array: on the vector unit"
// CHECK: arith.cmpi
// CHECK: aicc.region ins(%{{.*}} : tensor<9x48xi8>)
// CHECK-SAME: aicc.placement = "array: on the vector unit"
// CHECK: arith.maxui
// CHECK: aicc.region
// CHECK-SAME: aicc.placement = "host: the array sums products of two operands, and nothing else; vector unit: the values are not calculated when compiling ('math.exp')"
// CHECK: aicc.region
// CHECK-SAME: aicc.placement = "host: the array sums products of two operands, and nothing else; vector unit: no dimension lies side by side in all of the operands"

// LOOPS: systolic.program @p0 segments 3
// LOOPS: systolic.vector.parameter scale 5.000000e-01 zero 3
// LOOPS: systolic.vector.real to acc{{\[}}[[SUM:[0-9]+]]] from sp[0] rows [[ROWS:[0-9]+]], 1
// LOOPS: systolic.vector.parameter scale 2.500000e-01 zero -120
// LOOPS: systolic.vector.real
// LOOPS: systolic.vector.addf to acc{{\[}}[[SUM]]] from acc[{{[0-9]+}}] rows [[ROWS]], 1
// LOOPS: systolic.store.keep to sp[
// LOOPS: systolic.program @p1 segments 1
// LOOPS: systolic.vector.table from sp[0]
// LOOPS: systolic.vector.map
// LOOPS-NOT: store
// LOOPS: systolic.program @p2 segments 1
// LOOPS-NOT: load.in
// LOOPS: systolic.vector.copy
// LOOPS: systolic.vector.max
// LOOPS: func.func @main

// HOST: error: {{.*}}stays with the host: {{.*}}vector unit: the values are not calculated when compiling ('math.exp')

func.func @main(%x: tensor<9x48xi8> {aicc.name = "x", aicc.dtype = "int8"}, %r: tensor<9x48xi8> {aicc.name = "r", aicc.dtype = "uint8"})
    -> (tensor<4x48xi8> {aicc.name = "y", aicc.dtype = "uint8"}, tensor<48x9xi8> {aicc.name = "z", aicc.dtype = "uint8"}) {
  %e = tensor.empty() : tensor<9x48xi8>
  %sum = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %r : tensor<9x48xi8>, tensor<9x48xi8>) outs(%e : tensor<9x48xi8>) {
  ^bb0(%a: i8, %b: i8, %o: i8):
    %za = arith.constant 3 : i32
    %zb = arith.constant 8 : i32
    %sa = arith.constant 0.5 : f32
    %sb = arith.constant 0.25 : f32
    %low = arith.constant 0.0 : f32
    %high = arith.constant 200.0 : f32
    %a0 = arith.extsi %a : i8 to i32
    %a1 = arith.subi %a0, %za : i32
    %a2 = arith.sitofp %a1 : i32 to f32
    %b0 = arith.extui %b : i8 to i32
    %b1 = arith.subi %b0, %zb : i32
    %b2 = arith.sitofp %b1 : i32 to f32
    %b3 = arith.mulf %b2, %sb : f32
    %s = math.fma %a2, %sa, %b3 : f32
    %y = math.roundeven %s : f32
    %c = arith.maxnumf %y, %low : f32
    %d = arith.minnumf %c, %high : f32
    %i = arith.fptosi %d : f32 to i32
    %t = arith.trunci %i : i32 to i8
    linalg.yield %t : i8
  } -> tensor<9x48xi8>
  %table = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<9x48xi8>) outs(%e : tensor<9x48xi8>) {
  ^bb0(%a: i8, %o: i8):
    %limit = arith.constant 100 : i8
    %one = arith.constant 1 : i8
    %low = arith.cmpi ult, %a, %limit : i8
    %more = arith.addi %a, %one : i8
    %y = arith.select %low, %more, %limit : i8
    linalg.yield %y : i8
  } -> tensor<9x48xi8>
  %least = arith.constant 0 : i8
  %p = tensor.empty() : tensor<4x48xi8>
  %f = linalg.fill ins(%least : i8) outs(%p : tensor<4x48xi8>) -> tensor<4x48xi8>
  %w = tensor.empty() : tensor<3xi1>
  %max = linalg.generic {indexing_maps = [#window, #taps, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%table, %w : tensor<9x48xi8>, tensor<3xi1>) outs(%f : tensor<4x48xi8>) {
  ^bb0(%a: i8, %t: i1, %o: i8):
    %m = arith.maxui %a, %o : i8
    linalg.yield %m : i8
  } -> tensor<4x48xi8>
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%max : tensor<4x48xi8>) outs(%p : tensor<4x48xi8>) {
  ^bb0(%a: i8, %o: i8):
    %s = arith.constant 0.01 : f32
    %a0 = arith.extui %a : i8 to i32
    %a1 = arith.sitofp %a0 : i32 to f32
    %a2 = arith.mulf %a1, %s : f32
    %a3 = math.exp %a2 : f32
    %a4 = math.roundeven %a3 : f32
    %i = arith.fptosi %a4 : f32 to i32
    %t = arith.trunci %i : i32 to i8
    linalg.yield %t : i8
  } -> tensor<4x48xi8>
  %q = tensor.empty() : tensor<48x9xi8>
  %z = linalg.generic {indexing_maps = [#swap, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r : tensor<9x48xi8>) outs(%q : tensor<48x9xi8>) {
  ^bb0(%a: i8, %o: i8):
    linalg.yield %a : i8
  } -> tensor<48x9xi8>
  return %exp, %z : tensor<4x48xi8>, tensor<48x9xi8>
}
