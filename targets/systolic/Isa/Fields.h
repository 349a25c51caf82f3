//===- Fields.h - What the bits of each instruction are ---------*- C++ -*-===//
//
// One table of mnemonics and fields: the assembler, the disassembler and the
// verifier all read it.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_ISA_FIELDS_H
#define TARGETS_SYSTOLIC_ISA_FIELDS_H

#include "targets/systolic/Isa/Isa.h"

#include <span>

namespace aicc::systolic {

/// A word of an instruction.
enum class Word : uint8_t { A16, B16, C16, A32, B32 };

/// Some bits of a word.
struct Slot {
  Word word = Word::A16;
  uint8_t shift = 0, width = 0;

  uint32_t mask() const { return uint32_t((uint64_t(1) << width) - 1); }
  uint32_t get(const Instruction &instruction) const;
  void set(Instruction &instruction, uint32_t value) const;
};

struct Field {
  enum class Kind : uint8_t {
    Unsigned,
    Signed, ///< Two's complement of the slot's width.
    Flag,   ///< Written only when it is set.
    Real,   ///< An f32.
    Rows,   ///< count0 x count1.
    Address,
  };
  std::string_view name;
  Kind kind = Kind::Unsigned;
  Slot slot;
  Slot second;              ///< Rows: count1.
  uint8_t spaces = 0;       ///< Address: bit for each Space that may be named.
  bool accumulates = false; ///< Address: the bit is allowed.
};

struct Form {
  Opcode opcode;
  std::string_view mnemonic;
  std::span<const Field> fields;
};

/// All instructions, in the order of their opcodes.
std::span<const Form> forms();
/// Null for what is no opcode.
const Form *formOf(Opcode opcode);

std::string_view nameOf(Queue queue);
/// "sp", "wm", "acc"; "?" for what is no space.
std::string_view prefixOf(unsigned space);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_ISA_FIELDS_H
