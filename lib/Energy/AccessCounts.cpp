//===- AccessCounts.cpp - What a mapping moves on a spatial machine -------===//

#include "lib/Energy/TileKinds.h"
#include "lib/Energy/TileRequests.h"

#include "llvm/ADT/STLExtras.h"

#include <climits>
#include <cmath>

using namespace aicc;
using llvm::ArrayRef;
using llvm::SmallVector;

namespace {

/// Tiles of one operand, as one side of a boundary sees them.
struct Amount {
  double elements = 0;
  double bytes = 0;        ///< Elements as wide as results.
  double partialBytes = 0; ///< Elements as wide as partial sums.
  double largest = 0;      ///< Elements of the largest tile.
};

/// From a memory, or from the arithmetic, to the next outer memory.
struct Boundary {
  int inner = AccessModel::arithmetic;
  unsigned outer = 0;
  int residence = 0;
};

/// How the two sides of one boundary see it.
struct Views {
  View inner, outer, busiestInner, busiestOuter;
  View joined; ///< `outer`, if all axes multicast or reduce.
};

/// A memory that holds results.
struct Result {
  Amount up;           ///< From inside.
  Amount down;         ///< Outwards; nothing from the outermost memory.
  double firsts = 0;   ///< Updates that meet no partial sum.
  double finals = 0;   ///< Elements that are complete and narrow.
  bool isOnce = false; ///< Each element is written once.
};

/// Of requests for rows: with what rounds them out, as many as move in their
/// time, or those that arrive.
enum class RequestBytes { Rounded, Timed, Carried };

/// Counts for one operand.
class OperandCounter {
public:
  OperandCounter(const AccessModel &model, const LoopNest &nest, unsigned o)
      : model(model), nest(nest), o(o), operand(model.workload.operands[o]),
        shape(model.shapeOf(o)) {}

  Views viewsOf(const Boundary &boundary) const;
  /// Bytes are those of memory `m`; `isTimed`: as many as it could move in the
  /// time that the requests take.
  bool measure(const Boundary &boundary, const View &view, unsigned m,
               Amount &amount, bool isTimed = false) const;
  bool count(ArrayRef<int8_t> residence, AccessCounts &counts) const;

private:
  using Levels = SmallVector<Boundary, 6>;

  const MemoryDesc &memory(unsigned m) const {
    return model.machine.memories[m];
  }
  bool countReads(const Levels &levels, AccessCounts &counts) const;
  bool countResults(const Levels &levels, AccessCounts &counts) const;
  bool measureResults(const Levels &levels,
                      llvm::SmallVectorImpl<Result> &results) const;
  bool countBusiest(const Levels &levels, size_t i, const Result &result,
                    Traffic &traffic) const;
  bool measureRequests(View view, RequestBytes which, Amount &amount) const;
  /// Requests to memory `m` are those of rows.
  bool hasRows(unsigned m) const {
    return operand.rows && model.isOutermost(m);
  }
  bool isBusiestWanted(int m) const {
    return m >= 0 && memory(unsigned(m)).bytesPerCycle.isSet();
  }
  bool measureFirst(const Boundary &boundary, const Views &views, Amount &inner,
                    Amount &outer) const;
  double gating() const;
  double bytesOf(double elements, int64_t bits, unsigned m) const {
    double share = memory(m).keepsZeros ? 1 : operand.density;
    return elements * share * double(bits) / 8;
  }

  const AccessModel &model;
  const LoopNest &nest;
  unsigned o;
  const Workload::Operand &operand;
  const AccessModel::Shape &shape;
};

} // namespace

Views OperandCounter::viewsOf(const Boundary &boundary) const {
  uint32_t inner = nest.usedAxes, outer = nest.usedAxes, apart = 0;
  if (boundary.inner >= 0)
    inner &= memory(unsigned(boundary.inner)).perAxes;
  outer &= memory(boundary.outer).perAxes;
  for (auto [i, axis] : llvm::enumerate(model.machine.array.axes))
    if (!(operand.isOutput() ? axis.reduces : axis.multicasts))
      apart |= uint32_t(1) << i;
  apart &= inner;
  Views views;
  int residence = boundary.residence;
  bool slides = boundary.inner >= 0 && !operand.isOutput() &&
                memory(unsigned(boundary.inner)).slides;
  views.inner = {residence, inner, 0, false, slides};
  views.outer = {residence, outer | apart, 0, false, slides};
  views.joined = {residence, outer, 0, false, slides};
  views.busiestInner = {residence, 0, inner, false, slides};
  views.busiestOuter = {residence, apart & ~outer, outer, false, slides};
  return views;
}

static double roundUp(double bytes, int64_t unit) {
  return std::ceil(bytes / double(unit)) * double(unit);
}

/// One instance, and no positions apart: the busiest instance does it all.
static bool isAlone(const View &view, const View &busiest) {
  return busiest.firstAxes == 0 && view.sumAxes == busiest.sumAxes;
}

/// Bytes of the requests for rows. False if tiles have gaps.
bool OperandCounter::measureRequests(View view, RequestBytes which,
                                     Amount &amount) const {
  // A row is for all positions along the lanes.
  view.sumAxes = view.firstAxes = 0;
  SmallVector<int64_t, 8> steps;
  SmallVector<TileBox, 4> boxes = findBoxes(nest, shape, view, steps);
  if (boxes.empty())
    return false;
  const MemoryDesc &outermost = model.machine.memories.back();
  auto bytesOf = [&](const TileBox &box, int64_t bits) {
    TileRequests requests =
        requestsOf(*operand.rows, bits, box.extents, steps, outermost);
    switch (which) {
    case RequestBytes::Rounded:
      return requests.bytes;
    case RequestBytes::Timed:
      return requests.cycles * outermost.bytesPerCycle.value;
    case RequestBytes::Carried:
      return requests.carried;
    }
  };
  amount.bytes = amount.partialBytes = 0;
  for (const TileBox &box : boxes) {
    double times = box.weight * fetchesOf(nest, shape, view, box.moved);
    amount.bytes += times * bytesOf(box, operand.bits);
    amount.partialBytes += times * bytesOf(box, operand.bitsOfPartial());
  }
  return true;
}

bool OperandCounter::measure(const Boundary &boundary, const View &view,
                             unsigned m, Amount &amount, bool isTimed) const {
  TileKinds tiles;
  if (!findTiles(nest, shape, view, tiles))
    return false;
  amount = Amount();
  // The arithmetic keeps nothing: it asks at each step.
  bool isKept = boundary.inner >= 0;
  int last = INT_MIN;
  double fetches = 0;
  for (const TileKind &tile : tiles) {
    int moved = isKept ? tile.moved : INT_MAX;
    if (moved != last)
      fetches = fetchesOf(nest, shape, view, moved);
    last = moved;
    double times = tile.weight * fetches;
    amount.elements += tile.fresh * times;
    amount.largest = std::max(amount.largest, tile.size);
    if (int64_t access = memory(m).accessBytes) {
      amount.bytes +=
          times * roundUp(bytesOf(tile.fresh, operand.bits, m), access);
      amount.partialBytes +=
          times *
          roundUp(bytesOf(tile.fresh, operand.bitsOfPartial(), m), access);
    }
  }
  if (isKept && hasRows(m) &&
      measureRequests(
          view, isTimed ? RequestBytes::Timed : RequestBytes::Rounded, amount))
    return true;
  // Rows that overlap bring the same elements twice.
  if (isKept && hasRows(boundary.outer) && !operand.isOutput() &&
      memory(m).perAxes == 0 &&
      measureRequests(view, RequestBytes::Carried, amount))
    return true;
  if (memory(m).accessBytes == 0) {
    amount.bytes = bytesOf(amount.elements, operand.bits, m);
    amount.partialBytes = bytesOf(amount.elements, operand.bitsOfPartial(), m);
  }
  return true;
}

/// Share of the steps in which the arithmetic asks for this operand: a zero of
/// another operand may gate it.
double OperandCounter::gating() const {
  double share = 1;
  for (auto [i, other] : llvm::enumerate(model.workload.operands))
    if (i != o && model.machine.array.gatesZeros[unsigned(other.role)])
      share *= other.density;
  return share;
}

/// What the first tile of a memory with a second buffer takes, on both sides.
bool OperandCounter::measureFirst(const Boundary &boundary, const Views &views,
                                  Amount &inner, Amount &outer) const {
  if (boundary.inner < 0 || !memory(unsigned(boundary.inner)).overlaps())
    return true;
  auto first = [&](View view, int m, Amount &amount) {
    view.firstInTime = true;
    return !isBusiestWanted(m) ||
           measure(boundary, view, unsigned(m), amount, /*isTimed=*/true);
  };
  return first(views.busiestInner, boundary.inner, inner) &&
         first(views.busiestOuter, int(boundary.outer), outer);
}

static void scale(Flow &flow, double factor) {
  flow.elements *= factor;
  flow.bytes *= factor;
  flow.busiestBytes *= factor;
}

/// Inputs and weights: what arrives inside was read outside.
bool OperandCounter::countReads(const Levels &levels,
                                AccessCounts &counts) const {
  for (const Boundary &level : levels) {
    Views views = viewsOf(level);
    Traffic &outer = counts.at(o, level.outer);
    Amount amount, firstInner, firstOuter;
    if (!measure(level, views.outer, level.outer, amount))
      return false;
    outer.reads = {amount.elements, amount.bytes, 0, 0};
    if (isBusiestWanted(int(level.outer))) {
      if ((hasRows(level.outer) || !isAlone(views.outer, views.busiestOuter)) &&
          !measure(level, views.busiestOuter, level.outer, amount,
                   /*isTimed=*/true))
        return false;
      outer.reads.busiestBytes = amount.bytes;
    }
    if (!measureFirst(level, views, firstInner, firstOuter))
      return false;
    outer.reads.firstBytes = firstOuter.bytes;
    bool isWired = memory(level.outer).multicastPjPerByte.isSet();
    if (level.inner < 0 && isWired)
      outer.deliveredBytes = bytesOf(model.workload.points() * gating(),
                                     operand.bits, level.outer);
    if (level.inner < 0) {
      scale(outer.reads, gating());
      continue;
    }
    unsigned held = unsigned(level.inner);
    Traffic &inner = counts.at(o, held);
    if (!measure(level, views.inner, held, amount))
      return false;
    inner.fills = {amount.elements, amount.bytes, 0, firstInner.bytes};
    inner.tileElements = amount.largest;
    inner.tileBytes = bytesOf(amount.largest, operand.bits, held);
    if (isWired)
      outer.deliveredBytes =
          bytesOf(amount.elements, operand.bits, level.outer);
    if (isBusiestWanted(level.inner)) {
      if (!isAlone(views.inner, views.busiestInner) &&
          !measure(level, views.busiestInner, held, amount))
        return false;
      inner.fills.busiestBytes = amount.bytes;
    }
  }
  return true;
}

/// A part of `amount` in elements: `finals` of them as wide as results, the
/// rest as wide as partial sums.
static Flow flowOf(const Amount &amount, double elements, double finals) {
  if (amount.elements == 0)
    return {};
  double bytes =
      (amount.bytes * finals + amount.partialBytes * (elements - finals)) /
      amount.elements;
  return {elements, bytes, 0, 0};
}

namespace {

/// What passes a memory that holds results.
struct ResultFlows {
  Flow fills, reads, updates, drains;

  /// `up` comes from inside, `down` leaves outwards; `firsts` of the updates
  /// meet no partial sum; `finals` elements are narrow when they are complete.
  ResultFlows(const Amount &up, const Amount &down, double firsts,
              double finals)
      : fills(flowOf(down, std::max(0.0, down.elements - firsts), 0)),
        reads(flowOf(up, up.elements - firsts, 0)),
        updates(flowOf(up, up.elements, finals)),
        drains(flowOf(down, down.elements, std::min(finals, down.elements))) {}
};

} // namespace

bool OperandCounter::measureResults(
    const Levels &levels, llvm::SmallVectorImpl<Result> &results) const {
  double whole = model.wholeElements(o);
  results.resize(levels.size());
  // From outside to inside. What returns to a memory meets its next updates;
  // the other tiles that it drains began with first writes.
  double firsts = results.back().firsts = whole;
  for (size_t i = levels.size(); i-- > 0;) {
    const Boundary &level = levels[i];
    Views views = viewsOf(level);
    Result &result = results[i];
    if (!measure(level, views.outer, level.outer, result.up))
      return false;
    result.isOnce = result.up.elements == whole;
    // Where partial sums gather they are wide; a memory inside hands them on
    // complete and narrow, unless positions hold copies that are yet to be
    // added.
    // Transfers of rows make them narrow on their way out.
    bool isNarrow = operand.rows ? level.outer == model.homeOf(o)
                                 : result.isOnce || (i > 0 && firsts == whole);
    result.finals = isNarrow ? whole : 0;
    if (i == 0)
      return true;
    if (!measure(level, views.inner, unsigned(level.inner),
                 results[i - 1].down))
      return false;
    // Of several copies, the partial sum returns to one.
    Amount visits = result.up;
    if (views.joined.sumAxes != views.outer.sumAxes &&
        !measure(level, views.joined, level.outer, visits))
      return false;
    Result &inner = results[i - 1];
    inner.firsts = inner.down.elements - (visits.elements - firsts);
    firsts = inner.firsts;
  }
  return true;
}

bool OperandCounter::countResults(const Levels &levels,
                                  AccessCounts &counts) const {
  SmallVector<Result, 6> results;
  if (!measureResults(levels, results))
    return false;
  for (auto [i, level] : llvm::enumerate(levels)) {
    const Result &result = results[i];
    ResultFlows flows(result.up, result.down, result.firsts, result.finals);
    Traffic &traffic = counts.at(o, level.outer);
    traffic.updates = flows.updates;
    traffic.reads = flows.reads;
    traffic.drains = flows.drains;
    traffic.fills = flows.fills;
    traffic.tileElements = result.down.largest;
    traffic.tileBytes = bytesOf(
        result.down.largest,
        result.isOnce && !operand.rows ? operand.bits : operand.bitsOfPartial(),
        level.outer);
    if (isBusiestWanted(int(level.outer)) &&
        !countBusiest(levels, i, result, traffic))
      return false;
    if (level.inner < 0) {
      scale(traffic.updates, gating());
      scale(traffic.reads, gating());
      continue;
    }
    Amount inner, outer;
    if (!measureFirst(level, viewsOf(level), inner, outer))
      return false;
    traffic.updates.firstBytes =
        result.finals > 0 ? outer.bytes : outer.partialBytes;
    counts.at(o, unsigned(level.inner)).drains.firstBytes =
        results[i - 1].finals > 0 ? inner.bytes : inner.partialBytes;
  }
  return true;
}

/// The same flows of the instance at position 0, to which partial sums return.
bool OperandCounter::countBusiest(const Levels &levels, size_t i,
                                  const Result &result,
                                  Traffic &traffic) const {
  const Boundary &level = levels[i];
  Views views = viewsOf(level);
  Amount up = result.up, down = result.down;
  if ((hasRows(level.outer) || !isAlone(views.outer, views.busiestOuter)) &&
      !measure(level, views.busiestOuter, level.outer, up, /*isTimed=*/true))
    return false;
  if (i + 1 < levels.size() && views.busiestOuter.firstAxes != 0 &&
      !measure(levels[i + 1], viewsOf(levels[i + 1]).busiestInner, level.outer,
               down))
    return false;
  // All elements that it ever holds.
  TileKinds tiles;
  if (!findTiles(nest, shape, {0, 0, views.busiestOuter.firstAxes, false},
                 tiles))
    return false;
  double firsts = tiles.front().size;
  ResultFlows flows(up, down, firsts, result.finals > 0 ? firsts : 0);
  traffic.updates.busiestBytes = flows.updates.bytes;
  traffic.reads.busiestBytes = flows.reads.bytes;
  traffic.drains.busiestBytes = flows.drains.bytes;
  traffic.fills.busiestBytes = flows.fills.bytes;
  return true;
}

bool OperandCounter::count(ArrayRef<int8_t> residence,
                           AccessCounts &counts) const {
  Levels levels;
  int inner = AccessModel::arithmetic;
  int inside = INT_MAX;
  for (auto [m, at] : llvm::enumerate(residence)) {
    if (at == Mapping::bypass)
      continue;
    levels.push_back({inner, unsigned(m), inside});
    inner = int(m);
    inside = at;
  }
  bool counted = operand.isOutput() ? countResults(levels, counts)
                                    : countReads(levels, counts);
  if (!counted)
    return false;
  // What is kept inside was there, or had its place, before.
  unsigned home = levels.back().outer;
  Traffic &all = counts.at(o, home);
  bool isCounted = model.isOutermost(home);
  all.tileElements = isCounted ? model.wholeElements(o) : 0;
  all.tileBytes = isCounted ? bytesOf(all.tileElements, operand.bits, home) : 0;
  return true;
}

/// What the loops alone decide.
static void countSteps(const AccessModel &model, const LoopNest &nest,
                       AccessCounts &counts) {
  const Workload &workload = model.workload;
  counts.steps = counts.resultSteps = counts.positions = 1;
  double results = 1, share = 1;
  for (auto [dim, loops] : llvm::zip(workload.dims, nest.dims)) {
    double steps = stepsOf(loops);
    counts.steps *= steps;
    if (!dim.isReduction) {
      counts.resultSteps *= steps;
      results *= double(dim.size);
    }
    for (const LoopNest::Step &step : loops.steps)
      if (step.axis >= 0)
        counts.positions *= double(step.trips);
  }
  for (const Workload::Operand &operand : workload.operands)
    if (model.machine.array.gatesZeros[unsigned(operand.role)])
      share *= operand.density;
  counts.operations = workload.points() * workload.opsPerPoint * share +
                      results * workload.opsPerResult;
}

/// What drives the rows and reads the columns of crossbars.
static void countCrossbars(const MachineDesc &machine, const LoopNest &nest,
                           AccessCounts &counts) {
  uint32_t rows = 0, columns = 0;
  for (auto [i, axis] : llvm::enumerate(machine.array.axes)) {
    uint32_t bit = uint32_t(1) << i;
    rows |= axis.name == "cols" ? 0 : bit;
    columns |= axis.name == "rows" ? 0 : bit;
  }
  counts.rowsDriven = activityOf(nest, rows);
  counts.columnsRead = activityOf(nest, columns);
}

/// The tiles of all operands fit every memory.
static bool checkCapacity(const AccessModel &model, const AccessCounts &counts,
                          MappingFault &fault) {
  for (auto [m, memory] : llvm::enumerate(model.machine.memories)) {
    if (memory.bytes == 0)
      continue;
    double needed = 0;
    for (unsigned o = 0; o < model.workload.operands.size(); ++o)
      needed += counts.at(o, unsigned(m)).tileBytes;
    double available = double(memory.bytes) / (memory.doubleBuffered ? 2 : 1);
    if (needed <= available)
      continue;
    fault.kind = MappingFault::Kind::Capacity;
    fault.memory = unsigned(m);
    fault.found = std::ceil(needed);
    fault.expected = std::floor(available);
    return false;
  }
  return true;
}

bool AccessModel::count(const Mapping &mapping, AccessCounts &counts,
                        MappingFault &fault) const {
  if (!check(mapping, fault))
    return false;
  counts.memories = unsigned(machine.memories.size());
  counts.traffic.assign(workload.operands.size() * machine.memories.size(),
                        Traffic());
  LoopNest nest(workload, mapping);
  countSteps(*this, nest, counts);
  if (machine.crossbar)
    countCrossbars(machine, nest, counts);
  for (unsigned o = 0; o < workload.operands.size(); ++o) {
    if (OperandCounter(*this, nest, o).count(mapping.residence[o], counts))
      continue;
    fault.kind = MappingFault::Kind::Uncountable;
    fault.operand = o;
    return false;
  }
  return checkCapacity(*this, counts, fault);
}

bool AccessModel::countOperand(const Mapping &mapping, unsigned operand,
                               AccessCounts &counts) const {
  counts = AccessCounts();
  counts.memories = unsigned(machine.memories.size());
  counts.traffic.assign(workload.operands.size() * machine.memories.size(),
                        Traffic());
  LoopNest nest(workload, mapping);
  return OperandCounter(*this, nest, operand)
      .count(mapping.residence[operand], counts);
}

bool AccessModel::crossing(const Mapping &mapping, unsigned operand, int inner,
                           unsigned outer, int residence,
                           Crossing &result) const {
  LoopNest nest(workload, mapping);
  OperandCounter counter(*this, nest, operand);
  Boundary boundary{inner, outer, inner < 0 ? INT_MAX : residence};
  Views views = counter.viewsOf(boundary);
  Amount inside, outside;
  if (!counter.measure(boundary, views.inner, outer, inside) ||
      !counter.measure(boundary, views.outer, outer, outside))
    return false;
  result = {inside.elements, outside.elements, inside.largest};
  return true;
}
