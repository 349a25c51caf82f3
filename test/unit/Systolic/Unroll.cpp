//===- Unroll.cpp - Loops written out -------------------------------------===//

#include "test/unit/Systolic/Unroll.h"

using namespace aicc::systolic;

namespace {

/// Of a loop around an instruction.
struct Around {
  uint32_t count, iteration;
};

class Unroller {
public:
  Unroller(const std::vector<Instruction> &list, bool withLoops)
      : list(list), withLoops(withLoops) {}

  /// Instructions [first, end).
  void run(size_t first, size_t end) {
    for (size_t at = first; at < end;) {
      const Instruction &instruction = list[at];
      if (instruction.opcode != Opcode::Loop) {
        at = one(at);
        continue;
      }
      keep(instruction);
      size_t body = at + 1;
      at = body + instruction.b16;
      around.push_back({instruction.a32, 0});
      for (; around.back().iteration < around.back().count;
           ++around.back().iteration)
        run(body, at);
      around.pop_back();
    }
  }
  std::vector<Instruction> out;

private:
  void keep(const Instruction &instruction) {
    if (withLoops)
      out.push_back(instruction);
  }

  /// The instruction at `at` with its steps; returns what comes after it.
  size_t one(size_t at) {
    uint32_t a[4] = {}, b[4] = {};
    for (; list[at].opcode == Opcode::Step; ++at) {
      keep(list[at]);
      a[list[at].a16] = list[at].a32;
      b[list[at].a16] = list[at].b32;
    }
    Instruction instruction = list[at];
    instruction.a32 += sum(a);
    instruction.b32 += sum(b);
    out.push_back(instruction);
    return at + 1;
  }

  /// A loop's stride is its step and all that the loops within it went.
  uint32_t sum(const uint32_t (&steps)[4]) const {
    uint32_t sum = 0, within = 0;
    for (size_t level = 0; level < around.size(); ++level) {
      const Around &loop = around[around.size() - 1 - level];
      uint32_t stride = steps[level] + within;
      sum += loop.iteration * stride;
      within += (loop.count - 1) * stride;
    }
    return sum;
  }

  const std::vector<Instruction> &list;
  bool withLoops;
  std::vector<Around> around;
};

} // namespace

std::vector<Instruction>
tests::unroll(const std::vector<Instruction> &instructions, bool withLoops) {
  Unroller unroller(instructions, withLoops);
  unroller.run(0, instructions.size());
  return std::move(unroller.out);
}

Program tests::unroll(const Program &program, bool withLoops) {
  Program result = program;
  result.instructions = unroll(program.instructions, withLoops);
  result.entries[0].count = uint32_t(result.instructions.size());
  return result;
}
