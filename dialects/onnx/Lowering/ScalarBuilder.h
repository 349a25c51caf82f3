//===- ScalarBuilder.h - Scalar arithmetic of payloads ----------*- C++ -*-===//
//
// What the bodies of linalg.generic are written with: one spelling for floats
// and integers, with ONNX's meaning and no undefined behaviour whatever the
// data: integer division by zero, INT_MIN / -1, wide shifts and casts out of
// range all have defined results.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_ONNX_LOWERING_SCALARBUILDER_H
#define DIALECTS_ONNX_LOWERING_SCALARBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace aicc::onnx {

class ScalarBuilder {
public:
  ScalarBuilder(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  mlir::OpBuilder &b;
  mlir::Location loc;

  template <typename OpT, typename... Args> mlir::Value op(Args &&...args) {
    return OpT::create(b, loc, std::forward<Args>(args)...);
  }

  /// A constant of a float, integer or index type.
  mlir::Value number(mlir::Type type, double value);
  mlir::Value integer(mlir::Type type, int64_t value);

  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  /// Integers truncate; x / 0 is 0 and INT_MIN / -1 wraps to INT_MIN.
  mlir::Value div(mlir::Value x, mlir::Value y, bool isUnsigned);
  /// The remainder with the divisor's sign, or with the dividend's if `fmod`;
  /// of integers, x mod 0 is 0.
  mlir::Value mod(mlir::Value x, mlir::Value y, bool isUnsigned, bool fmod);
  mlir::Value neg(mlir::Value x);
  mlir::Value abs(mlir::Value x, bool isUnsigned = false);
  /// NaN in either operand gives NaN.
  mlir::Value max(mlir::Value x, mlir::Value y, bool isUnsigned = false);
  mlir::Value min(mlir::Value x, mlir::Value y, bool isUnsigned = false);
  /// x^y of integers, wrapping; a negative y gives what 1 / x^-y truncates to.
  mlir::Value integerPower(mlir::Value x, mlir::Value y, bool isUnsigned);
  /// Shifts, as if the width had no end: by the width or more (or by a negative
  /// amount) gives 0, or the sign where it is shifted in.
  mlir::Value shift(mlir::Value x, mlir::Value amount, bool left,
                    bool isUnsigned);

  enum class Order { Eq, Ne, Lt, Le, Gt, Ge };
  /// Of floats: false if either is NaN, except for Ne.
  mlir::Value compare(Order order, mlir::Value x, mlir::Value y,
                      bool isUnsigned = false);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);

  mlir::Value exp(mlir::Value x) { return op<mlir::math::ExpOp>(x); }
  mlir::Value log(mlir::Value x) { return op<mlir::math::LogOp>(x); }
  mlir::Value sqrt(mlir::Value x) { return op<mlir::math::SqrtOp>(x); }
  mlir::Value tanh(mlir::Value x) { return op<mlir::math::TanhOp>(x); }
  /// 1 / (1 + exp(-x)).
  mlir::Value sigmoid(mlir::Value x);
  /// log(1 + exp(x)), without overflow.
  mlir::Value softplus(mlir::Value x);

  /// Numeric conversion, as ONNX's Cast: float to integer truncates, then
  /// saturates, NaN gives 0; integers wrap; to i1 is "not zero".
  mlir::Value cast(mlir::Value x, bool fromUnsigned, mlir::Type to,
                   bool toUnsigned);
  /// A number as f32; a double so that it rounds to anything narrower as it
  /// would by itself.
  mlir::Value toFloat(mlir::Value x, bool fromUnsigned);
  /// An ONNX index (negative counts from the end) as an `index` value that is
  /// in [0, size) whatever the data.
  mlir::Value clampIndex(mlir::Value x, int64_t size);

private:
  mlir::Value doubleToOddFloat(mlir::Value x);
  mlir::Value floatToInteger(mlir::Value x, mlir::IntegerType to,
                             bool toUnsigned);
};

/// Whether values of this ONNX element type are unsigned (bool counts).
inline bool isUnsignedElement(mlir::Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_SCALARBUILDER_H
