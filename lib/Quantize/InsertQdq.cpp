//===- InsertQdq.cpp - From ranges to a quantised graph -------------------===//

#include "aicc/Quantize/Passes.h"
#include "aicc/Quantize/Quantize.h"
#include "lib/Quantize/Qdq.h"

#include "dialects/onnx/IR/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace aicc::quantize {

#define GEN_PASS_DEF_INSERTQDQPASS
#include "aicc/Quantize/Passes.h.inc"

namespace {

/// Rewrites the operations of one plan, in program order.
class Inserter {
public:
  Inserter(const Plan &plan, const Scales &scales, MLIRContext *context)
      : plan(plan), scales(scales), builder(context) {}

  LogicalResult run();

private:
  const Parameters &parametersOf(Value value) const {
    return scales.of(plan.leader(value));
  }
  void quantizeOperand(Operation *op, OpOperand &use);
  LogicalResult quantizeWeights(Operation *op, const Layer &layer);
  void quantizeResults(Operation *op);

  const Plan &plan;
  const Scales &scales;
  OpBuilder builder;
  /// What comes out of a pair, by what goes in.
  llvm::DenseMap<Value, Value> pairs;
  /// The parameters of what comes out of pairs.
  llvm::DenseMap<Value, Parameters> dequantized;
  /// Relu and Clip that saturation does the work of.
  llvm::SmallVector<Operation *> absorbed;
};

} // namespace

/// Makes `op` (or a part of it) read `use` from integers.
void Inserter::quantizeOperand(Operation *op, OpOperand &use) {
  Value operand = use.get();
  if (dequantized.contains(operand))
    return;
  if (std::optional<ConstantTensor> constant = constantOf(operand)) {
    // What is moved has the scale of what it becomes.
    Parameters parameters =
        plan.role(op).kind == Role::Kind::Move
            ? parametersOf(op->getResult(0))
            : chooseParameters(rangeOf(*constant), /*isSigned=*/false);
    builder.setInsertionPoint(op);
    use.set(makeDequantized(builder, op->getLoc(), *constant, parameters));
    return;
  }
  Value &pair = pairs[operand];
  if (!pair) {
    builder.setInsertionPointAfterValue(operand);
    Parameters parameters = parametersOf(operand);
    pair = makePair(builder, operand.getLoc(), operand, parameters);
    dequantized[pair] = parameters;
  }
  use.set(pair);
}

LogicalResult Inserter::quantizeWeights(Operation *op, const Layer &layer) {
  const Parameters &input = dequantized.find(op->getOperand(0))->second;
  FailureOr<LayerConstants> constants = quantizeLayer(op, layer, input);
  if (failed(constants))
    return failure();
  const QuantizedWeight &weight = constants->weight;
  builder.setInsertionPoint(op);
  op->setOperand(layer.weight,
                 makeDequantized(builder, op->getLoc(), weight.values,
                                 weight.scales, layer.axis));
  if (constants->bias.empty())
    return success();
  ConstantTensor bias = ConstantTensor::make(RankedTensorType::get(
      {static_cast<int64_t>(constants->bias.size())}, builder.getI32Type()));
  SmallVector<float> scaleOfBias;
  for (auto [c, value] : llvm::enumerate(constants->bias)) {
    float scale = input.scale * weight.scales[c];
    scaleOfBias.push_back(scale);
    bias.setInteger(static_cast<int64_t>(c),
                    static_cast<int64_t>(std::nearbyint(value / scale)));
  }
  op->setOperand(*layer.bias,
                 makeDequantized(builder, op->getLoc(), bias, scaleOfBias, 0));
  return success();
}

/// Everybody reads the results of `op` from integers.
void Inserter::quantizeResults(Operation *op) {
  for (OpResult result : op->getResults()) {
    if (!isQuantizable(result) || result.use_empty())
      continue;
    Parameters parameters = parametersOf(result);
    Operation *activation = plan.activationOf(op);
    if (std::optional<Bounds> bounds =
            activation ? boundsOf(activation) : std::nullopt) {
      if (parameters.quantize(bounds->low) == parameters.lowest() &&
          parameters.quantize(bounds->high) == parameters.lowest() + 255) {
        activation->getResult(0).replaceAllUsesWith(result);
        absorbed.push_back(activation);
      }
    }
    builder.setInsertionPointAfter(op);
    Value pair = makePair(builder, op->getLoc(), result, parameters);
    dequantized[pair] = parameters;
    Operation *quantize = pair.getDefiningOp()->getOperand(0).getDefiningOp();
    result.replaceUsesWithIf(pair, [&](OpOperand &use) {
      return use.getOwner() != quantize &&
             !llvm::is_contained(absorbed, use.getOwner());
    });
  }
}

LogicalResult Inserter::run() {
  for (auto &[op, role] : plan.operations()) {
    if (llvm::is_contained(absorbed, op))
      continue;
    for (OpOperand *use : role.data)
      quantizeOperand(op, *use);
    if (role.kind == Role::Kind::Product)
      if (std::optional<Layer> layer = layerOf(op))
        if (failed(quantizeWeights(op, *layer)))
          return failure();
    quantizeResults(op);
  }
  for (Operation *op : absorbed)
    op->erase();
  return success();
}

namespace {
struct InsertQdqPass : impl::InsertQdqPassBase<InsertQdqPass> {
  using InsertQdqPassBase::InsertQdqPassBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    Plan plan(func);
    FailureOr<Scales> scales = Scales::get(func, plan);
    if (failed(scales) || failed(Inserter(plan, *scales, &getContext()).run()))
      return signalPassFailure();
    numQuantized += plan.operations().size();
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      func.removeArgAttr(i, rangeAttrName);
    for (Operation &op : func.front()) {
      op.removeAttr(rangeAttrName);
      op.removeAttr(correctionAttrName);
    }
    graph::eraseDeadOperations(func.front());
  }
};
} // namespace

} // namespace aicc::quantize
