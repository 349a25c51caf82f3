//===- Loops.h - The order in which loops run instructions ------*- C++ -*-===//
//
// What the dispatcher does with `loop` and `step`
// (docs/targets/systolic-isa.md): which instruction is next, and what its a32
// and b32 are by then. Loops are followed, not expanded: the memory is that of
// the dispatcher's buffer.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_ISA_LOOPS_H
#define TARGETS_SYSTOLIC_ISA_LOOPS_H

#include "targets/systolic/Isa/Isa.h"

#include <span>

namespace aicc::systolic {

/// Loops within each other.
inline constexpr unsigned maximumLoopDepth = 4;
/// Instructions of the outermost loop's body: what the buffer holds, 16 KiB as
/// in a small instruction cache.
inline constexpr unsigned maximumLoopLength = 1024;
/// Instructions that the dispatcher reads in an entry, each time that it does.
inline constexpr uint64_t maximumDispatched = uint64_t(1) << 30;

struct WrongLoop {
  uint64_t index; ///< Of the instruction, from the start of the entry.
  std::string what;
};

/// The first thing that is wrong with the loops of an entry, which ends with
/// its halt. Nothing if they are as the specification says.
std::optional<WrongLoop> findWrongLoop(std::span<const Instruction> entry);

/// The instructions of an entry one after the other, as the dispatcher reads
/// them: `loop` and `step` too. The program must be well formed and stay where
/// it is.
class Sequence {
public:
  Sequence(const Program &program, const Entry &entry);

  bool atEnd() const { return at == end; }
  void next();

  /// With a32 and b32 of this iteration; until `next`.
  const Instruction &instruction() const {
    return depth ? buffer[at - bufferFirst] : program->instructions[at];
  }
  /// Of the program.
  uint64_t index() const { return at; }
  /// Instructions that were read before.
  uint64_t number() const { return numRead; }
  bool isInLoop() const { return depth; }
  /// "instruction 12 (load.in)", and in a loop ", iteration 2.0": of the
  /// outermost loop first, from 0 on.
  std::string describe() const;

private:
  struct Loop {
    uint64_t first, end; ///< Its body.
    uint32_t count, iteration;
  };
  struct Step {
    uint32_t a32 = 0, b32 = 0;
  };
  void advance(Instruction &instruction);

  const Program *program;
  uint64_t at, end, numRead = 0;
  std::array<Loop, maximumLoopDepth> loops;
  unsigned depth = 0;
  /// The body of the outermost loop, as it is by now.
  std::vector<Instruction> buffer;
  uint64_t bufferFirst = 0;
  std::array<Step, maximumLoopDepth> steps; ///< Of the next instruction.
};

/// The instruction that was read after `number` others.
std::string describe(const Program &program, const Entry &entry,
                     uint64_t number);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_ISA_LOOPS_H
