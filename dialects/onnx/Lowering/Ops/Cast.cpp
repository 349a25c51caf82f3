//===- Cast.cpp - Cast, CastLike, BitCast ---------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

using namespace mlir;

namespace aicc::onnx {

/// Cast and CastLike: the result's type says all.
static LogicalResult lowerCast(Operation *op, NodeContext &c) {
  Value input = op->getOperand(0), result = op->getResult(0);
  bool fromUnsigned = isUnsignedElement(getElementTypeOrSelf(input.getType()));
  bool toUnsigned = isUnsignedElement(getElementTypeOrSelf(result.getType()));
  c.set(result, c.convert(c.get(input), c.elementOfResult(result), fromUnsigned,
                          toUnsigned));
  return success();
}

static LogicalResult lowerBitCast(BitCastOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  Type to = c.elementOfResult(op.getOutput());
  // A bool is a byte to ONNX.
  if (elementOf(x).isInteger(1) && to.isInteger(8))
    x = c.convert(x, to, /*fromUnsigned=*/true);
  if (elementOf(x).getIntOrFloatBitWidth() != to.getIntOrFloatBitWidth())
    return c.unsupported("the types differ in size");
  if (elementOf(x) != to)
    x = c.gather(Indexed{x, c.identity(rankOf(x))}, shapeOf(x), to,
                 [&](ScalarBuilder &s, ValueRange v) {
                   return s.op<arith::BitcastOp>(to, v[0]);
                 });
  c.set(op.getOutput(), x);
  return success();
}

void populateCastLowering(LoweringTable &table) {
  table.add<CastOp>(lowerCast);
  table.add<CastLikeOp>(lowerCast);
  table.add<BitCastOp>(lowerBitCast);
}

} // namespace aicc::onnx
