//===- SpatialMapper.h - The best mapping on a spatial machine --*- C++ -*-===//
//
// Searches the declared map space of machines with an array and software-
// managed memories (docs/design/0006-mapper.md), exactly: branch and bound
// over tiles and residences, asking the cost model (Energy/SpatialCost.h).
//
//===----------------------------------------------------------------------===//

#ifndef AICC_MAPPING_SPATIALMAPPER_H
#define AICC_MAPPING_SPATIALMAPPER_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"

#include "llvm/ADT/ArrayRef.h"

#include <limits>
#include <string>
#include <vector>

namespace aicc {

/// Upper limits that a mapping must keep; the default is none.
struct SpatialBudgets {
  double energyPj = std::numeric_limits<double>::infinity();
  double cycles = std::numeric_limits<double>::infinity();
  /// Tiles in all memories but the outermost, all instances together.
  double memoryBytes = std::numeric_limits<double>::infinity();
};

struct SpatialMapperOptions {
  Goal objective = Objective::Edp; ///< A price of time is in pJ per cycle.
  SpatialBudgets budgets;
  /// Of the least time, what may be given up for energy, as a share: the
  /// objective `Latency` asks for the least energy of all mappings that take at
  /// most (1 + latencySlack) x the least time.
  double latencySlack = 0;
  /// Partial mappings that may be looked at, for each workload; a whole mapping
  /// that is priced counts as 100. A search that stops here says so, and how
  /// far from the optimum it can be at most.
  uint64_t nodeLimit = 50'000'000;
  /// Unrollings over the array whose tiles are searched, for each workload. If
  /// the space has more, it is a limit reached: the most promising ones are
  /// searched, with tiles that divide, and then all tiles of the best of them.
  uint64_t unrollingLimit = std::numeric_limits<uint64_t>::max();
  /// How many mappings to return besides the best: each the best of its
  /// dataflow, i.e. of an unrolling and an order of the tiles' boundaries.
  unsigned alternatives = 1;
  /// For each axis of the array the loop dimensions that may run along it, bit
  /// d for dimension d; empty: all. What the axis cannot do stays out.
  llvm::SmallVector<uint64_t, 4> axisDims;
  /// Only tiles that divide what they tile, for machines and evaluators that
  /// know no partial tiles.
  bool perfectFactors = false;
  /// Workloads searched at the same time; no result depends on it.
  unsigned threads = 1;
};

/// A mapping and what it costs, as the cost model says.
struct SpatialCandidate {
  Mapping mapping;
  double energyPj = 0;
  double cycles = 0;
  double memoryBytes = 0; ///< As SpatialBudgets::memoryBytes.

  /// pJ, cycles, or pJ x cycles.
  double value(const Goal &goal) const;
};

struct SpatialSearchStats {
  uint64_t unrollings = 0; ///< In the space.
  uint64_t nodes = 0;      ///< Partial mappings looked at.
  uint64_t pruned = 0;     ///< Of these, dropped for their lower bound.
  uint64_t evaluated = 0;  ///< Whole mappings that the cost model saw.
};

struct SpatialMapperResult {
  /// Best first. Empty: no mapping fits the memories and the budgets; `why`
  /// says how close the space comes.
  std::vector<SpatialCandidate> candidates;
  std::string why;
  /// `candidates[0]` is the optimum of the space (its time within
  /// `latencySlack` of it, if that is given). False if the limit of nodes
  /// stopped the search, and for machines on which the order of loops matters
  /// beyond the tiles: memories that slide, arrays that name dataflows, copies
  /// of partial sums that are cheaper to bring out than to keep.
  bool isOptimal = false;
  /// No mapping of the space has a smaller value of the objective.
  double lowerBound = 0;
  SpatialSearchStats stats;

  /// "not proved optimal, 12 % above the bound"
  std::string boundText(const Goal &goal) const;
  /// Relative distance to the bound, 0 if optimal.
  double gap(const Goal &goal) const {
    return candidates.empty() || lowerBound <= 0
               ? 0
               : candidates[0].value(goal) / lowerBound - 1;
  }
};

/// The best mapping of one workload. Pure.
SpatialMapperResult mapSpatial(const Workload &workload,
                               const MachineDesc &machine,
                               const SpatialMapperOptions &options);

/// The same for many, each different workload searched once.
std::vector<SpatialMapperResult>
mapSpatial(llvm::ArrayRef<Workload> workloads, const MachineDesc &machine,
           const SpatialMapperOptions &options);

/// Every trade-off between energy and time in the space: no mapping is better
/// than one of these in both. By energy; budgets hold, `objective` and
/// `alternatives` do not matter.
SpatialMapperResult paretoSpatial(const Workload &workload,
                                  const MachineDesc &machine,
                                  const SpatialMapperOptions &options);

/// Whether the space of `options` holds a mapping (capacities aside).
bool isInMapSpace(const Workload &workload, const MachineDesc &machine,
                  const SpatialMapperOptions &options, const Mapping &mapping);

} // namespace aicc

#endif // AICC_MAPPING_SPATIALMAPPER_H
