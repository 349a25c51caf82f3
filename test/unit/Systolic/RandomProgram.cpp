//===- RandomProgram.cpp - Programs of the right form ---------------------===//

#include "test/unit/Systolic/RandomProgram.h"
#include "targets/systolic/Isa/Fields.h"
#include "targets/systolic/Isa/Loops.h"

using namespace aicc::systolic;

MachineConfig tests::smallMachine() {
  MachineConfig machine;
  machine.rows = 4;
  machine.cols = 6;
  machine.scratchpadRows = 256;
  machine.weightRows = 64;
  machine.accumulatorRows = 128;
  machine.queueDepth = 4;
  machine.dramBytesPer256Cycles = 8 * 256;
  machine.dramAccessBytes = 8;
  machine.dramIsShared = 1;
  machine.dataflows = 3;
  machine.clockKhz = 1000000;
  return machine;
}

static uint32_t randomAddress(const Field &field, std::mt19937_64 &random) {
  unsigned space = random() % 3;
  while (!(field.spaces >> space & 1))
    space = (space + 1) % 3;
  bool accumulates = field.accumulates &&
                     space == unsigned(Space::Accumulator) && random() % 2;
  return LocalAddress::make(Space(space), uint32_t(random()), accumulates).bits;
}

Instruction tests::randomInstruction(std::mt19937_64 &random) {
  // Fence, and those of units: what comes before and between is of the
  // dispatcher, and says something of its neighbours.
  size_t first = size_t(formOf(Opcode::LoadConfig) - forms().data()) - 1;
  size_t at = first + random() % (forms().size() - first);
  const Form &form = at == first ? *formOf(Opcode::Fence) : forms()[at];
  Instruction instruction;
  instruction.opcode = form.opcode;
  for (const Field &field : form.fields) {
    field.slot.set(instruction, field.kind == Field::Kind::Address
                                    ? randomAddress(field, random)
                                    : uint32_t(random()));
    if (field.kind == Field::Kind::Rows)
      field.second.set(instruction, uint32_t(random()));
    if (random() % 8 == 0 && field.kind != Field::Kind::Address)
      field.slot.set(instruction, 0);
  }
  if (std::optional<Queue> queue = queueOf(form.opcode)) {
    uint8_t others = 15 & ~(1 << unsigned(*queue));
    instruction.waits = random() & others;
    instruction.signals = random() & others;
  }
  return instruction;
}

/// Adds `length` instructions in `depth` loops.
static void addInstructions(std::mt19937_64 &random, unsigned length,
                            unsigned depth, std::vector<Instruction> &out) {
  while (length > 0) {
    if (depth < maximumLoopDepth && length > 1 && random() % 8 == 0) {
      unsigned body = 1 + unsigned(random() % (length - 1));
      out.push_back({.opcode = Opcode::Loop,
                     .b16 = uint16_t(body),
                     .a32 = 1 + uint32_t(random() % 5)});
      addInstructions(random, body, depth + 1, out);
      length -= 1 + body;
      continue;
    }
    unsigned steps = 0;
    for (unsigned level = 0; level < depth && length > 1; ++level) {
      if (random() % 2)
        continue;
      out.push_back({.opcode = Opcode::Step,
                     .a16 = uint16_t(level),
                     .a32 = uint32_t(random()),
                     .b32 = uint32_t(random())});
      ++steps;
      --length;
    }
    Instruction instruction = tests::randomInstruction(random);
    while (steps && instruction.opcode == Opcode::Fence)
      instruction = tests::randomInstruction(random);
    out.push_back(instruction);
    --length;
  }
}

Program tests::randomProgram(std::mt19937_64 &random, unsigned instructions) {
  Program program;
  program.machine = smallMachine();
  program.machine.clockKhz = uint32_t(random());
  unsigned entries = random() % 4;
  for (unsigned i = 0; i < entries; ++i) {
    Entry &entry = program.entries.emplace_back();
    for (unsigned length = random() % 8; length > 0; --length)
      entry.name += char(1 + random() % 255);
    entry.first = uint32_t(program.instructions.size());
    entry.count = 1 + random() % instructions;
    entry.segments = uint32_t(random());
    addInstructions(random, entry.count - 1, 0, program.instructions);
    program.instructions.push_back({});
  }
  return program;
}
