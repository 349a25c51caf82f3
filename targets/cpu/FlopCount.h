//===- FlopCount.h - Floating-point operations of a kernel ------*- C++ -*-===//

#ifndef TARGETS_CPU_FLOPCOUNT_H
#define TARGETS_CPU_FLOPCOUNT_H

#include "aicc/Mapping/RegionModel.h"
#include "targets/cpu/KernelMapping.h"

namespace aicc::cpu {

/// Additions, subtractions, multiplications and divisions of floating-point
/// numbers; a multiply-accumulate is two. Functions that are computed by
/// polynomials count as their code does.
struct FlopCount {
  /// What the model asks for: each element of each result once.
  double useful = 0;
  /// What the kernel executes: blocks of lanes are whole, lanes of a reduction
  /// are added up, and what depends on few loops may be computed again.
  double executed = 0;
};

/// Of one launch of the group. Null where the group has an operation whose
/// code is not known here (pow, erf of f64).
std::optional<FlopCount> countFlops(const RegionModel &model,
                                    const KernelMapping &mapping);

} // namespace aicc::cpu

#endif // TARGETS_CPU_FLOPCOUNT_H
