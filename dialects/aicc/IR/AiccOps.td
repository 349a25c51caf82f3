//===- AiccOps.td - Operations of the aicc dialect --------*- tablegen -*-===//

#ifndef AICC_OPS
#define AICC_OPS

include "dialects/aicc/IR/AiccDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"

class AICC_Op<string mnemonic, list<Trait> traits = []>
    : Op<AICC_Dialect, mnemonic, traits>;

def AICC_RegionOp : AICC_Op<"region", [IsolatedFromAbove, SingleBlock, Pure]> {
  let summary = "A fused group of structured operations placed on a machine";
  let description = [{
    The body computes the results from the operands; what it holds is computed
    together, and only its results reach memory.

    `layouts` says how each operand, then each result, is stored: an
    `#aicc.layout`, or an `#aicc.pack` for a constant. It is set with the
    mapping. `stripes` is set where the region runs in turns with others,
    `on_chip` where some of its operands or results stay in a device.

    ```mlir
    %r = aicc.region ins(%x, %w : tensor<4x8xf32>, tensor<8x4xf32>) {
    ^bb0(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>):
      ...
      aicc.yield %m : tensor<4x4xf32>
    } -> tensor<4x4xf32>
    ```
  }];
  let arguments = (ins
    Variadic<AnyRankedTensor>:$ins,
    OptionalAttr<StrAttr>:$machine,
    OptionalAttr<ArrayAttr>:$layouts,
    OptionalAttr<AICC_MappingAttr>:$mapping,
    OptionalAttr<AICC_CostAttr>:$cost,
    OptionalAttr<AICC_StripesAttr>:$stripes,
    OptionalAttr<AICC_OnChipAttr>:$on_chip
  );
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `ins` `(` ($ins^ `:` type($ins))? `)` attr-dict-with-keyword $body
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Part of the verifier.
    ::llvm::LogicalResult verifyLayouts();
    /// Whether result `number` never lies in the host's memory.
    bool isKeptOnChip(unsigned number);
  }];
}

def AICC_YieldOp : AICC_Op<"yield", [Pure, Terminator, ReturnLike,
                                     ParentOneOf<["RegionOp"]>]> {
  let summary = "The results of a fused group";
  let description = [{
    ```mlir
    aicc.yield %m : tensor<4x4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def AICC_WeightOp : AICC_Op<"weight", [Symbol]> {
  let summary = "A constant in the weights section of the program";
  let description = [{
    `value` stored in the order given by `pack` at byte `offset` of the weights
    section. The bytes are written once, when the artefact is: they never pass
    through LLVM.

    ```mlir
    aicc.weight @w0 at 0 pack <dims = [0], sizes = [4], steps = [1]>
      = dense<[1., 2., 3., 4.]> : tensor<4xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$offset,
                       AICC_PackAttr:$pack, ElementsAttr:$value);
  let assemblyFormat = [{
    $sym_name `at` $offset `pack` $pack `=` $value attr-dict
  }];
  let hasVerifier = 1;
}

def AICC_LaunchOp : AICC_Op<"launch"> {
  let summary = "Run a kernel over a range of iterations";
  let description = [{
    Calls `kernel` with `args` followed by a half-open range [begin, end) of
    iterations, possibly several times, on several workers, with ranges that
    together cover [0, trip) exactly once. No range but the last is shorter
    than `grain`; with `grain = 0` there is one call, `[0, trip)`, on the
    calling thread. All effects are visible when it returns.

    ```mlir
    aicc.launch @k0(%a, %b) trip 56 grain 4 : memref<64xf32>, memref<64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyType>:$args,
                       I64Attr:$trip, I64Attr:$grain);
  let assemblyFormat = [{
    $kernel `(` $args `)` `trip` $trip `grain` $grain attr-dict
    (`:` type($args)^)?
  }];
  let hasVerifier = 1;
}

def AICC_OffloadOp : AICC_Op<"offload"> {
  let summary = "Run a program of the target's device";
  let description = [{
    Runs `program`, which is entry `entry` of the artefact's device program, on
    `args`: it may read all of them and write those whose position is in
    `writes`, and nothing else. All effects are visible when it returns.

    ```mlir
    aicc.offload @p3 entry 3 (%x, %w, %y) writes [2] : memref<64xi8>, memref<64xi8>, memref<16xi8>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$program, I64Attr:$entry,
                       Variadic<AnyStaticShapeMemRef>:$args,
                       DenseI64ArrayAttr:$writes);
  let assemblyFormat = [{
    $program `entry` $entry `(` $args `)` `writes` $writes attr-dict
    (`:` type($args)^)?
  }];
  let hasVerifier = 1;
}

#endif // AICC_OPS
