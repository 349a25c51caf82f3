//===- HostTensor.cpp - Tensors of tools and tests ------------------------===//

#include "aicc/Runtime/Npy.h"

#include <cmath>
#include <cstring>

using namespace aicc;

int64_t HostTensor::elements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

bool HostTensor::allocate(aicc_dtype type, std::vector<int64_t> extents) {
  int64_t count = 1;
  for (int64_t extent : extents)
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count))
      return false;
  int64_t size = static_cast<int64_t>(aicc_dtype_size(type));
  if (__builtin_mul_overflow(count, size, &count) || count > INT64_MAX - 8)
    return false;
  dtype = type;
  shape = std::move(extents);
  words.assign((count + 7) / 8, 0);
  return true;
}

static double halfToDouble(uint16_t bits) {
  int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  double value;
  if (exponent == 31)
    value = mantissa ? std::nan("") : HUGE_VAL;
  else if (exponent == 0)
    value = std::ldexp(mantissa, -24);
  else
    value = std::ldexp(mantissa + 1024, exponent - 25);
  return bits & 0x8000 ? -value : value;
}

/// A number of at most eight bits: `exponents` and `mantissa` of them, a sign
/// before, and an exponent that is `bias` too large.
static double smallFloat(uint8_t code, int exponents, int mantissa, int bias) {
  int exponent = (code >> mantissa) & ((1 << exponents) - 1);
  int fraction = code & ((1 << mantissa) - 1);
  double value = std::ldexp(exponent ? fraction + (1 << mantissa) : fraction,
                            std::max(exponent, 1) - bias - mantissa);
  return (code >> (exponents + mantissa)) & 1 ? -value : value;
}

/// ONNX, Float stored in 8 bits; OCP 8-bit Floating Point Specification and
/// Microscaling Formats (MX) Specification, 2023.
static double narrowToDouble(aicc_dtype dtype, uint8_t code) {
  switch (dtype) {
  case AICC_FLOAT8E4M3FN:
    return (code & 0x7f) == 0x7f ? NAN : smallFloat(code, 4, 3, 7);
  case AICC_FLOAT8E4M3FNUZ:
    return code == 0x80 ? NAN : smallFloat(code, 4, 3, 8);
  case AICC_FLOAT8E5M2:
    if ((code & 0x7f) >= 0x7c)
      return (code & 3) ? NAN : (code & 0x80) ? -HUGE_VAL : HUGE_VAL;
    return smallFloat(code, 5, 2, 15);
  case AICC_FLOAT8E5M2FNUZ:
    return code == 0x80 ? NAN : smallFloat(code, 5, 2, 16);
  case AICC_FLOAT8E8M0:
    return code == 0xff ? NAN : std::ldexp(1.0, code - 127);
  case AICC_FLOAT4E2M1:
    return smallFloat(code & 15, 2, 1, 1);
  case AICC_INT4:
    return ((code & 15) ^ 8) - 8;
  case AICC_UINT4:
    return code & 15;
  case AICC_INT2:
    return ((code & 3) ^ 2) - 2;
  case AICC_UINT2:
    return code & 3;
  default:
    return 0;
  }
}

template <typename T> static T load(const char *data, int64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

double HostTensor::at(int64_t index) const {
  const char *p = data();
  switch (dtype) {
  case AICC_BOOL:
    return p[index] != 0;
  case AICC_INT8:
    return load<int8_t>(p, index);
  case AICC_UINT8:
    return load<uint8_t>(p, index);
  case AICC_INT16:
    return load<int16_t>(p, index);
  case AICC_UINT16:
    return load<uint16_t>(p, index);
  case AICC_INT32:
    return load<int32_t>(p, index);
  case AICC_UINT32:
    return load<uint32_t>(p, index);
  case AICC_INT64:
    return static_cast<double>(load<int64_t>(p, index));
  case AICC_UINT64:
    return static_cast<double>(load<uint64_t>(p, index));
  case AICC_FLOAT16:
    return halfToDouble(load<uint16_t>(p, index));
  case AICC_BFLOAT16: {
    uint32_t bits = static_cast<uint32_t>(load<uint16_t>(p, index)) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  case AICC_FLOAT32:
    return load<float>(p, index);
  case AICC_FLOAT64:
    return load<double>(p, index);
  default:
    return narrowToDouble(dtype, load<uint8_t>(p, index));
  }
}

Comparison aicc::compareTensors(const HostTensor &actual,
                                const HostTensor &expected, double rtol,
                                double atol) {
  Comparison result;
  result.elements = expected.elements();
  for (int64_t i = 0; i < result.elements; ++i) {
    double a = actual.at(i), e = expected.at(i);
    // Equal infinities, and NaN where NaN is expected, agree.
    if (a == e || (std::isnan(a) && std::isnan(e)))
      continue;
    double difference = std::fabs(a - e);
    if (!std::isfinite(difference)) {
      ++result.mismatches;
      difference = HUGE_VAL;
    } else if (difference > atol + rtol * std::fabs(e)) {
      ++result.mismatches;
    }
    if (result.worst < 0 || difference > result.maxAbs) {
      result.maxAbs = difference;
      result.worst = i;
    }
    double scale = std::fabs(e);
    if (scale > 0)
      result.maxRel = std::fmax(result.maxRel, difference / scale);
  }
  return result;
}
