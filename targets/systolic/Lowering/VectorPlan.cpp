//===- VectorPlan.cpp - Tiles of the vector unit's groups -----------------===//

#include "targets/systolic/Lowering/VectorPlan.h"

#include "aicc/Energy/SpatialCost.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace aicc;
using namespace aicc::systolic;
using llvm::ArrayRef;
using llvm::divideCeil;
using llvm::SmallVector;

static constexpr int64_t tableBytes = 256;

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

std::optional<VectorPlan> VectorPlan::make(const VectorGroup &group,
                                           const ArrayMachine &machine,
                                           ArrayRef<int64_t> extents,
                                           std::string &why) {
  const MachineConfig &config = machine.config;
  VectorPlan plan;
  plan.extents.assign(extents.begin(), extents.end());
  int64_t blocks = divideCeil(extents[group.laneDim], int64_t(config.cols));
  auto rowsOf = [&](ArrayRef<Axis> axes) {
    return positions(axes, extents) * blocks;
  };
  auto take = [&](TileSlots &slots, int64_t rows, unsigned count,
                  int64_t &next) {
    slots.extents = plan.extents;
    slots.rows = rows;
    slots.first = next;
    slots.count = count;
    next += rows * count;
  };
  int64_t scratchpad = 0, accumulator = 0, largest = 0;
  plan.tableRow = scratchpad;
  if (!group.table.empty())
    scratchpad += divideCeil(tableBytes, int64_t(config.lanes()));
  // One is loaded while the other is read; a table is applied in place, where
  // the store unit still reads the one before.
  unsigned inputSlots = group.kind == VectorKind::Map ? 3 : 2;
  for (auto [input, slots] : llvm::zip(group.inputs, plan.inputs)) {
    if (input.kept)
      continue;
    take(slots, rowsOf(input.axes), inputSlots, scratchpad);
    largest = std::max(largest, slots.rows);
  }
  int64_t results = rowsOf(group.resultAxes);
  largest = std::max(largest, results);
  if (group.hasResultTiles())
    take(plan.result, results, 2, scratchpad);
  if (group.usesAccumulator()) {
    take(plan.result, results, 2, accumulator);
    plan.termRow = accumulator;
    if (group.isPair())
      accumulator += rowsOf(group.inputs[1].axes);
    plan.parameterRow = accumulator;
    accumulator += 2;
  }
  auto refuse = [&](llvm::StringRef memory, int64_t rows, int64_t most) {
    why = (llvm::Twine("a tile takes ") + llvm::Twine(rows) + " rows of the " +
           memory + ", which has " + llvm::Twine(most))
              .str();
    return std::nullopt;
  };
  if (scratchpad > machine.tileRows)
    return refuse("scratchpad", scratchpad, machine.tileRows);
  if (accumulator > config.accumulatorRows)
    return refuse("accumulator", accumulator, config.accumulatorRows);
  // Counts and strides of the vector unit have 16 bits, as do columns.
  if (largest > mostRows || extents[group.laneDim] > mostRows) {
    why = "a tile has more rows than an instruction can name";
    return std::nullopt;
  }
  return plan;
}

std::optional<VectorPlan> VectorPlan::make(const VectorGroup &group,
                                           const ArrayMachine &machine,
                                           const Mapping &mapping,
                                           std::string &why) {
  Extents extents;
  for (const RegionModel::Dim &dim : group.model.dims)
    extents.push_back(dim.size);
  // What is kept lies outside of all loops.
  int level = 0;
  for (const auto &residence : mapping.residence)
    for (int8_t at : residence)
      level = std::max(level, int(at));
  for (const Mapping::Loop &loop : ArrayRef(mapping.loops).take_front(level))
    extents[loop.dim] = std::min(loop.tile, extents[loop.dim]);
  std::optional<VectorPlan> plan = make(group, machine, extents, why);
  if (plan)
    plan->level = unsigned(level);
  return plan;
}

TileTransfer::TileTransfer(ArrayRef<Axis> axes, int64_t start, unsigned laneDim,
                           ArrayRef<int64_t> offsets, ArrayRef<int64_t> extents,
                           int64_t cols, int64_t mostOuter) {
  int64_t lanes = extents[laneDim];
  columns = lanes;
  dram = start + offsets[laneDim];
  loops =
      tileLoops(axes, offsets, extents, extents, divideCeil(lanes, cols), dram);
  // Rows that follow each other in memory, in whole lanes, are one long row.
  if (!loops.empty() && loops.back().dramStride == lanes && lanes % cols == 0 &&
      loops.back().count * lanes <= mostRows)
    columns *= loops.pop_back_val().count;
  pattern = takePattern(loops, mostOuter);
}

int64_t TileTransfer::rows() const {
  int64_t product = pattern.inner.count * pattern.outer.count;
  for (const RowLoop &loop : loops)
    product *= loop.count;
  return product;
}

TileRows TileRows::ofInput(const VectorGroup &group, unsigned number,
                           ArrayRef<int64_t> extents, int64_t blocks) {
  const VectorInput &input = group.inputs[number];
  return {input.axes,
          input.kept ? input.kept->strides
                     : axisRows(input.axes, extents, blocks),
          blocks};
}

TileRows TileRows::ofResult(const VectorGroup &group,
                            ArrayRef<int64_t> extents, int64_t blocks) {
  bool isThere = group.keptResult && !group.usesAccumulator();
  return {group.resultAxes,
          isThere ? group.keptResult->strides
                  : axisRows(group.resultAxes, extents, blocks),
          blocks};
}

RowLoops aicc::systolic::vectorLoops(const VectorGroup &group,
                                     ArrayRef<int64_t> extents,
                                     const TileRows &to,
                                     const TileRows &from) {
  RowLoops loops;
  for (unsigned d = 0; d < extents.size(); ++d)
    if (d != group.laneDim && extents[d] > 1)
      loops.push_back({extents[d], rowsOfDim(from.axes, from.strides, d),
                       rowsOfDim(to.axes, to.strides, d)});
  loops.push_back({to.blocks, 1, 1});
  llvm::stable_sort(loops, [](const RowLoop &a, const RowLoop &b) {
    return std::pair(a.localStride, a.dramStride) >
           std::pair(b.localStride, b.dramStride);
  });
  return foldLoops(loops);
}

RowLoops aicc::systolic::termLoops(const VectorGroup &group,
                                   ArrayRef<int64_t> extents, int64_t blocks) {
  TileRows from = TileRows::ofInput(group, 1, extents, blocks);
  RowLoops loops;
  for (auto [axis, source, target] :
       llvm::zip(from.axes, from.strides,
                 axisRows(from.axes, extents, blocks)))
    loops.push_back({axis.extent(extents), source, target});
  loops.push_back({blocks, 1, 1});
  return foldLoops(loops);
}

KeptRows aicc::systolic::keptResultRows(const VectorGroup &group,
                                        ArrayRef<int64_t> extents,
                                        int64_t blocks) {
  RowLoops loops;
  for (auto [axis, kept, local] :
       llvm::zip(group.resultAxes, group.keptResult->strides,
                 axisRows(group.resultAxes, extents, blocks)))
    loops.push_back({axis.extent(extents), kept, local});
  loops.push_back({blocks, 1, 1});
  return KeptRows(std::move(loops));
}

int64_t aicc::systolic::keptColumns(const VectorGroup &group,
                                    ArrayRef<int64_t> extents, int64_t cols) {
  return std::min(extents[group.laneDim], cols);
}

VectorPattern::VectorPattern(RowLoops loops) : around(std::move(loops)) {
  llvm::stable_sort(around, [](const RowLoop &a, const RowLoop &b) {
    return a.count < b.count;
  });
  if (!around.empty())
    inner = around.pop_back_val();
  if (!around.empty())
    outer = around.pop_back_val();
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// The dimensions of the result, outermost in memory first; the lanes last.
static SmallVector<unsigned, 8> resultDims(const VectorGroup &group) {
  SmallVector<unsigned, 8> dims;
  for (const Axis &axis : group.resultAxes)
    for (const Workload::Term &term : axis.terms)
      dims.push_back(term.dim);
  dims.push_back(group.laneDim);
  return dims;
}

namespace {
/// What all tiles of a tiling move and compute.
struct Work {
  double tiles = 1;
  double readBytes = 0, writtenBytes = 0; ///< Of DRAM.
  double loadCycles = 0, storeCycles = 0, vectorCycles = 0;
  double keepCycles = 0; ///< Of the store unit, without the DRAM.
  /// Rows by what reads and writes them.
  double scratchpadRead = 0, scratchpadWritten = 0;
  double accumulatorRead = 0, accumulatorWritten = 0;
  double vectorRows = 0, instructions = 0;

  /// Units overlap but for the first load and the last store.
  double cycles(bool dramIsShared) const {
    double dram = dramIsShared ? loadCycles + storeCycles
                               : std::max(loadCycles, storeCycles);
    // The dispatcher reads one instruction a cycle.
    double steady = std::max({dram, vectorCycles, instructions, keepCycles});
    double alone = loadCycles + vectorCycles + storeCycles + keepCycles;
    return steady + std::max(alone - steady, 0.0) / tiles;
  }
};

class VectorCost {
public:
  VectorCost(const VectorGroup &group, const ArrayMachine &machine,
             const MachineDesc &desc)
      : group(group), config(machine.config), machine(machine), desc(desc) {}

  Work workOf(ArrayRef<int64_t> extents) const;
  Cost costOf(const Work &work) const;

private:
  double transfer(ArrayRef<Axis> axes, int64_t start, ArrayRef<int64_t> extents,
                  double &bytes, Work &work) const;
  double vectorInstructions(ArrayRef<int64_t> extents) const;
  void addVector(ArrayRef<int64_t> extents, Work &work) const;
  double filled(ArrayRef<Axis> axes, ArrayRef<int64_t> extents) const;
  double loadsOf(const VectorInput &input, ArrayRef<int64_t> extents) const;
  void addStore(ArrayRef<int64_t> extents, Work &work) const;
  void addConstants(Work &work) const;

  const VectorGroup &group;
  const MachineConfig &config;
  const ArrayMachine &machine;
  const MachineDesc &desc;
};
} // namespace

/// Cycles of one tile's rows, and one for each instruction: it starts in the
/// cycle after the token that it waits for. Adds the bytes of the accesses that
/// they touch.
double VectorCost::transfer(ArrayRef<Axis> axes, int64_t start,
                            ArrayRef<int64_t> extents, double &bytes,
                            Work &work) const {
  Extents offsets(extents.size(), 0);
  TileTransfer moved(axes, start, group.laneDim, offsets, extents, config.cols,
                     mostOuterRows);
  // A run that starts at any multiple of `step` touches so many on average.
  int64_t access = config.dramAccessBytes;
  int64_t step = std::gcd(std::gcd(access, moved.columns), start);
  for (const Axis &axis : axes)
    step = std::gcd(step, axis.stride);
  auto touched = double(moved.columns + access - step);
  constexpr double resolution = 256;
  double perCycle = double(config.dramBytesPer256Cycles) / resolution;
  double instructions = 1;
  for (const RowLoop &loop : moved.loops)
    instructions *= double(loop.count);
  work.instructions += instructions;
  auto rows = double(moved.rows());
  bytes += rows * touched;
  // The unit asks for the next row in the cycle after one is there.
  return rows * std::ceil(touched / perCycle) + instructions;
}

/// Of one tile, with the registers that are set in each.
double VectorCost::vectorInstructions(ArrayRef<int64_t> extents) const {
  int64_t blocks = divideCeil(extents[group.laneDim], int64_t(config.cols));
  auto countOf = [](RowLoops loops) {
    VectorPattern pattern(std::move(loops));
    double product = 1;
    for (const RowLoop &loop : pattern.around)
      product *= double(loop.count);
    return product;
  };
  auto instructions = [&](unsigned number) {
    return countOf(
        vectorLoops(group, extents, TileRows::ofResult(group, extents, blocks),
                    TileRows::ofInput(group, number, extents, blocks)));
  };
  switch (group.kind) {
  case VectorKind::Map:
    if (!group.isInPlace())
      return instructions(0);
    return group.table.empty() ? 0 : 1;
  case VectorKind::Maximum:
  case VectorKind::Sum: // The first of a window, or zeros.
    return 2 * instructions(0);
  case VectorKind::Add:
  case VectorKind::Multiply:
    break;
  }
  constexpr double parameters = 2;
  return parameters + instructions(0) +
         countOf(termLoops(group, extents, blocks)) +
         countOf(vectorLoops(group, extents,
                             TileRows::ofResult(group, extents, blocks),
                             {group.inputs[1].axes,
                              axisRows(group.inputs[1].axes, extents, blocks),
                              blocks}));
}

/// One row a cycle.
void VectorCost::addVector(ArrayRef<int64_t> extents, Work &work) const {
  int64_t blocks = divideCeil(extents[group.laneDim], int64_t(config.cols));
  auto results = double(positions(group.resultAxes, extents) * blocks);
  double points = double(blocks);
  for (auto [d, extent] : llvm::enumerate(extents))
    if (d != group.laneDim)
      points *= double(extent);
  double second = 0;
  switch (group.kind) {
  case VectorKind::Map:
    if (group.table.empty() && group.isInPlace())
      break;
    work.vectorRows += results;
    work.scratchpadRead += results;
    work.scratchpadWritten += results;
    break;
  case VectorKind::Maximum: // The first of a window is copied.
    work.vectorRows += results + points;
    work.scratchpadRead += results + 2 * points;
    work.scratchpadWritten += results + points;
    break;
  case VectorKind::Sum:
    work.vectorRows += points;
    work.scratchpadRead += points;
    work.accumulatorRead += points;
    work.accumulatorWritten += results + points;
    break;
  case VectorKind::Add:
  case VectorKind::Multiply:
    second = double(positions(group.inputs[1].axes, extents) * blocks);
    work.vectorRows += 2 * results + second;
    work.scratchpadRead += results + second;
    work.accumulatorRead += 2 * results;
    work.accumulatorWritten += 2 * results + second;
    break;
  }
}

/// A tile of results to the DRAM, or where it is kept. Instructions read a scale
/// for each of their columns, and of sums a bias.
void VectorCost::addStore(ArrayRef<int64_t> extents, Work &work) const {
  Extents offsets(extents.size(), 0);
  int64_t blocks = divideCeil(extents[group.laneDim], int64_t(config.cols));
  double instructions = 1;
  int64_t columns = 0;
  auto lanes = double(config.lanes()), cols = double(config.cols);
  double elements = filled(group.resultAxes, extents) * lanes;
  if (!group.keptResult) {
    TileTransfer moved(group.resultAxes, group.resultStart, group.laneDim,
                       offsets, extents, config.cols, mostRows);
    for (const RowLoop &loop : moved.loops)
      instructions *= double(loop.count);
    columns = moved.columns;
    work.storeCycles += transfer(group.resultAxes, group.resultStart, extents,
                                 work.writtenBytes, work);
  } else if (group.usesAccumulator()) {
    instructions =
        double(keptResultRows(group, extents, blocks).instructions());
    columns = keptColumns(group, extents, config.cols);
    auto rows = double(positions(group.resultAxes, extents) * blocks);
    elements = rows * double(columns);
    work.keepCycles += rows + instructions;
    work.instructions += instructions;
    work.scratchpadWritten += elements / lanes;
  } else {
    return;
  }
  double parameters = group.kind == VectorKind::Sum ? 2 : 1;
  if (group.usesAccumulator())
    work.accumulatorRead +=
        (elements + parameters * instructions * double(columns)) / cols;
  else
    work.scratchpadRead += elements / lanes;
}

/// Rows of a tile, as far as they hold anything: transfers take no lanes past
/// the last column.
double VectorCost::filled(ArrayRef<Axis> axes,
                          ArrayRef<int64_t> extents) const {
  return double(positions(axes, extents) * extents[group.laneDim]) /
         double(config.lanes());
}

/// Once: the table, or scales and biases.
void VectorCost::addConstants(Work &work) const {
  if (group.usesAccumulator()) {
    constexpr double rows = 2, wordBytes = 4;
    work.readBytes += rows * wordBytes * double(config.cols);
    work.accumulatorWritten += rows;
  } else if (!group.table.empty()) {
    work.readBytes += double(tableBytes);
    double rows = double(tableBytes) / double(config.lanes());
    work.scratchpadWritten += rows;
    work.scratchpadRead += rows;
  }
}

/// Tiles of an input that are loaded: one stays while the loops go on that do
/// not move it. A table is applied in place, so that its input comes each time.
double VectorCost::loadsOf(const VectorInput &input,
                           ArrayRef<int64_t> extents) const {
  auto moves = [&](unsigned dim) {
    if (dim == group.laneDim || group.kind == VectorKind::Map)
      return true;
    return llvm::any_of(input.axes, [&](const Axis &axis) {
      return llvm::any_of(axis.terms, [&](const Workload::Term &term) {
        return term.dim == dim;
      });
    });
  };
  double loads = 1, repeats = 1;
  for (unsigned d : resultDims(group)) {
    if (extents[d] >= group.size(d))
      continue;
    if (!moves(d)) {
      repeats *= double(divideCeil(group.size(d), extents[d]));
      continue;
    }
    loads *= repeats * double(group.size(d)) / double(extents[d]);
    repeats = 1;
  }
  return loads;
}

Work VectorCost::workOf(ArrayRef<int64_t> extents) const {
  // All tiles are as the first one: the last ones may be smaller, by the part
  // of a tile that is left.
  double count = 1, tiles = 1;
  for (auto [d, extent] : llvm::enumerate(extents)) {
    count *= double(group.size(d)) / double(extent);
    tiles *= double(divideCeil(group.size(d), extent));
  }
  Work tile;
  for (const VectorInput &input : group.inputs) {
    if (input.kept)
      continue;
    Work load;
    load.loadCycles =
        transfer(input.axes, input.start, extents, load.readBytes, load);
    load.scratchpadWritten = filled(input.axes, extents);
    double share = loadsOf(input, extents) / count;
    for (double Work::*field : {&Work::loadCycles, &Work::readBytes,
                                &Work::instructions, &Work::scratchpadWritten})
      tile.*field += share * load.*field;
  }
  addStore(extents, tile);
  addVector(extents, tile);
  double instructions = vectorInstructions(extents);
  tile.vectorCycles = tile.vectorRows + instructions;
  tile.instructions += instructions;
  Work all = tile;
  for (double Work::*field :
       {&Work::readBytes, &Work::writtenBytes, &Work::loadCycles,
        &Work::storeCycles, &Work::keepCycles, &Work::vectorCycles, &Work::vectorRows,
        &Work::scratchpadRead, &Work::scratchpadWritten, &Work::accumulatorRead,
        &Work::accumulatorWritten})
    all.*field *= count;
  all.instructions *= tiles;
  addConstants(all);
  all.tiles = tiles;
  return all;
}

Cost VectorCost::costOf(const Work &work) const {
  Cost cost;
  cost.cycles = work.cycles(config.dramIsShared);
  cost.computeCycles = work.vectorCycles;
  auto add = [&](const std::string &component, CountUnit unit, double count,
                 double pjEach) {
    if (count > 0)
      cost.items.push_back({component, unit, count, pjEach});
  };
  auto memory = [&](int number, double read, double written) {
    const MemoryDesc &found = desc.memories[number];
    add(found.name + ".read", CountUnit::Bytes, read,
        found.readPjPerByte.value);
    add(found.name + ".write", CountUnit::Bytes, written, found.writePj());
  };
  constexpr double wordBytes = 4;
  double lanes = config.lanes(), words = double(config.cols) * wordBytes;
  if (const SourcedValue *lane = desc.action("add_i32"))
    add("vector.lane", CountUnit::Operations, work.vectorRows * lanes,
        lane->value);
  memory(machine.accumulator, work.accumulatorRead * words,
         work.accumulatorWritten * words);
  memory(machine.scratchpad, work.scratchpadRead * lanes,
         work.scratchpadWritten * lanes);
  memory(machine.dram, work.readBytes, work.writtenBytes);
  if (group.keptResult)
    addBorder(*group.keptResult, machine, desc, cost);
  addTimeItems(desc, cost);
  return cost;
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

/// Halves the outermost dimension that can be; false if none can. Lanes are cut
/// into multiples of `unit`.
static bool halve(const VectorGroup &group, int64_t unit, Extents &extents) {
  for (unsigned d : resultDims(group)) {
    int64_t half = divideCeil(extents[d], 2);
    if (d == group.laneDim)
      half = int64_t(llvm::alignTo(half, unit));
    if (half >= extents[d])
      continue;
    extents[d] = half;
    return true;
  }
  return false;
}

/// Tiles, then the positions in a tile, then the window, and lanes at once.
static Mapping mappingOf(const VectorGroup &group, const ArrayMachine &machine,
                         const MachineDesc &desc, ArrayRef<int64_t> extents) {
  Mapping mapping;
  SmallVector<unsigned, 8> dims = resultDims(group);
  for (unsigned d : dims)
    if (extents[d] < group.size(d))
      mapping.loops.push_back({d, extents[d], -1});
  auto level = int8_t(mapping.loops.size());
  for (unsigned d : dims)
    if (d == group.laneDim && extents[d] > machine.config.cols)
      mapping.loops.push_back({d, int64_t(machine.config.cols), -1});
    else if (d != group.laneDim && extents[d] > 1)
      mapping.loops.push_back({d, 1, -1});
  for (unsigned d = 0; d < extents.size(); ++d)
    if (group.model.dims[d].isReduction)
      mapping.loops.push_back({d, 1, -1});
  constexpr int columnAxis = 1;
  mapping.loops.push_back({group.laneDim, 1, columnAxis});
  // Tiles lie at `level`, what is kept outside of all loops.
  auto addOperand = [&](int tiles, bool isKept) {
    auto &residence = mapping.residence.emplace_back(desc.memories.size(),
                                                     Mapping::bypass);
    if (tiles >= 0)
      residence[tiles] = level;
    residence[isKept ? machine.scratchpad : machine.dram] = 0;
  };
  for (const VectorInput &input : group.inputs)
    addOperand(input.kept ? -1 : machine.scratchpad, input.kept.has_value());
  addOperand(group.usesAccumulator() ? machine.accumulator
             : group.keptResult      ? -1
                                     : machine.scratchpad,
             group.keptResult.has_value());
  return mapping;
}

std::optional<VectorChoice>
aicc::systolic::chooseTiles(const VectorGroup &group,
                            const ArrayMachine &machine,
                            const MachineDesc &desc, std::string &why) {
  VectorCost cost(group, machine, desc);
  bool hasTiles = group.usesAccumulator() || !group.keptResult;
  for (const VectorInput &input : group.inputs)
    hasTiles |= !input.kept;
  Extents extents, best;
  for (const RegionModel::Dim &dim : group.model.dims)
    extents.push_back(dim.size);
  // Lanes are cut where blocks and accesses of the DRAM end.
  int64_t unit = std::lcm(int64_t(machine.config.cols),
                          int64_t(machine.config.dramAccessBytes));
  extents[group.laneDim] = std::min(
      extents[group.laneDim], std::max(mostRows / unit, int64_t(1)) * unit);
  Work bestWork;
  do {
    if (!VectorPlan::make(group, machine, extents, why))
      continue;
    Work work = cost.workOf(extents);
    bool isShared = machine.config.dramIsShared;
    if (best.empty() || work.cycles(isShared) < bestWork.cycles(isShared)) {
      best = extents;
      bestWork = work;
    }
  } while (hasTiles && halve(group, unit, extents));
  if (best.empty())
    return std::nullopt;
  return VectorChoice{mappingOf(group, machine, desc, best),
                      cost.costOf(bestWork)};
}
