// What the toy machine (test/targets/toy) can run: y = a + b.
#id = affine_map<(i) -> (i)>
#a = loc("head/sum"(fused<{op_type = "Add", index = 0 : i64, opset = 13 : i64}>["add.onnx":1:0]))
module attributes {aicc.stage = "structured", aicc.model = "add"} {
  func.func @main(%a: tensor<4xf32> {aicc.name = "a", aicc.dtype = "float32"},
                  %b: tensor<4xf32> {aicc.name = "b", aicc.dtype = "float32"})
      -> (tensor<4xf32> {aicc.name = "y", aicc.dtype = "float32"}) {
    %e = tensor.empty() : tensor<4xf32> loc(#a)
    %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %r = arith.addf %x, %y : f32 loc(#a)
      linalg.yield %r : f32 loc(#a)
    } -> tensor<4xf32> loc(#a)
    return %s : tensor<4xf32>
  }
}
