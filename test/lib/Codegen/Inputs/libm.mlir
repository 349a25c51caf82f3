// y = erf(x), which has no polynomial in f64.
module attributes {aicc.model = "m"} {
  func.func private @k(%x: memref<4xf64>, %y: memref<4xf64>, %begin: index, %end: index) attributes {aicc.kernel} {
    %c1 = arith.constant 1 : index
    scf.for %i = %begin to %end step %c1 {
      %0 = memref.load %x[%i] : memref<4xf64>
      %1 = math.erf %0 : f64
      memref.store %1, %y[%i] : memref<4xf64>
    }
    return
  }
  func.func @main(%x: memref<4xf64> {aicc.name = "x", aicc.dtype = "float64", aicc.shape = array<i64: 4>},
                  %y: memref<4xf64> {aicc.name = "y", aicc.dtype = "float64", aicc.shape = array<i64: 4>},
                  %arena: memref<0xi8>, %weights: memref<0xi8>)
      attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
    aicc.launch @k(%x, %y) trip 4 grain 0 : memref<4xf64>, memref<4xf64>
    return
  }
}
