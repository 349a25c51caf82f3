//===- Transfers.cpp - Instructions of the load and the store unit --------===//

#include "targets/systolic/Isa/Fields.h"
#include "targets/systolic/Simulator/Execution.h"
#include "targets/systolic/Simulator/Kernels.h"

#include <cstring>

using namespace aicc::systolic;

static uint64_t blocksOf(uint64_t columns, uint64_t lanes) {
  return (columns + lanes - 1) / lanes;
}

void Execution::countDram(const Walk &walk, uint64_t width, bool write) {
  uint64_t access = machine.dramAccessBytes, transferred = 0;
  for (uint64_t i1 = 0; i1 < walk.count1; ++i1)
    for (uint64_t i0 = 0; i0 < walk.count0; ++i0) {
      uint64_t from = uint64_t(walk.at(i1, i0));
      transferred += blocksOf(from + width, access) - from / access;
    }
  transferred *= access;
  (write ? counts->dramWriteBytes : counts->dramReadBytes) += transferred;
  (write ? counts->storedBytes : counts->loadedBytes) += walk.rows() * width;
}

//===----------------------------------------------------------------------===//
// Load
//===----------------------------------------------------------------------===//

/// One row of the segment, to its blocks from local row `row` on.
void Execution::loadRow(const uint8_t *from, const LoadChannel &channel,
                        const Instruction &instruction, uint64_t row) {
  LocalAddress to{instruction.b32};
  Space space = Space(to.space());
  uint64_t lanes = lanesOf(space), left = instruction.c16;
  for (; left > 0; row += channel.blockStride) {
    uint64_t columns = std::min(left, lanes);
    left -= columns;
    if (space == Space::Accumulator) {
      int32_t *words = wordsAt(row);
      for (uint64_t j = 0; j < lanes; ++j) {
        uint32_t word = 0;
        if (j < columns) // Little endian, whatever the host is.
          word = from[4 * j] | from[4 * j + 1] << 8 | from[4 * j + 2] << 16 |
                 uint32_t(from[4 * j + 3]) << 24;
        words[j] = int32_t(word + (to.accumulates() ? uint32_t(words[j]) : 0));
      }
      from += 4 * columns;
      continue;
    }
    int8_t *bytes = bytesAt(space, row);
    uint8_t flip = channel.flip ? 0x80 : 0;
    for (uint64_t j = 0; j < columns; ++j)
      bytes[j] = int8_t(from[j] ^ flip);
    std::memset(bytes + columns, 0, lanes - columns);
    from += columns;
  }
}

bool Execution::loadIn() {
  const Instruction &instruction = current();
  const LoadChannel &channel = loadRegisters.channelOf(instruction);
  LocalAddress to{instruction.b32};
  Space space = Space(to.space());
  Walk bytes = loadedBytes(channel, instruction);
  Walk rows{to.row(), 1, channel.localStride1, bytes.count0, bytes.count1};
  uint64_t columns = instruction.c16;
  if (!hasRows(rows) || !inRange("columns", columns, 0xffff))
    return false;
  if (channel.wide != (space == Space::Accumulator))
    return fail(channel.wide ? "wide elements go to the accumulator only"
                             : "the accumulator takes wide elements only");
  uint64_t width = columns * channel.elementBytes();
  uint64_t blocks = blocksOf(columns, lanesOf(space));
  // Whole rows are written, and the order has a word on each of them.
  if (!spend(bytes.rows(), 64 * blocks + blocks * bytesOf(space)))
    return false;
  Access access = to.accumulates() ? Access::Update : Access::Write;
  if (!accessSegment(channel.segment, bytes, width, /*write=*/false) ||
      !isInside(space, rows, blocks, channel.blockStride, /*writes=*/true) ||
      !touch(space, rows, blocks, channel.blockStride, access))
    return false;
  const uint8_t *data = segments[channel.segment].data;
  for (uint64_t i1 = 0; i1 < rows.count1; ++i1)
    for (uint64_t i0 = 0; i0 < rows.count0; ++i0)
      loadRow(data + bytes.at(i1, i0), channel, instruction,
              uint64_t(rows.at(i1, i0)));
  countDram(bytes, width, /*write=*/false);
  count(space, bytes.rows() * width, access);
  return true;
}

bool Execution::loadFill() {
  const Instruction &instruction = current();
  const LoadChannel &channel = loadRegisters.channelOf(instruction);
  LocalAddress to{instruction.b32};
  Space space = Space(to.space());
  Walk rows{to.row(), 1, channel.localStride1, instruction.b16,
            uint64_t(instruction.a16 >> 2)};
  if (!hasRows(rows) || !spend(rows.rows(), bytesOf(space)) ||
      !access(space, rows, Access::Write))
    return false;
  for (uint64_t i1 = 0; i1 < rows.count1; ++i1) {
    uint64_t first = uint64_t(rows.at(i1, 0));
    if (space == Space::Accumulator)
      std::memset(wordsAt(first), 0, rows.count0 * bytesOf(space));
    else
      std::memset(bytesAt(space, first), channel.fill,
                  rows.count0 * bytesOf(space));
  }
  counts->filledRows += rows.rows();
  count(space, rows.rows() * bytesOf(space), Access::Write);
  return true;
}

//===----------------------------------------------------------------------===//
// Store
//===----------------------------------------------------------------------===//

/// Whether words can leave the accumulator: what `columns` columns need of
/// scales and biases is there.
bool Execution::readParameters(uint64_t columns) {
  const StoreRegisters &registers = storeRegisters;
  bool quantizes = !registers.raw;
  if (quantizes && registers.scales.space() != unsigned(Space::Accumulator))
    return fail(
        "the scales (store.quantize) are in the scratchpad, expected the "
        "accumulator");
  if (quantizes && registers.low > registers.high)
    return fail("low (store.quantize) is " + std::to_string(registers.low) +
                ", above high, " + std::to_string(registers.high));
  uint64_t blocks = blocksOf(columns, machine.cols);
  for (auto [row, isRead] :
       {std::pair(registers.scales.row(), quantizes),
        std::pair(registers.biases, registers.addsBias())}) {
    if (!isRead)
      continue;
    if (!access(Space::Accumulator, {row, registers.scaleStride, 0, blocks, 1},
                Access::Read))
      return false;
    count(Space::Accumulator, 4 * columns, Access::Read);
  }
  return true;
}

/// The words of row `row`, with the biases of row `biases` if there are any.
const int32_t *Execution::biasedWords(uint64_t row, uint64_t biases,
                                      uint64_t width) {
  const int32_t *words = wordsAt(row);
  if (!storeRegisters.addsBias())
    return words;
  const int32_t *bias = wordsAt(biases);
  biased.resize(machine.cols);
  for (uint64_t j = 0; j < width; ++j)
    biased[j] = int32_t(uint32_t(words[j]) + uint32_t(bias[j]));
  return biased.data();
}

void Execution::quantizeRow(uint64_t row, uint64_t columns, uint8_t *to) {
  const StoreRegisters &registers = storeRegisters;
  Quantization quantization;
  quantization.zero = registers.zero;
  quantization.low = registers.low;
  quantization.high = registers.high;
  quantization.real = registers.real;
  quantization.divide = registers.divide;
  quantization.flip = registers.flip ? 0x80 : 0;
  uint64_t scales = registers.scales.row(), biases = registers.biases;
  for (; columns > 0; row += registers.blockStride) {
    uint64_t width = std::min<uint64_t>(columns, machine.cols);
    const int32_t *words = biasedWords(row, biases, width);
    quantizeWords(words, wordsAt(scales), width, quantization, to);
    scales += registers.scaleStride;
    biases += registers.scaleStride;
    columns -= width;
    to += width;
  }
}

/// One row to the segment, from its blocks from local row `row` on.
void Execution::storeRow(uint64_t row, uint64_t columns, Space space,
                         uint8_t *to) {
  if (space == Space::Accumulator && !storeRegisters.raw)
    return quantizeRow(row, columns, to);
  uint64_t lanes = lanesOf(space);
  uint8_t flip = storeRegisters.flip ? 0x80 : 0;
  uint64_t biases = storeRegisters.biases;
  for (; columns > 0; row += storeRegisters.blockStride) {
    uint64_t width = std::min(columns, lanes);
    columns -= width;
    if (space == Space::Accumulator) {
      const int32_t *words = biasedWords(row, biases, width);
      biases += storeRegisters.scaleStride;
      for (uint64_t j = 0; j < width; ++j, to += 4)
        for (unsigned byte = 0; byte < 4; ++byte)
          to[byte] = uint8_t(uint32_t(words[j]) >> (8 * byte));
      continue;
    }
    const int8_t *bytes = bytesAt(space, row);
    for (uint64_t j = 0; j < width; ++j)
      *to++ = uint8_t(bytes[j]) ^ flip;
  }
}

bool Execution::storeOut() {
  const Instruction &instruction = current();
  const StoreRegisters &registers = storeRegisters;
  LocalAddress from{instruction.b32};
  Space space = Space(from.space());
  Walk bytes = storedBytes(registers, instruction);
  Walk rows{from.row(), 1, registers.localStride1, bytes.count0, bytes.count1};
  uint64_t columns = instruction.c16;
  if (!hasRows(rows) || !inRange("columns", columns, 0xffff))
    return false;
  uint64_t width = columns * registers.elementBytes(from);
  uint64_t blocks = blocksOf(columns, lanesOf(space));
  if (!spend(rows.rows(), 64 * blocks + 4 * columns))
    return false;
  bool areWords = space == Space::Accumulator;
  if (!isInside(space, rows, blocks, registers.blockStride,
                /*writes=*/false) ||
      !touch(space, rows, blocks, registers.blockStride, Access::Read) ||
      (areWords && !readParameters(columns)) ||
      !accessSegment(registers.segment, bytes, width, /*write=*/true))
    return false;
  uint8_t *data = segments[registers.segment].data;
  for (uint64_t i1 = 0; i1 < rows.count1; ++i1)
    for (uint64_t i0 = 0; i0 < rows.count0; ++i0)
      storeRow(uint64_t(rows.at(i1, i0)), columns, space,
               data + bytes.at(i1, i0));
  uint64_t elements = rows.rows() * columns;
  countDram(bytes, width, /*write=*/true);
  count(space, elements * (areWords ? 4 : 1), Access::Read);
  counts->quantizedElements += areWords && !registers.raw ? elements : 0;
  return true;
}

bool Execution::storeKeep() {
  const Instruction &instruction = current();
  const StoreRegisters &registers = storeRegisters;
  LocalAddress to{instruction.a32}, from{instruction.b32};
  uint64_t count0 = instruction.b16, count1 = instruction.a16;
  Walk source{from.row(), 1, registers.localStride1, count0, count1};
  Walk destination{to.row(), 1, registers.keepStride1, count0, count1};
  uint64_t columns = instruction.c16;
  if (!hasRows(source) || !inRange("columns", columns, machine.cols) ||
      !spend(source.rows(), 4 * machine.lanes()))
    return false;
  if (registers.raw)
    return fail("raw words (store.quantize) do not fit in the scratchpad");
  if (!access(Space::Accumulator, source, Access::Read) ||
      !readParameters(columns) ||
      !access(Space::Scratchpad, destination, Access::Write))
    return false;
  for (uint64_t i1 = 0; i1 < count1; ++i1)
    for (uint64_t i0 = 0; i0 < count0; ++i0) {
      int8_t *bytes =
          bytesAt(Space::Scratchpad, uint64_t(destination.at(i1, i0)));
      quantizeRow(uint64_t(source.at(i1, i0)), columns,
                  reinterpret_cast<uint8_t *>(bytes));
      std::memset(bytes + columns, 0, machine.lanes() - columns);
    }
  uint64_t elements = source.rows() * columns;
  count(Space::Accumulator, 4 * elements, Access::Read);
  count(Space::Scratchpad, elements, Access::Write);
  counts->quantizedElements += elements;
  return true;
}
