//===- TileCost.h - What a core executes for a kernel -----------*- C++ -*-===//

#ifndef TARGETS_CPU_TILECOST_H
#define TARGETS_CPU_TILECOST_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Workload.h"
#include "targets/cpu/KernelMapping.h"

namespace aicc::cpu {

/// One core's share in a kernel that finds everything in the innermost memory.
struct ExecutionCost {
  double cycles = 0;
  double instructions = 0;
  /// Between the registers and the innermost memory.
  double readBytes = 0, writtenBytes = 0;

  void add(const ExecutionCost &other, double times) {
    cycles += times * other.cycles;
    instructions += times * other.instructions;
    readBytes += times * other.readBytes;
    writtenBytes += times * other.writtenBytes;
  }
};

/// Nothing for a register tile that the machine cannot hold.
std::optional<ExecutionCost> executionCost(const Workload &workload,
                                           const KernelMapping &mapping,
                                           const MachineDesc &machine);

} // namespace aicc::cpu

#endif // TARGETS_CPU_TILECOST_H
