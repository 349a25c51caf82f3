// y = x * x + x in bf16.
module attributes {aicc.model = "m"} {
  func.func private @k(%x: memref<64xbf16>, %y: memref<64xbf16>, %begin: index, %end: index) attributes {aicc.kernel} {
    %c16 = arith.constant 16 : index
    scf.for %i = %begin to %end step %c16 {
      %0 = vector.load %x[%i] : memref<64xbf16>, vector<16xbf16>
      %1 = arith.mulf %0, %0 : vector<16xbf16>
      %2 = arith.addf %1, %0 : vector<16xbf16>
      vector.store %2, %y[%i] : memref<64xbf16>, vector<16xbf16>
    }
    return
  }
  func.func @main(%x: memref<64xbf16> {aicc.name = "x", aicc.dtype = "bfloat16", aicc.shape = array<i64: 64>},
                  %y: memref<64xbf16> {aicc.name = "y", aicc.dtype = "bfloat16", aicc.shape = array<i64: 64>},
                  %arena: memref<0xi8>, %weights: memref<0xi8>)
      attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
    aicc.launch @k(%x, %y) trip 64 grain 0 : memref<64xbf16>, memref<64xbf16>
    return
  }
}
