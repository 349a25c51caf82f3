//===- Verify.cpp - The form of programs ----------------------------------===//

#include "targets/systolic/Isa/Bytes.h"
#include "targets/systolic/Isa/Fields.h"
#include "targets/systolic/Isa/Loops.h"

using namespace aicc::systolic;

/// What addresses have bits for.
static constexpr uint32_t maximumRows = LocalAddress::rowMask + 1;
/// What the 16 bits of k, n and columns can count.
static constexpr uint32_t maximumLanes = 0xffff;

bool aicc::systolic::verify(const MachineConfig &machine, std::string &error) {
  struct Range {
    uint32_t MachineConfig::*member;
    uint32_t least, most;
  };
  static constexpr Range ranges[] = {
      {&MachineConfig::rows, 1, maximumLanes},
      {&MachineConfig::cols, 1, maximumLanes},
      {&MachineConfig::scratchpadRows, 1, maximumRows},
      {&MachineConfig::weightRows, 0, maximumRows},
      {&MachineConfig::accumulatorRows, 1, maximumRows},
      {&MachineConfig::queueDepth, 1, 0xffff},
      {&MachineConfig::dramBytesPer256Cycles, 1, UINT32_MAX},
      {&MachineConfig::dramAccessBytes, 1, 0xffff},
      {&MachineConfig::dramIsShared, 0, 1},
      {&MachineConfig::dataflows, 1, 3},
  };
  for (const Range &range : ranges) {
    uint32_t value = machine.*range.member;
    if (value >= range.least && value <= range.most)
      continue;
    std::string_view name;
    for (const MachineField &field : machineFields)
      if (field.member == range.member)
        name = field.name;
    error = "the machine's " + std::string(name) + " is " +
            std::to_string(value) + ", expected " +
            std::to_string(range.least) + " to " + std::to_string(range.most);
    return false;
  }
  return true;
}

static std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

/// What is wrong with an address; empty if nothing is.
static std::string wrongAddress(const Field &field, LocalAddress address) {
  auto wrong = [&](const std::string &what) {
    return quoted(field.name) + " " + what;
  };
  if (address.space() > unsigned(Space::Accumulator))
    return wrong("names no memory");
  if (!(field.spaces >> address.space() & 1))
    return wrong("is in " + std::string(prefixOf(address.space())) +
                 ", where this instruction does not reach");
  uint32_t unused = ~(uint32_t(3) << 30 | LocalAddress::accumulateBit |
                      LocalAddress::rowMask);
  if (address.bits & unused)
    return wrong("has unused bits that are not zero");
  if (address.accumulates() &&
      (!field.accumulates || address.space() != unsigned(Space::Accumulator)))
    return wrong("accumulates, which it cannot");
  return {};
}

std::string aicc::systolic::wrongForm(const Instruction &instruction) {
  const Form *form = formOf(instruction.opcode);
  if (!form)
    return "there is no opcode " + std::to_string(unsigned(instruction.opcode));
  std::optional<Queue> queue = queueOf(instruction.opcode);
  if ((instruction.waits | instruction.signals) >> numQueues)
    return "tokens of a unit that does not exist";
  if (!queue && (instruction.waits || instruction.signals))
    return "the dispatcher takes and gives no tokens";
  if (queue &&
      (instruction.waits | instruction.signals) >> unsigned(*queue) & 1)
    return "a token of the unit itself";

  Instruction rest = instruction;
  for (const Field &field : form->fields) {
    if (field.kind == Field::Kind::Address) {
      std::string wrong =
          wrongAddress(field, LocalAddress{field.slot.get(instruction)});
      if (!wrong.empty())
        return wrong;
    }
    field.slot.set(rest, 0);
    if (field.kind == Field::Kind::Rows)
      field.second.set(rest, 0);
  }
  if (rest.a16 || rest.b16 || rest.c16 || rest.a32 || rest.b32)
    return "unused bits that are not zero";
  return {};
}

static bool verifyEntries(const Program &program, std::string &error) {
  uint64_t next = 0;
  for (size_t i = 0; i < program.entries.size(); ++i) {
    const Entry &entry = program.entries[i];
    auto fail = [&](const std::string &what) {
      error = "entry " + std::to_string(i) + " " + what;
      return false;
    };
    if (entry.name.find('\0') != std::string::npos)
      return fail("has a name with a zero byte");
    if (entry.count == 0)
      return fail("has no instructions");
    if (entry.first != next)
      return fail("starts at instruction " + std::to_string(entry.first) +
                  ", expected " + std::to_string(next));
    next += entry.count;
    if (next > program.instructions.size())
      return fail("ends at instruction " + std::to_string(next) + " of " +
                  std::to_string(program.instructions.size()));
    for (uint64_t at = entry.first; at < next; ++at)
      if ((program.instructions[at].opcode == Opcode::Halt) != (at + 1 == next))
        return fail("must have one halt, at its end; instruction " +
                    std::to_string(at) + " is " +
                    std::string(mnemonicOf(program.instructions[at].opcode)));
  }
  if (next != program.instructions.size()) {
    error = "the entries have " + std::to_string(next) + " instructions of " +
            std::to_string(program.instructions.size());
    return false;
  }
  return true;
}

static bool wrongInstruction(const Program &program, size_t index,
                             const std::string &what, std::string &error) {
  error = "instruction " + std::to_string(index) + " (" +
          std::string(mnemonicOf(program.instructions[index].opcode)) +
          "): " + what;
  return false;
}

/// The entries are well formed.
static bool verifyLoops(const Program &program, std::string &error) {
  for (const Entry &entry : program.entries) {
    std::optional<WrongLoop> wrong = findWrongLoop(
        std::span(program.instructions).subspan(entry.first, entry.count));
    if (wrong)
      return wrongInstruction(program, entry.first + wrong->index, wrong->what,
                              error);
  }
  return true;
}

bool aicc::systolic::verify(const Program &program, std::string &error) {
  if (!verify(program.machine, error))
    return false;
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    std::string wrong = wrongForm(program.instructions[i]);
    if (!wrong.empty())
      return wrongInstruction(program, i, wrong, error);
  }
  return verifyEntries(program, error) && verifyLoops(program, error);
}
