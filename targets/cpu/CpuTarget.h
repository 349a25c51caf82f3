//===- CpuTarget.h - The host's CPU -----------------------------*- C++ -*-===//

#ifndef TARGETS_CPU_CPUTARGET_H
#define TARGETS_CPU_CPUTARGET_H

#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"
#include "aicc/Target/Target.h"

namespace aicc::cpu {

std::unique_ptr<Target> createTarget();

/// Cost of one group on one core. See docs/targets/cpu.md for the model.
mlir::FailureOr<Cost> estimate(const Workload &workload, const Mapping &mapping,
                               const MachineDesc &machine);

} // namespace aicc::cpu

#endif // TARGETS_CPU_CPUTARGET_H
