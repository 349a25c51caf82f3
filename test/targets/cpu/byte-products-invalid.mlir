// RUN: aicc-opt --cpu-generate-loops --verify-diagnostics %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Instructions add products of bytes, not of floats.
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x16xf32> {
  %w = arith.constant dense<1.0> : tensor<8x16xf32>
  // expected-error@+1 {{cannot be generated: its reduction is no sum of products of bytes}}
  %0 = aicc.region ins(%x, %w : tensor<2x8xf32>, tensor<8x16xf32>) attributes {
      layouts = [#aicc.layout<offset = 0, strides = [8, 1]>,
                 #aicc.pack<dims = [1, 0, 1, 0], sizes = [1, 2, 16, 4], steps = [16, 4, 1, 1]>,
                 #aicc.layout<offset = 0, strides = [16, 1]>],
      mapping = #aicc.mapping<loops = [0 by 1, 1 by 16, 2 by 4, 2 by 1 on 1, 1 by 16, 1 by 1 on 0], parallel = 0, grain = 0>} {
  ^bb0(%a: tensor<2x8xf32>, %b: tensor<8x16xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<2x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x16xf32>) -> tensor<2x16xf32>
    %r = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<2x8xf32>, tensor<8x16xf32>) outs(%f : tensor<2x16xf32>) {
    ^bb0(%p: f32, %q: f32, %acc: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<2x16xf32>
    aicc.yield %r : tensor<2x16xf32>
  } -> tensor<2x16xf32>
  return %0 : tensor<2x16xf32>
}
