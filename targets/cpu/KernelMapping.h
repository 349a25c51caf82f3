//===- KernelMapping.h - A mapping as loops and a register tile -*- C++ -*-===//

#ifndef TARGETS_CPU_KERNELMAPPING_H
#define TARGETS_CPU_KERNELMAPPING_H

#include "aicc/Energy/Mapping.h"

#include "llvm/ADT/ArrayRef.h"

#include <optional>

namespace aicc::cpu {

/// What a mapping says to a processor's core: one loop for each dimension, in
/// steps of its register tile, and of the tile one dimension across the lanes
/// of a vector. As `Mapping`, with dimensions d0 .. dn in `order`:
///
///   loops = [{d0, tile[d0]}, ..., {dn, tile[dn]},
///            {vector, lanes}, {vector, 1, axis 0}]
///
/// The tile is unrolled, which is what is left inside a dimension's loops.
struct KernelMapping {
  llvm::SmallVector<int64_t, 8> order; ///< Dimensions, outermost loop first.
  llvm::SmallVector<int64_t, 8> tile;  ///< By dimension.
  int64_t vector = -1; ///< The dimension across the lanes; -1: scalar code.
  int64_t lanes = 1;
  int64_t parallel = 0; ///< As in Mapping.
  int64_t grain = 0;

  Mapping toMapping() const;

  /// Null for loops of any other form than the above.
  static std::optional<KernelMapping> from(llvm::ArrayRef<Mapping::Loop> loops,
                                           int64_t parallel, int64_t grain);
};

} // namespace aicc::cpu

#endif // TARGETS_CPU_KERNELMAPPING_H
