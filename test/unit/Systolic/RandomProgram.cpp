//===- RandomProgram.cpp - Programs of the right form ---------------------===//

#include "test/unit/Systolic/RandomProgram.h"
#include "targets/systolic/Isa/Fields.h"

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
  // Without halt, which is the first.
  const Form &form = forms()[1 + random() % (forms().size() - 1)];
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
    for (unsigned j = 1; j < entry.count; ++j)
      program.instructions.push_back(randomInstruction(random));
    program.instructions.push_back({});
  }
  return program;
}
