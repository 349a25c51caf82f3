// RUN: aicc-opt %s --split-input-file --verify-diagnostics --systolic-embed-programs | FileCheck %s

// CHECK: module attributes {aicc.device_family = "systolic", aicc.device_program = array<i8: 65, 83, 89, 80,
// CHECK-NOT: systolic.program
// CHECK: aicc.offload @q entry 1
module {
  systolic.program @p segments 0 {
    systolic.fence
  }
  systolic.program @q segments 1 {
    systolic.fence
  }
  func.func @main(%x: memref<16xi8>) {
    aicc.offload @q entry 0 (%x) writes [0] : memref<16xi8>
    return
  }
}

// -----

module {
  systolic.program @p segments 0 {
    systolic.fence
  }
  func.func @main(%x: memref<16xi8>) {
    // expected-error@+1 {{expected a systolic.program of the name r, found none}}
    aicc.offload @r entry 0 (%x) writes [0] : memref<16xi8>
    return
  }
}
