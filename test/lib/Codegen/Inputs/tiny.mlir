// y = exp(-relu(W x + b)): 128 inputs, 64 outputs, W all 0.5 and b all -1.
module attributes {aicc.model = "tiny-net", aicc.arena_bytes = 256 : i64, aicc.weight_bytes = 33024 : i64} {
  aicc.weight @w at 0 pack <dims = [1, 0], sizes = [128, 64], steps = [1, 1]> = dense<0.5> : tensor<64x128xf32>
  aicc.weight @b at 32768 pack <dims = [0], sizes = [64], steps = [1]> = dense<-1.0> : tensor<64xf32>

  func.func private @matmul(%x: memref<128xf32> {aicc.noalias}, %w: memref<8192xf32> {aicc.noalias},
                            %b: memref<64xf32> {aicc.noalias}, %y: memref<64xf32> {aicc.noalias},
                            %begin: index, %end: index) attributes {aicc.kernel} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    scf.for %i = %begin to %end step %c1 {
      %o = arith.muli %i, %c16 : index
      %init = vector.load %b[%o] : memref<64xf32>, vector<16xf32>
      %sum = scf.for %k = %c0 to %c128 step %c1 iter_args(%acc = %init) -> vector<16xf32> {
        %s = memref.load %x[%k] : memref<128xf32>
        %v = vector.broadcast %s : f32 to vector<16xf32>
        %row = arith.muli %k, %c64 : index
        %at = arith.addi %row, %o : index
        %u = vector.load %w[%at] : memref<8192xf32>, vector<16xf32>
        %f = vector.fma %v, %u, %acc : vector<16xf32>
        scf.yield %f : vector<16xf32>
      }
      %r = arith.maximumf %sum, %zero : vector<16xf32>
      vector.store %r, %y[%o] : memref<64xf32>, vector<16xf32>
    }
    return
  }
  func.func private @exp(%y: memref<64xf32>, %z: memref<64xf32>, %begin: index, %end: index) attributes {aicc.kernel} {
    %c16 = arith.constant 16 : index
    scf.for %i = %begin to %end step %c16 {
      %v = vector.load %y[%i] : memref<64xf32>, vector<16xf32>
      %n = arith.negf %v : vector<16xf32>
      %e = math.exp %n : vector<16xf32>
      vector.store %e, %z[%i] : memref<64xf32>, vector<16xf32>
    }
    return
  }
  func.func @main(%x: memref<128xf32> {aicc.name = "x", aicc.dtype = "float32", aicc.shape = array<i64: 1, 128>},
                  %y: memref<64xf32> {aicc.name = "y", aicc.dtype = "float32", aicc.shape = array<i64: 1, 64>},
                  %arena: memref<256xi8>, %weights: memref<33024xi8>)
      attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
    %c0 = arith.constant 0 : index
    %c32768 = arith.constant 32768 : index
    %t = memref.view %arena[%c0][] : memref<256xi8> to memref<64xf32>
    %w = memref.view %weights[%c0][] : memref<33024xi8> to memref<8192xf32>
    %b = memref.view %weights[%c32768][] : memref<33024xi8> to memref<64xf32>
    aicc.launch @matmul(%x, %w, %b, %t) trip 4 grain 1
      {aicc.cost = #aicc.cost<cycles = 600, picojoules = 9000, macs = 8192, bytes = 33024, compute = 0>} : memref<128xf32>, memref<8192xf32>, memref<64xf32>, memref<64xf32>
    aicc.launch @exp(%t, %y) trip 64 grain 0 : memref<64xf32>, memref<64xf32>
    return
  }
}
