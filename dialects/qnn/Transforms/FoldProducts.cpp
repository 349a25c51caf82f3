//===- FoldProducts.cpp - Products of quantised tensors -------------------===//
//
// Products and sums of dequantised tensors are the dequantisation of integer
// sums; the scale of these is the product of the scales, in f32.
//
//===----------------------------------------------------------------------===//

#include "dialects/qnn/Transforms/Parameters.h"

#include "lib/Graph/ShapeInference.h"

#include <cmath>

using namespace mlir;

namespace aicc::qnn {

/// The type of the sums that stand for the floats of `real`.
static RankedTensorType sumsFor(Value real) {
  auto type = graph::staticType(real);
  return type ? type.clone(IntegerType::get(type.getContext(), 32))
              : RankedTensorType();
}

/// The scales of sums of products of x with w, along `axis`.
static std::optional<Affine> productOf(const Affine &x, const Affine &w,
                                       int64_t axis) {
  Affine sums;
  sums.axis = w.isPerTensor() ? 0 : axis;
  for (float scale : w.scales) {
    sums.scales.push_back(x.scales.front() * scale);
    if (!isScale(sums.scales.back()))
      return std::nullopt;
  }
  sums.zeros.assign(sums.scales.size(), 0);
  return sums;
}

/// Weights with one scale, or one for each position of `axis`. Where their zero
/// points differ they are constant.
static std::optional<Quantized> weightsFrom(Value real, int64_t axis) {
  std::optional<Quantized> w = dequantizedFrom(real);
  if (!w || !w->isByte() ||
      !(w->affine.isPerTensor() || w->affine.axis == axis))
    return std::nullopt;
  if (!llvm::all_equal(w->affine.zeros) &&
      !w->value.getDefiningOp<onnx::ConstantOp>())
    return std::nullopt;
  return w;
}

/// A bias in units of the sums' scales: as it is quantised, or rounded. Null
/// for none; fails if it is not constant or out of range.
static FailureOr<Value> quantizeBias(OpBuilder &builder, Location loc,
                                     Value bias, const Affine &sums,
                                     int64_t channels) {
  if (!graph::isPresent(bias))
    return Value();
  std::optional<Quantized> quantized = dequantizedFrom(bias);
  std::optional<ConstantTensor> values =
      graph::constantOf(quantized ? quantized->value : bias);
  bool isSums = quantized && !quantized->isByte() &&
                quantized->affine.scales == sums.scales &&
                zeroPoints(quantized->affine).empty();
  if (!values ||
      (values->numElements() != channels && values->numElements() != 1))
    return failure();
  if (isSums && values->shape() == ArrayRef<int64_t>{channels})
    return quantized->value;
  // One value a column: (N), (1, N) or a scalar.
  if (values->numElements() != 1 &&
      (values->shape().empty() || values->shape().back() != channels))
    return failure();
  ConstantTensor result = ConstantTensor::make(
      RankedTensorType::get({channels}, builder.getI32Type()));
  for (int64_t c = 0; c < channels; ++c) {
    int64_t i = values->numElements() == 1 ? 0 : c;
    double real = values->real(i);
    if (quantized) {
      size_t k = quantized->affine.isPerTensor() ? 0 : i;
      real = (real - double(quantized->affine.zeros[k])) *
             double(quantized->affine.scales[k]);
    }
    double scale = sums.scales[sums.isPerTensor() ? 0 : c];
    double units = std::nearbyint(real / scale);
    if (!(std::fabs(units) < 2147483648.0))
      return failure();
    result.setInteger(c, static_cast<int64_t>(units));
  }
  return graph::makeConstant(builder, loc, result).getOutput();
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// The paddings of a convolution as numbers, auto_pad or not; nothing if the
/// result is not what they lead to.
template <typename OpT>
static std::optional<SmallVector<int64_t>> paddings(OpT op, ArrayRef<int64_t> x,
                                                    ArrayRef<int64_t> kernel,
                                                    ArrayRef<int64_t> y) {
  size_t rank = kernel.size();
  auto entry = [](std::optional<ArrayRef<int64_t>> list, size_t i,
                  int64_t or_) {
    return list && i < list->size() ? (*list)[i] : or_;
  };
  SmallVector<int64_t> pads(2 * rank, 0);
  StringRef mode = op.getAutoPad();
  for (size_t i = 0; i < rank; ++i) {
    int64_t stride = entry(op.getStrides(), i, 1);
    int64_t extent = (kernel[i] - 1) * entry(op.getDilations(), i, 1) + 1;
    if (mode == "NOTSET") {
      pads[i] = entry(op.getPads(), i, 0);
      pads[rank + i] = entry(op.getPads(), rank + i, 0);
    } else if (mode.starts_with("SAME")) {
      int64_t total = std::max<int64_t>(0, (y[i] - 1) * stride + extent - x[i]);
      pads[i] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      pads[rank + i] = total - pads[i];
    }
    int64_t padded = x[i] + pads[i] + pads[rank + i];
    if (stride < 1 || extent < 1 || pads[i] < 0 || pads[rank + i] < 0 ||
        padded < extent || (padded - extent) / stride + 1 != y[i])
      return std::nullopt;
  }
  return pads;
}

/// qnn.conv with the geometry of an ONNX convolution; null if that is odd.
template <typename OpT>
static Value makeConv(OpBuilder &builder, OpT op, Value x, Value w, Value bias,
                      int64_t xZero, ArrayRef<int64_t> wZeros) {
  auto xType = graph::staticType(x), wType = graph::staticType(w);
  RankedTensorType type = sumsFor(op.getY());
  if (!xType || !wType || !type || xType.getRank() < 3 ||
      wType.getRank() != xType.getRank() || type.getRank() != xType.getRank())
    return {};
  ArrayRef<int64_t> kernel = wType.getShape().drop_front(2);
  auto pads = paddings(op, xType.getShape().drop_front(2), kernel,
                       type.getShape().drop_front(2));
  auto group = static_cast<int64_t>(op.getGroup());
  if (!pads || group < 1 || wType.getDimSize(0) % group ||
      wType.getDimSize(1) * group != xType.getDimSize(1))
    return {};
  auto orNone = [](std::optional<ArrayRef<int64_t>> list) {
    return list.value_or(ArrayRef<int64_t>());
  };
  return ConvOp::create(builder, op.getLoc(), type, x, w, bias,
                        orNone(op.getStrides()), *pads,
                        orNone(op.getDilations()), group, xZero, wZeros);
}

static LogicalResult foldConv(onnx::ConvOp op, PatternRewriter &rewriter) {
  std::optional<Quantized> x = byteFrom(op.getX());
  std::optional<Quantized> w = weightsFrom(op.getW(), 0);
  if (!x || !w)
    return failure();
  std::optional<Affine> scale = productOf(x->affine, w->affine, 1);
  if (!scale)
    return failure();
  FailureOr<Value> bias = quantizeBias(rewriter, op.getLoc(), op.getB(), *scale,
                                       w->type().getDimSize(0));
  if (failed(bias))
    return failure();
  Value sums = makeConv(rewriter, op, x->value, w->value, *bias,
                        x->affine.zeros.front(), zeroPoints(w->affine));
  if (!sums)
    return failure();
  rewriter.replaceOp(op, makeDequantize(rewriter, op.getLoc(), sums, *scale));
  return success();
}

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

static LogicalResult foldMatMul(onnx::MatMulOp op, PatternRewriter &rewriter) {
  std::optional<Quantized> a = byteFrom(op.getA());
  auto typeB = graph::staticType(op.getB());
  RankedTensorType type = sumsFor(op.getY());
  if (!a || !typeB || !type || typeB.getRank() < 2 || a->type().getRank() < 2)
    return failure();
  std::optional<Quantized> b = weightsFrom(op.getB(), typeB.getRank() - 1);
  std::optional<Affine> scale =
      b ? productOf(a->affine, b->affine, type.getRank() - 1) : std::nullopt;
  if (!scale)
    return failure();
  Value sums =
      MatMulOp::create(rewriter, op.getLoc(), type, a->value, b->value, Value(),
                       a->affine.zeros.front(), zeroPoints(b->affine));
  rewriter.replaceOp(op, makeDequantize(rewriter, op.getLoc(), sums, *scale));
  return success();
}

/// The transpose of a matrix.
static Value transposed(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return onnx::TransposeOp::create(
      builder, loc,
      RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)},
                            type.getElementType()),
      value, builder.getDenseI64ArrayAttr({1, 0}));
}

static LogicalResult foldGemm(onnx::GemmOp op, PatternRewriter &rewriter) {
  bool transA = op.getTransA(), transB = op.getTransB();
  std::optional<Quantized> a = byteFrom(op.getA());
  std::optional<Quantized> b = weightsFrom(op.getB(), transB ? 0 : 1);
  RankedTensorType type = sumsFor(op.getY());
  bool hasC = graph::isPresent(op.getC());
  if (!a || !b || !type || a->type().getRank() != 2 ||
      b->type().getRank() != 2 || op.getAlpha().convertToFloat() != 1 ||
      (hasC && op.getBeta().convertToFloat() != 1))
    return failure();
  std::optional<Affine> scale = productOf(a->affine, b->affine, 1);
  if (!scale)
    return failure();
  Location loc = op.getLoc();
  FailureOr<Value> bias =
      quantizeBias(rewriter, loc, op.getC(), *scale, type.getDimSize(1));
  if (failed(bias))
    return failure();
  Value left = transA ? transposed(rewriter, loc, a->value) : a->value;
  Value right = transB ? transposed(rewriter, loc, b->value) : b->value;
  Value sums = MatMulOp::create(rewriter, loc, type, left, right, *bias,
                                a->affine.zeros.front(), zeroPoints(b->affine));
  rewriter.replaceOp(op, makeDequantize(rewriter, loc, sums, *scale));
  return success();
}

static LogicalResult foldMul(onnx::MulOp op, PatternRewriter &rewriter) {
  std::optional<Quantized> a = byteFrom(op.getA()), b = byteFrom(op.getB());
  RankedTensorType type = sumsFor(op.getC());
  // A product with itself is a function of one value.
  if (!a || !b || !type || a->value == b->value)
    return failure();
  std::optional<Affine> scale = productOf(a->affine, b->affine, 0);
  if (!scale)
    return failure();
  Value sums = MulOp::create(rewriter, op.getLoc(), type, a->value, b->value,
                             a->affine.zeros.front(), b->affine.zeros.front());
  rewriter.replaceOp(op, makeDequantize(rewriter, op.getLoc(), sums, *scale));
  return success();
}

//===----------------------------------------------------------------------===//
// Averages
//===----------------------------------------------------------------------===//

/// An average over windows as sums whose scale is that of x over their size.
static LogicalResult foldAverage(Operation *op, ArrayRef<int64_t> kernel,
                                 ArrayRef<int64_t> strides,
                                 ArrayRef<int64_t> pads,
                                 PatternRewriter &rewriter) {
  std::optional<Quantized> x = byteFrom(op->getOperand(0));
  auto result = graph::staticType(op->getResult(0));
  if (!x || !result || x->type().getRank() < 3 ||
      int64_t(kernel.size()) != x->type().getRank() - 2)
    return failure();
  SmallVector<int64_t> shape(x->type().getShape().take_front(2));
  double size = 1;
  for (auto [i, taps] : llvm::enumerate(kernel)) {
    int64_t padded = x->type().getDimSize(2 + static_cast<unsigned>(i));
    if (!pads.empty())
      padded += pads[i] + pads[kernel.size() + i];
    if (taps < 1 || taps > padded)
      return failure();
    shape.push_back((padded - taps) / (strides.empty() ? 1 : strides[i]) + 1);
    size *= double(taps);
  }
  Affine scale{{static_cast<float>(double(x->affine.scales.front()) / size)},
               {0}};
  if (!isScale(scale.scales.front()) ||
      RankedTensorType::get(shape, result.getElementType()).getNumElements() !=
          result.getNumElements())
    return failure();
  Location loc = op->getLoc();
  Value sums = SumPoolOp::create(
      rewriter, loc, RankedTensorType::get(shape, rewriter.getI32Type()),
      x->value, kernel, strides, pads, x->affine.zeros.front());
  Value flat = graph::makeReshape(rewriter, loc, sums,
                                  result.clone(rewriter.getI32Type()));
  rewriter.replaceOp(op, makeDequantize(rewriter, loc, flat, scale));
  return success();
}

static LogicalResult foldAveragePool(onnx::AveragePoolOp op,
                                     PatternRewriter &rewriter) {
  auto ones = [](std::optional<ArrayRef<int64_t>> list) {
    return !list || llvm::all_of(*list, [](int64_t v) { return v == 1; });
  };
  ArrayRef<int64_t> pads = op.getPads().value_or(ArrayRef<int64_t>());
  bool isPadded = llvm::any_of(pads, [](int64_t pad) { return pad != 0; });
  // All windows must have the same size.
  if (op.getCeilMode() != 0 || !ones(op.getDilations()) ||
      !(op.getAutoPad() == "VALID" || op.getAutoPad() == "NOTSET") ||
      (isPadded && op.getCountIncludePad() == 0) ||
      llvm::any_of(pads, [](int64_t pad) { return pad < 0; }))
    return failure();
  ArrayRef<int64_t> strides = op.getStrides().value_or(ArrayRef<int64_t>());
  size_t rank = op.getKernelShape().size();
  if ((!strides.empty() && strides.size() != rank) ||
      (!pads.empty() && pads.size() != 2 * rank) ||
      llvm::any_of(strides, [](int64_t stride) { return stride < 1; }))
    return failure();
  if (op.getAutoPad() == "VALID")
    pads = {};
  return foldAverage(op, op.getKernelShape(), strides, pads, rewriter);
}

static LogicalResult foldGlobalAverage(onnx::GlobalAveragePoolOp op,
                                       PatternRewriter &rewriter) {
  auto type = graph::staticType(op.getX());
  if (!type || type.getRank() < 3)
    return failure();
  return foldAverage(op, type.getShape().drop_front(2), {}, {}, rewriter);
}

/// A mean over all spatial dimensions.
static LogicalResult foldReduceMean(onnx::ReduceMeanOp op,
                                    PatternRewriter &rewriter) {
  auto type = graph::staticType(op.getData());
  auto tensor = graph::isPresent(op.getAxes()) ? graph::constantOf(op.getAxes())
                                               : std::nullopt;
  auto axes = tensor ? tensor->integers() : std::nullopt;
  if (!type || !axes || type.getRank() < 3)
    return failure();
  for (int64_t &axis : *axes)
    axis += axis < 0 ? type.getRank() : 0;
  llvm::sort(*axes);
  for (int64_t i = 2; i < type.getRank(); ++i)
    if (int64_t(axes->size()) != type.getRank() - 2 || (*axes)[i - 2] != i)
      return failure();
  return foldAverage(op, type.getShape().drop_front(2), {}, {}, rewriter);
}

//===----------------------------------------------------------------------===//
// QLinear and Integer operators
//===----------------------------------------------------------------------===//

/// Parameters of an operand: zero points alone have scale 1.
static std::optional<Affine> operandAffine(Value value, Value scale, Value zero,
                                           int64_t axis) {
  auto type = graph::staticType(value);
  if (!type || !type.getElementType().isInteger(8))
    return std::nullopt;
  if (scale)
    return readAffine(type, scale, zero, axis, 0);
  Affine affine{{1}, {0}};
  if (!graph::isPresent(zero))
    return affine;
  auto zeros = graph::constantOf(zero);
  if (!zeros || zeros->numElements() == 0 || zeros->shape().size() > 1)
    return std::nullopt;
  int64_t count = zeros->numElements();
  axis += axis < 0 ? type.getRank() : 0;
  if (count != 1 &&
      (axis < 0 || axis >= type.getRank() || type.getDimSize(axis) != count))
    return std::nullopt;
  affine.axis = axis;
  affine.scales.assign(count, 1);
  affine.zeros.clear();
  for (int64_t i = 0; i < count; ++i)
    affine.zeros.push_back(zeros->integer(i));
  return affine;
}

/// Zero points that differ need constant weights.
static bool areWeights(Value w, const Affine &affine) {
  return llvm::all_equal(affine.zeros) || w.getDefiningOp<onnx::ConstantOp>();
}

/// Replaces `op` by its rounded sums.
static LogicalResult replaceByRounded(Operation *op, Value sums,
                                      const Affine &scale, const Affine &to,
                                      PatternRewriter &rewriter) {
  SmallVector<float> scales;
  for (float factor : scale.scales)
    scales.push_back(factor / to.scales.front());
  rewriter.replaceOpWithNewOp<RequantizeOp>(
      op, op->getResult(0).getType(), sums,
      rewriter.getDenseF32ArrayAttr(scales),
      rewriter.getI64IntegerAttr(scale.axis),
      rewriter.getI64IntegerAttr(to.zeros.front()), IntegerAttr(),
      IntegerAttr());
  return success();
}

static bool areScales(const Affine &scale, const Affine &to) {
  return llvm::all_of(scale.scales, [&](float factor) {
    return isScale(factor / to.scales.front());
  });
}

static LogicalResult foldQLinearConv(onnx::QLinearConvOp op,
                                     PatternRewriter &rewriter) {
  auto x = operandAffine(op.getX(), op.getXScale(), op.getXZeroPoint(), 0);
  auto w = operandAffine(op.getW(), op.getWScale(), op.getWZeroPoint(), 0);
  auto y = operandAffine(op.getY(), op.getYScale(), op.getYZeroPoint(), 0);
  if (!x || !w || !y || !x->isPerTensor() || !y->isPerTensor() ||
      !areWeights(op.getW(), *w))
    return failure();
  std::optional<Affine> scale = productOf(*x, *w, 1);
  if (!scale || !areScales(*scale, *y))
    return failure();
  Value bias = graph::isPresent(op.getB()) ? op.getB() : Value();
  Value sums = makeConv(rewriter, op, op.getX(), op.getW(), bias,
                        x->zeros.front(), zeroPoints(*w));
  if (!sums)
    return failure();
  return replaceByRounded(op, sums, *scale, *y, rewriter);
}

/// A zero point that the model calculates, of a whole tensor.
static bool isCalculatedZero(Value zero) {
  auto type = graph::isPresent(zero) ? graph::staticType(zero) : nullptr;
  return type && type.getNumElements() == 1 && type.getRank() <= 1;
}

/// sum(x * w') - zx * sum(w'), where zx is calculated by the model. Element i
/// of w belongs to channel i / inner % channels; the sums have `behind`
/// dimensions after that of the channels.
static Value withoutZeroPoint(OpBuilder &builder, Location loc, Value sums,
                              Value zero, const ConstantTensor &w,
                              const Affine &affine, int64_t channels,
                              int64_t inner, int64_t behind) {
  Type i32 = builder.getI32Type();
  auto zeroType = cast<RankedTensorType>(zero.getType()).clone(i32);
  constexpr int64_t onnxInt32 = 6; // TensorProto.INT32
  NamedAttribute to(builder.getStringAttr("to"),
                    builder.getI64IntegerAttr(onnxInt32));
  Value wide =
      onnx::CastOp::create(builder, loc, TypeRange{zeroType}, ValueRange{zero},
                           ArrayRef<NamedAttribute>{to});
  SmallVector<int64_t> sum(channels, 0);
  for (int64_t i = 0; i < w.numElements(); ++i) {
    int64_t channel = i / inner % channels;
    sum[channel] +=
        w.integer(i) - affine.zeros[affine.isPerTensor() ? 0 : channel];
  }
  SmallVector<int64_t> shape(behind + 1, 1);
  shape.front() = channels;
  auto type = RankedTensorType::get(shape, i32);
  ConstantTensor tensor = ConstantTensor::make(type);
  for (int64_t i = 0; i < channels; ++i)
    tensor.setInteger(i, sum[i]);
  Value channelSums = graph::makeConstant(builder, loc, tensor);
  Value term = onnx::MulOp::create(builder, loc, type, wide, channelSums);
  return onnx::SubOp::create(builder, loc, sums.getType(), sums, term);
}

/// Pads with a calculated value; then the convolution has nothing to pad.
static void padBefore(OpBuilder &builder, ConvOp conv, Value value) {
  ArrayRef<int64_t> pads = conv.getPads();
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(conv);
  auto type = cast<RankedTensorType>(conv.getX().getType());
  SmallVector<int64_t> shape(type.getShape());
  int64_t rank = type.getRank();
  SmallVector<int64_t> list(2 * rank, 0);
  for (auto [i, pad] : llvm::enumerate(pads)) {
    int64_t dim = 2 + int64_t(i) % (rank - 2);
    list[int64_t(i) < rank - 2 ? dim : rank + dim] = pad;
    shape[dim] += pad;
  }
  Value amounts =
      graph::makeConstant(builder, conv.getLoc(),
                          ConstantTensor::makeInts(builder.getContext(), list));
  Value none = onnx::NoValueOp::create(builder, conv.getLoc());
  NamedAttribute mode(builder.getStringAttr("mode"),
                      builder.getStringAttr("constant"));
  Value padded =
      onnx::PadOp::create(builder, conv.getLoc(), TypeRange{type.clone(shape)},
                          ValueRange{conv.getX(), amounts, value, none},
                          ArrayRef<NamedAttribute>{mode});
  conv.getXMutable().assign(padded);
  conv.setPads({});
}

static LogicalResult foldConvInteger(onnx::ConvIntegerOp op,
                                     PatternRewriter &rewriter) {
  auto x = operandAffine(op.getX(), {}, op.getXZeroPoint(), 0);
  auto w = operandAffine(op.getW(), {}, op.getWZeroPoint(), 0);
  auto weights = graph::constantOf(op.getW());
  bool isCalculated = !x && weights && isCalculatedZero(op.getXZeroPoint());
  if ((!isCalculated && (!x || !x->isPerTensor())) || !w ||
      !areWeights(op.getW(), *w))
    return failure();
  Value sums = makeConv(rewriter, op, op.getX(), op.getW(), {},
                        isCalculated ? 0 : x->zeros.front(), zeroPoints(*w));
  if (!sums)
    return failure();
  if (isCalculated) {
    padBefore(rewriter, sums.getDefiningOp<ConvOp>(), op.getXZeroPoint());
    int64_t channels = weights->shape().front();
    sums = withoutZeroPoint(
        rewriter, op.getLoc(), sums, op.getXZeroPoint(), *weights, *w, channels,
        weights->numElements() / std::max<int64_t>(channels, 1),
        int64_t(weights->shape().size()) - 2);
  }
  rewriter.replaceOp(op, sums);
  return success();
}

static bool areMatrices(Value a, Value b, Value y) {
  auto typeA = graph::staticType(a), typeB = graph::staticType(b);
  return typeA && typeB && graph::staticType(y) && typeA.getRank() >= 2 &&
         typeB.getRank() >= 2;
}

static LogicalResult foldQLinearMatMul(onnx::QLinearMatMulOp op,
                                       PatternRewriter &rewriter) {
  if (!areMatrices(op.getA(), op.getB(), op.getY()))
    return failure();
  auto a = operandAffine(op.getA(), op.getAScale(), op.getAZeroPoint(), 0);
  auto b = operandAffine(op.getB(), op.getBScale(), op.getBZeroPoint(), -1);
  auto y = operandAffine(op.getY(), op.getYScale(), op.getYZeroPoint(), 0);
  RankedTensorType type = sumsFor(op.getY());
  if (!a || !b || !y || !a->isPerTensor() || !y->isPerTensor() ||
      !areWeights(op.getB(), *b))
    return failure();
  std::optional<Affine> scale = productOf(*a, *b, type.getRank() - 1);
  if (!scale || !areScales(*scale, *y))
    return failure();
  Value sums =
      MatMulOp::create(rewriter, op.getLoc(), type, op.getA(), op.getB(),
                       Value(), a->zeros.front(), zeroPoints(*b));
  return replaceByRounded(op, sums, *scale, *y, rewriter);
}

static LogicalResult foldMatMulInteger(onnx::MatMulIntegerOp op,
                                       PatternRewriter &rewriter) {
  if (!areMatrices(op.getA(), op.getB(), op.getY()))
    return failure();
  auto b = operandAffine(op.getB(), {}, op.getBZeroPoint(), -1);
  if (!b || !areWeights(op.getB(), *b))
    return failure();
  auto a = operandAffine(op.getA(), {}, op.getAZeroPoint(), 0);
  auto weights = graph::constantOf(op.getB());
  // A zero point that is calculated: of the whole tensor, with one matrix.
  bool isCalculated = !a && weights && weights->shape().size() == 2 &&
                      isCalculatedZero(op.getAZeroPoint());
  if (!isCalculated && (!a || !a->isPerTensor()))
    return failure();
  Value sums = MatMulOp::create(
      rewriter, op.getLoc(), sumsFor(op.getY()), op.getA(), op.getB(), Value(),
      isCalculated ? 0 : a->zeros.front(), zeroPoints(*b));
  if (isCalculated)
    sums = withoutZeroPoint(rewriter, op.getLoc(), sums, op.getAZeroPoint(),
                            *weights, *b, weights->shape().back(), /*inner=*/1,
                            /*behind=*/0);
  rewriter.replaceOp(op, sums);
  return success();
}

void populateProductPatterns(RewritePatternSet &patterns) {
  patterns.add(foldConv);
  patterns.add(foldMatMul);
  patterns.add(foldGemm);
  patterns.add(foldMul);
  patterns.add(foldAveragePool);
  patterns.add(foldGlobalAverage);
  patterns.add(foldReduceMean);
}

void populateExactProductPatterns(RewritePatternSet &patterns) {
  patterns.add(foldQLinearConv);
  patterns.add(foldQLinearMatMul);
  patterns.add(foldConvInteger);
  patterns.add(foldMatMulInteger);
}

} // namespace aicc::qnn
