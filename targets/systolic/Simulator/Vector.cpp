//===- Vector.cpp - Instructions of the vector unit -----------------------===//

#include "targets/systolic/Isa/Fields.h"
#include "targets/systolic/Simulator/Execution.h"
#include "targets/systolic/Simulator/Kernels.h"

#include <cstring>

using namespace aicc::systolic;

bool Execution::vectorTable() {
  const Instruction &instruction = current();
  LocalAddress from{instruction.b32};
  uint64_t rows = (table.size() + machine.lanes() - 1) / machine.lanes();
  if (!spend(rows, machine.lanes()) ||
      !access(Space::Scratchpad, {from.row(), 1, 0, rows, 1}, Access::Read))
    return false;
  // Rows follow one another in memory.
  std::memcpy(table.data(), bytesAt(Space::Scratchpad, from.row()),
              table.size());
  hasTable = true;
  count(Space::Scratchpad, table.size(), Access::Read);
  return true;
}

namespace {
/// Where an instruction reads and writes. `updates`: it reads what it writes.
struct Operands {
  Space to, from;
  bool updates;
};
} // namespace

static Operands operandsOf(Opcode opcode) {
  switch (opcode) {
  case Opcode::VectorMaximum:
    return {Space::Scratchpad, Space::Scratchpad, true};
  case Opcode::VectorSum:
    return {Space::Accumulator, Space::Scratchpad, true};
  case Opcode::VectorReal:
    return {Space::Accumulator, Space::Scratchpad, false};
  case Opcode::VectorAddReal:
  case Opcode::VectorMultiplyReal:
    return {Space::Accumulator, Space::Accumulator, true};
  default: // Map and copy.
    return {Space::Scratchpad, Space::Scratchpad, false};
  }
}

void Execution::vectorRow(Opcode opcode, uint64_t to, uint64_t from) {
  Operands operands = operandsOf(opcode);
  if (operands.to == Space::Scratchpad) {
    const int8_t *bytes = bytesAt(Space::Scratchpad, from);
    int8_t *result = bytesAt(Space::Scratchpad, to);
    uint64_t lanes = machine.lanes();
    if (opcode == Opcode::VectorCopy)
      std::memmove(result, bytes, lanes);
    else if (opcode == Opcode::VectorMap)
      for (uint64_t j = 0; j < lanes; ++j)
        result[j] = int8_t(table[uint8_t(bytes[j])]);
    else
      for (uint64_t j = 0; j < lanes; ++j)
        result[j] = std::max(result[j], bytes[j]);
    return;
  }
  int32_t *words = wordsAt(to);
  if (opcode == Opcode::VectorAddReal)
    return addReal(wordsAt(from), words, machine.cols);
  if (opcode == Opcode::VectorMultiplyReal)
    return multiplyReal(wordsAt(from), words, machine.cols);
  const int8_t *bytes = bytesAt(Space::Scratchpad, from);
  if (opcode == Opcode::VectorReal)
    return bytesToReal(bytes, zero, scale, words, machine.cols);
  for (uint64_t j = 0; j < machine.cols; ++j)
    words[j] = int32_t(uint32_t(words[j]) + uint32_t(int32_t(bytes[j])));
}

bool Execution::vectorRows() {
  const Instruction &instruction = current();
  Operands operands = operandsOf(instruction.opcode);
  uint64_t count0 = instruction.b16, count1 = instruction.a16;
  Walk to{LocalAddress{instruction.a32}.row(), toStride0, toStride1, count0,
          count1};
  Walk from{LocalAddress{instruction.b32}.row(), fromStride0, fromStride1,
            count0, count1};
  if (!hasRows(to) || !spend(to.rows(), bytesOf(operands.to)))
    return false;
  if (instruction.opcode == Opcode::VectorMap && !hasTable)
    return fail("needs a vector.table before it");
  Access result = operands.updates ? Access::Update : Access::Write;
  if (!isInside(operands.from, from, 1, 0, /*writes=*/false) ||
      !isInside(operands.to, to, 1, 0, /*writes=*/true))
    return false;
  // What one row writes, a later one may read.
  for (uint64_t i1 = 0; i1 < count1; ++i1)
    for (uint64_t i0 = 0; i0 < count0; ++i0) {
      uint64_t toRow = uint64_t(to.at(i1, i0));
      uint64_t fromRow = uint64_t(from.at(i1, i0));
      if (!order.rows(operands.from, fromRow, 1, Access::Read, *error) ||
          !order.rows(operands.to, toRow, 1, result, *error))
        return false;
      vectorRow(instruction.opcode, toRow, fromRow);
    }
  // Between the memories the first cols lanes count.
  uint64_t lanes = std::min(lanesOf(operands.to), lanesOf(operands.from));
  auto bytes = [&](Space space) {
    return to.rows() * lanes * (space == Space::Accumulator ? 4 : 1);
  };
  count(operands.from, bytes(operands.from), Access::Read);
  count(operands.to, bytes(operands.to), result);
  counts->vectorLaneOps += to.rows() * lanes;
  return true;
}
