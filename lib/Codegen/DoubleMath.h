//===- DoubleMath.h - Elementary functions in f64 arithmetic ----*- C++ -*-===//
//
// Builders of elementary functions on f64 scalars or vectors, accurate to a
// few units in the last place of f64. For f32 functions, computing in f64 and
// rounding once gives nearly correct results and needs no special care; the
// functions that inner loops live on (exp, tanh, erf, log) have f32
// polynomials instead.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_CODEGEN_DOUBLEMATH_H
#define AICC_LIB_CODEGEN_DOUBLEMATH_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace aicc {

/// Builds at one place in the IR; every value is f64 or a vector of f64.
class DoubleMath {
public:
  DoubleMath(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type)
      : b(builder), loc(loc), type(type) {}

  mlir::Value exp(mlir::Value x);
  mlir::Value exp2(mlir::Value x);
  mlir::Value expm1(mlir::Value x);
  mlir::Value log(mlir::Value x);
  mlir::Value log2(mlir::Value x);
  mlir::Value log10(mlir::Value x);
  mlir::Value log1p(mlir::Value x);
  /// Exact reduction up to |x| = 2^40; beyond, where an f32 argument is a
  /// multiple of 2^17, the angle counts as 0.
  mlir::Value sin(mlir::Value x) { return sinCos(x, 0); }
  mlir::Value cos(mlir::Value x) { return sinCos(x, 1); }
  mlir::Value tan(mlir::Value x) { return div(sin(x), cos(x)); }
  mlir::Value asin(mlir::Value x);
  mlir::Value acos(mlir::Value x);
  mlir::Value atan(mlir::Value x);
  mlir::Value atan2(mlir::Value y, mlir::Value x);
  mlir::Value sinh(mlir::Value x);
  mlir::Value cosh(mlir::Value x);
  mlir::Value tanh(mlir::Value x);
  mlir::Value asinh(mlir::Value x);
  mlir::Value acosh(mlir::Value x);
  mlir::Value atanh(mlir::Value x);
  mlir::Value cbrt(mlir::Value x);
  /// C's pow. Good for f32 results only: the error grows with the exponent.
  mlir::Value pow(mlir::Value x, mlir::Value y);

private:
  mlir::Value constant(double value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value div(mlir::Value x, mlir::Value y);
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);
  mlir::Value neg(mlir::Value x);
  mlir::Value abs(mlir::Value x);
  mlir::Value sqrt(mlir::Value x);
  mlir::Value copySign(mlir::Value x, mlir::Value sign);
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value equal(mlir::Value x, mlir::Value y);
  mlir::Value isNan(mlir::Value x);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value round(mlir::Value x);
  mlir::Type integerType(unsigned bits);
  mlir::Value integer(int64_t value, unsigned bits = 64);
  /// Sum of c[i] x^i.
  mlir::Value polynomial(mlir::Value x, llvm::ArrayRef<double> c);
  /// x * 2^n for a whole n with |n| < 2200, also where that is subnormal.
  mlir::Value scale(mlir::Value x, mlir::Value n);
  /// e^r - 1 for |r| <= 0.35.
  mlir::Value expm1Reduced(mlir::Value r);
  /// e^x / 2, also where e^x overflows.
  mlir::Value halfExp(mlir::Value x);
  /// exponent + log(mantissa) with the mantissa in [sqrt(1/2), sqrt(2)).
  void splitLog(mlir::Value x, mlir::Value &exponent, mlir::Value &logMantissa);
  /// The value of log where splitLog does not hold: 0, negative, inf, NaN.
  mlir::Value logEdges(mlir::Value x, mlir::Value inner);
  mlir::Value sinCos(mlir::Value x, int64_t quarter);

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
};

} // namespace aicc

#endif // AICC_LIB_CODEGEN_DOUBLEMATH_H
