//===- ElementwiseUnary.cpp - One input, element by element ---------------===//
//
// Each operator is one scalar function; the table below is the list.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

/// Adds an operator of one input and one output of the same shape.
/// `fn(op, s, x, isUnsigned)` makes the payload.
template <typename OpT, typename Fn>
static void addUnary(LoweringTable &table, Fn fn) {
  table.add<OpT>([fn](Operation *op, NodeContext &c) -> LogicalResult {
    Value input = op->getOperand(0), result = op->getResult(0);
    bool isUnsigned = isUnsignedElement(getElementTypeOrSelf(input.getType()));
    c.set(result, c.elementwise(c.get(input), c.shapeOfResult(result),
                                c.elementOfResult(result),
                                [&](ScalarBuilder &s, ValueRange v) {
                                  return fn(cast<OpT>(op), s, v[0], isUnsigned);
                                }));
    return success();
  });
}

/// Adds an operator that is one operation of the math dialect.
template <typename OpT, typename MathOp>
static void addMath(LoweringTable &table) {
  addUnary<OpT>(table, [](OpT, ScalarBuilder &s, Value x, bool) {
    return s.op<MathOp>(x);
  });
}

static double toDouble(APFloat value) { return value.convertToDouble(); }

/// x if x >= 0, else alpha * (exp(x / scale) - 1).
static Value elu(ScalarBuilder &s, Value x, double alpha, double scale) {
  Type t = x.getType();
  Value scaled = scale == 1 ? x : s.op<arith::DivFOp>(x, s.number(t, scale));
  Value below = s.mul(s.number(t, alpha), s.op<math::ExpM1Op>(scaled));
  return s.select(s.compare(Order::Ge, x, s.number(t, 0)), x, below);
}

static Value hardSigmoid(ScalarBuilder &s, Value x, double alpha, double beta) {
  Type t = x.getType();
  Value y = s.add(s.mul(x, s.number(t, alpha)), s.number(t, beta));
  return s.min(s.max(y, s.number(t, 0)), s.number(t, 1));
}

static Value gelu(GeluOp op, ScalarBuilder &s, Value x, bool) {
  Type t = x.getType();
  Value half = s.mul(x, s.number(t, 0.5)), one = s.number(t, 1);
  if (op.getApproximate() == "tanh") {
    Value cube = s.mul(s.mul(x, x), x);
    Value inner = s.add(x, s.mul(s.number(t, 0.044715), cube));
    inner = s.mul(s.number(t, std::sqrt(2 / M_PI)), inner);
    return s.mul(half, s.add(one, s.tanh(inner)));
  }
  Value scaled = s.mul(x, s.number(t, 1 / std::sqrt(2.0)));
  return s.mul(half, s.add(one, s.op<math::ErfOp>(scaled)));
}

static Value sign(ScalarBuilder &s, Value x, bool isUnsigned) {
  Type t = x.getType();
  Value zero = s.number(t, 0), one = s.number(t, 1);
  Value positive = s.compare(Order::Gt, x, zero, isUnsigned);
  if (isUnsigned)
    return s.select(positive, one, zero);
  Value negative = s.compare(Order::Lt, x, zero);
  // NaN and zero stay.
  return s.select(positive, one, s.select(negative, s.number(t, -1), x));
}

static Value isInf(IsInfOp op, ScalarBuilder &s, Value x, bool) {
  double inf = std::numeric_limits<double>::infinity();
  Value positive = s.compare(Order::Eq, x, s.number(x.getType(), inf));
  Value negative = s.compare(Order::Eq, x, s.number(x.getType(), -inf));
  if (op.getDetectNegative() && op.getDetectPositive())
    return s.op<arith::OrIOp>(positive, negative);
  if (op.getDetectPositive())
    return positive;
  return op.getDetectNegative() ? negative : s.integer(s.b.getI1Type(), 0);
}

static Value shrink(ShrinkOp op, ScalarBuilder &s, Value x, bool isUnsigned) {
  // Integers are compared and shifted as numbers, then cast back.
  Type t = x.getType();
  Type compute = isa<FloatType>(t) ? t : s.b.getF64Type();
  Value y = s.cast(x, isUnsigned, compute, false);
  Value lambd = s.number(compute, toDouble(op.getLambd()));
  Value bias = s.number(compute, toDouble(op.getBias()));
  Value below = s.compare(Order::Lt, y, s.neg(lambd));
  Value above = s.compare(Order::Gt, y, lambd);
  Value result =
      s.select(below, s.add(y, bias),
               s.select(above, s.sub(y, bias), s.number(compute, 0)));
  return s.cast(result, false, t, isUnsigned);
}

static void addActivations(LoweringTable &table) {
  addUnary<ReluOp>(table, [](ReluOp, ScalarBuilder &s, Value x, bool) {
    return s.max(s.number(x.getType(), 0), x);
  });
  addUnary<SigmoidOp>(table, [](SigmoidOp, ScalarBuilder &s, Value x, bool) {
    return s.sigmoid(x);
  });
  addUnary<SoftplusOp>(table, [](SoftplusOp, ScalarBuilder &s, Value x, bool) {
    return s.softplus(x);
  });
  addUnary<SoftsignOp>(table, [](SoftsignOp, ScalarBuilder &s, Value x, bool) {
    return s.op<arith::DivFOp>(x, s.add(s.number(x.getType(), 1), s.abs(x)));
  });
  addUnary<HardSigmoidOp>(table, [](HardSigmoidOp op, ScalarBuilder &s, Value x,
                                    bool) {
    return hardSigmoid(s, x, toDouble(op.getAlpha()), toDouble(op.getBeta()));
  });
  addUnary<HardSwishOp>(table,
                        [](HardSwishOp, ScalarBuilder &s, Value x, bool) {
                          return s.mul(x, hardSigmoid(s, x, 1.0 / 6, 0.5));
                        });
  addUnary<LeakyReluOp>(
      table, [](LeakyReluOp op, ScalarBuilder &s, Value x, bool) {
        Type t = x.getType();
        Value below = s.mul(x, s.number(t, toDouble(op.getAlpha())));
        return s.select(s.compare(Order::Lt, x, s.number(t, 0)), below, x);
      });
  addUnary<EluOp>(table, [](EluOp op, ScalarBuilder &s, Value x, bool) {
    return elu(s, x, toDouble(op.getAlpha()), 1);
  });
  addUnary<CeluOp>(table, [](CeluOp op, ScalarBuilder &s, Value x, bool) {
    double alpha = toDouble(op.getAlpha());
    return elu(s, x, alpha, alpha);
  });
  addUnary<SeluOp>(table, [](SeluOp op, ScalarBuilder &s, Value x, bool) {
    Value y = elu(s, x, toDouble(op.getAlpha()), 1);
    return s.mul(y, s.number(x.getType(), toDouble(op.getGamma())));
  });
  addUnary<GeluOp>(table, gelu);
  addUnary<MishOp>(table, [](MishOp, ScalarBuilder &s, Value x, bool) {
    return s.mul(x, s.tanh(s.softplus(x)));
  });
  addUnary<SwishOp>(table, [](SwishOp op, ScalarBuilder &s, Value x, bool) {
    Value scaled = s.mul(x, s.number(x.getType(), toDouble(op.getAlpha())));
    return s.mul(x, s.sigmoid(scaled));
  });
  addUnary<ThresholdedReluOp>(table, [](ThresholdedReluOp op, ScalarBuilder &s,
                                        Value x, bool) {
    Type t = x.getType();
    Value above = s.compare(Order::Gt, x, s.number(t, toDouble(op.getAlpha())));
    return s.select(above, x, s.number(t, 0));
  });
  addUnary<ShrinkOp>(table, shrink);
}

static void addRounding(LoweringTable &table) {
  addMath<CeilOp, math::CeilOp>(table);
  addMath<FloorOp, math::FloorOp>(table);
  addMath<RoundOp, math::RoundEvenOp>(table); // Half to even.
}

void populateElementwiseUnaryLowering(LoweringTable &table) {
  addActivations(table);
  addRounding(table);
  addMath<ExpOp, math::ExpOp>(table);
  addMath<LogOp, math::LogOp>(table);
  addMath<SqrtOp, math::SqrtOp>(table);
  addMath<ErfOp, math::ErfOp>(table);
  addMath<TanhOp, math::TanhOp>(table);
  addMath<SinOp, math::SinOp>(table);
  addMath<CosOp, math::CosOp>(table);
  addMath<TanOp, math::TanOp>(table);
  addMath<AsinOp, math::AsinOp>(table);
  addMath<AcosOp, math::AcosOp>(table);
  addMath<AtanOp, math::AtanOp>(table);
  addMath<SinhOp, math::SinhOp>(table);
  addMath<CoshOp, math::CoshOp>(table);
  addMath<AsinhOp, math::AsinhOp>(table);
  addMath<AcoshOp, math::AcoshOp>(table);
  addMath<AtanhOp, math::AtanhOp>(table);
  addUnary<AbsOp>(table, [](AbsOp, ScalarBuilder &s, Value x, bool u) {
    return s.abs(x, u);
  });
  addUnary<NegOp>(
      table, [](NegOp, ScalarBuilder &s, Value x, bool) { return s.neg(x); });
  addUnary<ReciprocalOp>(
      table, [](ReciprocalOp, ScalarBuilder &s, Value x, bool) {
        return s.op<arith::DivFOp>(s.number(x.getType(), 1), x);
      });
  addUnary<SignOp>(table, [](SignOp, ScalarBuilder &s, Value x, bool u) {
    return sign(s, x, u);
  });
  addUnary<NotOp>(table, [](NotOp, ScalarBuilder &s, Value x, bool) {
    return s.op<arith::XOrIOp>(x, s.integer(x.getType(), 1));
  });
  addUnary<BitwiseNotOp>(
      table, [](BitwiseNotOp, ScalarBuilder &s, Value x, bool) {
        return s.op<arith::XOrIOp>(x, s.integer(x.getType(), -1));
      });
  addUnary<IsNaNOp>(table, [](IsNaNOp, ScalarBuilder &s, Value x, bool) {
    return s.op<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
  });
  addUnary<IsInfOp>(table, isInf);
}

} // namespace aicc::onnx
