// RUN: aicc-opt %s --split-input-file --verify-diagnostics --cpu-generate-loops

// Two elementwise regions of 8 rows between copies of the argument and to the
// result: the second reads what the first writes.

#id = affine_map<(h, c) -> (h, c)>
#layout = #aicc.layout<offset = 0, strides = [16, 1]>
#mapping = #aicc.mapping<loops = [0 by 16, 0 by 16, 0 by 1 on 0], parallel = 1, grain = 0>

func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = aicc.region ins(%x : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  // expected-error@+1 {{cannot run in stripes: stripe 0 reads rows that are written after it}}
  %1 = aicc.region ins(%0 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 2, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %2 = aicc.region ins(%1 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %3 = aicc.region ins(%2 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}

// -----

#id = affine_map<(h, c) -> (h, c)>
#layout = #aicc.layout<offset = 0, strides = [16, 1]>
#mapping = #aicc.mapping<loops = [0 by 16, 0 by 16, 0 by 1 on 0], parallel = 1, grain = 0>

func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = aicc.region ins(%x : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  // expected-error@+1 {{cannot run in stripes: expected 1 stripes, as the others of its group have, up to row 8, found 2 up to row 8}}
  %1 = aicc.region ins(%0 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %2 = aicc.region ins(%1 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %3 = aicc.region ins(%2 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}

// -----

#id = affine_map<(h, c) -> (h, c)>
#layout = #aicc.layout<offset = 0, strides = [16, 1]>
#mapping = #aicc.mapping<loops = [0 by 16, 0 by 16, 0 by 1 on 0], parallel = 1, grain = 0>

func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = aicc.region ins(%x : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  // expected-error@+1 {{cannot run in stripes: expected 1 stripes, as the others of its group have, up to row 8, found 1 up to row 9}}
  %1 = aicc.region ins(%0 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 9], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %2 = aicc.region ins(%1 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %3 = aicc.region ins(%2 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}

// -----

#id = affine_map<(h, c) -> (h, c)>
#layout = #aicc.layout<offset = 0, strides = [16, 1]>
#mapping = #aicc.mapping<loops = [0 by 16, 0 by 16, 0 by 1 on 0], parallel = 1, grain = 0>

func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = aicc.region ins(%x : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  // expected-error@+1 {{cannot run in stripes: expected 64 elements to be kept, found 32}}
  %1 = aicc.region ins(%0 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 8], kept = 32>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %2 = aicc.region ins(%1 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %3 = aicc.region ins(%2 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}

// -----

#id = affine_map<(h, c) -> (h, c)>
#layout = #aicc.layout<offset = 0, strides = [16, 1]>
#mapping = #aicc.mapping<loops = [0 by 16, 0 by 16, 0 by 1 on 0], parallel = 1, grain = 0>

func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = aicc.region ins(%x : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  // expected-error@+1 {{cannot run in stripes: its result has no rows to be cut between}}
  %1 = aicc.region ins(%0 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 7, bounds = [0, 4, 8], kept = 64>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %2 = aicc.region ins(%1 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %3 = aicc.region ins(%2 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}

// -----

#id = affine_map<(h, c) -> (h, c)>
#layout = #aicc.layout<offset = 0, strides = [16, 1]>
#mapping = #aicc.mapping<loops = [0 by 16, 0 by 16, 0 by 1 on 0], parallel = 1, grain = 0>

func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // expected-error@+1 {{cannot run in stripes: an operand that has rows is not a buffer of the arena}}
  %0 = aicc.region ins(%x : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 3, dim = 0, bounds = [0, 4, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %1 = aicc.region ins(%0 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 8], kept = 64>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %2 = aicc.region ins(%1 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping, stripes = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 8], kept = 0>} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  %3 = aicc.region ins(%2 : tensor<8x16xf32>) attributes {layouts = [#layout, #layout], mapping = #mapping} {
  ^bb0(%a: tensor<8x16xf32>):
    %e = tensor.empty() : tensor<8x16xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
    ^bb0(%p: f32, %o: f32):
      %n = arith.negf %p : f32
      linalg.yield %n : f32
    } -> tensor<8x16xf32>
    aicc.yield %r : tensor<8x16xf32>
  } -> tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}
