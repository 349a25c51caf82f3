//===- FormRegions.cpp - Fused groups -------------------------------------===//
//
// Groups structured operations so that what an operation computes elementwise
// from the result of another is computed while that result is in registers.
//
//===----------------------------------------------------------------------===//

#include "aicc/Mapping/Passes.h"
#include "aicc/Mapping/RegionModel.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace aicc {
#define GEN_PASS_DEF_FORMREGIONSPASS
#include "lib/Mapping/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;

namespace {
/// Operations that will share a region, in program order.
struct Group {
  SmallVector<Operation *> ops;
  /// The loops of the root, without the reductions: what a member must run
  /// over to be computed with it.
  int64_t elements = 0;
};

/// Forms the groups of one block.
class GroupBuilder {
public:
  explicit GroupBuilder(Block &block) : block(block) {}

  void run();

private:
  Group *groupOf(Value value);
  bool isView(Operation *op);
  Group *findHost(linalg::GenericOp op);
  bool dependsOn(Operation *op, Group *group, unsigned &budget,
                 DenseSet<Operation *> &seen);
  void outline(Group &group);

  Block &block;
  std::vector<std::unique_ptr<Group>> groups;
  DenseMap<Operation *, Group *> owner;
  DenseMap<Operation *, unsigned> position;
};
} // namespace

/// A reshape by dimensions of size 1 costs nothing inside a group.
bool GroupBuilder::isView(Operation *op) {
  if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return false;
  auto from = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  auto to = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return from && to && matchUnitReshape(from, to);
}

Group *GroupBuilder::groupOf(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->getBlock() == &block ? owner.lookup(op) : nullptr;
}

/// Does `op` need a result of `group` through an operation outside of it?
/// Answers yes where the search would take too long.
bool GroupBuilder::dependsOn(Operation *op, Group *group, unsigned &budget,
                             DenseSet<Operation *> &seen) {
  if (!op || op->getBlock() != &block ||
      position[op] < position[group->ops.front()])
    return false;
  if (owner.lookup(op) == group)
    return true;
  if (!seen.insert(op).second)
    return false;
  if (budget-- == 0)
    return budget = 1, true;
  auto visit = [&](Operation *from) {
    bool found = false;
    from->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        found =
            found || dependsOn(operand.getDefiningOp(), group, budget, seen);
    });
    return found;
  };
  if (Group *other = owner.lookup(op)) {
    for (Operation *member : other->ops)
      if (visit(member))
        return true;
    return false;
  }
  return visit(op);
}

/// The group whose result `op` can be computed from while it is in registers.
Group *GroupBuilder::findHost(linalg::GenericOp op) {
  if (!isPointwise(op))
    return nullptr;
  int64_t elements = 1;
  for (int64_t size : op.getStaticLoopRanges())
    elements *= size;
  bool gathers = false;
  op.walk([&](Operation *nested) {
    gathers |= isa<tensor::ExtractOp, linalg::IndexOp>(nested);
  });
  if (gathers)
    return nullptr;

  Group *host = nullptr;
  for (OpOperand *input : op.getDpsInputOperands()) {
    Value source = input->get();
    Operation *def = source.getDefiningOp();
    if (def && def->getBlock() == &block && isView(def))
      source = def->getOperand(0);
    Group *group = groupOf(source);
    if (!group || group == host || group->elements != elements ||
        !op.getMatchingIndexingMap(input).isProjectedPermutation(true))
      continue;
    if (!host || position[group->ops.front()] > position[host->ops.front()])
      host = group;
  }
  if (!host)
    return nullptr;
  // Everything else that `op` reads must be there before the group runs.
  for (Value operand : op->getOperands()) {
    Operation *def = operand.getDefiningOp();
    if (def && def->getBlock() == &block && isView(def) &&
        groupOf(def->getOperand(0)) == host)
      continue;
    if (!def || owner.lookup(def) == host)
      continue;
    unsigned budget = 64;
    DenseSet<Operation *> seen;
    if (dependsOn(def, host, budget, seen))
      return nullptr;
  }
  return host;
}

void GroupBuilder::run() {
  unsigned next = 0;
  for (Operation &op : block)
    position[&op] = next++;
  for (Operation &op : block) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || !generic.hasPureTensorSemantics() ||
        generic.hasDynamicShape())
      continue;
    Group *group = findHost(generic);
    if (group) {
      for (Value operand : op.getOperands()) {
        Operation *def = operand.getDefiningOp();
        if (def && def->getBlock() == &block && isView(def) &&
            groupOf(def->getOperand(0)) == group && !owner.lookup(def)) {
          group->ops.push_back(def);
          owner[def] = group;
        }
      }
    } else {
      groups.push_back(std::make_unique<Group>());
      group = groups.back().get();
      group->elements = 1;
      for (auto [size, kind] : llvm::zip(generic.getStaticLoopRanges(),
                                         generic.getIteratorTypesArray()))
        if (!isReductionLoop(kind))
          group->elements *= size;
    }
    group->ops.push_back(&op);
    owner[&op] = group;
  }
  for (auto &group : groups)
    outline(*group);
  sortTopologically(&block);
}

/// Moves the members into a region. Splats, fills and empty tensors go with
/// them; what else they use becomes an operand.
void GroupBuilder::outline(Group &group) {
  DenseSet<Operation *> members(group.ops.begin(), group.ops.end());
  SmallVector<Value> results;
  for (Operation *op : group.ops)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !members.contains(user);
          }))
        results.push_back(result);

  llvm::SetVector<Value> operands;
  SmallVector<Operation *> captured;
  auto capture = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (def && members.contains(def))
      return;
    if (def &&
        (isa<tensor::EmptyOp, linalg::FillOp>(def) || getSplat(value) ||
         (isa<arith::ConstantOp>(def) && !isa<TensorType>(value.getType())))) {
      captured.push_back(def);
      return;
    }
    operands.insert(value);
  };
  for (Operation *op : group.ops) {
    for (Value operand : op->getOperands())
      capture(operand);
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (nested != op &&
            !op->isAncestor(operand.getParentBlock()->getParentOp()))
          capture(operand);
    });
  }

  OpBuilder builder(group.ops.back());
  SmallVector<Type> resultTypes;
  for (Value result : results)
    resultTypes.push_back(result.getType());
  // The node that the group is named after is the one that it starts from.
  auto region = RegionOp::create(builder, group.ops.front()->getLoc(),
                                 resultTypes, operands.getArrayRef());
  Block *body = builder.createBlock(&region.getBody());
  IRMapping mapping;
  for (Value operand : operands)
    mapping.map(operand,
                body->addArgument(operand.getType(), operand.getLoc()));
  for (Operation *def : captured) {
    if (mapping.contains(def->getResult(0)))
      continue;
    // A fill brings the empty tensor that it fills, and its scalar.
    if (isa<linalg::FillOp>(def))
      for (Value operand : def->getOperands())
        if (!mapping.contains(operand))
          builder.clone(*operand.getDefiningOp(), mapping);
    builder.clone(*def, mapping);
  }
  for (Operation *op : group.ops)
    builder.clone(*op, mapping);
  SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(mapping.lookup(result));
  YieldOp::create(builder, region.getLoc(), yielded);
  for (auto [result, replacement] : llvm::zip(results, region.getResults()))
    result.replaceAllUsesExcept(replacement, region);
  for (Operation *op : llvm::reverse(group.ops))
    if (op->use_empty())
      op->erase();
}

namespace {
struct FormRegionsPass : aicc::impl::FormRegionsPassBase<FormRegionsPass> {
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Operation *op) {
      if (isa<func::FuncOp>(op) || op->hasTrait<OpTrait::IsTerminator>() ||
          isa<linalg::LinalgOp>(op))
        return;
      for (Region &region : op->getRegions())
        for (Block &block : region)
          blocks.push_back(&block);
    });
    for (Region &region : getOperation()->getRegions())
      for (Block &block : region)
        blocks.push_back(&block);
    for (Block *block : blocks)
      GroupBuilder(*block).run();
  }
};
} // namespace
