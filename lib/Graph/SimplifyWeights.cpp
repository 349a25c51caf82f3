//===- SimplifyWeights.cpp - Scaling folded into weights ------------------===//
//
// A linear layer followed by y * scale + shift for each output channel is the
// layer with other weights. The weights are calculated in double and rounded
// once, so the result is closer to the real number than the original.
//
//===----------------------------------------------------------------------===//

#include "Simplify.h"

#include "ShapeInference.h"

#include "mlir/IR/IRMapping.h"

#include <cmath>

using namespace mlir;

namespace aicc::graph {

namespace {
/// y[c] = x[c] * scale[c] + shift[c].
struct ChannelAffine {
  SmallVector<double> scale, shift;
};
} // namespace

//===----------------------------------------------------------------------===//
// What scales and shifts
//===----------------------------------------------------------------------===//

/// The values of a constant that is one number for each channel of `type`
/// (dimension 1), or one for all.
static std::optional<SmallVector<double>> perChannel(Value value,
                                                     RankedTensorType type) {
  auto tensor = constantOf(value);
  if (!tensor || !tensor->format().isFloat() || type.getRank() < 2 ||
      tensor->type().getRank() > type.getRank())
    return std::nullopt;
  int64_t channels = type.getShape()[1];
  if (tensor->numElements() == 1)
    return SmallVector<double>(channels, tensor->real(0));
  if (tensor->numElements() != channels || channels == 1)
    return std::nullopt;
  // All dimensions but the channels' must be 1.
  int64_t fromEnd = type.getRank() - 1;
  int64_t at = tensor->type().getRank() - fromEnd;
  if (at < 0 || tensor->shape()[at] != channels)
    return std::nullopt;
  SmallVector<double> values;
  for (int64_t i = 0; i < channels; ++i)
    values.push_back(tensor->real(i));
  return values;
}

static bool isFinite(const ChannelAffine &affine) {
  auto finite = [](double value) { return std::isfinite(value); };
  return llvm::all_of(affine.scale, finite) &&
         llvm::all_of(affine.shift, finite);
}

/// `op` as a per-channel function of `input`, one of its operands.
static std::optional<ChannelAffine> asAffine(Operation *op, Value input) {
  RankedTensorType type = staticType(op->getResult(0));
  if (!type || input.getType() != type || type.getRank() < 2)
    return std::nullopt;
  int64_t channels = type.getShape()[1];
  ChannelAffine affine;
  affine.scale.assign(channels, 1);
  affine.shift.assign(channels, 0);

  if (auto norm = dyn_cast<onnx::BatchNormalizationOp>(op)) {
    if (norm.getTrainingMode() != 0 || norm.getX() != input)
      return std::nullopt;
    SmallVector<ConstantTensor> parts;
    for (unsigned i = 1; i < 5; ++i) {
      auto part = constantOf(op->getOperand(i));
      if (!part || part->numElements() != channels || !part->format().isFloat())
        return std::nullopt;
      parts.push_back(*part);
    }
    double epsilon = norm.getEpsilon().convertToFloat();
    for (int64_t c = 0; c < channels; ++c) {
      affine.scale[c] =
          parts[0].real(c) / std::sqrt(parts[3].real(c) + epsilon);
      affine.shift[c] = parts[1].real(c) - parts[2].real(c) * affine.scale[c];
    }
    return isFinite(affine) ? std::optional(affine) : std::nullopt;
  }
  if (!isa<onnx::MulOp, onnx::AddOp, onnx::SubOp, onnx::DivOp>(op))
    return std::nullopt;
  bool first = op->getOperand(0) == input;
  // c - x and c / x are not worth a case.
  if (!first && isa<onnx::SubOp, onnx::DivOp>(op))
    return std::nullopt;
  auto values = perChannel(op->getOperand(first ? 1 : 0), type);
  if (!values || !isa<FloatType>(type.getElementType()))
    return std::nullopt;
  for (int64_t c = 0; c < channels; ++c) {
    double value = (*values)[c];
    if (isa<onnx::MulOp>(op))
      affine.scale[c] = value;
    else if (isa<onnx::DivOp>(op))
      affine.scale[c] = 1 / value;
    else
      affine.shift[c] = isa<onnx::AddOp>(op) ? value : -value;
  }
  return isFinite(affine) ? std::optional(affine) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// What is scaled
//===----------------------------------------------------------------------===//

/// A layer whose weight may be replaced: weight and bias are constants of one
/// float type.
namespace {
struct Layer {
  ConstantTensor weight;
  std::optional<ConstantTensor> bias;
  int64_t channels;
  /// Channel of weight element i: i / inner % size, plus, for transposed
  /// convolutions, size times the group of the input channel.
  int64_t inner, size, groupStride;
};
} // namespace

static std::optional<Layer> makeLayer(Value w, Value b, int64_t channels,
                                      int64_t channelDim, int64_t groups) {
  auto weight = constantOf(w);
  if (!weight || !weight->format().isFloat() || groups <= 0)
    return std::nullopt;
  Layer layer{*weight, std::nullopt, channels, 1, 0, 0};
  ArrayRef<int64_t> shape = weight->shape();
  for (int64_t dim : shape.drop_front(channelDim + 1))
    layer.inner *= dim;
  layer.size = shape[channelDim];
  if (layer.size * groups != channels || weight->numElements() == 0)
    return std::nullopt;
  // Elements that share the group: only for channelDim 1, whose dimension 0
  // holds the groups in order.
  if (groups > 1)
    layer.groupStride = weight->numElements() / groups;
  if (isPresent(b)) {
    layer.bias = constantOf(b);
    if (!layer.bias || layer.bias->numElements() != channels ||
        layer.bias->type().getElementType() != weight->type().getElementType())
      return std::nullopt;
  }
  return layer;
}

/// The layer behind `op`, if its weights are for `op` alone to change.
static std::optional<Layer> asLayer(Operation *op) {
  auto type = op->getNumResults() == 1 ? staticType(op->getResult(0))
                                       : RankedTensorType();
  if (!type || type.getRank() < 2 || !op->getResult(0).hasOneUse())
    return std::nullopt;
  int64_t channels = type.getShape()[1];
  if (auto conv = dyn_cast<onnx::ConvOp>(op)) {
    // Dimension 0 of the weight runs over all output channels, groups or not.
    return makeLayer(conv.getW(), conv.getB(), channels, 0, 1);
  }
  if (auto conv = dyn_cast<onnx::ConvTransposeOp>(op))
    return makeLayer(conv.getW(), conv.getB(), channels, 1,
                     static_cast<int64_t>(conv.getGroup()));
  if (auto gemm = dyn_cast<onnx::GemmOp>(op)) {
    if (gemm.getAlpha().convertToFloat() != 1 ||
        gemm.getBeta().convertToFloat() != 1)
      return std::nullopt;
    return makeLayer(gemm.getB(), gemm.getC(), channels,
                     gemm.getTransB() != 0 ? 0 : 1, 1);
  }
  return std::nullopt;
}

/// A constant like `like` with elements from `value(i)`.
template <typename Fn>
static Value makeReals(PatternRewriter &rewriter, Location loc,
                       RankedTensorType type, Fn value) {
  ConstantTensor tensor = ConstantTensor::make(type);
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    tensor.setReal(i, value(i));
  return makeConstant(rewriter, loc, tensor).getOutput();
}

/// The most bytes of weight that are copied to save a pass over the result.
static constexpr int64_t maxWeightBytes = int64_t(256) << 20;

/// layer -> affine becomes layer' where the weights are constants.
static LogicalResult foldIntoLayer(Operation *op, PatternRewriter &rewriter) {
  for (Value input : op->getOperands()) {
    Operation *producer = input.getDefiningOp();
    if (!producer ||
        !isa<onnx::ConvOp, onnx::ConvTransposeOp, onnx::GemmOp>(producer))
      continue;
    std::optional<Layer> layer = asLayer(producer);
    auto affine = layer ? asAffine(op, input) : std::nullopt;
    if (!affine || layer->weight.numElements() >
                       maxWeightBytes / int64_t(layer->weight.format().bytes))
      continue;
    const ConstantTensor &weight = layer->weight;
    Location loc = producer->getLoc();
    bool scales = llvm::any_of(affine->scale, [](double s) { return s != 1; });
    Value newWeight = producer->getOperand(1);
    rewriter.setInsertionPoint(producer);
    if (scales)
      newWeight = makeReals(rewriter, loc, weight.type(), [&](int64_t i) {
        int64_t group = layer->groupStride ? i / layer->groupStride : 0;
        int64_t channel = group * layer->size + i / layer->inner % layer->size;
        return weight.real(i) * affine->scale[channel];
      });
    auto biasType = layer->bias
                        ? layer->bias->type()
                        : RankedTensorType::get({layer->channels},
                                                weight.type().getElementType());
    Value newBias = makeReals(rewriter, loc, biasType, [&](int64_t c) {
      double old = layer->bias ? layer->bias->real(c) : 0;
      return old * affine->scale[c] + affine->shift[c];
    });
    Operation *folded = rewriter.clone(*producer);
    folded->setOperand(1, newWeight);
    folded->setOperand(2, newBias);
    rewriter.replaceAllUsesWith(op->getResult(0), folded->getResult(0));
    rewriter.eraseOp(op);
    return success();
  }
  return failure();
}

template <typename OpT>
static LogicalResult foldScaling(OpT op, PatternRewriter &rewriter) {
  return foldIntoLayer(op, rewriter);
}

/// BatchNormalization: into the layer before, or else x * scale + shift.
static LogicalResult foldNormalization(onnx::BatchNormalizationOp op,
                                       PatternRewriter &rewriter) {
  RankedTensorType type = staticType(op->getResult(0));
  for (Value extra : op->getResults().drop_front())
    if (isPresent(extra) && !extra.use_empty())
      return failure();
  auto affine = asAffine(op, op.getX());
  if (!affine || !type)
    return failure();
  if (succeeded(foldIntoLayer(op, rewriter)))
    return success();
  rewriter.setInsertionPoint(op);
  Shape shape(type.getRank() - 1, 1);
  shape[0] = type.getShape()[1];
  auto constants = RankedTensorType::get(shape, type.getElementType());
  Location loc = op.getLoc();
  Value scale = makeReals(rewriter, loc, constants,
                          [&](int64_t c) { return affine->scale[c]; });
  Value shift = makeReals(rewriter, loc, constants,
                          [&](int64_t c) { return affine->shift[c]; });
  Value scaled = onnx::MulOp::create(rewriter, loc, type, op.getX(), scale);
  Value sum = onnx::AddOp::create(rewriter, loc, type, scaled, shift);
  rewriter.replaceAllUsesWith(op->getResult(0), sum);
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// Scaling before a layer
//===----------------------------------------------------------------------===//

/// True if the convolution reads no padding.
static bool isUnpadded(onnx::ConvOp conv) {
  if (conv.getAutoPad() != "NOTSET")
    return conv.getAutoPad() == "VALID";
  auto pads = conv.getPads();
  return !pads || llvm::all_of(*pads, [](int64_t pad) { return pad == 0; });
}

/// The bias that `shift` on the input channels comes to, through all taps.
static SmallVector<double> shiftedBias(const ConstantTensor &weight,
                                       const ChannelAffine &affine,
                                       int64_t groups) {
  int64_t outputs = weight.shape()[0], inputs = weight.shape()[1];
  int64_t taps = weight.numElements() / (outputs * inputs);
  SmallVector<double> bias(outputs, 0);
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t c = 0; c < inputs; ++c) {
      int64_t channel = o / (outputs / groups) * inputs + c;
      if (affine.shift[channel] == 0)
        continue;
      for (int64_t tap = 0; tap < taps; ++tap)
        bias[o] +=
            weight.real((o * inputs + c) * taps + tap) * affine.shift[channel];
    }
  return bias;
}

/// Conv(x * scale + shift): the scale goes into the weights of each input
/// channel, the shift into the bias where no padding is read (it is not
/// shifted).
static LogicalResult foldIntoNextConv(onnx::ConvOp op,
                                      PatternRewriter &rewriter) {
  Operation *producer = op.getX().getDefiningOp();
  auto type = staticType(op.getX());
  if (!producer || !op.getX().hasOneUse() || !type ||
      !isa<onnx::MulOp, onnx::DivOp, onnx::AddOp, onnx::SubOp>(producer))
    return failure();
  auto weight = constantOf(op.getW());
  int64_t groups = static_cast<int64_t>(op.getGroup());
  if (!weight || !weight->format().isFloat() || weight->numElements() == 0 ||
      weight->numElements() >
          maxWeightBytes / int64_t(weight->format().bytes) ||
      groups <= 0 || weight->shape()[0] % groups != 0 ||
      weight->shape()[1] * groups != type.getShape()[1])
    return failure();
  std::optional<ConstantTensor> bias;
  if (isPresent(op.getB())) {
    bias = constantOf(op.getB());
    if (!bias || bias->numElements() != weight->shape()[0])
      return failure();
  }
  for (Value input : producer->getOperands()) {
    auto affine = asAffine(producer, input);
    if (!affine)
      continue;
    bool shifts = llvm::any_of(affine->shift, [](double s) { return s != 0; });
    if (shifts && !isUnpadded(op))
      continue;
    Location loc = op.getLoc();
    int64_t outputs = weight->shape()[0], inputs = weight->shape()[1];
    int64_t taps = weight->numElements() / (outputs * inputs);
    Value newWeight = op.getW(), newBias = op.getB();
    if (llvm::any_of(affine->scale, [](double s) { return s != 1; }))
      newWeight = makeReals(rewriter, loc, weight->type(), [&](int64_t i) {
        int64_t output = i / (taps * inputs);
        int64_t channel =
            output / (outputs / groups) * inputs + i / taps % inputs;
        return weight->real(i) * affine->scale[channel];
      });
    if (shifts) {
      SmallVector<double> added = shiftedBias(*weight, *affine, groups);
      newBias = makeReals(
          rewriter, loc,
          RankedTensorType::get({outputs}, weight->type().getElementType()),
          [&](int64_t o) { return (bias ? bias->real(o) : 0) + added[o]; });
    }
    rewriter.modifyOpInPlace(
        op, [&] { op->setOperands({input, newWeight, newBias}); });
    return success();
  }
  return failure();
}

/// (x * a) * b = x * (a * b), with / as well; a and b are scalars.
template <typename OpT>
static LogicalResult mergeScales(OpT op, PatternRewriter &rewriter) {
  auto scaleOf = [](Operation *scale, Value &input) -> std::optional<double> {
    bool divides = isa<onnx::DivOp>(scale);
    for (unsigned i = 0; i < (divides ? 1 : 2); ++i) {
      std::optional<double> factor = splatOf(scale->getOperand(1 - i));
      input = scale->getOperand(i);
      if (factor && input.getType() == scale->getResult(0).getType())
        return divides ? 1 / *factor : *factor;
    }
    return std::nullopt;
  };
  auto type = staticType(op->getResult(0));
  if (!type || !isa<FloatType>(type.getElementType()))
    return failure();
  Value middle, input;
  std::optional<double> second = scaleOf(op, middle);
  Operation *producer = second ? middle.getDefiningOp() : nullptr;
  if (!isa_and_nonnull<onnx::MulOp, onnx::DivOp>(producer) ||
      !middle.hasOneUse())
    return failure();
  std::optional<double> first = scaleOf(producer, input);
  if (!first)
    return failure();
  double factor = *first * *second;
  double rounded =
      roundToFormat(factor, *ElementFormat::get(type.getElementType()));
  // Not where the product leaves the range that its parts were in.
  if (!std::isfinite(rounded) || std::fabs(rounded) < 1e-4 ||
      std::fabs(rounded) > 1e4)
    return failure();
  Value constant = makeReals(rewriter, op.getLoc(),
                             RankedTensorType::get({}, type.getElementType()),
                             [&](int64_t) { return factor; });
  rewriter.replaceOpWithNewOp<onnx::MulOp>(op, type, input, constant);
  return success();
}

/// Zero padding of the spatial dimensions before a convolution is its own.
static LogicalResult foldPadIntoConv(onnx::ConvOp op,
                                     PatternRewriter &rewriter) {
  auto pad = op.getX().getDefiningOp<onnx::PadOp>();
  if (!pad || pad.getMode() != "constant" || isPresent(pad.getAxes()) ||
      !(op.getAutoPad() == "NOTSET" || op.getAutoPad() == "VALID"))
    return failure();
  if (isPresent(pad.getConstantValue()) &&
      splatOf(pad.getConstantValue()) != 0.0)
    return failure();
  auto tensor = constantOf(pad.getPads());
  auto amounts = tensor ? tensor->integers() : std::nullopt;
  auto type = staticType(pad.getData());
  if (!amounts || !type || type.getRank() < 3 ||
      int64_t(amounts->size()) != 2 * type.getRank())
    return failure();
  int64_t rank = type.getRank(), spatial = rank - 2;
  SmallVector<int64_t> pads(2 * spatial, 0);
  if (auto own = op.getPads(); own && op.getAutoPad() == "NOTSET") {
    if (own->size() != pads.size())
      return failure();
    pads.assign(own->begin(), own->end());
  }
  for (int64_t i = 0; i < 2 * rank; ++i) {
    int64_t amount = (*amounts)[i], dim = i % rank;
    if (amount < 0 || (dim < 2 && amount != 0))
      return failure();
    if (dim >= 2)
      pads[(i / rank) * spatial + dim - 2] += amount;
  }
  rewriter.modifyOpInPlace(op, [&] {
    op->setOperand(0, pad.getData());
    op.setPads(pads);
    op.setAutoPad("NOTSET");
  });
  return success();
}

void populateExactWeightPatterns(RewritePatternSet &patterns) {
  patterns.add(foldPadIntoConv);
}

void populateWeightPatterns(RewritePatternSet &patterns) {
  patterns.add(foldIntoNextConv);
  patterns.add(mergeScales<onnx::MulOp>);
  patterns.add(mergeScales<onnx::DivOp>);
  patterns.add(foldNormalization);
  patterns.add(foldScaling<onnx::MulOp>);
  patterns.add(foldScaling<onnx::AddOp>);
  patterns.add(foldScaling<onnx::SubOp>);
  patterns.add(foldScaling<onnx::DivOp>);
}

} // namespace aicc::graph
