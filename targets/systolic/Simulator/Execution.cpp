//===- Execution.cpp - What instructions do -------------------------------===//

#include "targets/systolic/Simulator/Execution.h"
#include "targets/systolic/Isa/Fields.h"
#include "targets/systolic/Simulator/Kernels.h"

#include <bit>

using namespace aicc::systolic;

Execution::Execution(const MachineConfig &machine, const Limits &limits)
    : machine(machine), limits(limits),
      paddedCols((machine.cols + kernelWords - 1) / kernelWords * kernelWords) {
  uint64_t lanes = machine.lanes();
  scratchpad.resize(machine.scratchpadRows * lanes + 4 * kernelWords);
  weightMemory.resize(machine.weightRows * lanes + 4 * kernelWords);
  accumulator.resize(uint64_t(machine.accumulatorRows) * machine.cols +
                     kernelWords);
  weights.resize(machine.rows * paddedCols);
  sums.resize(machine.rows * paddedCols);
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

void Execution::begin(const Entry &entry) {
  sequence.emplace(*program, entry);
  loadRegisters = {};
  storeRegisters = {};
  aStride0 = aStride1 = cStride1 = 0;
  fromStride0 = fromStride1 = toStride0 = toStride1 = 0;
  scale = 0;
  zero = 0;
  hasTable = hasSums = false;
  weightK = weightN = 0;
  steps = limits.steps;
}

bool Execution::run(const Program &newProgram, const Entry &entry,
                    const Segment *newSegments, size_t newNumSegments,
                    Counts &newCounts, std::string &newError) {
  program = &newProgram;
  segments = newSegments;
  numSegments = newNumSegments;
  counts = &newCounts;
  error = &newError;
  newCounts = {};
  begin(entry);
  order.begin(newProgram, entry, newSegments, newNumSegments);
  for (; !sequence->atEnd(); sequence->next()) {
    ++counts->instructions[unsigned(current().opcode)];
    if (!spend(1, 0))
      return false;
    if (!step())
      return false;
  }
  return true;
}

bool Execution::step() {
  switch (current().opcode) {
  case Opcode::Halt:
  case Opcode::Fence:
    return order.fence(*sequence, *error);
  case Opcode::Loop:
  case Opcode::Step:
    return true;
  default:
    break;
  }
  // What was added to the fields may have made them anything.
  if (sequence->isInLoop())
    if (std::string wrong = wrongForm(current()); !wrong.empty())
      return fail(wrong);
  if (!order.start(*sequence, *error) || !stepUnit())
    return false;
  order.complete();
  return true;
}

bool Execution::stepUnit() {
  const Instruction &instruction = current();
  switch (instruction.opcode) {
  case Opcode::Halt:
  case Opcode::Fence:
  case Opcode::Loop:
  case Opcode::Step:
    break;
  case Opcode::LoadConfig:
  case Opcode::LoadPlace:
    loadRegisters.apply(instruction);
    return true;
  case Opcode::LoadIn:
    return loadIn();
  case Opcode::LoadFill:
    return loadFill();
  case Opcode::ExecuteConfig:
    aStride0 = instruction.a32 & 0xffff;
    aStride1 = instruction.a32 >> 16;
    cStride1 = instruction.b32;
    return true;
  case Opcode::ExecuteWeights:
    return executeWeights();
  case Opcode::ExecuteMultiply:
    return executeMultiply();
  case Opcode::ExecuteOuter:
    return executeOuter();
  case Opcode::ExecuteFlush:
    return executeFlush();
  case Opcode::StoreConfig:
  case Opcode::StorePlace:
  case Opcode::StoreQuantize:
    storeRegisters.apply(instruction);
    return true;
  case Opcode::StoreOut:
    return storeOut();
  case Opcode::StoreKeep:
    return storeKeep();
  case Opcode::VectorConfig:
    fromStride0 = instruction.a32 & 0xffff;
    fromStride1 = instruction.a32 >> 16;
    toStride0 = instruction.b32 & 0xffff;
    toStride1 = instruction.b32 >> 16;
    return true;
  case Opcode::VectorParameter:
    scale = std::bit_cast<float>(instruction.a32);
    zero = int16_t(instruction.a16);
    return true;
  case Opcode::VectorTable:
    return vectorTable();
  case Opcode::VectorMap:
  case Opcode::VectorMaximum:
  case Opcode::VectorSum:
  case Opcode::VectorReal:
  case Opcode::VectorAddReal:
  case Opcode::VectorMultiplyReal:
  case Opcode::VectorCopy:
    return vectorRows();
  }
  return fail("has no meaning");
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

bool Execution::fail(const std::string &what) {
  *error = sequence->describe() + ": " + what;
  return false;
}

bool Execution::spend(uint64_t rows, uint64_t bytes) {
  // 64 bytes are about what a row costs anyway. At most 2^32 rows of 2^32
  // bytes: the product has its 64 bits.
  uint64_t cost = rows * (1 + bytes / 64);
  if (cost > steps)
    return fail("no steps are left");
  steps -= cost;
  return true;
}

bool Execution::inRange(const char *name, uint64_t number, uint64_t most) {
  return (number >= 1 && number <= most) ||
         fail(std::string(name) + " is " + std::to_string(number) +
              ", expected 1 to " + std::to_string(most));
}

bool Execution::hasRows(const Walk &walk) {
  return (walk.count0 && walk.count1) ||
         fail("has " + std::to_string(walk.count0) + "x" +
              std::to_string(walk.count1) + " rows, expected at least 1x1");
}

bool Execution::hasDataflow(unsigned bit, const char *name) {
  return machine.dataflows >> bit & 1 ||
         fail(std::string("the machine's array is not ") + name +
              " stationary");
}

uint64_t Execution::rowsOf(Space space) const {
  switch (space) {
  case Space::Scratchpad:
    return machine.scratchpadRows;
  case Space::Weights:
    return machine.weightRows;
  case Space::Accumulator:
    return machine.accumulatorRows;
  }
  return 0;
}

bool Execution::isInside(Space space, const Walk &walk, uint64_t blocks,
                         uint64_t blockStride, bool writes) {
  // Local strides are not negative.
  uint64_t last = uint64_t(walk.highest()) + (blocks - 1) * blockStride;
  if (last < rowsOf(space))
    return true;
  static constexpr const char *names[] = {"scratchpad", "weight memory",
                                          "accumulator"};
  return fail(std::string(writes ? "writes" : "reads") + " rows " +
              std::to_string(walk.base) + " to " + std::to_string(last) +
              " of the " + names[unsigned(space)] + ", which has " +
              std::to_string(rowsOf(space)));
}

bool Execution::touch(Space space, const Walk &walk, uint64_t blocks,
                      uint64_t blockStride, Access access) {
  for (uint64_t i1 = 0; i1 < walk.count1; ++i1)
    for (uint64_t block = 0; block < blocks; ++block) {
      uint64_t first = uint64_t(walk.at(i1, 0)) + block * blockStride;
      if (walk.stride0 == 1) {
        if (!order.rows(space, first, walk.count0, access, *error))
          return false;
        continue;
      }
      for (uint64_t i0 = 0; i0 < walk.count0; ++i0)
        if (!order.rows(space, first + i0 * uint64_t(walk.stride0), 1, access,
                        *error))
          return false;
    }
  return true;
}

bool Execution::accessSegment(uint32_t number, const Walk &walk, uint64_t width,
                              bool write) {
  if (number >= numSegments)
    return fail("segment " + std::to_string(number) + " of " +
                std::to_string(numSegments));
  const Segment &segment = segments[number];
  if (write && !segment.writable)
    return fail("writes segment " + std::to_string(number) +
                ", which may only be read");
  int64_t low = walk.lowest(), end = walk.highest() + int64_t(width);
  if (low < 0 || uint64_t(end) > segment.bytes)
    return fail(std::string(write ? "writes" : "reads") + " bytes " +
                std::to_string(low) + " to " + std::to_string(end - 1) +
                " of segment " + std::to_string(number) + ", which has " +
                std::to_string(segment.bytes));
  return order.bytes(number, {walk, width}, write, steps, *error);
}

void Execution::count(Space space, uint64_t bytes, Access access) {
  auto add = [&](uint64_t &read, uint64_t &written) {
    read += access != Access::Write ? bytes : 0;
    written += access != Access::Read ? bytes : 0;
  };
  switch (space) {
  case Space::Scratchpad:
    return add(counts->scratchpadReadBytes, counts->scratchpadWriteBytes);
  case Space::Weights:
    return add(counts->weightMemoryReadBytes, counts->weightMemoryWriteBytes);
  case Space::Accumulator:
    return add(counts->accumulatorReadBytes, counts->accumulatorWriteBytes);
  }
}

//===----------------------------------------------------------------------===//
// The array
//===----------------------------------------------------------------------===//

bool Execution::executeWeights() {
  const Instruction &instruction = current();
  uint32_t k = instruction.b16, n = instruction.c16;
  LocalAddress from{instruction.b32};
  Space space = Space(from.space());
  if (!hasDataflow(0, "weight") || !inRange("k", k, machine.rows) ||
      !inRange("n", n, machine.cols) || !spend(k, 4 * paddedCols))
    return false;
  bool diagonal = instruction.a16 & 1;
  uint64_t rows = diagonal ? 1 : k;
  if (!access(space, {from.row(), 1, 0, rows, 1}, Access::Read))
    return false;
  for (uint32_t l = 0; l < k; ++l) {
    const int8_t *row = bytesAt(space, from.row() + (diagonal ? 0 : l));
    int32_t *to = weights.data() + l * paddedCols;
    std::fill(to, to + paddedCols, 0);
    if (!diagonal)
      std::copy(row, row + n, to);
    else if (l < n)
      to[l] = row[l];
  }
  weightK = k;
  weightN = n;
  count(space, rows * n, Access::Read);
  counts->weightRegisterWriteBytes += uint64_t(k) * n;
  return true;
}

bool Execution::executeMultiply() {
  const Instruction &instruction = current();
  LocalAddress from{instruction.a32}, to{instruction.b32};
  uint64_t count0 = instruction.b16, count1 = instruction.a16;
  Walk a{from.row(), aStride0, aStride1, count0, count1};
  Walk c{to.row(), 1, cStride1, count0, count1};
  uint32_t k = instruction.c16, n = weightN;
  if (!hasDataflow(0, "weight") || !hasRows(a))
    return false;
  if (!weightK)
    return fail("needs an execute.weights of its own before it");
  if (!inRange("k", k, weightK) || !spend(a.rows(), k * paddedCols / 4))
    return false;
  Access result = to.accumulates() ? Access::Update : Access::Write;
  if (!access(Space::Scratchpad, a, Access::Read) ||
      !access(Space::Accumulator, c, result))
    return false;
  uint64_t lanes = machine.lanes();
  for (uint64_t i1 = 0; i1 < count1; ++i1)
    multiplyRows(bytesAt(Space::Scratchpad, uint64_t(a.at(i1, 0))),
                 ptrdiff_t(aStride0 * lanes), count0, k, weights.data(),
                 paddedCols, wordsAt(uint64_t(c.at(i1, 0))), machine.cols,
                 to.accumulates());
  weightK = 0;

  uint64_t rows = a.rows(), macs = rows * k * n;
  counts->macs += macs;
  counts->arrayCycles += rows;
  counts->weightRegisterReadBytes += macs;
  count(Space::Scratchpad, rows * k, Access::Read);
  count(Space::Accumulator, 4 * rows * n, result);
  return true;
}

bool Execution::executeOuter() {
  const Instruction &instruction = current();
  LocalAddress from{instruction.a32}, with{instruction.b32};
  Space space = Space(with.space());
  uint64_t count0 = instruction.b16, count1 = instruction.a16;
  Walk a{from.row(), aStride0, aStride1, count0, count1};
  Walk b{with.row(), 1, int64_t(count0), count0, count1};
  bool clear = instruction.c16 & 1;
  if (!hasDataflow(1, "output") || !hasRows(a) ||
      !spend(a.rows(), machine.rows * paddedCols / 4))
    return false;
  if (!clear && !hasSums)
    return fail("adds to sums that nothing started: it must clear them");
  if (!access(Space::Scratchpad, a, Access::Read) ||
      !access(space, b, Access::Read))
    return false;
  if (clear) {
    std::fill(sums.begin(), sums.end(), 0);
    sumRows = 0;
  }
  uint64_t lanes = machine.lanes();
  for (uint64_t i1 = 0; i1 < count1; ++i1)
    outerRows(bytesAt(Space::Scratchpad, uint64_t(a.at(i1, 0))),
              ptrdiff_t(aStride0 * lanes),
              bytesAt(space, uint64_t(b.at(i1, 0))), ptrdiff_t(lanes), count0,
              machine.rows, machine.cols, sums.data(), paddedCols);
  hasSums = true;
  sumRows += a.rows();
  counts->arrayCycles += a.rows();
  count(space, a.rows() * machine.cols, Access::Read);
  count(Space::Scratchpad, a.rows() * machine.rows, Access::Read);
  return true;
}

bool Execution::executeFlush() {
  const Instruction &instruction = current();
  LocalAddress to{instruction.b32};
  uint32_t m = instruction.b16, n = instruction.c16;
  if (!hasDataflow(1, "output") || !inRange("m", m, machine.rows) ||
      !inRange("n", n, machine.cols) || !spend(m, 4 * paddedCols))
    return false;
  if (!hasSums)
    return fail("needs an execute.outer before it");
  Access result = to.accumulates() ? Access::Update : Access::Write;
  if (!access(Space::Accumulator, {to.row(), 1, 0, m, 1}, result))
    return false;
  for (uint32_t i = 0; i < m; ++i) {
    const int32_t *row = sums.data() + i * paddedCols;
    int32_t *words = wordsAt(to.row() + i);
    for (uint32_t j = 0; j < machine.cols; ++j) {
      uint32_t old = to.accumulates() ? uint32_t(words[j]) : 0;
      words[j] = int32_t(old + (j < n ? uint32_t(row[j]) : 0));
    }
  }
  hasSums = false;

  uint64_t words = uint64_t(m) * n, macs = sumRows * words;
  counts->macs += macs;
  counts->sumRegisterReadBytes += 4 * (macs + words);
  counts->sumRegisterWriteBytes += 4 * macs;
  count(Space::Accumulator, 4 * words, result);
  return true;
}
