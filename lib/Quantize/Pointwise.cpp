//===- Pointwise.cpp - Functions of one number ----------------------------===//

#include "lib/Quantize/Pointwise.h"

#include "lib/Quantize/Roles.h"

#include "dialects/onnx/IR/OnnxOps.h"

using namespace mlir;

namespace aicc::quantize {

/// Functions whose results are of about the size of what they get; those with
/// poles or powers of numbers are better left to floats.
static bool isPointwise(Operation *op) {
  return isa<onnx::AbsOp, onnx::AddOp, onnx::DivOp, onnx::EluOp, onnx::ErfOp,
             onnx::GeluOp, onnx::HardSigmoidOp, onnx::HardSwishOp,
             onnx::LeakyReluOp, onnx::MaxOp, onnx::MinOp, onnx::MishOp,
             onnx::MulOp, onnx::NegOp, onnx::ReluOp, onnx::SigmoidOp,
             onnx::SoftplusOp, onnx::SubOp, onnx::SwishOp, onnx::TanhOp>(op) ||
         (isa<onnx::ClipOp>(op) && boundsOf(op));
}

/// A constant operand that is the same number for all elements.
static bool isNumber(Value operand) {
  return isa<NoneType>(operand.getType()) || graph::splatOf(operand);
}

/// The function whose result is `operand`, if `op` is all that reads it. Not a
/// Relu or Clip of something else than a function: saturation does its work
/// where it is (Plan::activationOf).
const PointwiseFunction *PointwiseFunctions::extended(Operation *op,
                                                      Value operand) const {
  Operation *producer = operand.getDefiningOp();
  const PointwiseFunction *function = producer ? find(producer) : nullptr;
  if (!function ||
      !llvm::all_of(operand.getUsers(),
                    [&](Operation *user) { return user == op; }) ||
      (boundsOf(producer) && function->inside.empty()))
    return nullptr;
  return function;
}

void PointwiseFunctions::visit(Operation *op) {
  if (!isPointwise(op))
    return;
  PointwiseFunction made;
  SmallVector<Operation *> joined;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (isNumber(value))
      continue;
    // A divisor that is no constant may be zero.
    if (value.getType() != op->getResult(0).getType() ||
        (isa<onnx::DivOp>(op) && operand.getOperandNumber() == 1))
      return;
    if (const PointwiseFunction *function = extended(op, value)) {
      if (!llvm::is_contained(joined, value.getDefiningOp())) {
        joined.push_back(value.getDefiningOp());
        made.uses.append(function->uses);
        made.inside.append(function->inside);
        made.inside.push_back(value.getDefiningOp());
      }
    } else {
      made.uses.push_back(&operand);
    }
  }
  if (made.uses.empty() || !llvm::all_of(made.uses, [&](OpOperand *use) {
        return use->get() == made.source();
      }))
    return;
  for (Operation *part : joined)
    functions.erase(part);
  inner.insert(made.inside.begin(), made.inside.end());
  functions[op] = std::move(made);
}

PointwiseFunctions::PointwiseFunctions(Block &block) {
  for (Operation &op : block)
    visit(&op);
}

} // namespace aicc::quantize
