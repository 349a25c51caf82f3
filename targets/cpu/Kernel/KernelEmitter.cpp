//===- KernelEmitter.cpp - The loops of a kernel --------------------------===//

#include "targets/cpu/Kernel/KernelEmitter.h"
#include "targets/cpu/Kernel/Combiner.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

int64_t aicc::cpu::tripCount(const RegionModel &model,
                             const KernelMapping &mapping) {
  int64_t trip = 1;
  for (int64_t dim : llvm::ArrayRef(mapping.order).take_front(mapping.parallel))
    trip *= llvm::divideCeil(model.dims[dim].size, mapping.tile[dim]);
  return trip;
}

KernelEmitter::KernelEmitter(OpBuilder &builder, RegionModel &model,
                             const KernelMapping &mapping, ValueRange buffers)
    : builder(builder), model(model), mapping(mapping), buffers(buffers),
      layouts(model.region.getLayoutsAttr()), loc(model.root.getLoc()),
      vectorised(mapping.vector >= 0), tileNumber(model.dims.size()),
      tileSize(mapping.tile.begin(), mapping.tile.end()) {}

LogicalResult KernelEmitter::emit(Value begin, Value end, std::string &why) {
  if (mapping.order.size() != model.dims.size()) {
    why = "the mapping has " + std::to_string(mapping.order.size()) +
          " loops and the group " + std::to_string(model.dims.size());
    return failure();
  }
  bool inReduction = false;
  for (auto [level, dim] : llvm::enumerate(mapping.order)) {
    if (inReduction && !model.dims[dim].isReduction) {
      why = "a parallel loop inside a reduction";
      return failure();
    }
    inReduction |= model.dims[dim].isReduction;
    if (inReduction && int64_t(level) < mapping.parallel) {
      why = "a reduction among the parallel loops";
      return failure();
    }
  }
  if (reducesLanes() && !combinerOf(model.root)) {
    why = "its reduction cannot run across lanes";
    return failure();
  }
  if (mapping.dot >= 0 && !allowsDots(why))
    return failure();

  Value one = constantIndex(1);
  auto loop = scf::ForOp::create(builder, loc, begin, end, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  memos.emplace_back();
  Value rest = loop.getInductionVar();
  for (int64_t level = mapping.parallel - 1; level >= 0; --level) {
    int64_t dim = mapping.order[level];
    int64_t count = llvm::divideCeil(model.dims[dim].size, mapping.tile[dim]);
    if (level == 0) {
      tileNumber[dim] = rest;
      break;
    }
    Value size = constantIndex(count);
    tileNumber[dim] = arith::RemUIOp::create(builder, loc, rest, size);
    rest = arith::DivUIOp::create(builder, loc, rest, size);
  }
  emitParallelLevel(0);
  memos.pop_back();
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// The tile of a parallel dimension is whole or, once, the rest of it.
void KernelEmitter::emitParallelLevel(unsigned level) {
  if (level == mapping.parallel)
    return emitSequentialLevel(level);
  int64_t dim = mapping.order[level];
  int64_t tile = mapping.tile[dim];
  int64_t full = model.dims[dim].size / tile;
  int64_t rest = model.dims[dim].size % tile;
  auto emitWith = [&](int64_t size) {
    tileSize[dim] = size;
    memos.emplace_back();
    emitParallelLevel(level + 1);
    memos.pop_back();
  };
  if (rest == 0)
    return emitWith(tile);
  if (full == 0)
    return emitWith(rest);
  Value isFull = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       tileNumber[dim], constantIndex(full));
  auto branch = scf::IfOp::create(builder, loc, isFull, /*withElse=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    emitWith(tile);
    builder.setInsertionPointToStart(branch.elseBlock());
    emitWith(rest);
  }
}

void KernelEmitter::emitSequentialLevel(unsigned level) {
  if (level == mapping.order.size() ||
      model.dims[mapping.order[level]].isReduction)
    return emitTile();
  int64_t dim = mapping.order[level];
  int64_t tile = mapping.tile[dim];
  int64_t full = model.dims[dim].size / tile;
  int64_t rest = model.dims[dim].size % tile;
  auto emitWith = [&](Value number, int64_t size) {
    tileNumber[dim] = number;
    tileSize[dim] = size;
    memos.emplace_back();
    emitSequentialLevel(level + 1);
    memos.pop_back();
  };
  if (full == 1)
    emitWith(Value(), tile);
  if (full > 1) {
    auto loop = scf::ForOp::create(builder, loc, constantIndex(0),
                                   constantIndex(full), constantIndex(1));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    emitWith(loop.getInductionVar(), tile);
  }
  if (rest)
    emitWith(full ? constantIndex(full) : Value(), rest);
}

void KernelEmitter::emitTile() {
  reduced.clear();
  if (!isPointwise(model.root))
    emitReduction();
  emitStores();
  vectorised = mapping.vector >= 0;
}

/// All positions of the register tile along the parallel dimensions, or along
/// the reductions. The lanes come last: of what a row needs only one value is
/// then live at a time, beside one vector for each block of lanes.
SmallVector<KernelEmitter::Coord>
KernelEmitter::coordinates(bool reduction) const {
  SmallVector<Coord> coords = {Coord(model.dims.size(), 0)};
  SmallVector<int64_t> order(mapping.order.begin(), mapping.order.end());
  llvm::stable_sort(order, [&](int64_t a, int64_t b) {
    return (a == mapping.vector) < (b == mapping.vector);
  });
  for (int64_t dim : order) {
    if (model.dims[dim].isReduction != reduction)
      continue;
    int64_t step = dim == mapping.vector ? mapping.lanes
                   : dim == mapping.dot  ? KernelMapping::dotWidth
                                         : 1;
    SmallVector<Coord> next;
    for (const Coord &coord : coords)
      for (int64_t j = 0; j < tileSize[dim]; j += step) {
        next.push_back(coord);
        next.back()[dim] = j;
      }
    coords = std::move(next);
  }
  return coords;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

void KernelEmitter::emitReduction() {
  linalg::GenericOp root = model.root;
  SmallVector<Coord> coords = coordinates(/*reduction=*/false);
  int64_t chunks = 1;
  if (reducesLanes())
    chunks = llvm::divideCeil(
        std::min(mapping.tile[mapping.vector], model.dims[mapping.vector].size),
        mapping.lanes);

  // Where lanes are reduced, they start from the neutral element, and the
  // initial value joins at the end.
  SmallVector<Value> accs, inits;
  unsigned rank = model.rootSizes.size();
  SmallVector<LinearForm> identity;
  for (unsigned d = 0; d < rank; ++d)
    identity.push_back(LinearForm::dim(d, rank));
  for (const Coord &at : coords)
    for (OpOperand &init : root.getDpsInitsMutable()) {
      IndexForms index =
          composeForms(root.getMatchingIndexingMap(&init), identity, rank);
      bool wasVectorised = vectorised;
      vectorised = vectorised && !reducesLanes();
      Lane lane = evaluate(init.get(), index, at);
      vectorised = wasVectorised;
      if (reducesLanes()) {
        inits.push_back(lane.value);
        Value neutral =
            combinerOf(root)->neutral(builder, loc, lane.value.getType());
        Value vector = vector::BroadcastOp::create(
            builder, loc, vectorType(lane.value.getType()), neutral);
        accs.append(chunks, vector);
        continue;
      }
      accs.push_back(vectorised ? toVector(lane) : lane.value);
    }

  size_t count = accs.size();
  if (shiftsBytes)
    llvm::append_range(accs, shiftSums(coords));
  unsigned level = 0;
  while (level < mapping.order.size() &&
         !model.dims[mapping.order[level]].isReduction)
    ++level;
  accs = emitReductionLevel(level, std::move(accs));
  if (shiftsBytes)
    undoShift(accs, count, coords);

  unsigned numResults = root->getNumResults();
  for (auto [number, at] : llvm::enumerate(coords)) {
    SmallVector<Lane> results;
    for (unsigned r = 0; r < numResults; ++r) {
      if (reducesLanes())
        results.push_back({foldAccumulators(ArrayRef<Value>(accs).slice(
                                                number * chunks, chunks),
                                            inits[number]),
                           false, 0});
      else
        results.push_back({accs[number * numResults + r], vectorised, 0});
    }
    reduced[at] = results;
  }
  if (reducesLanes())
    vectorised = false;
}

Value KernelEmitter::foldAccumulators(ArrayRef<Value> chunks, Value init) {
  Combiner combiner = *combinerOf(model.root);
  SmallVector<Value> values(chunks);
  while (values.size() > 1) {
    SmallVector<Value> next;
    for (size_t i = 0; i + 1 < values.size(); i += 2)
      next.push_back(combiner.combine(builder, loc, values[i], values[i + 1]));
    if (values.size() % 2)
      next.push_back(values.back());
    values = std::move(next);
  }
  Value scalar = combiner.foldLanes(builder, loc, values[0]);
  return combiner.combine(builder, loc, init, scalar);
}

SmallVector<Value> KernelEmitter::emitReductionLevel(unsigned level,
                                                     SmallVector<Value> accs) {
  if (level == mapping.order.size())
    return emitReductionBody(std::move(accs));
  int64_t dim = mapping.order[level];
  int64_t tile = mapping.tile[dim];
  int64_t full = model.dims[dim].size / tile;
  int64_t rest = model.dims[dim].size % tile;
  auto emitWith = [&](Value number, int64_t size, SmallVector<Value> values) {
    tileNumber[dim] = number;
    tileSize[dim] = size;
    memos.emplace_back();
    values = emitReductionLevel(level + 1, std::move(values));
    memos.pop_back();
    return values;
  };
  if (full == 1)
    accs = emitWith(Value(), tile, std::move(accs));
  if (full > 1) {
    auto loop = scf::ForOp::create(builder, loc, constantIndex(0),
                                   constantIndex(full), constantIndex(1), accs);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> inner(loop.getRegionIterArgs());
    inner = emitWith(loop.getInductionVar(), tile, std::move(inner));
    scf::YieldOp::create(builder, loc, inner);
    accs.assign(loop.getResults().begin(), loop.getResults().end());
  }
  if (rest)
    accs =
        emitWith(full ? constantIndex(full) : Value(), rest, std::move(accs));
  return accs;
}

/// One step of all accumulators for each position along the reductions.
SmallVector<Value> KernelEmitter::emitReductionBody(SmallVector<Value> accs) {
  if (mapping.dot >= 0)
    return emitDots(std::move(accs));
  linalg::GenericOp root = model.root;
  unsigned rank = model.rootSizes.size();
  unsigned numResults = root->getNumResults();
  SmallVector<LinearForm> loops;
  for (unsigned d = 0; d < rank; ++d)
    loops.push_back(LinearForm::dim(d, rank));
  SmallVector<Coord> outer = coordinates(/*reduction=*/false);
  unsigned perCoord = accs.size() / outer.size();

  for (const Coord &step : coordinates(/*reduction=*/true)) {
    for (auto [number, base] : llvm::enumerate(outer)) {
      Coord at = base;
      unsigned acc = number * perCoord;
      for (auto [d, dim] : llvm::enumerate(model.dims))
        if (dim.isReduction)
          at[d] = step[d];
      if (reducesLanes())
        acc += step[mapping.vector] / mapping.lanes;
      SmallVector<Lane> arguments;
      for (OpOperand *input : root.getDpsInputOperands())
        arguments.push_back(
            root.payloadUsesValueFromOperand(input)
                ? evaluate(input->get(),
                           composeForms(root.getMatchingIndexingMap(input),
                                        loops, rank),
                           at)
                : Lane());
      for (unsigned r = 0; r < numResults; ++r)
        arguments.push_back({accs[acc + r], vectorised, 0});
      SmallVector<Lane> results = emitPayload(root, arguments, loops, at);
      for (unsigned r = 0; r < numResults; ++r) {
        Value next = vectorised ? toVector(results[r]) : results[r].value;
        if (reducesLanes() && validLanes(at) < mapping.lanes)
          next = arith::SelectOp::create(builder, loc, maskFor(validLanes(at)),
                                         next, accs[acc + r]);
        accs[acc + r] = next;
      }
    }
  }
  return accs;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// All results of the tile are computed before any is stored, so that what
/// they share is computed once.
void KernelEmitter::emitStores() {
  auto yield = cast<YieldOp>(model.region.getBody().front().getTerminator());
  SmallVector<Coord> coords = coordinates(/*reduction=*/false);
  SmallVector<std::pair<const RegionAccess *, SmallVector<Lane>>> results;
  memos.emplace_back();
  for (const RegionAccess &access : model.accesses) {
    if (!access.isStore)
      continue;
    Value value = yield.getValues()[access.operand - model.numArguments()];
    SmallVector<Lane> lanes;
    for (const Coord &at : coords)
      lanes.push_back(evaluate(value, access.index, at));
    results.emplace_back(&access, std::move(lanes));
  }
  for (auto &[access, lanes] : results)
    storeTile(*access, coords, lanes);
  memos.pop_back();
}
