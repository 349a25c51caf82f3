//===- TileKinds.h - The tiles of an operand, and how often -----*- C++ -*-===//
//
// docs/design/0005-cost-model.md explains the terms: steps, positions, edge
// tiles, and when a tile is fetched again.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_ENERGY_TILEKINDS_H
#define AICC_LIB_ENERGY_TILEKINDS_H

#include "aicc/Energy/AccessCounts.h"
#include "lib/Energy/DistinctCount.h"

namespace aicc {

/// The loops of a mapping, sorted by dimension.
struct LoopNest {
  struct Step {
    int index = 0; ///< In Mapping::loops.
    int64_t tile = 1;
    int axis = -1;
    int64_t trips = 1; ///< Of position 0 and of the first iterations: the most.
  };
  struct DimSteps {
    int64_t size = 1;
    llvm::SmallVector<Step, 6> steps;
    bool isExact = true; ///< Every tile divides what it walks.
  };

  LoopNest(const Workload &workload, const Mapping &mapping);

  llvm::SmallVector<DimSteps, 8> dims;
  uint32_t usedAxes = 0; ///< With more than one position.
};

/// Which part of the machine and of the time a count is about.
struct View {
  /// Temporal loops from here on lie inside of the tile.
  int residence = 0;
  /// Bit i: positions along axis i are counted one by one. Otherwise what
  /// several of them want counts once.
  uint32_t sumAxes = 0;
  /// Bit i: only position 0 of axis i.
  uint32_t firstAxes = 0;
  /// Only the first tile in time.
  bool firstInTime = false;
  /// Find TileKind::fresh; otherwise it is `size`.
  bool slides = false;
};

/// Tiles of one size whose innermost moving loop is the same.
struct TileKind {
  double size = 1; ///< Distinct elements.
  /// Those that the tile before, one iteration of loop `moved` ago, had not.
  double fresh = 1;
  double weight = 1; ///< How many of them, positions included.
  /// Index of the innermost loop with several iterations that moves the
  /// operand; -1: none. Loops outside of it fetch the tile again.
  int moved = -1;
};
using TileKinds = llvm::SmallVector<TileKind, 4>;

/// All tiles of an operand. False if its index cannot be counted.
bool findTiles(const LoopNest &nest, const AccessModel::Shape &shape,
               const View &view, TileKinds &tiles);

/// Tiles of the same extents whose innermost moving loop is the same.
struct TileBox {
  llvm::SmallVector<int64_t, 8> extents; ///< One for each dimension.
  double weight = 1;
  int moved = -1; ///< As TileKind::moved.
};

/// All tiles of an operand, by their extents: a dimension that does not move it
/// has its whole size. `steps`: what tiles are apart in each dimension; 0:
/// there is one. Nothing where tiles have gaps.
llvm::SmallVector<TileBox, 4> findBoxes(const LoopNest &nest,
                                        const AccessModel::Shape &shape,
                                        const View &view,
                                        llvm::SmallVectorImpl<int64_t> &steps);

/// How often a tile is fetched because of the loops that do not move its
/// operand: iterations of those outside of loop `moved`, and positions.
double fetchesOf(const LoopNest &nest, const AccessModel::Shape &shape,
                 const View &view, int moved);

/// Temporal iterations of one dimension as position 0 walks them.
double stepsOf(const LoopNest::DimSteps &dim);

/// Temporal iterations of all dimensions together with the positions along
/// `axes` that have work in them.
double activityOf(const LoopNest &nest, uint32_t axes);

} // namespace aicc

#endif // AICC_LIB_ENERGY_TILEKINDS_H
