// RUN: aicc-opt %s --split-input-file --verify-diagnostics --onnx-fold-constants

func.func @reshape(%x: tensor<2x3xf32>) -> tensor<?x?xf32> {
  %t = onnx.Constant dense<[4, 2]> : tensor<2xi64>
  // expected-error @+1 {{cannot reshape 2x3 to 4x2}}
  %y = onnx.Reshape %x, %t : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @matmul(%a: tensor<2x3xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{inner dimensions differ: A is 2x3, B is 2x3}}
  %y = onnx.MatMul %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @gather(%x: tensor<2x3xf32>) -> tensor<3xf32> {
  %i = onnx.Constant dense<2> : tensor<i64>
  // expected-error @+1 {{index 2 is out of range for dimension 0 of 2x3}}
  %y = onnx.Gather %x, %i : (tensor<2x3xf32>, tensor<i64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<2xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{shapes do not broadcast: 2x3 and 2}}
  %z = onnx.Add %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// -----

func.func @conv_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<6x3x3x3xf32>) -> tensor<?x?x?x?xf32> {
  %none = onnx.NoValue : none
  // expected-error @+1 {{X, 1x4x8x8, and W, 6x3x3x3, do not fit group 2}}
  %y = onnx.Conv %x, %w, %none {group = 2 : i64} : (tensor<1x4x8x8xf32>, tensor<6x3x3x3xf32>, none) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// -----

func.func @negative_size() -> tensor<?xf32> {
  %s = onnx.Constant dense<-4> : tensor<1xi64>
  // expected-error @+1 {{dimension -4 of the shape is negative}}
  %y = onnx.ConstantOfShape %s : (tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @tile_overflow(%x: tensor<4xf32>) -> tensor<?xf32> {
  %r = onnx.Constant dense<9223372036854775807> : tensor<1xi64>
  // expected-error @+1 {{a dimension of the result is negative or too large}}
  %y = onnx.Tile %x, %r : (tensor<4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @growing_loop(%x: tensor<3xf32>, %m: tensor<i64>) -> tensor<?xf32> {
  %none = onnx.NoValue : none
  // expected-error @+1 {{loop-carried value 0 changes its shape from 3 to 6 in the loop's body}}
  %y = onnx.Loop %m, %none, %x : (tensor<i64>, none, tensor<3xf32>) -> tensor<?xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<?xf32>):
    %w = onnx.Concat %v, %v {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    onnx.Return %c, %w : tensor<i1>, tensor<?xf32>
  }
  return %y : tensor<?xf32>
}
