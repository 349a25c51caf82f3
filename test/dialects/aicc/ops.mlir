// RUN: aicc-opt %s | aicc-opt | FileCheck %s

// CHECK-LABEL: func.func @region
// CHECK: aicc.region ins(%{{.*}} : tensor<4xf32>) attributes {
// CHECK-SAME: layouts = [#aicc.layout<offset = 0, strides = [1]>, #aicc.layout<offset = 2, strides = [4]>]
// CHECK-SAME: mapping = #aicc.mapping<loops = [0 by 4, 0 by 2, 0 by 1 on 0], parallel = 1, grain = 2>
// CHECK: aicc.yield %{{.*}} : tensor<4xf32>
// CHECK-NEXT: -> tensor<4xf32>
func.func @region(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = aicc.region ins(%x : tensor<4xf32>) attributes {
      layouts = [#aicc.layout<offset = 0, strides = [1]>, #aicc.layout<offset = 2, strides = [4]>],
      mapping = #aicc.mapping<loops = [0 by 4, 0 by 2, 0 by 1 on 0], parallel = 1, grain = 2>,
      cost = #aicc.cost<cycles = 1, picojoules = 2, macs = 3, bytes = 4, compute = 0>} {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @scalar
// CHECK: mapping = #aicc.mapping<loops = [], parallel = 0, grain = 0>
func.func @scalar(%x: tensor<f32>) -> tensor<f32> {
  %0 = aicc.region ins(%x : tensor<f32>) attributes {
      mapping = #aicc.mapping<loops = [], parallel = 0, grain = 0>} {
  ^bb0(%a: tensor<f32>):
    aicc.yield %a : tensor<f32>
  } -> tensor<f32>
  return %0 : tensor<f32>
}

// CHECK-LABEL: func.func @residence
// CHECK: mapping = #aicc.mapping<loops = [0 by 2, 0 by 1 on 0], parallel = 0, grain = 0, residence = {{\[\[}}1, -1, 0], [-1, 0, 0]]>
func.func @residence(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = aicc.region ins(%x : tensor<4xf32>) attributes {
      mapping = #aicc.mapping<loops = [0 by 2, 0 by 1 on 0], parallel = 0, grain = 0,
                              residence = [[1, -1, 0], [-1, 0, 0]]>} {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK: aicc.weight @w0 at 64 pack <dims = [0, 1, 0], sizes = [1, 2, 4], steps = [4, 1, 1]> = dense<1.000000e+00> : tensor<3x2xf32>
aicc.weight @w0 at 64 pack <dims = [0, 1, 0], sizes = [1, 2, 4], steps = [4, 1, 1]> = dense<1.0> : tensor<3x2xf32>

func.func private @k0(%a: memref<4xf32>, %begin: index, %end: index) {
  return
}

// CHECK-LABEL: func.func @launch
// CHECK: aicc.launch @k0(%{{.*}}) trip 8 grain 2 : memref<4xf32>
func.func @launch(%a: memref<4xf32>) {
  aicc.launch @k0(%a) trip 8 grain 2 : memref<4xf32>
  return
}
