// RUN: aicc-opt %s --split-input-file --verify-diagnostics --aicc-plan-buffers

func.func @unknown(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{no buffer is planned for 'tensor.generate'}}
  %0 = tensor.generate {
  ^bb0(%i: index):
    %c = arith.constant 0.0 : f32
    tensor.yield %c : f32
  } : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @unwritten() -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error@+1 {{reads a tensor that nothing wrote}}
  %0 = aicc.region ins(%e : tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
