//===- Pool.cpp - Pooling over windows and over everything ----------------===//
//
// Loops (n, c, out..., k...).
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/Reductions.h"
#include "dialects/onnx/Lowering/Windows.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

template <typename OpT>
static FailureOr<Windows> poolWindows(OpT op, NodeContext &c) {
  ArrayRef<int64_t> x = shapeOf(c.get(op.getX()));
  if (x.size() < 3)
    return c.unsupported("the input is not N x C x spatial");
  return makeWindows(c, windowAttrs(op), spatial(x), op.getKernelShape(),
                     spatial(c.shapeOfResult(op.getY())));
}

//===----------------------------------------------------------------------===//
// MaxPool
//===----------------------------------------------------------------------===//

/// Where each maximum comes from: the smallest flat index of an equal element,
/// counted over the whole unpadded input, rows or columns first.
static Value maxPoolIndices(NodeContext &c, Value padded, Value maxima,
                            const Windows &w, bool columnMajor) {
  PoolLoops pool(c, padded, w);
  unsigned r = pool.rank;
  SmallVector<Indexed> inputs(pool.inputs);
  inputs.push_back({maxima, pool.output});
  Type i64 = c.b.getI64Type();
  int64_t none = std::numeric_limits<int64_t>::max();
  Value init = c.filled(pool.shape, i64, c.b.getI64IntegerAttr(none));
  return c.generic(
      inputs, init, pool.output, pool.iterators,
      [&](ScalarBuilder &s, ValueRange v) {
        auto loop = [&](unsigned i) { return s.op<linalg::IndexOp>(i); };
        auto index = [&](int64_t k) {
          return s.integer(s.b.getIndexType(), k);
        };
        auto madd = [&](Value x, int64_t k, Value y) {
          return s.add(s.mul(x, index(k)), y);
        };
        SmallVector<Value> at;
        for (unsigned i = 0; i < r; ++i)
          at.push_back(
              s.sub(s.add(s.mul(loop(2 + i), index(w.strides[i])),
                          s.mul(loop(2 + r + i), index(w.dilations[i]))),
                    index(w.low[i])));
        Value flat = madd(loop(0), pool.shape[1], loop(1));
        flat = s.mul(flat, index(product(w.input)));
        Value within = index(0);
        for (unsigned i = 0; i < r; ++i) {
          unsigned d = columnMajor ? r - 1 - i : i;
          within = madd(within, w.input[d], at[d]);
        }
        Value found = s.cast(s.op<arith::IndexCastOp>(i64, s.add(flat, within)),
                             false, i64, false);
        Value isMax = s.compare(Order::Eq, v[0], v[2]);
        Value candidate = s.select(isMax, found, s.integer(i64, none));
        return s.min(v[3], candidate);
      });
}

static LogicalResult lowerMaxPool(MaxPoolOp op, NodeContext &c) {
  FailureOr<Windows> windows = poolWindows(op, c);
  if (failed(windows))
    return failure();
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getX().getType()));
  Value x = c.get(op.getX());
  TypedAttr init = lowestOf(elementOf(x), isUnsigned);
  x = padWindows(c, x, *windows, init);
  PoolLoops pool(c, x, *windows);
  Value y = pool.reduce(c, init, [&](ScalarBuilder &s, ValueRange v) -> Value {
    if (!isa<FloatType>(v[0].getType()))
      return s.max(v[0], v[1], isUnsigned);
    // ONNX leaves NaN open here; without it this is one instruction.
    return s.op<arith::MaxNumFOp>(v[0], v[1], arith::FastMathFlags::nnan);
  });
  c.set(op.getY(), y);
  if (c.isPresent(op.getIndices()))
    c.set(op.getIndices(),
          maxPoolIndices(c, x, y, *windows, op.getStorageOrder()));
  return success();
}

//===----------------------------------------------------------------------===//
// AveragePool, LpPool
//===----------------------------------------------------------------------===//

/// 1 / (number of taps that count) for each window; padding counts if
/// `countPadding`, what ceil_mode adds beyond it never does.
static Value reciprocalCounts(NodeContext &c, const Windows &w,
                              bool countPadding, Type element) {
  SmallVector<double> counts{1};
  for (unsigned i = 0; i < w.rank(); ++i) {
    int64_t from = countPadding ? 0 : w.low[i];
    int64_t to = w.low[i] + w.input[i] + (countPadding ? w.statedHigh[i] : 0);
    SmallVector<double> next;
    for (double outer : counts)
      for (int64_t o = 0; o < w.output[i]; ++o) {
        int64_t taps = 0;
        for (int64_t k = 0; k < w.kernel[i]; ++k) {
          int64_t at = o * w.strides[i] + k * w.dilations[i];
          taps += at >= from && at < to;
        }
        next.push_back(outer * double(taps));
      }
    counts = std::move(next);
  }
  for (double &count : counts)
    count = 1 / count;
  if (llvm::all_equal(counts))
    return c.splat({}, element, counts.front());
  return c.constantNumbers(w.output, element, counts);
}

static LogicalResult lowerAveragePool(AveragePoolOp op, NodeContext &c) {
  FailureOr<Windows> windows = poolWindows(op, c);
  if (failed(windows))
    return failure();
  Value x = c.get(op.getX());
  Type element = elementOf(x), type = c.computeType(element);
  x = padWindows(c, x, *windows, scalarAttr(element, 0));
  PoolLoops pool(c, x, *windows);
  Value sum =
      pool.reduce(c, scalarAttr(type, 0), [](ScalarBuilder &s, ValueRange v) {
        return s.add(v[0], v[1]);
      });
  Value scale = reciprocalCounts(c, *windows, op.getCountIncludePad(), type);
  c.set(op.getY(), c.elementwise({sum, scale}, shapeOf(sum), element,
                                 [](ScalarBuilder &s, ValueRange v) {
                                   return s.mul(v[0], v[1]);
                                 }));
  return success();
}

/// |x|^p.
static Value absPower(ScalarBuilder &s, Value x, int64_t p) {
  if (p == 1)
    return s.abs(x);
  if (p == 2)
    return s.mul(x, x);
  return s.op<math::PowFOp>(s.abs(x), s.number(x.getType(), double(p)));
}

/// x^(1/p), rounded to `element`.
static Value rootOf(NodeContext &c, Value x, int64_t p, Type element) {
  return c.elementwise(x, shapeOf(x), element,
                       [&](ScalarBuilder &s, ValueRange v) -> Value {
                         if (p == 1)
                           return v[0];
                         if (p == 2)
                           return s.sqrt(v[0]);
                         return s.op<math::PowFOp>(
                             v[0], s.number(v[0].getType(), 1.0 / double(p)));
                       });
}

static LogicalResult lowerLpPool(LpPoolOp op, NodeContext &c) {
  FailureOr<Windows> windows = poolWindows(op, c);
  if (failed(windows))
    return failure();
  if (op.getP() < 1)
    return c.unsupported("p is below 1");
  Value x = c.get(op.getX());
  Type element = elementOf(x), type = c.computeType(element);
  x = padWindows(c, x, *windows, scalarAttr(element, 0));
  PoolLoops pool(c, x, *windows);
  Value sum =
      pool.reduce(c, scalarAttr(type, 0), [&](ScalarBuilder &s, ValueRange v) {
        return s.add(v[0], absPower(s, v[1], op.getP()));
      });
  c.set(op.getY(), rootOf(c, sum, op.getP(), element));
  return success();
}

//===----------------------------------------------------------------------===//
// Global pools
//===----------------------------------------------------------------------===//

/// The spatial dimensions of a N x C x spatial value; empty if there are none.
static Shape spatialAxes(Value x) {
  Shape axes;
  for (int64_t i = 2; i < rankOf(x); ++i)
    axes.push_back(i);
  return axes;
}

static LogicalResult lowerGlobalAveragePool(GlobalAveragePoolOp op,
                                            NodeContext &c) {
  Value x = c.get(op.getX());
  Value sum = c.sum(x, spatialAxes(x));
  double count = double(product(spatial(shapeOf(x))));
  Value mean = c.elementwise(
      sum, shapeOf(sum), elementOf(x), [&](ScalarBuilder &s, ValueRange v) {
        return s.mul(v[0], s.number(v[0].getType(), 1 / count));
      });
  c.set(op.getY(), c.reshape(mean, c.shapeOfResult(op.getY())));
  return success();
}

static LogicalResult lowerGlobalMaxPool(GlobalMaxPoolOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  Value max = c.reduce(x, spatialAxes(x), lowestOf(elementOf(x), false),
                       [](ScalarBuilder &s, ValueRange v) {
                         return s.op<arith::MaxNumFOp>(
                             v[1], v[0], arith::FastMathFlags::nnan);
                       });
  c.set(op.getY(), c.reshape(max, c.shapeOfResult(op.getY())));
  return success();
}

static LogicalResult lowerGlobalLpPool(GlobalLpPoolOp op, NodeContext &c) {
  if (op.getP() < 1)
    return c.unsupported("p is below 1");
  Value x = c.get(op.getX());
  Value sum =
      c.reduce(x, spatialAxes(x), scalarAttr(c.computeType(elementOf(x)), 0),
               [&](ScalarBuilder &s, ValueRange v) {
                 return s.add(v[1], absPower(s, v[0], op.getP()));
               });
  Value root = rootOf(c, sum, op.getP(), elementOf(x));
  c.set(op.getY(), c.reshape(root, c.shapeOfResult(op.getY())));
  return success();
}

/// The global pools need the two leading dimensions.
template <typename OpT>
static LoweringTable::Function
withSpatial(LogicalResult (*lower)(OpT, NodeContext &)) {
  return [lower](Operation *op, NodeContext &c) -> LogicalResult {
    if (rankOf(c.get(op->getOperand(0))) < 2)
      return c.unsupported("the input is not N x C x spatial");
    return lower(cast<OpT>(op), c);
  };
}

void populatePoolLowering(LoweringTable &table) {
  table.add<MaxPoolOp>(lowerMaxPool);
  table.add<AveragePoolOp>(lowerAveragePool);
  table.add<LpPoolOp>(lowerLpPool);
  table.add<GlobalAveragePoolOp>(withSpatial(lowerGlobalAveragePool));
  table.add<GlobalMaxPoolOp>(withSpatial(lowerGlobalMaxPool));
  table.add<GlobalLpPoolOp>(withSpatial(lowerGlobalLpPool));
}

} // namespace aicc::onnx
