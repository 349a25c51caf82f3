//===- IntegerSemantics.cpp - What ONNX leaves undefined ------------------===//

#include "aicc/Graph/IntegerSemantics.h"

#include <cmath>
#include <limits>

namespace aicc {

static bool isUnsigned(const ElementFormat &format) {
  return format.kind == ElementFormat::Class::Unsigned;
}

int64_t divInteger(int64_t a, int64_t b, const ElementFormat &format) {
  if (b == 0)
    return 0;
  if (isUnsigned(format))
    return static_cast<int64_t>(static_cast<uint64_t>(a) /
                                static_cast<uint64_t>(b));
  if (b == -1) // Negation that wraps; narrower types wrap when stored.
    return static_cast<int64_t>(-static_cast<uint64_t>(a));
  return a / b;
}

int64_t remInteger(int64_t a, int64_t b, const ElementFormat &format) {
  if (b == 0)
    return 0;
  if (isUnsigned(format))
    return static_cast<int64_t>(static_cast<uint64_t>(a) %
                                static_cast<uint64_t>(b));
  return b == -1 ? 0 : a % b;
}

int64_t modInteger(int64_t a, int64_t b, const ElementFormat &format) {
  int64_t rest = remInteger(a, b, format);
  if (!isUnsigned(format) && rest != 0 && (rest < 0) != (b < 0))
    rest += b;
  return rest;
}

int64_t powInteger(int64_t a, int64_t b, const ElementFormat &exponent) {
  if (b < 0 && !isUnsigned(exponent)) {
    if (a == 1)
      return 1;
    return a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
  }
  uint64_t result = 1, base = static_cast<uint64_t>(a);
  for (uint64_t rest = static_cast<uint64_t>(b); rest != 0; rest >>= 1) {
    if (rest & 1)
      result *= base;
    base *= base;
  }
  return static_cast<int64_t>(result);
}

int64_t shiftLeft(int64_t a, int64_t b, const ElementFormat &format) {
  if (static_cast<uint64_t>(b) >= format.bits)
    return 0;
  return static_cast<int64_t>(static_cast<uint64_t>(a) << b);
}

int64_t shiftRight(int64_t a, int64_t b, const ElementFormat &format) {
  if (static_cast<uint64_t>(b) >= format.bits)
    return !isUnsigned(format) && a < 0 ? -1 : 0;
  return isUnsigned(format)
             ? static_cast<int64_t>(static_cast<uint64_t>(a) >> b)
             : a >> b;
}

int64_t realToInteger(double value, const ElementFormat &format) {
  if (format.isBool())
    return value != 0; // NaN counts as true.
  if (std::isnan(value))
    return 0;
  // Powers of two, so exact as doubles.
  double limit = std::ldexp(1.0, format.bits - (isUnsigned(format) ? 0 : 1));
  if (isUnsigned(format)) {
    if (value <= 0)
      return 0;
    if (value >= limit)
      return wrapToFormat(-1, format);
    return static_cast<int64_t>(static_cast<uint64_t>(value));
  }
  if (value >= limit)
    return format.bits == 64 ? std::numeric_limits<int64_t>::max()
                             : (int64_t(1) << (format.bits - 1)) - 1;
  if (value <= -limit)
    return format.bits == 64 ? std::numeric_limits<int64_t>::min()
                             : -(int64_t(1) << (format.bits - 1));
  return static_cast<int64_t>(value);
}

} // namespace aicc
