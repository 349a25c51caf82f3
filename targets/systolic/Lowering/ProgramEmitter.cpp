//===- ProgramEmitter.cpp - From a mapping to instructions ----------------===//

#include "targets/systolic/Lowering/ProgramEmitter.h"
#include "targets/systolic/Lowering/Kept.h"
#include "targets/systolic/Lowering/TileLoops.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;
using llvm::divideCeil;

/// The channel that fills is set for each byte that it fills with.
static constexpr unsigned inputChannel = 0, weightChannel = 1,
                          parameterChannel = 2, fillChannel = 3,
                          inputSegment = 0;

static constexpr int64_t rowsOfBlock = ArrayMachine::parameterRowsOfBlock;

static LocalAddress local(Space space, int64_t row, bool accumulate = false) {
  return LocalAddress::make(space, uint32_t(row), accumulate);
}

/// Each operand's slots are numbered apart.
static Slot inputSlot(unsigned slot) { return slot; }
static Slot weightSlot(unsigned slot) { return TileSlots::most + slot; }
static Slot resultSlot(unsigned slot) { return 2 * TileSlots::most + slot; }
static Slot parameterSlotOf(unsigned slot) {
  return 3 * TileSlots::most + slot;
}
static constexpr Slot inputShiftSlot = 4 * TileSlots::most,
                      weightShiftSlot = inputShiftSlot + 1;

static void collectDims(const Workload::Operand &operand,
                        SmallVectorImpl<unsigned> &dims) {
  for (const auto &terms : operand.index)
    for (const Workload::Term &term : terms)
      if (!llvm::is_contained(dims, term.dim))
        dims.push_back(term.dim);
}

ProgramEmitter::ProgramEmitter(const Product &product,
                               const ArrayMachine &machine,
                               const Mapping &mapping, const TilePlan &plan,
                               ConstantBlob &constants)
    : product(product), machine(machine), mapping(mapping), plan(plan),
      constants(constants) {
  for (const Workload::Dim &dim : product.workload().dims) {
    offsets.push_back(0);
    extents.push_back(dim.size);
  }
  for (const Axis &axis : product.inputAxes)
    for (const Workload::Term &term : axis.terms)
      inputDims.push_back(term.dim);
  if (product.rowDim >= 0)
    inputDims.push_back(product.rowDim);
  collectDims(product.workload().operands[1], weightDims);
  // What is kept is a tile that is always there.
  if (product.keptInput)
    input = {offsets, extents, 0, true};
}

std::optional<std::vector<Instruction>> ProgramEmitter::run(std::string &why) {
  fillShiftRows();
  walk(0);
  if (product.keptResult)
    fillBorder(*product.keptResult, fillChannel, make, order);
  why = make.error();
  if (!why.empty())
    return std::nullopt;
  return order.finish();
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void ProgramEmitter::configureLoad(unsigned channel, unsigned segment,
                                   int64_t stride0, int64_t stride1, bool flip,
                                   bool wide) {
  Channel &now = channels[channel];
  if (now.isSet && now.segment == segment && now.stride0 == stride0 &&
      now.stride1 == stride1)
    return;
  now.isSet = true;
  now.segment = segment;
  now.stride0 = stride0;
  now.stride1 = stride1;
  order.add({}, {},
            make.loadConfig(channel, segment, stride0, stride1,
                            /*fill=*/0, flip, wide));
}

void ProgramEmitter::placeLoad(unsigned channel, int64_t stride1,
                               int64_t block) {
  Channel &now = channels[channel];
  if (now.placeStride1 == stride1 && now.block == block)
    return;
  now.placeStride1 = stride1;
  now.block = block;
  order.add({}, {}, make.loadPlace(channel, stride1, block));
}

void ProgramEmitter::configureExecute(int64_t aStride0, int64_t aStride1,
                                      int64_t cStride1) {
  std::array<int64_t, 3> wanted = {aStride0, aStride1, cStride1};
  if (executeStrides == wanted)
    return;
  executeStrides = wanted;
  order.add({}, {}, make.executeConfig(aStride0, aStride1, cStride1));
}

void ProgramEmitter::configureStore(int64_t stride0, int64_t stride1) {
  std::array<int64_t, 2> wanted = {stride0, stride1};
  if (storeStrides == wanted)
    return;
  storeStrides = wanted;
  order.add({}, {},
            make.storeConfig(product.resultSegment(), stride0, stride1));
}

void ProgramEmitter::placeStore(int64_t stride1, int64_t block,
                                int64_t keptStride1, int64_t scaleBlock) {
  std::array<int64_t, 4> wanted = {stride1, block, keptStride1, scaleBlock};
  if (storePlace == wanted)
    return;
  storePlace = wanted;
  order.add({}, {}, make.storePlace(stride1, block, keptStride1, scaleBlock));
}

void ProgramEmitter::configureQuantize(int64_t parameters) {
  if (quantizedBy == parameters)
    return;
  quantizedBy = parameters;
  const Epilogue &epilogue = product.epilogue;
  Encoder::Quantize fields;
  fields.scales = local(Space::Accumulator, parameters);
  fields.zero = epilogue.zero;
  fields.low = epilogue.low;
  fields.high = epilogue.high;
  fields.raw = epilogue.isRaw;
  fields.flip = product.keptResult && product.keptResult->isShifted;
  if (product.hasParameters())
    fields.biases = local(Space::Accumulator, parameters + 1);
  order.add({}, {}, make.storeQuantize(fields));
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

void ProgramEmitter::walk(unsigned level) {
  if (level == plan.input.level)
    enterInput();
  if (level == plan.weight.level)
    enterWeights();
  if (level == plan.result.level)
    result = {offsets, extents, (result.slot + 1) % plan.result.count, true};
  if (level == plan.computeLevel)
    multiply();
  else
    forTiles(mapping.loops[level], offsets, extents, [&] { walk(level + 1); });
  if (level == plan.result.level)
    storeResults();
}

/// Whether the tile that the walk is in is another one than the last, in the
/// dimensions that its operand depends on; then notes it.
template <typename ResidentT>
static bool moves(ResidentT &resident, ArrayRef<unsigned> dims,
                  const Extents &offsets, const Extents &extents,
                  unsigned slots) {
  auto same = [&](unsigned dim) {
    return resident.offsets[dim] == offsets[dim] &&
           resident.extents[dim] == extents[dim];
  };
  if (resident.isThere && llvm::all_of(dims, same))
    return false;
  resident.slot = resident.isThere ? (resident.slot + 1) % slots : 0;
  resident.isThere = true;
  resident.offsets = offsets;
  resident.extents = extents;
  return true;
}

void ProgramEmitter::enterInput() {
  if (!product.keptInput &&
      moves(input, inputDims, offsets, extents, plan.input.count))
    loadInput();
}

void ProgramEmitter::enterWeights() {
  if (moves(weight, weightDims, offsets, extents, plan.weight.count))
    loadWeights();
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

void ProgramEmitter::loadInput() {
  int64_t lanes = extent(product.rowDim);
  int64_t blocks = divideCeil(lanes, rows());
  int64_t dram = product.inputStart + offset(product.rowDim);
  RowLoops loops =
      tileLoops(product.inputAxes, offsets, extents, extents, blocks, dram);
  // Rows that follow each other in memory, in whole lanes, are one long row.
  int64_t columns = lanes;
  if (!loops.empty() && loops.back().dramStride == lanes &&
      lanes % rows() == 0) {
    RowLoop &last = loops.back();
    int64_t together = std::max<int64_t>(mostRows / lanes, 1);
    if (last.count <= together) {
      columns = lanes * last.count;
      loops.pop_back();
    }
  }
  auto [inner, outer] = takePattern(loops, mostOuterRows);
  configureLoad(inputChannel, inputSegment, inner.dramStride, outer.dramStride,
                product.isInputUnsigned, /*wide=*/false);
  placeLoad(inputChannel, outer.localStride, /*block=*/1);
  forRows(
      loops, dram, plan.input.row(input.slot), [&](int64_t from, int64_t to) {
        order.add({}, inputSlot(input.slot),
                  make.loadIn(inputChannel, from, local(Space::Scratchpad, to),
                              inner.count, outer.count, columns));
      });
}

void ProgramEmitter::fillShiftRows() {
  auto fill = [&](Slot slot, Shift shift, LocalAddress to, int64_t count) {
    if (count == 0)
      return;
    order.add({}, {},
              make.loadConfig(fillChannel, /*segment=*/0, 0, 0,
                              uint8_t(shift.part()), /*flip=*/false,
                              /*wide=*/false));
    order.add({}, slot, make.loadFill(fillChannel, to, count, 1));
  };
  fill(inputShiftSlot, product.inputShift,
       local(Space::Scratchpad, plan.inputShiftRow), product.inputShiftRows());
  fill(weightShiftSlot, product.weightShift,
       local(weightSpace(), plan.weightShiftRow),
       product.weightShiftRows(rows()));
}

/// For each block of columns, in the order of `weightRow`.
void ProgramEmitter::loadComputedWeights() {
  int64_t dram = product.weightStart, block = 1;
  for (auto [offset, stride] : llvm::zip(offsets, product.weightStrides))
    dram += offset * stride;
  RowLoops loops;
  SmallVector<int, 8> dims{product.rowDim};
  for (unsigned dim : llvm::reverse(product.weightDims))
    dims.push_back(int(dim));
  for (int dim : dims) {
    if (dim < 0)
      continue;
    loops.push_back({extents[dim], product.weightStrides[dim], block});
    block *= extents[dim];
  }
  std::reverse(loops.begin(), loops.end());
  loops = foldLoops(loops);
  auto [inner, outer] = takePattern(loops, mostOuterRows);
  configureLoad(weightChannel, product.weightSegment(), inner.dramStride,
                outer.dramStride, product.isWeightUnsigned, /*wide=*/false);
  placeLoad(weightChannel, outer.localStride, block);
  forRows(loops, dram, plan.weight.row(weight.slot),
          [&](int64_t from, int64_t to) {
            order.add({}, weightSlot(weight.slot),
                      make.loadIn(weightChannel, from, local(weightSpace(), to),
                                  inner.count, outer.count,
                                  extent(product.colDim)));
          });
}

void ProgramEmitter::loadWeights() {
  if (product.isWeightComputed)
    return loadComputedWeights();
  int64_t dram = constants.weightTile(offsets, extents);
  int64_t columns = extent(product.colDim);
  int64_t count = product.weightLanes(extents);
  for (unsigned dim : product.weightDims)
    count *= extents[dim];
  int64_t first = plan.weight.row(weight.slot);
  auto load = [&](int64_t from, int64_t to, int64_t rowsNow, int64_t width) {
    order.add({}, weightSlot(weight.slot),
              make.loadIn(weightChannel, from, local(weightSpace(), to),
                          rowsNow, 1, width));
  };
  // One block of whole rows is one long row.
  if (columns == cols()) {
    configureLoad(weightChannel, product.constantSegment(), 0, 0, false, false);
    placeLoad(weightChannel, 0, /*block=*/1);
    int64_t together = mostRows / cols();
    for (int64_t done = 0; done < count; done += together) {
      int64_t now = std::min(together, count - done);
      load(dram + done * cols(), first + done, 1, now * cols());
    }
    return;
  }
  configureLoad(weightChannel, product.constantSegment(), columns, 0, false,
                false);
  placeLoad(weightChannel, 0, count);
  for (int64_t done = 0; done < count; done += mostRows) {
    int64_t now = std::min(mostRows, count - done);
    load(dram + done * columns, first + done, now, columns);
  }
}

//===----------------------------------------------------------------------===//
// The array
//===----------------------------------------------------------------------===//

/// The row of a tile (which starts at `tileOffsets`) where the walk is.
static int64_t rowAt(ArrayRef<Axis> axes, ArrayRef<int64_t> strides,
                     ArrayRef<int64_t> offsets, ArrayRef<int64_t> tileOffsets) {
  int64_t row = 0;
  for (auto [axis, stride] : llvm::zip(axes, strides))
    row += (axis.start(offsets) - axis.start(tileOffsets)) * stride;
  return row;
}

void ProgramEmitter::multiply() {
  // Where the weights of this pass are in their tile.
  int64_t count = 1, position = 0;
  for (unsigned dim : product.weightDims) {
    position =
        position * weight.extents[dim] + offsets[dim] - weight.offsets[dim];
    count *= weight.extents[dim];
  }
  int rowDim = product.rowDim, colDim = product.colDim;
  int64_t lanes = product.weightLanes(weight.extents);
  int64_t lane = rowDim < 0 || product.isDiagonal()
                     ? 0
                     : offsets[rowDim] - weight.offsets[rowDim];
  int64_t column = colDim < 0 ? 0 : offsets[colDim] - weight.offsets[colDim];
  int64_t weightRow = plan.weight.row(weight.slot) +
                      column / cols() * (count * lanes) + position * lanes +
                      lane;
  int64_t inputLane = rowDim < 0 ? 0 : offsets[rowDim] - input.offsets[rowDim];
  passes(weightRow, extent(rowDim), extent(colDim), inputLane);
}

/// Runs the rows that are left through the array, with one tile of weights.
void ProgramEmitter::passes(int64_t weightRow, int64_t k, int64_t n,
                            int64_t lane) {
  int colDim = product.colDim;
  SmallVector<int64_t, 6> aRows = inputStrides(product, input.extents, rows());
  SmallVector<int64_t, 6> cRows =
      axisRows(product.resultAxes, result.extents, 1);
  int64_t blockRows = positions(product.resultAxes, result.extents);
  int64_t column = colDim < 0 ? 0 : offsets[colDim] - result.offsets[colDim];
  int64_t start =
      product.keptInput ? product.keptInput->row : plan.input.row(input.slot);
  int64_t a = start + lane / rows() +
              rowAt(product.inputAxes, aRows, offsets, input.offsets);
  int64_t c = plan.result.row(result.slot) + column / cols() * blockRows +
              rowAt(product.resultAxes, cRows, offsets, result.offsets);
  bool isFirst = true;
  for (auto [d, dim] : llvm::enumerate(product.workload().dims))
    isFirst &=
        !dim.isReduction || int(d) == product.repeatDim || offsets[d] == 0;

  RowLoops loops = passLoops(product, extents, aRows, result.extents);
  auto [inner, outer] = takePattern(loops, mostRows);
  int64_t repeat = offset(product.repeatDim);
  for (int64_t i = repeat; i < repeat + extent(product.repeatDim); ++i) {
    bool isInput = i == 0 || i > product.inputShift.parts(),
         isWeight = i <= product.inputShift.parts();
    Slot inputs = isInput ? inputSlot(input.slot) : inputShiftSlot;
    Slot weights = isWeight ? weightSlot(weight.slot) : weightShiftSlot;
    LocalAddress held =
        local(weightSpace(), isWeight ? weightRow : plan.weightShiftRow);
    if (isInput)
      configureExecute(inner.dramStride, outer.dramStride, outer.localStride);
    else
      configureExecute(0, 0, outer.localStride);
    forRows(loops, a, c, [&](int64_t from, int64_t to) {
      order.add(weights, {},
                make.executeWeights(held, k, n, product.isDiagonal()));
      order.add(
          {inputs, weights}, resultSlot(result.slot),
          make.executeMultiply(
              local(Space::Scratchpad, isInput ? from : plan.inputShiftRow),
              local(Space::Accumulator, to, !isFirst || i != 0), inner.count,
              outer.count, k));
    });
  }
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

void ProgramEmitter::storeResults() { storeGroups(product.parameterDims()); }

/// Each group of channels has parameters of its own: the results leave group
/// by group over `dims`.
void ProgramEmitter::storeGroups(ArrayRef<unsigned> dims) {
  if (!dims.empty()) {
    int64_t start = offsets[dims.front()], count = extents[dims.front()];
    extents[dims.front()] = 1;
    for (int64_t i = 0; i < count; ++i) {
      offsets[dims.front()] = start + i;
      storeGroups(dims.drop_front());
    }
    offsets[dims.front()] = start;
    extents[dims.front()] = count;
    return;
  }
  int64_t blocks = divideCeil(extent(product.colDim), cols());
  int64_t together = plan.storedBlocks(product, blocks, cols());
  for (int64_t block = 0; block < blocks; block += together)
    storeBlocks(block, std::min(together, blocks - block));
}

/// The row of the accumulator where they are.
int64_t ProgramEmitter::loadParameters(int64_t first, int64_t columns) {
  int64_t dram =
      product.hasParameters()
          ? constants.parameters(product.groupAt(offsets), first, columns)
          : -1;
  bool isNew = parametersAt != dram;
  if (isNew)
    parameterSlot = (parameterSlot + 1) % plan.parameterSlots;
  parametersAt = dram;
  int64_t row =
      plan.parameterFirst + parameterSlot * plan.parameterBlocks * rowsOfBlock;
  if (isNew) {
    configureLoad(parameterChannel, product.constantSegment(), 0, 0, false,
                  /*wide=*/true);
    placeLoad(parameterChannel, 0, /*block=*/1);
    order.add({}, parameterSlotOf(parameterSlot),
              make.loadIn(parameterChannel, dram,
                          local(Space::Accumulator, row), 1, 1,
                          divideCeil(columns, cols()) * cols() * rowsOfBlock));
  }
  return row;
}

void ProgramEmitter::storeBlocks(int64_t block, int64_t count) {
  int64_t first = offset(product.colDim) + block * cols();
  int64_t columns =
      std::min(count * cols(), extent(product.colDim) - block * cols());
  int64_t parameters = loadParameters(first, columns);
  if (product.keptResult)
    return keepBlocks(block, count, parameters);
  int64_t blockRows = positions(product.resultAxes, result.extents);
  int64_t dram = product.resultStart + first * (product.epilogue.isRaw ? 4 : 1);
  StoredRows stored(product, offsets, extents, result.extents, columns, cols(),
                    dram);
  SmallVector<int64_t, 6> tileRows =
      axisRows(product.resultAxes, result.extents, 1);
  int64_t from = plan.result.row(result.slot) + block * blockRows +
                 rowAt(product.resultAxes, tileRows, offsets, result.offsets);
  int64_t blockStride = stored.isJoined ? 1 : blockRows,
          scaleBlock = stored.isJoined ? 0 : rowsOfBlock;
  auto [inner, outer] = takePattern(stored.loops, mostRows);
  configureStore(inner.dramStride, outer.dramStride);
  placeStore(outer.localStride, blockStride, /*keptStride1=*/0, scaleBlock);
  configureQuantize(parameters);
  forRows(stored.loops, dram, from, [&](int64_t to, int64_t row) {
    order.add({resultSlot(result.slot), parameterSlotOf(parameterSlot)}, {},
              make.storeOut(to, local(Space::Accumulator, row), inner.count,
                            outer.count, stored.columns));
  });
}

/// Into the rows of the scratchpad where the next group finds them, block by
/// block of columns.
void ProgramEmitter::keepBlocks(int64_t block, int64_t count,
                                int64_t parameters) {
  for (int64_t i = 0; i < count; ++i) {
    configureQuantize(parameters + i * rowsOfBlock);
    keepBlock(block + i);
  }
}

void ProgramEmitter::keepBlock(int64_t block) {
  const KeptTensor &kept = *product.keptResult;
  int64_t first = offset(product.colDim) + block * cols();
  int64_t columns = std::min(cols(), extent(product.colDim) - block * cols());
  SmallVector<int64_t, 6> tileRows =
      axisRows(product.resultAxes, result.extents, 1);
  int64_t from = plan.result.row(result.slot) +
                 block * positions(product.resultAxes, result.extents) +
                 rowAt(product.resultAxes, tileRows, offsets, result.offsets);
  int64_t to = kept.rowAt(product.resultAxes, offsets) + first / cols();
  KeptRows rows(keptLoops(product, extents, result.extents));
  auto [inner, outer] = rows.pattern;
  placeStore(outer.localStride, /*block=*/0, outer.dramStride,
             /*scaleBlock=*/0);
  forRows(rows.loops, to, from, [&](int64_t target, int64_t row) {
    order.add({resultSlot(result.slot), parameterSlotOf(parameterSlot)}, {},
              make.storeKeep(local(Space::Scratchpad, target),
                             local(Space::Accumulator, row), inner.count,
                             outer.count, columns));
  });
}
