//===- DistinctCount.h - Distinct values of an index ------------*- C++ -*-===//
//
// How many elements of a tensor a tile touches: the number of distinct values
// of a sum of loop indices with coefficients, exactly, also where windows
// overlap (stride, dilation) or leave gaps.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_ENERGY_DISTINCTCOUNT_H
#define AICC_LIB_ENERGY_DISTINCTCOUNT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace aicc {

/// `count` times `length` consecutive values, `stride` apart; these parts do
/// not overlap.
struct Run {
  int64_t start = 0;
  int64_t length = 1;
  int64_t count = 1;
  int64_t stride = 0;
  bool operator==(const Run &) const = default;
};

/// The values of one loop dimension that a tile spans; runs do not overlap.
struct Pattern {
  llvm::SmallVector<Run, 2> runs;

  static Pattern interval(int64_t length) { return {{Run{0, length, 1, 0}}}; }
  int64_t values() const {
    int64_t sum = 0;
    for (const Run &run : runs)
      sum += run.length * run.count;
    return sum;
  }
  bool operator==(const Pattern &) const = default;
};

/// `coefficient` * (each value of `pattern`).
struct PatternTerm {
  int64_t coefficient = 1;
  const Pattern *pattern = nullptr;
};

/// `coefficient` * (0, 1, ... `length` - 1).
struct IntervalTerm {
  int64_t coefficient = 1;
  int64_t length = 1;
};

/// Distinct values of the sum of `terms`. The sum's range must stay within
/// 2^53. Nothing if the terms are irregular and the range is too wide to
/// enumerate (2^24 values).
std::optional<int64_t> distinctSums(llvm::ArrayRef<PatternTerm> terms);
std::optional<int64_t> distinctSums(llvm::ArrayRef<IntervalTerm> terms);

} // namespace aicc

#endif // AICC_LIB_ENERGY_DISTINCTCOUNT_H
