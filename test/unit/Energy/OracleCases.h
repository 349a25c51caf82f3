//===- OracleCases.h - Random layers, machines and mappings -----*- C++ -*-===//

#ifndef AICC_TEST_UNIT_ENERGY_ORACLECASES_H
#define AICC_TEST_UNIT_ENERGY_ORACLECASES_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"

#include <string>

namespace aicc::oracle {

/// A workload, a machine and a legal mapping that fit each other.
struct Case {
  std::string name;
  Workload workload;
  MachineDesc machine;
  Mapping mapping;
  /// Each output element is named by one point of the dimensions that are not
  /// reduced.
  bool isGather = true;
};

/// The same case for the same seed, everywhere.
Case makeCase(uint32_t seed);
std::string show(const Case &made);

} // namespace aicc::oracle

#endif // AICC_TEST_UNIT_ENERGY_ORACLECASES_H
