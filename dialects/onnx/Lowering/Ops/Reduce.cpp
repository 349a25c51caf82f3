//===- Reduce.cpp - Reduce*, ArgMax, ArgMin, Hardmax ----------------------===//

#include "dialects/onnx/Lowering/Reductions.h"

#include <limits>

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

namespace {
/// What one reduction does: `before` each element, `combine` (element,
/// accumulator), `after` the end. `count` is the number of elements combined.
struct Reduction {
  using Unary = Value (*)(ScalarBuilder &, Value x, bool isUnsigned,
                          double count);
  using Combine = Value (*)(ScalarBuilder &, Value x, Value acc,
                            bool isUnsigned);
  TypedAttr (*init)(Type, bool isUnsigned);
  Unary before;
  Combine combine;
  Unary after;
};
} // namespace

static TypedAttr zeroOf(Type type, bool) { return scalarAttr(type, 0); }
static TypedAttr oneOf(Type type, bool) { return scalarAttr(type, 1); }
static Value addUp(ScalarBuilder &s, Value x, Value acc, bool) {
  return s.add(acc, x);
}
static Value square(ScalarBuilder &s, Value x, bool, double) {
  return s.mul(x, x);
}
static Value logOf(ScalarBuilder &s, Value x, bool, double) { return s.log(x); }

/// Integers are divided by the count, floats multiplied by its inverse.
static Value meanOf(ScalarBuilder &s, Value x, bool isUnsigned, double count) {
  if (count == 1)
    return x;
  Type type = x.getType();
  if (isa<FloatType>(type))
    return s.mul(x, s.number(type, 1 / count));
  return s.div(x, s.number(type, count), isUnsigned);
}

/// The square root; integers go through f64, exact below 2^53.
static Value rootOf(ScalarBuilder &s, Value x, bool isUnsigned, double) {
  Type type = x.getType();
  if (isa<FloatType>(type))
    return s.sqrt(x);
  Value wide = s.cast(x, isUnsigned, s.b.getF64Type(), false);
  return s.cast(s.sqrt(wide), false, type, isUnsigned);
}

template <typename OpT>
static LogicalResult lowerReduction(OpT op, NodeContext &c,
                                    const Reduction &r) {
  Value x = c.get(op.getData()), result = op.getReduced();
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getData().getType()));
  FailureOr<Shape> axes =
      reductionAxes(c, op.getAxes(), rankOf(x), op.getNoopWithEmptyAxes());
  if (failed(axes))
    return failure();
  Type element = elementOf(x), type = c.computeType(element);
  double count = 1;
  for (int64_t axis : *axes)
    count *= double(shapeOf(x)[axis]);
  Value y = x;
  bool hasAxes = !axes->empty();
  if (hasAxes)
    y = c.reduce(x, *axes, r.init(type, isUnsigned),
                 [&](ScalarBuilder &s, ValueRange v) {
                   Value e =
                       r.before ? r.before(s, v[0], isUnsigned, count) : v[0];
                   return r.combine(s, e, v[1], isUnsigned);
                 });
  // Without axes each element is a reduction of its own.
  if (r.after || (!hasAxes && r.before) || elementOf(y) != element)
    y = c.elementwise(y, shapeOf(y), element,
                      [&](ScalarBuilder &s, ValueRange v) {
                        Value e = v[0];
                        if (!hasAxes && r.before)
                          e = r.before(s, e, isUnsigned, count);
                        return r.after ? r.after(s, e, isUnsigned, count) : e;
                      });
  c.set(result, c.reshape(y, c.shapeOfResult(result)));
  return success();
}

template <typename OpT>
static void addReduction(LoweringTable &table, Reduction r) {
  table.add<OpT>([r](Operation *op, NodeContext &c) {
    return lowerReduction(cast<OpT>(op), c, r);
  });
}

/// log(sum(exp(x))), from the largest element on so that nothing overflows.
static LogicalResult lowerLogSumExp(ReduceLogSumExpOp op, NodeContext &c) {
  Value x = c.get(op.getData());
  FailureOr<Shape> axes =
      reductionAxes(c, op.getAxes(), rankOf(x), op.getNoopWithEmptyAxes());
  if (failed(axes))
    return failure();
  if (axes->empty() && op.getNoopWithEmptyAxes()) {
    c.set(op.getReduced(), x);
    return success();
  }
  Type element = elementOf(x), type = c.computeType(element);
  // An infinite maximum is taken as 0, since inf - inf is no number.
  Value max = c.reduce(
      x, *axes, lowestOf(type, false),
      [](ScalarBuilder &s, ValueRange v) { return s.max(v[1], v[0]); });
  max = c.elementwise(
      max, shapeOf(max), type, [&](ScalarBuilder &s, ValueRange v) {
        Value inf = s.number(type, std::numeric_limits<double>::infinity());
        Value isInf = s.compare(Order::Eq, s.abs(v[0]), inf);
        return s.select(isInf, s.number(type, 0), v[0]);
      });
  unsigned rank = rankOf(x);
  AffineMap reduced = reducedMap(c, rank, *axes);
  Iterators iterators = parallelLoops(rank);
  for (int64_t axis : *axes)
    iterators[axis] = utils::IteratorType::reduction;
  Value sum = c.generic(
      {{x, c.identity(rank)}, {max, reduced}}, c.filled(shapeOf(max), type, 0),
      reduced, iterators, [&](ScalarBuilder &s, ValueRange v) {
        Value d = s.sub(s.cast(v[0], false, type, false), v[1]);
        return s.add(v[2], s.exp(d));
      });
  Value y = c.elementwise(
      {sum, max}, shapeOf(sum), element,
      [](ScalarBuilder &s, ValueRange v) { return s.add(s.log(v[0]), v[1]); });
  c.set(op.getReduced(), c.reshape(y, c.shapeOfResult(op.getReduced())));
  return success();
}

//===----------------------------------------------------------------------===//
// ArgMax, ArgMin, Hardmax
//===----------------------------------------------------------------------===//

/// The position of the extreme along `axis`, which disappears: first the
/// extreme itself, then the first (or last) position that holds it.
static Value argExtreme(NodeContext &c, Value x, int64_t axis, bool isMax,
                        bool last, bool isUnsigned) {
  unsigned rank = rankOf(x);
  Type element = elementOf(x), i64 = c.b.getI64Type();
  auto better = [&](ScalarBuilder &s, Value p, Value q) {
    return isMax ? s.max(p, q, isUnsigned) : s.min(p, q, isUnsigned);
  };
  Value extreme = c.reduce(
      x, axis,
      isMax ? lowestOf(element, isUnsigned) : highestOf(element, isUnsigned),
      [&](ScalarBuilder &s, ValueRange v) { return better(s, v[1], v[0]); });
  AffineMap reduced = reducedMap(c, rank, axis);
  Iterators iterators = parallelLoops(rank);
  iterators[axis] = utils::IteratorType::reduction;
  int64_t size = shapeOf(x)[axis], none = last ? -1 : size;
  Value position = c.generic(
      {{x, c.identity(rank)}, {extreme, reduced}},
      c.filled(shapeOf(extreme), i64, c.b.getI64IntegerAttr(none)), reduced,
      iterators, [&](ScalarBuilder &s, ValueRange v) -> Value {
        Value here = s.op<arith::IndexCastOp>(i64, s.op<linalg::IndexOp>(axis));
        // NaN counts as the extreme.
        Value found = s.compare(Order::Eq, v[0], v[1]);
        if (isa<FloatType>(element))
          found = s.op<arith::OrIOp>(
              found,
              s.op<arith::CmpFOp>(arith::CmpFPredicate::UNO, v[0], v[0]));
        Value candidate = s.select(found, here, s.integer(i64, none));
        return last ? s.max(v[2], candidate) : s.min(v[2], candidate);
      });
  return position;
}

template <typename OpT>
static LogicalResult lowerArg(OpT op, NodeContext &c, bool isMax) {
  Value x = c.get(op.getData());
  int64_t axis = op.getAxis();
  if (!normalizeAxis(axis, rankOf(x)))
    return c.unsupported("the axis is out of range");
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getData().getType()));
  Value y = argExtreme(c, x, axis, isMax, op.getSelectLastIndex(), isUnsigned);
  c.set(op.getReduced(), c.reshape(y, c.shapeOfResult(op.getReduced())));
  return success();
}

static LogicalResult lowerArgMax(ArgMaxOp op, NodeContext &c) {
  return lowerArg(op, c, true);
}
static LogicalResult lowerArgMin(ArgMinOp op, NodeContext &c) {
  return lowerArg(op, c, false);
}

static LogicalResult lowerHardmax(HardmaxOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  int64_t axis = op.getAxis();
  if (!normalizeAxis(axis, rankOf(x)))
    return c.unsupported("the axis is out of range");
  Value first = argExtreme(c, x, axis, true, false, false);
  c.set(op.getOutput(),
        c.gather(Indexed{first, reducedMap(c, rankOf(x), axis)}, shapeOf(x),
                 elementOf(x), [&](ScalarBuilder &s, ValueRange v) {
                   Value here = s.op<arith::IndexCastOp>(
                       s.b.getI64Type(), s.op<linalg::IndexOp>(axis));
                   Type type = elementOf(x);
                   return s.select(s.compare(Order::Eq, here, v[0]),
                                   s.number(type, 1), s.number(type, 0));
                 }));
  return success();
}

void populateReduceLowering(LoweringTable &table) {
  auto absOf = [](ScalarBuilder &s, Value x, bool u, double) {
    return s.abs(x, u);
  };
  addReduction<ReduceSumOp>(table, {zeroOf, nullptr, addUp, nullptr});
  addReduction<ReduceMeanOp>(table, {zeroOf, nullptr, addUp, meanOf});
  addReduction<ReduceL1Op>(table, {zeroOf, absOf, addUp, nullptr});
  addReduction<ReduceL2Op>(table, {zeroOf, square, addUp, rootOf});
  addReduction<ReduceSumSquareOp>(table, {zeroOf, square, addUp, nullptr});
  addReduction<ReduceLogSumOp>(table, {zeroOf, nullptr, addUp, logOf});
  addReduction<ReduceProdOp>(table, {oneOf, nullptr,
                                     [](ScalarBuilder &s, Value x, Value acc,
                                        bool) { return s.mul(acc, x); },
                                     nullptr});
  addReduction<ReduceMaxOp>(table, {lowestOf, nullptr,
                                    [](ScalarBuilder &s, Value x, Value acc,
                                       bool u) { return s.max(acc, x, u); },
                                    nullptr});
  addReduction<ReduceMinOp>(table, {highestOf, nullptr,
                                    [](ScalarBuilder &s, Value x, Value acc,
                                       bool u) { return s.min(acc, x, u); },
                                    nullptr});
  table.add<ReduceLogSumExpOp>(lowerLogSumExp);
  table.add<ArgMaxOp>(lowerArgMax);
  table.add<ArgMinOp>(lowerArgMin);
  table.add<HardmaxOp>(lowerHardmax);
}

} // namespace aicc::onnx
