// RUN: aicc-opt %s --onnx-lower-to-structured | FileCheck %s

// CHECK-DAG: #[[$COL:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG: #[[$ROW:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: func.func @relu
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<2x3xf32>
// CHECK: linalg.generic {indexing_maps = [#[[$ID]], #[[$ID]]], iterator_types = ["parallel", "parallel"]}
// CHECK-SAME: ins(%[[X]] : tensor<2x3xf32>) outs(%[[E]] : tensor<2x3xf32>)
// CHECK: %[[Z:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[C:.*]] = arith.cmpf ogt, %[[Z]], %[[IN:.*]] : f32
// CHECK: arith.select %[[C]], %[[Z]], %[[IN]] : f32
func.func @relu(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = onnx.Relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// Broadcasting is in the maps; a constant scalar is in the payload.
// CHECK-LABEL: func.func @broadcast
// CHECK: linalg.generic {indexing_maps = [#[[$COL]], #[[$ROW]], #[[$ID]]]
// CHECK: arith.addf
// CHECK: linalg.generic {indexing_maps = [#[[$ID]], #[[$ID]]]
// CHECK: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: arith.mulf %{{.*}}, %[[HALF]] : f32
func.func @broadcast(%x: tensor<2x1xf32>, %y: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = onnx.Add %x, %y : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = onnx.Constant dense<0.5> : tensor<f32>
  %2 = onnx.Mul %0, %1 : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// Half precision is computed in f32.
// CHECK-LABEL: func.func @half
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: math.exp %{{.*}} : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @half(%x: tensor<4xf16>) -> tensor<4xf16> {
  %0 = onnx.Exp %x : (tensor<4xf16>) -> tensor<4xf16>
  func.return %0 : tensor<4xf16>
}

// The division itself never sees 0 or -1.
// CHECK-LABEL: func.func @divide
// CHECK-SAME: tensor<4xi32>
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK: %[[BY0:.*]] = arith.cmpi eq, %[[Y:.*]], %[[ZERO]] : i32
// CHECK: %[[BYM1:.*]] = arith.cmpi eq, %[[Y]], %{{.*}} : i32
// CHECK: %[[SPECIAL:.*]] = arith.ori %[[BY0]], %[[BYM1]] : i1
// CHECK: %[[SAFE:.*]] = arith.select %[[SPECIAL]], %[[ONE]], %[[Y]] : i32
// CHECK: arith.divsi %{{.*}}, %[[SAFE]] : i32
func.func @divide(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
  %0 = onnx.Div %x, %y : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %0 : tensor<4xi32>
}

// Unsigned types become signless; the operations know.
// CHECK-LABEL: func.func @unsigned
// CHECK-SAME: tensor<4xi8>, %{{.*}}: tensor<4xi8>) -> tensor<4xi1>
// CHECK: arith.cmpi ult
func.func @unsigned(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xi1> {
  %0 = onnx.Less %x, %y : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xi1>
  func.return %0 : tensor<4xi1>
}

// Casts of floats out of range saturate, NaN gives 0.
// CHECK-LABEL: func.func @saturate
// CHECK: %[[TOP:.*]] = arith.constant 1.280000e+02 : f32
// CHECK: arith.cmpf oge, %{{.*}}, %[[TOP]] : f32
// CHECK: arith.fptosi
// CHECK: arith.cmpf uno
func.func @saturate(%x: tensor<4xf32>) -> tensor<4xi8> {
  %0 = onnx.Cast %x {to = 3 : i64} : (tensor<4xf32>) -> tensor<4xi8>
  func.return %0 : tensor<4xi8>
}

// CHECK-LABEL: func.func @clip
// CHECK: arith.constant 6.000000e+00 : f32
// CHECK: arith.cmpf ogt
// CHECK: arith.select
// CHECK: arith.cmpf olt
// CHECK: arith.select
// CHECK-NOT: maximumf
func.func @clip(%x: tensor<4xf32>) -> tensor<4xf32> {
  %lo = onnx.Constant dense<0.0> : tensor<f32>
  %hi = onnx.Constant dense<6.0> : tensor<f32>
  %0 = onnx.Clip %x, %lo, %hi : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @square
// CHECK: arith.mulf %[[IN:.*]], %[[IN]] : f32
// CHECK-NOT: powf
func.func @square(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %0 = onnx.Pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}
