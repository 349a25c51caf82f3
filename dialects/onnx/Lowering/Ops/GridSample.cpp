//===- GridSample.cpp - GridSample ----------------------------------------===//
//
// Each result reads the data around a position that the grid gives. Positions
// beyond the data are zero, those of the border, or reflected, first as a
// whole and then for each element that is read, as in ONNX's reference.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

namespace {
enum class Padding { Zeros, Border, Reflection };

/// Elements along one dimension that a result is made of.
struct Taps {
  SmallVector<Value, 4> weights, indices;
  SmallVector<Value, 4> areInside; ///< Where what is beyond is zero.
};

/// Writes the body of one GridSample.
class Sampler {
public:
  Sampler(ScalarBuilder &s, Value data, Type type, StringRef mode,
          Padding padding, bool alignCorners)
      : s(s), data(data), type(type), mode(mode), padding(padding),
        alignCorners(alignCorners) {}

  /// `grid`: the coordinates, that of the last dimension first.
  Value sample(ValueRange grid);

private:
  Taps tapsOf(Value coordinate, int64_t size);
  Value position(Value coordinate, int64_t size);
  Value reflect(Value x, int64_t size);
  SmallVector<Value, 4> cubicWeights(Value fraction);
  void addTap(Taps &taps, Value at, int64_t size);
  Value interpolate(ArrayRef<Taps> taps, SmallVector<Value> at, Value inside);

  Value number(double value) { return s.number(type, value); }

  ScalarBuilder &s;
  Value data;
  Type type; ///< That is calculated in.
  StringRef mode;
  Padding padding;
  bool alignCorners;
};
} // namespace

/// Back and forth between the borders.
Value Sampler::reflect(Value x, int64_t size) {
  double low = alignCorners ? 0 : -0.5;
  double range = alignCorners ? double(size - 1) : double(size);
  if (range == 0)
    return number(low);
  Value min = number(low), max = number(low + range), width = number(range);
  Value isBelow = s.compare(Order::Lt, x, min);
  Value beyond = s.select(isBelow, s.sub(min, x), s.sub(x, max));
  Value turns = s.op<math::FloorOp>(s.div(beyond, width, false));
  Value rest = s.sub(beyond, s.mul(turns, width));
  Value half = s.mul(turns, number(0.5));
  Value isEven = s.compare(Order::Eq, half, s.op<math::FloorOp>(half));
  Value fromMin = s.op<arith::XOrIOp>(
      isBelow, s.op<arith::XOrIOp>(isEven, s.integer(s.b.getI1Type(), 1)));
  Value inside = s.select(fromMin, s.add(min, rest), s.sub(max, rest));
  Value isBeyond = s.op<arith::OrIOp>(isBelow, s.compare(Order::Gt, x, max));
  return s.select(isBeyond, inside, x);
}

/// A coordinate of [-1, 1] in elements.
Value Sampler::position(Value coordinate, int64_t size) {
  Value shifted = s.add(coordinate, number(1));
  Value x = alignCorners
                ? s.mul(s.mul(shifted, number(0.5)), number(double(size - 1)))
                : s.mul(s.sub(s.mul(shifted, number(double(size))), number(1)),
                        number(0.5));
  if (mode == "nearest")
    x = s.op<math::RoundEvenOp>(x);
  if (padding == Padding::Reflection)
    return reflect(x, size);
  if (padding == Padding::Border)
    return s.min(s.max(x, number(0)), number(double(size - 1)));
  return x;
}

/// Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE
/// ASSP 29(6), 1981, with a = -0.75.
SmallVector<Value, 4> Sampler::cubicWeights(Value fraction) {
  constexpr double a = -0.75;
  auto near = [&](Value x) { // |x| <= 1
    Value inner = s.sub(s.mul(number(a + 2), x), number(a + 3));
    return s.add(s.mul(s.mul(inner, x), x), number(1));
  };
  auto far = [&](Value x) { // 1 < |x| < 2
    Value inner = s.sub(s.mul(number(a), x), number(5 * a));
    inner = s.add(s.mul(inner, x), number(8 * a));
    return s.sub(s.mul(inner, x), number(4 * a));
  };
  return {far(s.add(fraction, number(1))), near(fraction),
          near(s.sub(number(1), fraction)), far(s.sub(number(2), fraction))};
}

/// Element `at`, an i64, or what stands for it.
void Sampler::addTap(Taps &taps, Value at, int64_t size) {
  Type i64 = at.getType();
  Value zero = s.integer(i64, 0), last = s.integer(i64, size - 1);
  if (padding == Padding::Reflection)
    at = s.cast(reflect(s.cast(at, false, type, false), size), false, i64,
                false);
  Value inside = s.op<arith::MinSIOp>(s.op<arith::MaxSIOp>(at, zero), last);
  taps.areInside.push_back(
      padding == Padding::Zeros ? s.compare(Order::Eq, at, inside) : Value());
  taps.indices.push_back(s.op<arith::IndexCastOp>(s.b.getIndexType(), inside));
}

Taps Sampler::tapsOf(Value coordinate, int64_t size) {
  Taps taps;
  Value x = position(coordinate, size);
  Value floor = s.op<math::FloorOp>(x);
  Value fraction = s.sub(x, floor);
  int64_t first = 0;
  if (mode == "nearest") {
    taps.weights = {Value()};
  } else if (mode == "linear") {
    taps.weights = {s.sub(number(1), fraction), fraction};
  } else {
    taps.weights = cubicWeights(fraction);
    first = -1;
  }
  Type i64 = s.b.getI64Type();
  Value base = s.cast(floor, false, i64, false);
  for (size_t i = 0; i < taps.weights.size(); ++i)
    addTap(taps, s.add(base, s.integer(i64, first + int64_t(i))), size);
  return taps;
}

/// The sum over the taps of all dimensions left, those before being at `at`.
Value Sampler::interpolate(ArrayRef<Taps> taps, SmallVector<Value> at,
                           Value inside) {
  if (taps.empty()) {
    Value element =
        s.cast(s.op<tensor::ExtractOp>(data, at), false, type, false);
    return inside ? s.select(inside, element, number(0)) : element;
  }
  const Taps &first = taps.front();
  Value sum;
  for (auto [weight, index, isInside] :
       llvm::zip(first.weights, first.indices, first.areInside)) {
    SmallVector<Value> next(at);
    next.push_back(index);
    Value both = isInside && inside ? s.op<arith::AndIOp>(inside, isInside)
                 : isInside         ? isInside
                                    : inside;
    Value part = interpolate(taps.drop_front(), next, both);
    if (weight)
      part = s.mul(weight, part);
    sum = sum ? s.add(sum, part) : part;
  }
  return sum;
}

Value Sampler::sample(ValueRange grid) {
  ArrayRef<int64_t> spatial = shapeOf(data).drop_front(2);
  SmallVector<Taps> taps;
  for (auto [d, size] : llvm::enumerate(spatial))
    taps.push_back(
        tapsOf(s.cast(grid[spatial.size() - 1 - d], false, type, false), size));
  return interpolate(taps, {s.op<linalg::IndexOp>(0), s.op<linalg::IndexOp>(1)},
                     {});
}

static LogicalResult lowerGridSample(GridSampleOp op, NodeContext &c) {
  Value x = c.get(op.getX()), grid = c.get(op.getGrid());
  ArrayRef<int64_t> result = c.shapeOfResult(op.getY());
  int64_t dims = rankOf(x) - 2, rank = result.size();
  if (dims < 1 || rankOf(grid) != rank || shapeOf(grid).back() != dims)
    return c.unsupported("the grid does not fit the data");
  StringRef mode = op.getMode(), name = op.getPaddingMode();
  if (!llvm::is_contained({"nearest", "linear", "cubic"}, mode))
    return c.unsupported("mode is '" + mode + "'");
  if (!llvm::is_contained({"zeros", "border", "reflection"}, name))
    return c.unsupported("padding_mode is '" + name + "'");
  constexpr int64_t mostCubicDims = 3;
  if (mode == "cubic" && dims > mostCubicDims)
    return c.unsupported("cubic interpolation along more than three "
                         "dimensions");
  if (product(result) != 0 && product(shapeOf(x)) == 0)
    return c.unsupported("the data are empty");
  Padding padding = name == "zeros"    ? Padding::Zeros
                    : name == "border" ? Padding::Border
                                       : Padding::Reflection;
  SmallVector<Indexed> inputs;
  for (int64_t k = 0; k < dims; ++k) {
    SmallVector<AffineExpr> exprs{c.dim(0)};
    for (int64_t d = 2; d < rank; ++d)
      exprs.push_back(c.dim(d));
    exprs.push_back(c.cst(k));
    inputs.push_back({grid, c.map(rank, exprs)});
  }
  Type element = elementOf(x);
  if (!isa<FloatType>(element))
    return c.unsupported("the data are no floats");
  Type type = element.isF64() ? element : Type(c.b.getF32Type());
  c.set(op.getY(),
        c.gather(inputs, result, element, [&](ScalarBuilder &s, ValueRange v) {
          Sampler sampler(s, x, type, mode, padding, op.getAlignCorners() != 0);
          return s.cast(sampler.sample(v.take_front(dims)), false, element,
                        false);
        }));
  return success();
}

void populateGridSampleLowering(LoweringTable &table) {
  table.add<GridSampleOp>(lowerGridSample);
}

} // namespace aicc::onnx
