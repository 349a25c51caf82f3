//===- Cases.h - Programs for the comparison --------------------*- C++ -*-===//

#ifndef TEST_TARGETS_SYSTOLIC_RTL_CASES_H
#define TEST_TARGETS_SYSTOLIC_RTL_CASES_H

#include "test/targets/systolic/rtl/Rtl.h"

namespace aicc::systolic::rtl {

/// A program with its segments. Its entries run one after the other.
struct Case {
  std::string name;
  Program program;
  std::vector<Bytes> segments;
  /// What the last segment holds afterwards, computed by loops over the
  /// problem; empty where there is no such problem.
  Bytes expected;
};

/// Tiles and small layers for a machine.
std::vector<Case> cases(const MachineConfig &machine);

/// A program of random instructions that are ordered where they must be.
Case randomProgram(const MachineConfig &machine, unsigned seed);

} // namespace aicc::systolic::rtl

#endif // TEST_TARGETS_SYSTOLIC_RTL_CASES_H
