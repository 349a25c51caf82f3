//===- Mapper.h - The choice of a kernel's mapping --------------*- C++ -*-===//

#ifndef TARGETS_CPU_MAPPER_H
#define TARGETS_CPU_MAPPER_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Mapping/RegionModel.h"
#include "aicc/Target/Target.h"
#include "targets/cpu/KernelMapping.h"

namespace aicc::cpu {

struct MappedCost {
  KernelMapping mapping;
  Cost cost;
};

/// The cheapest mapping of the map space for one group: loop orders, register
/// tiles and the dimension across the lanes. Ties go to the first candidate,
/// so the result does not depend on anything but the arguments.
MappedCost findMapping(const Workload &workload, const MachineDesc &machine,
                       const Target &target, int workers, Objective objective);

/// Sets the mapping, its cost and the storage order of the packed constants on
/// a region with layouts.
void applyMapping(const RegionModel &model, const MappedCost &mapped,
                  const MachineDesc &machine);

} // namespace aicc::cpu

#endif // TARGETS_CPU_MAPPER_H
