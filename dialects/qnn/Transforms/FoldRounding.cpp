//===- FoldRounding.cpp - What ends in a quantisation ---------------------===//

#include "dialects/qnn/Transforms/Parameters.h"

#include "lib/Graph/ShapeInference.h"

#include <limits>

using namespace mlir;

namespace aicc::qnn {

namespace {
/// A value behind Relu and Clip, and what these hold it in.
struct Clamped {
  Value value;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  /// Holds the value in [innerLow, innerHigh] before.
  void hold(double innerLow, double innerHigh) {
    auto clamp = [&](double x) { return std::min(std::max(x, low), high); };
    double newLow = clamp(innerLow), newHigh = clamp(innerHigh);
    low = newLow;
    high = newHigh;
  }
};
} // namespace

/// The scalar constant `value`, or `otherwise` if it is absent.
static std::optional<double> boundOf(Value value, double otherwise) {
  if (!graph::isPresent(value))
    return otherwise;
  return graph::splatOf(value);
}

static Clamped throughClamps(Value value) {
  Clamped clamped{value};
  double infinity = std::numeric_limits<double>::infinity();
  while (true) {
    if (auto relu = clamped.value.getDefiningOp<onnx::ReluOp>()) {
      clamped.hold(0, infinity);
      clamped.value = relu.getX();
      continue;
    }
    auto clip = clamped.value.getDefiningOp<onnx::ClipOp>();
    if (!clip)
      return clamped;
    std::optional<double> low = boundOf(clip.getMin(), -infinity);
    std::optional<double> high = boundOf(clip.getMax(), infinity);
    if (!low || !high || !(*low <= *high))
      return clamped;
    clamped.hold(*low, *high);
    clamped.value = clip.getInput();
  }
}

namespace {
/// The bounds of a result, as attributes: absent where its type says so.
struct Bounds {
  Bounds(Builder &b, const Clamped &clamped, const Affine &affine, Type type) {
    ByteRange range = rangeOf(type);
    auto low = affine.quantize(static_cast<float>(clamped.low), range);
    auto high = affine.quantize(static_cast<float>(clamped.high), range);
    if (low != range.low)
      lowAttr = b.getI64IntegerAttr(low);
    if (high != range.high)
      highAttr = b.getI64IntegerAttr(high);
  }
  IntegerAttr lowAttr, highAttr;
};
} // namespace

/// Quantised sums.
static LogicalResult foldRequantize(onnx::QuantizeLinearOp op,
                                    PatternRewriter &rewriter) {
  std::optional<Affine> to = affineOf(op);
  if (!to)
    return failure();
  Clamped clamped = throughClamps(op.getX());
  std::optional<Quantized> from = dequantizedFrom(clamped.value);
  if (!from || from->isByte() || !zeroPoints(from->affine).empty())
    return failure();
  SmallVector<float> scales;
  for (float scale : from->affine.scales) {
    scales.push_back(scale / to->scales.front());
    if (!isScale(scales.back()))
      return failure();
  }
  Bounds bounds(rewriter, clamped, *to, op.getY().getType());
  rewriter.replaceOpWithNewOp<RequantizeOp>(
      op, op.getY().getType(), from->value,
      rewriter.getDenseF32ArrayAttr(scales),
      rewriter.getI64IntegerAttr(from->affine.axis),
      rewriter.getI64IntegerAttr(to->zeros.front()), bounds.lowAttr,
      bounds.highAttr);
  return success();
}

/// The quantised sum of two dequantised tensors.
static LogicalResult foldAdd(onnx::QuantizeLinearOp op,
                             PatternRewriter &rewriter) {
  std::optional<Affine> to = affineOf(op);
  if (!to)
    return failure();
  Clamped clamped = throughClamps(op.getX());
  auto add = clamped.value.getDefiningOp<onnx::AddOp>();
  if (!add)
    return failure();
  std::optional<Quantized> a = byteFrom(add.getA()), b = byteFrom(add.getB());
  if (!a || !b)
    return failure();
  float scaleA = a->affine.scales.front() / to->scales.front();
  float scaleB = b->affine.scales.front() / to->scales.front();
  if (!isScale(scaleA) || !isScale(scaleB))
    return failure();
  Bounds bounds(rewriter, clamped, *to, op.getY().getType());
  rewriter.replaceOpWithNewOp<AddOp>(
      op, op.getY().getType(), a->value, b->value,
      rewriter.getF32FloatAttr(scaleA), rewriter.getF32FloatAttr(scaleB),
      rewriter.getI64IntegerAttr(a->affine.zeros.front()),
      rewriter.getI64IntegerAttr(b->affine.zeros.front()),
      rewriter.getI64IntegerAttr(to->zeros.front()), bounds.lowAttr,
      bounds.highAttr);
  return success();
}

void populateRoundingPatterns(RewritePatternSet &patterns) {
  patterns.add(foldRequantize);
  patterns.add(foldAdd);
}

} // namespace aicc::qnn
