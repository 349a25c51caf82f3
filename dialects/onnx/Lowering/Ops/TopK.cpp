//===- TopK.cpp - TopK ----------------------------------------------------===//
//
// The rank of an element is the number of elements before it in the order;
// result k is the element of rank k. Both are reductions, without a sort whose
// path depends on the data.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

/// How many elements of its line come before each element: larger (smaller)
/// ones, and equal ones with a smaller index. i32, shape of x.
static Value ranksAlong(NodeContext &c, Value x, int64_t axis, bool largest,
                        bool isUnsigned) {
  unsigned rank = rankOf(x);
  Type i32 = c.b.getI32Type();
  SmallVector<AffineExpr> other;
  for (unsigned i = 0; i < rank; ++i)
    other.push_back(int64_t(i) == axis ? c.dim(rank) : c.dim(i));
  return c.generic(
      {{x, c.map(rank + 1, c.identity(rank + 1).getResults().take_front(rank))},
       {x, c.map(rank + 1, other)}},
      c.filled(shapeOf(x), i32, 0.0), c.identity(rank + 1).getMajorSubMap(rank),
      loops(rank, 1), [&](ScalarBuilder &s, ValueRange v) {
        Value earlier = s.compare(Order::Lt, s.op<linalg::IndexOp>(rank),
                                  s.op<linalg::IndexOp>(axis));
        Value before =
            s.compare(largest ? Order::Gt : Order::Lt, v[1], v[0], isUnsigned);
        Value tie =
            s.op<arith::AndIOp>(s.compare(Order::Eq, v[1], v[0]), earlier);
        Value counts = s.op<arith::OrIOp>(before, tie);
        return s.add(v[2], s.op<arith::ExtUIOp>(i32, counts));
      });
}

static LogicalResult lowerTopK(TopKOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  int64_t axis = op.getAxis(), rank = rankOf(x);
  if (!normalizeAxis(axis, rank))
    return c.unsupported("the axis is out of range");
  ArrayRef<int64_t> shape = c.shapeOfResult(op.getIndices());
  int64_t size = shapeOf(x)[axis];
  if (shape[axis] > size)
    return c.unsupported("K is larger than the axis");
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getX().getType()));
  Value ranks = ranksAlong(c, x, axis, op.getLargest(), isUnsigned);
  // The element of rank k along the axis, found by asking all.
  SmallVector<AffineExpr> from;
  for (int64_t i = 0; i < rank; ++i)
    from.push_back(i == axis ? c.dim(rank) : c.dim(i));
  Type i64 = c.b.getI64Type(), i32 = c.b.getI32Type();
  Value indices = c.generic(
      {{ranks, c.map(rank + 1, from)}}, c.filled(shape, i64, 0.0),
      c.identity(rank + 1).getMajorSubMap(rank), loops(rank, 1),
      [&](ScalarBuilder &s, ValueRange v) {
        Value k = s.op<arith::IndexCastOp>(i32, s.op<linalg::IndexOp>(axis));
        Value at = s.op<arith::IndexCastOp>(i64, s.op<linalg::IndexOp>(rank));
        Value hit = s.compare(Order::Eq, v[0], k);
        return s.add(v[1], s.select(hit, at, s.integer(i64, 0)));
      });
  Value values =
      c.gather(Indexed{indices, c.identity(rank)}, shape, elementOf(x),
               [&](ScalarBuilder &s, ValueRange v) -> Value {
                 SmallVector<Value> at;
                 for (int64_t i = 0; i < rank; ++i)
                   at.push_back(i == axis ? s.clampIndex(v[0], size)
                                          : s.op<linalg::IndexOp>(i));
                 return s.op<tensor::ExtractOp>(x, at);
               });
  c.set(op.getValues(), values);
  c.set(op.getIndices(), indices);
  return success();
}

void populateTopKLowering(LoweringTable &table) {
  table.add<TopKOp>(lowerTopK);
}

} // namespace aicc::onnx
