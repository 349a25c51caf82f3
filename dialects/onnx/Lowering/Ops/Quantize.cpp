//===- Quantize.cpp - Quantised operators ---------------------------------===//
//
// Real values are (q - zero point) * scale. Quantising rounds half to even and
// saturates. Products accumulate in i32 on centred values; those whose
// parameters are constants are operators of `qnn` by now.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/Convolution.h"
#include "dialects/onnx/Lowering/MatrixProduct.h"
#include "dialects/onnx/Lowering/NarrowTypes.h"
#include "dialects/onnx/Lowering/Reductions.h"

#include <cmath>

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

static bool isUnsignedValue(Value value) {
  return isUnsignedElement(getElementTypeOrSelf(value.getType()));
}

/// The range of a quantised type.
static std::pair<double, double> rangeOf(unsigned width, bool isUnsigned) {
  return isUnsigned ? std::pair(0.0, std::ldexp(1.0, width) - 1)
                    : std::pair(-std::ldexp(1.0, width - 1),
                                std::ldexp(1.0, width - 1) - 1);
}

/// round(x) + zero, saturated; x is f32 or f64, `zero` an integer or null.
static Value quantized(ScalarBuilder &s, Value x, Value zero, Type to,
                       bool isUnsigned) {
  Type type = x.getType();
  auto [low, high] = rangeOf(to.getIntOrFloatBitWidth(), isUnsigned);
  Value y = s.op<math::RoundEvenOp>(x);
  if (zero)
    y = s.add(y, s.cast(zero, isUnsigned, type, false));
  y = s.min(s.max(y, s.number(type, low)), s.number(type, high));
  return s.cast(y, false, to, isUnsigned);
}

/// x in a type of at most eight bits; `zero` is such a value, or null.
static Value quantizedNarrow(ScalarBuilder &s, const NarrowCodec &codec,
                             Value x, Value zero,
                             const NarrowRounding &rounding) {
  if (codec.isFloat())
    return codec.encode(s, s.toFloat(x, false), rounding);
  Type type = x.getType();
  auto [low, high] = rangeOf(codec.width(), codec.isUnsigned());
  Value y = s.op<math::RoundEvenOp>(x);
  if (zero)
    y = s.add(y, s.cast(codec.decode(s, zero), false, type, false));
  y = s.min(s.max(y, s.number(type, low)), s.number(type, high));
  return codec.encode(s, y);
}

/// How loops over `shape` read a scale or zero point: one value, one for each
/// position of `axis`, or one for each block of it.
static FailureOr<Indexed> parameterOperand(NodeContext &c, Value parameter,
                                           ArrayRef<int64_t> shape,
                                           int64_t axis, int64_t blockSize) {
  Value value = c.get(parameter);
  int64_t rank = shape.size();
  if (product(shapeOf(value)) == 1 && blockSize == 0)
    return Indexed{c.reshape(value, {}), c.broadcastMap({}, shape)};
  if (!normalizeAxis(axis, rank))
    return c.unsupported("the axis is out of range");
  if (blockSize == 0) {
    if (shapeOf(value) != ArrayRef<int64_t>{shape[axis]})
      return c.unsupported("the scale does not fit the axis");
    return Indexed{value, c.map(rank, c.dim(axis))};
  }
  // Spread over the blocks first: (blocks, block size) is the axis.
  if (rankOf(value) != rank || shape[axis] % blockSize ||
      shapeOf(value)[axis] * blockSize != shape[axis])
    return c.unsupported("the axis is no multiple of the block size");
  Shape wide(shapeOf(value));
  wide.insert(wide.begin() + axis + 1, blockSize);
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(c.dim(i <= axis ? i : i + 1));
  Value spread =
      c.gather(Indexed{value, c.map(rank + 1, exprs)}, wide, elementOf(value),
               [](ScalarBuilder &, ValueRange v) { return v[0]; });
  return Indexed{c.reshape(spread, shape), c.identity(rank)};
}

/// The operands of a generic over x: x, scale and the zero point if present.
template <typename OpT>
static FailureOr<SmallVector<Indexed>>
linearOperands(OpT op, NodeContext &c, Value scale, Value zeroPoint) {
  Value x = c.get(op.getX());
  SmallVector<Indexed> inputs{{x, c.identity(rankOf(x))}};
  for (Value parameter : {scale, zeroPoint}) {
    if (!c.isPresent(parameter))
      continue;
    FailureOr<Indexed> operand = parameterOperand(
        c, parameter, shapeOf(x), op.getAxis(), op.getBlockSize());
    if (failed(operand))
      return failure();
    inputs.push_back(*operand);
  }
  return inputs;
}

static LogicalResult lowerQuantizeLinear(QuantizeLinearOp op, NodeContext &c) {
  auto inputs = linearOperands(op, c, op.getYScale(), op.getYZeroPoint());
  if (failed(inputs))
    return failure();
  Type to = c.elementOfResult(op.getY());
  if (!isa<IntegerType>(to))
    return c.unsupported("the quantised type is no integer");
  bool isUnsigned = isUnsignedValue(op.getY());
  std::optional<NarrowCodec> codec;
  Type element = getElementTypeOrSelf(op.getY().getType());
  if (isNarrow(element))
    codec.emplace(c, element);
  NarrowRounding rounding{op.getSaturate() != 0};
  c.set(op.getY(),
        c.elementwise(*inputs, c.shapeOfResult(op.getY()), to,
                      [&](ScalarBuilder &s, ValueRange v) {
                        Type type = v[1].getType();
                        Value x = s.cast(v[0], false, type, false);
                        Value scaled = s.op<arith::DivFOp>(x, v[1]);
                        Value zero = v.size() > 2 ? v[2] : Value();
                        return codec
                                   ? quantizedNarrow(s, *codec, scaled, zero,
                                                     rounding)
                                   : quantized(s, scaled, zero, to, isUnsigned);
                      }));
  return success();
}

static LogicalResult lowerDequantizeLinear(DequantizeLinearOp op,
                                           NodeContext &c) {
  auto inputs = linearOperands(op, c, op.getXScale(), op.getXZeroPoint());
  if (failed(inputs))
    return failure();
  if (!isa<IntegerType>(elementOf(c.get(op.getX()))))
    return c.unsupported("the quantised type is no integer");
  bool isUnsigned = isUnsignedValue(op.getX());
  std::optional<NarrowCodec> codec;
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (isNarrow(element))
    codec.emplace(c, element);
  c.set(op.getY(),
        c.elementwise(
            *inputs, c.shapeOfResult(op.getY()), c.elementOfResult(op.getY()),
            [&](ScalarBuilder &s, ValueRange v) {
              if (codec) {
                Value q = codec->decode(s, v[0]);
                if (v.size() > 2)
                  q = s.sub(q, codec->decode(s, v[2]));
                return s.mul(s.cast(q, false, v[1].getType(), false), v[1]);
              }
              // Differences of 8- and 16-bit values fit i32; those
              // of 32-bit values are taken in i64.
              Type scale = v[1].getType();
              bool isNarrow = v[0].getType().getIntOrFloatBitWidth() < 32;
              Type wide = isNarrow || v.size() == 2 ? s.b.getI32Type()
                                                    : s.b.getI64Type();
              Value q = s.cast(v[0], isUnsigned, wide, false);
              if (v.size() > 2)
                q = s.sub(q, s.cast(v[2], isUnsigned, wide, false));
              return s.mul(s.cast(q, false, scale, false), v[1]);
            }));
  return success();
}

/// scale = (max(0, x...) - min(0, x...)) / 255, zero = round(-min / scale).
static LogicalResult lowerDynamicQuantizeLinear(DynamicQuantizeLinearOp op,
                                                NodeContext &c) {
  Value x = c.get(op.getX());
  Type f32 = elementOf(x), i8 = c.b.getIntegerType(8);
  Shape all;
  for (int64_t i = 0; i < rankOf(x); ++i)
    all.push_back(i);
  // Both start at 0, which has to be representable.
  auto extreme = [&](bool isMax) {
    return c.reduce(x, all, scalarAttr(f32, 0),
                    [&](ScalarBuilder &s, ValueRange v) {
                      return isMax ? s.max(v[1], v[0]) : s.min(v[1], v[0]);
                    });
  };
  Value low = extreme(false), high = extreme(true);
  Value scale = c.elementwise(
      {high, low}, {}, f32, [&](ScalarBuilder &s, ValueRange v) -> Value {
        Value range = s.sub(v[0], v[1]);
        Value zero = s.number(f32, 0);
        // A tensor of zeros would divide by zero.
        Value scaled = s.op<arith::DivFOp>(range, s.number(f32, 255));
        return s.select(s.compare(Order::Eq, range, zero), s.number(f32, 1),
                        scaled);
      });
  Value zero =
      c.elementwise({low, scale}, {}, i8, [&](ScalarBuilder &s, ValueRange v) {
        Value z = s.op<arith::DivFOp>(s.neg(v[0]), v[1]);
        return quantized(s, z, {}, i8, true);
      });
  c.set(op.getY(), c.elementwise({x, scale, zero}, shapeOf(x), i8,
                                 [&](ScalarBuilder &s, ValueRange v) {
                                   Value y = s.op<arith::DivFOp>(v[0], v[1]);
                                   return quantized(s, y, v[2], i8, true);
                                 }));
  c.set(op.getYScale(), scale);
  c.set(op.getYZeroPoint(), zero);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// x - zero in i32; the zero point is one value, or one for each position of
/// `axis` (from the end if negative).
static FailureOr<Value> centered(NodeContext &c, Value operand, Value zeroPoint,
                                 int64_t axis) {
  bool isUnsigned = isUnsignedValue(operand);
  Value x = c.get(operand);
  SmallVector<Indexed> inputs{{x, c.identity(rankOf(x))}};
  if (c.isPresent(zeroPoint)) {
    FailureOr<Indexed> zero =
        parameterOperand(c, zeroPoint, shapeOf(x), axis, 0);
    if (failed(zero))
      return failure();
    inputs.push_back(*zero);
  }
  Type i32 = c.b.getI32Type();
  return c.elementwise(inputs, shapeOf(x), i32,
                       [&](ScalarBuilder &s, ValueRange v) {
                         Value r = s.cast(v[0], isUnsigned, i32, false);
                         if (v.size() > 1)
                           r = s.sub(r, s.cast(v[1], isUnsigned, i32, false));
                         return r;
                       });
}

/// Quantises i32 sums: sum * (scales multiplied) / result scale + zero. Scales
/// are scalars, or run along `axis`.
static FailureOr<Value> requantized(NodeContext &c, Value sums,
                                    ArrayRef<Value> scales, Value resultScale,
                                    Value zeroPoint, Value result,
                                    int64_t axis) {
  SmallVector<Indexed> inputs{{sums, c.identity(rankOf(sums))}};
  SmallVector<Value> parameters(scales);
  parameters.append({resultScale, zeroPoint});
  for (Value parameter : parameters) {
    FailureOr<Indexed> operand =
        parameterOperand(c, parameter, shapeOf(sums), axis, 0);
    if (failed(operand))
      return failure();
    inputs.push_back(*operand);
  }
  Type to = c.elementOfResult(result);
  if (!isa<IntegerType>(to))
    return c.unsupported("the quantised type is no integer");
  bool isUnsigned = isUnsignedValue(result);
  unsigned count = scales.size();
  return c.elementwise(
      inputs, shapeOf(sums), to, [&](ScalarBuilder &s, ValueRange v) {
        Type type = v[1].getType();
        Value factor = v[1];
        for (unsigned i = 1; i < count; ++i)
          factor = s.mul(factor, v[1 + i]);
        factor = s.op<arith::DivFOp>(factor, v[1 + count]);
        Value real = s.mul(s.cast(v[0], false, type, false), factor);
        return quantized(s, real, v[2 + count], to, isUnsigned);
      });
}

static LogicalResult lowerConvInteger(ConvIntegerOp op, NodeContext &c) {
  FailureOr<Value> x = centered(c, op.getX(), op.getXZeroPoint(), 0);
  FailureOr<Value> w = centered(c, op.getW(), op.getWZeroPoint(), 0);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Windows> windows =
      convolutionWindows(c, windowAttrs(op), shapeOf(*x), shapeOf(*w),
                         c.shapeOfResult(op.getY()), op.getGroup());
  if (failed(windows))
    return failure();
  Value padded = padWindows(c, *x, *windows, c.b.getI32IntegerAttr(0));
  c.set(op.getY(), convolve(c, padded, *w, *windows, op.getGroup()));
  return success();
}

static LogicalResult lowerQLinearConv(QLinearConvOp op, NodeContext &c) {
  FailureOr<Value> x = centered(c, op.getX(), op.getXZeroPoint(), 0);
  FailureOr<Value> w = centered(c, op.getW(), op.getWZeroPoint(), 0);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Windows> windows =
      convolutionWindows(c, windowAttrs(op), shapeOf(*x), shapeOf(*w),
                         c.shapeOfResult(op.getY()), op.getGroup());
  if (failed(windows))
    return failure();
  Value padded = padWindows(c, *x, *windows, c.b.getI32IntegerAttr(0));
  Value sums = convolve(c, padded, *w, *windows, op.getGroup());
  if (c.isPresent(op.getB()))
    sums = c.addAlong(sums, c.get(op.getB()), 1);
  FailureOr<Value> y =
      requantized(c, sums, {op.getXScale(), op.getWScale()}, op.getYScale(),
                  op.getYZeroPoint(), op.getY(), 1);
  if (failed(y))
    return failure();
  c.set(op.getY(), *y);
  return success();
}

static LogicalResult lowerQLinearMatMul(QLinearMatMulOp op, NodeContext &c) {
  if (!isa<IntegerType>(elementOf(c.get(op.getA()))))
    return c.unsupported("the quantised type is no integer");
  FailureOr<Value> a = centered(c, op.getA(), op.getAZeroPoint(), -2);
  FailureOr<Value> b = centered(c, op.getB(), op.getBZeroPoint(), -1);
  if (failed(a) || failed(b))
    return failure();
  FailureOr<Value> sums = matrixProduct(c, *a, *b);
  if (failed(sums))
    return failure();
  FailureOr<Value> y =
      requantized(c, *sums, {op.getAScale(), op.getBScale()}, op.getYScale(),
                  op.getYZeroPoint(), op.getY(), -1);
  if (failed(y))
    return failure();
  c.set(op.getY(), *y);
  return success();
}

static LogicalResult lowerMatMulInteger(MatMulIntegerOp op, NodeContext &c) {
  FailureOr<Value> a = centered(c, op.getA(), op.getAZeroPoint(), -2);
  FailureOr<Value> b = centered(c, op.getB(), op.getBZeroPoint(), -1);
  if (failed(a) || failed(b))
    return failure();
  FailureOr<Value> y = matrixProduct(c, *a, *b);
  if (failed(y))
    return failure();
  c.set(op.getY(), *y);
  return success();
}

void populateQuantizeLowering(LoweringTable &table) {
  table.add<QuantizeLinearOp>(lowerQuantizeLinear);
  table.add<DequantizeLinearOp>(lowerDequantizeLinear);
  table.add<DynamicQuantizeLinearOp>(lowerDynamicQuantizeLinear);
  table.add<ConvIntegerOp>(lowerConvInteger);
  table.add<QLinearConvOp>(lowerQLinearConv);
  table.add<QLinearMatMulOp>(lowerQLinearMatMul);
  table.add<MatMulIntegerOp>(lowerMatMulInteger);
}

} // namespace aicc::onnx
