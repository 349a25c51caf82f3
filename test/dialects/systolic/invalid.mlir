// RUN: aicc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expected 0 to 256 segments, found 300}}
systolic.program @segments segments 300 {}

// -----

systolic.program @others segments 0 {
  // expected-error@+1 {{expected an instruction of the dialect 'systolic' in a program}}
  "builtin.unrealized_conversion_cast"() : () -> ()
}

// -----

systolic.program @columns segments 1 {
  // expected-error@+1 {{field 'columns' expected 1 to 65535, found 70000}}
  systolic.load.in channel 0 offset 0 to sp[0] rows 1, 1 columns 70000
}

// -----

systolic.program @rows segments 1 {
  // expected-error@+1 {{field 'rows0' expected 1 to 65535, found 0}}
  systolic.load.fill channel 0 to sp[0] rows 0, 1
}

// -----

systolic.program @channel segments 1 {
  // expected-error@+1 {{field 'channel' expected 0 to 3, found 4}}
  systolic.load.place channel 4 stride 0 block 0
}

// -----

systolic.program @stride segments 1 {
  // expected-error@+1 {{field 'stride0' expected -2147483648 to 2147483647, found 2147483648}}
  systolic.store.config segment 0 strides 2147483648, 0
}

// -----

systolic.program @own segments 1 {
  // expected-error@+1 {{field 'waits' expected other units, found mask 1}}
  systolic.load.place channel 0 stride 0 block 0 wait [load]
}

// -----

systolic.program @memory segments 1 {
  // expected-error@+1 {{field 'a' names a memory that it cannot}}
  systolic.execute.multiply a acc[0] c acc[0] rows 1, 1 k 1
}

// -----

systolic.program @accumulate segments 1 {
  // expected-error@+1 {{field 'from' names a memory that it cannot}}
  systolic.store.out offset 0 from acc[0]+ rows 1, 1 columns 1
}

// -----

systolic.program @space segments 1 {
  // expected-error@+1 {{expected sp, wm or acc, found mem}}
  systolic.vector.table from mem[0]
}

// -----

systolic.program @row segments 1 {
  // expected-error@+1 {{row 16777216 is no row of a memory}}
  systolic.vector.table from sp[16777216]
}

// -----

systolic.program @unit segments 1 {
  // expected-error@+1 {{expected a unit, found dma}}
  systolic.vector.table from sp[0] wait [dma]
}

// -----

// expected-error@+1 {{expects parent op 'systolic.program'}}
systolic.fence
