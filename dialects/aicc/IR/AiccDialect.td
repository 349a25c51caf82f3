//===- AiccDialect.td - The aicc dialect ------------------*- tablegen -*-===//

#ifndef AICC_DIALECT
#define AICC_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def AICC_Dialect : Dialect {
  let name = "aicc";
  let cppNamespace = "::aicc";
  let summary = "Machines, mappings, fused groups and compiled programs";
  let description = [{
    What every target family shares: the fused group (`aicc.region`) with the
    mapping that the cost model chose for it, and the shape of a compiled
    program: packed weights, kernels, and the launches that run them.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class AICC_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<AICC_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def AICC_MappingAttr : AICC_Attr<"Mapping", "mapping"> {
  let summary = "How a fused group runs on its machine";
  let description = [{
    Set by the map pass of a target and by nothing else; later passes obey it.

    The dimensions are those of the root operation's iteration space, without
    the ones of size 1 and with neighbours merged where every operand walks
    them as one (`RegionModel` in `aicc/Mapping/RegionModel.h`).

    - `loops`: outermost first. `d by t` walks what is left of dimension d in
      steps of t; `d by t on a` does so at once along axis a of the machine's
      array; of a processor, across the lanes of a vector (axis 0) or inside
      each lane of an instruction that adds products (axis 1). What is left
      inside the innermost loop of a dimension is unrolled into one step.
    - `parallel`: how many of the outermost loops are distributed over the
      workers.
    - `grain`: the least number of parallel iterations worth a worker of its
      own; 0 runs the group serially.
    - `residence`, on machines whose memories software fills: for each operand
      of the priced loop nest, for each memory of the machine (innermost
      first), how many of the loops run outside of the operand's tile there;
      -1 where the memory does not hold it. 0 for the outermost memory, which
      holds everything.

    A register tile of 14 x 32 on a processor with 16 lanes:

    ```mlir
    #aicc.mapping<loops = [0 by 1, 2 by 14, 1 by 32, 3 by 1, 1 by 16, 1 by 1 on 0],
                  parallel = 2, grain = 4>
    ```

    A product on an array of 16 x 16: the weights stay in its registers while
    the rows of the input stream by from a buffer.

    ```mlir
    #aicc.mapping<loops = [1 by 16, 2 by 16, 0 by 1, 1 by 1 on 1, 2 by 1 on 0],
                  parallel = 0, grain = 0,
                  residence = [[-1, 0, 0], [2, -1, 0], [-1, 0, 0]]>
    ```
  }];
  let parameters = (ins
    OptionalArrayRefParameter<"::aicc::Mapping::Loop">:$loops,
    "int64_t":$parallel,
    "int64_t":$grain,
    OptionalParameter<"::mlir::ArrayAttr",
                      "Of a DenseI8ArrayAttr for each operand">:$residence
  );
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<::aicc::Mapping::Loop>":$loops,
                     "int64_t":$parallel, "int64_t":$grain), [{
      return $_get($_ctxt, loops, parallel, grain, ::mlir::ArrayAttr());
    }]>,
    AttrBuilder<(ins "const ::aicc::Mapping &":$mapping)>
  ];
  let assemblyFormat = [{
    `<` `loops` `=` custom<MappingLoops>($loops) `,`
        `parallel` `=` $parallel `,` `grain` `=` $grain
        (`,` `residence` `=` custom<MappingResidence>($residence)^)? `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::aicc::Mapping toMapping() const;
  }];
}

def AICC_LayoutAttr : AICC_Attr<"Layout", "layout"> {
  let summary = "Where the elements of a tensor lie in its buffer";
  let description = [{
    Element (i0, i1, ...) lies `offset + i0 * strides[0] + i1 * strides[1] ...`
    elements into the buffer. A 1x64x56x56 activation with its channels
    innermost, inside a buffer padded by one row and column on each side:

    ```mlir
    #aicc.layout<offset = 3776, strides = [215296, 1, 3712, 64]>
    ```
  }];
  let parameters = (ins "int64_t":$offset,
                        OptionalArrayRefParameter<"int64_t">:$strides);
  let assemblyFormat = [{
    `<` `offset` `=` $offset `,` `strides` `=` `[` (`]`) : ($strides^ `]`)? `>`
  }];
}

def AICC_CostAttr : AICC_Attr<"Cost", "cost"> {
  let summary = "What the cost model predicts for a fused group";
  let description = [{
    `cycles` on the machine's clock and `picojoules`, both rounded to whole
    numbers, `macs` (multiply-accumulates) and `bytes` moved to or from the
    outermost memory. `compute`: cycles that the arithmetic alone takes.
    `items`: for each component what its count is of, the count, and the
    picojoules of one (docs/counts.md).

    ```mlir
    #aicc.cost<cycles = 1204, picojoules = 88123, macs = 65536, bytes = 4096,
               compute = 1100>
    #aicc.cost<cycles = 9, picojoules = 16, macs = 8, bytes = 0, compute = 8,
               items = {mac.f32 = ["operations", 8.0, 2.0]}>
    ```
  }];
  let parameters = (ins "int64_t":$cycles, "int64_t":$picojoules,
                        "int64_t":$macs, "int64_t":$bytes,
                        "int64_t":$compute,
                        OptionalParameter<"::mlir::DictionaryAttr">:$items);
  let assemblyFormat = [{
    `<` `cycles` `=` $cycles `,` `picojoules` `=` $picojoules `,`
        `macs` `=` $macs `,` `bytes` `=` $bytes
        `,` `compute` `=` $compute (`,` `items` `=` $items^)? `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Rounded, with all items. `outermost`: the memory whose bytes count; if
    /// empty, that of the last item of bytes.
    static CostAttr get(::mlir::MLIRContext *context,
                        const ::aicc::Cost &cost,
                        ::llvm::StringRef outermost = "");
    /// The cycles as they were rounded, the items as they were.
    ::aicc::Cost toCost() const;
  }];
}

def AICC_PackAttr : AICC_Attr<"Pack", "pack"> {
  let summary = "The order in which a constant is stored";
  let description = [{
    Describes packed storage of a constant of logical shape S as a dense
    row-major array: `dims` names, outermost first, the logical dimension that
    each stored dimension walks, `sizes` its extent and `steps` how many
    logical positions one step advances. A logical dimension may appear
    several times (blocks, then positions inside a block). Positions past the
    end of the logical shape are stored as zero.

    The weights of a 3x3 convolution (64 outputs, 64 inputs) in blocks of 32
    outputs:

    ```mlir
    #aicc.pack<dims = [0, 2, 3, 1, 0], sizes = [2, 3, 3, 64, 32],
               steps = [32, 1, 1, 1, 1]>
    ```
  }];
  let parameters = (ins
    OptionalArrayRefParameter<"int64_t">:$dims,
    OptionalArrayRefParameter<"int64_t">:$sizes,
    OptionalArrayRefParameter<"int64_t">:$steps
  );
  let assemblyFormat = [{
    `<` `dims` `=` `[` (`]`) : ($dims^ `]`)? `,`
        `sizes` `=` `[` (`]`) : ($sizes^ `]`)? `,`
        `steps` `=` `[` (`]`) : ($steps^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Number of stored elements: the product of the sizes.
    int64_t getNumElements() const;
  }];
}

def AICC_StripesAttr : AICC_Attr<"Stripes", "stripes"> {
  let summary = "How the regions of a group run in turns";
  let description = [{
    Consecutive regions with the same `group` run depth-first: stripe 0 of each
    of them in their order, then stripe 1 of each, and so on, so that what one
    region leaves in a cache is read from there by the next. Stripe s of a
    region is its iterations from `bounds[s]` up to `bounds[s + 1]` along
    dimension `dim` of its root; all regions of a group have equally many
    stripes, of which some may be empty. What a stripe reads was written by
    stripes before it: rows at the edge are computed once, and found again.

    `kept`: elements of the result's buffer that are kept at a time, where only
    the group wants them; what a later stripe wants again moves to the start. 0:
    all of it.

    Two regions of 56 rows of 3712 elements, the second of which reads one row
    beyond its own on either side:

    ```mlir
    #aicc.stripes<group = 0, dim = 2, bounds = [0, 15, 29, 43, 56], kept = 59392>
    #aicc.stripes<group = 0, dim = 2, bounds = [0, 14, 28, 42, 56], kept = 0>
    ```
  }];
  let parameters = (ins "int64_t":$group, "unsigned":$dim,
                        ArrayRefParameter<"int64_t">:$bounds, "int64_t":$kept);
  let assemblyFormat = [{
    `<` `group` `=` $group `,` `dim` `=` $dim `,`
        `bounds` `=` `[` $bounds `]` `,` `kept` `=` $kept `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t numStripes() const { return getBounds().size() - 1; }
  }];
}

def AICC_OnChipAttr : AICC_Attr<"OnChip", "on_chip"> {
  let summary = "What a region finds and leaves in a device's memory";
  let description = [{
    Tensors that only regions of one device write and read can stay in the
    memory beside its units, from the region that writes them to the last one
    that reads them. They have no place in the host's memory then.

    `rows`: for each operand and then each result of the region, the row of
    that memory in which its first element lies, or -1 for one in the host's
    memory. Positions follow each other as in the tensor's buffer, each in as
    many rows as its innermost dimension needs. `shifted`: the numbers of those
    whose unsigned bytes lie there 128 lower, as signed ones. `room`: rows, from
    the first on, in which nothing is kept while the region runs.

    Of a result, its buffer has `positions` from row `image` on; those that the
    region does not write (a border) become `fill`.

    ```mlir
    #aicc.on_chip<room = 4096, rows = [12288, -1, -1, -1, 8192], shifted = [0],
                  image = 8133, positions = 3364, fill = 0>
    ```
  }];
  let parameters = (ins "int64_t":$room, ArrayRefParameter<"int64_t">:$rows,
                        OptionalArrayRefParameter<"int64_t">:$shifted,
                        "int64_t":$image, "int64_t":$positions,
                        "int64_t":$fill);
  let assemblyFormat = [{
    `<` `room` `=` $room `,` `rows` `=` `[` $rows `]` `,`
        `shifted` `=` `[` (`]`) : ($shifted^ `]`)? `,` `image` `=` $image `,`
        `positions` `=` $positions `,` `fill` `=` $fill `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isKept(unsigned number) const { return getRows()[number] >= 0; }
    bool isShifted(unsigned number) const {
      return ::llvm::is_contained(getShifted(), int64_t(number));
    }
  }];
}

#endif // AICC_DIALECT
