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
/// Where an instruction adds `dotWidth` neighbouring products along a
/// reduction, that is the tile of the reduction, and {dot, 1, axis 1} comes
/// before the lanes.
struct KernelMapping {
  llvm::SmallVector<int64_t, 8> order; ///< Dimensions, outermost loop first.
  llvm::SmallVector<int64_t, 8> tile;  ///< By dimension.
  int64_t vector = -1; ///< The dimension across the lanes; -1: scalar code.
  int64_t lanes = 1;
  int64_t dot = -1;     ///< The reduction inside instructions; -1: none.
  int64_t parallel = 0; ///< As in Mapping.
  int64_t grain = 0;

  /// Products that one instruction adds to a lane.
  static constexpr int64_t dotWidth = 4;

  /// Instructions that walk `extent` positions of `dim`.
  int64_t instructions(int64_t dim, int64_t extent) const;

  Mapping toMapping() const;

  /// Null for loops of any other form than the above.
  static std::optional<KernelMapping> from(llvm::ArrayRef<Mapping::Loop> loops,
                                           int64_t parallel, int64_t grain);
};

} // namespace aicc::cpu

#endif // TARGETS_CPU_KERNELMAPPING_H
