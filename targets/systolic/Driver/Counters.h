//===- Counters.h - What a device counted, as text --------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_DRIVER_COUNTERS_H
#define TARGETS_SYSTOLIC_DRIVER_COUNTERS_H

#include "targets/systolic/Simulator/Simulator.h"

#include <string>
#include <vector>

namespace aicc::systolic {

/// The entries that ran since the last reset, in order.
struct RunLog {
  struct Run {
    const Entry *entry = nullptr;
    RunResult result;
  };
  std::vector<Run> runs;

  /// The JSON of docs/counts.md: the sum over all runs, and each run.
  std::string json(const MachineConfig &machine) const;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_DRIVER_COUNTERS_H
