//===- SpatialCost.h - Energy and time on a spatial machine -----*- C++ -*-===//
//
// Prices the counts of AccessCounts.h for machines with an array of processing
// elements and memories that software fills. docs/design/0005-cost-model.md
// has the model.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_ENERGY_SPATIALCOST_H
#define AICC_ENERGY_SPATIALCOST_H

#include "aicc/Energy/AccessCounts.h"
#include "aicc/Energy/Cost.h"

#include <optional>
#include <string>

namespace aicc {

/// Energy and time without their items: what a search compares.
struct SpatialTotals {
  double energyPj = 0; ///< Leakage included.
  double cycles = 0;
};

/// The time of counted accesses. Always at least
///   computeCycles, and for each port of each memory: its bytes / bandwidth.
struct SpatialTime {
  double computeCycles = 0; ///< Arithmetic alone.
  double fillCycles = 0;    ///< Before the first operation can start.
  double drainCycles = 0;   ///< After the last one.
  double exposedCycles = 0; ///< Transfers of memories without a second buffer.
  /// Beyond computeCycles, because a port is slower than the arithmetic.
  double stallCycles = 0;

  double cycles() const {
    return computeCycles + fillCycles + drainCycles + exposedCycles +
           stallCycles;
  }
};

SpatialTime timeOf(const AccessModel &model, const Mapping &mapping,
                   const AccessCounts &counts);

/// Prices without texts: some tens of nanoseconds.
SpatialTotals totalsOf(const AccessModel &model, const Mapping &mapping,
                       const AccessCounts &counts);

/// Prices item by item: "<memory>.read", "<memory>.write" and
/// "<memory>.multicast" (bytes), "mac.<arithmetic>", "pe.cycle" and
/// "chip.cycle" (operations), "leakage" (nanoseconds, pJ each = mW). With a
/// crossbar, in place of the multiply-accumulates: "cell.read",
/// "wordline.drive", "bitline.read", "shift_add", "cell.program" (operations),
/// "dac.convert", "adc.convert" (conversions). Items that do not act, or whose
/// energy the machine does not state, are left out.
Cost costOf(const AccessModel &model, const Mapping &mapping,
            const AccessCounts &counts);

/// Adds "pe.cycle", "chip.cycle" and "leakage" of `cost.cycles` to the items.
void addTimeItems(const MachineDesc &machine, Cost &cost);

/// Adds `cycles` to a cost that has some, with what goes by the cycle.
void addCycles(double cycles, Cost &cost);

/// The least that the accesses of one operand to memory `memory` can cost, pJ,
/// for any legal mapping in which that memory holds it: each element comes in
/// and goes on once.
double leastPj(const AccessModel &model, unsigned operand, unsigned memory);

/// The cost of one run of `workload` on `machine`. Pure. Where the mapping is
/// not legal or does not fit: nothing, and `why` says which rule, what was
/// found and what was expected.
std::optional<Cost> estimateSpatial(const Workload &workload,
                                    const Mapping &mapping,
                                    const MachineDesc &machine,
                                    std::string &why);

} // namespace aicc

#endif // AICC_ENERGY_SPATIALCOST_H
