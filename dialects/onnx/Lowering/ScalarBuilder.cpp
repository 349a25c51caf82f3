//===- ScalarBuilder.cpp - Scalar arithmetic of payloads ------------------===//

#include "dialects/onnx/Lowering/ScalarBuilder.h"

#include "dialects/onnx/Lowering/Constants.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace aicc::onnx {

static bool isFloat(Value x) { return isa<FloatType>(x.getType()); }

/// Whether x is a constant other than NaN.
static bool isOrderedConstant(Value x) {
  FloatAttr attr;
  return matchPattern(x, m_Constant(&attr)) && !attr.getValue().isNaN();
}

Value ScalarBuilder::number(Type type, double value) {
  return arith::ConstantOp::create(b, loc, scalarAttr(type, value));
}

Value ScalarBuilder::integer(Type type, int64_t value) {
  if (isa<FloatType>(type))
    return number(type, double(value));
  if (isa<IndexType>(type))
    return arith::ConstantIndexOp::create(b, loc, value);
  APInt bits(64, uint64_t(value));
  return arith::ConstantOp::create(
      b, loc, IntegerAttr::get(type, bits.trunc(type.getIntOrFloatBitWidth())));
}

Value ScalarBuilder::add(Value x, Value y) {
  return isFloat(x) ? op<arith::AddFOp>(x, y) : op<arith::AddIOp>(x, y);
}

Value ScalarBuilder::sub(Value x, Value y) {
  return isFloat(x) ? op<arith::SubFOp>(x, y) : op<arith::SubIOp>(x, y);
}

Value ScalarBuilder::mul(Value x, Value y) {
  return isFloat(x) ? op<arith::MulFOp>(x, y) : op<arith::MulIOp>(x, y);
}

Value ScalarBuilder::select(Value condition, Value x, Value y) {
  return op<arith::SelectOp>(condition, x, y);
}

Value ScalarBuilder::div(Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return op<arith::DivFOp>(x, y);
  Type type = x.getType();
  Value zero = integer(type, 0), one = integer(type, 1);
  Value byZero = compare(Order::Eq, y, zero);
  if (isUnsigned)
    return select(byZero, zero, op<arith::DivUIOp>(x, select(byZero, one, y)));
  // Dividing by -1 is negation, which wraps; the division itself never sees
  // 0 or -1, the two divisors that trap.
  Value byMinusOne = compare(Order::Eq, y, integer(type, -1));
  Value special = op<arith::OrIOp>(byZero, byMinusOne);
  Value quotient = op<arith::DivSIOp>(x, select(special, one, y));
  quotient = select(byMinusOne, sub(zero, x), quotient);
  return select(byZero, zero, quotient);
}

Value ScalarBuilder::mod(Value x, Value y, bool isUnsigned, bool fmod) {
  Type type = x.getType();
  Value zero = number(type, 0);
  if (isFloat(x)) {
    Value rest = op<arith::RemFOp>(x, y);
    if (fmod)
      return rest;
    Value differ = op<arith::XOrIOp>(compare(Order::Lt, rest, zero),
                                     compare(Order::Lt, y, zero));
    Value wrong = op<arith::AndIOp>(differ, compare(Order::Ne, rest, zero));
    return select(wrong, add(rest, y), rest);
  }
  Value one = integer(type, 1);
  Value byZero = compare(Order::Eq, y, zero);
  if (isUnsigned)
    return select(byZero, zero, op<arith::RemUIOp>(x, select(byZero, one, y)));
  Value special =
      op<arith::OrIOp>(byZero, compare(Order::Eq, y, integer(type, -1)));
  // The remainder by 0 and by -1 is 0.
  Value rest = op<arith::RemSIOp>(x, select(special, one, y));
  if (fmod)
    return rest;
  Value differ = op<arith::XOrIOp>(compare(Order::Lt, rest, zero),
                                   compare(Order::Lt, y, zero));
  Value wrong = op<arith::AndIOp>(differ, compare(Order::Ne, rest, zero));
  return select(wrong, add(rest, y), rest);
}

Value ScalarBuilder::neg(Value x) {
  return isFloat(x) ? op<arith::NegFOp>(x) : sub(integer(x.getType(), 0), x);
}

Value ScalarBuilder::abs(Value x, bool isUnsigned) {
  if (isFloat(x))
    return op<math::AbsFOp>(x);
  if (isUnsigned)
    return x;
  Value zero = integer(x.getType(), 0);
  return select(compare(Order::Lt, x, zero), sub(zero, x), x);
}

Value ScalarBuilder::max(Value x, Value y, bool isUnsigned) {
  if (!isFloat(x))
    return isUnsigned ? op<arith::MaxUIOp>(x, y) : op<arith::MaxSIOp>(x, y);
  // `c > x ? c : x` is one instruction on x86 and keeps NaN in x.
  if (isOrderedConstant(x))
    return select(compare(Order::Gt, x, y), x, y);
  if (isOrderedConstant(y))
    return select(compare(Order::Gt, y, x), y, x);
  return op<arith::MaximumFOp>(x, y);
}

Value ScalarBuilder::min(Value x, Value y, bool isUnsigned) {
  if (!isFloat(x))
    return isUnsigned ? op<arith::MinUIOp>(x, y) : op<arith::MinSIOp>(x, y);
  if (isOrderedConstant(x))
    return select(compare(Order::Lt, x, y), x, y);
  if (isOrderedConstant(y))
    return select(compare(Order::Lt, y, x), y, x);
  return op<arith::MinimumFOp>(x, y);
}

Value ScalarBuilder::integerPower(Value x, Value y, bool isUnsigned) {
  // Square and multiply over all bits of the exponent: no loop, and the
  // wrapped result is exact modulo 2^width.
  Type type = x.getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Value zero = integer(type, 0), one = integer(type, 1);
  Value result = one, square = x;
  for (unsigned bit = 0; bit < width; ++bit) {
    Value isSet =
        compare(Order::Ne,
                op<arith::AndIOp>(y, integer(type, int64_t(1) << bit)), zero);
    result = select(isSet, mul(result, square), result);
    if (bit + 1 < width)
      square = mul(square, square);
  }
  if (isUnsigned)
    return result;
  Value odd = compare(Order::Ne, op<arith::AndIOp>(y, one), zero);
  Value minusOne = integer(type, -1);
  Value inverse = select(compare(Order::Eq, x, one), one, zero);
  inverse = select(compare(Order::Eq, x, minusOne), select(odd, minusOne, one),
                   inverse);
  return select(compare(Order::Lt, y, zero), inverse, result);
}

Value ScalarBuilder::shift(Value x, Value amount, bool left, bool isUnsigned) {
  Type type = x.getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Value wide = op<arith::CmpIOp>(arith::CmpIPredicate::uge, amount,
                                 integer(type, width));
  Value zero = integer(type, 0);
  if (left || isUnsigned) {
    Value safe = select(wide, zero, amount);
    Value shifted =
        left ? op<arith::ShLIOp>(x, safe) : op<arith::ShRUIOp>(x, safe);
    return select(wide, zero, shifted);
  }
  // To the right, the sign stays.
  Value safe = select(wide, integer(type, width - 1), amount);
  return op<arith::ShRSIOp>(x, safe);
}

Value ScalarBuilder::compare(Order order, Value x, Value y, bool isUnsigned) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  static const F floats[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
  static const I signeds[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
  static const I unsigneds[] = {I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge};
  unsigned i = unsigned(order);
  if (isFloat(x))
    return op<arith::CmpFOp>(floats[i], x, y);
  return op<arith::CmpIOp>(isUnsigned ? unsigneds[i] : signeds[i], x, y);
}

Value ScalarBuilder::sigmoid(Value x) {
  Value one = number(x.getType(), 1);
  return op<arith::DivFOp>(one, add(one, exp(neg(x))));
}

Value ScalarBuilder::softplus(Value x) {
  // max(x, 0) + log1p(exp(-|x|)).
  Value tail = op<math::Log1pOp>(exp(neg(abs(x))));
  return add(max(x, number(x.getType(), 0)), tail);
}

Value ScalarBuilder::floatToInteger(Value x, IntegerType to, bool toUnsigned) {
  Type from = x.getType();
  unsigned width = to.getWidth();
  double low = toUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  double high = std::ldexp(1.0, toUnsigned ? width : width - 1);
  APInt largest =
      toUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  Value top = number(from, high);
  // Truncated towards zero, x fits if it is below 2^width; what does not fit,
  // and NaN, is kept from the conversion.
  Value clamped =
      select(compare(Order::Gt, x, number(from, low)), x, number(from, low));
  Value tooLarge = compare(Order::Ge, clamped, top);
  Value safe = select(tooLarge, number(from, 0), clamped);
  Value converted = toUnsigned ? op<arith::FPToUIOp>(to, safe)
                               : op<arith::FPToSIOp>(to, safe);
  Value max = arith::ConstantOp::create(b, loc, IntegerAttr::get(to, largest));
  Value result = select(tooLarge, max, converted);
  Value isNan = op<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
  return select(isNan, integer(to, 0), result);
}

/// A double as a float that rounds as the double does to any narrower type,
/// for processors convert from floats only: between two floats, the one whose
/// last bit is set (rounding to odd: Boldo and Melquiond, IEEE Transactions on
/// Computers 57(4), 2008).
Value ScalarBuilder::doubleToOddFloat(Value x) {
  Type f32 = b.getF32Type(), i32 = b.getI32Type();
  Value near = op<arith::TruncFOp>(f32, x);
  Value back = op<arith::ExtFOp>(x.getType(), near);
  Value isInexact = op<arith::CmpFOp>(arith::CmpFPredicate::ONE, back, x);
  Value isLarger =
      compare(Order::Gt, op<math::AbsFOp>(back), op<math::AbsFOp>(x));
  Value bits = op<arith::BitcastOp>(i32, near);
  Value lower = op<arith::SubIOp>(bits, op<arith::ExtUIOp>(i32, isLarger));
  Value odd = op<arith::OrIOp>(lower, integer(i32, 1));
  return op<arith::BitcastOp>(f32, select(isInexact, odd, bits));
}

Value ScalarBuilder::toFloat(Value x, bool fromUnsigned) {
  return x.getType().isF64() ? doubleToOddFloat(x)
                             : cast(x, fromUnsigned, b.getF32Type(), false);
}

Value ScalarBuilder::cast(Value x, bool fromUnsigned, Type to,
                          bool toUnsigned) {
  Type from = x.getType();
  if (from == to)
    return x;
  if (to.isInteger(1)) {
    return compare(Order::Ne, x, number(from, 0));
  }
  auto fromFloat = dyn_cast<FloatType>(from), toFloat = dyn_cast<FloatType>(to);
  if (fromFloat && toFloat) {
    if (fromFloat.getWidth() < toFloat.getWidth())
      return op<arith::ExtFOp>(to, x);
    if (fromFloat.isF64() && toFloat.getWidth() < 32)
      x = doubleToOddFloat(x);
    if (fromFloat.getWidth() > toFloat.getWidth())
      return op<arith::TruncFOp>(to, x);
    return op<arith::TruncFOp>(to, op<arith::ExtFOp>(b.getF32Type(), x));
  }
  if (fromFloat)
    return floatToInteger(x, cast_or_null<IntegerType>(to), toUnsigned);
  if (toFloat)
    return fromUnsigned ? op<arith::UIToFPOp>(to, x)
                        : op<arith::SIToFPOp>(to, x);
  unsigned fromWidth = from.getIntOrFloatBitWidth();
  unsigned toWidth = to.getIntOrFloatBitWidth();
  if (fromWidth > toWidth)
    return op<arith::TruncIOp>(to, x);
  return fromUnsigned ? op<arith::ExtUIOp>(to, x) : op<arith::ExtSIOp>(to, x);
}

Value ScalarBuilder::clampIndex(Value x, int64_t size) {
  Type index = b.getIndexType();
  if (!isa<IndexType>(x.getType()))
    x = op<arith::IndexCastOp>(index, x);
  Value zero = integer(index, 0);
  Value fromEnd = add(x, integer(index, size));
  x = select(compare(Order::Lt, x, zero), fromEnd, x);
  return op<arith::MinSIOp>(op<arith::MaxSIOp>(x, zero),
                            integer(index, size - 1));
}

} // namespace aicc::onnx
