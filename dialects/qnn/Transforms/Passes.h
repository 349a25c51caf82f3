//===- Passes.h - Passes of the qnn dialect ---------------------*- C++ -*-===//

#ifndef DIALECTS_QNN_TRANSFORMS_PASSES_H
#define DIALECTS_QNN_TRANSFORMS_PASSES_H

#include "aicc/Compiler/CompileOptions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace aicc::qnn {

#define GEN_PASS_DECL
#include "dialects/qnn/Transforms/Passes.h.inc"

/// Makes the passes known to aicc-opt.
void registerQnnPasses();

/// What the graph stage ends with: quantised operators as `qnn`.
void buildQnnPipeline(mlir::OpPassManager &pm, const CompileOptions &options);

} // namespace aicc::qnn

#endif // DIALECTS_QNN_TRANSFORMS_PASSES_H
