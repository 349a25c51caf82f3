//===- Mapper.h - The choice of a kernel's mapping --------------*- C++ -*-===//

#ifndef TARGETS_CPU_MAPPER_H
#define TARGETS_CPU_MAPPER_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Mapping/RegionModel.h"
#include "aicc/Target/Target.h"
#include "targets/cpu/Estimate.h"
#include "targets/cpu/KernelMapping.h"

namespace aicc::cpu {

struct MappedCost {
  KernelMapping mapping;
  Cost cost;
};

/// What was chosen for a group, and what was not.
struct MappingChoice : MappedCost {
  struct Alternative : MappedCost {
    std::string why; ///< It was not chosen.
  };
  /// The runner-up, and what serves the other objectives best, where those are
  /// others.
  llvm::SmallVector<Alternative, 3> alternatives;
};

/// The cheapest mapping of the map space for one group: loop orders, register
/// tiles and the dimension across the lanes. Ties go to the first candidate,
/// so the result does not depend on anything but the arguments.
MappingChoice findMapping(const Workload &workload, const MachineDesc &machine,
                          const Target &target, int workers, const Goal &goal);

/// Sets the mapping, its cost, the alternatives (`aicc.alternatives`) and the
/// storage order of the packed constants on a region with layouts.
void applyMapping(const RegionModel &model, const MappingChoice &choice,
                  const MachineDesc &machine);

/// Prices the alternatives of a mapped region in its place in the program:
/// where `transfers` are those of the mapping that was chosen, and the two
/// mappings differ as they would alone.
void repriceAlternatives(RegionOp region, const Workload &workload,
                         const KernelMapping &chosen,
                         llvm::ArrayRef<Transfer> transfers,
                         const MachineDesc &machine);

} // namespace aicc::cpu

#endif // TARGETS_CPU_MAPPER_H
