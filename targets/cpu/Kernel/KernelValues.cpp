//===- KernelValues.cpp - The values of a kernel --------------------------===//
//
// Scalars stay scalars as long as they are the same in all lanes; only what
// differs from lane to lane becomes a vector.
//
//===----------------------------------------------------------------------===//

#include "aicc/Memory/BufferPlan.h"
#include "targets/cpu/Kernel/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

Value KernelEmitter::constantIndex(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value KernelEmitter::maskFor(int64_t valid, int64_t width) {
  SmallVector<bool> bits(width, false);
  std::fill(bits.begin(), bits.begin() + valid, true);
  auto type = VectorType::get({width}, builder.getI1Type());
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(type, bits));
}

int64_t KernelEmitter::validLanes(const Coord &at) const {
  int64_t dim = mapping.vector;
  return std::min(mapping.lanes, tileSize[dim] - at[dim]);
}

const KernelEmitter::Lane *
KernelEmitter::lookup(const std::vector<int64_t> &key) const {
  for (const Memo &memo : llvm::reverse(memos)) {
    auto found = memo.find(key);
    if (found != memo.end())
      return &found->second;
  }
  return nullptr;
}

Value KernelEmitter::toVector(Lane lane) {
  if (lane.isVector)
    return lane.value;
  Type element = lane.value.getType();
  Value vector = vector::BroadcastOp::create(builder, loc, vectorType(element),
                                             lane.value);
  if (lane.step == 0)
    return vector;
  SmallVector<Attribute> steps;
  for (int64_t l = 0; l < mapping.lanes; ++l)
    steps.push_back(builder.getIntegerAttr(element, l * lane.step));
  Value offsets = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(vectorType(element), steps));
  return arith::AddIOp::create(builder, loc, vector, offsets);
}

/// Booleans take one byte in memory.
Value KernelEmitter::fromMemory(Value value, Type elementType) {
  if (!elementType.isInteger(1))
    return value;
  Type type = elementType;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(elementType);
  return arith::TruncIOp::create(builder, loc, type, value);
}

Value KernelEmitter::toMemory(Value value) {
  if (!getElementTypeOrSelf(value.getType()).isInteger(1))
    return value;
  Type type = builder.getI8Type();
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(type);
  return arith::ExtUIOp::create(builder, loc, type, value);
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

KernelEmitter::Address KernelEmitter::addressOf(unsigned operand,
                                                const IndexForms &index) const {
  Address address;
  unsigned rank = model.rootSizes.size();
  LinearForm form = LinearForm::zero(rank);
  // Steps from block to block of packed storage, by root dimension.
  SmallVector<int64_t> blockStride(rank, 0);
  if (auto layout = dyn_cast<LayoutAttr>(layouts[operand])) {
    form = model.windowAddress(index, layout);
    form.constant += layout.getOffset();
  } else {
    auto pack = cast<PackAttr>(layouts[operand]);
    int64_t stride = 1;
    for (size_t i = pack.getDims().size(); i-- > 0;) {
      const LinearForm &walked = index[pack.getDims()[i]];
      if (pack.getSteps()[i] == 1)
        form.accumulate(walked, stride);
      else if (auto dim = walked.asDim())
        blockStride[*dim] = stride;
      stride *= pack.getSizes()[i];
    }
  }
  LinearForm overDims = model.overDims(form);
  address.intra.assign(overDims.coeffs.begin(), overDims.coeffs.end());
  address.constant = overDims.constant;
  for (auto [d, dim] : llvm::enumerate(model.dims)) {
    int64_t block = blockStride[dim.original.back()];
    address.block.push_back(block ? block : address.intra[d] * mapping.tile[d]);
  }
  return address;
}

/// Summed from the outermost loop inwards, so that what does not change in an
/// inner loop is hoisted out of it.
Value KernelEmitter::baseOf(const Address &address) {
  auto flags = arith::IntegerOverflowFlags::nsw;
  Value base;
  for (int64_t dim : mapping.order) {
    if (!tileNumber[dim] || address.block[dim] == 0)
      continue;
    Value term = tileNumber[dim];
    if (address.block[dim] != 1)
      term = arith::MulIOp::create(builder, loc, term,
                                   constantIndex(address.block[dim]), flags);
    base = base ? Value(arith::AddIOp::create(builder, loc, base, term, flags))
                : term;
  }
  return base;
}

Value KernelEmitter::linearIndex(const Address &address, const Coord &at) {
  int64_t offset = address.constant;
  for (auto [coeff, j] : llvm::zip(address.intra, at))
    offset += coeff * j;
  std::vector<int64_t> key = {0};
  llvm::append_range(key, address.block);
  const Lane *known = lookup(key);
  Value base = known ? known->value : baseOf(address);
  if (!known)
    remember(key, {base, false, 0});
  if (!base)
    return constantIndex(offset);
  if (offset == 0)
    return base;
  return arith::AddIOp::create(builder, loc, base, constantIndex(offset),
                               arith::IntegerOverflowFlags::nsw);
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

KernelEmitter::Lane KernelEmitter::loadAt(Value buffer, Type elementType,
                                          Value index, int64_t stride,
                                          int64_t lanes) {
  Type stored = cast<MemRefType>(buffer.getType()).getElementType();
  if (stride == 0) {
    Value scalar = memref::LoadOp::create(builder, loc, buffer, index);
    return {fromMemory(scalar, elementType), false, 0};
  }
  VectorType type = vectorType(stored);
  bool masked = lanes < mapping.lanes;
  Value vector;
  if (stride == 1 && !masked) {
    vector = vector::LoadOp::create(builder, loc, type, buffer, index);
  } else {
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    if (stride == 1) {
      vector = vector::MaskedLoadOp::create(builder, loc, type, buffer, index,
                                            maskFor(lanes), zero);
    } else {
      Value offsets = toVector({constantIndex(0), /*isVector=*/false, stride});
      vector = vector::GatherOp::create(builder, loc, type, buffer, index,
                                        offsets, maskFor(lanes), zero);
    }
  }
  return {fromMemory(vector, elementType), true, 0};
}

bool KernelEmitter::isStreamed(unsigned operand) const {
  const RegionAccess *found = nullptr;
  for (const RegionAccess &access : model.accesses)
    if (access.operand == operand && access.inReduction)
      found = &access;
  if (!found || !isa<PackAttr>(layouts[operand]) || mapping.vector < 0)
    return false;
  // Three quarters of the 32 KiB that processors have at least.
  constexpr int64_t mostBytes = 24 << 10;
  int64_t bytes =
      mapping.tile[mapping.vector] * storedBytes(model.elementType(operand));
  for (const RegionModel::Dim &dim : model.dims)
    if (dim.isReduction &&
        llvm::any_of(found->index, [&](const LinearForm &form) {
          return form.coeffs[dim.original.back()] != 0;
        }))
      bytes *= dim.size;
  return bytes > mostBytes;
}

void KernelEmitter::prefetch(unsigned operand, Value position) {
  // Some ten steps of a register tile, so that a line of the third cache comes
  // in time (docs/design/0001-code-generation.md has what that gains).
  constexpr int64_t bytesAhead = 2 << 10;
  constexpr unsigned keepInAllCaches = 3;
  int64_t ahead = bytesAhead / storedBytes(model.elementType(operand));
  Value later =
      arith::AddIOp::create(builder, loc, position, constantIndex(ahead));
  memref::PrefetchOp::create(builder, loc, buffers[operand], later,
                             /*isWrite=*/false, keepInAllCaches,
                             /*isDataCache=*/true);
}

KernelEmitter::Lane KernelEmitter::load(unsigned operand,
                                        const IndexForms &index,
                                        const Coord &at) {
  Address address = addressOf(operand, index);
  int64_t stride = vectorised ? address.intra[mapping.vector] : 0;
  bool isPacked = isa<PackAttr>(layouts[operand]);
  // Packed constants are padded to whole vectors.
  int64_t lanes =
      stride == 0 || (isPacked && stride == 1) ? mapping.lanes : validLanes(at);
  std::vector<int64_t> key = {1, operand, stride, lanes, address.constant};
  for (auto [coeff, j] : llvm::zip(address.intra, at))
    key[4] += coeff * j;
  llvm::append_range(key, address.block);
  if (const Lane *known = lookup(key))
    return *known;
  Value position = linearIndex(address, at);
  if (isPacked && stride == 1 && isStreamed(operand))
    prefetch(operand, position);
  Lane lane = loadAt(buffers[operand], model.elementType(operand), position,
                     stride, lanes);
  remember(key, lane);
  return lane;
}

void KernelEmitter::store(unsigned operand, const IndexForms &index,
                          const Coord &at, Lane lane) {
  Address address = addressOf(operand, index);
  Value position = linearIndex(address, at);
  Value buffer = buffers[operand];
  if (!vectorised) {
    memref::StoreOp::create(builder, loc, toMemory(lane.value), buffer,
                            position);
    return;
  }
  int64_t stride = address.intra[mapping.vector];
  int64_t lanes = validLanes(at);
  Value vector = toMemory(toVector(lane));
  if (stride == 1 && lanes == mapping.lanes) {
    vector::StoreOp::create(builder, loc, vector, buffer, position);
  } else if (lanes == 1) {
    // A masked store of one lane is a scalar store. LLVM 22 knows that too, but
    // stores as many bits as the lane had before it was truncated (AVX-512).
    Value scalar = vector::ExtractOp::create(builder, loc, vector, 0);
    memref::StoreOp::create(builder, loc, scalar, buffer, position);
  } else if (stride == 1) {
    vector::MaskedStoreOp::create(builder, loc, buffer, position,
                                  maskFor(lanes), vector);
  } else {
    Value offsets = toVector({constantIndex(0), /*isVector=*/false, stride});
    vector::ScatterOp::create(builder, loc, Type(), buffer, position, offsets,
                              maskFor(lanes), vector);
  }
}

int64_t KernelEmitter::transposedDim(const Address &address) const {
  if (!vectorised || address.intra[mapping.vector] == 0 ||
      address.intra[mapping.vector] == 1)
    return -1;
  for (auto [d, dim] : llvm::enumerate(model.dims))
    if (!dim.isReduction && int64_t(d) != mapping.vector && tileSize[d] > 1 &&
        address.intra[d] == 1)
      return d;
  return -1;
}

void KernelEmitter::storeTile(const RegionAccess &access,
                              ArrayRef<Coord> coords, ArrayRef<Lane> lanes) {
  Address address = addressOf(access.operand, access.index);
  int64_t along = transposedDim(address);
  std::map<Coord, Value> rows;
  for (auto [at, lane] : llvm::zip(coords, lanes)) {
    if (along < 0)
      store(access.operand, access.index, at, lane);
    else
      rows[at] = toMemory(toVector(lane));
  }
  if (along < 0)
    return;
  for (const Coord &at : coords) {
    if (at[along] % mapping.lanes != 0)
      continue;
    int64_t end = std::min(at[along] + mapping.lanes, tileSize[along]);
    SmallVector<Value> block;
    Coord row = at;
    for (; row[along] < end; ++row[along])
      block.push_back(rows[row]);
    storeTransposed(address, std::move(block), at, along,
                    buffers[access.operand]);
  }
}

/// Transposes by exchanging, between rows 1, 2, 4 ... apart, what lies off the
/// diagonal of their blocks (Eklundh, "A fast computer method for matrix
/// transposing", IEEE Trans. Computers C-21, 1972): one shuffle of two vectors
/// for each row and step. Afterwards row i holds columns i, i + rows, ... .
void KernelEmitter::storeTransposed(const Address &address,
                                    SmallVector<Value> rows, const Coord &first,
                                    int64_t along, Value buffer) {
  int64_t valid = rows.size(), lanes = mapping.lanes;
  int64_t count = llvm::PowerOf2Ceil(valid);
  rows.resize(count, rows.front());
  for (int64_t step = 1; step < count; step *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t l = 0; l < lanes; ++l) {
      low.push_back(l & step ? lanes + l - step : l);
      high.push_back(l & step ? lanes + l : l + step);
    }
    for (int64_t i = 0; i < count; ++i) {
      if (i & step)
        continue;
      Value a = rows[i], b = rows[i + step];
      rows[i] = vector::ShuffleOp::create(builder, loc, a, b, low);
      rows[i + step] = vector::ShuffleOp::create(builder, loc, a, b, high);
    }
  }
  Value mask = valid < count ? maskFor(valid, count) : Value();
  int64_t columns = validLanes(first);
  for (int64_t column = 0; column < columns; ++column) {
    Value row = rows[column % count];
    if (count < lanes) {
      SmallVector<int64_t> part;
      for (int64_t l = 0; l < count; ++l)
        part.push_back(column / count * count + l);
      row = vector::ShuffleOp::create(builder, loc, row, row, part);
    }
    Coord at = first;
    at[mapping.vector] += column;
    Value position = linearIndex(address, at);
    if (mask)
      vector::MaskedStoreOp::create(builder, loc, buffer, position, mask, row);
    else
      vector::StoreOp::create(builder, loc, row, buffer, position);
  }
}

//===----------------------------------------------------------------------===//
// Payloads
//===----------------------------------------------------------------------===//

/// An operation on scalars, on vectors where any operand differs by lane.
KernelEmitter::Lane KernelEmitter::emitOp(Operation *op,
                                          ArrayRef<Lane> operands) {
  // Sums with, and casts of, the number of a lane stay one.
  if (isa<arith::IndexCastOp>(op) && !operands[0].isVector) {
    Value cast = arith::IndexCastOp::create(
        builder, loc, op->getResult(0).getType(), operands[0].value);
    return {cast, false, operands[0].step};
  }
  if (isa<arith::AddIOp>(op) && !operands[0].isVector &&
      !operands[1].isVector) {
    Value sum = arith::AddIOp::create(builder, loc, operands[0].value,
                                      operands[1].value);
    return {sum, false, operands[0].step + operands[1].step};
  }
  bool anyVector = llvm::any_of(operands, [](const Lane &lane) {
    return lane.isVector || lane.step != 0;
  });
  OperationState state(loc, op->getName());
  for (const Lane &lane : operands)
    state.operands.push_back(anyVector ? toVector(lane) : lane.value);
  for (Type type : op->getResultTypes())
    state.types.push_back(anyVector ? Type(vectorType(type)) : type);
  state.addAttributes(op->getAttrs());
  Operation *created = builder.create(state);
  // A product and the sum that takes it may be one instruction.
  auto math = dyn_cast<arith::ArithFastMathInterface>(created);
  if (arith::FastMathFlagsAttr flags =
          math ? math.getFastMathFlagsAttr() : arith::FastMathFlagsAttr())
    created->setAttr(math.getFastMathAttrName(),
                     arith::FastMathFlagsAttr::get(
                         builder.getContext(),
                         flags.getValue() | arith::FastMathFlags::contract));
  return {created->getResult(0), anyVector, 0};
}

KernelEmitter::Lane KernelEmitter::emitIndex(const LinearForm &form,
                                             const Coord &at) {
  LinearForm overDims = model.overDims(form);
  int64_t offset = overDims.constant;
  Value sum;
  for (auto [d, coeff] : llvm::enumerate(overDims.coeffs)) {
    offset += coeff * at[d];
    if (coeff == 0 || !tileNumber[d])
      continue;
    Value term = arith::MulIOp::create(builder, loc, tileNumber[d],
                                       constantIndex(coeff * mapping.tile[d]));
    sum = sum ? Value(arith::AddIOp::create(builder, loc, sum, term)) : term;
  }
  Value value = constantIndex(offset);
  if (sum)
    value = arith::AddIOp::create(builder, loc, sum, value);
  int64_t step = vectorised ? overDims.coeffs[mapping.vector] : 0;
  return {value, false, step};
}

KernelEmitter::Lane KernelEmitter::emitExtract(Operation *op,
                                               ArrayRef<Lane> indices) {
  auto extract = cast<tensor::ExtractOp>(op);
  Type elementType = extract.getType();
  if (TypedAttr splat = getSplat(extract.getTensor()))
    return {arith::ConstantOp::create(builder, loc, splat), false, 0};
  auto argument = cast<BlockArgument>(extract.getTensor());
  auto layout = cast<LayoutAttr>(layouts[argument.getArgNumber()]);
  Value buffer = buffers[argument.getArgNumber()];
  // Address of lane 0, and the addresses of all lanes where they are not an
  // even step apart.
  Value base = constantIndex(layout.getOffset());
  Value vector;
  int64_t step = 0;
  for (auto [index, stride] : llvm::zip(indices, layout.getStrides())) {
    if (stride == 0)
      continue;
    if (index.isVector) {
      Value strides = arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(
              vectorType(builder.getIndexType()),
              ArrayRef<Attribute>(builder.getIndexAttr(stride))));
      Value term = arith::MulIOp::create(builder, loc, index.value, strides);
      vector = vector ? Value(arith::AddIOp::create(builder, loc, vector, term))
                      : term;
      continue;
    }
    Value term =
        arith::MulIOp::create(builder, loc, index.value, constantIndex(stride));
    base = arith::AddIOp::create(builder, loc, base, term);
    step += index.step * stride;
  }
  if (!vector)
    return loadAt(buffer, elementType, base, step,
                  step == 1 ? validLanesNow : mapping.lanes);
  if (step) {
    Value steps = toVector({constantIndex(0), /*isVector=*/false, step});
    vector = arith::AddIOp::create(builder, loc, vector, steps);
  }
  VectorType type =
      vectorType(cast<MemRefType>(buffer.getType()).getElementType());
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  Value gathered = vector::GatherOp::create(
      builder, loc, type, buffer, base, vector, maskFor(validLanesNow), zero);
  return {fromMemory(gathered, elementType), true, 0};
}

SmallVector<KernelEmitter::Lane>
KernelEmitter::emitPayload(linalg::GenericOp op, ArrayRef<Lane> arguments,
                           ArrayRef<LinearForm> loops, const Coord &at) {
  DenseMap<Value, Lane> lanes;
  Block &body = op.getRegion().front();
  for (auto [argument, lane] : llvm::zip(body.getArguments(), arguments))
    lanes[argument] = lane;
  auto operandsOf = [&](Operation *nested, unsigned first) {
    SmallVector<Lane> operands;
    for (Value operand : llvm::drop_begin(nested->getOperands(), first)) {
      auto known = lanes.find(operand);
      if (known != lanes.end()) {
        operands.push_back(known->second);
        continue;
      }
      // A scalar constant from around the operation.
      Operation *copy = builder.clone(*operand.getDefiningOp());
      lanes[operand] = {copy->getResult(0), false, 0};
      operands.push_back(lanes[operand]);
    }
    return operands;
  };
  validLanesNow = vectorised ? validLanes(at) : mapping.lanes;
  for (Operation &nested : body.without_terminator()) {
    Lane lane;
    if (auto index = dyn_cast<linalg::IndexOp>(nested))
      lane = emitIndex(loops[index.getDim()], at);
    else if (isa<tensor::ExtractOp>(nested))
      lane = emitExtract(&nested, operandsOf(&nested, 1));
    else if (nested.hasTrait<OpTrait::ConstantLike>())
      lane = {builder.clone(nested)->getResult(0), false, 0};
    else
      lane = emitOp(&nested, operandsOf(&nested, 0));
    lanes[nested.getResult(0)] = lane;
  }
  return operandsOf(body.getTerminator(), 0);
}

KernelEmitter::Lane
KernelEmitter::evaluate(Value value, const IndexForms &index, const Coord &at) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return load(argument.getArgNumber(), index, at);
  if (TypedAttr splat = getSplat(value))
    return {arith::ConstantOp::create(builder, loc, splat), false, 0};

  Operation *op = value.getDefiningOp();
  unsigned rank = model.rootSizes.size();
  if (op == model.root.getOperation() && !isPointwise(model.root))
    return reduced[at][cast<OpResult>(value).getResultNumber()];
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic)
    return evaluate(op->getOperand(0), *throughUnitReshape(op, index, rank),
                    at);

  std::vector<int64_t> key = {
      2, int64_t(reinterpret_cast<intptr_t>(value.getAsOpaquePointer())),
      vectorised};
  for (const LinearForm &form : index) {
    LinearForm overDims = model.overDims(form);
    int64_t offset = overDims.constant;
    for (auto [coeff, j] : llvm::zip(overDims.coeffs, at))
      offset += coeff * j;
    llvm::append_range(key, overDims.coeffs);
    key.push_back(offset);
  }
  if (const Lane *known = lookup(key))
    return *known;
  unsigned number = cast<OpResult>(value).getResultNumber();
  SmallVector<LinearForm, 6> loops = loopForms(generic, number, index, rank);
  SmallVector<Lane> arguments;
  for (OpOperand *input : generic.getDpsInputOperands())
    arguments.push_back(
        generic.payloadUsesValueFromOperand(input)
            ? evaluate(input->get(),
                       composeForms(generic.getMatchingIndexingMap(input),
                                    loops, rank),
                       at)
            : Lane());
  arguments.append(generic.getNumDpsInits(), Lane());
  Lane lane = emitPayload(generic, arguments, loops, at)[number];
  remember(key, lane);
  return lane;
}
