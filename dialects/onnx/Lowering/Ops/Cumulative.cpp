//===- Cumulative.cpp - CumSum, CumProd -----------------------------------===//
//
// A loop along the axis that carries the running value.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace aicc::onnx {

namespace {
struct Cumulation {
  int64_t axis;
  bool exclusive, reverse;
  double neutral;
  Value (ScalarBuilder::*combine)(Value, Value);
};
} // namespace

static Value cumulate(NodeContext &c, Value x, const Cumulation &k) {
  Shape row(shapeOf(x));
  int64_t size = row[k.axis];
  row[k.axis] = 1;
  Type element = elementOf(x);
  auto index = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(c.b, c.loc, v);
  };
  SmallVector<Value> init{c.empty(shapeOf(x), element),
                          c.filled(row, element, k.neutral)};
  Value first = index(0), last = index(size), one = index(1);
  Value reversed = k.reverse ? index(size - 1) : Value();
  auto body = [&](OpBuilder &, Location, Value iv, ValueRange args) {
    Value at = iv;
    if (k.reverse)
      at = arith::SubIOp::create(c.b, c.loc, reversed, iv);
    SmallVector<OpFoldResult> offsets(row.size(), c.b.getIndexAttr(0));
    SmallVector<OpFoldResult> ones(row.size(), c.b.getIndexAttr(1)), sizes;
    offsets[k.axis] = at;
    for (int64_t s : row)
      sizes.push_back(c.b.getIndexAttr(s));
    Value now = tensor::ExtractSliceOp::create(
        c.b, c.loc, tensorType(x).clone(row), x, offsets, sizes, ones);
    Value sum = c.elementwise({args[1], now}, row, element,
                              [&](ScalarBuilder &s, ValueRange v) {
                                return (s.*k.combine)(v[0], v[1]);
                              });
    Value all = tensor::InsertSliceOp::create(
        c.b, c.loc, k.exclusive ? args[1] : sum, args[0], offsets, sizes, ones);
    scf::YieldOp::create(c.b, c.loc, ValueRange{all, sum});
  };
  return scf::ForOp::create(c.b, c.loc, first, last, one, init, body)
      .getResult(0);
}

template <typename OpT>
static LogicalResult lowerCumulative(OpT op, NodeContext &c, double neutral,
                                     Value (ScalarBuilder::*combine)(Value,
                                                                     Value)) {
  Value x = c.get(op.getX());
  FailureOr<Shape> axis = c.integers(op.getAxis(), "axis");
  if (failed(axis))
    return failure();
  if (axis->size() != 1 || !normalizeAxis(axis->front(), rankOf(x)))
    return c.unsupported("the axis is out of range");
  Cumulation k{axis->front(), op.getExclusive() != 0, op.getReverse() != 0,
               neutral, combine};
  // Narrow floats run in f32.
  Value wide = c.convert(x, c.computeType(elementOf(x)));
  c.set(op.getY(), c.convert(cumulate(c, wide, k), elementOf(x)));
  return success();
}

void populateCumulativeLowering(LoweringTable &table) {
  table.add<CumSumOp>([](Operation *op, NodeContext &c) {
    return lowerCumulative(cast<CumSumOp>(op), c, 0, &ScalarBuilder::add);
  });
  table.add<CumProdOp>([](Operation *op, NodeContext &c) {
    return lowerCumulative(cast<CumProdOp>(op), c, 1, &ScalarBuilder::mul);
  });
}

} // namespace aicc::onnx
