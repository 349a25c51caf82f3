//===- Rtl.h - The hardware description, run as it is -----------*- C++ -*-===//
//
// The machines of targets/systolic/rtl that Verilator made, with a DRAM and a
// program memory beside them.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_TARGETS_SYSTOLIC_RTL_RTL_H
#define TEST_TARGETS_SYSTOLIC_RTL_RTL_H

#include "targets/systolic/Isa/Isa.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace aicc::systolic::rtl {

using Bytes = std::vector<uint8_t>;

/// One machine with its parameters.
class Machine {
public:
  virtual ~Machine() = default;
  /// Runs an entry on `segments`, which it changes, and counts its cycles.
  /// False, and why in `error`, where the machine stops before the halt.
  virtual bool run(const Program &program, const Entry &entry,
                   std::vector<Bytes> &segments, uint64_t &cycles,
                   std::string &error) = 0;
  /// A machine in which nothing ran.
  virtual void forget() = 0;

  std::string name;
  MachineConfig config;
};

/// All machines that were built.
std::span<const std::unique_ptr<Machine>> machines();

} // namespace aicc::systolic::rtl

#endif // TEST_TARGETS_SYSTOLIC_RTL_RTL_H
