// RUN: aicc-opt %s --pass-pipeline='builtin.module(func.func(aicc-approximate-math))' | FileCheck %s

// CHECK-LABEL: func.func @single
// CHECK-NOT: math.exp
// CHECK: math.fma {{.*}} : vector<16xf32>
func.func @single(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// Scalars too, and functions without an f32 polynomial go through f64.
// CHECK-LABEL: func.func @scalar
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK-NOT: math.sin
// CHECK: arith.truncf %{{.*}} : f64 to f32
func.func @scalar(%x: f32) -> f32 {
  %0 = math.sin %x : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @half
// CHECK: arith.shli %{{.*}} : vector<16xi32>
// CHECK-NOT: math.tanh
// CHECK: arith.shrui %{{.*}} : vector<16xi32>
// CHECK: arith.bitcast %{{.*}} : vector<16xi16> to vector<16xbf16>
func.func @half(%x: vector<16xbf16>) -> vector<16xbf16> {
  %0 = math.tanh %x : vector<16xbf16>
  return %0 : vector<16xbf16>
}

// CHECK-LABEL: func.func @rsqrt
// CHECK: %[[ROOT:.*]] = math.sqrt
// CHECK: arith.divf %{{.*}}, %[[ROOT]]
func.func @rsqrt(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.rsqrt %x : vector<8xf64>
  return %0 : vector<8xf64>
}

// What libm is still needed for.
// CHECK-LABEL: func.func @libm
// CHECK: math.erf %{{.*}} : f64
func.func @libm(%x: f64) -> f64 {
  %0 = math.erf %x : f64
  return %0 : f64
}
