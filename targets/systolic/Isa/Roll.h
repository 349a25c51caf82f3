//===- Roll.h - Loops from repeated instructions ----------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_ISA_ROLL_H
#define TARGETS_SYSTOLIC_ISA_ROLL_H

#include "targets/systolic/Isa/Isa.h"

namespace aicc::systolic {

/// Finds runs of instructions that repeat themselves, but for a32 and b32 that
/// advance by constants, and makes loops of them; then loops of loops. What the
/// dispatcher makes of the result are the given instructions, one by one. The
/// result is not longer. Instructions that have loops already stay as they are.
std::vector<Instruction> roll(const std::vector<Instruction> &instructions);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_ISA_ROLL_H
