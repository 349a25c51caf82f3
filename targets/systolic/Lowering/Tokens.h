//===- Tokens.h - The order of instructions of different units --*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_TOKENS_H
#define TARGETS_SYSTOLIC_LOWERING_TOKENS_H

#include "targets/systolic/Isa/Isa.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <vector>

namespace aicc::systolic {

/// Places on the chip are named by slots, of which no two overlap.
using Slot = unsigned;

/// Finds the tokens that order the instructions of a program whose units must
/// not overtake each other: what is read was written, and what is overwritten
/// was read.
class TokenPlanner {
public:
  struct Tokens {
    uint8_t waits = 0, signals = 0;
  };

  /// The next instruction of the program.
  void add(Queue queue, llvm::ArrayRef<Slot> reads,
           llvm::ArrayRef<Slot> writes);

  /// By instruction, in the order of `add`.
  llvm::ArrayRef<Tokens> tokens() const { return result; }

private:
  static constexpr int64_t none = -1;
  using ByQueue = std::array<int64_t, numQueues>;
  static constexpr ByQueue nobody = {none, none, none, none};

  struct Use {
    ByQueue readers = nobody;
    int64_t writer = none;
    Queue writerQueue = Queue::Load;
  };
  Use &useOf(Slot slot);

  std::vector<Tokens> result;
  std::vector<Use> uses;
  /// The last instruction of queue p that queue q is known to come after.
  std::array<ByQueue, numQueues> known = {nobody, nobody, nobody, nobody};
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_TOKENS_H
