//===- Parameters.cpp - Scales and zero points ----------------------------===//

#include "dialects/qnn/Transforms/Parameters.h"

#include "lib/Graph/ShapeInference.h"

#include <cmath>

using namespace mlir;

namespace aicc::qnn {

bool isScale(float scale) { return scale > 0 && scale <= 1e30F; }

int64_t Affine::quantize(float real, ByteRange range, size_t channel) const {
  size_t i = isPerTensor() ? 0 : channel;
  float value = std::nearbyintf(real / scales[i]) + float(zeros[i]);
  if (std::isnan(value))
    return std::min(std::max<int64_t>(0, range.low), range.high);
  return static_cast<int64_t>(
      std::fmin(std::fmax(value, float(range.low)), float(range.high)));
}

std::optional<Affine> readAffine(RankedTensorType type, Value scale, Value zero,
                                 int64_t axis, int64_t blockSize) {
  auto scales = graph::constantOf(scale);
  if (!scales || blockSize != 0 || scales->numElements() == 0 ||
      !scales->type().getElementType().isF32())
    return std::nullopt;
  int64_t count = scales->numElements();
  Affine affine;
  if (count != 1) {
    affine.axis = axis < 0 ? axis + type.getRank() : axis;
    if (scales->shape().size() != 1 || affine.axis < 0 ||
        affine.axis >= type.getRank() || type.getDimSize(affine.axis) != count)
      return std::nullopt;
  }
  affine.zeros.assign(count, 0);
  if (graph::isPresent(zero)) {
    auto zeros = graph::constantOf(zero);
    if (!zeros || zeros->format().isFloat() ||
        (zeros->numElements() != 1 && zeros->numElements() != count))
      return std::nullopt;
    for (int64_t i = 0; i < count; ++i)
      affine.zeros[i] = zeros->integer(zeros->numElements() == 1 ? 0 : i);
  }
  for (int64_t i = 0; i < count; ++i) {
    affine.scales.push_back(static_cast<float>(scales->real(i)));
    if (!isScale(affine.scales.back()))
      return std::nullopt;
  }
  return affine;
}

std::optional<Quantized> dequantizedFrom(Value real) {
  auto op = real.getDefiningOp<onnx::DequantizeLinearOp>();
  if (!op || !getElementTypeOrSelf(real.getType()).isF32())
    return std::nullopt;
  auto type = graph::staticType(op.getX());
  Type element = type ? type.getElementType() : Type();
  if (!type || !(element.isInteger(8) || element.isSignlessInteger(32)))
    return std::nullopt;
  std::optional<Affine> affine =
      readAffine(type, op.getXScale(), op.getXZeroPoint(), op.getAxis(),
                 op.getBlockSize());
  if (!affine)
    return std::nullopt;
  return Quantized{op.getX(), *affine};
}

std::optional<Quantized> byteFrom(Value real) {
  std::optional<Quantized> found = dequantizedFrom(real);
  if (!found || !found->isByte() || !found->affine.isPerTensor())
    return std::nullopt;
  return found;
}

std::optional<Affine> affineOf(onnx::QuantizeLinearOp op) {
  auto type = graph::staticType(op.getY());
  if (!type || !type.getElementType().isInteger(8) ||
      !getElementTypeOrSelf(op.getX().getType()).isF32())
    return std::nullopt;
  std::optional<Affine> affine =
      readAffine(type, op.getYScale(), op.getYZeroPoint(), op.getAxis(),
                 op.getBlockSize());
  return affine && affine->isPerTensor() ? affine : std::nullopt;
}

Value makeDequantize(OpBuilder &builder, Location loc, Value value,
                     const Affine &affine) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  if (!affine.isPerTensor())
    shape.push_back(static_cast<int64_t>(affine.scales.size()));
  ConstantTensor scale =
      ConstantTensor::make(RankedTensorType::get(shape, builder.getF32Type()));
  ConstantTensor zero =
      ConstantTensor::make(RankedTensorType::get(shape, type.getElementType()));
  bool isCentred = true;
  for (size_t i = 0; i < affine.scales.size(); ++i) {
    scale.setReal(static_cast<int64_t>(i), affine.scales[i]);
    zero.setInteger(static_cast<int64_t>(i), affine.zeros[i]);
    isCentred &= affine.zeros[i] == 0;
  }
  Value zeroValue = isCentred
                        ? graph::makeNoValue(builder, loc)
                        : graph::makeConstant(builder, loc, zero).getOutput();
  Value scaleValue = graph::makeConstant(builder, loc, scale);
  NamedAttribute axis(builder.getStringAttr("axis"),
                      builder.getI64IntegerAttr(affine.axis));
  return onnx::DequantizeLinearOp::create(
      builder, loc, TypeRange{type.clone(builder.getF32Type())},
      ValueRange{value, scaleValue, zeroValue}, ArrayRef<NamedAttribute>{axis});
}

SmallVector<int64_t> zeroPoints(const Affine &affine) {
  if (!llvm::all_equal(affine.zeros))
    return affine.zeros;
  if (affine.zeros.front() == 0)
    return {};
  return {affine.zeros.front()};
}

} // namespace aicc::qnn
