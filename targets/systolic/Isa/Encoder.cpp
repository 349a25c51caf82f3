//===- Encoder.cpp - Instructions from numbers ----------------------------===//

#include "targets/systolic/Isa/Encoder.h"

#include <bit>

using namespace aicc::systolic;

namespace {
/// Puts fields into their bits and remembers the first that does not fit.
class Fields {
public:
  Fields(Opcode opcode, std::string &why) : why(why) { result.opcode = opcode; }
  operator Instruction() const { return result; }

  template <typename T>
  Fields &put(T Instruction::*field, std::string_view name, int64_t value,
              unsigned shift, unsigned bits, int64_t least = 0) {
    int64_t most = (int64_t(1) << bits) - 1;
    if (value < least || value > most)
      return refuse(name, value, least, most);
    result.*field |= T(T(value) << shift);
    return *this;
  }
  /// A signed value of all bits of the field.
  template <typename T>
  Fields &putSigned(T Instruction::*field, std::string_view name,
                    int64_t value) {
    constexpr int64_t half = int64_t(1) << (sizeof(T) * 8 - 1);
    if (value < -half || value >= half)
      return refuse(name, value, -half, half - 1);
    result.*field = T(value);
    return *this;
  }
  Fields &a16(std::string_view name, int64_t value, int64_t least = 0) {
    return put(&Instruction::a16, name, value, 0, 16, least);
  }
  Fields &b16(std::string_view name, int64_t value, int64_t least = 0) {
    return put(&Instruction::b16, name, value, 0, 16, least);
  }
  Fields &c16(std::string_view name, int64_t value, int64_t least = 0) {
    return put(&Instruction::c16, name, value, 0, 16, least);
  }
  /// The counts of two loops over rows, at least one each.
  Fields &rows(int64_t rows0, int64_t rows1) {
    return a16("rows1", rows1, 1).b16("rows0", rows0, 1);
  }
  Fields &a32(std::string_view name, int64_t value) {
    return put(&Instruction::a32, name, value, 0, 32);
  }
  Fields &b32(std::string_view name, int64_t value) {
    return put(&Instruction::b32, name, value, 0, 32);
  }
  /// An address in one of the memories that bits of `spaces` allow.
  Fields &local(uint32_t Instruction::*field, std::string_view name,
                LocalAddress at, unsigned spaces, bool mayAccumulate = false) {
    if ((!(spaces >> at.space() & 1) || (at.accumulates() && !mayAccumulate)) &&
        why.empty())
      why = "field '" + std::string(name) + "' names a memory that it cannot";
    result.*field = at.bits;
    return *this;
  }

private:
  Fields &refuse(std::string_view name, int64_t value, int64_t least,
                 int64_t most) {
    if (why.empty())
      why = "field '" + std::string(name) + "' expected " +
            std::to_string(least) + " to " + std::to_string(most) + ", found " +
            std::to_string(value);
    return *this;
  }

  Instruction result;
  std::string &why;
};
} // namespace

static constexpr unsigned scratchpad = 1, weights = 2, accumulator = 4;
static constexpr unsigned channelBits = 2, outerBits = 14;

/// Channel, as loads have it.
static Fields load(Opcode opcode, int64_t channel, std::string &why) {
  return Fields(opcode, why)
      .put(&Instruction::a16, "channel", channel, 0, channelBits);
}

Instruction Encoder::withTokens(Instruction instruction, int64_t waits,
                                int64_t signals) {
  std::optional<Queue> queue = queueOf(instruction.opcode);
  constexpr int64_t most = (1 << numQueues) - 1;
  int64_t allowed = queue ? most & ~(1 << unsigned(*queue)) : 0;
  for (auto [name, mask] :
       {std::pair<std::string_view, int64_t>("waits", waits),
        {"signals", signals}})
    if ((mask & ~allowed) && why.empty())
      why = "field '" + std::string(name) +
            "' expected other units, found mask " + std::to_string(mask);
  instruction.waits = uint8_t(waits);
  instruction.signals = uint8_t(signals);
  return instruction;
}

//===----------------------------------------------------------------------===//
// Dispatcher
//===----------------------------------------------------------------------===//

Instruction Encoder::fence() { return {.opcode = Opcode::Fence}; }

Instruction Encoder::loop(int64_t count, int64_t length) {
  return Fields(Opcode::Loop, why).a32("count", count).b16("length", length);
}

Instruction Encoder::step(int64_t level, int64_t a, int64_t b) {
  return Fields(Opcode::Step, why)
      .put(&Instruction::a16, "level", level, 0, 2)
      .putSigned(&Instruction::a32, "a", a)
      .putSigned(&Instruction::b32, "b", b);
}

//===----------------------------------------------------------------------===//
// Load
//===----------------------------------------------------------------------===//

Instruction Encoder::loadConfig(int64_t channel, int64_t segment,
                                int64_t stride0, int64_t stride1, int64_t fill,
                                bool flip, bool wide) {
  return load(Opcode::LoadConfig, channel, why)
      .put(&Instruction::a16, "flip", flip, 2, 1)
      .put(&Instruction::a16, "wide", wide, 3, 1)
      .put(&Instruction::a16, "fill", fill, 8, 8)
      .b16("segment", segment)
      .putSigned(&Instruction::a32, "stride0", stride0)
      .putSigned(&Instruction::b32, "stride1", stride1);
}

Instruction Encoder::loadPlace(int64_t channel, int64_t stride1,
                               int64_t block) {
  return load(Opcode::LoadPlace, channel, why)
      .a32("stride1", stride1)
      .b32("block", block);
}

Instruction Encoder::loadIn(int64_t channel, int64_t offset, LocalAddress to,
                            int64_t rows0, int64_t rows1, int64_t columns) {
  return load(Opcode::LoadIn, channel, why)
      .put(&Instruction::a16, "rows1", rows1, channelBits, outerBits, 1)
      .a32("offset", offset)
      .local(&Instruction::b32, "to", to, scratchpad | weights | accumulator)
      .b16("rows0", rows0, 1)
      .c16("columns", columns, 1);
}

Instruction Encoder::loadFill(int64_t channel, LocalAddress to, int64_t rows0,
                              int64_t rows1) {
  return load(Opcode::LoadFill, channel, why)
      .put(&Instruction::a16, "rows1", rows1, channelBits, outerBits, 1)
      .local(&Instruction::b32, "to", to, scratchpad | weights | accumulator)
      .b16("rows0", rows0, 1);
}

//===----------------------------------------------------------------------===//
// Execute
//===----------------------------------------------------------------------===//

Instruction Encoder::executeConfig(int64_t aStride0, int64_t aStride1,
                                   int64_t cStride1) {
  return Fields(Opcode::ExecuteConfig, why)
      .put(&Instruction::a32, "aStride0", aStride0, 0, 16)
      .put(&Instruction::a32, "aStride1", aStride1, 16, 16)
      .b32("cStride1", cStride1);
}

Instruction Encoder::executeWeights(LocalAddress from, int64_t k, int64_t n,
                                    bool diagonal) {
  return Fields(Opcode::ExecuteWeights, why)
      .local(&Instruction::b32, "from", from, scratchpad | weights)
      .b16("k", k, 1)
      .c16("n", n, 1)
      .a16("diagonal", diagonal);
}

Instruction Encoder::executeMultiply(LocalAddress a, LocalAddress c,
                                     int64_t rows0, int64_t rows1, int64_t k) {
  return Fields(Opcode::ExecuteMultiply, why)
      .local(&Instruction::a32, "a", a, scratchpad)
      .local(&Instruction::b32, "c", c, accumulator, true)
      .rows(rows0, rows1)
      .c16("k", k, 1);
}

Instruction Encoder::executeOuter(LocalAddress a, LocalAddress b, int64_t rows0,
                                  int64_t rows1, bool clear) {
  return Fields(Opcode::ExecuteOuter, why)
      .local(&Instruction::a32, "a", a, scratchpad)
      .local(&Instruction::b32, "b", b, scratchpad | weights)
      .rows(rows0, rows1)
      .c16("clear", clear);
}

Instruction Encoder::executeFlush(LocalAddress c, int64_t m, int64_t n) {
  return Fields(Opcode::ExecuteFlush, why)
      .local(&Instruction::b32, "c", c, accumulator, true)
      .b16("m", m, 1)
      .c16("n", n, 1);
}

//===----------------------------------------------------------------------===//
// Store
//===----------------------------------------------------------------------===//

Instruction Encoder::storeConfig(int64_t segment, int64_t stride0,
                                 int64_t stride1) {
  return Fields(Opcode::StoreConfig, why)
      .b16("segment", segment)
      .putSigned(&Instruction::a32, "stride0", stride0)
      .putSigned(&Instruction::b32, "stride1", stride1);
}

Instruction Encoder::storePlace(int64_t stride1, int64_t block,
                                int64_t keepStride1, int64_t scaleBlock) {
  return Fields(Opcode::StorePlace, why)
      .a32("stride1", stride1)
      .b32("block", block)
      .a16("keep", keepStride1)
      .b16("scales", scaleBlock);
}

Instruction Encoder::storeQuantize(const Quantize &quantize) {
  Fields fields(Opcode::StoreQuantize, why);
  fields.local(&Instruction::a32, "scales", quantize.scales, accumulator)
      .putSigned(&Instruction::a16, "zero", quantize.zero)
      .putSigned(&Instruction::b16, "low", quantize.low)
      .putSigned(&Instruction::c16, "high", quantize.high)
      .put(&Instruction::b32, "real", quantize.isReal, 0, 1)
      .put(&Instruction::b32, "divide", quantize.divide, 1, 1)
      .put(&Instruction::b32, "raw", quantize.raw, 2, 1)
      .put(&Instruction::b32, "flip", quantize.flip, 3, 1);
  if (quantize.biases)
    fields.put(&Instruction::b32, "bias", 1, 4, 1)
        .put(&Instruction::b32, "biases", quantize.biases->row(), 8, 24);
  return fields;
}

Instruction Encoder::storeOut(int64_t offset, LocalAddress from, int64_t rows0,
                              int64_t rows1, int64_t columns) {
  return Fields(Opcode::StoreOut, why)
      .a32("offset", offset)
      .local(&Instruction::b32, "from", from, scratchpad | accumulator)
      .rows(rows0, rows1)
      .c16("columns", columns, 1);
}

Instruction Encoder::storeKeep(LocalAddress to, LocalAddress from,
                               int64_t rows0, int64_t rows1, int64_t columns) {
  return Fields(Opcode::StoreKeep, why)
      .local(&Instruction::a32, "to", to, scratchpad)
      .local(&Instruction::b32, "from", from, accumulator)
      .rows(rows0, rows1)
      .c16("columns", columns, 1);
}

//===----------------------------------------------------------------------===//
// Vector
//===----------------------------------------------------------------------===//

Instruction Encoder::vectorConfig(int64_t fromStride0, int64_t fromStride1,
                                  int64_t toStride0, int64_t toStride1) {
  return Fields(Opcode::VectorConfig, why)
      .put(&Instruction::a32, "fromStride0", fromStride0, 0, 16)
      .put(&Instruction::a32, "fromStride1", fromStride1, 16, 16)
      .put(&Instruction::b32, "toStride0", toStride0, 0, 16)
      .put(&Instruction::b32, "toStride1", toStride1, 16, 16);
}

Instruction Encoder::vectorParameter(float scale, int64_t zero) {
  return Fields(Opcode::VectorParameter, why)
      .a32("scale", std::bit_cast<uint32_t>(scale))
      .putSigned(&Instruction::a16, "zero", zero);
}

Instruction Encoder::vectorTable(LocalAddress from) {
  return Fields(Opcode::VectorTable, why)
      .local(&Instruction::b32, "from", from, scratchpad);
}

Instruction Encoder::vectorRows(Opcode opcode, LocalAddress to,
                                LocalAddress from, int64_t rows0,
                                int64_t rows1) {
  bool isOfWords =
      opcode == Opcode::VectorAddReal || opcode == Opcode::VectorMultiplyReal;
  bool makesWords =
      isOfWords || opcode == Opcode::VectorSum || opcode == Opcode::VectorReal;
  return Fields(opcode, why)
      .local(&Instruction::a32, "to", to, makesWords ? accumulator : scratchpad)
      .local(&Instruction::b32, "from", from,
             isOfWords ? accumulator : scratchpad)
      .rows(rows0, rows1);
}
