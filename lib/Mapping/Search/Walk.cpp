//===- Walk.cpp - Branch and bound over the tiles of one unrolling --------===//

#include "lib/Mapping/Search/Walk.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace llvm;

namespace aicc::search {

template <typename Incumbents>
Walk<Incumbents>::Walk(const PriceTables &tables, double memoryBudget,
                       Incumbents &incumbents, NodeBudget &nodes)
    : tables(tables), memoryBudget(memoryBudget), incumbents(incumbents),
      nodes(nodes), bounds(tables) {}

/// What `load`, and at least `rest` besides, come to.
template <typename Incumbents>
Totals Walk<Incumbents>::totals(const Load &load, const double *rest) const {
  double busiest = tables.computeCycles;
  for (unsigned port = 0; port != tables.ports.size(); ++port)
    busiest = std::max(busiest, load.busy[port] + rest[2 + port]);
  Totals sum;
  sum.cycles = busiest + load.serialCycles + rest[1];
  sum.energyPj = load.energyPj + rest[0] + sum.cycles * tables.pjPerCycle;
  return sum;
}

/// Every order of the boundaries in which an operand's memories follow each
/// other from the outside to the inside, the most promising first, without
/// those that cannot hold a better mapping.
template <typename Incumbents>
std::vector<typename Walk<Incumbents>::Dataflow> Walk<Incumbents>::dataflows() {
  std::vector<Dataflow> found;
  BoundaryOrder none;
  SmallVector<Load, 12> alone;
  for (const Boundary &boundary : tables.boundaries)
    alone.push_back(boundary.leastLoad(tables.capacity[boundary.memory]));
  addDataflows(bounds.nothing(), none, alone, found);
  llvm::sort(found);
  return found;
}

/// Those that end with `order`, whose bound is `inner`; `alone` is the least
/// load of each boundary by itself.
template <typename Incumbents>
void Walk<Incumbents>::addDataflows(const LowerBounds::Rest &inner,
                                    BoundaryOrder &order, ArrayRef<Load> alone,
                                    std::vector<Dataflow> &found) {
  Load outside = tables.base;
  for (auto [index, load] : enumerate(alone))
    if (!is_contained(order, char(index)))
      outside.addScaled(load, 1);
  Totals least = totals(outside, bounds.at(inner, tables.sizes.whole()));
  if (least.energyPj == std::numeric_limits<double>::infinity())
    return;
  // What is still to be placed outside is repeated, which only adds to it.
  bool isWhole = order.size() == tables.boundaries.size();
  if ((isWhole || tables.isMonotone) &&
      incumbents.isHopeless(least.energyPj, least.cycles))
    return;
  if (isWhole) {
    found.push_back(
        {incumbents.rank(least.energyPj, least.cycles), order, &inner});
    return;
  }
  for (auto [index, boundary] : enumerate(tables.boundaries)) {
    bool isNext = !is_contained(order, char(index)) &&
                  (boundary.innerOfSame < 0 ||
                   is_contained(order, char(boundary.innerOfSame)));
    if (!isNext)
      continue;
    order.insert(order.begin(), char(index));
    addDataflows(bounds.outside(inner, index), order, alone, found);
    order.erase(order.begin());
  }
}

/// The state after `boundary` is placed at `tile`. False if it does not fit.
template <typename Incumbents>
bool Walk<Incumbents>::advance(const State &from, unsigned index,
                               const TilePoint &tile, State &to) const {
  const Boundary &boundary = tables.boundaries[index];
  const BoundaryEntry &entry = boundary.entries[boundary.index(tile)];
  double repeats = boundary.repeats(tables.sizes, tile);
  to = from;
  to.tile = tile;
  to.load.addScaled(entry.first, 1).addScaled(entry.more, repeats - 1);
  auto take = [&](unsigned memory, double bytes) {
    to.used[memory] += bytes;
    to.memoryBytes += bytes * tables.copies[memory];
    return to.used[memory] <= tables.capacity[memory] * (1 + kRounding);
  };
  // The smallest tile was set aside for it from the start.
  bool fits = take(boundary.memory, entry.elements * boundary.elementBytes -
                                        boundary.leastBytes);
  // Results that come back to be added to are kept as wide as partial sums.
  bool isOnce = entry.isOnce && repeats == 1;
  bool isSpilled = !entry.isOnce || (repeats > 1 && entry.more.energyPj > 0);
  if (isSpilled && !tables.machine.memories[boundary.outer].takesPartialSums &&
      tables.workload.operands[boundary.operand].isOutput())
    return false;
  if (!isOnce && boundary.outerOfSame >= 0) {
    unsigned depth = order.find(char(boundary.outerOfSame));
    const Boundary &outer = tables.boundaries[boundary.outerOfSame];
    double elements = outer.entries[outer.index(tiles[depth])].elements;
    fits &= take(outer.memory,
                 elements * (outer.partialBytes - outer.elementBytes));
  }
  return fits && to.memoryBytes <= memoryBudget * (1 + kRounding);
}

/// Whether another dataflow has the same mapping: two boundaries at one place
/// stand in the order of their numbers.
template <typename Incumbents>
bool Walk<Incumbents>::isRepeated(unsigned depth, const TilePoint &from,
                                  const TilePoint &tile) const {
  if (depth == 0 || tile != from)
    return false;
  const Boundary &last = tables.boundaries[order[depth - 1]];
  return order[depth] < order[depth - 1] &&
         last.operand != tables.boundaries[order[depth]].operand;
}

/// The tiles that the next boundary may have, best first, without those that
/// cannot lead to a better mapping.
template <typename Incumbents>
void Walk<Incumbents>::expand(unsigned depth, const State &state,
                              std::vector<Node> &found) {
  const Boundary &boundary = tables.boundaries[order[depth]];
  SmallVector<unsigned, 8> at(boundary.moving.size(), 0);
  TilePoint tile = state.tile;
  State next;
  for (;;) {
    ++nodes.stats.nodes;
    bool isDropped = isRepeated(depth, state.tile, tile) ||
                     !tables.hasInnermost(tile) ||
                     !advance(state, order[depth], tile, next);
    if (!isDropped) {
      Totals least = totals(next.load, bounds.at(*rests[depth + 1], tile));
      isDropped = incumbents.isHopeless(least.energyPj, least.cycles);
      if (isDropped)
        ++nodes.stats.pruned;
      else
        found.push_back({incumbents.rank(least.energyPj, least.cycles), tile});
    }
    unsigned i = 0;
    for (; i != at.size(); ++i) {
      unsigned dim = boundary.moving[i];
      ArrayRef<uint8_t> inside = tables.sizes.dims[dim].inside[state.tile[dim]];
      at[i] = at[i] + 1 == inside.size() ? 0 : at[i] + 1;
      tile[dim] = inside[at[i]];
      if (at[i] != 0)
        break;
    }
    if (i == at.size())
      break;
  }
  llvm::sort(found);
}

template <typename Incumbents>
void Walk<Incumbents>::place(unsigned depth, const State &state) {
  if (depth == order.size())
    return evaluate();
  std::vector<Node> children;
  expand(depth, state, children);
  State next;
  for (const Node &child : children) {
    if (nodes.isSpent()) {
      nodes.open = std::min(nodes.open, child.rank);
      return;
    }
    if (!advance(state, order[depth], child.tile, next))
      continue;
    Totals least = totals(next.load, bounds.at(*rests[depth + 1], child.tile));
    if (incumbents.isHopeless(least.energyPj, least.cycles)) {
      ++nodes.stats.pruned;
      continue;
    }
    tiles[depth] = child.tile;
    place(depth + 1, next);
  }
}

/// The loops and residences of the tiles at hand; between two boundaries the
/// loop of `lastDim` comes last.
template <typename Incumbents>
Mapping Walk<Incumbents>::realise(unsigned lastDim) const {
  Mapping mapping;
  const auto &memories = tables.machine.memories;
  for (unsigned o = 0; o != tables.workload.operands.size(); ++o)
    mapping.residence.emplace_back(
        memories.size(), Mapping::bypass)[tables.probes.real.homeOf(o)] = 0;
  TilePoint from = tables.sizes.whole();
  auto split = [&](unsigned d, const TilePoint &to) {
    if (from[d] != to[d])
      mapping.loops.push_back({d, tables.sizes.dims[d].extents[to[d]], -1});
  };
  auto splitTo = [&](const TilePoint &to) {
    for (unsigned d = 0; d != tables.sizes.dims.size(); ++d)
      if (d != lastDim)
        split(d, to);
    if (lastDim < tables.sizes.dims.size())
      split(lastDim, to);
    from = to;
  };
  for (auto [index, tile] : zip(order, tiles)) {
    splitTo(tile);
    const Boundary &boundary = tables.boundaries[index];
    mapping.residence[boundary.operand][boundary.memory] =
        int8_t(mapping.loops.size());
  }
  splitTo(TilePoint{});
  appendSpatialLoops(tables.workload, tables.unrolling, mapping);
  return mapping;
}

bool isOrderFree(const MachineDesc &machine) {
  return machine.array.dataflows.empty() &&
         none_of(machine.memories,
                 [](const MemoryDesc &memory) { return memory.slides; });
}

template <typename Incumbents> void Walk<Incumbents>::evaluate() {
  unsigned last = tables.workload.dims.size();
  for (unsigned d = isOrderFree(tables.machine) ? last : 0; d <= last; ++d)
    evaluate(realise(d));
}

/// Whether sums go where results are kept before they are complete.
static bool spillsSums(const PriceTables &tables, const AccessCounts &counts) {
  constexpr double rounding = 1e-9;
  const AccessModel &model = tables.probes.real;
  for (auto [o, operand] : enumerate(tables.workload.operands))
    if (operand.isOutput() && counts.at(o, model.homeOf(o)).updates.elements >
                                  model.wholeElements(o) * (1 + rounding))
      return true;
  return false;
}

template <typename Incumbents>
void Walk<Incumbents>::evaluate(Mapping mapping) {
  const AccessModel &model = tables.probes.real;
  if (!tables.machine.array.dataflows.empty() &&
      model.dataflowOf(mapping).empty())
    return;
  ++nodes.stats.evaluated;
  AccessCounts counts;
  MappingFault fault;
  if (!model.count(mapping, counts, fault) ||
      (!tables.machine.memories.back().takesPartialSums &&
       spillsSums(tables, counts)))
    return;
  SpatialCandidate candidate;
  SpatialTotals totals = totalsOf(model, mapping, counts);
  candidate.mapping = std::move(mapping);
  candidate.energyPj = totals.energyPj;
  candidate.cycles = totals.cycles;
  for (unsigned m = 0; m + 1 < counts.memories; ++m)
    for (unsigned o = 0; o != tables.workload.operands.size(); ++o)
      candidate.memoryBytes += counts.at(o, m).tileBytes * tables.copies[m];
  if (candidate.memoryBytes <= memoryBudget * (1 + kRounding))
    incumbents.offer(std::move(candidate));
}

template <typename Incumbents> void Walk<Incumbents>::run() {
  State start;
  start.load = tables.base;
  start.tile = tables.sizes.whole();
  start.used.assign(tables.machine.memories.size(), 0);
  for (const Boundary &boundary : tables.boundaries) {
    start.used[boundary.memory] += boundary.leastBytes;
    start.memoryBytes += boundary.leastBytes * tables.copies[boundary.memory];
  }
  for (const Dataflow &dataflow : dataflows()) {
    if (nodes.isSpent()) {
      nodes.open = std::min(nodes.open, dataflow.rank);
      return;
    }
    order = dataflow.order;
    rests.clear();
    for (const auto *rest = dataflow.rest; rest; rest = rest->inner)
      rests.push_back(rest);
    tiles.assign(order.size(), start.tile);
    incumbents.begin();
    Totals least = totals(start.load, bounds.at(*rests[0], start.tile));
    if (!incumbents.isHopeless(least.energyPj, least.cycles))
      place(0, start);
    incumbents.end();
  }
}

template class Walk<BestOfDataflows>;
template class Walk<ParetoFront>;

} // namespace aicc::search
