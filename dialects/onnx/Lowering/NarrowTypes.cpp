//===- NarrowTypes.cpp - Types of at most eight bits ----------------------===//
//
// The formats are those of the OCP 8-bit Floating Point Specification (2023),
// the Microscaling Formats Specification (2023) and, with "UZ", of Noune et
// al., "8-bit Numerical Formats for Deep Neural Networks", 2022; what becomes
// of numbers that are too large is in ONNX's description of Cast.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NarrowTypes.h"

#include "llvm/ADT/APFloat.h"

#include <cmath>

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

namespace {
struct Format {
  int mantissa = 0, bias = 0;
  /// Without the sign: the largest number, what stands for larger ones, NaN.
  int64_t largest = 0, infinity = 0, nan = 0;
  /// There is no negative zero: its bits are the only NaN.
  bool hasOneZero = false;
};
} // namespace

static Format formatOf(Type element) {
  if (isa<Float8E4M3FNType>(element))
    return {3, 7, 0x7e, 0x7f, 0x7f, false};
  if (isa<Float8E4M3FNUZType>(element))
    return {3, 8, 0x7f, 0x80, 0x80, true};
  if (isa<Float8E5M2Type>(element))
    return {2, 15, 0x7b, 0x7c, 0x7e, false};
  if (isa<Float8E5M2FNUZType>(element))
    return {2, 16, 0x7f, 0x80, 0x80, true};
  // Four bits know neither infinity nor NaN, which becomes -0 as in ml_dtypes.
  return {1, 1, 0x7, 0x7, 0x8, false};
}

bool isNarrow(Type element) {
  if (isa<Float8E4M3FNType, Float8E4M3FNUZType, Float8E5M2Type,
          Float8E5M2FNUZType, Float8E8M0FNUType, Float4E2M1FNType>(element))
    return true;
  auto integer = dyn_cast<IntegerType>(element);
  return integer && (integer.getWidth() == 2 || integer.getWidth() == 4);
}

bool takesNarrow(Operation *op) {
  return isa<CastOp, CastLikeOp, QuantizeLinearOp, DequantizeLinearOp,
             ConstantOp, IdentityOp, ReshapeOp, FlattenOp, SqueezeOp,
             UnsqueezeOp, TransposeOp, ConcatOp, SplitOp, SliceOp, GatherOp,
             ExpandOp, TileOp, ShapeOp, SizeOp, IfOp, LoopOp, ScanOp>(op);
}

/// The number that `code` stands for.
static double numberOf(FloatType type, unsigned code) {
  if (isa<Float8E8M0FNUType>(type))
    return code == 0xff ? std::nan("") : std::ldexp(1.0, int(code) - 127);
  unsigned width = type.getWidth();
  llvm::APFloat value(type.getFloatSemantics(),
                      llvm::APInt(width, code & ((1u << width) - 1)));
  bool isLossy;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &isLossy);
  return value.convertToDouble();
}

NarrowCodec::NarrowCodec(NodeContext &context, Type element)
    : element(element) {
  auto type = dyn_cast<FloatType>(element);
  if (!type)
    return;
  SmallVector<double> numbers;
  for (unsigned code = 0; code < 256; ++code)
    numbers.push_back(numberOf(type, code));
  table = context.constantNumbers({256}, context.b.getF32Type(), numbers);
}

Value NarrowCodec::decode(ScalarBuilder &s, Value code) const {
  if (isFloat()) {
    Value index = s.op<arith::IndexCastUIOp>(s.b.getIndexType(), code);
    return s.op<tensor::ExtractOp>(table, index);
  }
  Type i32 = s.b.getI32Type();
  Value wide = s.op<arith::ExtUIOp>(i32, code);
  Value above = s.integer(i32, 32 - width());
  wide = s.op<arith::ShLIOp>(wide, above);
  return isUnsigned() ? s.op<arith::ShRUIOp>(wide, above)
                      : s.op<arith::ShRSIOp>(wide, above);
}

/// The exponent of a float is that of float8e8m0, rounded by its fraction.
Value NarrowCodec::encodePowerOfTwo(ScalarBuilder &s, Value bits,
                                    const NarrowRounding &rounding) const {
  Type i32 = bits.getType();
  auto number = [&](int64_t value) { return s.integer(i32, value); };
  Value exponent = s.op<arith::ShRUIOp>(bits, number(23));
  Value fraction = s.op<arith::AndIOp>(bits, number(0x7fffff));
  if (rounding.mode == "down")
    return exponent;
  Value isUp;
  if (rounding.mode == "nearest") {
    // Half way up from 0, which there is not, stays.
    Value half = number(0x400000);
    Value isTie =
        s.op<arith::AndIOp>(s.compare(Order::Eq, fraction, half),
                            s.compare(Order::Gt, exponent, number(0)));
    isUp = s.op<arith::OrIOp>(s.compare(Order::Gt, fraction, half), isTie);
  } else {
    isUp = s.compare(Order::Gt, fraction, number(0));
  }
  // Infinity and NaN are NaN already.
  int64_t last = rounding.saturate ? 0xfe : 0xff;
  isUp =
      s.op<arith::AndIOp>(isUp, s.compare(Order::Lt, exponent, number(last)));
  return s.add(exponent, s.op<arith::ExtUIOp>(i32, isUp));
}

/// The bits of |x| rounded, which may be above the largest number; `bits` are
/// those of |x| as f32, and no NaN.
Value NarrowCodec::magnitude(ScalarBuilder &s, Value bits) const {
  Format format = formatOf(element);
  Type i32 = bits.getType(), f32 = s.b.getF32Type();
  auto number = [&](int64_t value) { return s.integer(i32, value); };
  int64_t dropped = 23 - format.mantissa;
  Value isOdd = s.op<arith::AndIOp>(s.op<arith::ShRUIOp>(bits, number(dropped)),
                                    number(1));
  Value rounded =
      s.add(s.add(bits, number((int64_t(1) << (dropped - 1)) - 1)), isOdd);
  Value normal = s.sub(s.op<arith::ShRUIOp>(rounded, number(dropped)),
                       number(int64_t(127 - format.bias) << format.mantissa));
  // Below the smallest normal number, steps are alike.
  Value isSmall =
      s.compare(Order::Lt, bits, number(int64_t(128 - format.bias) << 23));
  Value small = s.op<arith::BitcastOp>(f32, s.select(isSmall, bits, number(0)));
  Value steps = s.op<math::RoundEvenOp>(
      s.mul(small,
            s.number(f32, std::ldexp(1.0, format.bias - 1 + format.mantissa))));
  return s.select(isSmall, s.op<arith::FPToSIOp>(i32, steps), normal);
}

Value NarrowCodec::encode(ScalarBuilder &s, Value number,
                          const NarrowRounding &rounding) const {
  Type i8 = s.b.getIntegerType(8), i32 = s.b.getI32Type();
  auto constant = [&](int64_t value) { return s.integer(i32, value); };
  if (!isFloat()) {
    Value wide = s.cast(number, /*fromUnsigned=*/false, i32, false);
    Value bits = s.op<arith::AndIOp>(wide, constant((1 << width()) - 1));
    return s.op<arith::TruncIOp>(i8, bits);
  }
  Value all = s.op<arith::BitcastOp>(i32, number);
  Value bits = s.op<arith::AndIOp>(all, constant(0x7fffffff));
  if (isa<Float8E8M0FNUType>(element))
    return s.op<arith::TruncIOp>(i8, encodePowerOfTwo(s, bits, rounding));
  Format format = formatOf(element);
  Value isNan = s.compare(Order::Gt, bits, constant(0x7f800000));
  Value code = magnitude(s, s.select(isNan, constant(0), bits));
  Value isTooLarge = s.compare(Order::Gt, code, constant(format.largest));
  code = s.select(
      isTooLarge,
      constant(rounding.saturate ? format.largest : format.infinity), code);
  code = s.select(isNan, constant(format.nan), code);
  Value sign = s.op<arith::ShLIOp>(s.op<arith::ShRUIOp>(all, constant(31)),
                                   constant(width() - 1));
  if (format.hasOneZero) {
    Value isBare =
        s.op<arith::OrIOp>(s.compare(Order::Eq, code, constant(0)),
                           s.compare(Order::Eq, code, constant(format.nan)));
    sign = s.select(isBare, constant(0), sign);
  }
  return s.op<arith::TruncIOp>(i8, s.op<arith::OrIOp>(code, sign));
}

} // namespace aicc::onnx
