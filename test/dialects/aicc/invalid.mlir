// RUN: aicc-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect

func.func @operands(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected 0 operands, one for each body argument, found 1}}
  aicc.region ins(%x : tensor<4xf32>) {
    aicc.yield
  }
  return
}

// -----

func.func @operand_type(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected operand of type 'tensor<5xf32>', found 'tensor<4xf32>'}}
  aicc.region ins(%x : tensor<4xf32>) {
  ^bb0(%a: tensor<5xf32>):
    aicc.yield
  }
  return
}

// -----

func.func @results(%x: tensor<4xf32>) -> tensor<4xi32> {
  // expected-error@+1 {{expected results of the yielded types 'tensor<4xf32>', found 'tensor<4xi32>'}}
  %0 = aicc.region ins(%x : tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xi32>
  return %0 : tensor<4xi32>
}

// -----

func.func @layouts(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{expected 2 layouts, one for each operand and result, found 1}}
  %0 = aicc.region ins(%x : tensor<4xf32>) attributes {layouts = [#aicc.layout<offset = 0, strides = [1]>]} {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error@+1 {{expected the tiles of dimension 1 to shrink inwards, found 8 inside 4}}
"test.op"() {m = #aicc.mapping<loops = [1 by 4, 0 by 1, 1 by 8], parallel = 1, grain = 0>} : () -> ()

// -----

// expected-error@+1 {{expected an axis of at least 0}}
"test.op"() {m = #aicc.mapping<loops = [0 by 4 on -1], parallel = 0, grain = 0>} : () -> ()

// -----

// expected-error@+1 {{expected tiles of at least 1, found 0}}
"test.op"() {m = #aicc.mapping<loops = [0 by 0], parallel = 0, grain = 0>} : () -> ()

// -----

// expected-error@+1 {{expected 'residence' between 0 and 1, or -1 for a memory without the operand, found 2}}
"test.op"() {m = #aicc.mapping<loops = [0 by 1], parallel = 0, grain = 0, residence = [[2, 0]]>} : () -> ()

// -----

// expected-error@+1 {{expected 'residence' between 0 and 0, or -1 for a memory without the operand, found 1}}
"test.op"() {m = #aicc.mapping<loops = [0 by 1], parallel = 0, grain = 0, residence = [[0, 1, 0]]>} : () -> ()

// -----

// expected-error@+1 {{expected 'residence' to end in 0: the outermost memory holds all of every operand}}
"test.op"() {m = #aicc.mapping<loops = [0 by 1], parallel = 0, grain = 0, residence = [[1, -1]]>} : () -> ()

// -----

// expected-error@+1 {{expected 'residence' in 2 memories for each operand, found 1}}
"test.op"() {m = #aicc.mapping<loops = [0 by 1], parallel = 0, grain = 0, residence = [[1, 0], [0]]>} : () -> ()

// -----

// expected-error@+1 {{expected as many sizes and steps as dims (2), found 1 and 2}}
"test.op"() {m = #aicc.pack<dims = [0, 1], sizes = [4], steps = [1, 1]>} : () -> ()

// -----

// expected-error@+1 {{expected pack dimensions below the rank 1, found 1}}
aicc.weight @w at 0 pack <dims = [1], sizes = [4], steps = [1]> = dense<1.0> : tensor<4xf32>

// -----

// expected-error@+1 {{expected an offset of at least 0, found -4}}
aicc.weight @w at -4 pack <dims = [0], sizes = [4], steps = [1]> = dense<1.0> : tensor<4xf32>

// -----

func.func @missing(%a: memref<4xf32>) {
  // expected-error@+1 {{expected a kernel named @k, found none}}
  aicc.launch @k(%a) trip 8 grain 2 : memref<4xf32>
  return
}

// -----

func.func private @k(%a: memref<4xf32>, %begin: index, %end: index)
func.func @count(%a: memref<4xf32>) {
  // expected-error@+1 {{expected the kernel to take 4 arguments (the last two: begin and end), found 3}}
  aicc.launch @k(%a, %a) trip 8 grain 2 : memref<4xf32>, memref<4xf32>
  return
}

// -----

func.func private @k(%a: memref<4xf32>, %begin: index, %end: index)
func.func @type(%a: memref<5xf32>) {
  // expected-error@+1 {{expected argument 0 of type 'memref<4xf32>', found 'memref<5xf32>'}}
  aicc.launch @k(%a) trip 8 grain 2 : memref<5xf32>
  return
}

// -----

// expected-error@+2 {{expected 'parallel' between 0 and 2, found 3}}
"test.op"() {m =
  #aicc.mapping<loops = [0 by 1, 1 by 1], parallel = 3, grain = 0>
} : () -> ()

// -----

// expected-error@+2 {{expected 'grain' of at least 0, found -1}}
"test.op"() {m =
  #aicc.mapping<loops = [0 by 1, 1 by 1], parallel = 1, grain = -1>
} : () -> ()

// -----

// expected-error@+1 {{expected dimensions of at least 0, found -1}}
"test.op"() {p = #aicc.pack<dims = [-1], sizes = [4], steps = [1]>} : () -> ()

// -----

// expected-error@+1 {{expected sizes of at least 0 and steps of at least 1, found 4 and 0}}
"test.op"() {p = #aicc.pack<dims = [0], sizes = [4], steps = [0]>} : () -> ()

// -----

// expected-error@+2 {{number of elements overflows 64 bits}}
"test.op"() {p =
  #aicc.pack<dims = [0, 0], sizes = [4294967296, 4294967296], steps = [1, 1]>} : () -> ()

// -----

func.func @layout_rank(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{expected 1 strides in layout 1, found 2}}
  %r = aicc.region ins(%x : tensor<4xf32>)
      attributes {layouts = [#aicc.layout<offset = 0, strides = [1]>,
                             #aicc.layout<offset = 0, strides = [4, 1]>]} {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @layout_kind(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{expected layout 0 to be #aicc.layout or #aicc.pack, found "nchw"}}
  %r = aicc.region ins(%x : tensor<4xf32>)
      attributes {layouts = ["nchw", #aicc.layout<offset = 0, strides = [1]>]} {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @layout_pack(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{expected pack dimensions below the rank 1 in layout 0, found 1}}
  %r = aicc.region ins(%x : tensor<4xf32>)
      attributes {layouts = [#aicc.pack<dims = [1], sizes = [4], steps = [1]>,
                             #aicc.layout<offset = 0, strides = [1]>]} {
  ^bb0(%a: tensor<4xf32>):
    aicc.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func private @k(%a: memref<4xf32>, %b: index, %e: index)
func.func @negative(%a: memref<4xf32>) {
  // expected-error@+1 {{expected trip and grain of at least 0, found -1 and 0}}
  aicc.launch @k(%a) trip -1 grain 0 : memref<4xf32>
  return
}

// -----

// expected-error@+1 {{expected the bounds of at least one stripe, found 1 numbers}}
"test.op"() {s = #aicc.stripes<group = 0, dim = 0, bounds = [0], kept = 0>} : () -> ()

// -----

// expected-error@+1 {{expected bounds from 0, found 1}}
"test.op"() {s = #aicc.stripes<group = 0, dim = 0, bounds = [1, 4], kept = 0>} : () -> ()

// -----

// expected-error@+1 {{expected bounds that do not fall, found [0, 4, 2]}}
"test.op"() {s = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4, 2], kept = 0>} : () -> ()

// -----

// expected-error@+1 {{expected 'kept' of at least 0, found -1}}
"test.op"() {s = #aicc.stripes<group = 0, dim = 0, bounds = [0, 4], kept = -1>} : () -> ()

// -----

// expected-error@+1 {{expected 'room' of at least 0, found -1}}
"test.op"() {s = #aicc.on_chip<room = -1, rows = [0], shifted = [], image = 0, positions = 0, fill = 0>} : () -> ()

// -----

// expected-error@+1 {{expected rows of at least 0, or -1, found -2}}
"test.op"() {s = #aicc.on_chip<room = 1, rows = [-2], shifted = [], image = 0, positions = 0, fill = 0>} : () -> ()

// -----

// expected-error@+1 {{expected 'shifted' to name one of 2 operands and results, found 2}}
"test.op"() {s = #aicc.on_chip<room = 1, rows = [0, -1], shifted = [2], image = 0, positions = 0, fill = 0>} : () -> ()

// -----

// expected-error@+1 {{expected 'fill' to be a byte, found 256}}
"test.op"() {s = #aicc.on_chip<room = 1, rows = [0], shifted = [], image = 0, positions = 0, fill = 256>} : () -> ()

// -----

func.func @rows_of_all_operands(%x: tensor<4xi8>) -> tensor<4xi8> {
  // expected-error@+1 {{expected 2 rows on the chip, one for each operand and result, found 1}}
  %0 = aicc.region ins(%x : tensor<4xi8>) attributes {on_chip = #aicc.on_chip<room = 8, rows = [0], shifted = [], image = 0, positions = 0, fill = 0>} {
  ^bb0(%a: tensor<4xi8>):
    aicc.yield %a : tensor<4xi8>
  } -> tensor<4xi8>
  return %0 : tensor<4xi8>
}
