//===- SystolicLowering.h - Groups as programs of the array -----*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_SYSTOLICLOWERING_H
#define TARGETS_SYSTOLIC_LOWERING_SYSTOLICLOWERING_H

#include "aicc/Mapping/SpatialTarget.h"
#include "targets/cpu/Passes.h"

#include <memory>

namespace aicc::systolic {

/// Which groups and mappings become programs.
std::shared_ptr<const SpatialLowering> createLowering();

/// Writes the programs of the regions that are mapped to `machine`.
std::shared_ptr<cpu::DeviceRegions>
createDeviceRegions(std::shared_ptr<const MachineDesc> machine);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_SYSTOLICLOWERING_H
