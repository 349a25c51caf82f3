//===- VectorPlan.h - Tiles of the vector unit's groups ---------*- C++ -*-===//
//
// Elementwise groups and pools use nothing twice (but for the halo of windows),
// so there is little to search. Tiles are all of the group, halved along the
// outermost dimension of the result that is left; of those that fit on the chip
// the one that takes the fewest cycles is taken. Smaller tiles overlap better,
// larger ones have less halo and longer runs of memory.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_LOWERING_VECTORPLAN_H
#define TARGETS_SYSTOLIC_LOWERING_VECTORPLAN_H

#include "aicc/Energy/Cost.h"
#include "targets/systolic/Lowering/TileLoops.h"
#include "targets/systolic/Lowering/TilePlan.h"
#include "targets/systolic/Lowering/VectorGroup.h"

namespace aicc::systolic {

/// Where a group's tiles lie. Of each operand's tile, each position of its axes
/// (outermost first) has as many rows as the lanes need.
struct VectorPlan {
  Extents extents;    ///< Of a tile, by dimension.
  unsigned level = 0; ///< Loops of the mapping outside of a tile.
  TileSlots inputs[2];
  /// In the accumulator, or of Maximum in the scratchpad. Map: the input's.
  TileSlots result;
  int64_t tableRow = 0;     ///< In the scratchpad.
  int64_t termRow = 0;      ///< Of the second operand, in the accumulator.
  int64_t parameterRow = 0; ///< There: scales, and after them biases.

  /// Of a mapping that chooseTiles made.
  static std::optional<VectorPlan> make(const VectorGroup &group,
                                        const ArrayMachine &machine,
                                        const Mapping &mapping,
                                        std::string &why);
  /// Nothing, and why, for tiles that do not fit.
  static std::optional<VectorPlan> make(const VectorGroup &group,
                                        const ArrayMachine &machine,
                                        llvm::ArrayRef<int64_t> extents,
                                        std::string &why);
};

/// The rows of a tile as load and store move them: runs of `columns` bytes.
struct TileTransfer {
  int64_t columns = 0;
  int64_t dram = 0; ///< Of the first byte.
  RowPattern pattern;
  RowLoops loops; ///< Around the pattern.

  TileTransfer(llvm::ArrayRef<Axis> axes, int64_t start, unsigned laneDim,
               llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> extents,
               int64_t cols, int64_t mostOuter);
  int64_t rows() const;
};

/// How the rows of an operand's tile lie on the chip: rows between neighbours
/// along each of its axes. Of what is kept those of the whole tensor.
struct TileRows {
  llvm::ArrayRef<Axis> axes;
  llvm::SmallVector<int64_t, 6> strides;
  int64_t blocks; ///< Of a position.

  static TileRows ofInput(const VectorGroup &group, unsigned number,
                          llvm::ArrayRef<int64_t> extents, int64_t blocks);
  /// In the accumulator or the scratchpad, before it is kept.
  static TileRows ofResult(const VectorGroup &group,
                           llvm::ArrayRef<int64_t> extents, int64_t blocks);
};

/// Loops of the vector unit over a tile. Strides of the source are in
/// `RowLoop::dramStride`.
RowLoops vectorLoops(const VectorGroup &group, llvm::ArrayRef<int64_t> extents,
                     const TileRows &to, const TileRows &from);
/// Those that copy the tile of the second operand of a pair into rows that
/// follow each other.
RowLoops termLoops(const VectorGroup &group, llvm::ArrayRef<int64_t> extents,
                   int64_t blocks);
/// Those by which the store unit keeps the tile of a result, and the columns of
/// their rows.
KeptRows keptResultRows(const VectorGroup &group,
                        llvm::ArrayRef<int64_t> extents, int64_t blocks);
int64_t keptColumns(const VectorGroup &group, llvm::ArrayRef<int64_t> extents,
                    int64_t cols);

/// Loops of the vector unit: an instruction walks the two longest itself.
struct VectorPattern {
  RowLoop inner, outer;
  RowLoops around;

  explicit VectorPattern(RowLoops loops);
};

/// The mapping of the best tiling, and what it costs
/// (docs/targets/systolic.md). Nothing, and why, if not even the smallest tile
/// fits.
struct VectorChoice {
  Mapping mapping;
  Cost cost;
};
std::optional<VectorChoice> chooseTiles(const VectorGroup &group,
                                        const ArrayMachine &machine,
                                        const MachineDesc &desc,
                                        std::string &why);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_VECTORPLAN_H
