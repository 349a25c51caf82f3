// RUN: aicc-opt %s --aicc-lower-to-llvm | FileCheck %s

// The prefix is the model's name as a C identifier.
module attributes {aicc.model = "2-nets"} {
  // CHECK: llvm.func internal @m_2_nets_launch(%[[INV:.*]]: !llvm.ptr, %[[BODY:.*]]: !llvm.ptr, %[[ARGS:.*]]: !llvm.ptr, %[[TRIP:.*]]: i64, %[[GRAIN:.*]]: i64)
  // CHECK: %[[FOR:.*]] = llvm.load
  // CHECK: llvm.icmp "eq" %[[FOR]]
  // CHECK: llvm.call %[[BODY]](%[[ARGS]], %{{.*}}, %[[TRIP]])
  // CHECK: %[[POOL:.*]] = llvm.load
  // CHECK: llvm.call %[[FOR]](%[[POOL]], %[[BODY]], %[[ARGS]], %[[TRIP]], %[[GRAIN]])

  // CHECK: llvm.func hidden @m_2_nets_kernel(
  // CHECK-SAME: !llvm.ptr {llvm.dereferenceable = 256 : i64, llvm.noalias, llvm.nonnull}
  // CHECK-SAME: !llvm.ptr {llvm.dereferenceable = 256 : i64, llvm.nonnull}
  // CHECK-SAME: f32
  func.func private @kernel(%a: memref<64xf32> {aicc.noalias}, %b: memref<64xf32>, %s: f32,
                            %begin: index, %end: index) attributes {aicc.kernel} {
    %c1 = arith.constant 1 : index
    scf.for %i = %begin to %end step %c1 {
      %0 = memref.load %a[%i] : memref<64xf32>
      %1 = arith.mulf %0, %s : f32
      memref.store %1, %b[%i] : memref<64xf32>
    }
    return
  }
  // CHECK: llvm.func hidden @m_2_nets_kernel.body(%[[PTRS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
  // CHECK: %[[BITS:.*]] = llvm.ptrtoint
  // CHECK: %[[LOW:.*]] = llvm.trunc %[[BITS]]
  // CHECK: %[[SCALAR:.*]] = llvm.bitcast %[[LOW]] : i32 to f32
  // CHECK: llvm.call @m_2_nets_kernel(%{{.*}}, %{{.*}}, %[[SCALAR]], %[[BEGIN]], %[[END]])

  // CHECK: llvm.func hidden @m_2_nets_main(
  // CHECK-SAME: %[[INVOCATION:[a-z0-9]+]]: !llvm.ptr) attributes
  func.func @main(%x: memref<64xf32> {aicc.name = "x", aicc.dtype = "float32", aicc.shape = array<i64: 64>},
                  %y: memref<64xf32> {aicc.name = "y", aicc.dtype = "float32", aicc.shape = array<i64: 64>},
                  %arena: memref<256xi8>, %weights: memref<0xi8>)
      attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
    %c0 = arith.constant 0 : index
    %s = arith.constant 2.0 : f32
    %t = memref.view %arena[%c0][] : memref<256xi8> to memref<64xf32>
    // CHECK: %[[ARRAY:.*]] = llvm.alloca
    // CHECK: llvm.call @m_2_nets_kernel({{.*}}) : (!llvm.ptr, !llvm.ptr, f32, i64, i64) -> ()
    aicc.launch @kernel(%x, %t, %s) trip 64 grain 0 : memref<64xf32>, memref<64xf32>, f32
    // CHECK: %[[ADDRESS:.*]] = llvm.mlir.addressof @m_2_nets_kernel.body
    // CHECK: llvm.call @m_2_nets_launch(%[[INVOCATION]], %[[ADDRESS]], %[[ARRAY]],
    aicc.launch @kernel(%t, %y, %s) trip 64 grain 8 : memref<64xf32>, memref<64xf32>, f32
    // Nothing to do.
    // CHECK-NOT: llvm.call
    aicc.launch @kernel(%t, %y, %s) trip 0 grain 8 : memref<64xf32>, memref<64xf32>, f32
    // CHECK: llvm.return
    return
  }
  // CHECK: llvm.func @m_2_nets_invoke(%[[ARG:.*]]: !llvm.ptr) -> i32
  // CHECK: llvm.call @m_2_nets_main({{.*}}, %[[ARG]])
}
