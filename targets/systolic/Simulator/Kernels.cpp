//===- Kernels.cpp - The arithmetic of the machine ------------------------===//

#include "targets/systolic/Simulator/Kernels.h"

#include <bit>
#include <cmath>
#include <cstring>

// Each operation is rounded by itself, whatever the host has.
#pragma clang fp contract(off)

using namespace aicc::systolic;

#define AICC_INLINE static inline __attribute__((always_inline))

/// Words that wrap around when they are added or multiplied.
using Words = uint32_t __attribute__((vector_size(4 * kernelWords)));
using Bytes = int8_t __attribute__((vector_size(kernelWords)));

AICC_INLINE Words loadWords(const int32_t *from) {
  Words words;
  std::memcpy(&words, from, sizeof(words));
  return words;
}

AICC_INLINE Words loadBytes(const int8_t *from) {
  using Signed = int32_t __attribute__((vector_size(4 * kernelWords)));
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  Signed wide = __builtin_convertvector(bytes, Signed);
  return reinterpret_cast<Words>(wide);
}

/// `Rows` results of up to kernelWords columns.
template <size_t Rows>
AICC_INLINE void multiplyBlock(const int8_t *a, ptrdiff_t aStride, size_t k,
                               const int32_t *w, size_t wStride, int32_t *c,
                               size_t cStride, size_t cols, bool accumulate) {
  Words sums[Rows] = {};
  for (size_t l = 0; l < k; ++l) {
    Words weights = loadWords(w + l * wStride);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < Rows; ++r)
      sums[r] += weights * uint32_t(int32_t(a[ptrdiff_t(r) * aStride + l]));
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < Rows; ++r) {
    Words old = {};
    int32_t *to = c + r * cStride;
    if (cols == kernelWords) {
      if (accumulate)
        std::memcpy(&old, to, sizeof(old));
      old += sums[r];
      std::memcpy(to, &old, sizeof(old));
      continue;
    }
    if (accumulate)
      std::memcpy(&old, to, 4 * cols);
    old += sums[r];
    std::memcpy(to, &old, 4 * cols);
  }
}

AICC_INLINE void multiplyBody(const int8_t *a, ptrdiff_t aStride, size_t count,
                              size_t k, const int32_t *w, size_t wStride,
                              int32_t *c, size_t cols, bool accumulate) {
  constexpr size_t block = 4;
  for (size_t j = 0; j < cols; j += kernelWords) {
    size_t width = cols - j < kernelWords ? cols - j : kernelWords;
    size_t r = 0;
    for (; r + block <= count; r += block)
      multiplyBlock<block>(a + ptrdiff_t(r) * aStride, aStride, k, w + j,
                           wStride, c + r * cols + j, cols, width, accumulate);
    for (; r < count; ++r)
      multiplyBlock<1>(a + ptrdiff_t(r) * aStride, aStride, k, w + j, wStride,
                       c + r * cols + j, cols, width, accumulate);
  }
}

template <size_t Rows>
AICC_INLINE void outerBlock(const int8_t *a, ptrdiff_t aStride, const int8_t *b,
                            ptrdiff_t bStride, size_t count, int32_t *sums,
                            size_t sumStride) {
  Words block[Rows];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < Rows; ++i)
    block[i] = loadWords(sums + i * sumStride);
  for (size_t r = 0; r < count; ++r) {
    Words row = loadBytes(b + ptrdiff_t(r) * bStride);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < Rows; ++i)
      block[i] += row * uint32_t(int32_t(a[ptrdiff_t(r) * aStride + i]));
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < Rows; ++i)
    std::memcpy(sums + i * sumStride, &block[i], sizeof(Words));
}

AICC_INLINE void outerBody(const int8_t *a, ptrdiff_t aStride, const int8_t *b,
                           ptrdiff_t bStride, size_t count, size_t rows,
                           size_t cols, int32_t *sums, size_t sumStride) {
  constexpr size_t block = 4;
  for (size_t j = 0; j < cols; j += kernelWords) {
    size_t i = 0;
    for (; i + block <= rows; i += block)
      outerBlock<block>(a + i, aStride, b + j, bStride, count,
                        sums + i * sumStride + j, sumStride);
    for (; i < rows; ++i)
      outerBlock<1>(a + i, aStride, b + j, bStride, count,
                    sums + i * sumStride + j, sumStride);
  }
}

template <bool Real, bool Divide>
AICC_INLINE void quantizeBlock(const int32_t *words, const int32_t *scales,
                               size_t count, const Quantization &quantization,
                               uint8_t *bytes) {
  Quantization with = quantization;
  for (size_t j = 0; j < count; ++j) {
    float x = Real ? std::bit_cast<float>(words[j]) : float(words[j]);
    float scale = std::bit_cast<float>(scales[j]);
    float t = Divide ? x / scale : x * scale;
    float y = __builtin_nearbyintf(t) + with.zero;
    // In this order, NaN becomes the lower end.
    y = y > with.low ? y : with.low;
    y = y < with.high ? y : with.high;
    bytes[j] = uint8_t(int32_t(y)) ^ with.flip;
  }
}

AICC_INLINE void quantizeBody(const int32_t *words, const int32_t *scales,
                              size_t count, const Quantization &with,
                              uint8_t *bytes) {
  if (with.real && with.divide)
    return quantizeBlock<true, true>(words, scales, count, with, bytes);
  if (with.real)
    return quantizeBlock<true, false>(words, scales, count, with, bytes);
  if (with.divide)
    return quantizeBlock<false, true>(words, scales, count, with, bytes);
  quantizeBlock<false, false>(words, scales, count, with, bytes);
}

//===----------------------------------------------------------------------===//
// For several hosts
//===----------------------------------------------------------------------===//

// One set of functions with the attribute given.
#define AICC_KERNELS(name, attribute)                                          \
  attribute static void name##Multiply(                                        \
      const int8_t *a, ptrdiff_t aStride, size_t count, size_t k,              \
      const int32_t *w, size_t wStride, int32_t *c, size_t cols,               \
      bool accumulate) {                                                       \
    multiplyBody(a, aStride, count, k, w, wStride, c, cols, accumulate);       \
  }                                                                            \
  attribute static void name##Outer(const int8_t *a, ptrdiff_t aStride,        \
                                    const int8_t *b, ptrdiff_t bStride,        \
                                    size_t count, size_t rows, size_t cols,    \
                                    int32_t *sums, size_t sumStride) {         \
    outerBody(a, aStride, b, bStride, count, rows, cols, sums, sumStride);     \
  }                                                                            \
  attribute static void name##Quantize(                                        \
      const int32_t *words, const int32_t *scales, size_t count,               \
      const Quantization &quantization, uint8_t *bytes) {                      \
    quantizeBody(words, scales, count, quantization, bytes);                   \
  }                                                                            \
  static constexpr Kernels name##Kernels = {name##Multiply, name##Outer,       \
                                            name##Quantize};

AICC_KERNELS(portable, )
#if defined(__x86_64__)
AICC_KERNELS(avx2, __attribute__((target("avx2,fma"))))
AICC_KERNELS(avx512,
             __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))))
#endif

std::span<const Kernels> aicc::systolic::supportedKernels() {
#if defined(__x86_64__)
  static constexpr Kernels all[] = {portableKernels, avx2Kernels,
                                    avx512Kernels};
  static const size_t count =
      !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ? 1
      : __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512vl")
          ? 3
          : 2;
  return std::span(all).first(count);
#else
  static constexpr Kernels all[] = {portableKernels};
  return all;
#endif
}

static const Kernels &kernels() {
  static const Kernels &best = supportedKernels().back();
  return best;
}

void aicc::systolic::multiplyRows(const int8_t *a, ptrdiff_t aStride,
                                  size_t count, size_t k, const int32_t *w,
                                  size_t wStride, int32_t *c, size_t cols,
                                  bool accumulate) {
  kernels().multiply(a, aStride, count, k, w, wStride, c, cols, accumulate);
}

void aicc::systolic::outerRows(const int8_t *a, ptrdiff_t aStride,
                               const int8_t *b, ptrdiff_t bStride, size_t count,
                               size_t rows, size_t cols, int32_t *sums,
                               size_t sumStride) {
  kernels().outer(a, aStride, b, bStride, count, rows, cols, sums, sumStride);
}

void aicc::systolic::quantizeWords(const int32_t *words, const int32_t *scales,
                                   size_t count,
                                   const Quantization &quantization,
                                   uint8_t *bytes) {
  kernels().quantize(words, scales, count, quantization, bytes);
}

void aicc::systolic::bytesToReal(const int8_t *from, int32_t zero, float scale,
                                 int32_t *to, size_t count) {
  for (size_t j = 0; j < count; ++j)
    to[j] = std::bit_cast<int32_t>(float(from[j] - zero) * scale);
}

void aicc::systolic::addReal(const int32_t *from, int32_t *to, size_t count) {
  for (size_t j = 0; j < count; ++j)
    to[j] = std::bit_cast<int32_t>(std::bit_cast<float>(to[j]) +
                                   std::bit_cast<float>(from[j]));
}

void aicc::systolic::multiplyReal(const int32_t *from, int32_t *to,
                                  size_t count) {
  for (size_t j = 0; j < count; ++j)
    to[j] = std::bit_cast<int32_t>(std::bit_cast<float>(to[j]) *
                                   std::bit_cast<float>(from[j]));
}
