//===- LowerBounds.h - The least that the rest of a mapping costs -*- C++ -*-=//

#ifndef AICC_LIB_MAPPING_SEARCH_LOWERBOUNDS_H
#define AICC_LIB_MAPPING_SEARCH_LOWERBOUNDS_H

#include "lib/Mapping/Search/Boundaries.h"

#include <deque>

namespace aicc::search {

/// For a sequence of boundaries and the tile that all of them lie in: the
/// least that each part of their load can be. Exact for each part alone, but
/// for the capacity that operands share.
///
///   least(b rest, y) = min over tiles x of b in y: load(b, x) + least(rest, x)
///
/// where x differs from y in the dimensions that move b only, computed for all
/// y at once. Which tiles may lie in y is relaxed to "no larger", and where
/// the tiles are too many, neighbouring ones share a cell of the table.
///
/// Sequences share what they end with, so they are a tree that grows outwards.
class LowerBounds {
public:
  struct Rest {
    const Rest *inner = nullptr; ///< The rest without its first boundary.
    std::vector<double> values;  ///< parts() for each cell.
  };

  LowerBounds(const PriceTables &tables);
  LowerBounds(const LowerBounds &) = delete;
  ~LowerBounds();

  /// Energy, serial cycles, and then the ports.
  unsigned parts() const { return 2 + unsigned(tables.ports.size()); }
  /// Nothing is left to be placed.
  const Rest &nothing() const { return rests.front(); }
  /// `boundary` (its index in PriceTables::boundaries), and inside of it
  /// `inner`. Stays valid.
  const Rest &outside(const Rest &inner, unsigned boundary);
  /// The parts() of the bound of `rest` inside of tile `point`.
  const double *at(const Rest &rest, const TilePoint &point) const {
    return &rest.values[size_t(cell(point)) * parts()];
  }

private:
  /// Index of a tile in the tables.
  uint32_t cell(const TilePoint &point) const {
    uint32_t sum = 0;
    for (unsigned i = 0; i != used.size(); ++i)
      sum += stride[i] * cellOf[i][point[used[i]]];
    return sum;
  }

  void coarsen();
  Rest &makeRest(const Rest *inner);
  const std::vector<double> &cellLoads(unsigned boundary);
  void addLoads(unsigned boundary, std::vector<double> &values);
  void minimise(const Boundary &boundary, std::vector<double> &values) const;

  const PriceTables &tables;
  llvm::SmallVector<unsigned, 8> used; ///< Dimensions with several tiles.
  llvm::SmallVector<uint32_t, 8> stride, cells;
  /// Cell of each tile of a used dimension, and the largest tile of a cell.
  llvm::SmallVector<llvm::SmallVector<uint8_t, 16>, 8> cellOf, largest;
  uint32_t total = 1;
  std::vector<std::vector<double>> loadsOf; ///< By boundary, once wanted.
  std::deque<Rest> rests;
};

} // namespace aicc::search

#endif // AICC_LIB_MAPPING_SEARCH_LOWERBOUNDS_H
