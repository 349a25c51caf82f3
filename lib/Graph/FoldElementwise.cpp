//===- FoldElementwise.cpp - Elementwise operations on constants ----------===//
//
// Floats are calculated in double and rounded once to the element type, which
// for + - * / and sqrt is what calculating in that type gives. Integers wrap;
// x / 0 is 0 and INT_MIN / -1 is INT_MIN, so that no model can trap here or,
// since the generated code does the same, at run time.
//
//===----------------------------------------------------------------------===//

#include "Folding.h"

#include "aicc/Graph/IntegerSemantics.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include <cmath>

using namespace mlir;

namespace aicc::graph {

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

/// Applies `fn` to every element, as reals.
template <typename Fn> static FoldResults mapReal(FoldContext &context, Fn fn) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || in->shape() != type.getShape())
    return {};
  auto out = context.make(type, in->isSplat());
  if (!out)
    return {};
  int64_t count = in->isSplat() ? std::min<int64_t>(1, in->numElements())
                                : in->numElements();
  bool toFloat = out->format().isFloat();
  for (int64_t i = 0; i < count; ++i) {
    double value = fn(in->real(i));
    if (toFloat)
      out->setReal(i, value);
    else
      out->setInteger(i, realToInteger(value, out->format()));
  }
  return {*out};
}

/// Applies `fn` to every element of an integer tensor.
template <typename Fn>
static FoldResults mapInteger(FoldContext &context, Fn fn) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || in->shape() != type.getShape())
    return {};
  auto out = context.make(type, in->isSplat());
  if (!out || out->format().isFloat())
    return {};
  int64_t count = in->isSplat() ? std::min<int64_t>(1, in->numElements())
                                : in->numElements();
  for (int64_t i = 0; i < count; ++i)
    out->setInteger(i, fn(in->integer(i)));
  return {*out};
}

/// A function of floats only.
template <double (*Fn)(double)> static FoldResults foldReal(FoldContext &c) {
  if (!c.operand(0) || !c.operand(0)->format().isFloat())
    return {};
  return mapReal(c, Fn);
}

static bool isUnsigned(const ElementFormat &format) {
  return format.kind == ElementFormat::Class::Unsigned;
}

static int64_t negate(int64_t value) {
  return static_cast<int64_t>(-static_cast<uint64_t>(value));
}

static FoldResults foldAbs(FoldContext &c) {
  const ConstantTensor *in = c.operand(0);
  if (in && !in->format().isFloat()) {
    bool plain = isUnsigned(in->format());
    return mapInteger(
        c, [plain](int64_t v) { return plain || v >= 0 ? v : negate(v); });
  }
  return mapReal(c, [](double v) { return std::fabs(v); });
}

static FoldResults foldNeg(FoldContext &c) {
  const ConstantTensor *in = c.operand(0);
  if (in && !in->format().isFloat())
    return mapInteger(c, negate);
  return mapReal(c, [](double v) { return -v; });
}

static FoldResults foldSign(FoldContext &c) {
  return mapReal(c, [](double v) { return v > 0 ? 1.0 : v < 0 ? -1.0 : v; });
}

static FoldResults foldRelu(FoldContext &c) {
  const ConstantTensor *in = c.operand(0);
  if (in && !in->format().isFloat())
    return mapInteger(c, [](int64_t v) { return v > 0 ? v : 0; });
  return mapReal(c, [](double v) { return v < 0 ? 0.0 : v; });
}

static FoldResults foldNot(FoldContext &c) {
  return mapInteger(c, [](int64_t v) { return int64_t(v == 0); });
}

static FoldResults foldBitwiseNot(FoldContext &c) {
  return mapInteger(c, [](int64_t v) { return ~v; });
}

static FoldResults foldIsNaN(FoldContext &c) {
  return mapReal(c, [](double v) { return std::isnan(v) ? 1.0 : 0.0; });
}

static double reciprocal(double v) { return 1 / v; }
static double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }
static double roundEven(double v) { return std::nearbyint(v); }

static FoldResults foldLeakyRelu(FoldContext &c) {
  double alpha = cast<onnx::LeakyReluOp>(c.op).getAlpha().convertToFloat();
  return mapReal(c, [=](double v) { return v < 0 ? alpha * v : v; });
}

static double hardSigmoid(double v, double alpha, double beta) {
  return std::fmax(0, std::fmin(1, alpha * v + beta));
}

static FoldResults foldHardSigmoid(FoldContext &c) {
  auto op = cast<onnx::HardSigmoidOp>(c.op);
  double alpha = op.getAlpha().convertToFloat();
  double beta = op.getBeta().convertToFloat();
  return mapReal(c, [=](double v) { return hardSigmoid(v, alpha, beta); });
}

static double hardSwish(double v) { return v * hardSigmoid(v, 1.0 / 6, 0.5); }

static FoldResults foldElu(FoldContext &c) {
  double alpha = cast<onnx::EluOp>(c.op).getAlpha().convertToFloat();
  return mapReal(c,
                 [=](double v) { return v < 0 ? alpha * std::expm1(v) : v; });
}

static double softplus(double v) {
  return std::fmax(v, 0) + std::log1p(std::exp(-std::fabs(v)));
}

/// x / 2 * (1 + erf(x / sqrt(2))), or its approximation by tanh.
static FoldResults foldGelu(FoldContext &c) {
  if (cast<onnx::GeluOp>(c.op).getApproximate() == "none")
    return mapReal(
        c, [](double v) { return 0.5 * v * (1 + std::erf(v * M_SQRT1_2)); });
  return mapReal(c, [](double v) {
    double inner = M_2_SQRTPI * M_SQRT1_2 * (v + 0.044715 * v * v * v);
    return 0.5 * v * (1 + std::tanh(inner));
  });
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

/// Calls `fn(i, a, b)` for every element of the broadcast of two constants,
/// once if both are splats.
template <typename Fn>
static FoldResults forEachPair(FoldContext &context, Fn fn) {
  const ConstantTensor *a = context.operand(0), *b = context.operand(1);
  RankedTensorType type = context.resultType();
  if (!a || !b || !type || !broadcastsTo(a->shape(), type.getShape()) ||
      !broadcastsTo(b->shape(), type.getShape()))
    return {};
  bool splat =
      a->isSplat() && b->isSplat() && *countElements(type.getShape()) != 0;
  auto out = context.make(type, splat);
  if (!out)
    return {};
  if (splat) {
    fn(*out, 0, 0, 0);
    return {*out};
  }
  SmallVector<SmallVector<int64_t>> strides{
      broadcastStrides(a->shape(), type.getShape()),
      broadcastStrides(b->shape(), type.getShape())};
  for (Odometer at(type.getShape(), strides); !at.done(); at.next())
    fn(*out, at.linear(), at.offset(0), at.offset(1));
  return {*out};
}

using RealFn = double (*)(double, double);
using IntegerFn = int64_t (*)(int64_t, int64_t, const ElementFormat &);

/// Arithmetic on floats or integers of one type.
template <RealFn Real, IntegerFn Integer>
static FoldResults foldArithmetic(FoldContext &context) {
  const ConstantTensor *a = context.operand(0), *b = context.operand(1);
  if (!a || !b)
    return {};
  if (a->format().isFloat() && b->format().isFloat())
    return forEachPair(
        context, [&](ConstantTensor &out, int64_t i, int64_t j, int64_t k) {
          out.setReal(i, Real(a->real(j), b->real(k)));
        });
  if (a->format().isFloat() || b->format().isFloat())
    return {};
  return forEachPair(
      context, [&](ConstantTensor &out, int64_t i, int64_t j, int64_t k) {
        out.setInteger(i, Integer(a->integer(j), b->integer(k), a->format()));
      });
}

static double addReal(double a, double b) { return a + b; }
static double subReal(double a, double b) { return a - b; }
static double mulReal(double a, double b) { return a * b; }
static double divReal(double a, double b) { return a / b; }
static double minReal(double a, double b) {
  return std::isnan(a) || a < b ? a : b;
}
static double maxReal(double a, double b) {
  return std::isnan(a) || a > b ? a : b;
}

static uint64_t bitsOf(int64_t v) { return static_cast<uint64_t>(v); }
static int64_t addInteger(int64_t a, int64_t b, const ElementFormat &) {
  return static_cast<int64_t>(bitsOf(a) + bitsOf(b));
}
static int64_t subInteger(int64_t a, int64_t b, const ElementFormat &) {
  return static_cast<int64_t>(bitsOf(a) - bitsOf(b));
}
static int64_t mulInteger(int64_t a, int64_t b, const ElementFormat &) {
  return static_cast<int64_t>(bitsOf(a) * bitsOf(b));
}
static bool lessInteger(int64_t a, int64_t b, const ElementFormat &format) {
  return isUnsigned(format) ? bitsOf(a) < bitsOf(b) : a < b;
}
static int64_t minInteger(int64_t a, int64_t b, const ElementFormat &format) {
  return lessInteger(b, a, format) ? b : a;
}
static int64_t maxInteger(int64_t a, int64_t b, const ElementFormat &format) {
  return lessInteger(a, b, format) ? b : a;
}
static int64_t andInteger(int64_t a, int64_t b, const ElementFormat &) {
  return a & b;
}
static int64_t orInteger(int64_t a, int64_t b, const ElementFormat &) {
  return a | b;
}
static int64_t xorInteger(int64_t a, int64_t b, const ElementFormat &) {
  return a ^ b;
}

/// Bitwise and logical operations: integers and booleans only.
template <IntegerFn Integer> static FoldResults foldBits(FoldContext &c) {
  return foldArithmetic<nullptr, Integer>(c);
}

/// Min, Max and Sum of any number of operands, pair by pair.
template <RealFn Real, IntegerFn Integer>
static FoldResults foldVariadic(FoldContext &context) {
  // More than two operands are rare in what decides shapes.
  if (context.operands.size() == 1 && context.operand(0))
    return {*context.operand(0)};
  if (context.operands.size() != 2)
    return {};
  return foldArithmetic<Real, Integer>(context);
}

static FoldResults foldMod(FoldContext &context) {
  bool truncated = cast<onnx::ModOp>(context.op).getFmod() != 0;
  const ConstantTensor *a = context.operand(0), *b = context.operand(1);
  if (!a || !b)
    return {};
  if (a->format().isFloat()) {
    if (!truncated)
      return foldArithmetic<[](double x, double y) {
        double rest = std::fmod(x, y);
        return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
      },
                            nullptr>(context);
    return foldArithmetic<[](double x, double y) { return std::fmod(x, y); },
                          nullptr>(context);
  }
  return truncated ? foldBits<remInteger>(context)
                   : foldBits<modInteger>(context);
}

static FoldResults foldPow(FoldContext &context) {
  const ConstantTensor *a = context.operand(0), *b = context.operand(1);
  if (!a || !b)
    return {};
  return forEachPair(
      context, [&](ConstantTensor &out, int64_t i, int64_t j, int64_t k) {
        if (out.format().isFloat())
          return out.setReal(i, std::pow(a->real(j), b->real(k)));
        if (!b->format().isFloat())
          return out.setInteger(
              i, powInteger(a->integer(j), b->integer(k), b->format()));
        out.setInteger(
            i, realToInteger(std::pow(a->real(j), b->real(k)), out.format()));
      });
}

static FoldResults foldBitShift(FoldContext &context) {
  bool left = cast<onnx::BitShiftOp>(context.op).getDirection() == "LEFT";
  return left ? foldBits<shiftLeft>(context) : foldBits<shiftRight>(context);
}

//===----------------------------------------------------------------------===//
// Comparison and selection
//===----------------------------------------------------------------------===//

/// -1, 0, 1; 2 if either is NaN.
static int compareAt(const ConstantTensor &a, int64_t i,
                     const ConstantTensor &b, int64_t j) {
  if (a.format().isFloat()) {
    double x = a.real(i), y = b.real(j);
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
  }
  int64_t x = a.integer(i), y = b.integer(j);
  return x == y ? 0 : lessInteger(x, y, a.format()) ? -1 : 1;
}

template <bool (*Test)(int)> static FoldResults foldCompare(FoldContext &c) {
  const ConstantTensor *a = c.operand(0), *b = c.operand(1);
  if (!a || !b || a->format().isFloat() != b->format().isFloat())
    return {};
  return forEachPair(c,
                     [&](ConstantTensor &out, int64_t i, int64_t j, int64_t k) {
                       out.setInteger(i, Test(compareAt(*a, j, *b, k)));
                     });
}

static bool isEqual(int order) { return order == 0; }
static bool isLess(int order) { return order == -1; }
static bool isLessOrEqual(int order) { return order == -1 || order == 0; }
static bool isGreater(int order) { return order == 1; }
static bool isGreaterOrEqual(int order) { return order == 1 || order == 0; }

static FoldResults foldWhere(FoldContext &context) {
  const ConstantTensor *condition = context.operand(0);
  const ConstantTensor *x = context.operand(1), *y = context.operand(2);
  RankedTensorType type = context.resultType();
  if (!condition || !x || !y || !type)
    return {};
  SmallVector<SmallVector<int64_t>> strides;
  for (const ConstantTensor *each : {condition, x, y}) {
    if (!broadcastsTo(each->shape(), type.getShape()))
      return {};
    strides.push_back(broadcastStrides(each->shape(), type.getShape()));
  }
  bool splat = condition->isSplat() && x->isSplat() && y->isSplat() &&
               *countElements(type.getShape()) != 0;
  auto out = context.make(type, splat);
  if (!out)
    return {};
  if (splat) {
    out->setRaw(0, condition->raw(0) ? x->raw(0) : y->raw(0));
    return {*out};
  }
  for (Odometer at(type.getShape(), strides); !at.done(); at.next())
    out->setRaw(at.linear(), condition->raw(at.offset(0))
                                 ? x->raw(at.offset(1))
                                 : y->raw(at.offset(2)));
  return {*out};
}

static FoldResults foldClip(FoldContext &context) {
  const ConstantTensor *low = context.operand(1), *high = context.operand(2);
  const ConstantTensor *in = context.operand(0);
  if (!in || !context.allConstant() || (low && low->numElements() != 1) ||
      (high && high->numElements() != 1))
    return {};
  if (in->format().isFloat())
    return mapReal(context, [&](double v) {
      if (low && v < low->real(0))
        v = low->real(0);
      return high && v > high->real(0) ? high->real(0) : v;
    });
  ElementFormat format = in->format();
  return mapInteger(context, [&](int64_t v) {
    if (low)
      v = maxInteger(v, low->integer(0), format);
    return high ? minInteger(v, high->integer(0), format) : v;
  });
}

/// Cast and CastLike: the result type says to what.
static FoldResults foldCast(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || in->shape() != type.getShape())
    return {};
  if (in->type().getElementType() == type.getElementType())
    return {*in};
  ElementFormat to = *ElementFormat::get(type.getElementType());
  // Eight-bit floats saturate or not by attributes; they hold no shapes.
  if (to.isFloat() && to.bits < 16)
    return {};
  auto out = context.make(type, in->isSplat());
  if (!out)
    return {};
  int64_t count = in->isSplat() ? std::min<int64_t>(1, in->numElements())
                                : in->numElements();
  for (int64_t i = 0; i < count; ++i) {
    if (to.isFloat())
      out->setReal(i, in->real(i));
    else if (in->format().isFloat())
      out->setInteger(i, realToInteger(in->real(i), to));
    else
      out->setInteger(i, in->integer(i));
  }
  return {*out};
}

void addElementwiseFolds(FoldTable &t) {
  t["onnx.Abs"] = foldAbs;
  t["onnx.Neg"] = foldNeg;
  t["onnx.Sign"] = foldSign;
  t["onnx.Relu"] = foldRelu;
  t["onnx.LeakyRelu"] = foldLeakyRelu;
  t["onnx.HardSigmoid"] = foldHardSigmoid;
  t["onnx.HardSwish"] = foldReal<hardSwish>;
  t["onnx.Elu"] = foldElu;
  t["onnx.Softplus"] = foldReal<softplus>;
  t["onnx.Gelu"] = foldGelu;
  t["onnx.Not"] = foldNot;
  t["onnx.BitwiseNot"] = foldBitwiseNot;
  t["onnx.IsNaN"] = foldIsNaN;
  t["onnx.Floor"] = foldReal<std::floor>;
  t["onnx.Ceil"] = foldReal<std::ceil>;
  t["onnx.Round"] = foldReal<roundEven>;
  t["onnx.Sqrt"] = foldReal<std::sqrt>;
  t["onnx.Exp"] = foldReal<std::exp>;
  t["onnx.Log"] = foldReal<std::log>;
  t["onnx.Erf"] = foldReal<std::erf>;
  t["onnx.Sin"] = foldReal<std::sin>;
  t["onnx.Cos"] = foldReal<std::cos>;
  t["onnx.Tan"] = foldReal<std::tan>;
  t["onnx.Atan"] = foldReal<std::atan>;
  t["onnx.Tanh"] = foldReal<std::tanh>;
  t["onnx.Reciprocal"] = foldReal<reciprocal>;
  t["onnx.Sigmoid"] = foldReal<sigmoid>;

  t["onnx.Add"] = foldArithmetic<addReal, addInteger>;
  t["onnx.Sub"] = foldArithmetic<subReal, subInteger>;
  t["onnx.Mul"] = foldArithmetic<mulReal, mulInteger>;
  t["onnx.Div"] = foldArithmetic<divReal, divInteger>;
  t["onnx.Min"] = foldVariadic<minReal, minInteger>;
  t["onnx.Max"] = foldVariadic<maxReal, maxInteger>;
  t["onnx.Sum"] = foldVariadic<addReal, addInteger>;
  t["onnx.Mod"] = foldMod;
  t["onnx.Pow"] = foldPow;
  t["onnx.BitShift"] = foldBitShift;
  for (const char *name : {"onnx.And", "onnx.BitwiseAnd"})
    t[name] = foldBits<andInteger>;
  for (const char *name : {"onnx.Or", "onnx.BitwiseOr"})
    t[name] = foldBits<orInteger>;
  for (const char *name : {"onnx.Xor", "onnx.BitwiseXor"})
    t[name] = foldBits<xorInteger>;

  t["onnx.Equal"] = foldCompare<isEqual>;
  t["onnx.Less"] = foldCompare<isLess>;
  t["onnx.LessOrEqual"] = foldCompare<isLessOrEqual>;
  t["onnx.Greater"] = foldCompare<isGreater>;
  t["onnx.GreaterOrEqual"] = foldCompare<isGreaterOrEqual>;
  t["onnx.Where"] = foldWhere;
  t["onnx.Clip"] = foldClip;
  t["onnx.Cast"] = foldCast;
  t["onnx.CastLike"] = foldCast;
}

} // namespace aicc::graph
