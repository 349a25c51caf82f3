//===- Softmax.cpp - Softmax, LogSoftmax ----------------------------------===//

#include "dialects/onnx/Lowering/Reductions.h"

using namespace mlir;

namespace aicc::onnx {

template <typename OpT>
static LogicalResult lowerSoftmax(OpT op, NodeContext &c, bool log) {
  Value x = c.get(op.getInput());
  int64_t axis = op.getAxis();
  if (rankOf(x) == 0) {
    c.set(op.getOutput(), c.splat({}, elementOf(x), log ? 0 : 1));
    return success();
  }
  if (!normalizeAxis(axis, rankOf(x)))
    return c.unsupported("the axis is out of range");
  c.set(op.getOutput(), softmax(c, x, axis, log));
  return success();
}

void populateSoftmaxLowering(LoweringTable &table) {
  table.add<SoftmaxOp>([](Operation *op, NodeContext &c) {
    return lowerSoftmax(cast<SoftmaxOp>(op), c, false);
  });
  table.add<LogSoftmaxOp>([](Operation *op, NodeContext &c) {
    return lowerSoftmax(cast<LogSoftmaxOp>(op), c, true);
  });
}

} // namespace aicc::onnx
