//===- Loops.cpp - The order in which loops run instructions --------------===//

#include "targets/systolic/Isa/Loops.h"

#include <algorithm>

using namespace aicc::systolic;

//===----------------------------------------------------------------------===//
// The form
//===----------------------------------------------------------------------===//

namespace {
/// Walks over an entry once, with the loops around each instruction.
class Checker {
public:
  explicit Checker(std::span<const Instruction> entry) : entry(entry) {}

  std::optional<WrongLoop> check();

private:
  struct Loop {
    uint64_t end;
    uint64_t times; ///< That its body runs, saturated above the maximum.
  };

  std::string checkLoop();
  std::string checkStep();

  std::span<const Instruction> entry;
  uint64_t at = 0;
  std::vector<Loop> around;
  unsigned levels = 0; ///< Bits of the levels that steps before gave.
};
} // namespace

std::string Checker::checkLoop() {
  const Instruction &loop = entry[at];
  uint64_t length = loop.b16, bodyEnd = at + 1 + length;
  if (loop.a32 == 0)
    return "count is 0, expected at least 1";
  if (length == 0 || length > maximumLoopLength)
    return "length is " + std::to_string(length) + ", expected 1 to " +
           std::to_string(maximumLoopLength);
  if (around.size() == maximumLoopDepth)
    return "is in " + std::to_string(maximumLoopDepth) +
           " loops, expected at most " + std::to_string(maximumLoopDepth - 1);
  // The halt is the last instruction and in no loop.
  if (bodyEnd >= entry.size())
    return "its body ends behind the halt";
  if (!around.empty() && bodyEnd > around.back().end)
    return "its body ends behind that of the loop around it";
  uint64_t times = around.empty() ? 1 : around.back().times;
  // 2^30 and 32 bits: 64 bits hold the product.
  times = std::min(times * loop.a32, maximumDispatched + 1);
  around.push_back({bodyEnd, times});
  return {};
}

std::string Checker::checkStep() {
  unsigned level = entry[at].a16;
  if (level >= around.size())
    return "level is " + std::to_string(level) + ", and it is in " +
           std::to_string(around.size()) + " loops";
  if (levels >> level & 1)
    return "the instruction has a step of level " + std::to_string(level) +
           " already";
  levels |= 1u << level;
  // A body ends before the halt: there is a next one.
  const Instruction &next = entry[at + 1];
  bool steps = queueOf(next.opcode) || next.opcode == Opcode::Step;
  if (at + 1 == around.back().end || !steps)
    return "expected an instruction of a unit after it, in the same loop";
  return {};
}

std::optional<WrongLoop> Checker::check() {
  uint64_t dispatched = 0;
  for (; at < entry.size(); ++at) {
    while (!around.empty() && around.back().end == at)
      around.pop_back();
    // At most 2^32 times 2^30: no overflow.
    dispatched += around.empty() ? 1 : around.back().times;
    if (dispatched > maximumDispatched)
      return WrongLoop{at, "the entry has more than " +
                               std::to_string(maximumDispatched) +
                               " instructions by then, those of each iteration "
                               "counted"};
    std::string what;
    if (entry[at].opcode == Opcode::Loop)
      what = checkLoop();
    else if (entry[at].opcode == Opcode::Step)
      what = checkStep();
    else
      levels = 0;
    if (!what.empty())
      return WrongLoop{at, std::move(what)};
  }
  return std::nullopt;
}

std::optional<WrongLoop>
aicc::systolic::findWrongLoop(std::span<const Instruction> entry) {
  return Checker(entry).check();
}

//===----------------------------------------------------------------------===//
// The order
//===----------------------------------------------------------------------===//

Sequence::Sequence(const Program &program, const Entry &entry)
    : program(&program), at(entry.first),
      end(uint64_t(entry.first) + entry.count) {}

/// The instruction's next iteration is that of the innermost loop that goes on.
void Sequence::advance(Instruction &instruction) {
  for (unsigned level = 0; level < depth; ++level) {
    const Loop &loop = loops[depth - 1 - level];
    if (loop.iteration + 1 == loop.count)
      continue;
    instruction.a32 += steps[level].a32;
    instruction.b32 += steps[level].b32;
    return;
  }
}

void Sequence::next() {
  ++numRead;
  const Instruction &current = instruction();
  switch (current.opcode) {
  case Opcode::Loop: {
    Loop loop{at + 1, at + 1 + current.b16, current.a32, 0};
    if (depth == 0) {
      auto begin = program->instructions.begin();
      buffer.assign(begin + ptrdiff_t(loop.first), begin + ptrdiff_t(loop.end));
      bufferFirst = loop.first;
    }
    loops[depth++] = loop;
    ++at;
    return;
  }
  case Opcode::Step:
    steps[current.a16] = {current.a32, current.b32};
    ++at;
    return;
  default:
    break;
  }
  if (depth)
    advance(buffer[at - bufferFirst]);
  steps = {};
  ++at;
  for (; depth && at == loops[depth - 1].end; --depth) {
    Loop &loop = loops[depth - 1];
    if (++loop.iteration < loop.count) {
      at = loop.first;
      return;
    }
  }
}

std::string Sequence::describe() const {
  std::string text = "instruction " + std::to_string(at) + " (" +
                     std::string(mnemonicOf(instruction().opcode)) + ")";
  for (unsigned i = 0; i < depth; ++i)
    text += (i ? "." : ", iteration ") + std::to_string(loops[i].iteration);
  return text;
}

std::string aicc::systolic::describe(const Program &program, const Entry &entry,
                                     uint64_t number) {
  Sequence sequence(program, entry);
  while (sequence.number() < number)
    sequence.next();
  return sequence.describe();
}
