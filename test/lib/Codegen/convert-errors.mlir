// RUN: aicc-opt %s --aicc-convert-to-llvm --split-input-file --verify-diagnostics

// expected-error @below {{expected the entry to take inputs, outputs, the arena and the weights}}
func.func @main(%a: memref<4xf32>) attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
  return
}

// -----

// expected-error @below {{'aicc.num_inputs' to say how many of them are inputs}}
func.func @main(%a: memref<4xf32>, %arena: memref<0xi8>, %weights: memref<0xi8>) attributes {aicc.entry} {
  return
}

// -----

// expected-error @below {{expected the entry to have a body and no results}}
func.func @main(%a: memref<4xf32>, %arena: memref<0xi8>, %weights: memref<0xi8>) -> f32
    attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
  %0 = arith.constant 0.0 : f32
  return %0 : f32
}

// -----

func.func @main(%arena: memref<0xi8>, %weights: memref<0xi8>) attributes {aicc.entry, aicc.num_inputs = 0 : i64} {
  return
}
// expected-error @below {{expected one function with 'aicc.entry'}}
func.func @again(%arena: memref<0xi8>, %weights: memref<0xi8>) attributes {aicc.entry, aicc.num_inputs = 0 : i64} {
  return
}

// -----

func.func private @k(%begin: index, %end: index) {
  return
}
func.func @other() {
  // expected-error @below {{expected to be inside the function with 'aicc.entry'}}
  aicc.launch @k() trip 4 grain 1
  return
}
