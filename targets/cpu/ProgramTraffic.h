//===- ProgramTraffic.h - What the caches keep between kernels --*- C++ -*-===//

#ifndef TARGETS_CPU_PROGRAMTRAFFIC_H
#define TARGETS_CPU_PROGRAMTRAFFIC_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Workload.h"
#include "targets/cpu/Estimate.h"
#include "targets/cpu/KernelMapping.h"

namespace aicc::cpu {

/// One launch of a program, and where its operands lie.
struct LaunchTrace {
  /// Bytes [begin, end) of an address space that all launches share.
  struct Window {
    int64_t begin = 0, end = 0;
    bool operator==(const Window &) const = default;
  };
  Workload workload;
  KernelMapping mapping;
  llvm::SmallVector<Window, 6> windows; ///< One for each operand.
};

/// Transfers of each launch between each cache of the machine (innermost
/// first) and the next memory, result[launch][cache], for a program that runs
/// again and again. Caches with less room than `alive` bytes hold nothing of it
/// when it starts: other programs run between.
std::vector<llvm::SmallVector<Transfer, 4>>
predictTraffic(llvm::ArrayRef<LaunchTrace> program, const MachineDesc &machine,
               int64_t alive = 0);

} // namespace aicc::cpu

#endif // TARGETS_CPU_PROGRAMTRAFFIC_H
