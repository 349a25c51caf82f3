//===- TileWalk.h - What the loops of one dimension leave -------*- C++ -*-===//

#ifndef AICC_LIB_ENERGY_TILEWALK_H
#define AICC_LIB_ENERGY_TILEWALK_H

#include "lib/Energy/TileKinds.h"

namespace aicc {

/// What a loop is to a tile.
enum class Role {
  Time,  ///< One tile after the other.
  Sum,   ///< Positions one by one.
  First, ///< The first iteration or position stands for all.
  Union, ///< All inside of one tile.
};

/// Where the walk through the loops of one dimension can be.
struct State {
  int64_t extent = 1; ///< What position 0 has left: it decides the trips.
  int moved = -1;
  double weight = 1;
  Pattern pattern; ///< What is left here.
};
using States = llvm::SmallVector<State, 2>;

/// A tile of consecutive values: the common case.
struct Piece {
  int64_t length = 1;
  int64_t extent = 1; ///< As State::extent.
  int moved = -1;
  double weight = 1;
  /// Length of the tile one iteration of loop `moved` ago; 0: another loop has
  /// moved too.
  int64_t before = 0;
};
using Pieces = llvm::SmallVector<Piece, 4>;

/// Whether the tile has gaps: a loop inside of it is cut by one further inside.
bool hasGaps(const LoopNest::DimSteps &dim, const View &view);

/// All tiles of one dimension. Nothing if they are too irregular.
States walk(const LoopNest::DimSteps &dim, const View &view);

/// walk for tiles without gaps; with Piece::before if `slides`.
Pieces walkPieces(const LoopNest::DimSteps &dim, const View &view, bool slides);

/// walk where every tile divides: one piece; with gaps, its number of values.
Piece walkExact(const LoopNest::DimSteps &dim, const View &view);

} // namespace aicc

#endif // AICC_LIB_ENERGY_TILEWALK_H
