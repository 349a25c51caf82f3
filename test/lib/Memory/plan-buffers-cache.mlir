// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers{innermost-cache=32768,8,64}))' | FileCheck %s
// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers))' | FileCheck %s --check-prefix=PLAIN
// RUN: not aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-plan-buffers{innermost-cache=32768,8}))' 2>&1 | FileCheck %s --check-prefix=ERROR

#x = affine_map<(n, c, h, w, i, j) -> (n, c, h + i, w + j)>
#w = affine_map<(n, c, h, w, i, j) -> (c, i, j)>
#y = affine_map<(n, c, h, w, i, j) -> (n, c, h, w)>

// The argument is copied with channels innermost into its padding. Pixels of
// 2048 bytes would share two sets of the cache: each has a gap of a line.
// ERROR: expected bytes, ways and bytes of a line of the innermost cache, all above 0, found 32768, 8
// CHECK-LABEL: func.func @conflicts
// CHECK-SAME: aicc.innermost_cache = array<i64: 32768, 8, 64>
// CHECK: aicc.region {{.*}}aicc.copy_order = array<i64: 0, 2, 3, 1>
// CHECK-SAME: #aicc.layout<offset = 0, strides = [{{[0-9]+}}, 1, 8448, 528]>
// CHECK: aicc.region
// CHECK-SAME: layouts = [#aicc.layout<offset = 0, strides = [{{[0-9]+}}, 1, 8448, 528]>
// PLAIN-LABEL: func.func @conflicts
// PLAIN: #aicc.layout<offset = 0, strides = [{{[0-9]+}}, 1, 8192, 512]>
func.func @conflicts(%in: tensor<1x512x14x14xf32>) -> tensor<1x512x14x14xf32> {
  %w = arith.constant dense_resource<w> : tensor<512x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x512x14x14xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x512x14x14xf32>) -> tensor<1x512x14x14xf32>
  %pad = tensor.pad %in low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x512x14x14xf32> to tensor<1x512x16x16xf32>
  %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%pad, %w : tensor<1x512x16x16xf32>, tensor<512x3x3xf32>) outs(%f : tensor<1x512x14x14xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x512x14x14xf32>
  return %0 : tensor<1x512x14x14xf32>
}

// 96 channels: sixteen sets, room for every window.
// CHECK-LABEL: func.func @apart
// CHECK: #aicc.layout<offset = 0, strides = [{{[0-9]+}}, 1, 1536, 96]>
func.func @apart(%in: tensor<1x96x14x14xf32>) -> tensor<1x96x14x14xf32> {
  %w = arith.constant dense_resource<w> : tensor<96x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x96x14x14xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x96x14x14xf32>) -> tensor<1x96x14x14xf32>
  %pad = tensor.pad %in low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x96x14x14xf32> to tensor<1x96x16x16xf32>
  %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%pad, %w : tensor<1x96x16x16xf32>, tensor<96x3x3xf32>) outs(%f : tensor<1x96x14x14xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x96x14x14xf32>
  return %0 : tensor<1x96x14x14xf32>
}
