//===- Isa.h - Instructions of the systolic family --------------*- C++ -*-===//
//
// The instruction set of docs/targets/systolic-isa.md: instructions as plain
// data, their encoding in 16 bytes, and programs. Needs neither LLVM nor the
// compiler: the simulator in the runtime uses it too.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_ISA_ISA_H
#define TARGETS_SYSTOLIC_ISA_ISA_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aicc::systolic {

/// The units that execute instructions, each its own in order.
enum class Queue : uint8_t { Load, Execute, Store, Vector };
inline constexpr unsigned numQueues = 4;

enum class Opcode : uint8_t {
  Halt = 0x00,
  Fence = 0x01,
  Loop = 0x02,
  Step = 0x03,
  // Load: from DRAM to scratchpad, weight memory or accumulator.
  LoadConfig = 0x10,
  LoadPlace = 0x11,
  LoadIn = 0x12,
  LoadFill = 0x13,
  // Execute: the array.
  ExecuteConfig = 0x20,
  ExecuteWeights = 0x21,
  ExecuteMultiply = 0x22,
  ExecuteOuter = 0x23,
  ExecuteFlush = 0x24,
  // Store: from the accumulator or scratchpad.
  StoreConfig = 0x30,
  StorePlace = 0x31,
  StoreQuantize = 0x32,
  StoreOut = 0x33,
  StoreKeep = 0x34,
  // Vector: rows of the scratchpad and of the accumulator.
  VectorConfig = 0x40,
  VectorParameter = 0x41,
  VectorTable = 0x42,
  VectorMap = 0x43,
  VectorMaximum = 0x44,
  VectorSum = 0x45,
  VectorReal = 0x46,
  VectorAddReal = 0x47,
  VectorMultiplyReal = 0x48,
  VectorCopy = 0x49,
};

/// Where a local address points to; bits 31..30 of it.
enum class Space : uint8_t { Scratchpad = 0, Weights = 1, Accumulator = 2 };

/// A row of a memory on the chip. Bits 31..30: space; bit 29: the results are
/// added to what is there (destinations in the accumulator only); bits 23..0:
/// row.
struct LocalAddress {
  uint32_t bits = 0;

  static constexpr uint32_t rowMask = 0xffffff;
  static constexpr uint32_t accumulateBit = uint32_t(1) << 29;

  static constexpr LocalAddress make(Space space, uint32_t row,
                                     bool accumulate = false) {
    return {uint32_t(space) << 30 | (accumulate ? accumulateBit : 0) |
            (row & rowMask)};
  }
  constexpr unsigned space() const { return bits >> 30; }
  constexpr uint32_t row() const { return bits & rowMask; }
  constexpr bool accumulates() const { return bits & accumulateBit; }
  bool operator==(const LocalAddress &) const = default;
};

/// One instruction, as it is encoded: what the fields mean depends on the
/// opcode (docs/targets/systolic-isa.md has the table). Bits that an
/// instruction does not use are zero.
struct Instruction {
  Opcode opcode = Opcode::Halt;
  /// Bit q: takes a token of queue q before it starts, gives one to queue q
  /// when it is complete.
  uint8_t waits = 0, signals = 0;
  uint16_t a16 = 0, b16 = 0, c16 = 0;
  uint32_t a32 = 0, b32 = 0;

  bool operator==(const Instruction &) const = default;
};

inline constexpr unsigned instructionBytes = 16;
using InstructionBytes = std::array<uint8_t, instructionBytes>;

/// Little endian: opcode (8 bits), signals (4) and waits (4), a16, a32; b32,
/// b16, c16.
InstructionBytes encode(const Instruction &instruction);
/// Nothing for an opcode that does not exist. Operands are not checked.
std::optional<Instruction> decode(const InstructionBytes &bytes);

/// The queue that executes `opcode`; nothing for Halt, Fence, Loop and Step,
/// which the dispatcher executes.
std::optional<Queue> queueOf(Opcode opcode);

/// As the assembler spells it, e.g. "load.in"; "?" for what is no opcode.
std::string_view mnemonicOf(Opcode opcode);

/// What a program needs to know of the machine, and a simulator of it. All
/// fields are part of the program and of its machine's hash.
struct MachineConfig {
  uint32_t rows = 0;            ///< Of the array: the reduction's lanes.
  uint32_t cols = 0;            ///< Of the array: the results' lanes.
  uint32_t scratchpadRows = 0;  ///< Of max(rows, cols) bytes.
  uint32_t weightRows = 0;      ///< Of max(rows, cols) bytes. 0: none.
  uint32_t accumulatorRows = 0; ///< Of cols x 32 bits.
  uint32_t queueDepth = 16;     ///< Instructions that a queue holds.
  /// Sustained by the DRAM, in bytes / 256 per cycle.
  uint32_t dramBytesPer256Cycles = 0;
  uint32_t dramAccessBytes = 1; ///< Granularity of the DRAM's transfers.
  uint32_t dramIsShared = 1;    ///< Reads and writes share the bandwidth.
  uint32_t dataflows = 1;       ///< Bit 0: weight, bit 1: output stationary.
  uint32_t clockKhz = 0;

  uint32_t lanes() const { return rows > cols ? rows : cols; }
  /// 64-bit FNV-1a of the fields in this order, 4 bytes each, little endian.
  uint64_t hash() const;
  bool operator==(const MachineConfig &) const = default;
};

/// A part of a program that is run by its number: one launch.
struct Entry {
  std::string name;
  uint32_t first = 0; ///< Instruction.
  uint32_t count = 0; ///< Instructions; the last one is Halt.
  uint32_t segments = 0;
  bool operator==(const Entry &) const = default;
};

struct Program {
  MachineConfig machine;
  std::vector<Entry> entries;
  std::vector<Instruction> instructions;
  bool operator==(const Program &) const = default;
};

/// Whether `machine` can be described by a program: sizes that are not zero and
/// that addresses can reach. If not, why in `error`.
bool verify(const MachineConfig &machine, std::string &error);
/// The form of a program: all that can be said of it without running it. If it
/// is wrong, where and why in `error`.
bool verify(const Program &program, std::string &error);
/// What is wrong with the form of an instruction; empty if nothing is.
std::string wrongForm(const Instruction &instruction);

/// The program as the file that the specification describes.
std::vector<uint8_t> serialize(const Program &program);
/// Checks everything but what running it finds. Nothing, and why in `error`,
/// for what is not a program.
std::optional<Program> deserialize(const uint8_t *bytes, size_t size,
                                   std::string &error);

/// Assembler text, one instruction a line; `assemble` reads what
/// `disassemble` writes, and gives an equal program.
std::string disassemble(const Program &program);
/// One instruction, without the end of the line.
std::string disassemble(const Instruction &instruction);
/// Nothing, and "LINE:COLUMN: what" in `error`, for text that is wrong.
std::optional<Program> assemble(std::string_view text, std::string &error);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_ISA_ISA_H
