// RUN: aicc-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(func.func(cpu-map-host))' | FileCheck %s

#id = affine_map<(i) -> (i)>

func.func @no_layouts(%x: tensor<64xf32>) -> tensor<64xf32> {
  %d = aicc.region ins(%x : tensor<64xf32>) attributes {machine = "gemmini16", layouts = [
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
  // expected-error@+1 {{cannot be mapped: it has no layouts}}
  %h = aicc.region ins(%d : tensor<64xf32>) attributes {aicc.placement = "host: for a test; not priced"} {
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


// -----

#id = affine_map<(i) -> (i)>

// What the device computes is copied once, from its outermost memory to the host's; what the host computes and
// returns stays there.
// CHECK-LABEL: func.func @rest
// CHECK: aicc.region
// CHECK-SAME: machine = "gemmini16"
// CHECK: aicc.region
// CHECK-SAME: aicc.placement = "host: for a test"
// CHECK-SAME: cost = #aicc.cost<
// CHECK-SAME: cpu.dram.write = ["bytes", 2.560000e+02,
// CHECK-SAME: , dram.read = ["bytes", 2.560000e+02, 6.400000e+01]}>
// CHECK-SAME: machine = "x86_64_v2"
func.func @rest(%x: tensor<64xf32>) -> tensor<64xf32> {
  %d = aicc.region ins(%x : tensor<64xf32>) attributes {machine = "gemmini16", layouts = [
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
  %h = aicc.region ins(%d : tensor<64xf32>) attributes {aicc.placement = "host: for a test; not priced", layouts = [
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
