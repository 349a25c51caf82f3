// RUN: aicc-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(aicc-form-regions,systolic-split-groups))' | FileCheck %s

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>

// Behind the first bytes: what adds the residual is a group of its own.
// CHECK-LABEL: func.func @residual
// CHECK: %[[BYTES:.*]] = aicc.region ins(%{{.*}}, %{{.*}} : tensor<8x32xi8>, tensor<32x24xi8>)
// CHECK: arith.muli
// CHECK: arith.trunci
// CHECK: aicc.yield %{{.*}} : tensor<8x24xi8>
// CHECK: aicc.region ins(%{{.*}}, %[[BYTES]] : tensor<8x24xi8>, tensor<8x24xi8>)
// CHECK-NOT: arith.muli
// CHECK: arith.addi
func.func @residual(%x: tensor<8x32xi8>, %w: tensor<32x24xi8>, %r: tensor<8x24xi8>) -> tensor<8x24xi8> {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<8x24xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<8x24xi32>) -> tensor<8x24xi32>
  %s = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x32xi8>, tensor<32x24xi8>) outs(%f : tensor<8x24xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %p = arith.extsi %a : i8 to i32
    %q = arith.extsi %b : i8 to i32
    %m = arith.muli %p, %q : i32
    %t = arith.addi %o, %m : i32
    linalg.yield %t : i32
  } -> tensor<8x24xi32>
  %e8 = tensor.empty() : tensor<8x24xi8>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<8x24xi32>) outs(%e8 : tensor<8x24xi8>) {
  ^bb0(%a: i32, %o: i8):
    %b = arith.trunci %a : i32 to i8
    linalg.yield %b : i8
  } -> tensor<8x24xi8>
  %z = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %r : tensor<8x24xi8>, tensor<8x24xi8>) outs(%e8 : tensor<8x24xi8>) {
  ^bb0(%a: i8, %b: i8, %o: i8):
    %c = arith.addi %a, %b : i8
    linalg.yield %c : i8
  } -> tensor<8x24xi8>
  return %z : tensor<8x24xi8>
}

// -----

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>

// Behind the sums where real numbers follow.
// CHECK-LABEL: func.func @real
// CHECK: %[[SUMS:.*]] = aicc.region
// CHECK: aicc.yield %{{.*}} : tensor<8x24xi32>
// CHECK: aicc.region ins(%[[SUMS]] : tensor<8x24xi32>)
// CHECK: arith.sitofp
func.func @real(%x: tensor<8x32xi8>, %w: tensor<32x24xi8>) -> tensor<8x24xf32> {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<8x24xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<8x24xi32>) -> tensor<8x24xi32>
  %s = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x32xi8>, tensor<32x24xi8>) outs(%f : tensor<8x24xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %p = arith.extsi %a : i8 to i32
    %q = arith.extsi %b : i8 to i32
    %m = arith.muli %p, %q : i32
    %t = arith.addi %o, %m : i32
    linalg.yield %t : i32
  } -> tensor<8x24xi32>
  %ef = tensor.empty() : tensor<8x24xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<8x24xi32>) outs(%ef : tensor<8x24xf32>) {
  ^bb0(%a: i32, %o: f32):
    %b = arith.sitofp %a : i32 to f32
    linalg.yield %b : f32
  } -> tensor<8x24xf32>
  return %y : tensor<8x24xf32>
}

// -----

#id = affine_map<(m, n) -> (m, n)>
#rows = affine_map<(m, n, k) -> (m * 2 + k, n)>
#taps = affine_map<(m, n, k) -> (k)>
#out = affine_map<(m, n, k) -> (m, n)>

// Behind a maximum, and behind what joins two tensors; the function of one tensor that is left is a table.
// CHECK-LABEL: func.func @pool
// CHECK: %[[MAX:.*]] = aicc.region ins(%{{.*}} : tensor<8x24xi8>)
// CHECK: arith.maxsi
// CHECK: aicc.yield
// CHECK: %[[SUM:.*]] = aicc.region ins(%{{.*}}, %{{.*}} : tensor<4x24xi8>, tensor<4x24xi8>)
// CHECK: arith.addi
// CHECK: aicc.yield
// CHECK: aicc.region ins(%{{.*}} : tensor<4x24xi8>)
// CHECK: arith.minsi
// CHECK: arith.subi
// CHECK: return
func.func @pool(%x: tensor<8x24xi8>, %r: tensor<4x24xi8>) -> tensor<4x24xi8> {
  %least = arith.constant -128 : i8
  %limit = arith.constant 100 : i8
  %e = tensor.empty() : tensor<4x24xi8>
  %w = tensor.empty() : tensor<2xi1>
  %f = linalg.fill ins(%least : i8) outs(%e : tensor<4x24xi8>) -> tensor<4x24xi8>
  %m = linalg.generic {indexing_maps = [#rows, #taps, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x24xi8>, tensor<2xi1>) outs(%f : tensor<4x24xi8>) {
  ^bb0(%a: i8, %t: i1, %o: i8):
    %s = arith.maxsi %a, %o : i8
    linalg.yield %s : i8
  } -> tensor<4x24xi8>
  %j = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %r : tensor<4x24xi8>, tensor<4x24xi8>) outs(%e : tensor<4x24xi8>) {
  ^bb0(%a: i8, %b: i8, %o: i8):
    %s = arith.addi %a, %b : i8
    linalg.yield %s : i8
  } -> tensor<4x24xi8>
  %c = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%j : tensor<4x24xi8>) outs(%e : tensor<4x24xi8>) {
  ^bb0(%a: i8, %o: i8):
    %s = arith.minsi %a, %limit : i8
    linalg.yield %s : i8
  } -> tensor<4x24xi8>
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c : tensor<4x24xi8>) outs(%e : tensor<4x24xi8>) {
  ^bb0(%a: i8, %o: i8):
    %s = arith.subi %limit, %a : i8
    linalg.yield %s : i8
  } -> tensor<4x24xi8>
  return %d : tensor<4x24xi8>
}
