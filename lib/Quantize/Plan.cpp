//===- Plan.cpp - What is quantised ---------------------------------------===//

#include "lib/Quantize/Plan.h"

#include "aicc/Quantize/Quantize.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace aicc::quantize {

static constexpr const char *floatOperand =
    "what it reads is not computed on integers";
static constexpr const char *floatUsers =
    "nothing reads its result as integers";

/// Does somebody in the plan read `value` as integers? `wanting` are the moves
/// for whose results this is so.
bool Plan::isWanted(Value value,
                    const llvm::DenseSet<Operation *> &wanting) const {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    auto it = roles.find(use.getOwner());
    if (it == roles.end() ||
        !llvm::is_contained(it->second.data, use.getOperandNumber()))
      return false;
    return it->second.kind != Role::Kind::Move ||
           wanting.contains(use.getOwner());
  });
}

/// Takes the operations out whose place in the plan depends on others that are
/// not in it (any more). True if there were some.
bool Plan::removeUnfit() {
  llvm::DenseSet<Operation *> wanting, available;
  for (auto &[op, role] : llvm::reverse(roles))
    if (llvm::any_of(op->getResults(),
                     [&](Value result) { return isWanted(result, wanting); }))
      wanting.insert(op);
  llvm::DenseMap<Operation *, const char *> unfit;
  for (auto &[op, role] : roles) {
    bool reads = llvm::all_of(role.data, [&](unsigned index) {
      Value operand = op->getOperand(index);
      return constantOf(operand) || available.contains(operand.getDefiningOp());
    });
    bool fits = role.kind == Role::Kind::Product;
    if (role.kind == Role::Kind::Compute)
      fits = reads && wanting.contains(op);
    if (role.kind == Role::Kind::Move)
      fits = reads || wanting.contains(op);
    if (fits)
      available.insert(op);
    else
      unfit[op] = reads ? floatUsers : floatOperand;
  }
  for (auto [op, reason] : unfit)
    leftOps.emplace_back(op, reason);
  roles.remove_if([&](auto &entry) { return unfit.contains(entry.first); });
  return !unfit.empty();
}

/// Everything that a move connects is of one scale, and what a Relu or Clip
/// reads is of the scale of its result: what that does not hold is cut off by
/// the one as well as by the other, and numbers are rounded once.
void Plan::joinClasses() {
  llvm::SetVector<Value> values;
  for (auto &[op, role] : roles) {
    for (unsigned index : role.data)
      if (!constantOf(op->getOperand(index)))
        values.insert(op->getOperand(index));
    for (Value result : op->getResults())
      if (isQuantizable(result))
        values.insert(result);
  }
  for (Value value : values)
    classes.insert(value);
  llvm::DenseSet<Value> activated;
  for (auto &[op, role] : roles)
    if (Operation *activation = activationOf(op)) {
      activated.insert(op->getResult(0));
      classes.unionSets(activation->getResult(0), op->getResult(0));
    }
  for (auto &[op, role] : roles) {
    if (role.kind != Role::Kind::Move)
      continue;
    Value first = op->getResult(0);
    for (Value result : op->getResults().drop_front())
      if (isQuantizable(result))
        classes.unionSets(first, result);
    for (unsigned index : role.data)
      if (!constantOf(op->getOperand(index)))
        classes.unionSets(first, op->getOperand(index));
  }
  for (auto &[op, role] : roles) {
    if (role.kind == Role::Kind::Move)
      for (unsigned index : role.data)
        if (auto tensor = constantOf(op->getOperand(index)))
          sharedConstants[leader(op->getResult(0))].push_back(*tensor);
    if (role.kind == Role::Kind::Product && role.data.size() == 2 &&
        !constantOf(op->getOperand(1)))
      signedLeaders.insert(leader(op->getOperand(1)));
  }
  for (Value value : values) {
    auto it = roles.find(value.getDefiningOp());
    bool moved = it != roles.end() && it->second.kind == Role::Kind::Move;
    if (!moved && !activated.contains(value))
      sourceValues.push_back(value);
  }
}

Plan::Plan(func::FuncOp func) {
  for (Operation &op : func.front()) {
    Role role = roleOf(&op);
    if (role.kind != Role::Kind::None)
      roles.insert({&op, std::move(role)});
    else if (role.reason)
      leftOps.emplace_back(&op, role.reason);
    // What sub-graphs hold stays as it is; their operation is on the list.
  }
  // A chain of computations falls at once in either direction; more than a few
  // rounds need several chains that cross.
  while (removeUnfit()) {
  }
  joinClasses();
  llvm::sort(leftOps, [](const auto &a, const auto &b) {
    return a.first->isBeforeInBlock(b.first);
  });
}

Operation *Plan::activationOf(Operation *op) const {
  if (op->getNumResults() == 0 || role(op).kind == Role::Kind::Move ||
      !op->getResult(0).hasOneUse())
    return nullptr;
  OpOperand &use = *op->getResult(0).use_begin();
  return use.getOperandNumber() == 0 && contains(use.getOwner()) &&
                 boundsOf(use.getOwner())
             ? use.getOwner()
             : nullptr;
}

//===----------------------------------------------------------------------===//
// The public side
//===----------------------------------------------------------------------===//

llvm::SmallVector<Value> observedValues(func::FuncOp func) {
  return llvm::SmallVector<Value>(Plan(func).sources());
}

void setRange(Value value, double low, double high) {
  Builder builder(value.getContext());
  Attribute range = builder.getDenseF64ArrayAttr({low, high});
  if (auto argument = dyn_cast<BlockArgument>(value))
    cast<func::FuncOp>(argument.getOwner()->getParentOp())
        .setArgAttr(argument.getArgNumber(), rangeAttrName, range);
  else
    value.getDefiningOp()->setAttr(rangeAttrName, range);
}

llvm::SmallVector<Operation *> correctedLayers(func::FuncOp func) {
  Plan plan(func);
  llvm::SmallVector<Operation *> layers;
  for (auto &[op, role] : plan.operations())
    if (role.kind == Role::Kind::Product)
      if (auto layer = layerOf(op); layer && layer->bias)
        layers.push_back(op);
  return layers;
}

void setCorrection(Operation *layer, llvm::ArrayRef<double> correction) {
  Builder builder(layer->getContext());
  layer->setAttr(correctionAttrName, builder.getDenseF64ArrayAttr(correction));
}

Summary summarize(func::FuncOp func) {
  Plan plan(func);
  Summary summary;
  auto add = [&](Operation *op, llvm::StringRef reason) {
    std::string name = op->getName().stripDialect().str();
    auto it = llvm::find_if(summary.groups, [&](const Summary::Group &group) {
      return group.op == name && group.reason == reason;
    });
    if (it == summary.groups.end()) {
      summary.groups.push_back(
          {name, reason.str(), nodeOrigin(op->getLoc()).node, 0});
      it = std::prev(summary.groups.end());
    }
    ++it->count;
  };
  for (auto &[op, role] : plan.operations())
    if (role.kind != Role::Kind::Move)
      add(op, "");
  for (auto [op, reason] : plan.left())
    add(op, reason);
  return summary;
}

} // namespace aicc::quantize
