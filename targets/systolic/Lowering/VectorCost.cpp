//===- VectorCost.cpp - What the vector unit's tiles cost -----------------===//

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

SmallVector<unsigned, 8> aicc::systolic::resultDims(const VectorGroup &group) {
  SmallVector<unsigned, 8> dims;
  for (const Axis &axis : group.resultAxes)
    for (const Workload::Term &term : axis.terms)
      dims.push_back(term.dim);
  dims.push_back(group.laneDim);
  return dims;
}

/// Cycles of one tile's rows, and one for each instruction: it starts in the
/// cycle after the token that it waits for. Adds the bytes of the accesses that
/// they touch.
double VectorCost::transfer(const TileTransfer &moved, ArrayRef<Axis> axes,
                            int64_t start, double &bytes, Work &work) const {
  // A run that starts at any multiple of `step` touches so many on average.
  int64_t access = config.dramAccessBytes;
  int64_t step = std::gcd(std::gcd(access, moved.columns), start);
  for (const Axis &axis : axes)
    step = std::gcd(step, axis.stride);
  auto touched = double(moved.columns + access - step);
  constexpr double resolution = 256;
  double perCycle = double(config.dramBytesPer256Cycles) / resolution;
  auto instructions = double(iterations(moved.loops));
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
    return double(iterations(VectorPattern(std::move(loops)).around));
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
         countOf(vectorLoops(
             group, extents, TileRows::ofResult(group, extents, blocks),
             {group.inputs[1].axes,
              axisRows(group.inputs[1].axes, extents, blocks), blocks}));
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

/// A tile of results to the DRAM, or where it is kept. Instructions read a
/// scale for each of their columns, and of sums a bias.
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
    instructions = double(iterations(moved.loops));
    columns = moved.columns;
    work.storeCycles += transfer(moved, group.resultAxes, group.resultStart,
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
  parameters *= instructions * double(columns) / cols;
  if (!group.usesAccumulator())
    work.scratchpadRead += elements / lanes;
  else
    work.accumulatorRead += elements / cols;
  if (group.usesAccumulator())
    work.accumulatorRead += parameters;
}

/// Rows of a tile, as far as they hold anything: transfers take no lanes past
/// the last column.
double VectorCost::filled(ArrayRef<Axis> axes,
                          ArrayRef<int64_t> extents) const {
  return double(positions(axes, extents) * extents[group.laneDim]) /
         double(config.lanes());
}

/// Once: the table, which has to be there before anything, or scales and
/// biases, which the first tile of results waits for.
void VectorCost::addConstants(Work &work) const {
  double bytes = 0;
  if (group.usesAccumulator()) {
    constexpr double rows = 2, wordBytes = 4;
    bytes = rows * wordBytes * double(config.cols);
    work.accumulatorWritten += rows;
  } else if (!group.table.empty()) {
    bytes = double(tableBytes);
    double rows = double(tableBytes) / double(config.lanes());
    work.scratchpadWritten += rows;
    work.scratchpadRead += rows;
    work.constantCycles += std::ceil(rows);
  }
  work.readBytes += bytes;
  // Inputs, and the zeros of sums, come behind them; results of inputs that are
  // there wait less.
  bool isWaiting = !group.isPair() ||
                   llvm::any_of(group.inputs, [](const VectorInput &input) {
                     return !input.kept;
                   });
  constexpr double resolution = 256;
  if (isWaiting)
    work.constantCycles +=
        bytes * resolution / double(config.dramBytesPer256Cycles);
  // Registers of the first load or row, and the halt.
  constexpr double setUp = 4;
  work.constantCycles += setUp;
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

/// Of one tile; `share` of the loads of each input.
Work VectorCost::workOfTile(ArrayRef<int64_t> extents,
                            ArrayRef<double> shares) const {
  Work tile;
  Extents offsets(extents.size(), 0);
  for (auto [input, share] : llvm::zip(group.inputs, shares)) {
    if (input.kept)
      continue;
    Work load;
    TileTransfer moved(input.axes, input.start, group.laneDim, offsets, extents,
                       config.cols, mostOuterRows);
    load.loadCycles =
        transfer(moved, input.axes, input.start, load.readBytes, load);
    load.scratchpadWritten = filled(input.axes, extents);
    for (double Work::*field : {&Work::loadCycles, &Work::readBytes,
                                &Work::instructions, &Work::scratchpadWritten})
      tile.*field += share * load.*field;
  }
  addStore(extents, tile);
  addVector(extents, tile);
  double instructions = vectorInstructions(extents);
  tile.vectorCycles = tile.vectorRows + instructions;
  tile.instructions += instructions;
  return tile;
}

Work VectorCost::workOf(ArrayRef<int64_t> extents) const {
  double count = 1;
  for (auto [d, extent] : llvm::enumerate(extents))
    count *= double(group.size(d)) / double(extent);
  SmallVector<double, 2> shares;
  for (const VectorInput &input : group.inputs)
    shares.push_back(loadsOf(input, extents) / count);
  // Tiles by their extents, and how many there are: the last along a dimension
  // may be a part of one.
  SmallVector<std::pair<Extents, double>, 4> kinds = {
      {Extents(extents.begin(), extents.end()), 1}};
  for (auto [d, extent] : llvm::enumerate(extents)) {
    int64_t rest = group.size(d) % extent, whole = group.size(d) / extent;
    for (size_t i = 0, end = kinds.size(); i < end; ++i) {
      if (rest) {
        kinds.push_back(kinds[i]);
        kinds.back().first[d] = rest;
      }
      kinds[i].second *= double(whole);
    }
  }
  Work all;
  all.tiles = 0;
  for (const auto &[kind, times] : kinds) {
    Work tile = workOfTile(kind, shares);
    all.tiles += times;
    for (double Work::*field :
         {&Work::readBytes, &Work::writtenBytes, &Work::loadCycles,
          &Work::storeCycles, &Work::keepCycles, &Work::vectorCycles,
          &Work::vectorRows, &Work::scratchpadRead, &Work::scratchpadWritten,
          &Work::accumulatorRead, &Work::accumulatorWritten,
          &Work::instructions})
      all.*field += times * tile.*field;
  }
  addConstants(all);
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
