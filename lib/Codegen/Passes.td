//===- Passes.td - From loops to the LLVM dialect ---------*- tablegen -*-===//

#ifndef AICC_CODEGEN_PASSES
#define AICC_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def ApproximateMathPass : Pass<"aicc-approximate-math"> {
  let summary = "Replace math functions by polynomials";
  let description = [{
    Rewrites the transcendental operations of the `math` dialect, scalar or
    vector, into `arith` and `math.fma`, so that a compiled model needs no
    libm. f16 and bf16 are computed in f32. The f32 results are within 5 units
    in the last place (exp, expm1, log, log2, log1p, tanh, erf, erfc, which have
    f32 polynomials; results below the smallest normal number may be zero, and erfc below 1e-30
    is as exact only with `--strict-fp`, which keeps subnormal numbers) or
    within 1 (the rest, computed in f64 and rounded once), and right at
    infinities, NaN and where a function saturates (test/unit/Codegen/MathTest).

    Conversions between f32 and bf16 become integer operations.

    f64 functions are within 5 units, but for erf, erfc and powf, which become
    calls of libm.

    ```mlir
    %1 = math.exp %0 : vector<16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def ConvertToLLVMPass : Pass<"aicc-convert-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Convert a program at the loops stage to the LLVM dialect";
  let description = [{
    The last step of `aicc-lower-to-llvm`: converts the operations of func,
    cf, memref, vector, arith, math and index that are left, and makes the
    program callable:

    - memrefs become bare pointers; arguments with the unit attribute
      `aicc.noalias` become `noalias`, and all are `dereferenceable` for their
      static size;
    - every symbol gets the prefix of the model (attribute `aicc.model` of the
      module as a C identifier);
    - each kernel @k that is launched in parallel gets a body
      `@k.body(args, begin, end)` that loads its arguments from an array of
      pointers;
    - `aicc.launch` with grain 0 becomes a call of the kernel with the range
      [0, trip), any other a call of the host's `parallel_for`, or of the body
      if the host has none;
    - `aicc.offload` becomes a call of the host's `offload` with the addresses
      and sizes of its arguments; a program that has one returns 1 where the
      host has no device;
    - the function with the attribute `aicc.entry` is wrapped as
      `i32 @<prefix>_invoke(ptr)`, which takes the `aicc_invocation` of
      `aicc-c/runtime.h`;
    - what the host calls is marked for the code generator, which lets it run
      with subnormal numbers taken as zero (not under `--strict-fp`);
    - `aicc.weight` operations disappear: the artefact is made from the module
      before this pass.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // AICC_CODEGEN_PASSES
