//===- FoldTransposed.cpp - Transposed convolutions as convolutions -------===//
//
// Tap k of the kernel takes element i of the input to output
//   t = stride * i + k - low.
// The outputs of one phase, those with the same (t + low) mod stride, see every
// stride-th tap, and are a convolution of stride 1. All phases together are one
// convolution, with the phases as channels, and its results are interleaved:
// bytes move, after the rounding.
//
//===----------------------------------------------------------------------===//

#include "dialects/qnn/Transforms/Parameters.h"

#include "lib/Graph/ShapeInference.h"

using namespace mlir;

namespace aicc::qnn {

using Shape = SmallVector<int64_t>;

namespace {
/// One entry a spatial dimension.
struct Geometry {
  Shape input, kernel, output, strides, low;
  int64_t groups = 1, inputs = 1; ///< Channels of the input.
  int64_t outputs = 1;            ///< Channels of the result, of one group.

  size_t rank() const { return input.size(); }
  /// Of one phase; what is missing in the last ones is zero.
  int64_t taps(size_t d) const {
    return (kernel[d] + strides[d] - 1) / strides[d];
  }
  /// Outputs of one phase, before the first ones are cut off.
  int64_t steps(size_t d) const {
    return std::max(input[d], (output[d] - 1 + low[d]) / strides[d] + 1);
  }
  int64_t phases() const { return llvm::product_of(strides); }
};
} // namespace

/// Nothing for shapes that are not static, dilated kernels, and what ONNX does
/// not define.
static std::optional<Geometry> geometryOf(onnx::ConvTransposeOp op) {
  RankedTensorType x = graph::staticType(op.getX()),
                   w = graph::staticType(op.getW()),
                   y = graph::staticType(op.getY());
  if (!x || !w || !y || x.getRank() < 3 || w.getRank() != x.getRank() ||
      y.getRank() != x.getRank() || y.getNumElements() == 0 ||
      x.getNumElements() == 0 || w.getNumElements() == 0)
    return std::nullopt;
  Geometry g;
  g.groups = static_cast<int64_t>(op.getGroup());
  g.inputs = x.getDimSize(1);
  g.outputs = w.getDimSize(1);
  if (g.groups < 1 || w.getDimSize(0) != g.inputs || g.inputs % g.groups ||
      y.getDimSize(1) != g.outputs * g.groups)
    return std::nullopt;
  g.input.assign(x.getShape().drop_front(2).begin(), x.getShape().end());
  g.kernel.assign(w.getShape().drop_front(2).begin(), w.getShape().end());
  g.output.assign(y.getShape().drop_front(2).begin(), y.getShape().end());
  size_t rank = g.rank();
  auto list = [&](std::optional<ArrayRef<int64_t>> values, size_t size,
                  int64_t otherwise) {
    return values && !values->empty() ? Shape(*values) : Shape(size, otherwise);
  };
  g.strides = list(op.getStrides(), rank, 1);
  Shape dilations = list(op.getDilations(), rank, 1);
  Shape extra = list(op.getOutputPadding(), rank, 0);
  g.low = list(op.getAutoPad() == "NOTSET" ? op.getPads() : std::nullopt,
               2 * rank, 0);
  if (g.strides.size() != rank || dilations.size() != rank ||
      extra.size() != rank || g.low.size() != 2 * rank)
    return std::nullopt;
  g.low.resize(rank);
  bool isSame = op.getAutoPad().starts_with("SAME");
  for (size_t d = 0; d < rank; ++d) {
    if (dilations[d] != 1 || g.strides[d] < 1)
      return std::nullopt;
    if (isSame || op.getOutputShape()) {
      int64_t whole = g.strides[d] * (g.input[d] - 1) + extra[d] + g.kernel[d];
      int64_t total = std::max<int64_t>(0, whole - g.output[d]);
      g.low[d] =
          op.getAutoPad() == "SAME_UPPER" ? total / 2 : total - total / 2;
    }
    if (g.low[d] < 0)
      return std::nullopt;
  }
  return g;
}

/// The weights (C x M/group x kernel) as those of the convolution: group x
/// phase x M/group channels of C/group x taps, the last tap first.
static ConstantTensor phaseWeights(const ConstantTensor &w, const Geometry &g,
                                   const Affine &affine) {
  int64_t inputs = g.inputs / g.groups;
  Shape shape{g.groups * g.phases() * g.outputs, inputs};
  for (size_t d = 0; d < g.rank(); ++d)
    shape.push_back(g.taps(d));
  ConstantTensor result = ConstantTensor::make(
      RankedTensorType::get(shape, w.type().getElementType()));
  for (int64_t flat = 0; flat < result.numElements(); ++flat) {
    int64_t rest = flat, position = 0, scale = 1;
    Shape taps(g.rank()), phase(g.rank());
    for (size_t d = g.rank(); d-- > 0; rest /= g.taps(d))
      taps[d] = g.taps(d) - 1 - rest % g.taps(d);
    int64_t input = rest % inputs;
    rest /= inputs;
    int64_t output = rest % g.outputs;
    rest /= g.outputs;
    bool exists = true;
    for (size_t d = g.rank(); d-- > 0; rest /= g.strides[d]) {
      int64_t tap = rest % g.strides[d] + g.strides[d] * taps[d];
      exists &= tap < g.kernel[d];
      position += scale * tap;
      scale *= g.kernel[d];
    }
    position += scale * ((rest * inputs + input) * g.outputs + output);
    result.setInteger(flat,
                      exists ? w.integer(position)
                             : affine.zeros[affine.isPerTensor() ? 0 : output]);
  }
  return result;
}

/// The bias of each channel of the convolution; null if it cannot be read.
static Value phaseBias(OpBuilder &builder, Location loc, Value bias,
                       const Geometry &g) {
  if (!graph::isPresent(bias))
    return bias;
  std::optional<Quantized> quantized = dequantizedFrom(bias);
  std::optional<ConstantTensor> values =
      graph::constantOf(quantized ? quantized->value : bias);
  if (!values || values->numElements() != g.groups * g.outputs)
    return {};
  int64_t channels = g.groups * g.phases() * g.outputs;
  auto channelOf = [&](int64_t i) {
    return i / (g.phases() * g.outputs) * g.outputs + i % g.outputs;
  };
  ConstantTensor result = ConstantTensor::make(
      RankedTensorType::get({channels}, values->type().getElementType()));
  for (int64_t i = 0; i < channels; ++i)
    result.setRaw(i, values->raw(channelOf(i)));
  Value constant = graph::makeConstant(builder, loc, result);
  if (!quantized)
    return constant;
  Affine affine = quantized->affine;
  if (!affine.isPerTensor()) {
    affine.scales.clear();
    affine.zeros.clear();
    for (int64_t i = 0; i < channels; ++i) {
      affine.scales.push_back(quantized->affine.scales[channelOf(i)]);
      affine.zeros.push_back(quantized->affine.zeros[channelOf(i)]);
    }
  }
  return makeDequantize(builder, loc, constant, affine);
}

/// Results of the convolution, N x (group, phase, M/group) x steps, in their
/// places.
static Value interleave(OpBuilder &builder, Location loc, Value value,
                        const Geometry &g) {
  auto type = cast<RankedTensorType>(value.getType());
  Type element = type.getElementType();
  int64_t rank = g.rank(), images = type.getDimSize(0);
  Shape apart{images, g.groups}, order{0, 1, 2 + rank};
  Shape together{images, g.groups * g.outputs};
  apart.append(g.strides);
  apart.push_back(g.outputs);
  for (int64_t d = 0; d < rank; ++d) {
    apart.push_back(g.steps(d));
    order.append({3 + rank + d, 2 + d});
    together.push_back(g.steps(d) * g.strides[d]);
  }
  if (g.phases() != 1) {
    value = graph::makeReshape(builder, loc, value,
                               RankedTensorType::get(apart, element));
    Shape moved;
    for (int64_t d : order)
      moved.push_back(apart[d]);
    value = onnx::TransposeOp::create(
        builder, loc, RankedTensorType::get(moved, element), value,
        builder.getDenseI64ArrayAttr(order));
    value = graph::makeReshape(builder, loc, value,
                               RankedTensorType::get(together, element));
  }
  Shape result{images, g.groups * g.outputs}, ends, axes;
  result.append(g.output);
  if (result == together)
    return value;
  for (int64_t d = 0; d < rank; ++d) {
    ends.push_back(g.low[d] + g.output[d]);
    axes.push_back(2 + d);
  }
  return onnx::SliceOp::create(builder, loc,
                               RankedTensorType::get(result, element), value,
                               graph::makeInts(builder, loc, g.low),
                               graph::makeInts(builder, loc, ends),
                               graph::makeInts(builder, loc, axes),
                               graph::makeNoValue(builder, loc))
      .getResult();
}

/// The convolution, of floats; null if the weights or the bias do not fit.
static Value makeConvolution(onnx::ConvTransposeOp op, const Geometry &g,
                             PatternRewriter &rewriter) {
  std::optional<Quantized> w = dequantizedFrom(op.getW());
  if (!byteFrom(op.getX()) || !w || !w->isByte() ||
      !(w->affine.isPerTensor() || w->affine.axis == 1))
    return {};
  std::optional<ConstantTensor> weights = graph::constantOf(w->value);
  Location loc = op.getLoc();
  Value bias = weights ? phaseBias(rewriter, loc, op.getB(), g) : Value();
  if (!bias)
    return {};
  Affine affine = w->affine;
  affine.axis = 0;
  if (!affine.isPerTensor())
    for (int64_t i = 1; i < g.groups * g.phases(); ++i) {
      affine.scales.append(w->affine.scales);
      affine.zeros.append(w->affine.zeros);
    }
  Value stacked = makeDequantize(
      rewriter, loc,
      graph::makeConstant(rewriter, loc, phaseWeights(*weights, g, w->affine)),
      affine);
  Shape shape{graph::staticType(op.getX()).getDimSize(0),
              g.groups * g.phases() * g.outputs};
  Shape low, high;
  for (size_t d = 0; d < g.rank(); ++d) {
    shape.push_back(g.steps(d));
    low.push_back(g.taps(d) - 1);
    high.push_back(g.steps(d) - g.input[d]);
  }
  low.append(high);
  return onnx::ConvOp::create(
             rewriter, loc,
             graph::staticType(op.getY()).clone(ArrayRef<int64_t>(shape)),
             op.getX(), stacked, bias, /*auto_pad=*/StringAttr(),
             /*dilations=*/DenseI64ArrayAttr(),
             rewriter.getI64IntegerAttr(g.groups),
             /*kernel_shape=*/DenseI64ArrayAttr(),
             rewriter.getDenseI64ArrayAttr(low),
             /*strides=*/DenseI64ArrayAttr())
      .getResult();
}

/// A quantised transposed convolution, with Relu and Clip in between.
static LogicalResult foldTransposed(onnx::QuantizeLinearOp op,
                                    PatternRewriter &rewriter) {
  if (!affineOf(op))
    return failure();
  SmallVector<Operation *> between;
  Value value = op.getX();
  while (auto *clamp = value.getDefiningOp()) {
    if (!isa<onnx::ReluOp, onnx::ClipOp>(clamp) || !value.hasOneUse())
      break;
    between.push_back(clamp);
    value = clamp->getOperand(0);
  }
  auto transposed = value.getDefiningOp<onnx::ConvTransposeOp>();
  if (!transposed || !value.hasOneUse())
    return failure();
  std::optional<Geometry> geometry = geometryOf(transposed);
  Value last =
      geometry ? makeConvolution(transposed, *geometry, rewriter) : Value();
  if (!last)
    return failure();
  auto type = cast<RankedTensorType>(last.getType());
  between.insert(between.begin(), op);
  for (Operation *old : llvm::reverse(between)) {
    Operation *moved = rewriter.clone(*old);
    moved->setOperand(0, last);
    last = moved->getResult(0);
    last.setType(type.clone(getElementTypeOrSelf(old->getResult(0).getType())));
  }
  rewriter.replaceOp(op, interleave(rewriter, op.getLoc(), last, *geometry));
  return success();
}

void populateTransposedPatterns(RewritePatternSet &patterns) {
  patterns.add(foldTransposed);
}

} // namespace aicc::qnn
