// RUN: aicc-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics

// expected-error@+1 {{expected the item 'dram.read' to be [unit, count : f64, picojoules : f64], found ["bytes", 4]}}
"test.op"() {c = #aicc.cost<cycles = 1, picojoules = 1, macs = 1, bytes = 4, compute = 0, items = {dram.read = ["bytes", 4]}>} : () -> ()

// -----

// expected-error@+1 {{expected the item 'dram.read' to be [unit, count : f64, picojoules : f64], found ["bits", 4.000000e+00, 1.000000e+00]}}
"test.op"() {c = #aicc.cost<cycles = 1, picojoules = 1, macs = 1, bytes = 4, compute = 0, items = {dram.read = ["bits", 4.0, 1.0]}>} : () -> ()
