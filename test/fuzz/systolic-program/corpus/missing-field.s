.machine rows=2 cols=3 scratchpad_rows=100 weight_rows=20 accumulator_rows=30 queue_depth=2 dram_bytes_per_256_cycles=2000 dram_access_bytes=4 dram_is_shared=1 dataflows=3 clock_khz=1000000
.entry "prÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿ columns=1ÿÿÿÿÿÿÿÿÿÿÿ‘duct" segments=4
load.config channel=0 segment=0 stride0=2
load.config channel=1 segment=1 wide=1 stride0=-4
load.in channel=0 to=sp[0] rows=4x2 columns=2
load.in channel=0 offset=1 to=wm[3] rows=3x1 columns=3 signal=execute
load.in channel=1 offset=8 to=acc[5] rows=3x1 columns=3 signal=store
execute.config a_stride0=1 a_stride1=2 c_stride1=2
execute.weights from=wm[3] k=2 n=3 wait=load
execute.multiply a=sp[0]; c=acc[0] rows=2x2 k=2
execute.weights from=sp[0] k=2 n=2
execute.multiply a=sp[1] c=acc[0]+ rows=3x1 k=1 signal=store
store.config segment=2 stride0=7
store.quantize scales=acc[5] zero=3 low=-128 high=127 divide=1 bias=1 biases=6 wait=load
store.place stride1=2 block=1 keep_stride1=2 scale_block=1
store.out offset=3 from=acc[0] rows=3x1 columns=5 wait=execute
store.keep to=sp[50] from=acc[0] rows=2x2 columns=3
store.quantize raw=1
store.out offset=0 from=acc[1] rows=1x1 columns=3
halt
