//===- Rounding.cpp - Quantised elements ----------------------------------===//
//
// Elementwise, so that they run while the sums that they round are in
// registers.
//
//===----------------------------------------------------------------------===//

#include "aicc/Graph/ConstantTensor.h"
#include "dialects/onnx/Lowering/NodeContext.h"
#include "dialects/qnn/IR/Qnn.h"

using namespace mlir;

namespace aicc::qnn {

using onnx::Indexed;
using onnx::NodeContext;
using onnx::ScalarBuilder;

static bool isUnsigned(Value value) {
  return getElementTypeOrSelf(value.getType()).isUnsignedInteger();
}

/// roundeven(x) + zero in [low, high], as i8. x is no NaN.
static Value rounded(ScalarBuilder &s, Value x, int64_t zero, ByteRange clamp) {
  Type f32 = x.getType();
  auto nnan = arith::FastMathFlags::nnan;
  Value y = s.op<math::RoundEvenOp>(x);
  if (zero != 0)
    y = s.add(y, s.number(f32, double(zero)));
  y = s.op<arith::MaxNumFOp>(y, s.number(f32, double(clamp.low)), nnan);
  y = s.op<arith::MinNumFOp>(y, s.number(f32, double(clamp.high)), nnan);
  Value wide = s.op<arith::FPToSIOp>(s.b.getI32Type(), y);
  return s.op<arith::TruncIOp>(s.b.getI8Type(), wide);
}

/// x - zero in i32.
static Value centred(ScalarBuilder &s, Value x, bool isUnsigned, int64_t zero) {
  Type i32 = s.b.getI32Type();
  Value wide = s.cast(x, isUnsigned, i32, false);
  return zero == 0 ? wide : s.sub(wide, s.integer(i32, zero));
}

static LogicalResult lowerRequantize(RequantizeOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  unsigned rank = onnx::rankOf(x);
  Type f32 = c.b.getF32Type();
  ArrayRef<float> scales = op.getScales();
  Indexed scale{{}, c.broadcastMap({}, onnx::shapeOf(x))};
  if (llvm::all_equal(scales)) {
    scale.value = c.splat({}, f32, scales.front());
  } else {
    SmallVector<double> values(scales.begin(), scales.end());
    scale = {c.constantNumbers({int64_t(values.size())}, f32, values),
             c.map(rank, c.dim(op.getAxis()))};
  }
  c.set(op.getY(),
        c.elementwise(
            ArrayRef<Indexed>{{x, c.identity(rank)}, scale}, onnx::shapeOf(x),
            c.b.getI8Type(), [&](ScalarBuilder &s, ValueRange v) {
              Value real = s.mul(s.cast(v[0], false, f32, false), v[1]);
              return rounded(s, real, op.getZeroPoint(), clampOf(op));
            }));
  return success();
}

static LogicalResult lowerMul(MulOp op, NodeContext &c) {
  SmallVector<Value> inputs{c.get(op.getA()), c.get(op.getB())};
  bool unsignedA = isUnsigned(op.getA()), unsignedB = isUnsigned(op.getB());
  c.set(op.getY(),
        c.elementwise(inputs, c.shapeOfResult(op.getY()), c.b.getI32Type(),
                      [&](ScalarBuilder &s, ValueRange v) {
                        return s.mul(
                            centred(s, v[0], unsignedA, op.getAZeroPoint()),
                            centred(s, v[1], unsignedB, op.getBZeroPoint()));
                      }));
  return success();
}

static LogicalResult lowerAdd(AddOp op, NodeContext &c) {
  SmallVector<Value> inputs{c.get(op.getA()), c.get(op.getB())};
  Type f32 = c.b.getF32Type();
  bool unsignedA = isUnsigned(op.getA()), unsignedB = isUnsigned(op.getB());
  c.set(op.getY(),
        c.elementwise(inputs, c.shapeOfResult(op.getY()), c.b.getI8Type(),
                      [&](ScalarBuilder &s, ValueRange v) {
                        auto real = [&](Value x, bool isUnsigned,
                                        int64_t zero) {
                          return s.cast(centred(s, x, isUnsigned, zero), false,
                                        f32, false);
                        };
                        auto scale = [&](const APFloat &value) {
                          return s.number(f32, value.convertToFloat());
                        };
                        Value a = real(v[0], unsignedA, op.getAZeroPoint());
                        Value b = real(v[1], unsignedB, op.getBZeroPoint());
                        Value sum =
                            s.op<math::FmaOp>(a, scale(op.getAScale()),
                                              s.mul(b, scale(op.getBScale())));
                        return rounded(s, sum, op.getZeroPoint(), clampOf(op));
                      }));
  return success();
}

/// Where the table only holds its values in a range: that range.
static std::optional<ByteRange> clampOf(const ConstantTensor &table,
                                        ByteRange range, ByteRange result) {
  auto at = [&](int64_t value) { return table.integer(value - range.low); };
  auto isUnsignedResult = result.low == 0;
  auto value = [&](int64_t x) {
    return isUnsignedResult ? at(x) & 0xff : at(x);
  };
  ByteRange clamp{value(range.low), value(range.high)};
  for (int64_t x = range.low; x <= range.high; ++x)
    if (value(x) != std::min(std::max(x, clamp.low), clamp.high))
      return std::nullopt;
  return clamp;
}

static LogicalResult lowerLookup(LookupOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  Type i8 = c.b.getI8Type();
  ByteRange range = rangeOf(op.getX().getType());
  bool fromUnsigned = isUnsigned(op.getX());
  ElementsAttr attr =
      onnx::retype(op.getTable(), RankedTensorType::get({256}, i8));
  std::optional<ConstantTensor> table =
      attr ? ConstantTensor::get(attr) : std::nullopt;
  if (!table)
    return c.unsupported("its table cannot be read");
  std::optional<ByteRange> clamp;
  if (fromUnsigned == isUnsigned(op.getY()))
    clamp = clampOf(*table, range, rangeOf(op.getY().getType()));
  if (clamp) {
    c.set(op.getY(),
          c.elementwise(
              x, onnx::shapeOf(x), i8, [&](ScalarBuilder &s, ValueRange v) {
                Value y = v[0];
                if (clamp->low > range.low)
                  y = s.max(y, s.integer(i8, clamp->low), fromUnsigned);
                if (clamp->high < range.high)
                  y = s.min(y, s.integer(i8, clamp->high), fromUnsigned);
                return y;
              }));
    return success();
  }
  Value values = c.constant(attr);
  c.set(op.getY(),
        c.elementwise(x, onnx::shapeOf(x), i8,
                      [&](ScalarBuilder &s, ValueRange v) -> Value {
                        Type index = s.b.getIndexType();
                        Value at = centred(s, v[0], fromUnsigned, range.low);
                        Value position = s.op<arith::IndexCastOp>(index, at);
                        return s.op<tensor::ExtractOp>(values,
                                                       ValueRange{position});
                      }));
  return success();
}

void populateRoundingLowering(onnx::LoweringTable &table) {
  table.add<RequantizeOp>(lowerRequantize);
  table.add<MulOp>(lowerMul);
  table.add<AddOp>(lowerAdd);
  table.add<LookupOp>(lowerLookup);
}

} // namespace aicc::qnn
