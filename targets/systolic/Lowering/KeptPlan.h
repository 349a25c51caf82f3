//===- KeptPlan.h - Which tensors could stay on the chip --------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_KEPTPLAN_H
#define TARGETS_SYSTOLIC_LOWERING_KEPTPLAN_H

#include "aicc/Mapping/SpatialTarget.h"

namespace aicc::systolic {

/// Buffers of bytes in the arena of `func` that one group of the array writes
/// and others read, in whole positions. Null if there are none, or `machine`
/// runs no programs.
std::unique_ptr<KeptPlan> planKept(mlir::func::FuncOp func,
                                   const MachineDesc &machine);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_KEPTPLAN_H
