// RUN: aicc-opt %s | aicc-opt | FileCheck %s

// CHECK-LABEL: systolic.program @all segments 3
systolic.program @all segments 3 {
  // CHECK: systolic.load.config channel 0 segment 1 strides 64, -3584 fill 128 flip
  systolic.load.config channel 0 segment 1 strides 64, -3584 fill 128 flip
  // CHECK: systolic.load.config channel 2 segment 1 strides 0, 0 wide
  systolic.load.config channel 2 segment 1 strides 0, 0 wide
  // CHECK: systolic.load.place channel 0 stride 58 block 580
  systolic.load.place channel 0 stride 58 block 580
  // CHECK: systolic.load.in channel 0 offset 128 to sp[0] rows 56, 3 columns 64 wait [execute] signal [execute, vector]
  systolic.load.in channel 0 offset 128 to sp[0] rows 56, 3 columns 64 wait [execute] signal [execute, vector]
  // CHECK: systolic.load.fill channel 0 to acc[7] rows 58, 1
  systolic.load.fill channel 0 to acc[7] rows 58, 1
  // CHECK: systolic.execute.config a 2, 116 c 28
  systolic.execute.config a 2, 116 c 28
  // CHECK: systolic.execute.weights from wm[512] k 16 n 16 wait [load]
  systolic.execute.weights from wm[512] k 16 n 16 wait [load]
  // CHECK: systolic.execute.multiply a sp[0] c acc[0]+ rows 28, 8 k 16
  systolic.execute.multiply a sp[0] c acc[0]+ rows 28, 8 k 16
  // CHECK: systolic.execute.outer a sp[0] b sp[64] rows 64, 1 clear
  systolic.execute.outer a sp[0] b sp[64] rows 64, 1 clear
  // CHECK: systolic.execute.flush c acc[0] m 16 n 16 signal [store]
  systolic.execute.flush c acc[0] m 16 n 16 signal [store]
  // CHECK: systolic.store.config segment 2 strides 64, 3584
  systolic.store.config segment 2 strides 64, 3584
  // CHECK: systolic.store.place stride 28 block 448 keep 30 scales 2
  systolic.store.place stride 28 block 448 keep 30 scales 2
  // CHECK: systolic.store.quantize scales acc[1020] zero -3 range -128, 127 biases acc[1021] real divide
  systolic.store.quantize scales acc[1020] zero -3 range -128, 127 biases acc[1021] real divide
  // CHECK: systolic.store.quantize scales acc[0] zero 0 range 0, 0 raw flip
  systolic.store.quantize scales acc[0] zero 0 range 0, 0 raw flip
  // CHECK: systolic.store.out offset 0 from acc[0] rows 28, 8 columns 64 wait [execute]
  systolic.store.out offset 0 from acc[0] rows 28, 8 columns 64 wait [execute]
  // CHECK: systolic.store.keep to sp[256] from acc[0] rows 28, 8 columns 16
  systolic.store.keep to sp[256] from acc[0] rows 28, 8 columns 16
  // CHECK: systolic.fence
  systolic.fence
  // CHECK: systolic.loop count 3 length 3
  systolic.loop count 3 length 3
  // CHECK: systolic.step level 0 a 16 b -1
  systolic.step level 0 a 16 b -1
  // CHECK: systolic.load.in
  systolic.load.in channel 0 offset 128 to sp[64] rows 1, 1 columns 64
  // CHECK: systolic.fence
  systolic.fence
  // CHECK: systolic.vector.config from 2, 112 to 1, 28
  systolic.vector.config from 2, 112 to 1, 28
  // CHECK: systolic.vector.parameter scale 5.000000e-01 zero 12
  systolic.vector.parameter scale 5.000000e-01 zero 12
  // CHECK: systolic.vector.table from sp[0]
  systolic.vector.table from sp[0]
  // CHECK: systolic.vector.map to sp[64] from sp[0] rows 28, 28
  systolic.vector.map to sp[64] from sp[0] rows 28, 28
  // CHECK: systolic.vector.max to sp[64] from sp[0] rows 28, 28
  systolic.vector.max to sp[64] from sp[0] rows 28, 28
  // CHECK: systolic.vector.sum to acc[64] from sp[0] rows 28, 28
  systolic.vector.sum to acc[64] from sp[0] rows 28, 28
  // CHECK: systolic.vector.real to acc[64] from sp[0] rows 28, 28
  systolic.vector.real to acc[64] from sp[0] rows 28, 28
  // CHECK: systolic.vector.addf to acc[64] from acc[0] rows 28, 28
  systolic.vector.addf to acc[64] from acc[0] rows 28, 28
  // CHECK: systolic.vector.mulf to acc[64] from acc[0] rows 28, 28
  systolic.vector.mulf to acc[64] from acc[0] rows 28, 28
  // CHECK: systolic.vector.copy to sp[64] from sp[0] rows 28, 28
  systolic.vector.copy to sp[64] from sp[0] rows 28, 28
}
