//===- Scatter.cpp - Scatter, ScatterElements, ScatterND ------------------===//
//
// Each element of the result asks all updates, in their order, whether they are
// for it: a reduction, whose last match wins or which combines all matches. No
// write goes to a computed address, so indices out of range change nothing.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

/// What a matching update does to the value before it; null if unknown.
static Value combineUpdate(ScalarBuilder &s, StringRef how, Value before,
                           Value update, bool isUnsigned) {
  if (how == "none")
    return update;
  if (how == "add")
    return s.add(before, update);
  if (how == "mul")
    return s.mul(before, update);
  if (how == "max")
    return s.max(before, update, isUnsigned);
  return s.min(before, update, isUnsigned);
}

static LogicalResult checkReduction(NodeContext &c, StringRef how) {
  if (llvm::is_contained({"none", "add", "mul", "max", "min"}, how))
    return success();
  return c.unsupported("reduction '" + how + "' is unknown");
}

/// Whether index `v` (negative: from the end) names position `at` of `size`.
static Value names(ScalarBuilder &s, Value v, Value at, int64_t size) {
  Type index = s.b.getIndexType();
  Value i = s.op<arith::IndexCastOp>(index, v);
  Value fromEnd = s.add(i, s.integer(index, size));
  Value isNegative = s.compare(Order::Lt, i, s.integer(index, 0));
  return s.compare(Order::Eq, s.select(isNegative, fromEnd, i), at);
}

/// Loops over the result, then over the updates along the axis: the other
/// coordinates of an update are those of the element it is for.
template <typename OpT>
static LogicalResult lowerElements(OpT op, NodeContext &c, StringRef how) {
  Value x = c.get(op.getData()), indices = c.get(op.getIndices());
  Value updates = c.get(op.getUpdates());
  int64_t axis = op.getAxis(), rank = rankOf(x);
  if (!normalizeAxis(axis, rank) || rankOf(indices) != rank ||
      shapeOf(indices) != shapeOf(updates))
    return c.unsupported("the axis is out of range or the shapes do not fit");
  if (failed(checkReduction(c, how)))
    return failure();
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getData().getType()));
  // Only the corner that the updates cover can change.
  Shape zeros(rank, 0), corner(shapeOf(x));
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i) {
    exprs.push_back(i == axis ? c.dim(rank) : c.dim(i));
    if (i == axis)
      continue;
    corner[i] = shapeOf(indices)[i];
    if (corner[i] > shapeOf(x)[i])
      return c.unsupported("the indices are larger than the data");
  }
  AffineMap from = c.map(rank + 1, exprs);
  Value part = c.slice(x, zeros, corner);
  int64_t size = shapeOf(x)[axis];
  Value result =
      c.generic({{indices, from}, {updates, from}}, part,
                c.identity(rank + 1).getMajorSubMap(rank), loops(rank, 1),
                [&](ScalarBuilder &s, ValueRange v) {
                  Value hit = names(s, v[0], s.op<linalg::IndexOp>(axis), size);
                  return s.select(
                      hit, combineUpdate(s, how, v[2], v[1], isUnsigned), v[2]);
                });
  if (shapeOf(result) != shapeOf(x))
    result = c.insertSlice(result, x, zeros);
  c.set(op->getResult(0), result);
  return success();
}

/// Loops over the result, then over the rows of updates.
static LogicalResult lowerScatterND(ScatterNDOp op, NodeContext &c) {
  Value x = c.get(op.getData()), indices = c.get(op.getIndices());
  Value updates = c.get(op.getUpdates());
  int64_t rank = rankOf(x), outer = rankOf(indices) - 1;
  int64_t depth = outer < 0 ? 0 : shapeOf(indices)[outer];
  if (outer < 0 || depth < 1 || depth > rank ||
      rankOf(updates) != outer + rank - depth)
    return c.unsupported("indices and updates do not fit the data");
  if (failed(checkReduction(c, op.getReduction())))
    return failure();
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getData().getType()));
  int64_t rows = product(shapeOf(indices).drop_back());
  Value flatIndices = c.reshape(indices, {rows, depth});
  Shape flat{rows};
  llvm::append_range(flat, shapeOf(updates).drop_front(outer));
  Value flatUpdates = c.reshape(updates, flat);
  SmallVector<Indexed> inputs;
  SmallVector<AffineExpr> exprs{c.dim(rank)};
  for (int64_t i = depth; i < rank; ++i)
    exprs.push_back(c.dim(i));
  inputs.push_back({flatUpdates, c.map(rank + 1, exprs)});
  for (int64_t k = 0; k < depth; ++k)
    inputs.push_back({flatIndices, c.map(rank + 1, {c.dim(rank), c.cst(k)})});
  c.set(op.getOutput(),
        c.generic(inputs, x, c.identity(rank + 1).getMajorSubMap(rank),
                  loops(rank, 1), [&](ScalarBuilder &s, ValueRange v) {
                    Value hit;
                    for (int64_t k = 0; k < depth; ++k) {
                      Value same = names(s, v[1 + k], s.op<linalg::IndexOp>(k),
                                         shapeOf(x)[k]);
                      hit = hit ? s.op<arith::AndIOp>(hit, same) : same;
                    }
                    Value before = v.back();
                    return s.select(hit,
                                    combineUpdate(s, op.getReduction(), before,
                                                  v[0], isUnsigned),
                                    before);
                  }));
  return success();
}

void populateScatterLowering(LoweringTable &table) {
  table.add<ScatterElementsOp>([](Operation *op, NodeContext &c) {
    auto scatter = cast<ScatterElementsOp>(op);
    return lowerElements(scatter, c, scatter.getReduction());
  });
  table.add<ScatterOp>([](Operation *op, NodeContext &c) {
    return lowerElements(cast<ScatterOp>(op), c, "none");
  });
  table.add<ScatterNDOp>(lowerScatterND);
}

} // namespace aicc::onnx
