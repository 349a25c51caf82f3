//===- TilePlan.h - Where the tiles of a product lie ------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_TILEPLAN_H
#define TARGETS_SYSTOLIC_LOWERING_TILEPLAN_H

#include "aicc/Energy/AccessCounts.h"
#include "targets/systolic/Lowering/ArrayMachine.h"
#include "targets/systolic/Lowering/Product.h"

namespace aicc::systolic {

using Extents = llvm::SmallVector<int64_t, 8>;

/// Tiles of one operand in one memory of the chip: as many slots as may be in
/// use at a time, one after the other.
struct TileSlots {
  static constexpr unsigned most = 8; ///< Slots of one operand.

  unsigned level = 0; ///< Loops of the mapping outside of a tile.
  Extents extents;    ///< Of the largest tile, by dimension.
  int64_t rows = 0;   ///< Of a slot.
  int64_t first = 0;  ///< Row of the first slot.
  unsigned count = 1;

  int64_t row(unsigned slot) const { return first + int64_t(slot) * rows; }
};

/// How a mapping's tiles are placed.
///
/// Inputs: for each position of the input axes (outermost first) as many rows
/// as the summed lanes need. Weights: for each block of columns, the positions
/// of the other dimensions, and for each of these one row for each summed lane.
/// Results: for each block of columns, a row for each position.
struct TilePlan {
  TileSlots input, weight, result;
  unsigned computeLevel = 0; ///< What is inside runs in one multiply.
  /// Rows that hold shifts, in the scratchpad and where weights are.
  int64_t inputShiftRow = 0, weightShiftRow = 0;
  int64_t parameterFirst = 0;
  int64_t parameterBlocks = 0; ///< Column blocks of a slot.
  unsigned parameterSlots = 2;
  /// Where tiles change, there is a slot for the next one as they are stored.
  bool overlaps = true;

  /// Of `blocks` blocks of `cols` columns of results, those that one store
  /// takes.
  int64_t storedBlocks(const Product &product, int64_t blocks,
                       int64_t cols) const;

  /// Nothing, and why, for a mapping that does not lower or does not fit.
  static std::optional<TilePlan> make(const Product &product,
                                      const ArrayMachine &machine,
                                      const Mapping &mapping, std::string &why);
};

/// Whether the mapping has a plan, and its tiles leave room to be filled while
/// others are used, as `model` (of the machine that programs use) counts.
bool canRun(const Product &product, const ArrayMachine &machine,
            const AccessModel &model, const Mapping &mapping, std::string &why);

/// `mapping` in the form that is lowered: tiles stay while nothing moves them,
/// inputs are there before the pass that reads them, transfers fill accesses of
/// the DRAM where tiles have the room, and what is cut into blocks of lanes in
/// memory has tiles of whole lanes. Moves as much as before, or less.
Mapping toLowered(const Product &product, const ArrayMachine &machine,
                  const AccessModel &model, const Mapping &mapping);

/// Rows that an input tile takes.
int64_t inputRows(const Product &product, const ArrayMachine &machine,
                  llvm::ArrayRef<int64_t> extents);

/// The extents that are left inside of the first `level` loops.
Extents extentsAt(const Product &product, const Mapping &mapping,
                  unsigned level);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_TILEPLAN_H
