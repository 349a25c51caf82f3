// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4},cpu-schedule{machine=x86_64_v4 objective=energy}))' -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4},cpu-schedule{machine=x86_64_v4 time-price=0.001}))' | FileCheck %s
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,cpu-map{machine=x86_64_v4},cpu-schedule{machine=x86_64_v4 objective=energy time-price=1000000}))' | FileCheck %s --check-prefix=DEAR
// RUN: aicc-opt %t.mlir --cpu-generate-loops | FileCheck %s --check-prefix=LOOPS

#x = affine_map<(n, c, h, w, i, j) -> (n, c, h + i, w + j)>
#k = affine_map<(n, c, h, w, i, j) -> (c, i, j)>
#y = affine_map<(n, c, h, w, i, j) -> (n, c, h, w)>

// The argument is copied, and the last result is the function's: those two run
// whole. Between them each image would leave the second cache; in turns a few
// of its rows are kept, the first region being a row ahead of the second.
// CHECK-LABEL: func.func @main
// CHECK: aicc.region {{.*}} attributes {aicc.alternatives
// CHECK-NOT: stripes
// CHECK: tensor.pad
// CHECK: stripes = #aicc.stripes<group = [[G:[0-9]+]], dim = 2, bounds = [0, 6, 10, {{.*}}, 112], kept = {{[1-9][0-9]*}}>
// CHECK: stripes = #aicc.stripes<group = [[G]], dim = 2, bounds = [0, 5, 9, {{.*}}, 112], kept = 0>
// CHECK-NOT: stripes
// CHECK: return

// Where time is dear, turns must be faster, whatever energy they save.
// DEAR-LABEL: func.func @main
// DEAR-NOT: stripes
// DEAR: return

// One stripe of each, then the rows that are wanted again move to the start,
// and the next stripes are the same kernels on windows further on.
// LOOPS-LABEL: func.func @main
// LOOPS: aicc.launch @[[A:k[0-9]+]]({{.*}}) trip {{[0-9]+}}
// LOOPS-NEXT: arith.constant
// LOOPS: aicc.launch @[[B:k[0-9]+]]({{.*}}) trip {{[0-9]+}}
// LOOPS: aicc.launch @[[MOVE:k[0-9]+]]({{.*}}) trip 2736
// LOOPS: aicc.launch @[[C:k[0-9]+]]({{.*}}) trip {{[0-9]+}}
// LOOPS: aicc.launch @[[C]]({{.*}}) trip {{[0-9]+}}
// LOOPS: aicc.launch @[[MOVE]]
// LOOPS: aicc.launch @[[C]]
// LOOPS: aicc.launch @[[C]]
// LOOPS: return
func.func @main(%in: tensor<1x96x112x112xf32>) -> tensor<1x96x112x112xf32> {
  %w0 = arith.constant dense_resource<w0> : tensor<96x3x3xf32>
  %w1 = arith.constant dense_resource<w1> : tensor<96x3x3xf32>
  %w2 = arith.constant dense_resource<w2> : tensor<96x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x96x112x112xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x96x112x112xf32>) -> tensor<1x96x112x112xf32>
  %p0 = tensor.pad %in low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x96x112x112xf32> to tensor<1x96x114x114xf32>
  %0 = linalg.generic {indexing_maps = [#x, #k, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p0, %w0 : tensor<1x96x114x114xf32>, tensor<96x3x3xf32>) outs(%f : tensor<1x96x112x112xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x96x112x112xf32>
  %p1 = tensor.pad %0 low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x96x112x112xf32> to tensor<1x96x114x114xf32>
  %1 = linalg.generic {indexing_maps = [#x, #k, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p1, %w1 : tensor<1x96x114x114xf32>, tensor<96x3x3xf32>) outs(%f : tensor<1x96x112x112xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x96x112x112xf32>
  %p2 = tensor.pad %1 low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x96x112x112xf32> to tensor<1x96x114x114xf32>
  %2 = linalg.generic {indexing_maps = [#x, #k, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p2, %w2 : tensor<1x96x114x114xf32>, tensor<96x3x3xf32>) outs(%f : tensor<1x96x112x112xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x96x112x112xf32>
  return %2 : tensor<1x96x112x112xf32>
}
