//===- Unroll.h - Loops written out -----------------------------*- C++ -*-===//
//
// What the specification says of loops, by closed forms: base + iteration x
// stride for each loop around an instruction. The dispatcher only adds.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_UNIT_SYSTOLIC_UNROLL_H
#define TEST_UNIT_SYSTOLIC_UNROLL_H

#include "targets/systolic/Isa/Isa.h"

namespace aicc::systolic::tests {

/// The instructions in the order in which they run. Each `loop` and `step` that
/// is read stays with `withLoops`, for the cycle that it takes.
std::vector<Instruction> unroll(const std::vector<Instruction> &instructions,
                                bool withLoops = false);

/// A program of one entry without its loops.
Program unroll(const Program &program, bool withLoops = false);

} // namespace aicc::systolic::tests

#endif // TEST_UNIT_SYSTOLIC_UNROLL_H
