.machine rows=2 cols=3 scratchpad_rows=100 weight_rows=20 accumulator_rows=30 queue_depth=2 dram_bytes_per_256_cycles=1000 dram_access_bytes=4 dram_is_shared=1 dataflows=3 clock_khz=1000000
.entry "loop" segments=3
load.config channel=0 segment=0 stride0=1
load.fill channel=0 to=wm[0] rows=4x1 signal=execute
load.fill channel=0 to=acc[0] rows=8x1 signal=execute
execute.config a_stride0=1 wait=load
execute.config a_stride0=1 wait=load
store.config segment=2 stride0=3
store.quantize raw=1
loop count=2 length=14
loop count=3 length=10
step level=0 a=1 b=2
step level=1 a=-1 b=2
load.in channel=0 offset=0 to=sp[0] rows=2x1 columns=2 signal=execute
step level=0 b=1
step level=1 b=-2
execute.weights from=wm[0] k=2 n=3
step level=0 a=2
step level=1 a=2 b=2
execute.multiply a=sp[0] c=acc[0]+ rows=2x1 k=2 wait=load signal=store
store.place wait=execute
step level=0 a=24 b=2
store.out offset=0 from=acc[0] rows=2x1 columns=3
fence
halt
