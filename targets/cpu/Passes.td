//===- Passes.td - Passes of the cpu target ---------------*- tablegen -*-===//

#ifndef TARGETS_CPU_PASSES
#define TARGETS_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CpuWinogradPass : Pass<"cpu-winograd", "::mlir::ModuleOp"> {
  let summary = "Compute 3x3 convolutions with fewer products";
  let description = [{
    Rewrites convolutions of f32 with constant 3x3 filters and steps of one by
    minimal filtering F(m x m, 3 x 3), with m = 2 or 4 (docs/design/0012-winograd.md): tiles of
    (m + 2) x (m + 2) pixels become matrices, whose products take
    (m + 2)^2 / (9 m^2) of the multiplications, and the results of those the
    pixels. The weights are transformed here. What is computed elementwise from
    the result is computed where the pixels are.

    For each shape, the cost model is asked what the layer costs as it is, and by each
    m whose error bound is at most `max-error` (relative to the norms of
    an image's tile and of a filter); it must gain a tenth. The matrices of a large
    image do not stay in a cache: then some rows of tiles go through the three
    operations before the next ones do, if that gains another tenth. Remarks tell what was
    chosen and what was not, with their costs (`--remarks-filter=cpu-winograd`).
    Infinities and NaN in an image reach all results of a tile, so that
    `--strict-fp` leaves this pass out.

    Before:
    ```mlir
    %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] { ... }
    %0 = linalg.generic {indexing_maps = [(n, k, h, w, c, i, j) -> (n, c, h + i, w + j), ...]}
        ins(%p, %w : tensor<1x64x58x58xf32>, tensor<64x64x3x3xf32>) ... -> tensor<1x64x56x56xf32>
    ```
    After:
    ```mlir
    %v:36 = linalg.generic {indexing_maps = [(n, y, x, c) -> (n, c, y * 4, x * 4), ...]}
        ins(%p, ... : tensor<1x64x58x58xf32>, ...) ... -> (tensor<1x14x14x64xf32>, ...)
    %m = linalg.generic {indexing_maps = [(i, n, y, x, k, c) -> (i, n, y, x, c), ...]}
        ins(%matrices, %u : tensor<36x1x14x14x64xf32>, tensor<36x64x64xf32>) ... -> tensor<36x1x14x14x64xf32>
    %y:16 = linalg.generic {indexing_maps = [(n, y, x, k) -> (0, n, y, x, k), ...]}
        ins(%m, ... : tensor<36x1x14x14x64xf32>, ...) ... -> (tensor<1x64x14x14xf32>, ...)
    %0 = tensor.insert_slice %y#0 into %e[0, 0, 0, 0] [1, 64, 14, 14] [1, 1, 4, 4]
    ...
    ```
  }];
  let options = [
    Option<"machineName", "machine", "std::string", /*default=*/"\"x86_64_v4\"",
           "Machine of this family">,
    Option<"workers", "workers", "int", /*default=*/"1",
           "Workers that parallel loops are planned for">,
    Option<"objective", "objective", "::aicc::Objective",
           /*default=*/"::aicc::Objective::Latency", "What is minimised",
           [{::llvm::cl::values(
             clEnumValN(::aicc::Objective::Latency, "latency", "time"),
             clEnumValN(::aicc::Objective::Energy, "energy", "energy"),
             clEnumValN(::aicc::Objective::Edp, "edp", "energy times time"))}]>,
    Option<"maxError", "max-error", "double", /*default=*/"0.005",
           "Largest error bound, relative to the norms of data and filter">,
    Option<"tile", "tile", "int", /*default=*/"0",
           "Rows and columns of results of a tile everywhere, without asking; 0: by cost">,
    Option<"rows", "rows", "int", /*default=*/"0",
           "With `tile`: rows of tiles that are computed together; 0: all">
  ];
  let dependentDialects = ["::aicc::AICCDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def CpuNarrowWeightsPass : Pass<"cpu-narrow-weights", "::mlir::ModuleOp"> {
  let summary = "Store weights as bf16 where that is cheaper";
  let description = [{
    Constant factors of f32 products become bf16 (nearest, ties to even), and are widened
    where they are read; what is computed stays f32. Done for each product
    that the cost model finds cheaper so: where weights come from a slow memory and each is used a few times
    (products with one vector, recurrent cells). Where they are used often, widening costs more than it saves.
    Remarks tell what each would have cost (`--remarks-filter=cpu-narrow`).

    Before:
    ```mlir
    %w = arith.constant dense_resource<w> : tensor<4096x1000xf32>
    %y = linalg.generic ... ins(%x, %w : tensor<1x4096xf32>, tensor<4096x1000xf32>) {
    ^bb0(%a: f32, %b: f32, %sum: f32):
      %p = arith.mulf %a, %b : f32
      ...
    ```
    After:
    ```mlir
    %w = arith.constant dense_resource<bf16> : tensor<4096x1000xbf16>
    %y = linalg.generic ... ins(%x, %w : tensor<1x4096xf32>, tensor<4096x1000xbf16>) {
    ^bb0(%a: f32, %b: bf16, %sum: f32):
      %c = arith.extf %b : bf16 to f32
      %p = arith.mulf %a, %c : f32
      ...
    ```
  }];
  let options = [
    Option<"machineName", "machine", "std::string", /*default=*/"\"x86_64_v4\"",
           "Machine of this family">,
    Option<"everywhere", "everywhere", "bool", /*default=*/"false",
           "Everywhere, without asking">
  ];
  let dependentDialects = ["::aicc::AICCDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def CpuMapPass : Pass<"cpu-map", "::mlir::func::FuncOp"> {
  let summary = "Choose the mapping of every region";
  let description = [{
    Asks the cost model for the cheapest mapping of each `aicc.region` with
    layouts, and sets `mapping`, `cost`, `machine` and the storage order of its
    packed constants, and `aicc.alternatives`: what else was considered.

    Before:
    ```mlir
    %0 = aicc.region ins(%x, %w : ...) attributes {layouts = [...]} { ... }
    ```
    After:
    ```mlir
    %0 = aicc.region ins(%x, %w : ...) attributes {
        cost = #aicc.cost<cycles = 9216, picojoules = 501, macs = 262144, bytes = 1024, compute = 0>,
        layouts = [...], machine = "x86_64_v4",
        mapping = #aicc.mapping<loops = [1 by 48, 0 by 8, 2 by 1, 1 by 16, 1 by 1 on 0],
                                parallel = 2, grain = 0>} { ... }
    ```
  }];
  let options = [
    Option<"machineName", "machine", "std::string", /*default=*/"\"x86_64_v4\"",
           "Machine of this family">,
    Option<"workers", "workers", "int", /*default=*/"1",
           "Workers that parallel loops are planned for">
  ];
  let dependentDialects = ["::aicc::AICCDialect"];
}

def CpuSchedulePass : Pass<"cpu-schedule", "::mlir::func::FuncOp"> {
  let summary = "Choose which regions run in turns, and price the program";
  let description = [{
    Where a chain of mapped regions is cheaper depth-first than one region
    after the other, sets `stripes` on them: what one leaves in a cache the
    next finds there. Chains are cut into groups by dynamic programming over
    the cost model; halos are kept, not computed twice. Then sets the cost of
    every region to what it takes in its place in the program, which knows what
    the caches hold from the regions before. Remarks tell what was chosen and
    what was not, with their costs (`--remarks-filter=cpu-schedule`).

    Before:
    ```mlir
    %1 = aicc.region ins(%0, %a : ...) attributes {mapping = ...} { ... }
    %2 = aicc.region ins(%1, %b : ...) attributes {mapping = ...} { ... }
    ```
    After (the second reads one row beyond its own):
    ```mlir
    %1 = aicc.region ins(%0, %a : ...) attributes {mapping = ...,
        stripes = #aicc.stripes<group = 0, dim = 2, bounds = [0, 29, 56]>} { ... }
    %2 = aicc.region ins(%1, %b : ...) attributes {mapping = ...,
        stripes = #aicc.stripes<group = 0, dim = 2, bounds = [0, 28, 56]>} { ... }
    ```
  }];
  let options = [
    Option<"machineName", "machine", "std::string", /*default=*/"\"x86_64_v4\"",
           "Machine of this family">,
    Option<"workers", "workers", "int", /*default=*/"1",
           "Workers that parallel loops are planned for">,
    Option<"objective", "objective", "::aicc::Objective",
           /*default=*/"::aicc::Objective::Latency", "What is minimised",
           [{::llvm::cl::values(
             clEnumValN(::aicc::Objective::Latency, "latency", "time"),
             clEnumValN(::aicc::Objective::Energy, "energy", "energy"),
             clEnumValN(::aicc::Objective::Edp, "edp", "energy times time"))}]>,
    Option<"timePriceWatts", "time-price", "double", /*default=*/"0",
           "Watts; above 0, the energy plus the time at this price is minimised "
           "in place of the objective">
  ];
  let dependentDialects = ["::aicc::AICCDialect"];
}

def CpuMapHostPass : Pass<"cpu-map-host", "::mlir::func::FuncOp"> {
  let summary = "Map what a device leaves to the processor beside it";
  let description = [{
    Regions without a `machine`, which `aicc-map-spatial` left to the host, get
    a mapping for the processor `host` and its price, each as if it came alone.
    Cycles are turned into those of the device's clock, and the components are
    called `cpu.<component>`. What passes between regions of the device and of
    the host is copied from one outermost memory to the other: the region of
    the host pays for it, once for each value and direction, in time at the
    rate of the slower memory. `aicc.placement` keeps the reason.

    Before:
    ```mlir
    %1 = aicc.region ins(%0 : tensor<64xf32>) attributes {
        aicc.placement = "host: the array sums products ...; not priced", layouts = [...]} { ... }
    ```
    After:
    ```mlir
    %1 = aicc.region ins(%0 : tensor<64xf32>) attributes {
        aicc.placement = "host: the array sums products ...",
        cost = #aicc.cost<..., items = {dram.read = ["bytes", 256.0, 64.0], cpu.l1.read = ...}>,
        layouts = [...], machine = "x86_64_v4",
        mapping = #aicc.mapping<loops = [0 by 16, 0 by 1 on 0], parallel = 0, grain = 0>} { ... }
    ```
  }];
  let options = [
    Option<"machineName", "machine", "std::string",
           /*default=*/"\"systolic/gemmini16\"", "FAMILY/MACHINE or FILE.yaml of the device">,
    Option<"hostName", "host", "std::string", /*default=*/"\"x86_64_v2\"",
           "Machine of this family">
  ];
  let dependentDialects = ["::aicc::AICCDialect"];
}

def CpuGenerateLoopsPass : Pass<"cpu-generate-loops", "::mlir::ModuleOp"> {
  let summary = "Turn mapped regions into kernels and launches";
  let description = [{
    Rewrites the function `main` on tensors into one on flat buffers: the
    arguments are the inputs, the outputs, an arena and the packed weights.
    Each region becomes an `aicc.launch` of a kernel of loops and vector
    operations as its mapping says; equal regions share a kernel.

    Before:
    ```mlir
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = aicc.region ins(%x : tensor<4xf32>) attributes {mapping = ...} { ... }
      return %0 : tensor<4xf32>
    }
    ```
    After:
    ```mlir
    func.func private @k0(%x: memref<4xf32>, %y: memref<4xf32>, %begin: index, %end: index) {
      scf.for ...
    }
    func.func @main(%x: memref<4xf32>, %y: memref<4xf32>, %arena: memref<0xi8>, %weights: memref<0xi8>) {
      aicc.launch @k0(%x, %y) trip 1 grain 0 : memref<4xf32>, memref<4xf32>
      return
    }
    ```
  }];
  let dependentDialects = [
    "::aicc::AICCDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
    "::mlir::vector::VectorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::LLVM::LLVMDialect"];
}

#endif // TARGETS_CPU_PASSES
