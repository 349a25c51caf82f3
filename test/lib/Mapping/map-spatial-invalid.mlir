// RUN: aicc-opt %s --aicc-map-spatial --split-input-file --verify-diagnostics
// RUN: not aicc-opt %s --aicc-map-spatial=machine=systolic/none 2>&1 | FileCheck %s --check-prefix=MACHINE
// RUN: not aicc-opt %s --aicc-map-spatial=objective=beauty 2>&1 | FileCheck %s --check-prefix=OBJECTIVE
// RUN: not aicc-opt %s --aicc-refuse-lowering=family=systolic 2>&1 | FileCheck %s --check-prefix=REFUSED

// MACHINE: error: there is no machine 'systolic/none'
// OBJECTIVE: error: there is no objective 'beauty'; latency, energy, edp
// REFUSED: error: there is no code generation for 'systolic'; --emit=mapped and --emit=report price a model on it

func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error@+1 {{cannot be mapped: it has no layouts}}
  %0 = aicc.region ins(%x : tensor<8xf32>) {
  ^bb0(%a: tensor<8xf32>):
    aicc.yield %a : tensor<8xf32>
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
