//===- Machine.h - What a machine is made of --------------------*- C++ -*-===//
//
// The contents of a machine file (targets/<family>/machines/*.yaml). Every
// energy, time and bandwidth carries its source; structural integers carry
// the file's.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_ENERGY_MACHINE_H
#define AICC_ENERGY_MACHINE_H

#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aicc {

/// A measured or published quantity; its unit is in the name of its key.
struct SourcedValue {
  double value = 0;
  std::string source;
  std::optional<double> processNm;
};

/// One level of memory; innermost first in `MachineDesc::memories`.
struct MemoryDesc {
  std::string name;
  int64_t bytes = 0; ///< 0: unbounded (DRAM).
  int64_t ways = 0;  ///< Of a cache; 0 for software-managed memories.
  int64_t lineBytes = 0;
  SourcedValue bytesPerCycle; ///< Sustained, towards the next inner level.
  SourcedValue readPjPerByte;
};

/// Vector units of a CPU core.
struct VectorUnitDesc {
  int64_t bits = 0;      ///< Of a register.
  int64_t registers = 0; ///< Architectural.
  SourcedValue fmasPerCycle;
  SourcedValue loadsPerCycle;
  SourcedValue fmaLatencyCycles;
};

/// A machine. `family` decides which of the parts below are there.
struct MachineDesc {
  std::string family;
  std::string name;
  std::string source;
  SourcedValue clockMhz;
  int64_t cores = 1;
  /// LLVM feature that a host must have for this machine to be its default,
  /// e.g. "avx512f"; empty: any.
  std::string requiredFeature;
  VectorUnitDesc vector;
  std::vector<MemoryDesc> memories;
  SourcedValue macF32Pj;
  SourcedValue forkJoinCycles; ///< Cost of one parallel region.
};

/// Reads and checks a machine file. Errors, with line and column, go to
/// `sink` and give nothing.
std::optional<MachineDesc> loadMachine(llvm::StringRef path,
                                       DiagnosticSink &sink);

} // namespace aicc

#endif // AICC_ENERGY_MACHINE_H
