//===- ApproximateMath.cpp - Math functions as polynomials ----------------===//

#include "aicc/Codegen/Passes.h"

#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace aicc {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "lib/Codegen/Passes.h.inc"
} // namespace aicc

using namespace mlir;

namespace {

struct ApproximateMath
    : public aicc::impl::ApproximateMathPassBase<ApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
