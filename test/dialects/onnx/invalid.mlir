// RUN: aicc-opt %s --split-input-file --verify-diagnostics

func.func @element_type(%x: tensor<2xi32>) {
  // expected-error @+1 {{'onnx.Conv' op operand #0 must be tensor(bfloat16) or tensor(double) or tensor(float) or tensor(float16), but got 'tensor<2xi32>'}}
  %0 = "onnx.Conv"(%x, %x, %x) : (tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @type_variable(%x: tensor<2xf32>, %y: tensor<2xf64>) {
  // expected-error @+1 {{expected 'B' to have the element type of 'A', 'f32', found 'f64'}}
  %0 = onnx.Add %x, %y : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return
}

// -----

func.func @absent_but_required(%x: tensor<2xf32>) {
  %none = onnx.NoValue : none
  // expected-error @+1 {{operand #1 must be}}
  %0 = onnx.Add %x, %none : (tensor<2xf32>, none) -> tensor<2xf32>
  return
}

// -----

func.func @variadic_minimum() {
  // expected-error @+1 {{expected at least 1 operands for 'inputs', found 0}}
  %0 = onnx.Concat {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @required_attribute(%x: tensor<2xf32>) {
  // expected-error @+1 {{requires attribute 'axis'}}
  %0 = onnx.Concat %x : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @branch_outputs(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error @+1 {{expected 1 outputs of sub-graph 'else_branch', found 2}}
  %0 = onnx.If %c : (tensor<i1>) -> tensor<2xf32> {
    onnx.Return %x : tensor<2xf32>
  }, {
    onnx.Return %x, %x : tensor<2xf32>, tensor<2xf32>
  }
  return
}

// -----

func.func @loop_inputs(%c: tensor<i1>, %x: tensor<2xf32>) {
  %none = onnx.NoValue : none
  // expected-error @+1 {{expected 3 inputs of sub-graph 'body', found 2}}
  %0 = onnx.Loop %none, %c, %x : (none, tensor<i1>, tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%i: tensor<i64>, %cond: tensor<i1>):
    onnx.Return %cond, %x : tensor<i1>, tensor<2xf32>
  }
  return
}

// -----

func.func @terminator(%c: tensor<i1>) {
  // expected-error @+1 {{expected its sub-graphs to end in 'onnx.Return'}}
  %0 = "onnx.If"(%c) ({
    llvm.unreachable
  }, {
    onnx.Return
  }) : (tensor<i1>) -> tensor<2xf32>
  return
}
