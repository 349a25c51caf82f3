//===- Mapper.h - The choice of a mapping -----------------------*- C++ -*-===//

#ifndef AICC_MAPPING_MAPPER_H
#define AICC_MAPPING_MAPPER_H

#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Workload.h"
#include "aicc/Mapping/Mapping.h"
#include "aicc/Mapping/RegionModel.h"
#include "aicc/Target/Target.h"

namespace aicc {

struct MappedCost {
  Mapping mapping;
  Cost cost;
};

/// The loop nest of a group, for the cost model. Needs the region's layouts.
Workload toWorkload(const RegionModel &model);

/// The cheapest mapping of the map space for one group: loop orders, register
/// tiles and the dimension across the lanes. Ties go to the first candidate,
/// so the result does not depend on anything but the arguments.
MappedCost findMapping(const Workload &workload, const MachineDesc &machine,
                       const Target &target, int workers, Objective objective);

/// Sets the mapping, its cost and the storage order of the packed constants on
/// a region with layouts.
void applyMapping(const RegionModel &model, const MappedCost &mapped,
                  const MachineDesc &machine);

} // namespace aicc

#endif // AICC_MAPPING_MAPPER_H
