//===- Cast.cpp - Cast, CastLike, BitCast ---------------------------------===//

#include "dialects/onnx/Lowering/NarrowTypes.h"

using namespace mlir;

namespace aicc::onnx {

/// From or to a type of at most eight bits.
static Value castNarrow(NodeContext &c, Value x, Type from, Type to,
                        Type stored, const NarrowRounding &rounding) {
  std::optional<NarrowCodec> source, target;
  if (isNarrow(from))
    source.emplace(c, from);
  if (isNarrow(to))
    target.emplace(c, to);
  bool fromUnsigned = !source && isUnsignedElement(from);
  return c.gather(Indexed{x, c.identity(rankOf(x))}, shapeOf(x), stored,
                  [&](ScalarBuilder &s, ValueRange v) {
                    Value number = source ? source->decode(s, v[0]) : v[0];
                    if (!target)
                      return s.cast(number, fromUnsigned, stored,
                                    isUnsignedElement(to));
                    if (target->isFloat())
                      number = s.toFloat(number, fromUnsigned);
                    else if (number.getType().isInteger(1))
                      number = s.cast(number, true, s.b.getI32Type(), false);
                    return target->encode(s, number, rounding);
                  });
}

/// Cast and CastLike: the result's type says to what.
static LogicalResult lowerCast(Operation *op, NodeContext &c) {
  Value input = op->getOperand(0), result = op->getResult(0);
  Type from = getElementTypeOrSelf(input.getType());
  Type to = getElementTypeOrSelf(result.getType());
  if (from != to && (isNarrow(from) || isNarrow(to))) {
    NarrowRounding rounding;
    if (auto saturate = op->getAttrOfType<IntegerAttr>("saturate"))
      rounding.saturate = saturate.getInt() != 0;
    if (auto mode = op->getAttrOfType<StringAttr>("round_mode"))
      rounding.mode = mode.getValue();
    c.set(result, castNarrow(c, c.get(input), from, to,
                             c.elementOfResult(result), rounding));
    return success();
  }
  bool fromUnsigned = isUnsignedElement(from);
  bool toUnsigned = isUnsignedElement(to);
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
