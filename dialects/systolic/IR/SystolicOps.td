//===- SystolicOps.td - Operations of the systolic dialect -*- tablegen -*-===//

#ifndef SYSTOLIC_OPS
#define SYSTOLIC_OPS

include "dialects/systolic/IR/SystolicDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"

def Systolic_InstructionInterface : OpInterface<"InstructionOpInterface"> {
  let cppNamespace = "::aicc::systolic";
  let description = "An operation that is one instruction.";
  let methods = [
    InterfaceMethod<[{
      The instruction with its fields as they are encoded. Fails, and says why
      in `why`, where a field does not fit its bits.
    }], "::mlir::FailureOr<::aicc::systolic::Instruction>", "toInstruction",
    (ins "std::string &":$why)>
  ];
  let verify = [{ return verifyInstruction(cast<ConcreteOp>($_op)); }];
}

class Systolic_Op<string mnemonic, list<Trait> traits = []>
    : Op<Systolic_Dialect, mnemonic, traits>;

/// An instruction; `fields` besides the tokens, and how they are printed.
class Systolic_Instruction<string mnemonic, dag fields, string format>
    : Systolic_Op<mnemonic, [DeclareOpInterfaceMethods<Systolic_InstructionInterface>,
                             HasParent<"ProgramOp">]> {
  dag tokens = (ins DefaultValuedAttr<I64Attr, "0">:$waits,
                    DefaultValuedAttr<I64Attr, "0">:$signals);
  let arguments = !con(fields, tokens);
  let assemblyFormat = format # " custom<Tokens>($waits, $signals) attr-dict";
}

def Systolic_ProgramOp : Systolic_Op<"program", [Symbol, SingleBlock, NoTerminator,
                                                 IsolatedFromAbove]> {
  let summary = "Instructions that run as one launch";
  let description = [{
    `segments`: how many ranges of the host's memory the launch gives; the
    instructions name them by number. The end of the program is a `halt`.

    ```mlir
    systolic.program @p0 segments 2 {
      systolic.load.config channel 0 segment 0 strides 16, 0
      systolic.load.in channel 0 offset 0 to sp[0] rows 4, 1 columns 16
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$segments);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `segments` $segments attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

/// An instruction of the dispatcher, which has no tokens.
class Systolic_Dispatched<string mnemonic>
    : Systolic_Op<mnemonic, [DeclareOpInterfaceMethods<Systolic_InstructionInterface>,
                             HasParent<"ProgramOp">]>;

def Systolic_FenceOp : Systolic_Dispatched<"fence"> {
  let summary = "Wait until all units are idle";
  let description = [{
    ```mlir
    systolic.fence
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def Systolic_LoopOp : Systolic_Dispatched<"loop"> {
  let summary = "Run the next instructions several times";
  let description = [{
    The `length` operations behind it are the body, in which loops and steps count
    too.

    ```mlir
    systolic.loop count 3 length 2
    systolic.step level 0 a 64 b 16
    systolic.load.in channel 0 offset 0 to sp[0] rows 16, 1 columns 64
    ```
  }];
  let arguments = (ins I64Attr:$count, I64Attr:$length);
  let assemblyFormat = "`count` $count `length` $length attr-dict";
}

def Systolic_StepOp : Systolic_Dispatched<"step"> {
  let summary = "How the next instruction's fields advance";
  let description = [{
    `a` is added to its field `a32` and `b` to its `b32` (of the encoding) when the
    loop `level` (0: the innermost one) goes on and those within it start again.

    ```mlir
    systolic.step level 1 a 64 b -16
    ```
  }];
  let arguments = (ins I64Attr:$level, I64Attr:$a, I64Attr:$b);
  let assemblyFormat = "`level` $level `a` $a `b` $b attr-dict";
}

//===----------------------------------------------------------------------===//
// Load
//===----------------------------------------------------------------------===//

def Systolic_LoadConfigOp : Systolic_Instruction<"load.config",
    (ins I64Attr:$channel, I64Attr:$segment, I64Attr:$stride0, I64Attr:$stride1,
         DefaultValuedAttr<I64Attr, "0">:$fill, UnitAttr:$flip, UnitAttr:$wide), [{
      `channel` $channel `segment` $segment `strides` $stride0 `,` $stride1
      (`fill` $fill^)? (`flip` $flip^)? (`wide` $wide^)?}]> {
  let summary = "What a channel reads in DRAM";
  let description = [{
    Strides in bytes. `flip`: bytes are exclusive-or'ed with 0x80. `wide`:
    elements of four bytes, for the accumulator.

    ```mlir
    systolic.load.config channel 0 segment 1 strides 64, 3584 fill 128 flip
    ```
  }];
}

def Systolic_LoadPlaceOp : Systolic_Instruction<"load.place",
    (ins I64Attr:$channel, I64Attr:$stride1, I64Attr:$block),
    "`channel` $channel `stride` $stride1 `block` $block"> {
  let summary = "Where a channel writes on the chip";
  let description = [{
    In rows: between the rows of the outer loop, and between blocks of columns.

    ```mlir
    systolic.load.place channel 0 stride 58 block 580
    ```
  }];
}

def Systolic_LoadInOp : Systolic_Instruction<"load.in",
    (ins I64Attr:$channel, I64Attr:$offset, I32Attr:$to, I64Attr:$rows0, I64Attr:$rows1,
         I64Attr:$columns), [{
      `channel` $channel `offset` $offset `to` custom<Local>($to)
      `rows` $rows0 `,` $rows1 `columns` $columns}]> {
  let summary = "Rows from DRAM";
  let description = [{
    ```mlir
    systolic.load.in channel 0 offset 128 to sp[0] rows 56, 3 columns 64
    ```
  }];
}

def Systolic_LoadFillOp : Systolic_Instruction<"load.fill",
    (ins I64Attr:$channel, I32Attr:$to, I64Attr:$rows0, I64Attr:$rows1),
    "`channel` $channel `to` custom<Local>($to) `rows` $rows0 `,` $rows1"> {
  let summary = "Rows of the channel's fill value";
  let description = [{
    ```mlir
    systolic.load.fill channel 0 to sp[0] rows 58, 1
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Execute
//===----------------------------------------------------------------------===//

def Systolic_ExecuteConfigOp : Systolic_Instruction<"execute.config",
    (ins I64Attr:$aStride0, I64Attr:$aStride1, I64Attr:$cStride1),
    "`a` $aStride0 `,` $aStride1 `c` $cStride1"> {
  let summary = "Strides of the operands of the array, in rows";
  let description = [{
    ```mlir
    systolic.execute.config a 2, 116 c 28
    ```
  }];
}

def Systolic_ExecuteWeightsOp : Systolic_Instruction<"execute.weights",
    (ins I32Attr:$from, I64Attr:$k, I64Attr:$n, UnitAttr:$diagonal),
    "`from` custom<Local>($from) `k` $k `n` $n (`diagonal` $diagonal^)?"> {
  let summary = "Load the array's second set of weights";
  let description = [{
    With `diagonal` one row of weights is the diagonal of the set, and zeros are
    beside it.

    ```mlir
    systolic.execute.weights from sp[512] k 16 n 16
    systolic.execute.weights from wm[3] k 16 n 16 diagonal
    ```
  }];
}

def Systolic_ExecuteMultiplyOp : Systolic_Instruction<"execute.multiply",
    (ins I32Attr:$a, I32Attr:$c, I64Attr:$rows0, I64Attr:$rows1, I64Attr:$k),
    "`a` custom<Local>($a) `c` custom<Local>($c) `rows` $rows0 `,` $rows1 `k` $k"> {
  let summary = "Products of rows with the weights that were loaded last";
  let description = [{
    ```mlir
    systolic.execute.multiply a sp[0] c acc[0]+ rows 28, 8 k 16
    ```
  }];
}

def Systolic_ExecuteOuterOp : Systolic_Instruction<"execute.outer",
    (ins I32Attr:$a, I32Attr:$b, I64Attr:$rows0, I64Attr:$rows1, UnitAttr:$clear),
    "`a` custom<Local>($a) `b` custom<Local>($b) `rows` $rows0 `,` $rows1 (`clear` $clear^)?"> {
  let summary = "Outer products, summed in the array (output stationary)";
  let description = [{
    ```mlir
    systolic.execute.outer a sp[0] b sp[64] rows 64, 1 clear
    ```
  }];
}

def Systolic_ExecuteFlushOp : Systolic_Instruction<"execute.flush",
    (ins I32Attr:$c, I64Attr:$m, I64Attr:$n),
    "`c` custom<Local>($c) `m` $m `n` $n"> {
  let summary = "The array's sums to the accumulator (output stationary)";
  let description = [{
    ```mlir
    systolic.execute.flush c acc[0] m 16 n 16
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Store
//===----------------------------------------------------------------------===//

def Systolic_StoreConfigOp : Systolic_Instruction<"store.config",
    (ins I64Attr:$segment, I64Attr:$stride0, I64Attr:$stride1),
    "`segment` $segment `strides` $stride0 `,` $stride1"> {
  let summary = "Where results go in DRAM";
  let description = [{
    Strides in bytes.

    ```mlir
    systolic.store.config segment 2 strides 64, 3584
    ```
  }];
}

def Systolic_StorePlaceOp : Systolic_Instruction<"store.place",
    (ins I64Attr:$stride1, I64Attr:$block, DefaultValuedAttr<I64Attr, "0">:$keepStride1,
         DefaultValuedAttr<I64Attr, "0">:$scaleBlock),
    "`stride` $stride1 `block` $block (`keep` $keepStride1^)? (`scales` $scaleBlock^)?"> {
  let summary = "Where results are on the chip, in rows";
  let description = [{
    `keep`: the outer stride of the destination of `store.keep`. `scales`: between the
    scales (and biases) of one block of columns and the next.

    ```mlir
    systolic.store.place stride 28 block 448 scales 1
    ```
  }];
}

def Systolic_StoreQuantizeOp : Systolic_Instruction<"store.quantize",
    (ins I32Attr:$scales, I64Attr:$zero, I64Attr:$low, I64Attr:$high,
         OptionalAttr<I32Attr>:$biases, UnitAttr:$isReal, UnitAttr:$divide, UnitAttr:$raw,
         UnitAttr:$flip), [{
      `scales` custom<Local>($scales) `zero` $zero `range` $low `,` $high
      (`biases` custom<Local>($biases)^)? (`real` $isReal^)? (`divide` $divide^)?
      (`raw` $raw^)? (`flip` $flip^)?}]> {
  let summary = "How sums become bytes";
  let description = [{
    ```mlir
    systolic.store.quantize scales acc[1020] zero -3 range -128, 127 biases acc[1022]
    ```
  }];
}

def Systolic_StoreOutOp : Systolic_Instruction<"store.out",
    (ins I64Attr:$offset, I32Attr:$from, I64Attr:$rows0, I64Attr:$rows1, I64Attr:$columns), [{
      `offset` $offset `from` custom<Local>($from) `rows` $rows0 `,` $rows1
      `columns` $columns}]> {
  let summary = "Rows to DRAM";
  let description = [{
    ```mlir
    systolic.store.out offset 0 from acc[0] rows 28, 8 columns 64
    ```
  }];
}

def Systolic_StoreKeepOp : Systolic_Instruction<"store.keep",
    (ins I32Attr:$to, I32Attr:$from, I64Attr:$rows0, I64Attr:$rows1, I64Attr:$columns), [{
      `to` custom<Local>($to) `from` custom<Local>($from) `rows` $rows0 `,` $rows1
      `columns` $columns}]> {
  let summary = "Rows of the accumulator to the scratchpad";
  let description = [{
    ```mlir
    systolic.store.keep to sp[256] from acc[0] rows 28, 8 columns 16
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Vector
//===----------------------------------------------------------------------===//

def Systolic_VectorConfigOp : Systolic_Instruction<"vector.config",
    (ins I64Attr:$fromStride0, I64Attr:$fromStride1, I64Attr:$toStride0, I64Attr:$toStride1),
    "`from` $fromStride0 `,` $fromStride1 `to` $toStride0 `,` $toStride1"> {
  let summary = "Strides of the operands of the vector unit, in rows";
  let description = [{
    ```mlir
    systolic.vector.config from 2, 112 to 1, 28
    ```
  }];
}

def Systolic_VectorParameterOp : Systolic_Instruction<"vector.parameter",
    (ins F32Attr:$scale, I64Attr:$zero), "`scale` $scale `zero` $zero"> {
  let summary = "Scale and zero point of `vector.real`";
  let description = [{
    ```mlir
    systolic.vector.parameter scale 5.000000e-01 zero 12
    ```
  }];
}

def Systolic_VectorTableOp : Systolic_Instruction<"vector.table",
    (ins I32Attr:$from), "`from` custom<Local>($from)"> {
  let summary = "Load the table of `vector.map`";
  let description = [{
    ```mlir
    systolic.vector.table from sp[0]
    ```
  }];
}

class Systolic_VectorRows<string mnemonic, string text> : Systolic_Instruction<mnemonic,
    (ins I32Attr:$to, I32Attr:$from, I64Attr:$rows0, I64Attr:$rows1),
    "`to` custom<Local>($to) `from` custom<Local>($from) `rows` $rows0 `,` $rows1"> {
  let summary = text;
  let description = "```mlir\nsystolic." # mnemonic # " to sp[64] from sp[0] rows 28, 28\n```";
}

def Systolic_VectorMapOp : Systolic_VectorRows<"vector.map",
    "Each byte replaced by its entry in the table">;
def Systolic_VectorMaximumOp : Systolic_VectorRows<"vector.max",
    "The larger of two signed bytes">;
def Systolic_VectorSumOp : Systolic_VectorRows<"vector.sum",
    "Signed bytes added to words of the accumulator">;
def Systolic_VectorRealOp : Systolic_VectorRows<"vector.real",
    "Bytes to real numbers in the accumulator">;
def Systolic_VectorAddRealOp : Systolic_VectorRows<"vector.addf",
    "Sum of real numbers in the accumulator">;
def Systolic_VectorMultiplyRealOp : Systolic_VectorRows<"vector.mulf",
    "Product of real numbers in the accumulator">;
def Systolic_VectorCopyOp : Systolic_VectorRows<"vector.copy",
    "Rows of the scratchpad copied">;

#endif // SYSTOLIC_OPS
