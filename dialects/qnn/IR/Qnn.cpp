//===- Qnn.cpp - The qnn dialect ------------------------------------------===//
//
// The verifiers leave nothing to the lowering but to build: shapes, ranges and
// numbers of parameters fit.
//
//===----------------------------------------------------------------------===//

#include "dialects/qnn/IR/Qnn.h"

#include "mlir/Dialect/Traits.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace aicc::qnn;

#include "dialects/qnn/IR/QnnDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/qnn/IR/QnnOps.cpp.inc"

void QnnDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/qnn/IR/QnnOps.cpp.inc"
      >();
}

void aicc::qnn::registerQnnDialect(DialectRegistry &registry) {
  registry.insert<QnnDialect>();
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

//===----------------------------------------------------------------------===//
// What the verifiers share
//===----------------------------------------------------------------------===//

static LogicalResult verifyZeroPoint(Operation *op, StringRef name,
                                     int64_t zero, Value of) {
  ByteRange range = rangeOf(of.getType());
  if (range.contains(zero))
    return success();
  return op->emitOpError("expected ") << name << " in [" << range.low << ", "
                                      << range.high << "], found " << zero;
}

/// None, one, or one for each of `channels`.
static LogicalResult verifyZeroPoints(Operation *op, StringRef name,
                                      ArrayRef<int64_t> zeros, Value of,
                                      int64_t channels) {
  if (zeros.size() > 1 && int64_t(zeros.size()) != channels)
    return op->emitOpError("expected 1 or ")
           << channels << " values of " << name << ", found " << zeros.size();
  for (int64_t zero : zeros)
    if (failed(verifyZeroPoint(op, name, zero, of)))
      return failure();
  return success();
}

static LogicalResult verifyBias(Operation *op, Value bias, int64_t channels) {
  if (!bias || shapeOf(bias) == ArrayRef<int64_t>{channels})
    return success();
  return op->emitOpError("expected a bias of shape ")
         << channels << ", found " << bias.getType();
}

static LogicalResult verifyShape(Operation *op, ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> found = shapeOf(op->getResult(0));
  if (found == expected)
    return success();
  InFlightDiagnostic error = op->emitOpError("expected a result of shape ");
  llvm::interleave(expected, error, "x");
  error << ", found ";
  llvm::interleave(found, error, "x");
  return error;
}

static LogicalResult verifyBroadcast(Operation *op) {
  SmallVector<int64_t> shape;
  if (!OpTrait::util::getBroadcastedShape(shapeOf(op->getOperand(0)),
                                          shapeOf(op->getOperand(1)), shape))
    return op->emitOpError("expected shapes that broadcast, found ")
           << op->getOperand(0).getType() << " and "
           << op->getOperand(1).getType();
  return verifyShape(op, shape);
}

static LogicalResult verifyScale(Operation *op, StringRef name, float scale) {
  // Products with differences of 8-bit values stay finite.
  if (scale > 0 && scale <= 1e30F)
    return success();
  return op->emitOpError("expected ")
         << name << " in (0, 1e30], found " << scale;
}

template <typename OpT> static LogicalResult verifyClamp(OpT op) {
  ByteRange range = rangeOf(op.getY().getType()), clamp = clampOf(op);
  if (clamp.low <= clamp.high && range.contains(clamp.low) &&
      range.contains(clamp.high))
    return success();
  return op.emitOpError("expected low <= high in [")
         << range.low << ", " << range.high << "], found " << clamp.low
         << " and " << clamp.high;
}

/// Checks the lists of a window op and gives the sizes of its result.
static FailureOr<SmallVector<int64_t>>
windowResult(Operation *op, ArrayRef<int64_t> input, ArrayRef<int64_t> kernel,
             ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
             ArrayRef<int64_t> pads) {
  size_t rank = input.size();
  auto check = [&](StringRef name, ArrayRef<int64_t> list, size_t size,
                   int64_t least) -> LogicalResult {
    if (!list.empty() && list.size() != size)
      return op->emitOpError("expected ")
             << size << " values of " << name << ", found " << list.size();
    for (int64_t value : list)
      if (value < least || value > (int64_t(1) << 31))
        return op->emitOpError("expected ")
               << name << " of at least " << least << ", found " << value;
    return success();
  };
  if (failed(check("kernel", kernel, rank, 1)) ||
      failed(check("strides", strides, rank, 1)) ||
      failed(check("dilations", dilations, rank, 1)) ||
      failed(check("pads", pads, 2 * rank, 0)))
    return failure();
  SmallVector<int64_t> sizes;
  for (size_t i = 0; i < rank; ++i) {
    int64_t extent =
        (kernel[i] - 1) * (dilations.empty() ? 1 : dilations[i]) + 1;
    int64_t padded = input[i] + (pads.empty() ? 0 : pads[i] + pads[rank + i]);
    if (padded < extent)
      return op->emitOpError("expected a padded input of at least ")
             << extent << " in dimension " << 2 + i << ", found " << padded;
    sizes.push_back((padded - extent) / (strides.empty() ? 1 : strides[i]) + 1);
  }
  return sizes;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

LogicalResult ConvOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX()), w = shapeOf(getW());
  auto group = static_cast<int64_t>(getGroup());
  if (x.size() < 3 || w.size() != x.size())
    return emitOpError("expected x of N x C x spatial and w of the same rank, "
                       "found ")
           << getX().getType() << " and " << getW().getType();
  if (group < 1 || w[0] % group || w[1] < 1 || w[1] > x[1] ||
      x[1] / w[1] != group || x[1] % w[1])
    return emitOpError("expected ")
           << "channels that fit the group, found " << x[1] << " and " << w[0]
           << " x " << w[1] << " in " << group << " groups";
  FailureOr<SmallVector<int64_t>> sizes =
      windowResult(*this, x.drop_front(2), w.drop_front(2), getStrides(),
                   getDilations(), getPads());
  if (failed(sizes))
    return failure();
  SmallVector<int64_t> shape{x[0], w[0]};
  shape.append(*sizes);
  return success(succeeded(verifyShape(*this, shape)) &&
                 succeeded(verifyBias(*this, getBias(), w[0])) &&
                 succeeded(verifyZeroPoint(*this, "x_zero_point",
                                           getXZeroPoint(), getX())) &&
                 succeeded(verifyZeroPoints(*this, "w_zero_points",
                                            getWZeroPoints(), getW(), w[0])));
}

LogicalResult MatMulOp::verify() {
  ArrayRef<int64_t> a = shapeOf(getA()), b = shapeOf(getB());
  if (a.size() < 2 || b.size() < 2)
    return emitOpError("expected matrices or stacks of them, found ")
           << getA().getType() << " and " << getB().getType();
  int64_t n = b.back();
  if (a.back() != b[b.size() - 2])
    return emitOpError("expected inner dimensions that are equal, found ")
           << a.back() << " and " << b[b.size() - 2];
  SmallVector<int64_t> shape;
  if (!OpTrait::util::getBroadcastedShape(a.drop_back(2), b.drop_back(2),
                                          shape))
    return emitOpError("expected stacks that broadcast, found ")
           << getA().getType() << " and " << getB().getType();
  shape.append({a[a.size() - 2], n});
  return success(succeeded(verifyShape(*this, shape)) &&
                 succeeded(verifyBias(*this, getBias(), n)) &&
                 succeeded(verifyZeroPoint(*this, "a_zero_point",
                                           getAZeroPoint(), getA())) &&
                 succeeded(verifyZeroPoints(*this, "b_zero_points",
                                            getBZeroPoints(), getB(), n)));
}

LogicalResult MulOp::verify() {
  return success(succeeded(verifyBroadcast(*this)) &&
                 succeeded(verifyZeroPoint(*this, "a_zero_point",
                                           getAZeroPoint(), getA())) &&
                 succeeded(verifyZeroPoint(*this, "b_zero_point",
                                           getBZeroPoint(), getB())));
}

LogicalResult SumPoolOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX());
  if (x.size() < 3)
    return emitOpError("expected x of N x C x spatial, found ")
           << getX().getType();
  if (getKernel().size() != x.size() - 2)
    return emitOpError("expected ")
           << x.size() - 2 << " values of kernel, found " << getKernel().size();
  FailureOr<SmallVector<int64_t>> sizes = windowResult(
      *this, x.drop_front(2), getKernel(), getStrides(), {}, getPads());
  if (failed(sizes))
    return failure();
  SmallVector<int64_t> shape{x[0], x[1]};
  shape.append(*sizes);
  return success(succeeded(verifyShape(*this, shape)) &&
                 succeeded(verifyZeroPoint(*this, "x_zero_point",
                                           getXZeroPoint(), getX())));
}

//===----------------------------------------------------------------------===//
// Quantised results
//===----------------------------------------------------------------------===//

LogicalResult RequantizeOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX());
  auto axis = static_cast<int64_t>(getAxis());
  size_t count = getScales().size();
  if (count != 1 && (axis < 0 || axis >= int64_t(x.size())))
    return emitOpError("expected an axis in [0, ")
           << x.size() << "), found " << axis;
  if (count != 1 && int64_t(count) != x[axis])
    return emitOpError("expected 1 or ")
           << x[axis] << " scales, found " << count;
  for (float scale : getScales())
    if (failed(verifyScale(*this, "scales", scale)))
      return failure();
  return success(
      succeeded(verifyShape(*this, x)) &&
      succeeded(verifyZeroPoint(*this, "zero_point", getZeroPoint(), getY())) &&
      succeeded(verifyClamp(*this)));
}

LogicalResult AddOp::verify() {
  return success(
      succeeded(verifyBroadcast(*this)) &&
      succeeded(verifyScale(*this, "a_scale", getAScale().convertToFloat())) &&
      succeeded(verifyScale(*this, "b_scale", getBScale().convertToFloat())) &&
      succeeded(
          verifyZeroPoint(*this, "a_zero_point", getAZeroPoint(), getA())) &&
      succeeded(
          verifyZeroPoint(*this, "b_zero_point", getBZeroPoint(), getB())) &&
      succeeded(verifyZeroPoint(*this, "zero_point", getZeroPoint(), getY())) &&
      succeeded(verifyClamp(*this)));
}

LogicalResult LookupOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getTable().getType());
  Type element = getElementTypeOrSelf(getY().getType());
  if (!type || type != RankedTensorType::get({256}, element))
    return emitOpError("expected a table of type ")
           << RankedTensorType::get({256}, element) << ", found "
           << getTable().getType();
  return verifyShape(*this, shapeOf(getX()));
}
