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

// -----

systolic.program @level segments 0 {
  systolic.loop count 2 length 2
  // expected-error@+1 {{field 'level' expected 0 to 3, found 4}}
  systolic.step level 4 a 0 b 0
  systolic.vector.table from sp[0]
}

// -----

systolic.program @count segments 0 {
  // expected-error@+1 {{field 'count' expected 0 to 4294967295, found -1}}
  systolic.loop count -1 length 1
  systolic.fence
}

// -----

systolic.program @never segments 0 {
  // expected-error@+1 {{count is 0, expected at least 1}}
  systolic.loop count 0 length 1
  systolic.fence
}

// -----

systolic.program @long segments 0 {
  // expected-error@+1 {{length is 1025, expected 1 to 1024}}
  systolic.loop count 2 length 1025
  systolic.fence
}

// -----

systolic.program @behind segments 0 {
  systolic.fence
  // expected-error@+1 {{its body ends behind the halt}}
  systolic.loop count 2 length 2
  systolic.fence
}

// -----

systolic.program @outside segments 0 {
  systolic.loop count 2 length 2
  // expected-error@+1 {{its body ends behind that of the loop around it}}
  systolic.loop count 2 length 2
  systolic.fence
  systolic.fence
}

// -----

systolic.program @deep segments 0 {
  systolic.loop count 2 length 5
  systolic.loop count 2 length 4
  systolic.loop count 2 length 3
  systolic.loop count 2 length 2
  // expected-error@+1 {{is in 4 loops, expected at most 3}}
  systolic.loop count 2 length 1
  systolic.fence
}

// -----

systolic.program @no_loop segments 0 {
  // expected-error@+1 {{level is 0, and it is in 0 loops}}
  systolic.step level 0 a 1 b 0
  systolic.vector.table from sp[0]
}

// -----

systolic.program @nothing_steps segments 0 {
  systolic.loop count 2 length 2
  // expected-error@+1 {{expected an instruction of a unit after it, in the same loop}}
  systolic.step level 0 a 1 b 0
  systolic.fence
}
