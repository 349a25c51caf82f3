// RUN: aicc-opt %s --aicc-form-regions --aicc-plan-buffers | FileCheck %s

#x = affine_map<(n, o, h, w, c, i, j) -> (n, c, h + i, w + j)>
#w = affine_map<(n, o, h, w, c, i, j) -> (o, c, i, j)>
#y = affine_map<(n, o, h, w, c, i, j) -> (n, o, h, w)>
#id = affine_map<(n, o, h, w) -> (n, o, h, w)>
#id2 = affine_map<(m, n) -> (m, n)>

// The first convolution writes channels innermost, straight into the padded
// buffer of the second (6x6 around its 4x4); the result of the function is
// row-major.
// CHECK-LABEL: func.func @padded
// CHECK: aicc.region
// CHECK-SAME: layouts = [#aicc.layout<offset = 0, strides = [72, 36, 6, 1]>, #aicc.pack<dims = [0, 1, 2, 3], sizes = [8, 2, 3, 3], steps = [1, 1, 1, 1]>, #aicc.layout<offset = 0, strides = [288, 1, 48, 8]>]
// CHECK: tensor.pad
// CHECK-NOT: aicc.copy_order
// CHECK: aicc.region
// CHECK-SAME: layouts = [#aicc.layout<offset = 0, strides = [288, 1, 48, 8]>, #aicc.pack<{{.*}}>, #aicc.layout<offset = 0, strides = [128, 16, 4, 1]>]
// CHECK: return
func.func @padded(%in: tensor<1x2x6x6xf32>) -> tensor<1x8x4x4xf32> {
  %w0 = arith.constant dense_resource<w0> : tensor<8x2x3x3xf32>
  %w1 = arith.constant dense_resource<w1> : tensor<8x8x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x8x4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%in, %w0 : tensor<1x2x6x6xf32>, tensor<8x2x3x3xf32>) outs(%f : tensor<1x8x4x4xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x8x4x4xf32>
  %pad = tensor.pad %0 low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x8x4x4xf32> to tensor<1x8x6x6xf32>
  %1 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%pad, %w1 : tensor<1x8x6x6xf32>, tensor<8x8x3x3xf32>) outs(%f : tensor<1x8x4x4xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x8x4x4xf32>
  return %1 : tensor<1x8x4x4xf32>
}

// Parts of a concatenation are written into it; an argument is copied.
// CHECK-LABEL: func.func @concat
// CHECK: %[[A:.*]] = aicc.region ins(%{{.*}} : tensor<2x3xf32>) attributes {layouts = [#aicc.layout<offset = 0, strides = [3, 1]>, #aicc.layout<offset = 0, strides = [6, 1]>]}
// CHECK: %[[B:.*]] = aicc.region ins(%{{.*}} : tensor<2x3xf32>) attributes {aicc.copy_order = array<i64: 0, 1>, layouts = [#aicc.layout<offset = 0, strides = [3, 1]>, #aicc.layout<offset = 3, strides = [6, 1]>]}
// CHECK: tensor.concat dim(1) %[[A]], %[[B]]
func.func @concat(%x: tensor<2x3xf32>) -> tensor<2x6xf32> {
  %e = tensor.empty() : tensor<2x3xf32>
  %0 = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.negf %p : f32
    linalg.yield %s : f32
  } -> tensor<2x3xf32>
  %1 = tensor.concat dim(1) %0, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
  return %1 : tensor<2x6xf32>
}

// A reshape of channels-innermost storage needs its elements in order.
// CHECK-LABEL: func.func @reshape
// CHECK: aicc.region
// CHECK: aicc.region
// CHECK-SAME: aicc.copy_order
// CHECK: tensor.collapse_shape
func.func @reshape(%in: tensor<1x2x6x6xf32>) -> tensor<1x128xf32> {
  %w0 = arith.constant dense_resource<w0> : tensor<8x2x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x8x4x4xf32>
  %e1 = tensor.empty() : tensor<1x128xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%in, %w0 : tensor<1x2x6x6xf32>, tensor<8x2x3x3xf32>) outs(%f : tensor<1x8x4x4xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x8x4x4xf32>
  %1 = tensor.collapse_shape %0 [[0], [1, 2, 3]] : tensor<1x8x4x4xf32> into tensor<1x128xf32>
  %2 = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%1 : tensor<1x128xf32>) outs(%e1 : tensor<1x128xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.negf %p : f32
    linalg.yield %s : f32
  } -> tensor<1x128xf32>
  return %2 : tensor<1x128xf32>
}
