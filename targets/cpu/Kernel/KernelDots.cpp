//===- KernelDots.cpp - Sums of products of bytes -------------------------===//
//
// An instruction adds four products of an unsigned and a signed byte to each
// 32-bit lane. The signed ones are weights, packed so that the four that belong
// to a lane lie side by side; the unsigned ones are four neighbours along the
// reduction, the same for all lanes. Signed bytes are shifted by 128:
//
//   sum(x * w) = sum((x + 128) * w) - 128 * sum(w),
//
// where the second sum is kept beside the first, once for all rows of the tile.
//
//===----------------------------------------------------------------------===//

#include "targets/cpu/Kernel/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

static constexpr int64_t width = KernelMapping::dotWidth;

/// The bytes of a vector of 128, 256 or 512 bits.
static VectorType bytesOf(OpBuilder &builder, int64_t lanes) {
  return VectorType::get({lanes * width}, builder.getI8Type());
}

const RegionAccess &KernelEmitter::factor(unsigned number) const {
  for (const RegionAccess &access : model.accesses)
    if (access.inReduction && number-- == 0)
      return access;
  return model.accesses.front();
}

bool KernelEmitter::allowsDots(std::string &why) {
  std::optional<ByteProduct> product = byteProductOf(model);
  auto fail = [&](const char *reason) {
    why = reason;
    return false;
  };
  if (!product)
    return fail("its reduction is no sum of products of bytes");
  if (!llvm::is_contained({4, 8, 16}, mapping.lanes))
    return fail("there are no sums of products for its lanes");
  if (!model.dims[mapping.dot].isReduction || reducesLanes())
    return fail("products are summed along a dimension that is not reduced");
  const RegionModel::Dim &along = model.dims[mapping.dot];
  if (along.original.size() > 1 &&
      model.rootSizes[along.original.back()] % width)
    return fail("products are summed from one row into the next");
  Address left = addressOf(factor(0).operand, factor(0).index);
  Address right = addressOf(factor(1).operand, factor(1).index);
  if (left.intra[mapping.dot] != 1 || left.intra[mapping.vector] != 0 ||
      right.intra[mapping.dot] != 1 || right.intra[mapping.vector] != width)
    return fail("its factors do not lie in order for sums of products");
  shiftsBytes = product->isSigned;
  return true;
}

Value KernelEmitter::dot(Value acc, Value left, Value right) {
  std::string name =
      "llvm.x86.avx512.vpdpbusd." + std::to_string(mapping.lanes * 32);
  return LLVM::CallIntrinsicOp::create(builder, loc, acc.getType(),
                                       builder.getStringAttr(name),
                                       ValueRange{acc, left, right})
      .getResults();
}

/// Four neighbours in all lanes; those past the end of the reduction are 0.
Value KernelEmitter::dotLeft(const Coord &at) {
  Address address = addressOf(factor(0).operand, factor(0).index);
  int64_t valid = std::min(width, tileSize[mapping.dot] - at[mapping.dot]);
  std::vector<int64_t> key = {3, valid, address.constant};
  for (auto [coeff, j] : llvm::zip(address.intra, at))
    key[2] += coeff * j;
  llvm::append_range(key, address.block);
  if (const Lane *known = lookup(key))
    return known->value;
  Value buffer = buffers[factor(0).operand];
  Value position = linearIndex(address, at);
  auto four = VectorType::get({width}, builder.getI8Type());
  Value bytes;
  if (valid == width) {
    bytes = vector::LoadOp::create(builder, loc, four, buffer, position);
  } else {
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(four));
    bytes = vector::MaskedLoadOp::create(builder, loc, four, buffer, position,
                                         maskFor(valid, width), zero);
  }
  Type i32 = builder.getI32Type();
  Value word = vector::ExtractOp::create(
      builder, loc,
      vector::BitCastOp::create(builder, loc, VectorType::get({1}, i32), bytes),
      0);
  Value all = vector::BroadcastOp::create(builder, loc, vectorType(i32), word);
  VectorType type = bytesOf(builder, mapping.lanes);
  Value result = vector::BitCastOp::create(builder, loc, type, all);
  if (shiftsBytes) {
    Value bits = arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, builder.getI8IntegerAttr(-128)));
    result = arith::XOrIOp::create(builder, loc, result, bits);
  }
  remember(key, {result, true, 0});
  return result;
}

/// Weights past the end of either dimension are stored as 0.
Value KernelEmitter::dotRight(const Coord &at) {
  Address address = addressOf(factor(1).operand, factor(1).index);
  std::vector<int64_t> key = {4, address.constant};
  for (auto [coeff, j] : llvm::zip(address.intra, at))
    key[1] += coeff * j;
  llvm::append_range(key, address.block);
  if (const Lane *known = lookup(key))
    return known->value;
  unsigned operand = factor(1).operand;
  Value position = linearIndex(address, at);
  if (isStreamed(operand))
    prefetch(operand, position);
  Value result =
      vector::LoadOp::create(builder, loc, bytesOf(builder, mapping.lanes),
                             buffers[operand], position);
  remember(key, {result, true, 0});
  return result;
}

SmallVector<size_t> KernelEmitter::sameWeights(ArrayRef<Coord> coords,
                                               SmallVectorImpl<Coord> &firsts) {
  Address address = addressOf(factor(1).operand, factor(1).index);
  auto position = [&](const Coord &at) {
    int64_t sum = 0;
    for (auto [coeff, j] : llvm::zip(address.intra, at))
      sum += coeff * j;
    return sum;
  };
  SmallVector<size_t> numbers;
  for (const Coord &at : coords) {
    auto *found = llvm::find_if(firsts, [&](const Coord &first) {
      return position(first) == position(at);
    });
    numbers.push_back(found - firsts.begin());
    if (found == firsts.end())
      firsts.push_back(at);
  }
  return numbers;
}

SmallVector<Value> KernelEmitter::shiftSums(ArrayRef<Coord> coords) {
  SmallVector<Coord> firsts;
  (void)sameWeights(coords, firsts);
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(vectorType(builder.getI32Type())));
  return SmallVector<Value>(firsts.size(), zero);
}

SmallVector<Value> KernelEmitter::emitDots(SmallVector<Value> accs) {
  SmallVector<Coord> outer = coordinates(/*reduction=*/false);
  SmallVector<Coord> firsts;
  if (shiftsBytes)
    (void)sameWeights(outer, firsts);
  VectorType type = bytesOf(builder, mapping.lanes);
  for (const Coord &step : coordinates(/*reduction=*/true)) {
    auto within = [&](Coord at) {
      for (auto [d, dim] : llvm::enumerate(model.dims))
        if (dim.isReduction)
          at[d] = step[d];
      return at;
    };
    for (auto [number, base] : llvm::enumerate(outer)) {
      Coord at = within(base);
      accs[number] = dot(accs[number], dotLeft(at), dotRight(at));
    }
    // 128 is the shift itself, as an unsigned byte.
    for (auto [number, first] : llvm::enumerate(firsts)) {
      Coord at = within(first);
      Value &sum = accs[outer.size() + number];
      Value shift = arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(type, builder.getI8IntegerAttr(-128)));
      sum = dot(sum, shift, dotRight(at));
    }
  }
  return accs;
}

void KernelEmitter::undoShift(SmallVectorImpl<Value> &accs, size_t results,
                              ArrayRef<Coord> coords) {
  SmallVector<Coord> firsts;
  for (auto [i, number] : llvm::enumerate(sameWeights(coords, firsts)))
    accs[i] =
        arith::SubIOp::create(builder, loc, accs[i], accs[results + number]);
  accs.truncate(results);
}
