//===- Passes.h - From onnx to the structured stage -------------*- C++ -*-===//

#ifndef DIALECTS_ONNX_LOWERING_PASSES_H
#define DIALECTS_ONNX_LOWERING_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace aicc {
struct CompileOptions;
} // namespace aicc

namespace aicc::onnx {

#define GEN_PASS_DECL
#include "dialects/onnx/Lowering/Passes.h.inc"

/// Makes the passes known to aicc-opt.
void registerLoweringPasses();

/// Tells the import which operators have a lowering.
void registerLoweredOperators(mlir::DialectRegistry &registry);

/// The way from the graph stage to the structured stage.
void buildStructuredPipeline(mlir::OpPassManager &pm,
                             const CompileOptions &options);

/// Reports every node that has no lowering, without changing the module.
mlir::LogicalResult checkSupported(mlir::ModuleOp module);

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_PASSES_H
