//===- Passes.td - Passes of the cpu target ---------------*- tablegen -*-===//

#ifndef TARGETS_CPU_PASSES
#define TARGETS_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CpuMapPass : Pass<"cpu-map", "::mlir::func::FuncOp"> {
  let summary = "Choose the mapping of every region";
  let description = [{
    Asks the cost model for the cheapest mapping of each `aicc.region` with
    layouts, and sets `mapping`, `cost`, `machine` and the storage order of its
    packed constants. A remark tells what was chosen and what it costs.

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
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

#endif // TARGETS_CPU_PASSES
