//===- VectorEmitter.cpp - Programs of the vector unit --------------------===//

#include "targets/systolic/Lowering/VectorEmitter.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;
using llvm::divideCeil;

static constexpr unsigned constantChannel = 2;
static constexpr int64_t tableBytes = 256;

/// Each operand's slots are numbered apart.
static Slot inputSlot(unsigned number, unsigned slot) {
  return number * TileSlots::most + slot;
}
static Slot resultSlotOf(unsigned slot) { return 2 * TileSlots::most + slot; }
static constexpr Slot termSlot = 3 * TileSlots::most, tableSlot = termSlot + 1,
                      parameterSlot = termSlot + 2;

static int32_t local(Space space, int64_t row) {
  return int32_t(LocalAddress::make(space, uint32_t(row)).bits);
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

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

void VectorEmitter::run() {
  for (const RegionModel::Dim &dim : group.model.dims) {
    offsets.push_back(0);
    extents.push_back(dim.size);
  }
  loadConstants();
  walk(0);
  order.finish(builder);
}

void VectorEmitter::loadConstants() {
  auto segment = int64_t(group.inputs.size());
  if (!group.table.empty()) {
    order.add(Queue::Load, {}, {},
              LoadConfigOp::create(builder, loc, constantChannel, segment, 0, 0,
                                   0, false, /*wide=*/false));
    order.add(Queue::Load, {}, {},
              LoadPlaceOp::create(builder, loc, constantChannel, 0, 1));
    int32_t table = local(Space::Scratchpad, plan.tableRow);
    order.add(Queue::Load, {}, tableSlot,
              LoadInOp::create(builder, loc, constantChannel, 0, table, 1, 1,
                               tableBytes));
    order.add(Queue::Vector, tableSlot, {},
              VectorTableOp::create(builder, loc, table));
  }
  bool flips = group.kind == VectorKind::Maximum && group.inputs[0].isUnsigned;
  int32_t parameters = local(Space::Accumulator, plan.parameterRow);
  const Epilogue &epilogue = group.epilogue;
  if (group.usesAccumulator()) {
    order.add(Queue::Load, {}, {},
              LoadConfigOp::create(builder, loc, constantChannel, segment, 0, 0,
                                   0, false, /*wide=*/true));
    order.add(Queue::Load, {}, {},
              LoadPlaceOp::create(builder, loc, constantChannel, 0, 1));
    order.add(Queue::Load, {}, parameterSlot,
              LoadInOp::create(builder, loc, constantChannel, 0, parameters, 1,
                               1, 2 * int64_t(machine.config.cols)));
  }
  IntegerAttr biases;
  if (group.kind == VectorKind::Sum)
    biases = builder.getI32IntegerAttr(
        local(Space::Accumulator, plan.parameterRow + 1));
  if (flips || group.usesAccumulator())
    order.add(Queue::Store, {}, {},
              StoreQuantizeOp::create(builder, loc, parameters, epilogue.zero,
                                      epilogue.low, epilogue.high, biases,
                                      /*isReal=*/group.isPair(),
                                      /*divide=*/false, /*raw=*/false, flips));
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
    order.add(Queue::Load, {}, {},
              LoadConfigOp::create(builder, loc, number, number,
                                   inner.dramStride, outer.dramStride, 0, flips,
                                   /*wide=*/false));
    order.add(Queue::Load, {}, {},
              LoadPlaceOp::create(builder, loc, number, outer.localStride, 1));
  }
  forRows(
      moved.loops, moved.dram, slots.row(slot), [&](int64_t from, int64_t to) {
        order.add(Queue::Load, {}, inputSlot(number, slot),
                  LoadInOp::create(builder, loc, number, from,
                                   local(Space::Scratchpad, to), inner.count,
                                   outer.count, moved.columns));
      });
}

void VectorEmitter::store() {
  TileTransfer moved(group.resultAxes, group.resultStart, group.laneDim,
                     offsets, extents, machine.config.cols, mostRows);
  auto [inner, outer] = moved.pattern;
  std::array<int64_t, 3> wanted = {inner.dramStride, outer.dramStride,
                                   outer.localStride};
  if (storeRegisters != wanted) {
    storeRegisters = wanted;
    order.add(Queue::Store, {}, {},
              StoreConfigOp::create(builder, loc, resultSegment(group),
                                    inner.dramStride, outer.dramStride));
    // All columns have one scale.
    order.add(Queue::Store, {}, {},
              StorePlaceOp::create(builder, loc, outer.localStride, 1,
                                   /*keepStride1=*/0, /*scaleBlock=*/0));
  }
  bool isMap = group.kind == VectorKind::Map;
  const TileSlots &slots = isMap ? plan.inputs[0] : plan.result;
  unsigned slot = isMap ? inputs[0].slot : resultSlot;
  SmallVector<Slot, 2> reads = {isMap ? inputSlot(0, slot)
                                      : resultSlotOf(slot)};
  if (group.usesAccumulator())
    reads.push_back(parameterSlot);
  Space space =
      group.usesAccumulator() ? Space::Accumulator : Space::Scratchpad;
  forRows(
      moved.loops, moved.dram, slots.row(slot), [&](int64_t to, int64_t from) {
        order.add(Queue::Store, reads, {},
                  StoreOutOp::create(builder, loc, to, local(space, from),
                                     inner.count, outer.count, moved.columns));
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
  order.add(Queue::Vector, {}, {},
            VectorConfigOp::create(builder, loc, wanted[0], wanted[1],
                                   wanted[2], wanted[3]));
}

template <typename OpT>
void VectorEmitter::vector(int32_t to, int32_t from, ArrayRef<RowLoop> loops,
                           ArrayRef<Slot> reads, ArrayRef<Slot> writes) {
  VectorPattern pattern(RowLoops(loops.begin(), loops.end()));
  configureVector(pattern.inner, pattern.outer);
  forRows(pattern.around, from, to, [&](int64_t source, int64_t target) {
    order.add(Queue::Vector, reads, writes,
              OpT::create(builder, loc, int32_t(target), int32_t(source),
                          pattern.inner.count, pattern.outer.count));
  });
}

template <typename OpT>
void VectorEmitter::vectorRows(int32_t to, int32_t from, int64_t rows,
                               ArrayRef<Slot> reads, ArrayRef<Slot> writes) {
  vector<OpT>(to, from, RowLoop{rows, 1, 1}, reads, writes);
}

void VectorEmitter::compute() {
  switch (group.kind) {
  case VectorKind::Map:
    if (!group.table.empty()) {
      Slot slot = inputSlot(0, inputs[0].slot);
      int32_t row =
          local(Space::Scratchpad, plan.inputs[0].row(inputs[0].slot));
      vectorRows<VectorMapOp>(row, row,
                              positions(group.resultAxes, extents) * blocks(),
                              slot, slot);
    }
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
  const VectorInput &input = group.inputs[0];
  Slot from = inputSlot(0, inputs[0].slot), to = resultSlotOf(resultSlot);
  int32_t source = local(Space::Scratchpad, plan.inputs[0].row(inputs[0].slot));
  int64_t row = plan.result.row(resultSlot);
  RowLoops loops =
      vectorLoops(group, extents, group.resultAxes, input.axes, blocks());
  if (group.kind == VectorKind::Sum) {
    int32_t target = local(Space::Accumulator, row);
    int64_t rows = positions(group.resultAxes, extents) * blocks();
    order.add(
        Queue::Load, {}, to,
        LoadFillOp::create(builder, loc, constantChannel, target, rows, 1));
    return vector<VectorSumOp>(target, source, loops, {from, to}, to);
  }
  int32_t target = local(Space::Scratchpad, row);
  // The first of each window; strides are those of the whole tile.
  SmallVector<int64_t, 6> toRows =
      axisRows(group.resultAxes, extents, blocks());
  SmallVector<int64_t, 6> fromRows = axisRows(input.axes, extents, blocks());
  RowLoops first;
  for (unsigned d = 0; d < extents.size(); ++d)
    if (d != group.laneDim && !group.model.dims[d].isReduction)
      first.push_back({extents[d], rowsOfDim(input.axes, fromRows, d),
                       rowsOfDim(group.resultAxes, toRows, d)});
  first.push_back({blocks(), 1, 1});
  vector<VectorCopyOp>(target, source, foldLoops(first), from, to);
  vector<VectorMaximumOp>(target, source, loops, {from, to}, to);
}

void VectorEmitter::combinePair() {
  int64_t row = plan.result.row(resultSlot);
  Slot to = resultSlotOf(resultSlot);
  for (unsigned number : {0u, 1u}) {
    const VectorInput &input = group.inputs[number];
    std::pair<float, int64_t> wanted = {input.scale, input.zero};
    if (!hasParameter || parameter != wanted)
      order.add(Queue::Vector, {}, {},
                VectorParameterOp::create(
                    builder, loc, builder.getF32FloatAttr(input.scale),
                    builder.getI64IntegerAttr(input.zero)));
    hasParameter = true;
    parameter = wanted;
    int32_t source =
        local(Space::Scratchpad, plan.inputs[number].row(inputs[number].slot));
    Slot from = inputSlot(number, inputs[number].slot);
    if (number == 0)
      vector<VectorRealOp>(
          local(Space::Accumulator, row), source,
          vectorLoops(group, extents, group.resultAxes, input.axes, blocks()),
          from, to);
    else
      vectorRows<VectorRealOp>(local(Space::Accumulator, plan.termRow), source,
                               positions(input.axes, extents) * blocks(), from,
                               termSlot);
  }
  int32_t target = local(Space::Accumulator, row),
          term = local(Space::Accumulator, plan.termRow);
  RowLoops loops = vectorLoops(group, extents, group.resultAxes,
                               group.inputs[1].axes, blocks());
  if (group.kind == VectorKind::Add)
    vector<VectorAddRealOp>(target, term, loops, {termSlot, to}, to);
  else
    vector<VectorMultiplyRealOp>(target, term, loops, {termSlot, to}, to);
}
