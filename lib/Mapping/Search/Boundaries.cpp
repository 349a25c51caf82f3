//===- Boundaries.cpp - Prices of an operand's tile in a memory -----------===//

#include "lib/Mapping/Search/Boundaries.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace llvm;

namespace aicc::search {

MachineDesc withoutLimits(const MachineDesc &machine) {
  MachineDesc free = machine;
  free.leakageMw = SourcedValue();
  for (MemoryDesc &memory : free.memories) {
    memory.bytes = 0;
    memory.leakageMw = SourcedValue();
  }
  llvm::erase_if(free.actions, [](const auto &action) {
    return StringRef(action.first).ends_with("_cycle");
  });
  return free;
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
  TableBuilder(PriceTables &tables)
      : tables(tables), free(withoutLimits(tables.machine)),
        model(tables.workload, free) {}

  bool build();
  bool buildBase();

private:
  void findPorts();
  void findBoundaries();
  void shapeBoundary(Boundary &boundary);
  bool fillEntries(Boundary &boundary);
  bool fillEntry(Boundary &boundary, const TilePoint &point);
  bool measure(Boundary &boundary, const TilePoint &point, bool repeats,
               Load &load, BoundaryEntry &entry);
  Mapping probe(const Boundary &boundary, const TilePoint &point,
                bool repeats) const;
  Load priceOf(const Mapping &mapping, const AccessCounts &counts,
               unsigned first, unsigned last) const;
  void addBusy(const Traffic &inner, const Traffic &outer, int innerMemory,
               unsigned outerMemory, Load &load) const;
  void addLoops(Mapping &mapping, ArrayRef<unsigned> dims,
                const TilePoint &from, const TilePoint &to) const;

  PriceTables &tables;
  MachineDesc free;
  AccessModel model;
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
    double rate = memory.bytesPerCycle.value;
    if (memory.sharedPort) {
      tables.ports.push_back({unsigned(m), true, true, rate});
    } else {
      tables.ports.push_back({unsigned(m), true, false, rate});
      tables.ports.push_back({unsigned(m), false, true, rate});
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

/// A boundary for each memory but the outermost one that holds an operand.
void TableBuilder::findBoundaries() {
  const auto &memories = tables.machine.memories;
  for (auto [o, operand] : enumerate(tables.workload.operands)) {
    unsigned outer = memories.size() - 1;
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

void TableBuilder::shapeBoundary(Boundary &boundary) {
  const Workload::Operand &operand = tables.workload.operands[boundary.operand];
  boundary.elementBytes = operand.density * double(operand.bits) / 8;
  boundary.partialBytes =
      operand.density *
      double(operand.isOutput() ? operand.bitsOfPartial() : operand.bits) / 8;
  uint32_t size = 1;
  for (auto [d, dim] : enumerate(tables.sizes.dims)) {
    if (dim.extents.size() == 1)
      continue;
    if (model.shapeOf(boundary.operand).moves(d)) {
      boundary.moving.push_back(d);
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
  addLoops(mapping, boundary.moving, whole, point);
  int8_t at = int8_t(mapping.loops.size());
  addLoops(mapping, boundary.moving, point, unit);
  if (!repeats)
    addLoops(mapping, boundary.still, whole, unit);
  int8_t last = int8_t(mapping.loops.size());
  appendSpatialLoops(tables.workload, tables.unrolling, mapping);
  unsigned memories = tables.machine.memories.size();
  for (auto [o, operand] : enumerate(tables.workload.operands)) {
    auto &residence = mapping.residence.emplace_back();
    for (auto [m, memory] : enumerate(tables.machine.memories)) {
      if (m + 1 == memories)
        residence.push_back(0);
      else if (!memory.holdsRole(operand.role))
        residence.push_back(Mapping::bypass);
      else if (o == boundary.operand && m >= boundary.memory)
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
  if (innerMemory >= 0 && !tables.machine.memories[innerMemory].doubleBuffered)
    return;
  auto rest = [](const Flow &flow) {
    return flow.busiestBytes - flow.firstBytes;
  };
  for (auto [port, busy] : zip(tables.ports, load.busy)) {
    double bytes = 0;
    if (int(port.memory) == innerMemory)
      bytes += (port.takesReads ? rest(inner.drains) : 0) +
               (port.takesWrites ? rest(inner.fills) : 0);
    if (port.memory == outerMemory)
      bytes += (port.takesReads ? rest(outer.reads) : 0) +
               (port.takesWrites ? rest(outer.updates) : 0);
    busy += bytes / port.bytesPerCycle;
  }
}

/// The load of operands [first, last) alone.
Load TableBuilder::priceOf(const Mapping &mapping, const AccessCounts &counts,
                           unsigned first, unsigned last) const {
  AccessCounts part;
  part.memories = counts.memories;
  part.traffic.resize(counts.traffic.size());
  Load load;
  for (unsigned o = first; o != last; ++o) {
    int inner = AccessModel::arithmetic;
    for (auto [m, at] : enumerate(mapping.residence[o])) {
      if (at == Mapping::bypass)
        continue;
      part.at(o, m) = counts.at(o, m);
      addBusy(inner < 0 ? Traffic() : counts.at(o, unsigned(inner)),
              counts.at(o, m), inner, m, load);
      inner = int(m);
    }
  }
  SpatialTime time = timeOf(model, mapping, part);
  load.serialCycles = time.fillCycles + time.drainCycles + time.exposedCycles;
  load.energyPj = totalsOf(model, mapping, part).energyPj;
  return load;
}

/// What `boundary` costs at tile `point`, beyond having its whole operand in
/// the memory under the same loops.
bool TableBuilder::measure(Boundary &boundary, const TilePoint &point,
                           bool repeats, Load &load, BoundaryEntry &entry) {
  const unsigned o = boundary.operand;
  Mapping mapping = probe(boundary, point, repeats);
  AccessCounts counts;
  MappingFault fault;
  if (!model.count(mapping, counts, fault))
    return false;
  load = priceOf(mapping, counts, o, o + 1);
  const Traffic &inside = counts.at(o, boundary.memory);
  entry.elements = inside.tileElements;
  // In the innermost memory, no other boundary decides how wide results are.
  if (boundary.innerOfSame < 0 && inside.tileElements > 0)
    boundary.elementBytes = inside.tileBytes / inside.tileElements;
  if (tables.workload.operands[o].isOutput())
    entry.isOnce =
        counts.at(o, boundary.outer).updates.elements == model.wholeElements(o);
  mapping.residence[o][boundary.memory] = 0;
  if (!model.count(mapping, counts, fault))
    return false;
  load.addScaled(priceOf(mapping, counts, o, o + 1), -1);
  return true;
}

bool TableBuilder::fillEntry(Boundary &boundary, const TilePoint &point) {
  BoundaryEntry &entry = boundary.entries[boundary.index(point)];
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

bool TableBuilder::fillEntries(Boundary &boundary) {
  TilePoint point = {};
  for (;;) {
    if (!fillEntry(boundary, point))
      return false;
    unsigned i = 0;
    for (; i != boundary.moving.size(); ++i) {
      unsigned dim = boundary.moving[i];
      if (++point[dim] < tables.sizes.dims[dim].extents.size())
        break;
      point[dim] = 0;
    }
    if (i == boundary.moving.size())
      break;
  }
  boundary.leastBytes = boundary.entries[0].elements * boundary.elementBytes;
  return true;
}

/// The mapping that has everything everywhere.
bool TableBuilder::buildBase() {
  findPorts();
  Boundary none;
  none.operand = unsigned(tables.workload.operands.size());
  Mapping mapping = probe(none, tables.sizes.whole(), false);
  SmallVector<unsigned, 12> dims;
  for (unsigned d = 0; d != tables.sizes.dims.size(); ++d)
    dims.push_back(d);
  mapping.loops.clear();
  for (auto &residence : mapping.residence)
    for (int8_t &at : residence)
      at = at == Mapping::bypass ? at : int8_t(0);
  addLoops(mapping, dims, tables.sizes.whole(), TilePoint{});
  appendSpatialLoops(tables.workload, tables.unrolling, mapping);
  AccessCounts counts;
  MappingFault fault;
  if (!model.count(mapping, counts, fault))
    return false;
  tables.base = priceOf(mapping, counts, 0, none.operand);
  tables.computeCycles = timeOf(model, mapping, counts).computeCycles;
  SpatialTotals totals = totalsOf(model, mapping, counts);
  // What remains of the energy is the arithmetic's own, and what the real
  // machine adds goes by the cycle.
  AccessCounts idle = counts;
  idle.traffic.assign(counts.traffic.size(), Traffic());
  tables.base.energyPj += totalsOf(model, mapping, idle).energyPj;
  AccessModel real(tables.workload, tables.machine);
  if (totals.cycles > 0)
    tables.pjPerCycle =
        (totalsOf(real, mapping, counts).energyPj - totals.energyPj) /
        totals.cycles;
  return true;
}

bool TableBuilder::build() {
  if (!buildBase())
    return false;
  findBoundaries();
  for (Boundary &boundary : tables.boundaries) {
    shapeBoundary(boundary);
    if (!fillEntries(boundary))
      return false;
  }
  return true;
}

bool PriceTables::build(PriceTables &tables) {
  return TableBuilder(tables).build();
}

bool PriceTables::buildBase(PriceTables &tables) {
  return TableBuilder(tables).buildBase();
}

} // namespace aicc::search
