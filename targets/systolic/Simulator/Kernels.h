//===- Kernels.h - The arithmetic of the machine ----------------*- C++ -*-===//
//
// Rows of bytes and words, without checks: the callers have made them. Compiled
// for several vector extensions; all give the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_SIMULATOR_KERNELS_H
#define TARGETS_SYSTOLIC_SIMULATOR_KERNELS_H

#include <cstddef>
#include <cstdint>
#include <span>

namespace aicc::systolic {

/// Words that the kernels compute at a time. Rows of weights and sums are
/// padded to a multiple of it, and memories have as many bytes behind their
/// end.
inline constexpr size_t kernelWords = 16;

/// c[r][j] (+)= sum over l < k of a[r][l] w[l][j], for r < count, j < cols.
/// Rows of a are `aStride` bytes apart, rows of c `cols` words, rows of w
/// `wStride` words (a multiple of kernelWords).
void multiplyRows(const int8_t *a, ptrdiff_t aStride, size_t count, size_t k,
                  const int32_t *w, size_t wStride, int32_t *c, size_t cols,
                  bool accumulate);

/// sums[i][j] += sum over r < count of a[r][i] b[r][j], for i < rows, j < cols
/// (and beyond, to the next multiple of kernelWords, what nobody reads).
void outerRows(const int8_t *a, ptrdiff_t aStride, const int8_t *b,
               ptrdiff_t bStride, size_t count, size_t rows, size_t cols,
               int32_t *sums, size_t sumStride);

/// How words become bytes: `store.quantize`.
struct Quantization {
  float zero = 0, low = 0, high = 0;
  bool real = false, divide = false;
  uint8_t flip = 0; ///< Exclusive-or'ed to the result.
};
void quantizeWords(const int32_t *words, const int32_t *scales, size_t count,
                   const Quantization &quantization, uint8_t *bytes);

/// to[j] = f32 of (from[j] - zero) x scale, as its bits.
void bytesToReal(const int8_t *from, int32_t zero, float scale, int32_t *to,
                 size_t count);
/// f32 words: to += from, to *= from.
void addReal(const int32_t *from, int32_t *to, size_t count);
void multiplyReal(const int32_t *from, int32_t *to, size_t count);

/// The functions above that are compiled several times.
struct Kernels {
  decltype(&multiplyRows) multiply;
  decltype(&outerRows) outer;
  decltype(&quantizeWords) quantize;
};
/// Those that this host can run; the last one is the fastest, and used.
std::span<const Kernels> supportedKernels();

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SIMULATOR_KERNELS_H
