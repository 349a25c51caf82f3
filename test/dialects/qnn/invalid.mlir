// RUN: aicc-opt %s --split-input-file --verify-diagnostics

func.func @type(%x: tensor<1x4x8xi16>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of 8-bit signless integer or 8-bit unsigned integer values}}
  %0 = qnn.conv %x, %w : (tensor<1x4x8xi16>, tensor<6x4x3xi8>) -> tensor<1x6x6xi32>
  return
}

// -----

func.func @rank(%x: tensor<1x4xi8>, %w: tensor<6x4xi8>) {
  // expected-error @+1 {{expected x of N x C x spatial and w of the same rank, found 'tensor<1x4xi8>' and 'tensor<6x4xi8>'}}
  %0 = qnn.conv %x, %w : (tensor<1x4xi8>, tensor<6x4xi8>) -> tensor<1x6xi32>
  return
}

// -----

func.func @group(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{expected channels that fit the group, found 4 and 6 x 4 in 2 groups}}
  %0 = qnn.conv %x, %w {group = 2 : i64} : (tensor<1x4x8xi8>, tensor<6x4x3xi8>) -> tensor<1x6x6xi32>
  return
}

// -----

func.func @shape(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{expected a result of shape 1x6x8, found 1x6x6}}
  %0 = qnn.conv %x, %w {pads = array<i64: 1, 1>} : (tensor<1x4x8xi8>, tensor<6x4x3xi8>) -> tensor<1x6x6xi32>
  return
}

// -----

func.func @pads(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{expected 2 values of pads, found 1}}
  %0 = qnn.conv %x, %w {pads = array<i64: 1>} : (tensor<1x4x8xi8>, tensor<6x4x3xi8>) -> tensor<1x6x8xi32>
  return
}

// -----

func.func @strides(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{expected strides of at least 1, found 0}}
  %0 = qnn.conv %x, %w {strides = array<i64: 0>} : (tensor<1x4x8xi8>, tensor<6x4x3xi8>) -> tensor<1x6x6xi32>
  return
}

// -----

func.func @window(%x: tensor<1x4x2xi8>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{expected a padded input of at least 3 in dimension 2, found 2}}
  %0 = qnn.conv %x, %w : (tensor<1x4x2xi8>, tensor<6x4x3xi8>) -> tensor<1x6x1xi32>
  return
}

// -----

func.func @bias(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>, %b: tensor<4xi32>) {
  // expected-error @+1 {{expected a bias of shape 6, found 'tensor<4xi32>'}}
  %0 = qnn.conv %x, %w, %b : (tensor<1x4x8xi8>, tensor<6x4x3xi8>, tensor<4xi32>) -> tensor<1x6x6xi32>
  return
}

// -----

func.func @zero_point(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{expected x_zero_point in [-128, 127], found 128}}
  %0 = qnn.conv %x, %w {x_zero_point = 128 : i64} : (tensor<1x4x8xi8>, tensor<6x4x3xi8>) -> tensor<1x6x6xi32>
  return
}

// -----

func.func @zero_points(%x: tensor<1x4x8xi8>, %w: tensor<6x4x3xi8>) {
  // expected-error @+1 {{expected 1 or 6 values of w_zero_points, found 2}}
  %0 = qnn.conv %x, %w {w_zero_points = array<i64: 1, 2>} : (tensor<1x4x8xi8>, tensor<6x4x3xi8>) -> tensor<1x6x6xi32>
  return
}

// -----

func.func @matrices(%a: tensor<4xi8>, %b: tensor<4x3xi8>) {
  // expected-error @+1 {{expected matrices or stacks of them, found 'tensor<4xi8>' and 'tensor<4x3xi8>'}}
  %0 = qnn.matmul %a, %b : (tensor<4xi8>, tensor<4x3xi8>) -> tensor<3xi32>
  return
}

// -----

func.func @inner(%a: tensor<2x5xi8>, %b: tensor<4x3xi8>) {
  // expected-error @+1 {{expected inner dimensions that are equal, found 5 and 4}}
  %0 = qnn.matmul %a, %b : (tensor<2x5xi8>, tensor<4x3xi8>) -> tensor<2x3xi32>
  return
}

// -----

func.func @stacks(%a: tensor<2x2x4xi8>, %b: tensor<3x4x3xi8>) {
  // expected-error @+1 {{expected stacks that broadcast, found 'tensor<2x2x4xi8>' and 'tensor<3x4x3xi8>'}}
  %0 = qnn.matmul %a, %b : (tensor<2x2x4xi8>, tensor<3x4x3xi8>) -> tensor<2x2x3xi32>
  return
}

// -----

func.func @broadcast(%a: tensor<2x4xi8>, %b: tensor<3xi8>) {
  // expected-error @+1 {{expected shapes that broadcast, found 'tensor<2x4xi8>' and 'tensor<3xi8>'}}
  %0 = qnn.mul %a, %b : (tensor<2x4xi8>, tensor<3xi8>) -> tensor<2x4xi32>
  return
}

// -----

func.func @kernel(%x: tensor<1x4x8x8xui8>) {
  // expected-error @+1 {{expected 2 values of kernel, found 1}}
  %0 = qnn.sum_pool %x {kernel = array<i64: 8>} : (tensor<1x4x8x8xui8>) -> tensor<1x4x1x8xi32>
  return
}

// -----

func.func @scales(%x: tensor<2x3xi32>) {
  // expected-error @+1 {{expected 1 or 3 scales, found 2}}
  %0 = qnn.requantize %x {axis = 1 : i64, scales = array<f32: 1.0, 2.0>} : (tensor<2x3xi32>) -> tensor<2x3xi8>
  return
}

// -----

func.func @axis(%x: tensor<2x3xi32>) {
  // expected-error @+1 {{expected an axis in [0, 2), found 2}}
  %0 = qnn.requantize %x {axis = 2 : i64, scales = array<f32: 1.0, 2.0>} : (tensor<2x3xi32>) -> tensor<2x3xi8>
  return
}

// -----

func.func @scale(%x: tensor<2x3xi32>) {
  // expected-error @+1 {{expected scales in (0, 1e30], found 0}}
  %0 = qnn.requantize %x {scales = array<f32: 0.0>} : (tensor<2x3xi32>) -> tensor<2x3xi8>
  return
}

// -----

func.func @bounds(%x: tensor<2x3xi32>) {
  // expected-error @+1 {{expected low <= high in [0, 255], found -1 and 255}}
  %0 = qnn.requantize %x {low = -1 : i64, scales = array<f32: 1.0>} : (tensor<2x3xi32>) -> tensor<2x3xui8>
  return
}

// -----

func.func @add_scale(%x: tensor<2x3xi8>) {
  // expected-error @+1 {{expected b_scale in (0, 1e30], found -1}}
  %0 = qnn.add %x, %x {a_scale = 1.0 : f32, b_scale = -1.0 : f32} : (tensor<2x3xi8>, tensor<2x3xi8>) -> tensor<2x3xi8>
  return
}

// -----

func.func @table(%x: tensor<2x3xi8>) {
  // expected-error @+1 {{expected a table of type 'tensor<256xi8>', found 'tensor<256xi16>'}}
  %0 = qnn.lookup %x {table = dense<1> : tensor<256xi16>} : (tensor<2x3xi8>) -> tensor<2x3xi8>
  return
}
