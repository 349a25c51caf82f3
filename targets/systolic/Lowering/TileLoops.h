//===- TileLoops.h - Rows of tiles in memory and on the chip ----*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_TILELOOPS_H
#define TARGETS_SYSTOLIC_LOWERING_TILELOOPS_H

#include "targets/systolic/Lowering/Product.h"

namespace aicc::systolic {

/// Rows and columns in 16 bits, and the 14 bits that the outer loop of a load
/// has.
inline constexpr int64_t mostRows = 65535, mostOuterRows = 16383;

/// One loop over rows of a transfer; strides in bytes and in rows. Of the
/// vector unit: `dramStride` is the source's, in rows.
struct RowLoop {
  int64_t count = 1, dramStride = 0, localStride = 0;
};
using RowLoops = llvm::SmallVector<RowLoop, 6>;

/// How often they go around, all together.
int64_t iterations(llvm::ArrayRef<RowLoop> loops);

/// Loops of one row, and loops that go on where the next inner one ends, are
/// none of their own.
RowLoops foldLoops(llvm::ArrayRef<RowLoop> loops);

/// Rows between neighbours along each axis of a tile, the innermost last.
llvm::SmallVector<int64_t, 6> axisRows(llvm::ArrayRef<Axis> axes,
                                       llvm::ArrayRef<int64_t> extents,
                                       int64_t innermost);

/// Rows that one step of dimension `dim` moves.
int64_t rowsOfDim(llvm::ArrayRef<Axis> axes, llvm::ArrayRef<int64_t> strides,
                  unsigned dim);

/// The loops over `extents` of a tile of extents `tile`, rows of which are
/// `innermost` apart; adds their start to `dram`.
RowLoops tileLoops(llvm::ArrayRef<Axis> axes, llvm::ArrayRef<int64_t> offsets,
                   llvm::ArrayRef<int64_t> extents,
                   llvm::ArrayRef<int64_t> tile, int64_t innermost,
                   int64_t &dram);

/// The loops of a pass over the rows of `extents`, longest strides first:
/// sources (`dramStride`) are rows of an input of `inputStrides`,
/// destinations those of a result tile of extents `result`.
RowLoops passLoops(const Product &product, llvm::ArrayRef<int64_t> extents,
                   llvm::ArrayRef<int64_t> inputStrides,
                   llvm::ArrayRef<int64_t> result);

/// Rows between neighbours along each axis of the input: of a tile of extents
/// `tile`, `lanes` summed lanes to a row, or as it is kept.
llvm::SmallVector<int64_t, 6> inputStrides(const Product &product,
                                           llvm::ArrayRef<int64_t> tile,
                                           int64_t lanes);

/// How `columns` columns of results leave, of the part `extents` at `offsets`
/// of a tile of extents `tile`. Rows that follow each other in memory, in whole
/// blocks of `lanes` columns, are one long row.
struct StoredRows {
  RowLoops loops;
  int64_t columns; ///< Of a row.
  bool isJoined;

  StoredRows(const Product &product, llvm::ArrayRef<int64_t> offsets,
             llvm::ArrayRef<int64_t> extents, llvm::ArrayRef<int64_t> tile,
             int64_t columns, int64_t lanes, int64_t &dram);
};

/// Instructions that it takes to walk `loops`, of which one walks two itself.
int64_t instructionsOf(RowLoops loops);

/// The two loops that an instruction walks itself.
struct RowPattern {
  RowLoop inner, outer;
};
/// Takes them from the end of `loops`; rows of the inner one follow each other.
RowPattern takePattern(llvm::SmallVectorImpl<RowLoop> &loops,
                       int64_t mostOuter);

/// Calls `visit` for each tile into which `loop` cuts the box of `extents` at
/// `offsets`, with the two those of the tile; they are the box's again after
/// it.
void forTiles(const Mapping::Loop &loop, llvm::MutableArrayRef<int64_t> offsets,
              llvm::MutableArrayRef<int64_t> extents,
              llvm::function_ref<void()> visit);

/// Calls `visit(dram, local)` for each row of `loops`.
void forRows(llvm::ArrayRef<RowLoop> loops, int64_t dram, int64_t local,
             llvm::function_ref<void(int64_t, int64_t)> visit);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_TILELOOPS_H
