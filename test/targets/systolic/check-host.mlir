// RUN: aicc-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(func.func(systolic-check-host))'

#id = affine_map<(i) -> (i)>

// Nothing is on the array.
// expected-error@+1 {{nothing of the model runs on the array of systolic/gemmini16, which multiplies bytes: give a quantised model, or pass --quantize=int8 --calibration=DIR; the first group stays with the host because for a test}}
func.func @nothing(%x: tensor<64xf32>) -> tensor<64xf32> {
  %h = aicc.region ins(%x : tensor<64xf32>) attributes {aicc.placement = "host: for a test; not priced", layouts = [
      #aicc.layout<offset = 0, strides = [1]>, #aicc.layout<offset = 0, strides = [1]>]} {
  ^bb0(%y: tensor<64xf32>):
    %e = tensor.empty() : tensor<64xf32>
    %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%y : tensor<64xf32>) outs(%e : tensor<64xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
    } -> tensor<64xf32>
    aicc.yield %1 : tensor<64xf32>
  } -> tensor<64xf32>
  return %h : tensor<64xf32>
}
