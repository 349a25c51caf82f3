//===- Passes.td - Passes of the mapper -------------------*- tablegen -*-===//

#ifndef AICC_MAPPING_PASSES
#define AICC_MAPPING_PASSES

include "mlir/Pass/PassBase.td"

def FormRegionsPass : Pass<"aicc-form-regions", "::mlir::func::FuncOp"> {
  let summary = "Group structured operations into regions";
  let description = [{
    Puts every `linalg.generic` on tensors into an `aicc.region`. An
    elementwise operation joins the group of one of its operands if it runs
    over as many elements, reads that operand by a permutation of its loops (or
    a reshape by dimensions of size 1), and nothing else that it reads depends
    on the group. Fills, splats and scalar constants move inside.

    Before:
    ```mlir
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %0 = linalg.generic {matmul} ins(%a, %b) outs(%f) ...
    %1 = linalg.generic {relu} ins(%0) outs(%e) ...
    ```
    After:
    ```mlir
    %1 = aicc.region ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>) {
    ^bb0(%x: tensor<4x8xf32>, %y: tensor<8x4xf32>):
      %f = linalg.fill ...
      %0 = linalg.generic {matmul} ins(%x, %y) outs(%f) ...
      %1 = linalg.generic {relu} ins(%0) outs(%e) ...
      aicc.yield %1 : tensor<4x4xf32>
    } -> tensor<4x4xf32>
    ```
  }];
  let dependentDialects = ["::aicc::AICCDialect"];
}

def PlanBuffersPass : Pass<"aicc-plan-buffers", "::mlir::func::FuncOp"> {
  let summary = "Decide where every tensor lies";
  let description = [{
    Sets `layouts` on each `aicc.region`: the order and strides in which its
    operands and results are stored. Values that are only views (reshapes,
    transposes, slices) and values that become part of a larger one (padding,
    concatenation, insertion, results of the function) share its buffer; where
    that is not possible a region that copies is inserted, so that afterwards
    every value has its place without another copy.

    Before:
    ```mlir
    %0 = aicc.region ins(%x, %w : tensor<1x8x4x4xf32>, tensor<16x8x1x1xf32>) {
      ...
    } -> tensor<1x16x4x4xf32>
    ```
    After (channels innermost):
    ```mlir
    %0 = aicc.region ins(%x, %w : tensor<1x8x4x4xf32>, tensor<16x8x1x1xf32>)
        attributes {layouts = [
          #aicc.layout<offset = 0, strides = [128, 16, 4, 1]>,
          #aicc.pack<dims = [0, 1, 2, 3], sizes = [16, 8, 1, 1], steps = [1, 1, 1, 1]>,
          #aicc.layout<offset = 0, strides = [256, 1, 64, 16]>]} {
      ...
    } -> tensor<1x16x4x4xf32>
    ```

    With the geometry of the innermost cache, which is kept in the function's
    attribute `aicc.innermost_cache`, images that a depthwise convolution reads
    get one unused line after each pixel where else the pixels of a window would
    evict each other (512 channels of 4 bytes and ways of 4096 bytes: every
    second pixel falls on the same places).

    With `summed-innermost` (machines that move whole rows of a product's
    factors) the dimension that a product sums lies innermost in what it reads
    (of a depthwise convolution the channels), and that along the lanes in what
    it writes; where something else decides the
    order (arguments and results of the function), a region that copies is
    inserted. It is kept in the function's attribute `aicc.summed_innermost`.
  }];
  let options = [
    ListOption<"cache", "innermost-cache", "int64_t",
               "Bytes, ways and bytes of a line of the innermost cache">,
    Option<"summedInnermost", "summed-innermost", "bool", /*default=*/"false",
           "What products sum lies innermost, as do the lanes of their results">,
  ];
  let dependentDialects = ["::aicc::AICCDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def MapSpatialPass : Pass<"aicc-map-spatial", "::mlir::func::FuncOp"> {
  let summary = "Choose the mapping of every region on a machine with an array";
  let description = [{
    Searches the map space of each `aicc.region` with layouts that the array of
    the machine can run, and sets `mapping` (with `residence`, of the factors
    and the result in the order input, weight, result), `cost`, `machine`, and
    the attributes `aicc.alternatives` (what else was considered),
    `aicc.dataflow` (which operand stays in place, if one does) and
    `aicc.placement`: where the region runs, and how that is not what the model
    asks for. A region that the array cannot run stays with the host: it gets no
    mapping and no cost, and its placement says why. Where a family's programs
    can leave tensors on the chip for the groups that read them, and that is
    better by the objective, `on_chip` says what stays where. Remarks tell each
    choice (`--remarks-filter=aicc-map-spatial`).

    Before:
    ```mlir
    %0 = aicc.region ins(%x, %w : tensor<64x64xf32>, tensor<64x64xf32>)
        attributes {layouts = [...]} { ... }
    %1 = aicc.region ins(%0 : tensor<64x64xf32>) attributes {layouts = [...]} { ... }
    ```
    After:
    ```mlir
    %0 = aicc.region ins(%x, %w : tensor<64x64xf32>, tensor<64x64xf32>) attributes {
        aicc.dataflow = "weight_stationary", aicc.placement = "array: priced as i8: the machine has no f32",
        cost = #aicc.cost<cycles = 1540, picojoules = 1104331, ...>,
        layouts = [...], machine = "tpu_like",
        mapping = #aicc.mapping<loops = [...], parallel = 0, grain = 0,
                                residence = [[-1, -1, 0, 0], [-1, 1, -1, 0], [2, -1, 0, 0]]>} { ... }
    %1 = aicc.region ins(%0 : tensor<64x64xf32>) attributes {
        aicc.placement = "host: the array sums products of two operands, and nothing else; not priced",
        layouts = [...]} { ... }
    ```
  }];
  let options = [
    Option<"machineName", "machine", "std::string",
           /*default=*/"\"systolic/tpu_like\"", "FAMILY/MACHINE or FILE.yaml">,
    Option<"objectiveName", "objective", "std::string",
           /*default=*/"\"latency\"", "latency, energy or edp">,
    Option<"isProgrammable", "programmable", "bool", /*default=*/"false",
           "The array runs any operation, not sums of products alone">
  ];
  let dependentDialects = ["::aicc::AICCDialect"];
}

def RefuseLoweringPass : Pass<"aicc-refuse-lowering", "::mlir::ModuleOp"> {
  let summary = "Say that there is no code for a family of machines";
  let description = [{
    The stages past `mapped` of a family that is priced, but for which there is
    no code generation. Always fails, with what works instead.

    Before, and after:
    ```mlir
    func.func @main(...)
    // error: there is no code generation for 'systolic' ...
    ```
  }];
  let options = [
    Option<"family", "family", "std::string", /*default=*/"\"\"",
           "The family, as --target takes it">,
    Option<"reason", "reason", "std::string", /*default=*/"\"\"",
           "Why there is none for this machine; empty: there is none at all">
  ];
}

#endif // AICC_MAPPING_PASSES
