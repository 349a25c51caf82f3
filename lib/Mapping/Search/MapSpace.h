//===- MapSpace.h - The mappings that the spatial mapper knows --*- C++ -*-===//
//
// The declared map space (docs/design/0006-mapper.md). Plain data: sizes of
// loops, no costs.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_MAPPING_SEARCH_MAPSPACE_H
#define AICC_LIB_MAPPING_SEARCH_MAPSPACE_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <array>
#include <compare>
#include <vector>

namespace aicc::search {

/// Dimensions are bits of masks, and extents of tiles short arrays.
constexpr unsigned kMaxDims = 12;
constexpr unsigned kMaxAxes = 8;

/// All values of ceil(size / q), q = 1, 2 ...: every tile size that another
/// number of tiles does not make pointless. Ascending, from 1 to `size`.
llvm::SmallVector<int64_t, 16> ceilDivisors(int64_t size);

/// One way to unroll dimensions over the array.
struct Unrolling {
  struct Factor {
    unsigned axis = 0;
    unsigned dim = 0;
    int64_t factor = 1; ///< At least 2.
    auto operator<=>(const Factor &) const = default;
  };
  llvm::SmallVector<Factor, 4> factors; ///< By axis, then dimension.
  /// Per dimension: the extent that one step of the machine covers.
  llvm::SmallVector<int64_t, 8> extent;

  /// Steps of the machine along dimension `dim` of `workload`.
  int64_t steps(const Workload &workload, unsigned dim) const;
  /// Steps of the whole nest: its cycles if nothing waits.
  double totalSteps(const Workload &workload) const;
};

/// Which dimensions may run along each axis: `allowed` (one mask for each
/// axis, bit d for dimension d; empty for all) without reductions where the
/// axis does not add.
llvm::SmallVector<uint64_t, 4> axisDims(const Workload &workload,
                                        const MachineDesc &machine,
                                        llvm::ArrayRef<uint64_t> allowed);

/// Calls `take` for every unrolling of the space, in a fixed order. The factors
/// of an axis are ceil-divisors of what the axes before it left of the
/// dimension, and no factor of the axis could be the next larger one.
void forEachUnrolling(const Workload &workload, const MachineDesc &machine,
                      llvm::ArrayRef<uint64_t> allowed,
                      llvm::function_ref<void(const Unrolling &)> take);

/// A tile: for each dimension an index into TileSizes::extents.
using TilePoint = std::array<uint8_t, kMaxDims>;

/// The tiles of every dimension, and which may lie inside of which.
struct TileSizes {
  struct Dim {
    /// Multiples of the unrolled extent by a ceil-divisor of the number of
    /// steps, ascending; the last one covers the dimension.
    llvm::SmallVector<int64_t, 16> extents;
    /// How many tiles of this extent cover the dimension.
    llvm::SmallVector<int64_t, 16> tiles;
    /// inside[i]: the tiles that i may be split into, itself first: those that
    /// divide it and leave no part of the dimension, also not its end, to a
    /// loop of one iteration.
    llvm::SmallVector<llvm::SmallVector<uint8_t, 16>, 16> inside;
  };
  llvm::SmallVector<Dim, 8> dims;

  /// `isPerfect`: only tiles that divide the number of steps.
  TileSizes(const Workload &workload, const Unrolling &unrolling,
            bool isPerfect);

  TilePoint whole() const; ///< Every dimension in one tile.
};

/// The loops of `unrolling`, which come last in every mapping of the space.
void appendSpatialLoops(const Workload &workload, const Unrolling &unrolling,
                        Mapping &mapping);

/// Whether `mapping` unrolls as `unrolling` does.
bool isUnrollingOf(const Workload &workload, const Unrolling &unrolling,
                   const Mapping &mapping);

/// Whether the space of `allowed` holds `mapping`; the capacity of memories
/// aside.
bool contains(const Workload &workload, const MachineDesc &machine,
              llvm::ArrayRef<uint64_t> allowed, bool isPerfect,
              const Mapping &mapping);

} // namespace aicc::search

#endif // AICC_LIB_MAPPING_SEARCH_MAPSPACE_H
