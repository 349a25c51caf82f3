//===- Estimate.h - The cost of a kernel ------------------------*- C++ -*-===//

#ifndef TARGETS_CPU_ESTIMATE_H
#define TARGETS_CPU_ESTIMATE_H

#include "aicc/Energy/Cost.h"
#include "targets/cpu/TileCost.h"
#include "targets/cpu/Traffic.h"

namespace aicc::cpu {

/// The transfers of each memory of the machine (innermost first, without the
/// outermost) for a kernel on its own. What a memory holds whole was left there
/// by its producer, in the last cache by the run before; into the inner caches
/// constants are fetched in every run.
llvm::SmallVector<Transfer, 4> transfersAlone(const Workload &workload,
                                              const KernelMapping &mapping,
                                              const MachineDesc &machine);

/// Cycles and energy of a kernel, from what it executes and transfers.
Cost priceOf(const Workload &workload, const ExecutionCost &execution,
             llvm::ArrayRef<Transfer> transfers, const MachineDesc &machine);

} // namespace aicc::cpu

#endif // TARGETS_CPU_ESTIMATE_H
