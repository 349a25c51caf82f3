//===- Slice.cpp - Slice --------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

namespace {
/// One axis: `size` elements from `start`, `step` apart (which may be
/// negative).
struct AxisRange {
  int64_t start = 0, size = 0, step = 1;
};
} // namespace

static AxisRange axisRange(int64_t dim, int64_t start, int64_t end,
                           int64_t step) {
  if (dim == 0)
    return {};
  bool forward = step > 0;
  auto clamp = [&](int64_t v, int64_t low, int64_t high) {
    if (v < 0)
      v = v < -dim ? -1 : v + dim;
    return std::max(low, std::min(v, high));
  };
  // A start or an end before the first element stays there: for a negative
  // step, the end -1 takes the first element in.
  start = forward ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
  end = forward ? clamp(end, 0, dim) : clamp(end, -1, dim - 1);
  int64_t distance = forward ? end - start : start - end;
  int64_t stride = forward ? step : (step == INT64_MIN ? INT64_MAX : -step);
  int64_t size = distance <= 0 ? 0 : (distance - 1) / stride + 1;
  return {start, size, size > 1 ? step : 1};
}

static LogicalResult lowerSlice(SliceOp op, NodeContext &c) {
  Value x = c.get(op.getData());
  int64_t rank = rankOf(x);
  FailureOr<Shape> starts = c.integers(op.getStarts(), "starts");
  FailureOr<Shape> ends = c.integers(op.getEnds(), "ends");
  if (failed(starts) || failed(ends))
    return failure();
  Shape axes, steps(starts->size(), 1);
  for (size_t i = 0; i < starts->size(); ++i)
    axes.push_back(i);
  if (c.isPresent(op.getAxes())) {
    FailureOr<Shape> given = c.integers(op.getAxes(), "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (c.isPresent(op.getSteps())) {
    FailureOr<Shape> given = c.integers(op.getSteps(), "steps");
    if (failed(given))
      return failure();
    steps = *given;
  }
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    return c.unsupported("starts, ends, axes and steps differ in length");
  Shape offsets(rank, 0), sizes(shapeOf(x)), strides(rank, 1);
  bool backward = false;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = axes[i];
    if (!normalizeAxis(axis, rank) || steps[i] == 0)
      return c.unsupported("an axis is out of range or a step is 0");
    AxisRange range =
        axisRange(shapeOf(x)[axis], (*starts)[i], (*ends)[i], steps[i]);
    offsets[axis] = range.start;
    sizes[axis] = range.size;
    strides[axis] = range.step;
    backward |= range.step < 0;
  }
  if (product(sizes) == 0) {
    c.set(op.getOutput(), c.empty(sizes, elementOf(x)));
    return success();
  }
  if (!backward) {
    c.set(op.getOutput(), c.slice(x, offsets, sizes, strides));
    return success();
  }
  // Views cannot run backwards: take the same elements forwards, then turn
  // them around by an index map.
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i) {
    exprs.push_back(c.dim(i));
    if (strides[i] > 0)
      continue;
    offsets[i] += (sizes[i] - 1) * strides[i];
    strides[i] = -strides[i];
    exprs.back() = c.dim(i) * -1 + (sizes[i] - 1);
  }
  Value forwards = c.slice(x, offsets, sizes, strides);
  c.set(op.getOutput(),
        c.gather(Indexed{forwards, c.map(rank, exprs)}, sizes, elementOf(x),
                 [](ScalarBuilder &, ValueRange v) { return v[0]; }));
  return success();
}

void populateSliceLowering(LoweringTable &table) {
  table.add<SliceOp>(lowerSlice);
}

} // namespace aicc::onnx
