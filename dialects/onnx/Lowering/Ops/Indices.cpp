//===- Indices.cpp - Operators whose values come from positions -----------===//
//
// Range, EyeLike, Trilu, OneHot: generics over linalg.index.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

/// start + i * delta; the shape says how many.
static LogicalResult lowerRange(RangeOp op, NodeContext &c) {
  Value result = op.getOutput();
  Type element = c.elementOfResult(result);
  SmallVector<Value> inputs;
  for (Value input : {op.getStart(), op.getDelta()})
    inputs.push_back(c.reshape(c.get(input), {}));
  c.set(result, c.elementwise(inputs, c.shapeOfResult(result), element,
                              [&](ScalarBuilder &s, ValueRange v) {
                                Value i = s.op<arith::IndexCastOp>(
                                    s.b.getI64Type(), s.op<linalg::IndexOp>(0));
                                i = s.cast(i, false, v[0].getType(), false);
                                return s.add(v[0], s.mul(i, v[1]));
                              }));
  return success();
}

/// The index of loop `dim` as an i64.
static Value position(ScalarBuilder &s, unsigned dim) {
  return s.op<arith::IndexCastOp>(s.b.getI64Type(), s.op<linalg::IndexOp>(dim));
}

static LogicalResult lowerEyeLike(EyeLikeOp op, NodeContext &c) {
  Value result = op.getOutput();
  Type element = c.elementOfResult(result);
  if (c.shapeOfResult(result).size() != 2)
    return c.unsupported("the input is no matrix");
  c.set(result, c.gather({}, c.shapeOfResult(result), element,
                         [&](ScalarBuilder &s, ValueRange) {
                           Value diagonal =
                               s.add(position(s, 0),
                                     s.integer(s.b.getI64Type(), op.getK()));
                           Value on =
                               s.compare(Order::Eq, diagonal, position(s, 1));
                           return s.select(on, s.number(element, 1),
                                           s.number(element, 0));
                         }));
  return success();
}

/// Keeps what is on one side of diagonal k; k may be known at run time only.
static LogicalResult lowerTrilu(TriluOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  int64_t rank = rankOf(x);
  if (rank < 2)
    return c.unsupported("the input is no matrix");
  Value k = c.isPresent(op.getK()) ? c.reshape(c.get(op.getK()), {})
                                   : c.splat({}, c.b.getI64Type(), 0);
  bool upper = op.getUpper();
  SmallVector<Indexed> inputs{{x, c.identity(rank)},
                              {k, c.broadcastMap({}, shapeOf(x))}};
  c.set(op.getOutput(),
        c.gather(inputs, shapeOf(x), elementOf(x),
                 [&](ScalarBuilder &s, ValueRange v) {
                   Value row = s.add(position(s, rank - 2), v[1]);
                   Value column = position(s, rank - 1);
                   Value keep =
                       s.compare(upper ? Order::Ge : Order::Le, column, row);
                   return s.select(keep, v[0], s.number(elementOf(x), 0));
                 }));
  return success();
}

static LogicalResult lowerOneHot(OneHotOp op, NodeContext &c) {
  Value indices = c.get(op.getIndices()), values = c.get(op.getValues());
  ArrayRef<int64_t> shape = c.shapeOfResult(op.getOutput());
  int64_t axis = op.getAxis(), rank = shape.size();
  if (!normalizeAxis(axis, rank) || rankOf(indices) != rank - 1 ||
      shapeOf(values) != ArrayRef<int64_t>{2})
    return c.unsupported("the axis is out of range, or values is no pair");
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      exprs.push_back(c.dim(i));
  SmallVector<Indexed> inputs{{indices, c.map(rank, exprs)},
                              {values, c.map(rank, c.cst(0))},
                              {values, c.map(rank, c.cst(1))}};
  int64_t depth = shape[axis];
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getIndices().getType()));
  c.set(op.getOutput(),
        c.gather(inputs, shape, elementOf(values),
                 [&](ScalarBuilder &s, ValueRange v) {
                   Type i64 = s.b.getI64Type();
                   // Out of [-depth, depth) nothing is hot.
                   Value index = s.cast(v[0], isUnsigned, i64, false);
                   Value negative =
                       s.compare(Order::Lt, index, s.integer(i64, 0));
                   index = s.select(negative,
                                    s.add(index, s.integer(i64, depth)), index);
                   Value hot = s.compare(Order::Eq, index, position(s, axis));
                   return s.select(hot, v[2], v[1]);
                 }));
  return success();
}

void populateIndicesLowering(LoweringTable &table) {
  table.add<RangeOp>(lowerRange);
  table.add<EyeLikeOp>(lowerEyeLike);
  table.add<TriluOp>(lowerTrilu);
  table.add<OneHotOp>(lowerOneHot);
}

} // namespace aicc::onnx
