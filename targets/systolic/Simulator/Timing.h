//===- Timing.h - When instructions run -------------------------*- C++ -*-===//
//
// The section "Time" of the specification, event by event, exact to the cycle.
// Cycles in which nothing starts cost nothing. Takes programs that ran without
// error (Execution.h): operands are in range and tokens match.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_SIMULATOR_TIMING_H
#define TARGETS_SYSTOLIC_SIMULATOR_TIMING_H

#include "targets/systolic/Isa/Loops.h"
#include "targets/systolic/Simulator/Registers.h"
#include "targets/systolic/Simulator/Simulator.h"

#include <deque>

namespace aicc::systolic {

class Timing {
public:
  Timing(const Program &program, const Entry &entry, TraceSink *trace)
      : program(program), entry(entry), machine(program.machine), trace(trace),
        next(program, entry) {}

  /// Fills in the times of `result`. False, and why, if more tokens are given
  /// than a counter holds.
  bool run(RunResult &result, std::string &error);

private:
  static constexpr uint64_t never = UINT64_MAX;

  /// An instruction as it was dispatched.
  struct Waiting {
    Instruction instruction;
    uint64_t index = 0;  ///< In the program.
    uint64_t number = 0; ///< In the sequence.
    uint64_t dispatched = 0;
  };
  /// Rows of a load.in or store.out under way.
  struct Transfer {
    bool active = false;
    Walk walk;
    uint64_t width = 0; ///< Bytes of a row.
    uint64_t i1 = 0, i0 = 0;
    uint64_t ask = 0; ///< When the next row's request is made.
    Waiting of;
    uint64_t start = 0;
  };
  struct Unit {
    std::deque<Waiting> queue;
    uint64_t free = 0; ///< First cycle in which the next one can start.
    std::vector<uint64_t> starts; ///< Of all that have started.
    uint64_t lastComplete = 0;    ///< One more than the cycle; 0: none.
    uint64_t covered = 0;         ///< Up to here, busy cycles are counted.
    Transfer transfer;
  };
  /// Of the array.
  struct Array {
    uint64_t weightsFree = 0;  ///< The next weights can start.
    uint64_t weightsReady = 0; ///< The next multiply can start.
    uint64_t streamFree = 0;   ///< Rows of the next product can enter.
    uint64_t drained = 0;      ///< Products are out of it: sums can be flushed.
    uint64_t firstStart = never, covered = 0, busy = 0;
  };

  uint64_t dispatchTime() const;
  /// The first cycle in which the array takes the instruction.
  uint64_t arrayFree(const Instruction &instruction) const;
  /// When the first of the queue can start; `ready`: but for tokens.
  uint64_t startTime(unsigned unit, uint64_t &ready) const;
  /// When the unit acts next.
  uint64_t actTime(unsigned unit) const;

  void dispatch(uint64_t time);
  /// `horizon`: nothing else happens before.
  bool act(unsigned unit, uint64_t time, uint64_t horizon);
  bool takeTokens(unsigned unit, const Waiting &of, uint64_t time);
  uint64_t startOnArray(const Instruction &instruction, uint64_t time);
  void startTransfer(unsigned unit, const Waiting &of, uint64_t time);
  void transferRows(unsigned unit, uint64_t horizon);
  /// Under way in [start, done); completes then or later.
  void finish(unsigned unit, const Waiting &of, uint64_t start, uint64_t done);

  const Program &program;
  const Entry &entry;
  const MachineConfig &machine;
  TraceSink *trace;
  RunResult *result = nullptr;
  std::string *error = nullptr;

  Sequence next;             ///< At the instruction of the dispatcher.
  uint64_t dispatcherAt = 0; ///< The cycle in which it reads that.
  std::array<Unit, numQueues> units;
  /// [from][to]: the first cycles in which tokens can be taken.
  std::array<std::array<std::deque<uint64_t>, numQueues>, numQueues> tokens;
  Array array;
  LoadRegisters loadRegisters;
  StoreRegisters storeRegisters;
  /// When the DRAM is free, in 1/256 cycles; for reads and writes.
  std::array<uint64_t, 2> dramFree = {};
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SIMULATOR_TIMING_H
