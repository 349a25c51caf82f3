// RUN: aicc-opt --cpu-generate-loops --verify-diagnostics %s

// The kernels of this family have one loop for each dimension.
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error@+1 {{cannot be generated: the mapping is not one loop for each dimension around a register tile}}
  %0 = aicc.region ins(%x : tensor<8xf32>) attributes {
      layouts = [#aicc.layout<offset = 0, strides = [1]>, #aicc.layout<offset = 0, strides = [1]>],
      mapping = #aicc.mapping<loops = [0 by 4, 0 by 1], parallel = 0, grain = 0>} {
  ^bb0(%a: tensor<8xf32>):
    %e = tensor.empty() : tensor<8xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                         iterator_types = ["parallel"]} ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%p: f32, %q: f32):
      %s = arith.addf %p, %p : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    aicc.yield %r : tensor<8xf32>
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
