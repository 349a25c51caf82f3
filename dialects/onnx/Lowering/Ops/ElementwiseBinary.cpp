//===- ElementwiseBinary.cpp - Two or more inputs, with broadcasting ------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include <limits>

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

/// Adds an operator of inputs that broadcast to its one output.
/// `fn(op, s, values, isUnsigned)`: the values of one position; `isUnsigned`
/// speaks of the first input.
template <typename OpT, typename Fn>
static void addNary(LoweringTable &table, Fn fn) {
  table.add<OpT>([fn](Operation *op, NodeContext &c) -> LogicalResult {
    SmallVector<Value> inputs;
    for (Value input : op->getOperands())
      inputs.push_back(c.get(input));
    bool isUnsigned =
        isUnsignedElement(getElementTypeOrSelf(op->getOperand(0).getType()));
    Value result = op->getResult(0);
    c.set(result, c.elementwise(inputs, c.shapeOfResult(result),
                                c.elementOfResult(result),
                                [&](ScalarBuilder &s, ValueRange v) {
                                  return fn(cast<OpT>(op), s, v, isUnsigned);
                                }));
    return success();
  });
}

template <typename OpT>
static void addComparison(LoweringTable &table, Order order) {
  addNary<OpT>(table, [order](OpT, ScalarBuilder &s, ValueRange v, bool u) {
    return s.compare(order, v[0], v[1], u);
  });
}

template <typename OpT, typename ArithOp>
static void addArith(LoweringTable &table) {
  addNary<OpT>(table, [](OpT, ScalarBuilder &s, ValueRange v, bool) {
    return s.op<ArithOp>(v[0], v[1]);
  });
}

/// Folds all inputs with a binary scalar function.
template <typename OpT, typename Fn>
static void addFold(LoweringTable &table, Fn fn) {
  addNary<OpT>(table, [fn](OpT, ScalarBuilder &s, ValueRange v, bool u) {
    Value result = v[0];
    for (Value value : v.drop_front())
      result = fn(s, result, value, u);
    return result;
  });
}

//===----------------------------------------------------------------------===//
// Pow
//===----------------------------------------------------------------------===//

/// x^p for the exponents that need no pow(); null for the others.
static Value powerByConstant(ScalarBuilder &s, Value x, double p) {
  Type t = x.getType();
  if (p == 1)
    return x;
  if (p == 2)
    return s.mul(x, x);
  if (p == 3)
    return s.mul(s.mul(x, x), x);
  if (p == 4) {
    Value square = s.mul(x, x);
    return s.mul(square, square);
  }
  if (!isa<FloatType>(t))
    return {};
  // pow(-0, 0.5) is 0 and pow(-inf, 0.5) is inf, unlike sqrt; the sign of zero
  // is all that adding 0 has to repair, and |x| of an infinity.
  if (p == 0.5)
    return s.select(
        s.compare(Order::Eq, x,
                  s.number(t, -std::numeric_limits<double>::infinity())),
        s.number(t, std::numeric_limits<double>::infinity()),
        s.sqrt(s.add(x, s.number(t, 0))));
  if (p == -1)
    return s.op<arith::DivFOp>(s.number(t, 1), x);
  return {};
}

static LogicalResult lowerPow(PowOp op, NodeContext &c) {
  Type baseType = getElementTypeOrSelf(op.getX().getType());
  Type exponentType = getElementTypeOrSelf(op.getY().getType());
  bool baseUnsigned = isUnsignedElement(baseType);
  bool exponentUnsigned = isUnsignedElement(exponentType);
  Value exponent = c.get(op.getY());
  TypedAttr constant = splatOf(exponent);
  std::optional<double> power;
  if (auto f = dyn_cast_if_present<FloatAttr>(constant))
    power = f.getValueAsDouble();
  else if (auto i = dyn_cast_if_present<IntegerAttr>(constant))
    power = exponentUnsigned ? double(i.getValue().getZExtValue())
                             : double(i.getValue().getSExtValue());
  auto body = [&](ScalarBuilder &s, ValueRange v) -> Value {
    Value x = v[0], y = v[1];
    if (power)
      if (Value result = powerByConstant(s, x, *power))
        return result;
    bool floatBase = isa<FloatType>(x.getType());
    bool floatExponent = isa<FloatType>(y.getType());
    if (floatBase)
      return s.op<math::PowFOp>(
          x, s.cast(y, exponentUnsigned, x.getType(), false));
    if (!floatExponent)
      return s.integerPower(x, s.cast(y, exponentUnsigned, x.getType(), false),
                            baseUnsigned);
    Type f64 = s.b.getF64Type();
    Value result = s.op<math::PowFOp>(s.cast(x, baseUnsigned, f64, false),
                                      s.cast(y, false, f64, false));
    return s.cast(result, false, x.getType(), baseUnsigned);
  };
  c.set(op.getZ(),
        c.elementwise({c.get(op.getX()), exponent}, c.shapeOfResult(op.getZ()),
                      c.elementOfResult(op.getZ()), body));
  return success();
}

//===----------------------------------------------------------------------===//
// Clip
//===----------------------------------------------------------------------===//

static LogicalResult lowerClip(ClipOp op, NodeContext &c) {
  SmallVector<Value> inputs{c.get(op.getInput())};
  bool hasMin = c.isPresent(op.getMin()), hasMax = c.isPresent(op.getMax());
  for (Value bound : {op.getMin(), op.getMax()})
    if (c.isPresent(bound))
      inputs.push_back(c.reshape(c.get(bound), {}));
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getInput().getType()));
  // Min(max, Max(min, x)): max wins where the bounds cross.
  c.set(op.getOutput(), c.elementwise(inputs, c.shapeOfResult(op.getOutput()),
                                      c.elementOfResult(op.getOutput()),
                                      [&](ScalarBuilder &s, ValueRange v) {
                                        Value x = v[0];
                                        if (hasMin)
                                          x = s.max(v[1], x, isUnsigned);
                                        if (hasMax)
                                          x = s.min(v[hasMin ? 2 : 1], x,
                                                    isUnsigned);
                                        return x;
                                      }));
  return success();
}

//===----------------------------------------------------------------------===//

static void addArithmetic(LoweringTable &table) {
  auto add = [](ScalarBuilder &s, Value x, Value y, bool) {
    return s.add(x, y);
  };
  addFold<AddOp>(table, add);
  addFold<SumOp>(table, add);
  addFold<SubOp>(table, [](ScalarBuilder &s, Value x, Value y, bool) {
    return s.sub(x, y);
  });
  addFold<MulOp>(table, [](ScalarBuilder &s, Value x, Value y, bool) {
    return s.mul(x, y);
  });
  addFold<DivOp>(table, [](ScalarBuilder &s, Value x, Value y, bool u) {
    return s.div(x, y, u);
  });
  addFold<MaxOp>(table, [](ScalarBuilder &s, Value x, Value y, bool u) {
    return s.max(x, y, u);
  });
  addFold<MinOp>(table, [](ScalarBuilder &s, Value x, Value y, bool u) {
    return s.min(x, y, u);
  });
  addNary<MeanOp>(table, [](MeanOp, ScalarBuilder &s, ValueRange v, bool) {
    Value sum = v[0];
    for (Value value : v.drop_front())
      sum = s.add(sum, value);
    return s.op<arith::DivFOp>(sum, s.number(sum.getType(), v.size()));
  });
  addNary<ModOp>(table, [](ModOp op, ScalarBuilder &s, ValueRange v, bool u) {
    return s.mod(v[0], v[1], u, op.getFmod());
  });
  addNary<PReluOp>(table, [](PReluOp, ScalarBuilder &s, ValueRange v, bool u) {
    Value below = s.compare(Order::Lt, v[0], s.number(v[0].getType(), 0), u);
    return s.select(below, s.mul(v[0], v[1]), v[0]);
  });
  addNary<SwiGLUOp>(
      table, [](SwiGLUOp op, ScalarBuilder &s, ValueRange v, bool) {
        Value alpha = s.number(v[0].getType(), op.getAlpha().convertToDouble());
        return s.mul(s.mul(v[0], s.sigmoid(s.mul(alpha, v[0]))), v[1]);
      });
}

void populateElementwiseBinaryLowering(LoweringTable &table) {
  addArithmetic(table);
  table.add<PowOp>(lowerPow);
  table.add<ClipOp>(lowerClip);
  addComparison<EqualOp>(table, Order::Eq);
  addComparison<LessOp>(table, Order::Lt);
  addComparison<LessOrEqualOp>(table, Order::Le);
  addComparison<GreaterOp>(table, Order::Gt);
  addComparison<GreaterOrEqualOp>(table, Order::Ge);
  addArith<AndOp, arith::AndIOp>(table);
  addArith<OrOp, arith::OrIOp>(table);
  addArith<XorOp, arith::XOrIOp>(table);
  addArith<BitwiseAndOp, arith::AndIOp>(table);
  addArith<BitwiseOrOp, arith::OrIOp>(table);
  addArith<BitwiseXorOp, arith::XOrIOp>(table);
  addNary<BitShiftOp>(
      table, [](BitShiftOp op, ScalarBuilder &s, ValueRange v, bool u) {
        return s.shift(v[0], v[1], op.getDirection() == "LEFT", u);
      });
  addNary<WhereOp>(table, [](WhereOp, ScalarBuilder &s, ValueRange v, bool) {
    return s.select(v[0], v[1], v[2]);
  });
}

} // namespace aicc::onnx
