//===- VectorEmitter.cpp - Programs of the vector unit --------------------===//

#include "targets/systolic/Lowering/VectorEmitter.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;
using llvm::divideCeil;

static constexpr unsigned constantChannel = 2, borderChannel = 3;

/// Each operand's slots are numbered apart.
static Slot inputSlot(unsigned number, unsigned slot) {
  return number * TileSlots::most + slot;
}
static Slot resultSlotOf(unsigned slot) { return 2 * TileSlots::most + slot; }
static constexpr Slot termSlot = 3 * TileSlots::most, tableSlot = termSlot + 1,
                      parameterSlot = termSlot + 2;

static LocalAddress local(Space space, int64_t row) {
  return LocalAddress::make(space, uint32_t(row));
}

std::vector<char> aicc::systolic::vectorConstants(const VectorGroup &group,
                                                  const ArrayMachine &machine) {
  std::vector<char> bytes(group.table.begin(), group.table.end());
  if (!group.usesAccumulator())
    return bytes;
  auto append = [&](const void *word) {
    const char *data = static_cast<const char *>(word);
    for (uint32_t i = 0; i < machine.config.cols; ++i)
      bytes.insert(bytes.end(), data, data + sizeof(float));
  };
  int32_t bias =
      group.epilogue.biases.empty() ? 0 : group.epilogue.biases.front();
  append(&group.epilogue.scales.front());
  append(&bias);
  return bytes;
}

int64_t VectorEmitter::blocks() const {
  return divideCeil(extents[group.laneDim], int64_t(machine.config.cols));
}

LocalAddress VectorEmitter::inputRow(unsigned number) const {
  const VectorInput &input = group.inputs[number];
  int64_t row = plan.inputs[number].row(inputs[number].slot);
  if (input.kept)
    row = input.kept->rowAt(input.axes, offsets) +
          offsets[group.laneDim] / int64_t(machine.config.cols);
  return local(Space::Scratchpad, row);
}

LocalAddress VectorEmitter::resultRow() const {
  if (group.usesAccumulator())
    return local(Space::Accumulator, plan.result.row(resultSlot));
  if (group.isInPlace())
    return inputRow(0);
  if (!group.keptResult)
    return local(Space::Scratchpad, plan.result.row(resultSlot));
  return local(Space::Scratchpad,
               group.keptResult->rowAt(group.resultAxes, offsets) +
                   offsets[group.laneDim] / int64_t(machine.config.cols));
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

std::optional<std::vector<Instruction>> VectorEmitter::run(std::string &why) {
  for (const RegionModel::Dim &dim : group.model.dims) {
    offsets.push_back(0);
    extents.push_back(dim.size);
  }
  loadConstants();
  walk(0);
  if (group.keptResult)
    fillBorder(*group.keptResult, borderChannel, make, order);
  why = make.error();
  if (!why.empty())
    return std::nullopt;
  return order.finish();
}

void VectorEmitter::loadConstants() {
  int64_t segment = constantSegment(group);
  if (!group.table.empty()) {
    order.add({}, {},
              make.loadConfig(constantChannel, segment, 0, 0, 0, false,
                              /*wide=*/false));
    order.add({}, {}, make.loadPlace(constantChannel, 0, 1));
    LocalAddress table = local(Space::Scratchpad, plan.tableRow);
    order.add({}, tableSlot,
              make.loadIn(constantChannel, 0, table, 1, 1, tableBytes));
    order.add(tableSlot, {}, make.vectorTable(table));
  }
  // What is kept of a maximum stays as the vector unit takes it.
  bool flips =
      group.keptResult
          ? group.usesAccumulator() && group.keptResult->isShifted
          : group.kind == VectorKind::Maximum && group.inputs[0].isUnsigned;
  LocalAddress parameters = local(Space::Accumulator, plan.parameterRow);
  const Epilogue &epilogue = group.epilogue;
  if (group.usesAccumulator()) {
    order.add({}, {},
              make.loadConfig(constantChannel, segment, 0, 0, 0, false,
                              /*wide=*/true));
    order.add({}, {}, make.loadPlace(constantChannel, 0, 1));
    order.add({}, parameterSlot,
              make.loadIn(constantChannel, 0, parameters, 1, 1,
                          2 * int64_t(machine.config.cols)));
  }
  if (!flips && !group.usesAccumulator())
    return;
  Encoder::Quantize fields;
  fields.scales = parameters;
  fields.zero = epilogue.zero;
  fields.low = epilogue.low;
  fields.high = epilogue.high;
  fields.isReal = group.isPair();
  fields.flip = flips;
  if (group.kind == VectorKind::Sum)
    fields.biases = local(Space::Accumulator, plan.parameterRow + 1);
  order.add({}, {}, make.storeQuantize(fields));
}

void VectorEmitter::walk(size_t level) {
  if (level == plan.level)
    return tile();
  forTiles(mapping.loops[level], offsets, extents, [&] { walk(level + 1); });
}

void VectorEmitter::tile() {
  for (unsigned number = 0; number < group.inputs.size(); ++number)
    loadInput(number);
  if (plan.result.count > 0)
    resultSlot = (resultSlot + 1) % plan.result.count;
  compute();
  store();
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

void VectorEmitter::loadInput(unsigned number) {
  const VectorInput &input = group.inputs[number];
  if (input.kept)
    return;
  Resident &resident = inputs[number];
  auto isSame = [&](unsigned dim) {
    return resident.offsets[dim] == offsets[dim] &&
           resident.extents[dim] == extents[dim];
  };
  bool stays = resident.isThere && isSame(group.laneDim);
  for (const Axis &axis : input.axes)
    for (const Workload::Term &term : axis.terms)
      stays = stays && isSame(term.dim);
  // A table is applied in place.
  if (stays && group.kind != VectorKind::Map)
    return;
  const TileSlots &slots = plan.inputs[number];
  unsigned slot = resident.isThere ? (resident.slot + 1) % slots.count : 0;
  resident = {offsets, extents, slot, true};
  TileTransfer moved(input.axes, input.start, group.laneDim, offsets, extents,
                     machine.config.cols, mostOuterRows);
  auto [inner, outer] = moved.pattern;
  std::array<int64_t, 4> wanted = {inner.dramStride, outer.dramStride,
                                   outer.localStride, 1};
  if (loadRegisters[number] != wanted) {
    loadRegisters[number] = wanted;
    bool flips = input.isUnsigned && group.kind != VectorKind::Map;
    order.add({}, {},
              make.loadConfig(number, inputSegment(group, number),
                              inner.dramStride, outer.dramStride, 0, flips,
                              /*wide=*/false));
    order.add({}, {}, make.loadPlace(number, outer.localStride, 1));
  }
  forRows(moved.loops, moved.dram, slots.row(slot),
          [&](int64_t from, int64_t to) {
            order.add({}, inputSlot(number, slot),
                      make.loadIn(number, from, local(Space::Scratchpad, to),
                                  inner.count, outer.count, moved.columns));
          });
}

/// From the accumulator into the rows where the next group finds it.
void VectorEmitter::keep() {
  if (!group.usesAccumulator())
    return;
  KeptRows rows = keptResultRows(group, extents, blocks());
  auto [inner, outer] = rows.pattern;
  std::array<int64_t, 3> wanted = {outer.localStride, outer.dramStride, 0};
  if (storeRegisters != wanted) {
    storeRegisters = wanted;
    order.add({}, {},
              make.storePlace(outer.localStride, /*block=*/0, outer.dramStride,
                              /*scaleBlock=*/0));
  }
  int64_t to = group.keptResult->rowAt(group.resultAxes, offsets) +
               offsets[group.laneDim] / int64_t(machine.config.cols);
  int64_t columns = keptColumns(group, extents, machine.config.cols);
  forRows(rows.loops, to, plan.result.row(resultSlot),
          [&](int64_t target, int64_t from) {
            order.add({resultSlotOf(resultSlot), parameterSlot}, {},
                      make.storeKeep(local(Space::Scratchpad, target),
                                     local(Space::Accumulator, from),
                                     inner.count, outer.count, columns));
          });
}

void VectorEmitter::store() {
  if (group.keptResult)
    return keep();
  TileTransfer moved(group.resultAxes, group.resultStart, group.laneDim,
                     offsets, extents, machine.config.cols, mostRows);
  auto [inner, outer] = moved.pattern;
  std::array<int64_t, 3> wanted = {inner.dramStride, outer.dramStride,
                                   outer.localStride};
  if (storeRegisters != wanted) {
    storeRegisters = wanted;
    order.add({}, {},
              make.storeConfig(resultSegment(group), inner.dramStride,
                               outer.dramStride));
    // All columns have one scale.
    order.add({}, {},
              make.storePlace(outer.localStride, 1,
                              /*keepStride1=*/0, /*scaleBlock=*/0));
  }
  bool isInPlace = group.isInPlace();
  const TileSlots &slots = isInPlace ? plan.inputs[0] : plan.result;
  unsigned slot = isInPlace ? inputs[0].slot : resultSlot;
  SmallVector<Slot, 2> reads = {isInPlace ? inputSlot(0, slot)
                                          : resultSlotOf(slot)};
  if (group.usesAccumulator())
    reads.push_back(parameterSlot);
  Space space =
      group.usesAccumulator() ? Space::Accumulator : Space::Scratchpad;
  forRows(moved.loops, moved.dram, slots.row(slot),
          [&](int64_t to, int64_t from) {
            order.add(reads, {},
                      make.storeOut(to, local(space, from), inner.count,
                                    outer.count, moved.columns));
          });
}

//===----------------------------------------------------------------------===//
// The vector unit
//===----------------------------------------------------------------------===//

void VectorEmitter::configureVector(const RowLoop &inner,
                                    const RowLoop &outer) {
  std::array<int64_t, 4> wanted = {inner.dramStride, outer.dramStride,
                                   inner.localStride, outer.localStride};
  if (vectorStrides == wanted)
    return;
  vectorStrides = wanted;
  order.add({}, {},
            make.vectorConfig(wanted[0], wanted[1], wanted[2], wanted[3]));
}

void VectorEmitter::vector(Opcode opcode, LocalAddress to, LocalAddress from,
                           ArrayRef<RowLoop> loops, ArrayRef<Slot> reads,
                           ArrayRef<Slot> writes) {
  VectorPattern pattern(RowLoops(loops.begin(), loops.end()));
  configureVector(pattern.inner, pattern.outer);
  forRows(pattern.around, from.bits, to.bits,
          [&](int64_t source, int64_t target) {
            order.add(reads, writes,
                      make.vectorRows(opcode, {uint32_t(target)},
                                      {uint32_t(source)}, pattern.inner.count,
                                      pattern.outer.count));
          });
}

void VectorEmitter::vectorRows(Opcode opcode, LocalAddress to,
                               LocalAddress from, int64_t rows,
                               ArrayRef<Slot> reads, ArrayRef<Slot> writes) {
  vector(opcode, to, from, RowLoop{rows, 1, 1}, reads, writes);
}

void VectorEmitter::compute() {
  Slot from = inputSlot(0, inputs[0].slot), to = resultSlotOf(resultSlot);
  switch (group.kind) {
  case VectorKind::Map:
    if (!group.isInPlace())
      return vector(
          group.table.empty() ? Opcode::VectorCopy : Opcode::VectorMap,
          resultRow(), inputRow(0),
          vectorLoops(group, extents, resultRows(), inputRows(0)), from, to);
    if (!group.table.empty())
      vectorRows(Opcode::VectorMap, inputRow(0), inputRow(0), numResultRows(),
                 from, from);
    return;
  case VectorKind::Maximum:
  case VectorKind::Sum:
    return combineWindow();
  case VectorKind::Add:
  case VectorKind::Multiply:
    return combinePair();
  }
}

/// Over all positions of the window at once: what one row writes, a later one
/// reads.
void VectorEmitter::combineWindow() {
  Slot from = inputSlot(0, inputs[0].slot), to = resultSlotOf(resultSlot);
  LocalAddress source = inputRow(0), target = resultRow();
  TileRows toRows = resultRows(), fromRows = inputRows(0);
  RowLoops loops = vectorLoops(group, extents, toRows, fromRows);
  if (group.kind == VectorKind::Sum) {
    order.add({}, to,
              make.loadFill(constantChannel, target, numResultRows(), 1));
    return vector(Opcode::VectorSum, target, source, loops, {from, to}, to);
  }
  // The first of each window; strides are those of the whole tile.
  RowLoops first;
  for (unsigned d = 0; d < extents.size(); ++d)
    if (d != group.laneDim && !group.model.dims[d].isReduction)
      first.push_back({extents[d],
                       rowsOfDim(fromRows.axes, fromRows.strides, d),
                       rowsOfDim(toRows.axes, toRows.strides, d)});
  first.push_back({blocks(), 1, 1});
  vector(Opcode::VectorCopy, target, source, foldLoops(first), from, to);
  vector(Opcode::VectorMaximum, target, source, loops, {from, to}, to);
}

void VectorEmitter::combinePair() {
  Slot to = resultSlotOf(resultSlot);
  LocalAddress target = resultRow(),
               term = local(Space::Accumulator, plan.termRow);
  for (unsigned number : {0u, 1u}) {
    const VectorInput &input = group.inputs[number];
    std::pair<float, int64_t> wanted = {input.scale, input.zero};
    if (!hasParameter || parameter != wanted)
      order.add({}, {}, make.vectorParameter(input.scale, input.zero));
    hasParameter = true;
    parameter = wanted;
    Slot from = inputSlot(number, inputs[number].slot);
    if (number == 0)
      vector(Opcode::VectorReal, target, inputRow(0),
             vectorLoops(group, extents, resultRows(), inputRows(0)), from, to);
    else
      vector(Opcode::VectorReal, term, inputRow(1),
             termLoops(group, extents, blocks()), from, termSlot);
  }
  TileRows terms{group.inputs[1].axes,
                 axisRows(group.inputs[1].axes, extents, blocks()), blocks()};
  vector(group.kind == VectorKind::Add ? Opcode::VectorAddReal
                                       : Opcode::VectorMultiplyReal,
         target, term, vectorLoops(group, extents, resultRows(), terms),
         {termSlot, to}, to);
}
