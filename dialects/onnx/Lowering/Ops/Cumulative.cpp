//===- Cumulative.cpp - CumSum, CumProd -----------------------------------===//
//
// A loop along the axis that carries the running value. Where the axis is known
// only at run time, all axes are run and the result is selected.
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

/// The axis is a value of one element: rank times the work of a known one. An
/// axis out of range, which ONNX forbids, is brought into it.
static Value cumulateAnyAxis(NodeContext &c, Value x, Value axis,
                             Cumulation k) {
  int64_t rank = rankOf(x);
  AffineMap one = c.map(rank, SmallVector<AffineExpr>(rankOf(axis), c.cst(0)));
  Value result;
  for (k.axis = 0; k.axis < rank; ++k.axis) {
    Value along = cumulate(c, x, k);
    if (!result) {
      result = along;
      continue;
    }
    Indexed inputs[] = {
        {result, c.identity(rank)}, {along, c.identity(rank)}, {axis, one}};
    result = c.gather(inputs, shapeOf(x), elementOf(x),
                      [&](ScalarBuilder &s, ValueRange v) {
                        Value here = s.op<arith::CmpIOp>(
                            arith::CmpIPredicate::eq, s.clampIndex(v[2], rank),
                            s.op<arith::ConstantIndexOp>(k.axis));
                        return s.op<arith::SelectOp>(here, v[1], v[0]);
                      });
  }
  return result;
}

template <typename OpT>
static LogicalResult lowerCumulative(OpT op, NodeContext &c, double neutral,
                                     Value (ScalarBuilder::*combine)(Value,
                                                                     Value)) {
  Value x = c.get(op.getX());
  Cumulation k{0, op.getExclusive() != 0, op.getReverse() != 0, neutral,
               combine};
  // Narrow floats run in f32.
  Value wide = c.convert(x, c.computeType(elementOf(x)));
  Value y;
  if (c.constantOf(op.getAxis())) {
    FailureOr<Shape> axis = c.integers(op.getAxis(), "axis");
    if (failed(axis))
      return failure();
    if (axis->size() != 1 || !normalizeAxis(axis->front(), rankOf(x)))
      return c.unsupported("the axis is out of range");
    k.axis = axis->front();
    y = cumulate(c, wide, k);
  } else {
    Value axis = c.get(op.getAxis());
    if (rankOf(x) == 0)
      return c.unsupported("the axis is out of range");
    if (product(shapeOf(axis)) != 1)
      return c.unsupported("the axis is not one number");
    y = cumulateAnyAxis(c, wide, axis, k);
  }
  c.set(op.getY(), c.convert(y, elementOf(x)));
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
