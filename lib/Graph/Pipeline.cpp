//===- Pipeline.cpp - The graph stage -------------------------------------===//

#include "aicc/Graph/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace aicc {

namespace graph {
#define GEN_PASS_REGISTRATION
#include "aicc/Graph/Passes.h.inc"
} // namespace graph

void buildGraphPipeline(OpPassManager &pm, const CompileOptions &options) {
  OpPassManager &func = pm.nest<func::FuncOp>();
  graph::FoldConstantsPassOptions fold;
  fold.maxBytes = options.limits.maxFoldBytes;
  func.addPass(graph::createFoldConstantsPass(fold));
  func.addPass(graph::createSelectBranchesPass());
  func.addPass(createCSEPass());
  graph::SimplifyPassOptions simplify;
  simplify.strictFp = options.strictFp;
  func.addPass(graph::createSimplifyPass(simplify));
  graph::RequireStaticPassOptions require;
  require.maxElements = options.limits.maxTensorElements;
  pm.addPass(graph::createRequireStaticPass(require));
}

void graph::registerGraphPasses() {
  registerGraphStagePasses();
  PassPipelineRegistration<>(
      "aicc-graph-pipeline", "the passes of the graph stage, default limits",
      [](OpPassManager &pm) { buildGraphPipeline(pm, CompileOptions()); });
}

} // namespace aicc
