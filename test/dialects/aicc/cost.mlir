// RUN: aicc-opt %s --split-input-file --verify-diagnostics | aicc-opt --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: #aicc.cost<cycles = 9, picojoules = 16, macs = 8, bytes = 0, compute = 8, items = {mac.f32 = ["operations", 8.000000e+00, 2.000000e+00]}>
module attributes {m.cost = #aicc.cost<cycles = 9, picojoules = 16, macs = 8, bytes = 0, compute = 8,
                                       items = {mac.f32 = ["operations", 8.0, 2.0]}>} {}
