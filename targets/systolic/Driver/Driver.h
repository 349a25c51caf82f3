//===- Driver.h - Device programs on the simulator --------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_DRIVER_DRIVER_H
#define TARGETS_SYSTOLIC_DRIVER_DRIVER_H

#include "aicc-c/runtime.h"

namespace aicc::systolic {

/// Runs programs of the family `systolic` on the simulator.
const aicc_driver *driver();

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_DRIVER_DRIVER_H
