//===- VectorCost.h - What the vector unit's tiles cost ---------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_VECTORCOST_H
#define TARGETS_SYSTOLIC_LOWERING_VECTORCOST_H

#include "targets/systolic/Lowering/VectorPlan.h"

namespace aicc::systolic {

/// The dimensions of the result, outermost in memory first; the lanes last.
llvm::SmallVector<unsigned, 8> resultDims(const VectorGroup &group);

/// What all tiles of a tiling move and compute.
struct Work {
  double tiles = 1;
  double readBytes = 0, writtenBytes = 0; ///< Of DRAM.
  double loadCycles = 0, storeCycles = 0, vectorCycles = 0;
  double keepCycles = 0;     ///< Of the store unit, without the DRAM.
  double constantCycles = 0; ///< Until constants are there.
  /// Rows by what reads and writes them.
  double scratchpadRead = 0, scratchpadWritten = 0;
  double accumulatorRead = 0, accumulatorWritten = 0;
  double vectorRows = 0, instructions = 0;

  /// Units overlap but for the first load and the last store.
  double cycles(bool dramIsShared) const {
    double dram = dramIsShared ? loadCycles + storeCycles
                               : std::max(loadCycles, storeCycles);
    // The dispatcher reads one instruction a cycle.
    double steady = std::max({dram, vectorCycles, instructions, keepCycles});
    double alone = loadCycles + vectorCycles + storeCycles + keepCycles;
    return constantCycles + steady + std::max(alone - steady, 0.0) / tiles;
  }
};

/// Prices tilings of one group (docs/targets/systolic.md).
class VectorCost {
public:
  VectorCost(const VectorGroup &group, const ArrayMachine &machine,
             const MachineDesc &desc)
      : group(group), config(machine.config), machine(machine), desc(desc) {}

  Work workOf(llvm::ArrayRef<int64_t> extents) const;
  Cost costOf(const Work &work) const;

private:
  Work workOfTile(llvm::ArrayRef<int64_t> extents,
                  llvm::ArrayRef<double> shares) const;
  double transfer(const TileTransfer &moved, llvm::ArrayRef<Axis> axes,
                  int64_t start, double &bytes, Work &work) const;
  double vectorInstructions(llvm::ArrayRef<int64_t> extents) const;
  void addVector(llvm::ArrayRef<int64_t> extents, Work &work) const;
  double filled(llvm::ArrayRef<Axis> axes,
                llvm::ArrayRef<int64_t> extents) const;
  double loadsOf(const VectorInput &input,
                 llvm::ArrayRef<int64_t> extents) const;
  void addStore(llvm::ArrayRef<int64_t> extents, Work &work) const;
  void addConstants(Work &work) const;

  const VectorGroup &group;
  const MachineConfig &config;
  const ArrayMachine &machine;
  const MachineDesc &desc;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_VECTORCOST_H
