// RUN: aicc-opt %s --pass-pipeline='builtin.module(systolic.program(systolic-roll-loops))' | FileCheck %s
// RUN: aicc-opt %s --pass-pipeline='builtin.module(systolic.program(systolic-roll-loops),systolic-embed-programs)' | FileCheck %s --check-prefix=EMBEDDED

// EMBEDDED: aicc.device_program = array<i8: 65, 83, 89, 80, 2, 0,

// CHECK-LABEL: systolic.program @loads
// CHECK-NEXT: systolic.load.config
// CHECK-NEXT: systolic.loop count 4 length 2
// CHECK-NEXT: systolic.step level 0 a 16 b 64
// CHECK-NEXT: systolic.load.in channel 0 offset 0 to sp[0] rows 16, 1 columns 16
// CHECK-NEXT: systolic.fence
// CHECK-NEXT: }
systolic.program @loads segments 1 {
  systolic.load.config channel 0 segment 0 strides 16, 0
  systolic.load.in channel 0 offset 0 to sp[0] rows 16, 1 columns 16
  systolic.load.in channel 0 offset 16 to sp[64] rows 16, 1 columns 16
  systolic.load.in channel 0 offset 32 to sp[128] rows 16, 1 columns 16
  systolic.load.in channel 0 offset 48 to sp[192] rows 16, 1 columns 16
  systolic.fence
}

// The inner loop goes back where it started.
// CHECK-LABEL: systolic.program @nested
// CHECK-NEXT: systolic.loop count 3 length 7
// CHECK-NEXT: systolic.load.fill channel 0 to acc[0] rows 4, 1
// CHECK-NEXT: systolic.loop count 4 length 4
// CHECK-NEXT: systolic.step level 0 a 0 b 16
// CHECK-NEXT: systolic.step level 1 a 0 b -48
// CHECK-NEXT: systolic.execute.weights from sp[0] k 16 n 16
// CHECK-NEXT: systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
// CHECK-NEXT: systolic.fence
// CHECK-NEXT: }
systolic.program @nested segments 0 {
  systolic.load.fill channel 0 to acc[0] rows 4, 1
  systolic.execute.weights from sp[0] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[16] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[32] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[48] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.fence
  systolic.load.fill channel 0 to acc[0] rows 4, 1
  systolic.execute.weights from sp[0] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[16] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[32] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[48] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.fence
  systolic.load.fill channel 0 to acc[0] rows 4, 1
  systolic.execute.weights from sp[0] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[16] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[32] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.execute.weights from sp[48] k 16 n 16
  systolic.execute.multiply a sp[512] c acc[0]+ rows 4, 1 k 16
  systolic.fence
}

// Loops stay as they are.
// CHECK-LABEL: systolic.program @loops
// CHECK-NEXT: systolic.loop count 2 length 4
// CHECK-COUNT-4: systolic.fence
// CHECK-NEXT: }
systolic.program @loops segments 0 {
  systolic.loop count 2 length 4
  systolic.fence
  systolic.fence
  systolic.fence
  systolic.fence
}
