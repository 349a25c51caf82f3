//===- ProgramEmitter.h - From a mapping to instructions --------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_PROGRAMEMITTER_H
#define TARGETS_SYSTOLIC_LOWERING_PROGRAMEMITTER_H

#include "targets/systolic/Isa/Encoder.h"
#include "targets/systolic/Lowering/Constants.h"
#include "targets/systolic/Lowering/InstructionOrder.h"
#include "targets/systolic/Lowering/TilePlan.h"

namespace aicc::systolic {

/// Walks the loops of a mapping and writes the instructions that they stand
/// for: tiles are loaded where the walk enters them, unless they are there
/// still, and results are stored where it leaves them.
class ProgramEmitter {
public:
  ProgramEmitter(const Product &product, const ArrayMachine &machine,
                 const Mapping &mapping, const TilePlan &plan,
                 ConstantBlob &constants);

  /// The program without its halt. Nothing, and why, if a number does not fit
  /// its bits in an instruction.
  std::optional<std::vector<Instruction>> run(std::string &why);

private:
  void walk(unsigned level);
  void enterInput();
  void enterWeights();
  void loadInput();
  void loadWeights();
  void loadComputedWeights();
  void fillShiftRows();
  void multiply();
  void passes(int64_t weightRow, int64_t k, int64_t n, int64_t lane);
  void storeResults();
  void storeGroups(llvm::ArrayRef<unsigned> dims);
  void storeBlocks(int64_t block, int64_t count);
  int64_t loadParameters(int64_t first, int64_t columns);
  void keepBlocks(int64_t block, int64_t count, int64_t parameters);
  void keepBlock(int64_t block);

  // Registers of the units are set where they change.
  void configureLoad(unsigned channel, unsigned segment, int64_t stride0,
                     int64_t stride1, bool flip, bool wide);
  void placeLoad(unsigned channel, int64_t stride1, int64_t block);
  void configureExecute(int64_t aStride0, int64_t aStride1, int64_t cStride1);
  void configureStore(int64_t stride0, int64_t stride1);
  void placeStore(int64_t stride1, int64_t block, int64_t keptStride1,
                  int64_t scaleBlock);
  void configureQuantize(int64_t parameters);

  int64_t offset(int dim) const { return dim < 0 ? 0 : offsets[dim]; }
  int64_t extent(int dim) const { return dim < 0 ? 1 : extents[dim]; }
  int64_t rows() const { return machine.config.rows; }
  int64_t cols() const { return machine.config.cols; }
  Space weightSpace() const {
    return machine.weightsInScratchpad() ? Space::Scratchpad : Space::Weights;
  }

  const Product &product;
  const ArrayMachine &machine;
  const Mapping &mapping;
  const TilePlan &plan;
  ConstantBlob &constants;

  /// Of the tile that the walk is in.
  Extents offsets, extents;

  /// A tile that is on the chip, in the slot used last.
  struct Resident {
    Extents offsets, extents;
    unsigned slot = 0;
    bool isThere = false;
  };
  Resident input, weight, result;
  /// Offset in DRAM of the parameters that are in `parameterSlot`, and the row
  /// of those that the store unit uses.
  int64_t parametersAt = -1, quantizedBy = -1;
  unsigned parameterSlot = 0;
  /// The dimensions that each operand depends on.
  llvm::SmallVector<unsigned, 8> inputDims, weightDims;

  struct Channel {
    bool isSet = false;
    int64_t segment = 0, stride0 = 0, stride1 = 0;
    bool flip = false, wide = false;
    int64_t placeStride1 = 0, block = 0;
  };
  Channel channels[3];
  std::array<int64_t, 3> executeStrides = {-1, -1, -1};
  std::array<int64_t, 2> storeStrides = {-1, -1};
  std::array<int64_t, 4> storePlace = {-1, -1, -1, -1};

  Encoder make;
  InstructionOrder order;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_PROGRAMEMITTER_H
