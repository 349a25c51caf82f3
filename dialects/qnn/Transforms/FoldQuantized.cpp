//===- FoldQuantized.cpp - Quantised operators as integer arithmetic ------===//

#include "dialects/qnn/Transforms/Parameters.h"
#include "dialects/qnn/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace aicc::qnn {

#define GEN_PASS_DEF_FOLDQUANTIZEDPASS
#define GEN_PASS_REGISTRATION
#include "dialects/qnn/Transforms/Passes.h.inc"

namespace {
struct Counter : RewriterBase::Listener {
  int64_t replaced = 0;
  void notifyOperationReplaced(Operation *, ValueRange) override { ++replaced; }
};

struct FoldQuantized : impl::FoldQuantizedPassBase<FoldQuantized> {
  using FoldQuantizedPassBase::FoldQuantizedPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateExactProductPatterns(set);
    populateTablePatterns(set);
    populateMovePatterns(set);
    if (!strictFp) {
      populateProductPatterns(set);
      populateTransposedPatterns(set);
      populateRoundingPatterns(set);
    }
    patterns = FrozenRewritePatternSet(std::move(set));
    return success();
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    Counter counter;
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true)
        .enableFolding(false)
        .enableConstantCSE(false)
        .setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled)
        .setListener(&counter);
    // Every rewrite leaves fewer operators on floats, or moves one down; should
    // they ever not settle, what they did so far is right all the same.
    (void)applyPatternsGreedily(func, patterns, config);
    numRewrites += counter.replaced;
    graph::eraseDeadOperations(func.front());
  }

private:
  FrozenRewritePatternSet patterns;
};
} // namespace

void registerQnnPasses() { registerQnnTransformsPasses(); }

void buildQnnPipeline(OpPassManager &pm, const CompileOptions &options) {
  FoldQuantizedPassOptions fold;
  fold.strictFp = options.strictFp;
  pm.addNestedPass<func::FuncOp>(createFoldQuantizedPass(fold));
}

} // namespace aicc::qnn
