//===- Walk.h - Branch and bound over the tiles of one unrolling -*- C++ -*-=//

#ifndef AICC_LIB_MAPPING_SEARCH_WALK_H
#define AICC_LIB_MAPPING_SEARCH_WALK_H

#include "lib/Mapping/Search/Incumbents.h"
#include "lib/Mapping/Search/LowerBounds.h"
#include "lib/Mapping/Search/PriceStore.h"

#include <string>

namespace aicc::search {

/// Boundaries in the order of the nest, outermost first; each by its index in
/// PriceTables::boundaries.
using BoundaryOrder = std::string;

/// Nodes that may still be looked at, and what was given up for want of them.
struct NodeBudget {
  SpatialSearchStats &stats;
  uint64_t limit;
  /// The least rank of a partial mapping that was not followed up.
  double open = std::numeric_limits<double>::infinity();
  /// Pricing a whole mapping takes as long as bounding some hundred partial
  /// ones (10 us and 0.1 us on a core of 3 GHz).
  bool isSpent() const {
    constexpr uint64_t nodesOfMapping = 100;
    return stats.nodes + nodesOfMapping * stats.evaluated >= limit;
  }
};

/// Searches all mappings of one unrolling, dataflow by dataflow. A node places
/// the next boundary (in the order of the dataflow, outermost first) at a tile
/// inside of the one before. Dimensions that do not move its operand keep
/// their tile: their loops cost it nothing further in
/// (docs/design/0006-mapper.md proves that no optimum is lost).
template <typename Incumbents> class Walk {
public:
  Walk(const PriceTables &tables, double memoryBudget, Incumbents &incumbents,
       NodeBudget &nodes);

  void run();

private:
  struct Node {
    double rank = 0;
    TilePoint tile = {};
    bool operator<(const Node &other) const {
      return rank != other.rank ? rank < other.rank : tile < other.tile;
    }
  };
  /// A partial mapping: the boundaries of `order` up to some depth.
  struct State {
    Load load;
    TilePoint tile = {};
    llvm::SmallVector<double, 6> used; ///< Bytes by memory, one instance.
    double memoryBytes = 0;
  };

  struct Dataflow {
    double rank = 0; ///< The least of its mappings.
    BoundaryOrder order;
    const LowerBounds::Rest *rest = nullptr;
    bool operator<(const Dataflow &other) const {
      return std::tie(rank, order) < std::tie(other.rank, other.order);
    }
  };

  std::vector<Dataflow> dataflows();
  void addDataflows(const LowerBounds::Rest &inner, BoundaryOrder &order,
                    llvm::ArrayRef<Load> alone, std::vector<Dataflow> &found);
  Totals totals(const Load &load, const double *rest) const;
  void place(unsigned depth, const State &state);
  void expand(unsigned depth, const State &state, std::vector<Node> &nodes);
  bool advance(const State &from, unsigned boundary, const TilePoint &tile,
               State &to) const;
  bool isRepeated(unsigned depth, const TilePoint &from,
                  const TilePoint &tile) const;
  void evaluate();
  void evaluate(Mapping mapping);
  Mapping realise(unsigned lastDim) const;

  const PriceTables &tables;
  double memoryBudget;
  Incumbents &incumbents;
  NodeBudget &nodes;
  LowerBounds bounds;
  BoundaryOrder order;
  /// By depth: the bounds of what follows, and the tile of the boundary.
  std::vector<const LowerBounds::Rest *> rests;
  std::vector<TilePoint> tiles;
};

/// Whether costs on `machine` depend on the tiles alone, whatever the order of
/// the loops between two boundaries. If not, a few orders are tried, and none
/// is proven best.
bool isOrderFree(const MachineDesc &machine);

extern template class Walk<BestOfDataflows>;
extern template class Walk<ParetoFront>;

} // namespace aicc::search

#endif // AICC_LIB_MAPPING_SEARCH_WALK_H
