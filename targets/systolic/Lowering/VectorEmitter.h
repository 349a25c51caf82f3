//===- VectorEmitter.h - Programs of the vector unit ------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_VECTOREMITTER_H
#define TARGETS_SYSTOLIC_LOWERING_VECTOREMITTER_H

#include "targets/systolic/Isa/Encoder.h"
#include "targets/systolic/Lowering/InstructionOrder.h"
#include "targets/systolic/Lowering/VectorPlan.h"

namespace aicc::systolic {

/// The constants of a group's program: its table (256 bytes), and a row of
/// scales (f32) and one of biases (i32) for the columns.
std::vector<char> vectorConstants(const VectorGroup &group,
                                  const ArrayMachine &machine);

/// Writes the instructions of a group tile by tile: load, vector unit, store.
/// Segments, in the order of the launch's arguments: the inputs, constants if
/// there are any, the result; without those that are kept in the scratchpad.
class VectorEmitter {
public:
  VectorEmitter(const VectorGroup &group, const ArrayMachine &machine,
                const Mapping &mapping, const VectorPlan &plan)
      : group(group), machine(machine), mapping(mapping), plan(plan) {}

  /// The program without its halt. Nothing, and why, if a number does not fit
  /// its bits in an instruction.
  std::optional<std::vector<Instruction>> run(std::string &why);

  /// That of input `number`, or how many inputs have one.
  static unsigned inputSegment(const VectorGroup &group, size_t number) {
    unsigned segment = 0;
    for (size_t i = 0; i < number; ++i)
      segment += group.inputs[i].kept ? 0 : 1;
    return segment;
  }
  static unsigned constantSegment(const VectorGroup &group) {
    return inputSegment(group, group.inputs.size());
  }
  static unsigned resultSegment(const VectorGroup &group) {
    return constantSegment(group) + (group.hasConstants() ? 1 : 0);
  }
  static unsigned numSegments(const VectorGroup &group) {
    return resultSegment(group) + (group.keptResult ? 0 : 1);
  }

private:
  void loadConstants();
  void walk(size_t level);
  void tile();
  void loadInput(unsigned number);
  void compute();
  void combineWindow();
  void combinePair();
  void store();
  void keep();

  /// Rows `to` from rows `from` by `loops` (sources in `dramStride`).
  void vector(Opcode opcode, LocalAddress to, LocalAddress from,
              llvm::ArrayRef<RowLoop> loops, llvm::ArrayRef<Slot> reads,
              llvm::ArrayRef<Slot> writes);
  /// `rows` rows that follow each other on both sides.
  void vectorRows(Opcode opcode, LocalAddress to, LocalAddress from,
                  int64_t rows, llvm::ArrayRef<Slot> reads,
                  llvm::ArrayRef<Slot> writes);
  void configureVector(const RowLoop &inner, const RowLoop &outer);
  int64_t blocks() const;
  /// Where the first row of the tile is.
  LocalAddress inputRow(unsigned number) const;
  LocalAddress resultRow() const;
  TileRows inputRows(unsigned number) const {
    return TileRows::ofInput(group, number, extents, blocks());
  }
  TileRows resultRows() const {
    return TileRows::ofResult(group, extents, blocks());
  }
  /// Positions and blocks of the result's tile.
  int64_t numResultRows() const {
    return positions(group.resultAxes, extents) * blocks();
  }

  const VectorGroup &group;
  const ArrayMachine &machine;
  const Mapping &mapping;
  const VectorPlan &plan;

  Extents offsets, extents; ///< Of the tile that the walk is in.
  struct Resident {
    Extents offsets, extents;
    unsigned slot = 0;
    bool isThere = false;
  };
  Resident inputs[2];
  unsigned resultSlot = 0;
  /// Registers, where they change from tile to tile.
  std::array<int64_t, 4> loadRegisters[2] = {{-1, -1, -1, -1},
                                             {-1, -1, -1, -1}};
  std::array<int64_t, 4> vectorStrides = {-1, -1, -1, -1};
  std::array<int64_t, 3> storeRegisters = {-1, -1, -1};
  std::pair<float, int64_t> parameter = {0.0f, -1};
  bool hasParameter = false;

  Encoder make;
  InstructionOrder order;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_VECTOREMITTER_H
