//===- Execution.h - What instructions do -----------------------*- C++ -*-===//
//
// One instruction after the other, in program order, with every operand checked
// and every access ordered (Order.h) and counted. Knows nothing of time.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_SIMULATOR_EXECUTION_H
#define TARGETS_SYSTOLIC_SIMULATOR_EXECUTION_H

#include "targets/systolic/Simulator/Order.h"

namespace aicc::systolic {

class Execution {
public:
  Execution(const MachineConfig &machine, const Limits &limits);

  /// Runs an entry of a program that is well formed.
  bool run(const Program &program, const Entry &entry, const Segment *segments,
           size_t numSegments, Counts &counts, std::string &error);

  /// What entries left in the scratchpad is not there any more.
  void forget() { order.forget(); }

private:
  void begin(const Entry &entry);
  /// The current instruction; of a unit, with its tokens.
  bool step();
  bool stepUnit();
  /// The current instruction.
  const Instruction &current() const { return sequence->instruction(); }

  // Each executes the current instruction, and says whether it could.
  bool loadIn();
  bool loadFill();
  bool executeWeights();
  bool executeMultiply();
  bool executeOuter();
  bool executeFlush();
  bool storeOut();
  bool storeKeep();
  bool vectorTable();
  bool vectorRows();

  bool fail(const std::string &what);
  /// Accounts for `rows` steps of `bytes` bytes each.
  bool spend(uint64_t rows, uint64_t bytes);
  /// Whether number is in 1 to most.
  bool inRange(const char *name, uint64_t number, uint64_t most);
  bool hasRows(const Walk &walk);
  bool hasDataflow(unsigned bit, const char *name);

  uint64_t rowsOf(Space space) const;
  unsigned lanesOf(Space space) const {
    return space == Space::Accumulator ? machine.cols : machine.lanes();
  }
  /// Bytes of a row.
  uint64_t bytesOf(Space space) const {
    return uint64_t(lanesOf(space)) * (space == Space::Accumulator ? 4 : 1);
  }
  /// Whether the memory has all rows of the walk, in `blocks` blocks.
  bool isInside(Space space, const Walk &walk, uint64_t blocks,
                uint64_t blockStride, bool writes);
  /// Tells the order of the accesses. The rows are inside.
  bool touch(Space space, const Walk &walk, uint64_t blocks,
             uint64_t blockStride, Access access);
  bool access(Space space, const Walk &walk, Access access) {
    return isInside(space, walk, 1, 0, access != Access::Read) &&
           touch(space, walk, 1, 0, access);
  }
  /// Whether the segment has all bytes of the rows; and the order of them.
  bool accessSegment(uint32_t number, const Walk &walk, uint64_t width,
                     bool write);
  /// Counts bytes of a memory on the chip.
  void count(Space space, uint64_t bytes, Access access);
  void countDram(const Walk &walk, uint64_t width, bool write);

  int8_t *bytesAt(Space space, uint64_t row) {
    return (space == Space::Weights ? weightMemory : scratchpad).data() +
           row * machine.lanes();
  }
  int32_t *wordsAt(uint64_t row) {
    return accumulator.data() + row * machine.cols;
  }

  void loadRow(const uint8_t *from, const LoadChannel &channel,
               const Instruction &instruction, uint64_t row);
  bool readParameters(uint64_t columns);
  const int32_t *biasedWords(uint64_t row, uint64_t biases, uint64_t width);
  void quantizeRow(uint64_t row, uint64_t columns, uint8_t *to);
  void storeRow(uint64_t row, uint64_t columns, Space space, uint8_t *to);
  void vectorRow(Opcode opcode, uint64_t to, uint64_t from);

  const MachineConfig machine;
  const Limits limits;
  Order order;

  // Of the run.
  const Program *program = nullptr;
  const Segment *segments = nullptr;
  size_t numSegments = 0;
  Counts *counts = nullptr;
  std::string *error = nullptr;
  std::optional<Sequence> sequence; ///< At the current instruction.
  uint64_t steps = 0;               ///< That are left.

  // The memories, padded (Kernels.h).
  std::vector<int8_t> scratchpad, weightMemory;
  std::vector<int32_t> accumulator;
  std::vector<int32_t> biased; ///< Words of a block on their way out.

  // Registers.
  LoadRegisters loadRegisters;
  StoreRegisters storeRegisters;
  uint32_t aStride0 = 0, aStride1 = 0, cStride1 = 0;
  uint32_t fromStride0 = 0, fromStride1 = 0, toStride0 = 0, toStride1 = 0;
  float scale = 0;
  int16_t zero = 0;
  std::array<uint8_t, 256> table = {};
  bool hasTable = false;

  // The array: the weights and the sums, with padded rows.
  size_t paddedCols = 0;
  std::vector<int32_t> weights, sums;
  uint32_t weightK = 0, weightN = 0; ///< Of the set that waits; 0: none.
  bool hasSums = false;
  uint64_t sumRows = 0; ///< K of the sums.
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SIMULATOR_EXECUTION_H
