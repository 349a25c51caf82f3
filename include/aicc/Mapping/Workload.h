//===- Workload.h - From a fused group to its loop nest ---------*- C++ -*-===//

#ifndef AICC_MAPPING_WORKLOAD_H
#define AICC_MAPPING_WORKLOAD_H

#include "aicc/Energy/Workload.h"
#include "aicc/Mapping/RegionModel.h"

namespace aicc {

/// The loop nest of a group, for the cost model. Needs the region's layouts.
Workload toWorkload(const RegionModel &model);

} // namespace aicc

#endif // AICC_MAPPING_WORKLOAD_H
