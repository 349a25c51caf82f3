//===- Boundaries.h - Prices of an operand's tile in a memory ---*- C++ -*-===//
//
// A boundary is where the tile of one operand in one memory begins. What
// crosses it is a function of the tile inside and of how often the loops that
// do not move the operand repeat it (AccessModel::crossing), so one table for
// each boundary prices all mappings of an unrolling.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_MAPPING_SEARCH_BOUNDARIES_H
#define AICC_LIB_MAPPING_SEARCH_BOUNDARIES_H

#include "aicc/Energy/SpatialCost.h"
#include "lib/Mapping/Search/MapSpace.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <limits>
#include <memory>
#include <unordered_map>

namespace aicc::search {

/// Read or write side of a memory, or both where it has one port for all.
struct Port {
  unsigned memory = 0;
  bool takesReads = true, takesWrites = true;
  double readRate = 1, writeRate = 1; ///< Bytes per cycle.

  double cycles(double read, double written) const {
    return (takesReads ? read / readRate : 0) +
           (takesWrites ? written / writeRate : 0);
  }
};

/// Sides of memories that can make the arithmetic wait. More of them are left
/// out of the bounds, not of the costs.
constexpr unsigned kMaxPorts = 10;

/// What adds up over the boundaries of a mapping.
struct Load {
  double energyPj = 0;     ///< Without what is paid by the cycle.
  double serialCycles = 0; ///< While the arithmetic waits.
  /// Cycles of each port (PriceTables::ports) alongside the arithmetic.
  std::array<double, kMaxPorts> busy = {};

  Load &addScaled(const Load &other, double factor) {
    energyPj += other.energyPj * factor;
    serialCycles += other.serialCycles * factor;
    for (unsigned i = 0; i != kMaxPorts; ++i)
      busy[i] += other.busy[i] * factor;
    return *this;
  }
};

/// Loads are what a boundary costs beyond having its whole operand in the
/// memory.
struct BoundaryEntry {
  double elements = 0; ///< Of the largest tile of one instance.
  bool isOnce = true;  ///< A run without repeats moves each element once.
  Load first;          ///< Of a run without repeats ...
  Load more;           ///< ... and of each repeat.
};

struct Boundary {
  unsigned operand = 0;
  unsigned memory = 0;
  unsigned outer = 0; ///< The next memory outside that holds the operand.
  /// Dimensions with more than one tile size that do and do not move it.
  llvm::SmallVector<unsigned, 8> moving, still;
  /// Dimensions that `entries` tell apart: those of `moving`, and the ones of
  /// the others that do not fill the array in their last step. They repeat the
  /// tile for fewer positions then; `still` is without them.
  llvm::SmallVector<unsigned, 8> indexed;
  llvm::SmallVector<uint32_t, 8> stride; ///< In `entries`, for `indexed`.
  /// By the tiles of the indexed dimensions.
  std::vector<BoundaryEntry> entries;
  /// Bytes of a stored element: of a result, and of a partial sum.
  double elementBytes = 0, partialBytes = 0;
  double leastBytes = 0; ///< Of its smallest tile.
  int innerOfSame = -1;  ///< The boundary of the operand one memory further in.
  int outerOfSame = -1;

  /// Whether the tile alone has room in `capacity` bytes.
  bool fits(const BoundaryEntry &entry, double capacity) const {
    return entry.elements * elementBytes <= capacity;
  }
  /// The least that each part of the load is at any tile that fits, if nothing
  /// repeats it; infinite if none does. It may be negative: less than the whole
  /// operand's.
  Load leastLoad(double capacity) const;

  uint32_t index(const TilePoint &point) const {
    uint32_t sum = 0;
    for (unsigned i = 0; i != indexed.size(); ++i)
      sum += stride[i] * point[indexed[i]];
    return sum;
  }
  /// How often the loops of `still` outside of the tile repeat it.
  double repeats(const TileSizes &sizes, const TilePoint &point) const {
    double product = 1;
    for (unsigned dim : still)
      product *= double(sizes.dims[dim].tiles[point[dim]]);
    return product;
  }
};

/// The cost model, set up to be asked about one part of a mapping at a time.
struct CostProbes {
  CostProbes(const Workload &workload, const MachineDesc &machine);

  /// The machine with no limits of size and nothing that is paid by the cycle:
  /// its costs are those of the accesses alone.
  MachineDesc free;
  /// No request is rounded for being a row of its own: a tile may have longer
  /// rows than the whole operand, and no bound can be made of those.
  Workload rowless;
  bool hasRows; ///< Else `rowless` is the workload.
  /// On the machine, and on `free`; there with the workload, and with
  /// `rowless`.
  AccessModel real, whole, least;
  /// For each operand, a workload with that operand alone (or all of it, where
  /// operands gate each other's accesses) and its place in there.
  struct Part {
    std::unique_ptr<Workload> workload;
    std::unique_ptr<AccessModel> model;
    unsigned operand = 0;
  };
  std::vector<Part> parts;
};

/// What the unrollings of one workload share: entries of inputs and weights
/// between memories that have no instances along an axis. By operand, memory,
/// whether other loops repeat the tile, and the indexed dimensions with their
/// extents.
struct SharedEntries {
  using Key = llvm::SmallVector<int64_t, 16>;
  struct Priced {
    BoundaryEntry entry; ///< Its `first` with what the whole operand costs.
    double elementBytes = 0;
  };
  struct Hash {
    size_t operator()(const Key &key) const {
      return llvm::hash_combine_range(key.begin(), key.end());
    }
  };
  std::unordered_map<Key, Priced, Hash> known;
  /// Memory of the bounds of unrollings that are done, for the next one's.
  std::vector<std::vector<double>> spare;
};

/// Everything that the search needs to know about one unrolling.
struct PriceTables {
  const CostProbes &probes;
  SharedEntries &shared;
  const Workload &workload;
  const MachineDesc &machine;
  const Unrolling &unrolling;
  TileSizes sizes;
  std::vector<Port> ports;
  std::vector<Boundary> boundaries; ///< By operand, then memory, outer first.
  /// Of the mapping that has all of every operand in every memory: everything
  /// crosses each boundary once.
  Load base;
  double arithmeticPj = 0; ///< Of it, what nothing moves for.
  double computeCycles = 0;
  double leastCycles = 0; ///< Of the arithmetic and of every port.
  double leastPj = 0;     ///< Of any mapping, without what goes by the cycle.
  double pjPerCycle = 0;  ///< Leakage and clocks.
  /// Repeating what crosses a boundary never saves anything. Where positions
  /// hold copies of a partial sum it may: they begin at zero again.
  bool isMonotone = true;
  /// False once it is known that there is no mapping: the smallest tiles are
  /// too large for a memory, or all loops between steps move what the array
  /// keeps still.
  bool isUsable = true;
  std::vector<double> capacity; ///< By memory, for one instance.
  std::vector<double> copies;   ///< Instances in use, by memory.

  PriceTables(const CostProbes &probes, const Unrolling &unrolling,
              bool isPerfect, SharedEntries &shared)
      : probes(probes), shared(shared), workload(probes.real.workload),
        machine(probes.real.machine), unrolling(unrolling),
        sizes(workload, unrolling, isPerfect),
        innermost(probes.real.innermostDims()) {}

  /// All but `boundaries`; quick. False if an operand's index cannot be
  /// counted.
  bool buildBase();
  /// `boundaries`. Gives up, and returns false, once there is no mapping, or
  /// `isHopeless` is true of energy (pJ) and cycles that no mapping can
  /// undercut; called again, it goes on from there.
  bool buildBoundaries(
      llvm::function_ref<bool(double energyPj, double cycles)> isHopeless);
  /// Entries of all tables.
  size_t size() const;
  /// Whether one of the loops inside of tile `point`, if there are any, can be
  /// the innermost one.
  bool hasInnermost(const TilePoint &point) const {
    bool isUnit = true;
    for (unsigned d = 0; d != sizes.dims.size(); ++d) {
      if (point[d] != 0 && (innermost >> d & 1))
        return true;
      isUnit &= point[d] == 0;
    }
    return isUnit;
  }

private:
  size_t filled = 0;  ///< Of `boundaries`.
  uint64_t innermost; ///< AccessModel::innermostDims.
};

/// Bytes that tiles may take in one instance of a memory; infinite if
/// unbounded.
double capacityOf(const MemoryDesc &memory);

} // namespace aicc::search

#endif // AICC_LIB_MAPPING_SEARCH_BOUNDARIES_H
