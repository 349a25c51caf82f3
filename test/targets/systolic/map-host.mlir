// RUN: aicc-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(func.func(aicc-form-regions,aicc-plan-buffers,systolic-map-host))' | FileCheck %s

#id = affine_map<(i) -> (i)>

// Nothing is on the array.
// expected-error@+1 {{nothing of the model runs on the array of systolic/gemmini16, which multiplies bytes: give a quantised model, or pass --quantize=int8 --calibration=DIR}}
func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<64xf32>
  return %0 : tensor<64xf32>
}

// -----

#id = affine_map<(i) -> (i)>

// The rest of a model whose first region the array runs is mapped to the host, priced in the
// array's cycles.
// CHECK: aicc.region
// CHECK-SAME: machine = "gemmini16"
// CHECK: aicc.region
// CHECK-SAME: aicc.placement = "host: "
// CHECK-SAME: machine = "x86_64_v2"
func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
  %0 = aicc.region ins(%x : tensor<64xf32>) attributes {machine = "gemmini16"} {
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
  %e = tensor.empty() : tensor<64xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%0 : tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<64xf32>
  return %2 : tensor<64xf32>
}
