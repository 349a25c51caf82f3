//===- ShapeNeural.cpp - Shapes of network layers -------------------------===//

#include "ShapeInference.h"

#include "dialects/onnx/IR/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace aicc::graph {

using Wide = __int128;
static constexpr int64_t dynamic = ShapedType::kDynamic;

//===----------------------------------------------------------------------===//
// Windows: convolutions and pools
//===----------------------------------------------------------------------===//

namespace {
/// A sliding window over the spatial dimensions, with ONNX's defaults filled
/// in.
struct Window {
  SmallVector<int64_t> kernel, strides, dilations;
  SmallVector<int64_t> pads; ///< All begins, then all ends.
  bool sameUpperOrLower = false;
  bool ceilMode = false;
};
} // namespace

using Ints = std::optional<ArrayRef<int64_t>>;

static LogicalResult fill(SmallVector<int64_t> &values, Ints attr, size_t count,
                          int64_t fallback, const char *name,
                          InferContext &context) {
  if (!attr) {
    values.assign(count, fallback);
    return success();
  }
  values.assign(attr->begin(), attr->end());
  if (values.size() != count)
    return context.error(Twine(name) + " has " + Twine(values.size()) +
                         " entries, expected " + Twine(count));
  return success();
}

/// Reads the attributes that all windowed operations share. `rank` counts the
/// spatial dimensions.
template <typename OpT>
static FailureOr<Window> readWindow(OpT op, size_t rank, Ints dilations,
                                    InferContext &context) {
  Window window;
  StringRef autoPad = op.getAutoPad();
  window.sameUpperOrLower = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  Ints pads = autoPad == "VALID" ? Ints() : op.getPads();
  if (failed(
          fill(window.strides, op.getStrides(), rank, 1, "strides", context)) ||
      failed(
          fill(window.dilations, dilations, rank, 1, "dilations", context)) ||
      failed(fill(window.pads, pads, 2 * rank, 0, "pads", context)))
    return failure();
  for (size_t i = 0; i < rank; ++i)
    if (window.strides[i] <= 0 || window.dilations[i] <= 0) {
      (void)context.error("strides and dilations must be positive");
      return failure();
    }
  return window;
}

/// Output size of a window that moves along `size` elements.
static FailureOr<int64_t> windowed(const Window &window, size_t i, int64_t size,
                                   InferContext &context) {
  if (ShapedType::isDynamic(size) || ShapedType::isDynamic(window.kernel[i]))
    return dynamic;
  size_t rank = window.kernel.size();
  Wide stride = window.strides[i];
  if (window.kernel[i] <= 0) {
    (void)context.error("the kernel is empty");
    return failure();
  }
  if (window.sameUpperOrLower)
    return static_cast<int64_t>((Wide(size) + stride - 1) / stride);
  Wide reach = (Wide(window.kernel[i]) - 1) * window.dilations[i] + 1;
  Wide padded = Wide(size) + window.pads[i] + window.pads[i + rank];
  Wide slack = window.ceilMode ? stride - 1 : 0;
  if (padded + slack < reach || padded > (Wide(1) << 62)) {
    (void)context.error("the kernel is larger than the padded input along "
                        "spatial dimension " +
                        Twine(i));
    return failure();
  }
  Wide out = (padded - reach + slack) / stride + 1;
  // With ceil_mode, a window must still start inside the input or its left
  // padding.
  if (window.ceilMode && (out - 1) * stride >= Wide(size) + window.pads[i])
    --out;
  return static_cast<int64_t>(out);
}

/// Output of a convolution of `x` by the kernel `w` (MxC/gxkxk).
template <typename OpT>
static LogicalResult inferConvLike(OpT op, Value x, Value w,
                                   InferContext &context) {
  auto data = context.shape(x);
  auto kernel = context.shape(w);
  if (!data || !kernel)
    return success();
  if (data->size() < 3 || data->size() != kernel->size())
    return context.error("X is " + shapeText(*data) + ", W is " +
                         shapeText(*kernel));
  size_t rank = data->size() - 2;
  FailureOr<Window> window = readWindow(op, rank, op.getDilations(), context);
  if (failed(window))
    return failure();
  window->kernel = Shape(kernel->drop_front(2));
  if (Ints attr = op.getKernelShape())
    if (!llvm::equal(*attr, window->kernel) &&
        llvm::none_of(window->kernel, ShapedType::isDynamic))
      return context.error("kernel_shape does not fit W, " +
                           shapeText(*kernel));
  Wide group = static_cast<int64_t>(op.getGroup());
  int64_t channels = (*data)[1], perGroup = (*kernel)[1], out = (*kernel)[0];
  if (group <= 0 ||
      (channels >= 0 && perGroup >= 0 && channels != perGroup * group) ||
      (out >= 0 && out % group != 0))
    return context.error("X, " + shapeText(*data) + ", and W, " +
                         shapeText(*kernel) + ", do not fit group " +
                         Twine(static_cast<int64_t>(group)));
  Shape result{(*data)[0], out};
  for (size_t i = 0; i < rank; ++i) {
    FailureOr<int64_t> size = windowed(*window, i, (*data)[i + 2], context);
    if (failed(size))
      return failure();
    result.push_back(*size);
  }
  context.setResult(0, result);
  return success();
}

static LogicalResult inferConv(onnx::ConvOp op, InferContext &context) {
  if (isPresent(op.getB())) {
    auto bias = context.shape(op.getB());
    auto kernel = context.shape(op.getW());
    if (bias && kernel && !kernel->empty() &&
        (bias->size() != 1 ||
         ((*bias)[0] >= 0 && (*kernel)[0] >= 0 && (*bias)[0] != (*kernel)[0])))
      return context.error("W is " + shapeText(*kernel) + ", B is " +
                           shapeText(*bias));
  }
  return inferConvLike(op, op.getX(), op.getW(), context);
}

static LogicalResult inferConvInteger(onnx::ConvIntegerOp op,
                                      InferContext &context) {
  return inferConvLike(op, op->getOperand(0), op->getOperand(1), context);
}

static LogicalResult inferQLinearConv(onnx::QLinearConvOp op,
                                      InferContext &context) {
  return inferConvLike(op, op->getOperand(0), op->getOperand(3), context);
}

static LogicalResult inferConvTranspose(onnx::ConvTransposeOp op,
                                        InferContext &context) {
  auto data = context.shape(op.getX());
  auto kernel = context.shape(op.getW());
  if (!data || !kernel)
    return success();
  if (data->size() < 3 || data->size() != kernel->size())
    return context.error("X is " + shapeText(*data) + ", W is " +
                         shapeText(*kernel));
  size_t rank = data->size() - 2;
  FailureOr<Window> window = readWindow(op, rank, op.getDilations(), context);
  SmallVector<int64_t> extra;
  if (failed(window) || failed(fill(extra, op.getOutputPadding(), rank, 0,
                                    "output_padding", context)))
    return failure();
  Wide group = static_cast<int64_t>(op.getGroup());
  int64_t channels = (*data)[1], in = (*kernel)[0], perGroup = (*kernel)[1];
  if (group <= 0 || group > (Wide(1) << 31) ||
      (channels >= 0 && in >= 0 && channels != in) ||
      (in >= 0 && in % group != 0))
    return context.error("X, " + shapeText(*data) + ", and W, " +
                         shapeText(*kernel) + ", do not fit group " +
                         Twine(static_cast<int64_t>(group)));
  Shape result{(*data)[0],
               perGroup < 0 ? dynamic : static_cast<int64_t>(perGroup * group)};
  Ints outputShape = op.getOutputShape();
  if (outputShape && outputShape->size() != rank)
    outputShape = outputShape->size() == rank + 2
                      ? Ints(outputShape->drop_front(2))
                      : Ints();
  for (size_t i = 0; i < rank; ++i) {
    int64_t size = (*data)[i + 2], k = (*kernel)[i + 2];
    if (outputShape) {
      result.push_back((*outputShape)[i]);
    } else if (ShapedType::isDynamic(size) || ShapedType::isDynamic(k)) {
      result.push_back(dynamic);
    } else {
      Wide out = Wide(size) * window->strides[i];
      if (!window->sameUpperOrLower)
        out = (Wide(size) - 1) * window->strides[i] + extra[i] +
              (Wide(k) - 1) * window->dilations[i] + 1 - window->pads[i] -
              window->pads[i + rank];
      if (out < 0 || out > (Wide(1) << 62))
        return context.error("the output has a negative size");
      result.push_back(static_cast<int64_t>(out));
    }
  }
  context.setResult(0, result);
  return success();
}

/// Shape of a pool's result.
template <typename OpT>
static FailureOr<Shape> poolShape(OpT op, Ints dilations,
                                  InferContext &context) {
  auto data = context.shape(op.getX());
  if (!data)
    return Shape();
  ArrayRef<int64_t> kernel = op.getKernelShape();
  if (data->size() < 3 || kernel.size() != data->size() - 2) {
    (void)context.error("X is " + shapeText(*data) + ", kernel_shape is " +
                        shapeText(kernel));
    return failure();
  }
  FailureOr<Window> window = readWindow(op, kernel.size(), dilations, context);
  if (failed(window))
    return failure();
  window->kernel.assign(kernel.begin(), kernel.end());
  window->ceilMode = op.getCeilMode() != 0;
  Shape result(data->take_front(2));
  for (size_t i = 0; i < kernel.size(); ++i) {
    FailureOr<int64_t> size = windowed(*window, i, (*data)[i + 2], context);
    if (failed(size))
      return failure();
    result.push_back(*size);
  }
  return result;
}

template <typename OpT>
static LogicalResult inferPool(OpT op, InferContext &context) {
  FailureOr<Shape> shape = poolShape(op, op.getDilations(), context);
  if (failed(shape))
    return failure();
  if (!shape->empty())
    for (unsigned i = 0; i < op->getNumResults(); ++i)
      context.setResult(i, *shape);
  return success();
}

static LogicalResult inferGlobalPool(Operation *op, InferContext &context) {
  auto data = context.shape(op->getOperand(0));
  if (!data || data->size() < 2)
    return success();
  Shape result(data->size(), 1);
  result[0] = (*data)[0];
  result[1] = (*data)[1];
  context.setResult(0, result);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

static LogicalResult inferMatMulOf(Value lhs, Value rhs,
                                   InferContext &context) {
  auto a = context.shape(lhs);
  auto b = context.shape(rhs);
  if (!a || !b)
    return success();
  if (a->empty() || b->empty())
    return context.error("an operand is a scalar");
  // A vector counts as a row on the left and as a column on the right; the
  // added dimension is dropped again.
  Shape left(*a), right(*b);
  if (a->size() == 1)
    left.insert(left.begin(), 1);
  if (b->size() == 1)
    right.push_back(1);
  int64_t k = left.back(), l = right[right.size() - 2];
  if (k >= 0 && l >= 0 && k != l)
    return context.error("inner dimensions differ: A is " + shapeText(*a) +
                         ", B is " + shapeText(*b));
  FailureOr<Shape> result = broadcastShapes(
      {Shape(ArrayRef(left).drop_back(2)), Shape(ArrayRef(right).drop_back(2))},
      context);
  if (failed(result))
    return failure();
  if (a->size() > 1)
    result->push_back(left[left.size() - 2]);
  if (b->size() > 1)
    result->push_back(right.back());
  context.setResult(0, *result);
  return success();
}

static LogicalResult inferMatMul(Operation *op, InferContext &context) {
  return inferMatMulOf(op->getOperand(0), op->getOperand(1), context);
}

static LogicalResult inferQLinearMatMul(onnx::QLinearMatMulOp op,
                                        InferContext &context) {
  return inferMatMulOf(op->getOperand(0), op->getOperand(3), context);
}

static LogicalResult inferGemm(onnx::GemmOp op, InferContext &context) {
  auto a = context.shape(op.getA());
  auto b = context.shape(op.getB());
  if (!a || !b)
    return success();
  if (a->size() != 2 || b->size() != 2)
    return context.error("A is " + shapeText(*a) + ", B is " + shapeText(*b) +
                         ": both must be matrices");
  bool transA = op.getTransA() != 0, transB = op.getTransB() != 0;
  int64_t k = (*a)[transA ? 0 : 1], l = (*b)[transB ? 1 : 0];
  if (k >= 0 && l >= 0 && k != l)
    return context.error("inner dimensions differ: A is " + shapeText(*a) +
                         ", B is " + shapeText(*b));
  Shape result{(*a)[transA ? 1 : 0], (*b)[transB ? 0 : 1]};
  if (isPresent(op.getC()))
    if (auto c = context.shape(op.getC())) {
      bool fits = c->size() <= 2;
      for (size_t i = 0; fits && i < c->size(); ++i) {
        int64_t dim = (*c)[c->size() - 1 - i], out = result[1 - i];
        fits = dim == 1 || dim < 0 || out < 0 || dim == out;
      }
      if (!fits)
        return context.error("C, " + shapeText(*c) +
                             ", does not broadcast to " + shapeText(result));
    }
  context.setResult(0, result);
  return success();
}

//===----------------------------------------------------------------------===//
// Recurrent layers
//===----------------------------------------------------------------------===//

/// RNN, GRU and LSTM: Y, Y_h and, for the last, Y_c.
template <typename OpT>
static LogicalResult inferRecurrent(OpT op, InferContext &context) {
  auto x = context.shape(op.getX());
  auto r = context.shape(op.getR());
  if (!x || !r)
    return success();
  if (x->size() != 3 || r->size() != 3)
    return context.error("X is " + shapeText(*x) + ", R is " + shapeText(*r) +
                         ": both must have rank 3");
  bool batchFirst = op.getLayout() != 0;
  int64_t length = (*x)[batchFirst ? 1 : 0], batch = (*x)[batchFirst ? 0 : 1];
  int64_t directions = (*r)[0], hidden = (*r)[2];
  Shape y{length, directions, batch, hidden}, h{directions, batch, hidden};
  if (batchFirst) {
    y = {batch, length, directions, hidden};
    h = {batch, directions, hidden};
  }
  context.setResult(0, y);
  for (unsigned i = 1; i < op->getNumResults(); ++i)
    context.setResult(i, h);
  return success();
}

//===----------------------------------------------------------------------===//
// The rest
//===----------------------------------------------------------------------===//

/// Sizes that `sizes` asks for under the aspect ratio policy.
static SmallVector<int64_t>
keepAspect(StringRef policy, ArrayRef<int64_t> sizes, ArrayRef<int64_t> old) {
  SmallVector<int64_t> result(sizes);
  if (policy == "stretch" || sizes.empty())
    return result;
  double scale = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    double each = static_cast<double>(sizes[i]) / static_cast<double>(old[i]);
    bool better = policy == "not_larger" ? each < scale : each > scale;
    if (i == 0 || better)
      scale = each;
  }
  for (size_t i = 0; i < sizes.size(); ++i)
    result[i] = static_cast<int64_t>(
        std::floor(scale * static_cast<double>(old[i]) + 0.5));
  return result;
}

static LogicalResult inferResize(onnx::ResizeOp op, InferContext &context) {
  auto data = context.shape(op.getX());
  if (!data)
    return success();
  SmallVector<int64_t> axes;
  if (Ints attr = op.getAxes()) {
    FailureOr<SmallVector<int64_t>> resolved =
        context.axes(*attr, data->size());
    if (failed(resolved))
      return failure();
    axes = *resolved;
  } else {
    for (size_t i = 0; i < data->size(); ++i)
      axes.push_back(i);
  }
  Shape result(*data);
  for (int64_t axis : axes)
    result[axis] = dynamic;
  const ConstantTensor *scales = context.constant(op.getScales());
  auto sizes = context.ints(op.getSizes());
  bool bySizes = sizes && !sizes->empty();
  if (!bySizes && (!scales || scales->numElements() == 0)) {
    context.setResult(0, result);
    return success();
  }
  size_t given = bySizes ? sizes->size() : scales->numElements();
  if (given != axes.size())
    return context.error("has " + Twine(given) + " sizes or scales for " +
                         Twine(axes.size()) + " axes");
  SmallVector<int64_t> old;
  for (int64_t axis : axes)
    old.push_back((*data)[axis]);
  if (bySizes) {
    bool known = llvm::all_of(old, [](int64_t dim) { return dim > 0; });
    SmallVector<int64_t> wanted =
        known ? keepAspect(op.getKeepAspectRatioPolicy(), *sizes, old) : *sizes;
    for (size_t i = 0; i < axes.size(); ++i) {
      if (wanted[i] < 0)
        return context.error("size " + Twine(wanted[i]) + " is negative");
      result[axes[i]] = wanted[i];
    }
  } else {
    for (size_t i = 0; i < axes.size(); ++i) {
      if (ShapedType::isDynamic(old[i]))
        continue;
      // The scales are float32, the product is not rounded to it.
      double size = std::floor(static_cast<double>(old[i]) * scales->real(i));
      if (!(size >= 0 && size < 9e15))
        return context.error("scale " + Twine(i) + " gives no sensible size");
      result[axes[i]] = static_cast<int64_t>(size);
    }
  }
  context.setResult(0, result);
  return success();
}

static LogicalResult inferLayerNorm(onnx::LayerNormalizationOp op,
                                    InferContext &context) {
  auto data = context.shape(op.getX());
  if (!data)
    return success();
  FailureOr<int64_t> axis =
      context.axis(static_cast<int64_t>(op.getAxis()), data->size());
  if (failed(axis))
    return failure();
  context.setResult(0, *data);
  Shape reduced(*data);
  for (size_t i = *axis; i < reduced.size(); ++i)
    reduced[i] = 1;
  for (unsigned i = 1; i < op->getNumResults(); ++i)
    context.setResult(i, reduced);
  return success();
}

static LogicalResult inferGridSample(onnx::GridSampleOp op,
                                     InferContext &context) {
  auto data = context.shape(op.getX());
  auto grid = context.shape(op.getGrid());
  if (!data || !grid || data->size() < 3 || grid->size() != data->size())
    return success();
  Shape result(data->take_front(2));
  ArrayRef<int64_t> spatial = grid->drop_front(1).drop_back(1);
  result.append(spatial.begin(), spatial.end());
  context.setResult(0, result);
  return success();
}

void addNeuralShapes(InferTable &table) {
  addShape<onnx::ConvOp, inferConv>(table);
  addShape<onnx::ConvIntegerOp, inferConvInteger>(table);
  addShape<onnx::QLinearConvOp, inferQLinearConv>(table);
  addShape<onnx::ConvTransposeOp, inferConvTranspose>(table);
  addShape<onnx::MaxPoolOp, inferPool<onnx::MaxPoolOp>>(table);
  addShape<onnx::AveragePoolOp, inferPool<onnx::AveragePoolOp>>(table);
  addShape<onnx::LpPoolOp, inferPool<onnx::LpPoolOp>>(table);
  for (const char *name :
       {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
    table[std::string("onnx.") + name] = inferGlobalPool;
  table["onnx.MatMul"] = inferMatMul;
  table["onnx.MatMulInteger"] = inferMatMul;
  addShape<onnx::QLinearMatMulOp, inferQLinearMatMul>(table);
  addShape<onnx::GemmOp, inferGemm>(table);
  addShape<onnx::LSTMOp, inferRecurrent<onnx::LSTMOp>>(table);
  addShape<onnx::GRUOp, inferRecurrent<onnx::GRUOp>>(table);
  addShape<onnx::RNNOp, inferRecurrent<onnx::RNNOp>>(table);
  addShape<onnx::ResizeOp, inferResize>(table);
  addShape<onnx::LayerNormalizationOp, inferLayerNorm>(table);
  addShape<onnx::GridSampleOp, inferGridSample>(table);
}

} // namespace aicc::graph
