//===- Boundaries.cpp - Prices of an operand's tile in a memory -----------===//

#include "lib/Mapping/Search/Boundaries.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace aicc::search {

static MachineDesc withoutLimits(const MachineDesc &machine) {
  MachineDesc free = machine;
  free.leakageMw = SourcedValue();
  for (MemoryDesc &memory : free.memories) {
    memory.bytes = 0;
    memory.leakageMw = SourcedValue();
    memory.slides = false; // What it saves, whole mappings show.
  }
  llvm::erase_if(free.actions, [](const auto &action) {
    return StringRef(action.first).ends_with("_cycle");
  });
  // How a loop order is run does not change what it moves.
  free.array.dataflows.clear();
  return free;
}

static Workload withoutRows(Workload workload) {
  for (Workload::Operand &operand : workload.operands)
    operand.rows.reset();
  return workload;
}

CostProbes::CostProbes(const Workload &workload, const MachineDesc &machine)
    : free(withoutLimits(machine)), rowless(withoutRows(workload)),
      hasRows(any_of(workload.operands,
                     [](const Workload::Operand &operand) {
                       return operand.rows.has_value();
                     })),
      real(workload, machine), whole(workload, free), least(rowless, free) {
  bool isGated = llvm::is_contained(machine.array.gatesZeros, true);
  for (unsigned o = 0; o != workload.operands.size(); ++o) {
    Part &part = parts.emplace_back();
    part.workload = std::make_unique<Workload>(workload);
    if (isGated)
      part.operand = o;
    else
      part.workload->operands = {workload.operands[o]};
    part.model = std::make_unique<AccessModel>(*part.workload, free);
  }
}

double capacityOf(const MemoryDesc &memory) {
  if (memory.bytes == 0)
    return std::numeric_limits<double>::infinity();
  return double(memory.bytes) / (memory.doubleBuffered ? 2 : 1);
}

namespace {

/// Fills the tables by asking the cost model for mappings made for it: in each
/// only one boundary has its tile, all others lie at the ends of the nest.
class TableBuilder {
public:
  TableBuilder(PriceTables &tables) : tables(tables) {}

  void findPorts();
  bool findBase();
  void findBoundaries();
  bool fill(Boundary &boundary);

private:
  bool forEachTile(const Boundary &boundary,
                   function_ref<bool(const TilePoint &)> visit);
  bool isTooLarge(const Boundary &boundary, const TilePoint &point) const;
  void shape(Boundary &boundary);
  bool isShared(const Boundary &boundary) const;
  SharedEntries::Key keyOf(const Boundary &boundary,
                           const TilePoint &point) const;
  bool priceEntry(Boundary &boundary, const TilePoint &point,
                  BoundaryEntry &entry);
  bool fillEntry(Boundary &boundary, const TilePoint &point,
                 const Load &reference);
  void compareRepeats(const Boundary &boundary, const TilePoint &point);
  bool measure(Boundary &boundary, const TilePoint &point, bool repeats,
               Load &load, BoundaryEntry &entry);
  Mapping probe(const Boundary &boundary, const TilePoint &point,
                bool repeats) const;
  Load priceOf(const AccessModel &model, const Mapping &mapping,
               const AccessCounts &counts, unsigned first, unsigned last) const;
  void addBusy(const Traffic &inner, const Traffic &outer, int innerMemory,
               unsigned outerMemory, Load &load) const;
  double leastBusy(const AccessCounts &counts) const;
  void addLoops(Mapping &mapping, ArrayRef<unsigned> dims,
                const TilePoint &from, const TilePoint &to) const;

  PriceTables &tables;
};

} // namespace

void TableBuilder::findPorts() {
  for (auto [m, memory] : enumerate(tables.machine.memories)) {
    tables.capacity.push_back(capacityOf(memory));
    double copies = 1;
    for (const Unrolling::Factor &factor : tables.unrolling.factors)
      if (memory.perAxes >> factor.axis & 1)
        copies *= double(factor.factor);
    tables.copies.push_back(copies);
    if (memory.bytesPerCycle.value <= 0)
      continue;
    double out = memory.bytesPerCycle.value, in = memory.fillRate();
    if (memory.sharedPort) {
      tables.ports.push_back({unsigned(m), true, true, out, in});
    } else {
      tables.ports.push_back({unsigned(m), true, false, out, in});
      tables.ports.push_back({unsigned(m), false, true, out, in});
    }
  }
  // The outer memories are the slow ones.
  if (tables.ports.size() > kMaxPorts)
    tables.ports.erase(tables.ports.begin(), tables.ports.end() - kMaxPorts);
}

void TableBuilder::addLoops(Mapping &mapping, ArrayRef<unsigned> dims,
                            const TilePoint &from, const TilePoint &to) const {
  for (unsigned dim : dims)
    if (from[dim] != to[dim])
      mapping.loops.push_back(
          {dim, tables.sizes.dims[dim].extents[to[dim]], -1});
}

/// A boundary for each memory that holds an operand inside of the one that has
/// all of it.
void TableBuilder::findBoundaries() {
  const auto &memories = tables.machine.memories;
  for (auto [o, operand] : enumerate(tables.workload.operands)) {
    unsigned outer = tables.probes.real.homeOf(o);
    int outerOfSame = -1;
    for (unsigned m = outer; m-- > 0;) {
      if (!memories[m].holdsRole(operand.role))
        continue;
      Boundary &boundary = tables.boundaries.emplace_back();
      boundary.operand = o;
      boundary.memory = m;
      boundary.outer = outer;
      boundary.outerOfSame = outerOfSame;
      outerOfSame = int(tables.boundaries.size()) - 1;
      if (boundary.outerOfSame >= 0)
        tables.boundaries[boundary.outerOfSame].innerOfSame = outerOfSame;
      outer = m;
    }
  }
}

void TableBuilder::shape(Boundary &boundary) {
  const Workload::Operand &operand = tables.workload.operands[boundary.operand];
  double share =
      tables.machine.memories[boundary.memory].keepsZeros ? 1 : operand.density;
  boundary.elementBytes = share * double(operand.bits) / 8;
  boundary.partialBytes =
      share *
      double(operand.isOutput() ? operand.bitsOfPartial() : operand.bits) / 8;
  uint32_t size = 1;
  for (auto [d, dim] : enumerate(tables.sizes.dims)) {
    if (dim.extents.size() == 1)
      continue;
    bool isMoving = tables.probes.real.shapeOf(boundary.operand).moves(d);
    bool isRagged =
        tables.workload.dims[d].size % tables.unrolling.extent[d] != 0;
    if (isMoving)
      boundary.moving.push_back(d);
    if (isMoving || isRagged) {
      boundary.indexed.push_back(d);
      boundary.stride.push_back(size);
      size *= uint32_t(dim.extents.size());
    } else {
      boundary.still.push_back(d);
    }
  }
  boundary.entries.resize(size);
}

/// A mapping in which `boundary` lies at tile `point`, with the loops that do
/// not move it outside of all (`repeats`) or inside of the tile.
Mapping TableBuilder::probe(const Boundary &boundary, const TilePoint &point,
                            bool repeats) const {
  Mapping mapping;
  TilePoint whole = tables.sizes.whole(), unit = {};
  if (repeats)
    addLoops(mapping, boundary.still, whole, unit);
  SmallVector<unsigned, 8> ragged;
  for (unsigned dim : boundary.indexed)
    if (!is_contained(boundary.moving, dim))
      ragged.push_back(dim);
  addLoops(mapping, ragged, whole, point);
  addLoops(mapping, boundary.moving, whole, point);
  int8_t at = int8_t(mapping.loops.size());
  addLoops(mapping, boundary.moving, point, unit);
  addLoops(mapping, ragged, point, unit);
  if (!repeats)
    addLoops(mapping, boundary.still, whole, unit);
  int8_t last = int8_t(mapping.loops.size());
  appendSpatialLoops(tables.workload, tables.unrolling, mapping);
  const CostProbes::Part &part = tables.probes.parts[boundary.operand];
  for (auto [o, operand] : enumerate(part.workload->operands)) {
    auto &residence = mapping.residence.emplace_back();
    unsigned home = part.model->homeOf(o);
    for (auto [m, memory] : enumerate(tables.machine.memories)) {
      if (m == home)
        residence.push_back(0);
      else if (m > home || !memory.holdsRole(operand.role))
        residence.push_back(Mapping::bypass);
      else if (o == part.operand && m >= boundary.memory)
        residence.push_back(m == boundary.memory ? at : 0);
      else
        residence.push_back(last);
    }
  }
  return mapping;
}

/// Adds what crosses one boundary to the ports on both of its sides, where it
/// does so alongside the arithmetic.
void TableBuilder::addBusy(const Traffic &inner, const Traffic &outer,
                           int innerMemory, unsigned outerMemory,
                           Load &load) const {
  if (innerMemory >= 0 && !tables.machine.memories[innerMemory].overlaps())
    return;
  auto rest = [](const Flow &flow) {
    return flow.busiestBytes - flow.firstBytes;
  };
  for (auto [port, busy] : zip(tables.ports, load.busy)) {
    if (int(port.memory) == innerMemory)
      busy += port.cycles(rest(inner.drains), rest(inner.fills));
    if (port.memory == outerMemory)
      busy += port.cycles(rest(outer.reads), rest(outer.updates));
  }
}

/// `counts` without the arithmetic.
static AccessCounts trafficOf(const AccessCounts &counts) {
  AccessCounts traffic;
  traffic.memories = counts.memories;
  traffic.traffic = counts.traffic;
  return traffic;
}

/// The load of operands [first, last). Of `traffic` nothing else is set.
Load TableBuilder::priceOf(const AccessModel &model, const Mapping &mapping,
                           const AccessCounts &traffic, unsigned first,
                           unsigned last) const {
  Load load;
  for (unsigned o = first; o != last; ++o) {
    int inner = AccessModel::arithmetic;
    for (auto [m, at] : enumerate(mapping.residence[o])) {
      if (at == Mapping::bypass)
        continue;
      addBusy(inner < 0 ? Traffic() : traffic.at(o, unsigned(inner)),
              traffic.at(o, m), inner, m, load);
      inner = int(m);
    }
  }
  SpatialTime time = timeOf(model, mapping, traffic);
  load.serialCycles = time.fillCycles + time.drainCycles + time.exposedCycles;
  load.energyPj = totalsOf(model, mapping, traffic).energyPj;
  return load;
}

/// Cycles that the busiest port is busy in any case: transfers that do not run
/// alongside the arithmetic only add to that.
double TableBuilder::leastBusy(const AccessCounts &counts) const {
  double busiest = 0;
  for (const Port &port : tables.ports) {
    double cycles = 0;
    for (unsigned o = 0; o != tables.workload.operands.size(); ++o) {
      const Traffic &traffic = counts.at(o, port.memory);
      cycles += port.cycles(
          traffic.reads.busiestBytes + traffic.drains.busiestBytes,
          traffic.fills.busiestBytes + traffic.updates.busiestBytes);
    }
    busiest = std::max(busiest, cycles);
  }
  return busiest;
}

/// What `boundary` costs at tile `point`. Where other boundaries of its operand
/// cost something under these loops, too, without that.
bool TableBuilder::measure(Boundary &boundary, const TilePoint &point,
                           bool repeats, Load &load, BoundaryEntry &entry) {
  const CostProbes::Part &part = tables.probes.parts[boundary.operand];
  const AccessModel &model = *part.model;
  const unsigned o = part.operand;
  bool isOutput = part.workload->operands[o].isOutput();
  Mapping mapping = probe(boundary, point, repeats);
  AccessCounts counts;
  if (!model.countOperand(mapping, o, counts))
    return false;
  load = priceOf(model, mapping, counts, o, o + 1);
  const Traffic &inside = counts.at(o, boundary.memory);
  entry.elements = inside.tileElements;
  // In the innermost memory, no other boundary decides how wide results are.
  if (boundary.innerOfSame < 0 && inside.tileElements > 0)
    boundary.elementBytes = inside.tileBytes / inside.tileElements;
  if (isOutput)
    entry.isOnce =
        counts.at(o, boundary.outer).updates.elements == model.wholeElements(o);
  if (!isOutput && boundary.innerOfSame < 0)
    return true;
  mapping.residence[o][boundary.memory] = 0;
  if (!model.countOperand(mapping, o, counts))
    return false;
  load.addScaled(priceOf(model, mapping, counts, o, o + 1), -1);
  return true;
}

/// No part of `load` is negative, but for the rounding of `scale`.
static bool isPositive(const Load &load, const Load &scale) {
  auto isLess = [](double part, double of) {
    return part < -1e-9 * (1 + std::abs(of));
  };
  for (auto [part, of] : zip(load.busy, scale.busy))
    if (isLess(part, of))
      return false;
  return !isLess(load.energyPj, scale.energyPj) &&
         !isLess(load.serialCycles, scale.serialCycles);
}

/// The entry at tile `point`, with what the whole operand costs, too.
bool TableBuilder::priceEntry(Boundary &boundary, const TilePoint &point,
                              BoundaryEntry &entry) {
  double repeats = boundary.repeats(tables.sizes, TilePoint{});
  Load all;
  if (repeats > 1 && !measure(boundary, point, true, all, entry))
    return false;
  if (!measure(boundary, point, false, entry.first, entry))
    return false;
  if (repeats > 1) {
    entry.more.addScaled(all, 1 / (repeats - 1));
    entry.more.addScaled(entry.first, -1 / (repeats - 1));
  }
  return true;
}

/// Neither side of `boundary` has instances along an axis: what crosses it
/// depends on its tiles alone. Results do on the copies further inside.
bool TableBuilder::isShared(const Boundary &boundary) const {
  return !tables.workload.operands[boundary.operand].isOutput() &&
         tables.machine.memories[boundary.memory].perAxes == 0 &&
         tables.machine.memories[boundary.outer].perAxes == 0;
}

SharedEntries::Key TableBuilder::keyOf(const Boundary &boundary,
                                       const TilePoint &point) const {
  SharedEntries::Key key{boundary.operand, boundary.memory,
                         boundary.repeats(tables.sizes, TilePoint{}) > 1};
  for (unsigned dim : boundary.indexed) {
    key.push_back(dim);
    key.push_back(tables.sizes.dims[dim].extents[point[dim]]);
  }
  return key;
}

bool TableBuilder::fillEntry(Boundary &boundary, const TilePoint &point,
                             const Load &reference) {
  BoundaryEntry &entry = boundary.entries[boundary.index(point)];
  if (isShared(boundary)) {
    auto [place, isNew] =
        tables.shared.known.try_emplace(keyOf(boundary, point));
    SharedEntries::Priced &priced = place->second;
    if (isNew) {
      if (!priceEntry(boundary, point, priced.entry)) {
        tables.shared.known.erase(place);
        return false;
      }
      priced.elementBytes = boundary.elementBytes;
    }
    entry = priced.entry;
    boundary.elementBytes = priced.elementBytes;
  } else if (!priceEntry(boundary, point, entry)) {
    return false;
  }
  tables.isMonotone &= isPositive(entry.more, entry.first);
  entry.first.addScaled(reference, -1);
  return true;
}

/// Notes if the loops of an indexed dimension that does not move the tile
/// would save something by repeating it.
void TableBuilder::compareRepeats(const Boundary &boundary,
                                  const TilePoint &point) {
  for (unsigned dim : boundary.indexed) {
    if (is_contained(boundary.moving, dim))
      continue;
    TilePoint fewer = point;
    fewer[dim] = tables.sizes.whole()[dim];
    const Load &base = boundary.entries[boundary.index(fewer)].first;
    Load more = boundary.entries[boundary.index(point)].first;
    tables.isMonotone &= isPositive(more.addScaled(base, -1), base);
  }
}

/// Calls `visit` for each tile of the indexed dimensions, the smallest first;
/// stops, and returns false, once it does.
bool TableBuilder::forEachTile(const Boundary &boundary,
                               function_ref<bool(const TilePoint &)> visit) {
  const TilePoint whole = tables.sizes.whole();
  TilePoint point = whole;
  for (unsigned dim : boundary.indexed)
    point[dim] = 0;
  for (;;) {
    if (!visit(point))
      return false;
    unsigned i = 0;
    for (; i != boundary.indexed.size(); ++i) {
      unsigned dim = boundary.indexed[i];
      if (point[dim]++ < whole[dim])
        break;
      point[dim] = 0;
    }
    if (i == boundary.indexed.size())
      return true;
  }
}

/// Whether a smaller tile, already in the table, has no room.
bool TableBuilder::isTooLarge(const Boundary &boundary,
                              const TilePoint &point) const {
  double capacity = tables.capacity[boundary.memory];
  return any_of(boundary.moving, [&](unsigned dim) {
    if (point[dim] == 0)
      return false;
    TilePoint smaller = point;
    --smaller[dim];
    return !boundary.fits(boundary.entries[boundary.index(smaller)], capacity);
  });
}

bool TableBuilder::fill(Boundary &boundary) {
  shape(boundary);
  Load reference;
  BoundaryEntry unused;
  if (!measure(boundary, tables.sizes.whole(), false, reference, unused))
    return false;
  // Tiles grow with their extents: of those without room few are priced.
  bool isFilled = forEachTile(boundary, [&](const TilePoint &point) {
    if (!isTooLarge(boundary, point))
      return fillEntry(boundary, point, reference);
    boundary.entries[boundary.index(point)].elements =
        std::numeric_limits<double>::infinity();
    return true;
  });
  if (!isFilled)
    return false;
  forEachTile(boundary, [&](const TilePoint &point) {
    if (!std::isinf(boundary.entries[boundary.index(point)].elements))
      compareRepeats(boundary, point);
    return true;
  });
  boundary.leastBytes = boundary.entries[0].elements * boundary.elementBytes;
  return true;
}

/// The mapping that has everything everywhere.
bool TableBuilder::findBase() {
  const AccessModel &model = tables.probes.whole;
  Mapping mapping;
  SmallVector<unsigned, 12> dims;
  for (unsigned d = 0; d != tables.sizes.dims.size(); ++d)
    dims.push_back(d);
  addLoops(mapping, dims, tables.sizes.whole(), TilePoint{});
  appendSpatialLoops(tables.workload, tables.unrolling, mapping);
  for (auto [o, operand] : enumerate(tables.workload.operands)) {
    auto &residence = mapping.residence.emplace_back();
    unsigned home = model.homeOf(o);
    for (auto [m, memory] : enumerate(tables.machine.memories)) {
      bool isThere = m < home && memory.holdsRole(operand.role);
      residence.push_back(isThere || m == home ? int8_t(0) : Mapping::bypass);
    }
  }
  AccessCounts counts;
  MappingFault fault;
  if (!model.count(mapping, counts, fault))
    return false;
  unsigned operands = tables.workload.operands.size();
  tables.base = priceOf(model, mapping, trafficOf(counts), 0, operands);
  AccessCounts leastCounts = counts;
  Load least = tables.base;
  if (tables.probes.hasRows) {
    if (!tables.probes.least.count(mapping, leastCounts, fault))
      return false;
    least = priceOf(tables.probes.least, mapping, trafficOf(leastCounts), 0,
                    operands);
  }
  tables.computeCycles = timeOf(model, mapping, counts).computeCycles;
  tables.leastCycles = std::max(tables.computeCycles, leastBusy(leastCounts));
  SpatialTotals totals = totalsOf(model, mapping, counts);
  // What remains of the energy is the arithmetic's own, and what the real
  // machine adds goes by the cycle.
  AccessCounts idle = counts;
  idle.traffic.assign(counts.traffic.size(), Traffic());
  tables.arithmeticPj = totalsOf(model, mapping, idle).energyPj;
  tables.base.energyPj += tables.arithmeticPj;
  tables.leastPj = tables.arithmeticPj + least.energyPj;
  if (totals.cycles > 0)
    tables.pjPerCycle =
        (totalsOf(tables.probes.real, mapping, counts).energyPj -
         totals.energyPj) /
        totals.cycles;
  return true;
}

bool PriceTables::buildBase() {
  TableBuilder builder(*this);
  builder.findPorts();
  return builder.findBase();
}

Load Boundary::leastLoad(double capacity) const {
  constexpr double never = std::numeric_limits<double>::infinity();
  Load least = {never, never, {}};
  least.busy.fill(never);
  for (const BoundaryEntry &entry : entries) {
    if (!fits(entry, capacity))
      continue;
    least.energyPj = std::min(least.energyPj, entry.first.energyPj);
    least.serialCycles = std::min(least.serialCycles, entry.first.serialCycles);
    for (auto [busy, other] : zip(least.busy, entry.first.busy))
      busy = std::min(busy, other);
  }
  return least;
}

bool PriceTables::buildBoundaries(
    function_ref<bool(double energyPj, double cycles)> isHopeless) {
  isUsable = hasInnermost(sizes.whole());
  if (!isUsable)
    return false;
  TableBuilder builder(*this);
  if (boundaries.empty())
    builder.findBoundaries();
  double energy = base.energyPj + leastCycles * pjPerCycle;
  SmallVector<double, 6> used(machine.memories.size(), 0);
  for (auto [index, boundary] : enumerate(boundaries)) {
    if (index == filled) {
      if (!builder.fill(boundary))
        return false;
      ++filled;
    }
    used[boundary.memory] += boundary.leastBytes;
    isUsable = used[boundary.memory] <= capacity[boundary.memory];
    if (!isUsable)
      return false;
    energy += boundary.leastLoad(capacity[boundary.memory]).energyPj;
    if (isHopeless(energy, leastCycles))
      return false;
  }
  return true;
}

size_t PriceTables::size() const {
  size_t sum = 0;
  for (const Boundary &boundary : boundaries)
    sum += boundary.entries.size();
  return sum;
}

} // namespace aicc::search
