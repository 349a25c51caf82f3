//===- Simulator.h - Runs programs of the systolic family -------*- C++ -*-===//
//
// Executes programs of docs/targets/systolic-isa.md on the host's memory: the
// same bytes, the same cycles, and every event counted. A program that breaks
// the rules (operands out of range, units that race, tokens that are lost) ends
// with an error that names the instructions; nothing a program does is
// undefined.
//
// Needs neither LLVM nor the compiler: the runtime links it.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_SIMULATOR_SIMULATOR_H
#define TARGETS_SYSTOLIC_SIMULATOR_SIMULATOR_H

#include "targets/systolic/Isa/Isa.h"

#include <memory>

namespace aicc::systolic {

/// A part of the host's memory that an entry may use. Entries that get
/// overlapping segments are checked as what they are: the same bytes.
struct Segment {
  uint8_t *data = nullptr;
  uint64_t bytes = 0;
  bool writable = false;
};

/// What an entry did. Bytes of the memories on the chip are those that carry
/// data: k of a row of A, n columns of C (4 bytes each), `columns` of a
/// transfer; all lanes for fills, outers (rows of A, cols of B) and the vector
/// unit.
struct Counts {
  /// By opcode, each time that one was executed.
  std::array<uint64_t, unsigned(Opcode::VectorCopy) + 1> instructions = {};
  /// M k n of each multiply; K m n of each flush.
  uint64_t macs = 0;
  /// Cycles in which operands enter the array: rows of the multiplies and
  /// outers.
  uint64_t arrayCycles = 0;
  /// What the DRAM transfers: whole accesses.
  uint64_t dramReadBytes = 0, dramWriteBytes = 0;
  /// What of it was asked for.
  uint64_t loadedBytes = 0, storedBytes = 0;
  uint64_t scratchpadReadBytes = 0, scratchpadWriteBytes = 0;
  uint64_t weightMemoryReadBytes = 0, weightMemoryWriteBytes = 0;
  /// Adding to a word reads and writes it. Scales are read once for each
  /// instruction.
  uint64_t accumulatorReadBytes = 0, accumulatorWriteBytes = 0;
  /// Of the weights in the array: written k n at a time, read once a MAC.
  uint64_t weightRegisterReadBytes = 0, weightRegisterWriteBytes = 0;
  /// Of the sums in the array (output stationary): words of 4 bytes, read and
  /// written once a MAC, read once more when flushed.
  uint64_t sumRegisterReadBytes = 0, sumRegisterWriteBytes = 0;
  /// Words that became bytes on their way out.
  uint64_t quantizedElements = 0;
  /// Lanes of the rows that vector instructions computed.
  uint64_t vectorLaneOps = 0;
  uint64_t filledRows = 0;

  bool operator==(const Counts &) const = default;
};

/// In cycles.
struct UnitTimes {
  uint64_t busy = 0;             ///< At least one instruction under way.
  uint64_t waitingForTokens = 0; ///< Not busy, and ready but for tokens.
  uint64_t waitingForDram = 0;   ///< Of busy: beyond one cycle for each row.
};

struct RunResult {
  /// From the first instruction's dispatch to the end of the entry.
  uint64_t cycles = 0;
  /// Of the array if no weight load or fill overlapped with anything and
  /// nothing ever waited: M + 2 rows + cols - 2 for each multiply, K + rows +
  /// cols - 2 for each sum of outers.
  uint64_t computeCycles = 0;
  /// Of the array, from the start of its first instruction to the end of its
  /// last: cycles without any of them (weights, multiply, outer, flush) under
  /// way.
  uint64_t stallCycles = 0;
  Counts counts;
  std::array<UnitTimes, numQueues> units; ///< By Queue.
};

/// Is told what happened when; see Trace.h.
class TraceSink {
public:
  virtual ~TraceSink() = default;
  /// Instruction `index` was under way in the cycles [start, end).
  virtual void instruction(Queue queue, uint64_t index,
                           const Instruction &instruction, uint64_t start,
                           uint64_t end) = 0;
  /// A request of `bytes` occupied the DRAM in [start, end) cycles / 256.
  virtual void dramRequest(bool write, uint64_t bytes, uint64_t start256,
                           uint64_t end256) = 0;
  /// That was all of `entry`.
  virtual void entry(const Entry &entry, uint64_t cycles) = 0;
};

/// What a simulator may use. A run past its steps ends with an error.
struct Limits {
  /// Of the machine's memories and the array, together.
  uint64_t memoryBytes = uint64_t(1) << 30;
  /// Rows, and further steps for wide ones.
  uint64_t steps = UINT64_MAX;
};

/// One machine. Not for several threads at once.
class Simulator {
public:
  /// Null, and why in `error`, for a machine that cannot be.
  static std::unique_ptr<Simulator> create(const MachineConfig &machine,
                                           std::string &error,
                                           const Limits &limits = {});
  ~Simulator();

  /// Refuses programs for another machine and those that are not well formed.
  bool load(Program program, std::string &error);
  /// Runs one entry of the program. After an error, what the segments and
  /// `result` hold is not specified.
  bool run(unsigned entry, const Segment *segments, size_t numSegments,
           RunResult &result, std::string &error, TraceSink *trace = nullptr);
  /// As if no entry had run: the next one finds nothing in the scratchpad.
  void forget();

private:
  struct State;
  explicit Simulator(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SIMULATOR_SIMULATOR_H
