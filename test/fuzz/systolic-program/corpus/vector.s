.machine rows=2 cols=3 scratchpad_rows=100 weight_rows=20 accumulator_rows=30 queue_depth=2 dram_bytes_per_256_cycles=1000 dram_access_bytes=4 dram_is_shared=1 dataflows=3 clock_khz=1000000
.entry "sums" segments=1
load.config fill=7
load.fill to=sp[0] rows=90x1
load.fill to=acc[0] rows=9x1
load.place stride1=3
load.fill to=acc[10] rows=2x3
fence
execute.config a_stride0=1
execute.outer a=sp[0] b=sp[8] rows=3x1 clear=1
execute.flush c=acc[0]+ m=2 n=2
halt
.entry "sums \"again\"" segments=1
load.config fill=0xff
load.fill to=sp[0] rows=90x1
load.fill to=acc[0] rows=9x1
fence
execute.config a_stride0=1
execute.outer a=sp[0] b=sp[8] rows=3x2 clear=1
execute.outer a=sp[3] b=sp[9] rows=2x1
execute.flush c=acc[0]+ m=2 n=2 signal=vector
vector.table from=sp[0] wait=execute
vector.config from_stride0=1 to_stride0=1 from_stride1=2 to_stride1=2
vector.parameter scale=0.5 zero=-3
vector.map to=sp[1] from=sp[2] rows=2x2
vector.max to=sp[3] from=sp[2] rows=2x2
vector.copy to=sp[3] from=sp[5] rows=2x1
vector.sum to=acc[0] from=sp[2] rows=2x1
vector.real to=acc[2] from=sp[5] rows=2x1
vector.addf to=acc[3] from=acc[2] rows=2x1
vector.mulf to=acc[3] from=acc[2] rows=2x1 signal=store
store.config segment=0 stride0=4
store.quantize scales=acc[2] real=1 flip=1 low=0 high=255 wait=vector
store.out from=acc[3] rows=2x1 columns=2
halt
