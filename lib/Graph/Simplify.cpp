//===- Simplify.cpp - Algebraic clean-up of the graph ---------------------===//

#include "Simplify.h"

#include "aicc/Graph/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace aicc::graph {
#define GEN_PASS_DEF_SIMPLIFYPASS
#include "aicc/Graph/Passes.h.inc"
} // namespace aicc::graph

using namespace mlir;

namespace aicc::graph {

std::optional<ConstantTensor> constantOf(Value value) {
  auto op = value.getDefiningOp<onnx::ConstantOp>();
  return op ? ConstantTensor::get(op.getValue()) : std::nullopt;
}

std::optional<double> splatOf(Value value) {
  auto tensor = constantOf(value);
  if (!tensor || tensor->numElements() == 0 ||
      !(tensor->isSplat() || tensor->numElements() <= 4096))
    return std::nullopt;
  double first = tensor->real(0);
  return tensor->isAll(first) ? std::optional<double>(first) : std::nullopt;
}

Value makeNoValue(OpBuilder &builder, Location loc) {
  return onnx::NoValueOp::create(builder, loc);
}

Value makeInts(OpBuilder &builder, Location loc, ArrayRef<int64_t> values) {
  return makeConstant(builder, loc,
                      ConstantTensor::makeInts(builder.getContext(), values))
      .getOutput();
}

Value makeReshape(OpBuilder &builder, Location loc, Value value,
                  RankedTensorType type) {
  if (value.getType() == type)
    return value;
  Value shape = makeInts(builder, loc, type.getShape());
  // The sizes are final: a 0 is a size of zero.
  return onnx::ReshapeOp::create(builder, loc, type, value, shape,
                                 builder.getI64IntegerAttr(1));
}

namespace {
/// Counts rewrites for --pass-statistics.
struct Counter : RewriterBase::Listener {
  int64_t replaced = 0;
  void notifyOperationReplaced(Operation *, ValueRange) override { ++replaced; }
};

struct Simplify : impl::SimplifyPassBase<Simplify> {
  using SimplifyPassBase::SimplifyPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateMovePatterns(set);
    populateArithmeticPatterns(set);
    populateExactWeightPatterns(set);
    if (!strictFp) {
      populatePowerPatterns(set);
      populateWeightPatterns(set);
      populateFusionPatterns(set);
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
    // The patterns shrink the graph; should they ever not settle, what they
    // did so far is right all the same.
    (void)applyPatternsGreedily(func, patterns, config);
    numRewrites += counter.replaced;
    eraseDeadOperations(func.front());
    updateFunctionType(func);
  }

private:
  FrozenRewritePatternSet patterns;
};
} // namespace

} // namespace aicc::graph
