//===- DoubleMath.cpp - Elementary functions in f64 arithmetic ------------===//
//
// Methods: argument reduction with constants split in parts (Cody and Waite,
// "Software Manual for the Elementary Functions", 1980), then a Taylor or
// atanh series long enough for f64 on the reduced range.
//
//===----------------------------------------------------------------------===//

#include "lib/Codegen/DoubleMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace aicc;

static constexpr double ln2Hi = 0x1.62e42fefa39efp-1;
static constexpr double ln2Lo = 0x1.abc9e3b39803fp-56;
static constexpr double log2e = 0x1.71547652b82fep0;
static constexpr double pi = 0x1.921fb54442d18p1;
static constexpr double infinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value DoubleMath::constant(double value) {
  TypedAttr attr = b.getF64FloatAttr(value);
  if (auto shaped = dyn_cast<ShapedType>(type))
    attr = DenseElementsAttr::get(shaped, value);
  return arith::ConstantOp::create(b, loc, attr);
}
Value DoubleMath::add(Value x, Value y) {
  return arith::AddFOp::create(b, loc, x, y);
}
Value DoubleMath::sub(Value x, Value y) {
  return arith::SubFOp::create(b, loc, x, y);
}
Value DoubleMath::mul(Value x, Value y) {
  return arith::MulFOp::create(b, loc, x, y);
}
Value DoubleMath::div(Value x, Value y) {
  return arith::DivFOp::create(b, loc, x, y);
}
Value DoubleMath::fma(Value x, Value y, Value z) {
  return math::FmaOp::create(b, loc, x, y, z);
}
Value DoubleMath::neg(Value x) { return arith::NegFOp::create(b, loc, x); }
Value DoubleMath::abs(Value x) { return math::AbsFOp::create(b, loc, x); }
Value DoubleMath::sqrt(Value x) { return math::SqrtOp::create(b, loc, x); }
Value DoubleMath::copySign(Value x, Value sign) {
  return math::CopySignOp::create(b, loc, x, sign);
}
Value DoubleMath::less(Value x, Value y) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
}
Value DoubleMath::equal(Value x, Value y) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
}
Value DoubleMath::isNan(Value x) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
}
Value DoubleMath::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}
Value DoubleMath::round(Value x) {
  return math::RoundEvenOp::create(b, loc, x);
}

Type DoubleMath::integerType(unsigned bits) {
  Type element = b.getIntegerType(bits);
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(element);
  return element;
}

Value DoubleMath::integer(int64_t value, unsigned bits) {
  TypedAttr attr = b.getIntegerAttr(b.getIntegerType(bits), value);
  if (isa<ShapedType>(type))
    attr = DenseElementsAttr::get(cast<ShapedType>(integerType(bits)),
                                  llvm::APInt(bits, value, true));
  return arith::ConstantOp::create(b, loc, attr);
}

Value DoubleMath::polynomial(Value x, ArrayRef<double> c) {
  Value sum = constant(c.back());
  for (double coefficient : llvm::reverse(c.drop_back()))
    sum = fma(sum, x, constant(coefficient));
  return sum;
}

Value DoubleMath::scale(Value x, Value n) {
  // 2^n in two factors, since one alone could be out of range.
  Type i64 = integerType(64), i32 = integerType(32);
  Value whole = arith::FPToSIOp::create(b, loc, i32, n);
  Value half = arith::ShRSIOp::create(b, loc, whole, integer(1, 32));
  Value rest = arith::SubIOp::create(b, loc, whole, half);
  for (Value part : {half, rest}) {
    Value wide = arith::ExtSIOp::create(b, loc, i64, part);
    Value biased = arith::AddIOp::create(b, loc, wide, integer(1023));
    Value bits = arith::ShLIOp::create(b, loc, biased, integer(52));
    x = mul(x, arith::BitcastOp::create(b, loc, type, bits));
  }
  return x;
}

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

Value DoubleMath::expm1Reduced(Value r) {
  SmallVector<double> c;
  double factorial = 1;
  for (int i = 1; i <= 14; ++i)
    c.push_back(1 / (factorial *= i));
  return mul(r, polynomial(r, c));
}

Value DoubleMath::exp(Value x) {
  // Results are 0 below and infinite above; NaN goes through as 0 and is put
  // back at the end, because it has no integer part.
  Value inside = select(less(x, constant(-746)), constant(-746), x);
  inside = select(less(constant(710), inside), constant(710), inside);
  inside = select(isNan(x), constant(0), inside);
  Value n = round(mul(inside, constant(log2e)));
  Value r = fma(n, constant(-ln2Hi), inside);
  r = fma(n, constant(-ln2Lo), r);
  Value result = scale(add(expm1Reduced(r), constant(1)), n);
  return select(isNan(x), x, result);
}

Value DoubleMath::exp2(Value x) {
  Value inside = select(less(x, constant(-1076)), constant(-1076), x);
  inside = select(less(constant(1025), inside), constant(1025), inside);
  inside = select(isNan(x), constant(0), inside);
  Value n = round(inside);
  Value r = mul(sub(inside, n), constant(ln2Hi));
  Value result = scale(add(expm1Reduced(r), constant(1)), n);
  return select(isNan(x), x, result);
}

Value DoubleMath::expm1(Value x) {
  Value small = less(abs(x), constant(0.34));
  // Large arguments would overflow in the side that is not used.
  Value reduced = expm1Reduced(select(small, x, constant(0)));
  // Keeps the sign of zero.
  reduced = select(equal(x, constant(0)), x, reduced);
  return select(small, reduced, sub(exp(x), constant(1)));
}

Value DoubleMath::halfExp(Value x) {
  Value root = exp(mul(x, constant(0.5)));
  return mul(mul(root, constant(0.5)), root);
}

Value DoubleMath::sinh(Value x) {
  Value a = abs(x);
  Value e = expm1(a);
  Value sum = add(e, div(e, add(e, constant(1))));
  return copySign(
      select(less(constant(700), a), halfExp(a), mul(sum, constant(0.5))), x);
}

Value DoubleMath::cosh(Value x) {
  Value a = abs(x);
  Value e = exp(a);
  return select(less(constant(700), a), halfExp(a),
                mul(add(e, div(constant(1), e)), constant(0.5)));
}

Value DoubleMath::tanh(Value x) {
  // Beyond 20 the result is 1 in f64.
  Value a = abs(x);
  Value inside = select(less(constant(20), a), constant(20), a);
  Value e = expm1(add(inside, inside));
  return copySign(div(e, add(e, constant(2))), x);
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

void DoubleMath::splitLog(Value x, Value &exponent, Value &logMantissa) {
  Type i64 = integerType(64);
  // Subnormal numbers have no exponent of their own.
  Value tiny = less(x, constant(0x1p-1022));
  Value normal = select(tiny, mul(x, constant(0x1p54)), x);
  Value bits = arith::BitcastOp::create(b, loc, i64, normal);
  // Adding 1 - sqrt(1/2) in the bits carries into the exponent exactly where
  // the mantissa is at least sqrt(2).
  Value shifted = arith::AddIOp::create(
      b, loc, bits, integer(0x3ff0000000000000 - 0x3fe6a09e667f3bcd));
  Value biased = arith::ShRUIOp::create(b, loc, shifted, integer(52));
  Value narrow = arith::TruncIOp::create(b, loc, integerType(32), biased);
  Value unbiased = arith::SubIOp::create(b, loc, narrow, integer(1023, 32));
  Value low =
      arith::AndIOp::create(b, loc, shifted, integer(0x000fffffffffffff));
  Value mantissaBits =
      arith::AddIOp::create(b, loc, low, integer(0x3fe6a09e667f3bcd));
  Value mantissa = arith::BitcastOp::create(b, loc, type, mantissaBits);
  exponent = arith::SIToFPOp::create(b, loc, type, unbiased);
  exponent = select(tiny, sub(exponent, constant(54)), exponent);

  // log(1 + f) = 2 atanh(s), s = f / (2 + f), written around f so that the
  // error of s counts for less: f - s (f - s^2 (2/3 + 2/5 s^2 + ...)).
  Value f = sub(mantissa, constant(1));
  Value s = div(f, add(f, constant(2)));
  Value s2 = mul(s, s);
  SmallVector<double> c;
  for (int i = 1; i <= 11; ++i)
    c.push_back(2.0 / (2 * i + 1));
  Value series = mul(s2, polynomial(s2, c));
  logMantissa = sub(f, mul(s, sub(f, series)));
}

Value DoubleMath::logEdges(Value x, Value inner) {
  Value nan = constant(std::numeric_limits<double>::quiet_NaN());
  inner = select(less(x, constant(0)), nan, inner);
  inner = select(equal(x, constant(0)), constant(-infinity), inner);
  inner = select(equal(x, constant(infinity)), x, inner);
  return select(isNan(x), x, inner);
}

Value DoubleMath::log(Value x) {
  Value exponent, mantissa;
  splitLog(x, exponent, mantissa);
  Value low = fma(exponent, constant(ln2Lo), mantissa);
  return logEdges(x, fma(exponent, constant(ln2Hi), low));
}

Value DoubleMath::log2(Value x) {
  Value exponent, mantissa;
  splitLog(x, exponent, mantissa);
  return logEdges(x, fma(mantissa, constant(log2e), exponent));
}

Value DoubleMath::log10(Value x) {
  return mul(log(x), constant(0x1.bcb7b1526e50ep-2));
}

Value DoubleMath::log1p(Value x) {
  Value u = add(x, constant(1));
  // What 1 + x lost, to first order.
  Value correction = div(sub(x, sub(u, constant(1))), u);
  Value usable = less(abs(x), constant(0x1p60));
  Value positive = less(constant(0), u);
  Value result = log(u);
  result =
      select(usable, select(positive, add(result, correction), result), result);
  return select(equal(x, constant(0)), x, result);
}

Value DoubleMath::asinh(Value x) {
  Value a = abs(x);
  Value a2 = mul(a, a);
  Value root = sqrt(add(a2, constant(1)));
  Value inner = log1p(add(a, div(a2, add(root, constant(1)))));
  Value large = add(log(a), constant(ln2Hi));
  return copySign(select(less(a, constant(0x1p28)), inner, large), x);
}

Value DoubleMath::acosh(Value x) {
  Value t = sub(x, constant(1));
  Value inner = log1p(add(t, sqrt(fma(t, t, add(t, t)))));
  Value large = add(log(x), constant(ln2Hi));
  Value result = select(less(x, constant(0x1p28)), inner, large);
  // Also where t * t is so large that 2 t is lost.
  Value nan = constant(std::numeric_limits<double>::quiet_NaN());
  return select(less(x, constant(1)), nan, result);
}

Value DoubleMath::atanh(Value x) {
  Value a = abs(x);
  Value ratio = div(add(a, a), sub(constant(1), a));
  return copySign(mul(constant(0.5), log1p(ratio)), x);
}

Value DoubleMath::cbrt(Value x) {
  Value a = abs(x);
  Value y = exp(mul(log(a), constant(1.0 / 3)));
  // One step of Newton: y - (y^3 - a) / (3 y^2).
  Value y2 = mul(y, y);
  y = sub(y, div(fma(y2, y, neg(a)), mul(constant(3), y2)));
  Value edge = arith::OrIOp::create(b, loc, equal(a, constant(0)),
                                    equal(a, constant(infinity)));
  return copySign(select(edge, a, y), x);
}

Value DoubleMath::pow(Value x, Value y) {
  Value zero = constant(0), one = constant(1);
  Value magnitude = exp(mul(y, log(abs(x))));
  // A negative base needs a whole exponent, and an odd one keeps the sign.
  Value floor = math::FloorOp::create(b, loc, y);
  Value halfY = mul(y, constant(0.5));
  Value halfFloor = math::FloorOp::create(b, loc, halfY);
  Value whole = equal(y, floor);
  Value even = equal(halfY, halfFloor);
  Value odd = arith::AndIOp::create(
      b, loc, whole, arith::XOrIOp::create(b, loc, even, integer(1, 1)));
  Value withSign = select(odd, copySign(magnitude, x), magnitude);
  Value nan = constant(std::numeric_limits<double>::quiet_NaN());
  Value finiteBase = less(abs(x), constant(infinity));
  Value bad = arith::AndIOp::create(b, loc, less(x, zero), finiteBase);
  bad = arith::AndIOp::create(
      b, loc, bad, arith::XOrIOp::create(b, loc, whole, integer(1, 1)));
  Value result = select(bad, nan, withSign);
  // 0 * inf in the product: |x| = 1, or y = 0.
  Value infiniteY = equal(abs(y), constant(infinity));
  Value unit = arith::AndIOp::create(b, loc, equal(abs(x), one), infiniteY);
  result = select(unit, one, result);
  result = select(equal(x, one), one, result);
  return select(equal(y, zero), one, result);
}

//===----------------------------------------------------------------------===//
// Trigonometry
//===----------------------------------------------------------------------===//

Value DoubleMath::sinCos(Value x, int64_t quarter) {
  Value usable = less(abs(x), constant(0x1p40));
  Value inside = select(usable, x, constant(0));
  Value n = round(mul(inside, constant(2 / pi)));
  // pi / 2 in three parts of 53 bits.
  Value r = fma(n, constant(-0x1.921fb54442d18p0), inside);
  r = fma(n, constant(-0x1.1a62633145c07p-54), r);
  r = fma(n, constant(0x1.f1976b7ed8fbcp-110), r);
  Value r2 = mul(r, r);

  SmallVector<double> s, c;
  double factorial = 1;
  for (int i = 0; i <= 18; ++i) {
    double sign = i / 2 % 2 ? -1 : 1;
    (i % 2 ? s : c).push_back(sign / factorial);
    factorial *= i + 1;
  }
  Value sine = mul(r, polynomial(r2, s));
  // The sign of zero.
  sine = select(equal(r, constant(0)), r, sine);
  Value cosine = polynomial(r2, c);

  // Quadrant: n modulo 4, and one more for the cosine.
  Value quotient = math::FloorOp::create(b, loc, mul(n, constant(0.25)));
  Value modulo = fma(quotient, constant(-4), n);
  Value q = arith::FPToSIOp::create(b, loc, integerType(32), modulo);
  q = arith::AddIOp::create(b, loc, q, integer(quarter, 32));
  auto bit = [&](int64_t mask) -> Value {
    Value masked = arith::AndIOp::create(b, loc, q, integer(mask, 32));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, masked,
                                 integer(0, 32));
  };
  Value result = select(bit(1), cosine, sine);
  result = select(bit(2), neg(result), result);
  // NaN and the infinities: x - x is NaN.
  Value finite = less(abs(x), constant(infinity));
  return select(finite, result, sub(x, x));
}

Value DoubleMath::atan(Value x) {
  // To [0, 1] by atan(a) = pi/2 - atan(1/a), then to |t| <= tan(pi/16) by two
  // steps of atan(t) = atan(u) + atan((t - u) / (1 + t u)).
  Value a = abs(x);
  Value large = less(constant(1), a);
  Value t = select(large, div(constant(1), a), a);
  Value angle = constant(0);
  struct Step {
    double tangent, angle, above;
  };
  for (Step step : {Step{0x1.a827999fcef32p-2, pi / 8, 0x1.975f5e0553158p-3},
                    Step{0x1.975f5e0553158p-3, pi / 16, 0.09849140335716425}}) {
    Value above = less(constant(step.above), t);
    Value reduced = div(sub(t, constant(step.tangent)),
                        fma(t, constant(step.tangent), constant(1)));
    t = select(above, reduced, t);
    angle = select(above, add(angle, constant(step.angle)), angle);
  }
  SmallVector<double> c;
  for (int i = 0; i <= 12; ++i)
    c.push_back((i % 2 ? -1.0 : 1.0) / (2 * i + 1));
  Value small = mul(t, polynomial(mul(t, t), c));
  Value result = add(angle, small);
  result = select(large, sub(constant(pi / 2), result), result);
  return select(isNan(x), x, copySign(result, x));
}

Value DoubleMath::asin(Value x) {
  Value one = constant(1);
  return atan(div(x, sqrt(mul(sub(one, x), add(one, x)))));
}

Value DoubleMath::acos(Value x) {
  Value one = constant(1);
  Value half = atan(sqrt(div(sub(one, x), add(one, x))));
  return add(half, half);
}

Value DoubleMath::atan2(Value y, Value x) {
  // Infinities stand for the largest ratio that still tells them apart.
  Value inner = atan(div(abs(y), abs(x)));
  Value bothInfinite =
      arith::AndIOp::create(b, loc, equal(abs(y), constant(infinity)),
                            equal(abs(x), constant(infinity)));
  inner = select(bothInfinite, constant(pi / 4), inner);
  Value bothZero = arith::AndIOp::create(b, loc, equal(y, constant(0)),
                                         equal(x, constant(0)));
  inner = select(bothZero, constant(0), inner);
  // The sign of x counts even if it is a zero.
  Value negative = less(copySign(constant(1), x), constant(0));
  Value result = select(negative, sub(constant(pi), inner), inner);
  Value nan = arith::OrIOp::create(b, loc, isNan(x), isNan(y));
  return select(nan, add(x, y), copySign(result, y));
}
