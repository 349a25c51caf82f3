//===- SimplifyFusion.cpp - Decomposed operations put together again ------===//
//
// Only where the whole makes fewer passes over memory than its parts do after
// elementwise fusion.
//
//===----------------------------------------------------------------------===//

#include "Simplify.h"

#include "ShapeInference.h"

#include <cmath>

using namespace mlir;

namespace aicc::graph {

/// The operand of a ReduceMean over the trailing dimensions from `axis` on,
/// kept as ones; null if `value` is none.
static Value trailingMean(Value value, int64_t &axis) {
  auto mean = value.getDefiningOp<onnx::ReduceMeanOp>();
  if (!mean || mean.getKeepdims() == 0 || !isPresent(mean.getAxes()))
    return {};
  auto type = staticType(mean.getData());
  auto tensor = constantOf(mean.getAxes());
  auto axes = tensor ? tensor->integers() : std::nullopt;
  if (!type || !axes || axes->empty())
    return {};
  int64_t rank = type.getRank();
  SmallVector<int64_t> sorted;
  for (int64_t each : *axes)
    sorted.push_back(each < 0 ? each + rank : each);
  llvm::sort(sorted);
  axis = rank - static_cast<int64_t>(sorted.size());
  for (auto [i, each] : llvm::enumerate(sorted))
    if (each != axis + static_cast<int64_t>(i))
      return {};
  return mean.getData();
}

/// x if `value` is x * x or x ^ 2.
static Value squareOf(Value value) {
  if (auto mul = value.getDefiningOp<onnx::MulOp>())
    return mul->getOperand(0) == mul->getOperand(1) ? mul->getOperand(0)
                                                    : Value();
  if (auto pow = value.getDefiningOp<onnx::PowOp>())
    return splatOf(pow->getOperand(1)) == 2.0 ? pow->getOperand(0) : Value();
  return {};
}

/// The other operand of a binary `op` that has `value` as one; null if none.
static Value otherOperand(Operation *op, Value value) {
  if (!op || op->getNumOperands() != 2)
    return {};
  if (op->getOperand(0) == value)
    return op->getOperand(1);
  return op->getOperand(1) == value ? op->getOperand(0) : Value();
}

/// A constant usable as Scale or B: the shape of the normalised dimensions.
static bool isWeight(Value value, RankedTensorType type, int64_t axis) {
  auto weight = value ? staticType(value) : RankedTensorType();
  return weight && constantOf(value) &&
         weight.getShape() == type.getShape().drop_front(axis);
}

/// d / sqrt(mean(d * d) + eps) * scale + bias with d = x - mean(x), matched
/// from the division.
static LogicalResult fuseLayerNorm(onnx::DivOp op, PatternRewriter &rewriter) {
  Value centred = op->getOperand(0);
  auto sub = centred.getDefiningOp<onnx::SubOp>();
  auto root = op->getOperand(1).getDefiningOp<onnx::SqrtOp>();
  auto type = staticType(op->getResult(0));
  if (!sub || !root || !type)
    return failure();
  int64_t axis = 0, varianceAxis = 0;
  Value x = sub->getOperand(0);
  if (trailingMean(sub->getOperand(1), axis) != x || x.getType() != type)
    return failure();
  auto sum = root->getOperand(0).getDefiningOp<onnx::AddOp>();
  if (!sum)
    return failure();
  for (unsigned i = 0; i < 2; ++i) {
    std::optional<double> epsilon = splatOf(sum->getOperand(1 - i));
    Value squares = trailingMean(sum->getOperand(i), varianceAxis);
    if (!epsilon || !squares || varianceAxis != axis ||
        squareOf(squares) != centred)
      continue;
    // Scale and bias, where each is the one use of what comes before.
    auto next = [](Value value) -> Operation * {
      return value.hasOneUse() ? *value.getUsers().begin() : nullptr;
    };
    Operation *last = op;
    Value scale, bias;
    if (auto mul = dyn_cast_or_null<onnx::MulOp>(next(op->getResult(0))))
      if (Value other = otherOperand(mul, op->getResult(0));
          isWeight(other, type, axis) && mul->getResult(0).getType() == type) {
        scale = other;
        last = mul;
        if (auto add = dyn_cast_or_null<onnx::AddOp>(next(mul->getResult(0))))
          if (Value more = otherOperand(add, mul->getResult(0));
              isWeight(more, type, axis) &&
              add->getResult(0).getType() == type) {
            bias = more;
            last = add;
          }
      }
    Location loc = op.getLoc();
    rewriter.setInsertionPoint(last);
    if (!scale) {
      ConstantTensor ones = ConstantTensor::make(
          RankedTensorType::get(type.getShape().drop_front(axis),
                                type.getElementType()),
          /*splat=*/true);
      if (ones.numElements() != 0)
        ones.setReal(0, 1);
      scale = makeConstant(rewriter, loc, ones).getOutput();
    }
    if (!bias)
      bias = makeNoValue(rewriter, loc);
    Type none = rewriter.getNoneType();
    auto norm = onnx::LayerNormalizationOp::create(
        rewriter, loc, TypeRange{type, none, none}, ValueRange{x, scale, bias},
        ArrayRef<NamedAttribute>{
            rewriter.getNamedAttr("axis", rewriter.getI64IntegerAttr(axis)),
            rewriter.getNamedAttr(
                "epsilon",
                rewriter.getF32FloatAttr(static_cast<float>(*epsilon)))});
    rewriter.replaceOp(last, norm->getResult(0));
    return success();
  }
  return failure();
}

//===----------------------------------------------------------------------===//
// One-hot times matrix
//===----------------------------------------------------------------------===//

/// N if `value` is the constant 0, 1, ... N - 1 along its last dimension.
static std::optional<int64_t> iotaLength(Value value) {
  auto tensor = constantOf(value);
  if (!tensor || tensor->format().isFloat() || tensor->shape().empty() ||
      tensor->numElements() != tensor->shape().back())
    return std::nullopt;
  for (int64_t i = 0; i < tensor->numElements(); ++i)
    if (tensor->integer(i) != i)
      return std::nullopt;
  return tensor->numElements();
}

/// The rows of `matrix` and one more of zeros, for indices that hit none.
static Value withZeroRow(PatternRewriter &rewriter, Location loc,
                         const ConstantTensor &matrix) {
  Shape shape(matrix.shape());
  ++shape[0];
  ConstantTensor rows = ConstantTensor::make(
      RankedTensorType::get(shape, matrix.type().getElementType()));
  for (int64_t i = 0; i < matrix.numElements(); ++i)
    rows.setRaw(i, matrix.raw(i));
  return makeConstant(rewriter, loc, rows).getOutput();
}

/// MatMul(Cast(x == [0, 1, ... N - 1]), W) picks row x of W: a Gather of M
/// elements in place of N * M multiplications.
static LogicalResult oneHotToGather(onnx::MatMulOp op,
                                    PatternRewriter &rewriter) {
  auto castOp = op.getA().getDefiningOp<onnx::CastOp>();
  auto equal = castOp ? castOp.getInput().getDefiningOp<onnx::EqualOp>()
                      : onnx::EqualOp();
  auto type = staticType(op->getResult(0));
  auto matrix = equal ? constantOf(op.getB()) : std::nullopt;
  if (!matrix || !type || matrix->shape().size() != 2 ||
      !matrix->format().isFloat() || matrix->numElements() > (int64_t(1) << 24))
    return failure();
  // 0 * infinity would be NaN.
  for (int64_t i = 0; i < matrix->numElements(); ++i)
    if (!std::isfinite(matrix->real(i)))
      return failure();
  for (unsigned i = 0; i < 2; ++i) {
    Value x = equal->getOperand(i);
    auto indices = staticType(x);
    std::optional<int64_t> length = iotaLength(equal->getOperand(1 - i));
    if (!indices || length != matrix->shape()[0] || indices.getRank() == 0 ||
        indices.getShape().back() != 1 || indices.getRank() != type.getRank() ||
        indices.getShape().drop_back() != type.getShape().drop_back() ||
        !indices.getElementType().isSignlessInteger() ||
        indices.getElementTypeBitWidth() < 32)
      continue;
    Location loc = op.getLoc();
    auto scalar = [&](int64_t value) {
      ConstantTensor tensor = ConstantTensor::make(
          RankedTensorType::get({}, indices.getElementType()));
      tensor.setInteger(0, value);
      return makeConstant(rewriter, loc, tensor).getOutput();
    };
    Value none = scalar(*length);
    auto booleans =
        RankedTensorType::get(indices.getShape(), rewriter.getI1Type());
    Value negative =
        onnx::LessOp::create(rewriter, loc, booleans, x, scalar(0));
    Value small = onnx::MinOp::create(rewriter, loc, TypeRange{indices},
                                      ValueRange{x, none});
    Value row =
        onnx::WhereOp::create(rewriter, loc, indices, negative, none, small);
    row = makeReshape(rewriter, loc, row,
                      RankedTensorType::get(indices.getShape().drop_back(),
                                            indices.getElementType()));
    rewriter.replaceOpWithNewOp<onnx::GatherOp>(
        op, type, withZeroRow(rewriter, loc, *matrix), row,
        rewriter.getI64IntegerAttr(0));
    return success();
  }
  return failure();
}

void populateFusionPatterns(RewritePatternSet &patterns) {
  patterns.add(fuseLayerNorm);
  patterns.add(oneHotToGather);
}

} // namespace aicc::graph
