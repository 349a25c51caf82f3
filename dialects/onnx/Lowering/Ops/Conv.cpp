//===- Conv.cpp - Conv ----------------------------------------------------===//
//
// A padded input and one contraction; the bias is an elementwise addition, so
// that it can become part of an epilogue. Loops:
//   plain      (n, o, out..., c, k...)
//   grouped    (n, g, o, out..., c, k...) on the channels split by group
//   depthwise  (n, c, out..., k...)
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/Convolution.h"

using namespace mlir;

namespace aicc::onnx {

static LogicalResult lowerConv(ConvOp op, NodeContext &c) {
  Value w = c.get(op.getW());
  FailureOr<Windows> windows =
      convolutionWindows(c, windowAttrs(op), shapeOf(c.get(op.getX())),
                         shapeOf(w), c.shapeOfResult(op.getY()), op.getGroup());
  if (failed(windows))
    return failure();
  Value x = c.get(op.getX());
  x = padWindows(c, x, *windows, scalarAttr(elementOf(x), 0));
  Value y = convolve(c, x, w, *windows, op.getGroup());
  if (c.isPresent(op.getB()))
    y = c.addAlong(y, c.get(op.getB()), 1);
  c.set(op.getY(), y);
  return success();
}

void populateConvLowering(LoweringTable &table) {
  table.add<ConvOp>(lowerConv);
}

} // namespace aicc::onnx
