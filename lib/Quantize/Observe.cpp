//===- Observe.cpp - Functions that return what quantising needs ----------===//

#include "aicc/Quantize/Passes.h"
#include "aicc/Quantize/Quantize.h"
#include "lib/Quantize/Qdq.h"

#include "dialects/onnx/IR/OnnxOps.h"

#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace aicc::quantize {

#define GEN_PASS_DEF_OBSERVEPASS
#define GEN_PASS_DEF_OBSERVEERRORSPASS
#include "aicc/Quantize/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "aicc/Quantize/Passes.h.inc"

/// `func` returns `values`, and computes no more than they need.
static void returnInstead(func::FuncOp func, ArrayRef<Value> values) {
  Operation *end = func.front().getTerminator();
  end->setOperands(values);
  graph::eraseDeadOperations(func.front());
  graph::updateFunctionType(func);
  Builder builder(func.getContext());
  SmallVector<Attribute> attributes;
  for (size_t i = 0; i < values.size(); ++i)
    attributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("aicc.name",
                              builder.getStringAttr(std::to_string(i))),
         builder.getNamedAttr("aicc.dtype",
                              builder.getStringAttr("float32"))}));
  func.setAllResultAttrs(attributes);
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    func.removeArgAttr(i, rangeAttrName);
}

namespace {

struct ObservePass : impl::ObservePassBase<ObservePass> {
  using ObservePassBase::ObservePassBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func.isExternal())
      returnInstead(func, observedValues(func));
  }
};

struct ObserveErrorsPass : impl::ObserveErrorsPassBase<ObserveErrorsPass> {
  using ObserveErrorsPassBase::ObserveErrorsPassBase;

  void runOnOperation() override;
};

} // namespace

/// Weights as float constants that have the values of `weight`: rounded at
/// compile time, so that the layer is compiled as the float one is.
static Value makeRounded(OpBuilder &builder, Location loc,
                         const QuantizedWeight &weight) {
  ConstantTensor rounded = ConstantTensor::make(
      RankedTensorType::get(weight.values.shape(), builder.getF32Type()));
  for (int64_t i = 0; i < rounded.numElements(); ++i)
    rounded.setReal(i, double(weight.values.integer(i)) *
                           weight.scales[weight.channelOf(i)]);
  return graph::makeConstant(builder, loc, rounded).getOutput();
}

/// The mean of `value` over all dimensions but the channels', which is 1.
static Value makeChannelMean(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> axes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != 1)
      axes.push_back(i);
  NamedAttribute keep =
      builder.getNamedAttr("keepdims", builder.getI64IntegerAttr(0));
  return onnx::ReduceMeanOp::create(
             builder, loc,
             TypeRange(RankedTensorType::get({type.getShape()[1]},
                                             type.getElementType())),
             ValueRange{value, graph::makeInts(builder, loc, axes)}, keep)
      .getResult();
}

void ObserveErrorsPass::runOnOperation() {
  func::FuncOp func = getOperation();
  if (func.isExternal())
    return;
  Plan plan(func);
  FailureOr<Scales> scales = Scales::get(func, plan);
  if (failed(scales))
    return signalPassFailure();
  OpBuilder builder(&getContext());
  llvm::DenseMap<Value, Value> pairs;
  SmallVector<Value> errors;
  for (Operation *op : correctedLayers(func)) {
    Value input = op->getOperand(0);
    const Parameters &parameters = scales->of(plan.leader(input));
    Location loc = op->getLoc();
    Layer layer = *layerOf(op);
    FailureOr<LayerConstants> constants = quantizeLayer(op, layer, parameters);
    if (failed(constants))
      return signalPassFailure();
    builder.setInsertionPointAfter(op);
    Value &pair = pairs[input];
    if (!pair) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointAfterValue(input);
      pair = makePair(builder, loc, input, parameters);
    }
    Value weight = makeRounded(builder, loc, constants->weight);
    Operation *quantized = builder.clone(*op);
    quantized->setOperand(0, pair);
    quantized->setOperand(layer.weight, weight);
    Value difference =
        onnx::SubOp::create(builder, loc, op->getResult(0).getType(),
                            op->getResult(0), quantized->getResult(0))
            .getResult();
    errors.push_back(makeChannelMean(builder, loc, difference));
  }
  returnInstead(func, errors);
}

void registerQuantizePasses() { registerQuantizeStagePasses(); }

} // namespace aicc::quantize
