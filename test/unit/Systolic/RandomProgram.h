//===- RandomProgram.h - Programs of the right form -------------*- C++ -*-===//
//
// Random instructions with random operands, all of which have the form that the
// specification asks for. What they do makes no sense.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_UNIT_SYSTOLIC_RANDOMPROGRAM_H
#define TEST_UNIT_SYSTOLIC_RANDOMPROGRAM_H

#include "targets/systolic/Isa/Isa.h"

#include <random>

namespace aicc::systolic::tests {

/// The machine that most tests use: small, but with every part there is.
MachineConfig smallMachine();

Instruction randomInstruction(std::mt19937_64 &random);
/// Up to three entries with up to `instructions` instructions each, some of
/// them in loops.
Program randomProgram(std::mt19937_64 &random, unsigned instructions);

} // namespace aicc::systolic::tests

#endif // TEST_UNIT_SYSTOLIC_RANDOMPROGRAM_H
