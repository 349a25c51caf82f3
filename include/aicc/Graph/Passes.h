//===- Passes.h - Passes of the graph stage ---------------------*- C++ -*-===//

#ifndef AICC_GRAPH_PASSES_H
#define AICC_GRAPH_PASSES_H

#include "aicc/Compiler/CompileOptions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace aicc {

/// From what the importer gives (stage `onnx`) to stage `graph`: everything
/// static, constants evaluated, the graph cleaned up.
void buildGraphPipeline(mlir::OpPassManager &pm, const CompileOptions &options);

namespace graph {

#define GEN_PASS_DECL
#include "aicc/Graph/Passes.h.inc"

/// The passes above and `aicc-graph-pipeline`.
void registerGraphPasses();

} // namespace graph
} // namespace aicc

#endif // AICC_GRAPH_PASSES_H
