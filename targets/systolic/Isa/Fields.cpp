//===- Fields.cpp - What the bits of each instruction are -----------------===//

#include "targets/systolic/Isa/Fields.h"

#include <algorithm>

using namespace aicc::systolic;

using Kind = Field::Kind;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr Slot a16{Word::A16, 0, 16}, b16{Word::B16, 0, 16},
    c16{Word::C16, 0, 16}, a32{Word::A32, 0, 32}, b32{Word::B32, 0, 32};

static constexpr uint8_t scratchpad = 1 << unsigned(Space::Scratchpad);
static constexpr uint8_t weights = 1 << unsigned(Space::Weights);
static constexpr uint8_t accumulator = 1 << unsigned(Space::Accumulator);

static constexpr Field number(std::string_view name, Slot slot) {
  return {name, Kind::Unsigned, slot, {}, 0, false};
}
static constexpr Field signedNumber(std::string_view name, Slot slot) {
  return {name, Kind::Signed, slot, {}, 0, false};
}
static constexpr Field flag(std::string_view name, Word word, uint8_t bit) {
  return {name, Kind::Flag, {word, bit, 1}, {}, 0, false};
}
static constexpr Field address(std::string_view name, Slot slot, uint8_t spaces,
                               bool accumulates = false) {
  return {name, Kind::Address, slot, {}, spaces, accumulates};
}
static constexpr Field rows(Slot second) {
  return {"rows", Kind::Rows, b16, second, 0, false};
}

static constexpr Field loop[] = {number("count", a32), number("length", b16)};
static constexpr Field step[] = {number("level", {Word::A16, 0, 2}),
                                 signedNumber("a", a32),
                                 signedNumber("b", b32)};

static constexpr Field channel = number("channel", {Word::A16, 0, 2});
static constexpr Field loadRows = rows({Word::A16, 2, 14});

static constexpr Field loadConfig[] = {channel,
                                       number("segment", b16),
                                       signedNumber("stride0", a32),
                                       signedNumber("stride1", b32),
                                       number("fill", {Word::A16, 8, 8}),
                                       flag("flip", Word::A16, 2),
                                       flag("wide", Word::A16, 3)};
static constexpr Field loadPlace[] = {channel, number("stride1", a32),
                                      number("block", b32)};
static constexpr Field loadIn[] = {
    channel, number("offset", a32),
    address("to", b32, scratchpad | weights | accumulator, true), loadRows,
    number("columns", c16)};
static constexpr Field loadFill[] = {
    channel, address("to", b32, scratchpad | weights | accumulator), loadRows};

static constexpr Field executeConfig[] = {
    number("a_stride0", {Word::A32, 0, 16}),
    number("a_stride1", {Word::A32, 16, 16}), number("c_stride1", b32)};
static constexpr Field executeWeights[] = {
    address("from", b32, scratchpad | weights), number("k", b16),
    number("n", c16), flag("diagonal", Word::A16, 0)};
static constexpr Field executeMultiply[] = {
    address("a", a32, scratchpad), address("c", b32, accumulator, true),
    rows(a16), number("k", c16)};
static constexpr Field executeOuter[] = {
    address("a", a32, scratchpad), address("b", b32, scratchpad | weights),
    rows(a16), flag("clear", Word::C16, 0)};
static constexpr Field executeFlush[] = {address("c", b32, accumulator, true),
                                         number("m", b16), number("n", c16)};

static constexpr Field storeConfig[] = {number("segment", b16),
                                        signedNumber("stride0", a32),
                                        signedNumber("stride1", b32)};
static constexpr Field storePlace[] = {
    number("stride1", a32), number("block", b32), number("keep_stride1", a16),
    number("scale_block", b16)};
// Raw words need no scales: the address may be the zero of the start.
static constexpr Field storeQuantize[] = {
    address("scales", a32, scratchpad | accumulator),
    signedNumber("zero", a16),
    signedNumber("low", b16),
    signedNumber("high", c16),
    flag("real", Word::B32, 0),
    flag("divide", Word::B32, 1),
    flag("raw", Word::B32, 2),
    flag("flip", Word::B32, 3),
    flag("bias", Word::B32, 4),
    number("biases", {Word::B32, 8, 24})};
static constexpr Field storeOut[] = {
    number("offset", a32), address("from", b32, scratchpad | accumulator),
    rows(a16), number("columns", c16)};
static constexpr Field storeKeep[] = {address("to", a32, scratchpad),
                                      address("from", b32, accumulator),
                                      rows(a16), number("columns", c16)};

static constexpr Field vectorConfig[] = {
    number("from_stride0", {Word::A32, 0, 16}),
    number("from_stride1", {Word::A32, 16, 16}),
    number("to_stride0", {Word::B32, 0, 16}),
    number("to_stride1", {Word::B32, 16, 16})};
static constexpr Field vectorParameter[] = {
    {"scale", Kind::Real, a32, {}, 0, false}, signedNumber("zero", a16)};
static constexpr Field vectorTable[] = {address("from", b32, scratchpad)};
static constexpr Field bytesToBytes[] = {address("to", a32, scratchpad),
                                         address("from", b32, scratchpad),
                                         rows(a16)};
static constexpr Field bytesToWords[] = {address("to", a32, accumulator),
                                         address("from", b32, scratchpad),
                                         rows(a16)};
static constexpr Field wordsToWords[] = {address("to", a32, accumulator),
                                         address("from", b32, accumulator),
                                         rows(a16)};

static constexpr Form table[] = {
    {Opcode::Halt, "halt", {}},
    {Opcode::Fence, "fence", {}},
    {Opcode::Loop, "loop", loop},
    {Opcode::Step, "step", step},
    {Opcode::LoadConfig, "load.config", loadConfig},
    {Opcode::LoadPlace, "load.place", loadPlace},
    {Opcode::LoadIn, "load.in", loadIn},
    {Opcode::LoadFill, "load.fill", loadFill},
    {Opcode::ExecuteConfig, "execute.config", executeConfig},
    {Opcode::ExecuteWeights, "execute.weights", executeWeights},
    {Opcode::ExecuteMultiply, "execute.multiply", executeMultiply},
    {Opcode::ExecuteOuter, "execute.outer", executeOuter},
    {Opcode::ExecuteFlush, "execute.flush", executeFlush},
    {Opcode::StoreConfig, "store.config", storeConfig},
    {Opcode::StorePlace, "store.place", storePlace},
    {Opcode::StoreQuantize, "store.quantize", storeQuantize},
    {Opcode::StoreOut, "store.out", storeOut},
    {Opcode::StoreKeep, "store.keep", storeKeep},
    {Opcode::VectorConfig, "vector.config", vectorConfig},
    {Opcode::VectorParameter, "vector.parameter", vectorParameter},
    {Opcode::VectorTable, "vector.table", vectorTable},
    {Opcode::VectorMap, "vector.map", bytesToBytes},
    {Opcode::VectorMaximum, "vector.max", bytesToBytes},
    {Opcode::VectorSum, "vector.sum", bytesToWords},
    {Opcode::VectorReal, "vector.real", bytesToWords},
    {Opcode::VectorAddReal, "vector.addf", wordsToWords},
    {Opcode::VectorMultiplyReal, "vector.mulf", wordsToWords},
    {Opcode::VectorCopy, "vector.copy", bytesToBytes},
};

//===----------------------------------------------------------------------===//
// Reading it
//===----------------------------------------------------------------------===//

uint32_t Slot::get(const Instruction &instruction) const {
  uint32_t bits = 0;
  switch (word) {
  case Word::A16:
    bits = instruction.a16;
    break;
  case Word::B16:
    bits = instruction.b16;
    break;
  case Word::C16:
    bits = instruction.c16;
    break;
  case Word::A32:
    bits = instruction.a32;
    break;
  case Word::B32:
    bits = instruction.b32;
    break;
  }
  return bits >> shift & mask();
}

void Slot::set(Instruction &instruction, uint32_t value) const {
  uint32_t bits = (value & mask()) << shift, others = ~(mask() << shift);
  auto put = [&](auto &field) { field = (field & others) | bits; };
  switch (word) {
  case Word::A16:
    return put(instruction.a16);
  case Word::B16:
    return put(instruction.b16);
  case Word::C16:
    return put(instruction.c16);
  case Word::A32:
    return put(instruction.a32);
  case Word::B32:
    return put(instruction.b32);
  }
}

std::span<const Form> aicc::systolic::forms() { return table; }

const Form *aicc::systolic::formOf(Opcode opcode) {
  const Form *form = std::lower_bound(
      std::begin(table), std::end(table), opcode,
      [](const Form &form, Opcode opcode) { return form.opcode < opcode; });
  return form != std::end(table) && form->opcode == opcode ? form : nullptr;
}

std::string_view aicc::systolic::mnemonicOf(Opcode opcode) {
  const Form *form = formOf(opcode);
  return form ? form->mnemonic : "?";
}

std::string_view aicc::systolic::nameOf(Queue queue) {
  static constexpr std::string_view names[] = {"load", "execute", "store",
                                               "vector"};
  return names[unsigned(queue) % numQueues];
}

std::string_view aicc::systolic::prefixOf(unsigned space) {
  static constexpr std::string_view prefixes[] = {"sp", "wm", "acc", "?"};
  return prefixes[space & 3];
}
