//===- SelectBranches.cpp - Ifs that become selections --------------------===//
//
// onnx-select-branches: ONNX operations have no side effects, so both branches
// of an If may run, and the condition may choose between their results. That
// costs the branch not taken, and gives generated code without branches, which
// fuses; what a target cannot run conditionally it can run like this.
//
//===----------------------------------------------------------------------===//

#include "GraphUtils.h"
#include "ShapeInference.h"

#include "aicc/Graph/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace aicc::graph {
#define GEN_PASS_DEF_SELECTBRANCHESPASS
#include "aicc/Graph/Passes.h.inc"
} // namespace aicc::graph

using namespace mlir;

namespace aicc::graph {

/// A tensor of static shape whose elements `onnx.Where` selects.
static bool isSelectable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         ElementFormat::get(tensor.getElementType());
}

/// True if all of `branch` may run whether it is taken or not.
static bool mayRunAlways(Region &branch) {
  return llvm::all_of(branch.front().without_terminator(), [](Operation &op) {
    return op.getNumRegions() == 0 && isPure(&op) &&
           llvm::all_of(op.getResultTypes(), [](Type type) {
             auto tensor = dyn_cast<TensorType>(type);
             return !tensor || tensor.hasStaticShape();
           });
  });
}

/// The condition as a scalar, whatever its shape of one element.
static Value scalarCondition(OpBuilder &builder, onnx::IfOp ifOp) {
  Value condition = ifOp.getCond();
  auto type = dyn_cast<RankedTensorType>(condition.getType());
  if (!type || countElements(type.getShape()) != 1)
    return {};
  if (type.getRank() == 0)
    return condition;
  Value shape = makeConstant(builder, ifOp.getLoc(),
                             ConstantTensor::makeInts(builder.getContext(), {}))
                    .getOutput();
  return onnx::ReshapeOp::create(
      builder, ifOp.getLoc(), RankedTensorType::get({}, type.getElementType()),
      condition, shape, builder.getI64IntegerAttr(1));
}

/// Puts both branches before `ifOp` and selects. Inner Ifs come first.
static void selectBranches(onnx::IfOp ifOp) {
  Operation *thenEnd = ifOp.getThenBranch().front().getTerminator();
  Operation *elseEnd = ifOp.getElseBranch().front().getTerminator();
  for (auto [result, a, b] : llvm::zip(
           ifOp->getResults(), thenEnd->getOperands(), elseEnd->getOperands()))
    if (!isSelectable(result.getType()) || a.getType() != result.getType() ||
        b.getType() != result.getType())
      return;
  if (!mayRunAlways(ifOp.getThenBranch()) ||
      !mayRunAlways(ifOp.getElseBranch()))
    return;
  OpBuilder builder(ifOp);
  Value condition = scalarCondition(builder, ifOp);
  if (!condition)
    return;
  for (Operation *end : {thenEnd, elseEnd})
    ifOp->getBlock()->getOperations().splice(
        ifOp->getIterator(), end->getBlock()->getOperations(),
        end->getBlock()->begin(), end->getIterator());
  for (auto [result, a, b] : llvm::zip(
           ifOp->getResults(), thenEnd->getOperands(), elseEnd->getOperands()))
    result.replaceAllUsesWith(onnx::WhereOp::create(
        builder, ifOp.getLoc(), result.getType(), condition, a, b));
  ifOp->erase();
}

namespace {
struct SelectBranches : impl::SelectBranchesPassBase<SelectBranches> {
  void runOnOperation() override {
    getOperation()->walk<WalkOrder::PostOrder>(
        [](onnx::IfOp ifOp) { selectBranches(ifOp); });
  }
};
} // namespace

} // namespace aicc::graph
