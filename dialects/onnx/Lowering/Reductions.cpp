//===- Reductions.cpp - Parts that reductions share -----------------------===//

#include "dialects/onnx/Lowering/Reductions.h"

#include <limits>

using namespace mlir;

namespace aicc::onnx {

TypedAttr lowestOf(Type type, bool isUnsigned) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, -std::numeric_limits<double>::infinity());
  unsigned width = type.getIntOrFloatBitWidth();
  return IntegerAttr::get(type, isUnsigned ? APInt::getMinValue(width)
                                           : APInt::getSignedMinValue(width));
}

TypedAttr highestOf(Type type, bool isUnsigned) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, std::numeric_limits<double>::infinity());
  unsigned width = type.getIntOrFloatBitWidth();
  return IntegerAttr::get(type, isUnsigned ? APInt::getMaxValue(width)
                                           : APInt::getSignedMaxValue(width));
}

FailureOr<Shape> reductionAxes(NodeContext &c, Value operand, int64_t rank,
                               bool noop) {
  Shape axes;
  if (c.isPresent(operand)) {
    FailureOr<Shape> given = c.integers(operand, "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (axes.empty() && !noop)
    for (int64_t i = 0; i < rank; ++i)
      axes.push_back(i);
  for (int64_t &axis : axes)
    if (!normalizeAxis(axis, rank))
      return c.unsupported("an axis is out of range");
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return axes;
}

AffineMap reducedMap(NodeContext &c, unsigned rank, ArrayRef<int64_t> axes) {
  SmallVector<AffineExpr> exprs;
  for (unsigned i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, int64_t(i)))
      exprs.push_back(c.dim(i));
  return c.map(rank, exprs);
}

Value softmax(NodeContext &c, Value x, int64_t axis, bool log) {
  unsigned rank = rankOf(x);
  Type element = elementOf(x), type = c.computeType(element);
  AffineMap whole = c.identity(rank), reduced = reducedMap(c, rank, axis);
  // A NaN anywhere reaches all results through the sum, whatever the maximum.
  Value max = c.reduce(
      x, axis, lowestOf(type, false), [](ScalarBuilder &s, ValueRange v) {
        return s.op<arith::MaxNumFOp>(v[1], v[0], arith::FastMathFlags::nnan);
      });
  Value shifted =
      c.elementwise(ArrayRef<Indexed>{{x, whole}, {max, reduced}}, shapeOf(x),
                    type, [&](ScalarBuilder &s, ValueRange v) {
                      Value d = s.sub(v[0], v[1]);
                      return log ? d : s.exp(d);
                    });
  Value sum = c.reduce(shifted, axis, scalarAttr(type, 0),
                       [&](ScalarBuilder &s, ValueRange v) {
                         return s.add(v[1], log ? s.exp(v[0]) : v[0]);
                       });
  if (log)
    sum = c.elementwise(
        sum, shapeOf(sum), type,
        [](ScalarBuilder &s, ValueRange v) { return s.log(v[0]); });
  return c.elementwise(
      ArrayRef<Indexed>{{shifted, whole}, {sum, reduced}}, shapeOf(x), element,
      [&](ScalarBuilder &s, ValueRange v) -> Value {
        return log ? s.sub(v[0], v[1]) : s.op<arith::DivFOp>(v[0], v[1]);
      });
}

Normalized moments(NodeContext &c, Value x, ArrayRef<int64_t> axes,
                   double epsilon) {
  unsigned rank = rankOf(x);
  Type type = c.computeType(elementOf(x));
  double count = 1;
  for (int64_t axis : axes)
    count *= double(shapeOf(x)[axis]);
  Value sum = c.sum(x, axes);
  Value mean = c.elementwise(sum, shapeOf(sum), type,
                             [&](ScalarBuilder &s, ValueRange v) {
                               return s.mul(v[0], s.number(type, 1 / count));
                             });
  // Two passes: the squares of the differences do not cancel.
  Iterators iterators = parallelLoops(rank);
  for (int64_t axis : axes)
    iterators[axis] = utils::IteratorType::reduction;
  AffineMap reduced = reducedMap(c, rank, axes);
  Value squares = c.generic(
      {{x, c.identity(rank)}, {mean, reduced}}, c.filled(shapeOf(sum), type, 0),
      reduced, iterators, [&](ScalarBuilder &s, ValueRange v) {
        Value d = s.sub(s.cast(v[0], false, type, false), v[1]);
        return s.add(v[2], s.mul(d, d));
      });
  Value inverse =
      c.elementwise(squares, shapeOf(squares), type,
                    [&](ScalarBuilder &s, ValueRange v) -> Value {
                      Value variance = s.mul(v[0], s.number(type, 1 / count));
                      Value root =
                          s.sqrt(s.add(variance, s.number(type, epsilon)));
                      return s.op<arith::DivFOp>(s.number(type, 1), root);
                    });
  return {mean, inverse};
}

} // namespace aicc::onnx
