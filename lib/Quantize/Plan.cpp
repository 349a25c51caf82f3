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
    Operation *reader = readers.lookup(&use);
    auto it = roles.find(reader);
    return it != roles.end() &&
           (it->second.kind != Role::Kind::Move || wanting.contains(reader));
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
  llvm::DenseSet<Operation *> unfit;
  for (auto &[op, role] : roles) {
    bool reads = llvm::all_of(role.data, [&](OpOperand *use) {
      return constantOf(use->get()) ||
             available.contains(use->get().getDefiningOp());
    });
    bool fits = role.kind == Role::Kind::Product;
    if (role.kind == Role::Kind::Compute)
      fits = reads && wanting.contains(op);
    if (role.kind == Role::Kind::Move)
      fits = reads || wanting.contains(op);
    if (fits) {
      available.insert(op);
      continue;
    }
    unfit.insert(op);
    leave(op, role, reads ? floatUsers : floatOperand);
  }
  roles.remove_if([&](auto &entry) { return unfit.contains(entry.first); });
  return !unfit.empty();
}

void Plan::leave(Operation *op, const Role &role, const char *reason) {
  // What moves elements does not compute.
  if (role.kind != Role::Kind::Move)
    leftOps.emplace_back(op, reason);
  for (Operation *part : role.inside)
    leftOps.emplace_back(part, reason);
}

/// Everything that a move connects is of one scale, and what a Relu or Clip
/// reads is of the scale of its result: what that does not hold is cut off by
/// the one as well as by the other, and numbers are rounded once.
void Plan::joinClasses() {
  llvm::SetVector<Value> values;
  for (auto &[op, role] : roles) {
    for (OpOperand *use : role.data)
      if (!constantOf(use->get()))
        values.insert(use->get());
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
    for (OpOperand *use : role.data)
      if (!constantOf(use->get()))
        classes.unionSets(first, use->get());
  }
  for (auto &[op, role] : roles) {
    if (role.kind == Role::Kind::Move)
      for (OpOperand *use : role.data)
        if (auto tensor = constantOf(use->get()))
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
  // What sub-graphs hold stays as it is; their operation is on the list.
  PointwiseFunctions functions(func.front());
  for (Operation &op : func.front()) {
    if (functions.isInside(&op))
      continue;
    Role role = roleOf(&op, functions.find(&op));
    if (role.kind == Role::Kind::None) {
      if (role.reason)
        leave(&op, role, role.reason);
      continue;
    }
    for (OpOperand *use : role.data)
      readers[use] = &op;
    roles.insert({&op, std::move(role)});
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
  Operation *activation = use.getOwner();
  return use.getOperandNumber() == 0 && contains(activation) &&
                 role(activation).inside.empty() && boundsOf(activation)
             ? activation
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
  for (auto &[op, role] : plan.operations()) {
    for (Operation *part : role.inside)
      add(part, "");
    if (role.kind != Role::Kind::Move)
      add(op, "");
  }
  for (auto [op, reason] : plan.left())
    add(op, reason);
  return summary;
}

} // namespace aicc::quantize
