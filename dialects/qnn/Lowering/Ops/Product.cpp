//===- Product.cpp - Sums of integer products -----------------------------===//
//
// The canonical form, which targets recognise (docs/design/0008-qnn.md): one
// contraction of x (i8, signed or unsigned) with w (i8), both widened to i32 in
// its body and nothing else, into sums that start from 0; then one elementwise
// addition of i32 values along the channels.
//
//   sum((x - zx) * (w - zw)) + b = sum(x * w') + (b - zx * sum(w')),
//
// where w' = w - zw is calculated when compiling, and so is the second term:
// padding is filled with zx. Where w' does not fit i8 but w' - c does, for some
// c of each channel,
//
//   sum(x * w') = sum(x * (w' - c)) + c * sum(x),
//
// and the sums of x, the same for all channels, are a contraction with ones;
// other weights that do not fit are i16. Where w is no constant, the body
// subtracts both zero points.
//
//===----------------------------------------------------------------------===//

#include "aicc/Graph/ConstantTensor.h"
#include "dialects/onnx/Lowering/Convolution.h"
#include "dialects/onnx/Lowering/MatrixProduct.h"
#include "dialects/qnn/IR/Qnn.h"

using namespace mlir;

namespace aicc::qnn {

using onnx::NodeContext;
using onnx::Reading;
using onnx::Readings;
using onnx::ScalarBuilder;

static bool isUnsigned(Value value) {
  return getElementTypeOrSelf(value.getType()).isUnsignedInteger();
}

/// The constant that a structured value is.
static std::optional<ConstantTensor> constantBehind(Value value) {
  auto op = value.getDefiningOp<arith::ConstantOp>();
  auto attr = op ? dyn_cast<ElementsAttr>(op.getValue()) : ElementsAttr();
  return attr ? ConstantTensor::get(attr) : std::nullopt;
}

namespace {
/// The right factor of a product, ready to be contracted, and what is added to
/// the sums of each channel, as it is and times the sums of x.
struct RightFactor {
  Value value;
  Readings readings;
  SmallVector<int64_t> added;
  SmallVector<int64_t> timesX; ///< Empty: none.
};

/// A right factor as the operator has it. Element i belongs to channel
/// i / stride % channels.
struct Weights {
  Value value; ///< Structured.
  bool isUnsigned;
  ArrayRef<int64_t> zeroPoints; ///< None, one, or one for each channel.
  int64_t channels, stride;
  /// All channels are multiplied by the same x.
  bool shareX;

  int64_t zeroPoint(int64_t channel) const {
    if (zeroPoints.empty())
      return 0;
    return zeroPoints[zeroPoints.size() == 1 ? 0 : channel];
  }
};
} // namespace

namespace {
struct Range {
  int64_t low = 0, high = 0;
  void add(int64_t value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool fits() const { return low >= -128 && high <= 127; }
};
} // namespace

/// What brings the weights of each channel into i8; none if that is too wide.
static SmallVector<int64_t> shiftsOf(ArrayRef<Range> channels) {
  SmallVector<int64_t> shifts;
  for (const Range &range : channels) {
    int64_t shift = range.high > 127 ? range.high - 127
                                     : std::min<int64_t>(0, range.low + 128);
    if (!Range{range.low - shift, range.high - shift}.fits())
      return {};
    shifts.push_back(shift);
  }
  return shifts;
}

/// w' and -zx * sum(w'), of constant weights.
static RightFactor centred(NodeContext &c, const Weights &w,
                           const ConstantTensor &tensor, Reading x) {
  RightFactor factor{w.value, {Reading{x.isUnsigned}, Reading{}}, {}, {}};
  factor.added.assign(w.channels, 0);
  auto channelOf = [&](int64_t i) { return i / w.stride % w.channels; };
  auto valueAt = [&](int64_t i) {
    int64_t value = tensor.integer(i);
    return (w.isUnsigned ? value & 0xff : value) - w.zeroPoint(channelOf(i));
  };
  SmallVector<Range> ranges(w.channels);
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    int64_t value = valueAt(i);
    ranges[channelOf(i)].add(value);
    factor.added[channelOf(i)] -= x.zeroPoint * value;
  }
  auto fits = [](const Range &range) { return range.fits(); };
  bool isCentred =
      llvm::all_of(w.zeroPoints, [](int64_t zero) { return zero == 0; });
  bool isNarrow = llvm::all_of(ranges, fits);
  if (isCentred && isNarrow)
    return factor;
  if (!isNarrow && w.shareX)
    factor.timesX = shiftsOf(ranges);
  ArrayRef<int64_t> shifts = factor.timesX;
  Type element = c.b.getIntegerType(isNarrow || !shifts.empty() ? 8 : 16);
  ConstantTensor moved = ConstantTensor::make(tensor.type().clone(element));
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    moved.setInteger(i,
                     valueAt(i) - (shifts.empty() ? 0 : shifts[channelOf(i)]));
  factor.value = c.constant(moved.attr("weights"));
  return factor;
}

/// Answers for weights of any kind; `x` says how the left factor is read.
static FailureOr<RightFactor> rightFactor(NodeContext &c, const Weights &w,
                                          Reading x) {
  if (std::optional<ConstantTensor> tensor = constantBehind(w.value))
    return centred(c, w, *tensor, x);
  if (!llvm::all_equal(w.zeroPoints))
    return c.unsupported("zero points differ by channel, and the weights are "
                         "not constant");
  return RightFactor{
      w.value, {x, Reading{w.isUnsigned, w.zeroPoint(0)}}, {}, {}};
}

/// sums + timesX * sumsOfX along dimension `axis`, where `sumsOfX` has size 1.
static Value addTimesX(NodeContext &c, Value sums, Value sumsOfX,
                       ArrayRef<int64_t> timesX, int64_t axis) {
  ArrayRef<int64_t> shape = onnx::shapeOf(sums);
  unsigned rank = shape.size();
  SmallVector<AffineExpr> ofX;
  for (unsigned d = 0; d < rank; ++d)
    ofX.push_back(int64_t(d) == axis ? c.cst(0) : c.dim(d));
  Type i32 = c.b.getI32Type();
  Value factors = c.constantIntegers({int64_t(timesX.size())}, i32, timesX);
  return c.elementwise(
      ArrayRef<onnx::Indexed>{{sums, c.identity(rank)},
                              {sumsOfX, c.map(rank, ofX)},
                              {factors, c.map(rank, c.dim(axis))}},
      shape, i32, [](ScalarBuilder &s, ValueRange v) {
        return s.add(v[0], s.mul(v[1], v[2]));
      });
}

static Value onesOf(NodeContext &c, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> ones(onnx::product(shape), 1);
  return c.constantIntegers(shape, c.b.getI8Type(), ones);
}

/// sums + added + bias, along dimension `axis`.
static Value addBias(NodeContext &c, Value sums, Value bias,
                     SmallVector<int64_t> added, int64_t axis) {
  if (bias) {
    Value value = c.get(bias);
    std::optional<ConstantTensor> tensor = constantBehind(value);
    if (!tensor) {
      sums = c.addAlong(sums, value, axis);
    } else {
      added.resize(tensor->numElements(), 0);
      for (auto [i, term] : llvm::enumerate(added))
        term += tensor->integer(static_cast<int64_t>(i));
    }
  }
  if (llvm::all_of(added, [](int64_t term) { return term == 0; }))
    return sums;
  return c.addAlong(
      sums,
      c.constantIntegers({int64_t(added.size())}, c.b.getI32Type(), added),
      axis);
}

static LogicalResult lowerConv(ConvOp op, NodeContext &c) {
  Value x = c.get(op.getX()), w = c.get(op.getW());
  onnx::WindowAttrs attrs{op.getStrides(), op.getDilations(), op.getPads(),
                          "NOTSET"};
  FailureOr<onnx::Windows> windows =
      onnx::convolutionWindows(c, attrs, onnx::shapeOf(x), onnx::shapeOf(w),
                               c.shapeOfResult(op.getY()), op.getGroup());
  if (failed(windows))
    return failure();
  int64_t outputs = onnx::shapeOf(w)[0];
  auto zero = static_cast<int64_t>(op.getXZeroPoint());
  int64_t taps = onnx::product(onnx::shapeOf(w).drop_front());
  Weights weights{w,       isUnsigned(op.getW()),      op.getWZeroPoints(),
                  outputs, std::max<int64_t>(taps, 1), op.getGroup() == 1};
  FailureOr<RightFactor> factor =
      rightFactor(c, weights, {isUnsigned(op.getX()), zero});
  if (failed(factor))
    return failure();
  Value padded = onnx::padWindows(
      c, x, *windows, onnx::scalarAttr(onnx::elementOf(x), double(zero)));
  Value sums = onnx::convolve(c, padded, factor->value, *windows, op.getGroup(),
                              factor->readings);
  if (!factor->timesX.empty()) {
    SmallVector<int64_t> shape(onnx::shapeOf(w));
    shape.front() = 1;
    Value sumsOfX = onnx::convolve(c, padded, onesOf(c, shape), *windows,
                                   /*group=*/1, factor->readings);
    sums = addTimesX(c, sums, sumsOfX, factor->timesX, 1);
  }
  c.set(op.getY(), addBias(c, sums, op.getBias(), factor->added, 1));
  return success();
}

static LogicalResult lowerMatMul(MatMulOp op, NodeContext &c) {
  Value a = c.get(op.getA()), b = c.get(op.getB());
  ArrayRef<int64_t> shape = onnx::shapeOf(b);
  bool isStack = onnx::product(shape.drop_back(2)) != 1;
  Weights weights{
      b, isUnsigned(op.getB()), op.getBZeroPoints(), shape.back(), 1, !isStack};
  Reading left{isUnsigned(op.getA()), static_cast<int64_t>(op.getAZeroPoint())};
  FailureOr<RightFactor> factor = rightFactor(c, weights, left);
  // The columns of a stack of constant matrices have sums of their own.
  if (succeeded(factor) && !factor->added.empty() && isStack) {
    factor->added.clear();
    factor->readings.x = left;
  }
  if (failed(factor))
    return failure();
  FailureOr<Value> sums =
      onnx::matrixProduct(c, a, factor->value, factor->readings);
  if (failed(sums))
    return failure();
  int64_t axis = onnx::rankOf(*sums) - 1;
  if (!factor->timesX.empty()) {
    SmallVector<int64_t> column(shape);
    column.back() = 1;
    FailureOr<Value> sumsOfX =
        onnx::matrixProduct(c, a, onesOf(c, column), factor->readings);
    if (failed(sumsOfX))
      return failure();
    sums = addTimesX(c, *sums, *sumsOfX, factor->timesX, axis);
  }
  c.set(op.getY(), addBias(c, *sums, op.getBias(), factor->added, axis));
  return success();
}

static LogicalResult lowerSumPool(SumPoolOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  onnx::WindowAttrs attrs{op.getStrides(), {}, op.getPads(), "NOTSET"};
  FailureOr<onnx::Windows> windows = onnx::makeWindows(
      c, attrs, onnx::spatial(onnx::shapeOf(x)), op.getKernel(),
      onnx::spatial(c.shapeOfResult(op.getY())));
  if (failed(windows))
    return failure();
  Type i32 = c.b.getI32Type();
  auto zero = static_cast<int64_t>(op.getXZeroPoint());
  Value padded = onnx::padWindows(
      c, x, *windows, onnx::scalarAttr(onnx::elementOf(x), double(zero)));
  onnx::PoolLoops pool(c, padded, *windows);
  Value sums = pool.reduce(
      c, onnx::scalarAttr(i32, 0), [&](ScalarBuilder &s, ValueRange v) {
        return s.add(v[0], s.cast(v[1], isUnsigned(op.getX()), i32, false));
      });
  SmallVector<int64_t> added(onnx::shapeOf(sums)[1],
                             -zero * onnx::product(op.getKernel()));
  c.set(op.getY(), addBias(c, sums, {}, added, 1));
  return success();
}

void populateProductLowering(onnx::LoweringTable &table) {
  table.add<ConvOp>(lowerConv);
  table.add<MatMulOp>(lowerMatMul);
  table.add<SumPoolOp>(lowerSumPool);
}

} // namespace aicc::qnn
