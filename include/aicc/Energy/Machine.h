//===- Machine.h - What a machine is made of --------------------*- C++ -*-===//
//
// The contents of a machine file (targets/<family>/machines/*.yaml). Every
// energy, time and bandwidth carries its source; structural integers carry
// the file's.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_ENERGY_MACHINE_H
#define AICC_ENERGY_MACHINE_H

#include "aicc/Energy/Workload.h"
#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aicc {

/// A measured or published quantity; its unit is in the name of its key.
struct SourcedValue {
  double value = 0; ///< After scaling to the machine's process, if any.
  std::string source;
  /// The process of the source and its supply, where stated, and the value as
  /// it stands in the file where that was scaled to those of the machine
  /// (docs/machines.md has the rule).
  std::optional<double> processNm;
  std::optional<double> supplyV;
  std::optional<double> unscaled;

  bool isSet() const { return !source.empty(); }
};

/// One level of memory; innermost first in `MachineDesc::memories`.
struct MemoryDesc {
  std::string name;
  int64_t bytes = 0; ///< Of one instance. 0: unbounded (DRAM).
  int64_t ways = 0;  ///< Of a cache; 0 for software-managed memories.
  int64_t lineBytes = 0;
  /// Which operands may live here, by OperandRole.
  bool holds[3] = {true, true, true};
  /// Axes of the array (bit i: axis i) along which there is one instance for
  /// each position; along the others one instance serves all positions.
  uint32_t perAxes = 0;
  /// Half of it is filled while the other half is used: a tile may take half
  /// of `bytes`, and transfers overlap with computing.
  bool doubleBuffered = false;
  /// A FIFO: it is filled while it is used, and a tile may take all of it.
  bool streams = false;
  /// What a tile of inputs shares with the one before (a window that moves on)
  /// stays; only the rest is fetched. See docs/design/0005-cost-model.md.
  bool slides = false;
  /// Zeros are stored and moved like other elements: the density of an operand
  /// does not count here.
  bool keepsZeros = false;
  /// Sums that are not complete may be kept here. Of the outermost memory only;
  /// not in machine files: a lowering says so of the machine that it uses.
  bool takesPartialSums = true;
  /// Reads and writes share `bytesPerCycle`.
  bool sharedPort = false;
  /// Bytes that move at once: smaller or unaligned requests cost as much. 0:
  /// any number.
  int64_t accessBytes = 0;
  /// Sustained by one instance, towards the next inner level.
  SourcedValue bytesPerCycle;
  /// The same for what comes in from the outside. Not set: `bytesPerCycle`.
  SourcedValue fillBytesPerCycle;
  /// Cycles for each run of adjacent lines besides those of its bytes: what it
  /// takes until a prefetcher has found the run. Not set: none.
  SourcedValue runCycles;
  SourcedValue readPjPerByte;
  SourcedValue writePjPerByte; ///< Not set: as a read.
  /// Wires from it to the array, for each position that a byte goes to. Not
  /// set: part of the reads.
  SourcedValue multicastPjPerByte;
  SourcedValue leakageMw; ///< Of all instances.

  double fillRate() const {
    return fillBytesPerCycle.isSet() ? fillBytesPerCycle.value
                                     : bytesPerCycle.value;
  }
  double writePj() const {
    return writePjPerByte.isSet() ? writePjPerByte.value : readPjPerByte.value;
  }
  bool holdsRole(OperandRole role) const { return holds[unsigned(role)]; }
  /// Its transfers with the outside overlap with what happens inside.
  bool overlaps() const { return doubleBuffered || streams; }
};

/// Vector units of a CPU core.
struct VectorUnitDesc {
  int64_t bits = 0;      ///< Of a register.
  int64_t registers = 0; ///< Architectural.
  SourcedValue fmasPerCycle;
  SourcedValue loadsPerCycle;
  SourcedValue fmaLatencyCycles;
  /// Instructions that add four neighbouring products of bytes, unsigned by
  /// signed, to each 32-bit lane; not set where there are none.
  SourcedValue byteDotsPerCycle;
  std::string byteDotFeature; ///< LLVM's name of what they take.
};

/// An array of processing elements, crossbar cells or lanes.
struct ArrayDesc {
  struct Axis {
    std::string name;
    int64_t size = 1;
    /// Partial sums of positions along this axis are added on the way out (an
    /// adder tree, a systolic column, a bit line).
    bool reduces = false;
    /// An element wanted by several positions along this axis is read from the
    /// memory outside once.
    bool multicasts = true;
  };
  std::vector<Axis> axes;
  /// Names of the loop orders that the control can run ("weight_stationary",
  /// "output_stationary", "input_stationary"); empty: any.
  std::vector<std::string> dataflows;
  /// Multiply-accumulates of one element in one cycle.
  SourcedValue macsPerCycle;
  /// From the last operand that enters the array to the last result that leaves
  /// it. Not set: none.
  SourcedValue latencyCycles;
  /// Of arithmetic that runs at another rate, by its name ("f32").
  std::vector<std::pair<std::string, SourcedValue>> macsPerCycleByType;

  const SourcedValue &macsPerCycleOf(llvm::StringRef arithmetic) const {
    for (const auto &[type, rate] : macsPerCycleByType)
      if (arithmetic == type)
        return rate;
    return macsPerCycle;
  }
  /// Operands, by OperandRole, whose zeros cost a cycle, but neither the
  /// multiply-accumulate nor the other operands' accesses to the innermost
  /// memories.
  bool gatesZeros[3] = {false, false, false};
};

/// Memory cells that multiply: crossbars of non-volatile cells or of SRAM
/// cells, with converters (analog) or adders (digital) at their edges. A pass
/// drives the rows with a slice of the inputs and reads the columns.
struct CrossbarDesc {
  int64_t rows = 0; ///< Driven by one pass.
  int64_t cols = 0; ///< Read by one pass.
  int64_t instances = 1;
  /// Of one multiply-accumulate of `ArrayDesc::macsPerCycle`.
  int64_t weightBits = 8, inputBits = 8;
  int64_t cellBits = 1;         ///< Of a weight, in one column.
  int64_t cellsPerSlice = 1;    ///< Cells that hold them (differential: 2).
  int64_t inputBitsPerPass = 1; ///< What the rows are driven with at once.
  int64_t phases = 1;           ///< Passes for each such slice of the inputs.
  int64_t columnsPerAdc = 1;
  int64_t adcBits = 0;     ///< 0: digital, no converters.
  SourcedValue passCycles; ///< All conversions included.
};

/// A machine. `family` decides which of the parts below are there.
struct MachineDesc {
  std::string family;
  std::string name;
  std::string source;
  /// What energies of other processes and supplies are scaled to.
  std::optional<double> processNm, supplyV;
  SourcedValue clockMhz;
  int64_t cores = 1;
  /// LLVM feature that a host must have for this machine to be its default,
  /// e.g. "avx512f"; empty: any.
  std::string requiredFeature;
  /// One that later processors have: for a host with it this machine is not the
  /// default. Empty: none.
  std::string newerFeature;
  VectorUnitDesc vector;
  /// With a crossbar, its axes are "instances" (if there are several), "rows"
  /// and "cols", counted in whole weights.
  ArrayDesc array;
  std::optional<CrossbarDesc> crossbar;
  std::vector<MemoryDesc> memories;
  /// Energy of actions in pJ, by key without unit ("mac_i8" for `mac_i8_pj`,
  /// "hop" for `hop_pj_per_byte`), in the order of the file.
  std::vector<std::pair<std::string, SourcedValue>> actions;
  SourcedValue leakageMw;      ///< Of all but the memories that state theirs.
  SourcedValue forkJoinCycles; ///< Cost of one parallel region.

  /// Null where the file does not have it.
  const SourcedValue *action(llvm::StringRef key) const {
    for (const auto &[name, value] : actions)
      if (key == name)
        return &value;
    return nullptr;
  }
};

/// Reads and checks a machine file. Errors, with line and column, go to
/// `sink` and give nothing.
std::optional<MachineDesc> loadMachine(llvm::StringRef path,
                                       DiagnosticSink &sink);

} // namespace aicc

#endif // AICC_ENERGY_MACHINE_H
