//===- VectorPlan.cpp - Tiles of the vector unit's groups -----------------===//

#include "targets/systolic/Lowering/VectorPlan.h"
#include "targets/systolic/Lowering/VectorCost.h"

#include "aicc/Energy/SpatialCost.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace aicc;
using namespace aicc::systolic;
using llvm::ArrayRef;
using llvm::divideCeil;
using llvm::SmallVector;

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
  return pattern.inner.count * pattern.outer.count * iterations(loops);
}

TileRows TileRows::ofInput(const VectorGroup &group, unsigned number,
                           ArrayRef<int64_t> extents, int64_t blocks) {
  const VectorInput &input = group.inputs[number];
  return {input.axes,
          input.kept ? input.kept->strides
                     : axisRows(input.axes, extents, blocks),
          blocks};
}

TileRows TileRows::ofResult(const VectorGroup &group, ArrayRef<int64_t> extents,
                            int64_t blocks) {
  bool isThere = group.keptResult && !group.usesAccumulator();
  return {group.resultAxes,
          isThere ? group.keptResult->strides
                  : axisRows(group.resultAxes, extents, blocks),
          blocks};
}

RowLoops aicc::systolic::vectorLoops(const VectorGroup &group,
                                     ArrayRef<int64_t> extents,
                                     const TileRows &to, const TileRows &from) {
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
       llvm::zip(from.axes, from.strides, axisRows(from.axes, extents, blocks)))
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
    auto &residence =
        mapping.residence.emplace_back(desc.memories.size(), Mapping::bypass);
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
