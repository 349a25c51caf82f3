//===- Qdq.cpp - QuantizeLinear and DequantizeLinear ----------------------===//

#include "lib/Quantize/Qdq.h"

#include "aicc/Quantize/Quantize.h"
#include "dialects/onnx/IR/OnnxOps.h"
#include "lib/Graph/ShapeInference.h"

#include <cmath>

using namespace mlir;

namespace aicc::quantize {

using graph::isPresent;
using graph::makeConstant;

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

static DenseF64ArrayAttr rangeAttrOf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return cast<func::FuncOp>(argument.getOwner()->getParentOp())
        .getArgAttrOfType<DenseF64ArrayAttr>(argument.getArgNumber(),
                                             rangeAttrName);
  return value.getDefiningOp()->getAttrOfType<DenseF64ArrayAttr>(rangeAttrName);
}

static FailureOr<Range> rangeOf(Value value) {
  DenseF64ArrayAttr attr = rangeAttrOf(value);
  if (!attr || attr.size() != 2) {
    emitError(value.getLoc())
        << "expected '" << rangeAttrName
        << "' to be the lowest and the highest of its values, found "
        << (attr ? std::to_string(attr.size()) + " numbers" : "none");
    return failure();
  }
  Range range{attr[0], attr[1]};
  if (!range.isFinite()) {
    emitError(value.getLoc())
        << "expected its values to lie in a finite range, "
           "found "
        << range.low << " to " << range.high;
    return failure();
  }
  return range;
}

FailureOr<Scales> Scales::get(func::FuncOp func, const Plan &plan) {
  llvm::MapVector<Value, Range> ranges;
  for (Value source : plan.sources()) {
    FailureOr<Range> range = rangeOf(source);
    if (failed(range))
      return failure();
    auto [it, isNew] = ranges.insert({plan.leader(source), *range});
    it->second.include(*range);
  }
  Scales scales;
  for (auto &[leader, range] : ranges) {
    for (const ConstantTensor &constant : plan.constants(leader))
      range.include(quantize::rangeOf(constant));
    if (!range.isFinite()) {
      emitError(leader.getLoc())
          << "expected the constants of its scale to be finite";
      return failure();
    }
    scales.parameters[leader] = chooseParameters(range, plan.isSigned(leader));
  }
  return scales;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static Value makeScalar(OpBuilder &builder, Location loc, Type type,
                        double value) {
  ConstantTensor tensor = ConstantTensor::make(RankedTensorType::get({}, type));
  if (isa<FloatType>(type))
    tensor.setReal(0, value);
  else
    tensor.setInteger(0, static_cast<int64_t>(value));
  return makeConstant(builder, loc, tensor).getOutput();
}

static Type storageType(MLIRContext *context, const Parameters &parameters) {
  return IntegerType::get(context, 8,
                          parameters.isSigned ? IntegerType::Signless
                                              : IntegerType::Unsigned);
}

static Value dequantize(OpBuilder &builder, Location loc, Value integers,
                        Value scale, Value zeroPoint,
                        std::optional<int64_t> axis) {
  auto type = cast<RankedTensorType>(integers.getType());
  SmallVector<NamedAttribute> attributes;
  if (axis)
    attributes.push_back(
        builder.getNamedAttr("axis", builder.getI64IntegerAttr(*axis)));
  return onnx::DequantizeLinearOp::create(
             builder, loc,
             TypeRange(
                 RankedTensorType::get(type.getShape(), builder.getF32Type())),
             ValueRange{integers, scale, zeroPoint}, attributes)
      .getResult();
}

Value makePair(OpBuilder &builder, Location loc, Value value,
               const Parameters &parameters) {
  auto type = cast<RankedTensorType>(value.getType());
  Type storage = storageType(builder.getContext(), parameters);
  Value scale =
      makeScalar(builder, loc, builder.getF32Type(), parameters.scale);
  Value zero = makeScalar(builder, loc, storage, parameters.zeroPoint);
  Value integers =
      onnx::QuantizeLinearOp::create(
          builder, loc,
          TypeRange(RankedTensorType::get(type.getShape(), storage)),
          ValueRange{value, scale, zero}, ArrayRef<NamedAttribute>())
          .getResult();
  return dequantize(builder, loc, integers, scale, zero, std::nullopt);
}

Value makeDequantized(OpBuilder &builder, Location loc,
                      const ConstantTensor &tensor,
                      const Parameters &parameters) {
  Type storage = storageType(builder.getContext(), parameters);
  ConstantTensor integers = ConstantTensor::make(
      RankedTensorType::get(tensor.shape(), storage), tensor.isSplat());
  int64_t stored = tensor.isSplat() ? 1 : tensor.numElements();
  for (int64_t i = 0; i < stored; ++i)
    integers.setInteger(i, parameters.quantize(tensor.real(i)));
  Value scale =
      makeScalar(builder, loc, builder.getF32Type(), parameters.scale);
  Value zero = makeScalar(builder, loc, storage, parameters.zeroPoint);
  return dequantize(builder, loc,
                    makeConstant(builder, loc, integers).getOutput(), scale,
                    zero, std::nullopt);
}

Value makeDequantized(OpBuilder &builder, Location loc,
                      const ConstantTensor &integers, ArrayRef<float> scales,
                      std::optional<int64_t> axis) {
  graph::Shape shape;
  if (axis)
    shape.push_back(static_cast<int64_t>(scales.size()));
  ConstantTensor scale =
      ConstantTensor::make(RankedTensorType::get(shape, builder.getF32Type()));
  for (auto [i, value] : llvm::enumerate(scales))
    scale.setReal(static_cast<int64_t>(i), value);
  ConstantTensor zero = ConstantTensor::make(
      RankedTensorType::get(shape, integers.type().getElementType()),
      /*splat=*/true);
  auto make = [&](const ConstantTensor &tensor) {
    return makeConstant(builder, loc, tensor).getOutput();
  };
  return dequantize(builder, loc, make(integers), make(scale), make(zero),
                    axis);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

FailureOr<LayerConstants> quantizeLayer(Operation *op, const Layer &layer,
                                        const Parameters &input) {
  std::optional<ConstantTensor> weight =
      constantOf(op->getOperand(layer.weight));
  if (!weight || !quantize::rangeOf(*weight).isFinite())
    return op->emitError("expected its weights to be finite numbers");
  SmallVector<double> bias;
  auto correction = op->getAttrOfType<DenseF64ArrayAttr>(correctionAttrName);
  if (layer.bias) {
    int64_t channels = weight->shape()[*layer.axis];
    if (correction && correction.size() != channels)
      return op->emitError("expected '")
             << correctionAttrName << "' to have a number for each of "
             << channels << " output channels, found " << correction.size();
    std::optional<ConstantTensor> given;
    if (isPresent(op->getOperand(*layer.bias)))
      given = constantOf(op->getOperand(*layer.bias));
    for (int64_t c = 0; (given || correction) && c < channels; ++c) {
      double value = correction ? correction[c] : 0;
      if (given)
        value += given->real(given->numElements() == 1 ? 0 : c);
      if (!std::isfinite(value))
        return op->emitError("expected its bias to be finite numbers");
      bias.push_back(value);
    }
  }
  return LayerConstants{quantizeWeight(*weight, layer.axis, input.scale, bias),
                        std::move(bias)};
}

} // namespace aicc::quantize
