//===- Gather.cpp - Gather, GatherElements, GatherND, ReverseSequence -----===//
//
// Reading by computed indices: a generic over the result that extracts from the
// data. Indices may be negative; those out of range, which ONNX forbids, are
// brought into it, so that nothing outside of the tensor is ever read.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

/// Constant indices brought into [0, size); none if they are not constant or
/// not in range.
static std::optional<Shape> constantIndices(NodeContext &c, Value indices,
                                            int64_t size) {
  ElementsAttr attr = c.constantOf(indices);
  std::optional<Shape> list = attr ? readIntegers(attr) : std::nullopt;
  if (!list)
    return std::nullopt;
  for (int64_t &index : *list) {
    index += index < 0 ? size : 0;
    if (index < 0 || index >= size)
      return std::nullopt;
  }
  return list;
}

/// Indices that are evenly spaced are a slice of the axis, or an index map.
static Value gatherEvenly(NodeContext &c, Value x, int64_t axis,
                          ArrayRef<int64_t> at) {
  int64_t step = at.size() > 1 ? at[1] - at[0] : 1;
  for (size_t i = 2; i < at.size(); ++i)
    if (at[i] - at[i - 1] != step)
      return {};
  Shape offsets(rankOf(x), 0), sizes(shapeOf(x)), strides(rankOf(x), 1);
  offsets[axis] = at.front();
  sizes[axis] = at.size();
  strides[axis] = step;
  if (step > 0)
    return c.slice(x, offsets, sizes, strides);
  unsigned rank = sizes.size();
  SmallVector<AffineExpr> exprs;
  for (unsigned d = 0; d < rank; ++d)
    exprs.push_back(int64_t(d) == axis ? c.dim(d) * step + at.front()
                                       : c.dim(d));
  return c.gather(Indexed{x, c.map(rank, exprs)}, sizes, elementOf(x),
                  [](ScalarBuilder &, ValueRange v) { return v[0]; });
}

/// The parts of x along `axis` at computed indices, whose dimensions take the
/// place of the axis.
static Value gatherAlong(NodeContext &c, Value x, Value indices, int64_t axis,
                         ArrayRef<int64_t> result) {
  int64_t count = rankOf(indices), rank = rankOf(x), size = shapeOf(x)[axis];
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < count; ++i)
    exprs.push_back(c.dim(axis + i));
  return c.gather(Indexed{indices, c.map(result.size(), exprs)}, result,
                  elementOf(x), [&](ScalarBuilder &s, ValueRange v) -> Value {
                    SmallVector<Value> at;
                    for (int64_t i = 0; i < axis; ++i)
                      at.push_back(s.op<linalg::IndexOp>(i));
                    at.push_back(s.clampIndex(v[0], size));
                    for (int64_t i = axis + 1; i < rank; ++i)
                      at.push_back(s.op<linalg::IndexOp>(i - 1 + count));
                    return s.op<tensor::ExtractOp>(x, at);
                  });
}

static LogicalResult lowerGather(GatherOp op, NodeContext &c) {
  Value x = c.get(op.getData());
  int64_t axis = op.getAxis(), rank = rankOf(x);
  if (!normalizeAxis(axis, rank))
    return c.unsupported("the axis is out of range");
  ArrayRef<int64_t> result = c.shapeOfResult(op.getOutput());
  int64_t size = shapeOf(x)[axis];
  if (product(result) == 0) {
    c.set(op.getOutput(), c.empty(result, elementOf(x)));
    return success();
  }
  if (size == 0)
    return c.unsupported("the axis is empty");
  if (std::optional<Shape> at = constantIndices(c, op.getIndices(), size))
    if (Value even = gatherEvenly(c, x, axis, *at)) {
      c.set(op.getOutput(), c.reshape(even, result));
      return success();
    }
  c.set(op.getOutput(),
        gatherAlong(c, x, c.get(op.getIndices()), axis, result));
  return success();
}

/// With a constant condition, which the result's shape depends on.
static LogicalResult lowerCompress(CompressOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  auto condition = c.integers(op.getCondition(), "condition");
  if (failed(condition))
    return failure();
  int64_t axis = op.getAxis().value_or(0);
  if (!op.getAxis())
    x = c.reshape(x, {product(shapeOf(x))});
  if (!normalizeAxis(axis, rankOf(x)))
    return c.unsupported("the axis is out of range");
  SmallVector<int64_t> taken;
  for (auto [i, isTaken] : llvm::enumerate(*condition))
    if (isTaken && int64_t(i) < shapeOf(x)[axis])
      taken.push_back(int64_t(i));
  ArrayRef<int64_t> result = c.shapeOfResult(op.getOutput());
  if (result[axis] != int64_t(taken.size()))
    return c.unsupported("the result does not fit the condition");
  if (product(result) == 0) {
    c.set(op.getOutput(), c.empty(result, elementOf(x)));
    return success();
  }
  Value even = gatherEvenly(c, x, axis, taken);
  c.set(op.getOutput(),
        even ? even
             : gatherAlong(c, x,
                           c.constantIntegers({int64_t(taken.size())},
                                              c.b.getI64Type(), taken),
                           axis, result));
  return success();
}

static LogicalResult lowerGatherElements(GatherElementsOp op, NodeContext &c) {
  Value x = c.get(op.getData()), indices = c.get(op.getIndices());
  int64_t axis = op.getAxis(), rank = rankOf(x);
  if (!normalizeAxis(axis, rank) || rankOf(indices) != rank)
    return c.unsupported("the axis is out of range or the ranks differ");
  ArrayRef<int64_t> result = c.shapeOfResult(op.getOutput());
  for (int64_t i = 0; i < rank; ++i)
    if (result[i] > 0 &&
        (i == axis ? shapeOf(x)[i] == 0 : result[i] > shapeOf(x)[i]))
      return c.unsupported("the indices are larger than the data");
  c.set(op.getOutput(),
        c.gather(Indexed{indices, c.identity(rank)}, result, elementOf(x),
                 [&](ScalarBuilder &s, ValueRange v) -> Value {
                   SmallVector<Value> at;
                   for (int64_t i = 0; i < rank; ++i)
                     at.push_back(i == axis ? s.clampIndex(v[0], shapeOf(x)[i])
                                            : s.op<linalg::IndexOp>(i));
                   return s.op<tensor::ExtractOp>(x, at);
                 }));
  return success();
}

static LogicalResult lowerGatherND(GatherNDOp op, NodeContext &c) {
  Value x = c.get(op.getData()), indices = c.get(op.getIndices());
  int64_t batch = op.getBatchDims(), outer = rankOf(indices) - 1;
  int64_t depth = outer >= 0 ? shapeOf(indices)[outer] : 0;
  if (batch < 0 || outer < batch || depth < 1 || batch + depth > rankOf(x))
    return c.unsupported("the indices do not fit the data");
  ArrayRef<int64_t> result = c.shapeOfResult(op.getOutput());
  if (product(result) != 0 && product(shapeOf(x)) == 0)
    return c.unsupported("the data are empty");
  // One operand for each coordinate of the index.
  SmallVector<Indexed> inputs;
  for (int64_t k = 0; k < depth; ++k) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < outer; ++i)
      exprs.push_back(c.dim(i));
    exprs.push_back(c.cst(k));
    inputs.push_back({indices, c.map(result.size(), exprs)});
  }
  c.set(op.getOutput(),
        c.gather(inputs, result, elementOf(x),
                 [&](ScalarBuilder &s, ValueRange v) -> Value {
                   SmallVector<Value> at;
                   for (int64_t i = 0; i < batch; ++i)
                     at.push_back(s.op<linalg::IndexOp>(i));
                   for (int64_t k = 0; k < depth; ++k)
                     at.push_back(s.clampIndex(v[k], shapeOf(x)[batch + k]));
                   for (int64_t i = outer; i < int64_t(result.size()); ++i)
                     at.push_back(s.op<linalg::IndexOp>(i));
                   return s.op<tensor::ExtractOp>(x, at);
                 }));
  return success();
}

/// y = x, with the first lens[b] steps of each batch b in reverse order. ONNX
/// asks for 1 <= lens[b] <= steps: more reads as all steps, less as none.
static LogicalResult lowerReverseSequence(ReverseSequenceOp op,
                                          NodeContext &c) {
  Value x = c.get(op.getInput()), lens = c.get(op.getSequenceLens());
  int64_t batch = op.getBatchAxis(), time = op.getTimeAxis(), rank = rankOf(x);
  if (rank < 2 || batch + time != 1 || batch * time != 0)
    return c.unsupported("batch_axis and time_axis are not 0 and 1");
  if (rankOf(lens) != 1 || shapeOf(lens)[0] != shapeOf(x)[batch])
    return c.unsupported("sequence_lens is not one length for each batch");
  int64_t steps = shapeOf(x)[time];
  if (product(shapeOf(x)) == 0) {
    c.set(op.getY(), x);
    return success();
  }
  auto read = [&](ScalarBuilder &s, ValueRange v) -> Value {
    Value one = s.op<arith::ConstantIndexOp>(1);
    Value all = s.op<arith::ConstantIndexOp>(steps);
    Value length = s.op<arith::MinSIOp>(
        s.op<arith::IndexCastOp>(s.b.getIndexType(), v[0]), all);
    SmallVector<Value> at;
    for (int64_t i = 0; i < rank; ++i)
      at.push_back(s.op<linalg::IndexOp>(i));
    Value mirrored =
        s.op<arith::SubIOp>(s.op<arith::SubIOp>(length, one), at[time]);
    Value inside =
        s.op<arith::CmpIOp>(arith::CmpIPredicate::slt, at[time], length);
    at[time] = s.op<arith::SelectOp>(inside, mirrored, at[time]);
    return s.op<tensor::ExtractOp>(x, at);
  };
  c.set(op.getY(), c.gather(Indexed{lens, c.map(rank, {c.dim(batch)})},
                            shapeOf(x), elementOf(x), read));
  return success();
}

void populateGatherLowering(LoweringTable &table) {
  table.add<ReverseSequenceOp>(lowerReverseSequence);
  table.add<GatherOp>(lowerGather);
  table.add<CompressOp>(lowerCompress);
  table.add<GatherElementsOp>(lowerGatherElements);
  table.add<GatherNDOp>(lowerGatherND);
}

} // namespace aicc::onnx
