//===- Isa.cpp - Instructions of the systolic family ----------------------===//

#include "targets/systolic/Isa/Isa.h"
#include "targets/systolic/Isa/Bytes.h"
#include "targets/systolic/Isa/Fields.h"

using namespace aicc::systolic;

InstructionBytes aicc::systolic::encode(const Instruction &instruction) {
  InstructionBytes bytes;
  bytes[0] = uint8_t(instruction.opcode);
  bytes[1] = (instruction.signals & 15) | (instruction.waits & 15) << 4;
  putLittleEndian(&bytes[2], instruction.a16, 2);
  putLittleEndian(&bytes[4], instruction.a32, 4);
  putLittleEndian(&bytes[8], instruction.b32, 4);
  putLittleEndian(&bytes[12], instruction.b16, 2);
  putLittleEndian(&bytes[14], instruction.c16, 2);
  return bytes;
}

std::optional<Instruction>
aicc::systolic::decode(const InstructionBytes &bytes) {
  Instruction instruction;
  instruction.opcode = Opcode(bytes[0]);
  if (!formOf(instruction.opcode))
    return std::nullopt;
  instruction.signals = bytes[1] & 15;
  instruction.waits = bytes[1] >> 4;
  instruction.a16 = uint16_t(getLittleEndian(&bytes[2], 2));
  instruction.a32 = uint32_t(getLittleEndian(&bytes[4], 4));
  instruction.b32 = uint32_t(getLittleEndian(&bytes[8], 4));
  instruction.b16 = uint16_t(getLittleEndian(&bytes[12], 2));
  instruction.c16 = uint16_t(getLittleEndian(&bytes[14], 2));
  return instruction;
}

std::optional<Queue> aicc::systolic::queueOf(Opcode opcode) {
  unsigned group = unsigned(opcode) >> 4;
  if (group < 1 || group > numQueues)
    return std::nullopt;
  return Queue(group - 1);
}

uint64_t MachineConfig::hash() const {
  // Fowler-Noll-Vo, 64 bit, 1a: offset basis and prime of its definition.
  uint64_t hash = 0xcbf29ce484222325;
  for (uint8_t byte : machineBytesOf(*this))
    hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}
