//===- Disassembler.cpp - Programs as text --------------------------------===//

#include "targets/systolic/Isa/Bytes.h"
#include "targets/systolic/Isa/Fields.h"

#include <bit>
#include <charconv>
#include <cmath>

using namespace aicc::systolic;

static std::string hexadecimal(uint64_t value) {
  char digits[16];
  std::to_chars_result end =
      std::to_chars(digits, digits + sizeof(digits), value, 16);
  return "0x" + std::string(digits, end.ptr);
}

/// The shortest decimal that gives the same f32; bits for what has none.
static std::string realText(uint32_t bits) {
  float value = std::bit_cast<float>(bits);
  if (!std::isfinite(value))
    return hexadecimal(bits);
  char digits[64];
  std::to_chars_result end =
      std::to_chars(digits, digits + sizeof(digits), value);
  return std::string(digits, end.ptr);
}

static std::string addressText(LocalAddress address) {
  return std::string(prefixOf(address.space())) + "[" +
         std::to_string(address.row()) + "]" +
         (address.accumulates() ? "+" : "");
}

static std::string fieldText(const Field &field,
                             const Instruction &instruction) {
  uint32_t bits = field.slot.get(instruction);
  switch (field.kind) {
  case Field::Kind::Unsigned:
  case Field::Kind::Flag:
    return std::to_string(bits);
  case Field::Kind::Signed:
    return std::to_string(field.slot.width == 16 ? int32_t(int16_t(bits))
                                                 : int32_t(bits));
  case Field::Kind::Real:
    return realText(bits);
  case Field::Kind::Rows:
    return std::to_string(bits) + "x" +
           std::to_string(field.second.get(instruction));
  case Field::Kind::Address:
    return addressText(LocalAddress{bits});
  }
  return {};
}

static std::string unitsText(uint8_t units) {
  std::string text;
  for (unsigned unit = 0; unit < numQueues; ++unit)
    if (units >> unit & 1)
      text += (text.empty() ? "" : ",") + std::string(nameOf(Queue(unit)));
  return text;
}

std::string aicc::systolic::disassemble(const Instruction &instruction) {
  std::string text(mnemonicOf(instruction.opcode));
  if (const Form *form = formOf(instruction.opcode))
    for (const Field &field : form->fields)
      if (field.kind != Field::Kind::Flag || field.slot.get(instruction))
        text +=
            " " + std::string(field.name) + "=" + fieldText(field, instruction);
  if (instruction.waits)
    text += " wait=" + unitsText(instruction.waits);
  if (instruction.signals)
    text += " signal=" + unitsText(instruction.signals);
  return text;
}

/// In quotes, with everything escaped that a line cannot hold.
static std::string nameText(std::string_view name) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (char c : name) {
    uint8_t byte = uint8_t(c);
    if (c == '"' || c == '\\')
      text += {'\\', c};
    else if (byte < 0x20 || byte == 0x7f)
      text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      text += c;
  }
  return text + "\"";
}

std::string aicc::systolic::disassemble(const Program &program) {
  std::string text = ".machine";
  for (const MachineField &field : machineFields)
    text += " " + std::string(field.name) + "=" +
            std::to_string(program.machine.*field.member);
  text += "\n";
  for (const Entry &entry : program.entries) {
    text += ".entry " + nameText(entry.name) +
            " segments=" + std::to_string(entry.segments) + "\n";
    for (uint64_t i = 0; i < entry.count; ++i)
      if (uint64_t at = entry.first + i; at < program.instructions.size())
        text += disassemble(program.instructions[at]) + "\n";
  }
  return text;
}
