//===- Ranges.h - Ranges of what a model computes ---------------*- C++ -*-===//
//
// Sees every tensor of every sample once (minmax) or twice (percentile) and
// keeps a few numbers of each. Needs no MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_QUANTIZE_RANGES_H
#define AICC_QUANTIZE_RANGES_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace aicc::quantize {

/// The least and the greatest number of one tensor over all samples.
struct Extremes {
  float low = 0, high = 0;
  int64_t elements = 0;
  int64_t notFinite = 0; ///< NaN and infinities; not in low and high.

  void add(llvm::ArrayRef<float> values);
};

/// How often numbers fall into each of the bins of equal width between the
/// extremes.
class Histogram {
public:
  explicit Histogram(const Extremes &extremes);

  /// Values outside the extremes count as at their end.
  void add(llvm::ArrayRef<float> values);

  /// The range without the (100 - percent) / 2 % of values at either end, to
  /// a bin's width.
  std::pair<double, double> percentile(double percent) const;

  static constexpr int numBins = 8192;

private:
  double low, width; ///< Of the first bin; of each.
  std::vector<int64_t> bins;
  int64_t total = 0;
};

} // namespace aicc::quantize

#endif // AICC_QUANTIZE_RANGES_H
