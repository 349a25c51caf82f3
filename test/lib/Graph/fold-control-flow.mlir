// RUN: aicc-opt %s --onnx-fold-constants | FileCheck %s

// CHECK-LABEL: func.func @if_constant
// CHECK-NOT: onnx.If
// CHECK: %[[Y:.*]] = onnx.Relu %arg0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %[[Z:.*]] = onnx.Neg %[[Y]] : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: return %[[Z]]
func.func @if_constant(%x: tensor<2x3xf32>) -> tensor<?x?xf32> {
  %s = onnx.Shape %x {end = 1 : i64} : (tensor<2x3xf32>) -> tensor<1xi64>
  %two = onnx.Constant dense<2> : tensor<1xi64>
  %c = onnx.Equal %s, %two : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi1>
  %y = onnx.If %c : (tensor<1xi1>) -> tensor<?x?xf32> {
    %a = onnx.Relu %x : (tensor<2x3xf32>) -> tensor<?x?xf32>
    onnx.Return %a : tensor<?x?xf32>
  }, {
    %s2 = onnx.Shape %x : (tensor<2x3xf32>) -> tensor<2xi64>
    %b = onnx.Reshape %x, %s2 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
    onnx.Return %b : tensor<?x?xf32>
  }
  %z = onnx.Neg %y : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %z : tensor<?x?xf32>
}

// Both branches are folded and give the result's shape.
// CHECK-LABEL: func.func @if_dynamic
// CHECK-SAME: -> tensor<6xf32>
// CHECK: onnx.If %arg1 : (tensor<i1>) -> tensor<6xf32>
func.func @if_dynamic(%x: tensor<2x3xf32>, %c: tensor<i1>) -> tensor<?xf32> {
  %n = onnx.Size %x : (tensor<2x3xf32>) -> tensor<i64>
  %axes = onnx.Constant dense<0> : tensor<1xi64>
  %y = onnx.If %c : (tensor<i1>) -> tensor<?xf32> {
    %t = onnx.Unsqueeze %n, %axes : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
    %a = onnx.Reshape %x, %t : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<?xf32>
    onnx.Return %a : tensor<?xf32>
  }, {
    %m = onnx.Constant dense<-1> : tensor<1xi64>
    %b = onnx.Reshape %x, %m : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<?xf32>
    onnx.Return %b : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}

// CHECK-LABEL: func.func @loop_never
// CHECK-NOT: onnx.Loop
// CHECK: %[[E:.*]] = onnx.Constant dense<> : tensor<0x3xf32>
// CHECK: return %arg0, %[[E]]
func.func @loop_never(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<?x3xf32>) {
  %zero = onnx.Constant dense<0> : tensor<i64>
  %none = onnx.NoValue : none
  %y, %s = onnx.Loop %zero, %none, %x : (tensor<i64>, none, tensor<3xf32>) -> (tensor<3xf32>, tensor<?x3xf32>) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<3xf32>):
    %w = onnx.Neg %v : (tensor<3xf32>) -> tensor<3xf32>
    onnx.Return %c, %w, %w : tensor<i1>, tensor<3xf32>, tensor<3xf32>
  }
  return %y, %s : tensor<3xf32>, tensor<?x3xf32>
}

// The carried value's shape is its initial value's; with a known number of
// trips, scan outputs are static too.
// CHECK-LABEL: func.func @loop_types
// CHECK-SAME: -> (tensor<3xf32>, tensor<4x3xf32>)
// CHECK: ^bb0(%{{.*}}: tensor<i64>, %{{.*}}: tensor<i1>, %{{.*}}: tensor<3xf32>):
func.func @loop_types(%x: tensor<3xf32>) -> (tensor<?xf32>, tensor<?x?xf32>) {
  %four = onnx.Constant dense<4> : tensor<i64>
  %true = onnx.Constant dense<true> : tensor<i1>
  %y, %s = onnx.Loop %four, %true, %x : (tensor<i64>, tensor<i1>, tensor<3xf32>) -> (tensor<?xf32>, tensor<?x?xf32>) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<?xf32>):
    %w = onnx.Neg %v : (tensor<?xf32>) -> tensor<?xf32>
    onnx.Return %c, %w, %w : tensor<i1>, tensor<?xf32>, tensor<?xf32>
  }
  return %y, %s : tensor<?xf32>, tensor<?x?xf32>
}

// A branch that does not fit these shapes may never be taken: no error.
// CHECK-LABEL: func.func @if_branch_for_other_shapes
// CHECK: onnx.If
// CHECK: onnx.Reshape %arg0, %{{.*}} : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<?xf32>
func.func @if_branch_for_other_shapes(%x: tensor<2x3xf32>, %c: tensor<i1>) -> tensor<?xf32> {
  %seven = onnx.Constant dense<7> : tensor<i64>
  %axes = onnx.Constant dense<0> : tensor<1xi64>
  %y = onnx.If %c : (tensor<i1>) -> tensor<?xf32> {
    %t = onnx.Unsqueeze %seven, %axes : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
    %a = onnx.Reshape %x, %t : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<?xf32>
    onnx.Return %a : tensor<?xf32>
  }, {
    %m = onnx.Constant dense<-1> : tensor<1xi64>
    %b = onnx.Reshape %x, %m : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<?xf32>
    onnx.Return %b : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}
