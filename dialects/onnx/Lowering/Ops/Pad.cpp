//===- Pad.cpp - Pad, in all its modes ------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

/// Where position `at` of the padded axis comes from, for the modes that copy.
static int64_t sourceOf(int64_t at, int64_t size, StringRef mode) {
  if (mode == "edge" || size == 1)
    return std::clamp<int64_t>(at, 0, size - 1);
  if (mode == "wrap")
    return ((at % size) + size) % size;
  int64_t period = 2 * (size - 1); // reflect
  int64_t phase = ((at % period) + period) % period;
  return phase < size ? phase : period - phase;
}

/// Pieces of the input along one axis, put together: runs of positions that
/// follow each other are one slice each, single positions are broadcast.
static Value padByCopies(NodeContext &c, Value x, int64_t axis, int64_t low,
                         int64_t high, StringRef mode) {
  int64_t size = shapeOf(x)[axis];
  Shape from;
  for (int64_t at = -low; at < size + high; ++at)
    from.push_back(sourceOf(at, size, mode));
  SmallVector<Value> parts;
  for (size_t i = 0; i < from.size();) {
    size_t end = i + 1;
    int64_t step = end < from.size() ? from[end] - from[i] : 1;
    if (step < -1 || step > 1)
      step = 1;
    while (end < from.size() && from[end] == from[end - 1] + step)
      ++end;
    int64_t count = end - i;
    if (step == 1 || count == 1) {
      parts.push_back(c.sliceAxis(x, axis, from[i], count));
    } else {
      Shape shape(shapeOf(x));
      shape[axis] = count;
      unsigned rank = shape.size();
      SmallVector<AffineExpr> exprs;
      for (unsigned d = 0; d < rank; ++d)
        exprs.push_back(int64_t(d) == axis ? c.dim(d) * step + from[i]
                                           : c.dim(d));
      parts.push_back(
          c.gather(Indexed{x, c.map(rank, exprs)}, shape, elementOf(x),
                   [](ScalarBuilder &, ValueRange v) { return v[0]; }));
    }
    i = end;
  }
  return c.concat(axis, parts);
}

/// With the value that the model gives, which it may calculate.
static FailureOr<Value> padByValue(PadOp op, NodeContext &c, Value x,
                                   ArrayRef<int64_t> low,
                                   ArrayRef<int64_t> high) {
  if (!c.isPresent(op.getConstantValue()))
    return c.pad(x, low, high, scalarAttr(elementOf(x), 0));
  Value with = c.get(op.getConstantValue());
  if (TypedAttr value = splatOf(with))
    return c.pad(x, low, high, value);
  if (product(shapeOf(with)) != 1 || rankOf(with) > 1)
    return c.unsupported("constant_value is no scalar");
  Shape shape(shapeOf(x));
  for (auto [size, before, behind] : llvm::zip(shape, low, high))
    size += before + behind;
  return c.insertSlice(x, c.broadcast(with, shape), low);
}

static LogicalResult lowerPad(PadOp op, NodeContext &c) {
  Value x = c.get(op.getData());
  int64_t rank = rankOf(x);
  FailureOr<Shape> pads = c.integers(op.getPads(), "pads");
  if (failed(pads))
    return failure();
  Shape axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  if (c.isPresent(op.getAxes())) {
    FailureOr<Shape> given = c.integers(op.getAxes(), "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return c.unsupported("pads and axes do not fit");
  Shape low(rank, 0), high(rank, 0), offsets(rank, 0), sizes(shapeOf(x));
  for (size_t i = 0; i < axes.size(); ++i) {
    if (!normalizeAxis(axes[i], rank))
      return c.unsupported("an axis is out of range");
    low[axes[i]] = (*pads)[i];
    high[axes[i]] = (*pads)[axes.size() + i];
  }
  // Negative padding crops.
  for (int64_t i = 0; i < rank; ++i) {
    offsets[i] = std::max<int64_t>(0, -low[i]);
    sizes[i] -= offsets[i] + std::max<int64_t>(0, -high[i]);
    low[i] = std::max<int64_t>(0, low[i]);
    high[i] = std::max<int64_t>(0, high[i]);
    if (sizes[i] < 0 || (sizes[i] == 0 && op.getMode() != "constant"))
      return c.unsupported("pads take more away than there is");
  }
  x = c.slice(x, offsets, sizes);
  if (op.getMode() == "constant") {
    FailureOr<Value> padded = padByValue(op, c, x, low, high);
    if (succeeded(padded))
      c.set(op.getOutput(), *padded);
    return failure(failed(padded));
  }
  if (op.getMode() != "edge" && op.getMode() != "wrap" &&
      op.getMode() != "reflect")
    return c.unsupported("mode '" + op.getMode() + "' is unknown");
  for (int64_t i = 0; i < rank; ++i)
    if (low[i] || high[i])
      x = padByCopies(c, x, i, low[i], high[i], op.getMode());
  c.set(op.getOutput(), x);
  return success();
}

void populatePadLowering(LoweringTable &table) { table.add<PadOp>(lowerPad); }

} // namespace aicc::onnx
