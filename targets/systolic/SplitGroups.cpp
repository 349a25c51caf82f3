//===- SplitGroups.cpp - Groups end where results leave the array ---------===//

#include "aicc/Mapping/RegionModel.h"
#include "aicc/Memory/StorageOrder.h"
#include "targets/systolic/Passes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallSet.h"

namespace aicc {
#define GEN_PASS_DEF_SYSTOLICSPLITGROUPSPASS
#include "targets/systolic/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

static bool isByteTensor(Value value) { return elementOf(value).isInteger(8); }

/// The sums of bytes' products that a group is about; null for others.
static Value sumsOf(const RegionModel &model) {
  linalg::GenericOp root = model.root;
  if ((!contractionDims(model) && !channelsOf(model)) ||
      root->getNumResults() != 1)
    return {};
  Value sums = root->getResult(0);
  bool areBytes = llvm::all_of(root.getDpsInputs(), isByteTensor);
  return areBytes && elementOf(sums).isInteger(32) ? sums : Value();
}

/// What the vector unit reduces or joins: the result of a reduction of bytes
/// that are no products, or of an operation of several tensors of bytes. Null
/// for others, and for functions of one tensor, which are a table as a whole.
static Value pooledOrJoined(const RegionModel &model) {
  linalg::GenericOp root = model.root;
  if (contractionDims(model) || root->getNumResults() != 1)
    return {};
  llvm::SmallSet<unsigned, 4> bytes;
  RegionOp region = model.region;
  for (const RegionAccess &access : model.accesses)
    if (!access.isStore && access.inReduction == model.hasReduction() &&
        isByteTensor(region.getIns()[access.operand]))
      bytes.insert(access.operand);
  bool joins = !model.hasReduction() && bytes.size() > 1;
  bool reduces = model.hasReduction() && bytes.size() == 1;
  return joins || reduces ? root->getResult(0) : Value();
}

/// The first bytes that are computed elementwise from `sums` alone, else the
/// sums.
static Value cutOf(Value sums) {
  Value value = sums;
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (!isa<linalg::GenericOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
            user) ||
        user->getNumResults() != 1)
      break;
    value = user->getResult(0);
    if (elementOf(value).isInteger(8))
      return value;
  }
  return sums;
}

/// What `value` is computed from inside its block, in order.
static llvm::SetVector<Operation *> sliceOf(Value value) {
  llvm::SetVector<Operation *> slice;
  BackwardSliceOptions options;
  Block *block = value.getParentBlock();
  options.filter = [&](Operation *op) { return op->getBlock() == block; };
  options.inclusive = true;
  (void)getBackwardSlice(value, &slice, options);
  return slice;
}

/// A region of its own for `slice`, which ends with `cut`.
static RegionOp outline(OpBuilder &builder, RegionOp region, Value cut,
                        const llvm::SetVector<Operation *> &slice) {
  llvm::SetVector<Value> inputs;
  for (Operation *op : slice)
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (auto argument = dyn_cast<BlockArgument>(operand))
          if (argument.getOwner() == &region.getBody().front())
            inputs.insert(argument);
    });
  SmallVector<Value> operands;
  for (Value input : inputs)
    operands.push_back(
        region.getIns()[cast<BlockArgument>(input).getArgNumber()]);
  auto head = RegionOp::create(builder, cut.getLoc(), TypeRange(cut.getType()),
                               operands);
  Block &body = head.getBody().emplaceBlock();
  IRMapping map;
  for (Value input : inputs)
    map.map(input, body.addArgument(input.getType(), input.getLoc()));
  OpBuilder inside = OpBuilder::atBlockEnd(&body);
  for (Operation *op : slice)
    inside.clone(*op, map);
  YieldOp::create(inside, cut.getLoc(), map.lookup(cut));
  return head;
}

/// What `region` no longer computes or reads is taken out of it.
static void prune(RegionOp region) {
  Block &body = region.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (!isa<YieldOp>(op) && op.use_empty())
      op.erase();
  for (unsigned i = body.getNumArguments(); i-- > 0;)
    if (body.getArgument(i).use_empty()) {
      body.eraseArgument(i);
      region.getInsMutable().erase(i);
    }
}

/// Where `region` ends; null where it stays as it is.
static Value endOf(RegionOp region) {
  std::string why;
  FailureOr<RegionModel> model = RegionModel::build(region, why);
  if (failed(model))
    return {};
  if (Value sums = sumsOf(*model))
    return cutOf(sums);
  Value value = pooledOrJoined(*model);
  if (!value)
    return {};
  Value cut = isByteTensor(value) ? value : cutOf(value);
  return isByteTensor(cut) ? cut : Value();
}

/// Cuts `region` in two; false if it stays as it is.
static bool split(RegionOp region) {
  Value cut = endOf(region);
  if (!cut)
    return false;
  Block &body = region.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  // A group with several results may have the cut among them.
  if (yield.getValues().size() != 1 || yield.getValues()[0] == cut)
    return false;
  llvm::SetVector<Operation *> slice = sliceOf(cut);
  OpBuilder builder(region);
  RegionOp head = outline(builder, region, cut, slice);
  region.getInsMutable().append(head.getResult(0));
  Value argument = body.addArgument(cut.getType(), cut.getLoc());
  cut.replaceAllUsesWith(argument);
  prune(region);
  return true;
}

namespace {
struct SystolicSplitGroupsPass
    : aicc::impl::SystolicSplitGroupsPassBase<SystolicSplitGroupsPass> {
  using SystolicSplitGroupsPassBase::SystolicSplitGroupsPassBase;

  void runOnOperation() override {
    SmallVector<RegionOp> regions;
    getOperation().walk([&](RegionOp region) { regions.push_back(region); });
    // What is left may join or pool bytes again.
    for (RegionOp region : regions)
      while (split(region))
        ;
  }
};
} // namespace

std::unique_ptr<Pass> aicc::systolic::createSplitGroupsPass() {
  return std::make_unique<SystolicSplitGroupsPass>();
}
