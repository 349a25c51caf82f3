// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers{summed-innermost=true}))' | FileCheck %s
// RUN: aicc %s --target=systolic/gemmini16 --from=structured --mcpu=x86-64-v3 --emit=loops -o - | FileCheck %s --check-prefix=LOOPS

// Two images of 20 channels, each for itself, with windows of three positions. Channels lie
// innermost in what is read and written, between copies of the argument and the result.

#x = affine_map<(n, c, o, k) -> (n, c, o + k)>
#w = affine_map<(n, c, o, k) -> (c, k)>
#y = affine_map<(n, c, o, k) -> (n, c, o)>

// CHECK: aicc.region
// CHECK-SAME: layouts = [#aicc.layout<offset = 0, strides = [160, 8, 1]>, #aicc.layout<offset = 0, strides = [160, 1, 20]>]
// CHECK: aicc.region
// CHECK-SAME: layouts = [#aicc.layout<offset = 0, strides = [160, 1, 20]>, #aicc.pack<{{.*}}>, #aicc.layout<offset = 0, strides = [120, 1, 20]>]
// CHECK: aicc.region
// CHECK-SAME: layouts = [#aicc.layout<offset = 0, strides = [120, 1, 20]>, #aicc.layout<offset = 0, strides = [120, 6, 1]>]

// Diagonal matrices of 16 channels and of the rest, one for each position of the window.
// LOOPS: systolic.program @p0
// LOOPS: systolic.execute.weights from sp[{{[0-9]+}}] k 16 n 16 diagonal
// LOOPS: systolic.execute.multiply a sp[{{[0-9]+}}] c acc[{{[0-9]+}}] rows {{[0-9]+}}, {{[0-9]+}} k 16
// LOOPS: systolic.execute.weights from sp[{{[0-9]+}}] k 16 n 16 diagonal
// LOOPS: systolic.execute.multiply a sp[{{[0-9]+}}] c acc[{{[0-9]+}}]+ rows {{[0-9]+}}, {{[0-9]+}} k 16
// LOOPS: systolic.execute.weights from sp[{{[0-9]+}}] k 4 n 4 diagonal
// LOOPS: systolic.execute.multiply {{.*}} k 4
func.func @main(%x: tensor<2x20x8xi8> {aicc.name = "x", aicc.dtype = "int8"}) -> (tensor<2x20x6xi32> {aicc.name = "y", aicc.dtype = "int32"}) {
  %w = arith.constant dense_resource<w> : tensor<20x3xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x20x6xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<2x20x6xi32>) -> tensor<2x20x6xi32>
  %s = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<2x20x8xi8>, tensor<20x3xi8>) outs(%f : tensor<2x20x6xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %p = arith.extsi %a : i8 to i32
    %q = arith.extsi %b : i8 to i32
    %m = arith.muli %p, %q : i32
    %r = arith.addi %o, %m : i32
    linalg.yield %r : i32
  } -> tensor<2x20x6xi32>
  return %s : tensor<2x20x6xi32>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x40000000010203040506070102030405060701020304050607010203040506070102030405060701020304050607010203040506070102030405060701020304"
    }
  }
#-}
