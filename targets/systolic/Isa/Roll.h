//===- Roll.h - Loops from repeated instructions ----------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_ISA_ROLL_H
#define TARGETS_SYSTOLIC_ISA_ROLL_H

#include "targets/systolic/Isa/Isa.h"

namespace aicc::systolic {

/// An instruction of the rolled program: one that stays, or a new loop or step.
struct Rolled {
  Instruction instruction;
  /// Which of the given instructions it is; nothing for loops and steps.
  std::optional<uint32_t> origin;
};

/// Finds runs of instructions that repeat themselves, but for a32 and b32 that
/// advance by constants, and makes loops of them; then loops of loops. What the
/// dispatcher makes of the result are the given instructions, one by one. The
/// result is not longer. Instructions that have loops already stay as they are.
std::vector<Rolled> roll(const std::vector<Instruction> &instructions);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_ISA_ROLL_H
