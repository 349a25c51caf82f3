//===- CopyRegion.cpp - Copies and windows of buffers ---------------------===//

#include "lib/Memory/CopyRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace aicc;

Value aicc::createCopyRegion(OpBuilder &builder, Location loc, Value value,
                             ArrayRef<int64_t> order) {
  auto type = cast<RankedTensorType>(value.getType());
  TypedAttr splat = getSplat(value);
  SmallVector<Value> operands;
  if (!splat)
    operands.push_back(value);
  auto region = RegionOp::create(builder, loc, TypeRange(type), operands);
  region->setAttr(kCopyOrder, builder.getDenseI64ArrayAttr(
                                  order.empty() ? rowMajor(type.getRank())
                                                : StorageOrder(order)));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&region.getBody());
  SmallVector<Value> inputs;
  for (Value operand : operands)
    inputs.push_back(body->addArgument(operand.getType(), loc));
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                        type.getElementType());
  SmallVector<AffineMap> maps(inputs.size() + 1,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto copy = linalg::GenericOp::create(
      builder, loc, TypeRange(type), inputs, ValueRange(empty), maps, iterators,
      [&](OpBuilder &nested, Location at, ValueRange arguments) {
        Value element =
            splat ? Value(arith::ConstantOp::create(nested, at, splat))
                  : arguments[0];
        linalg::YieldOp::create(nested, at, element);
      });
  YieldOp::create(builder, loc, copy.getResults());
  return region.getResult(0);
}

bool aicc::isCopyRegion(Operation *op) {
  return op && isa<RegionOp>(op) && op->hasAttr(kCopyOrder);
}

std::optional<SmallVector<int64_t>>
aicc::reshapeStrides(ArrayRef<int64_t> from, ArrayRef<int64_t> strides,
                     ArrayRef<int64_t> to) {
  SmallVector<int64_t> result(to.size(), 0);
  // Runs of evenly spaced elements, outermost first.
  SmallVector<std::pair<int64_t, int64_t>> runs; // size, stride
  for (auto [size, stride] : llvm::zip(from, strides)) {
    if (size == 1)
      continue;
    if (!runs.empty() && runs.back().second == stride * size)
      runs.back() = {runs.back().first * size, stride};
    else
      runs.push_back({size, stride});
  }
  size_t run = runs.size();
  int64_t left = 1, stride = 1; // Of the run being cut, from its inner end.
  for (size_t k = to.size(); k-- > 0;) {
    if (to[k] == 1) {
      result[k] = stride;
      continue;
    }
    if (left == 1) {
      if (run == 0)
        return std::nullopt;
      left = runs[--run].first;
      stride = runs[run].second;
    }
    if (left % to[k] != 0)
      return std::nullopt;
    result[k] = stride;
    stride *= to[k];
    left /= to[k];
  }
  return result;
}

FailureOr<BufferRef>
aicc::sliceRef(const BufferRef &source, ArrayRef<OpFoldResult> offsets,
               ArrayRef<OpFoldResult> steps, ArrayRef<int64_t> sizes,
               const llvm::SmallBitVector &dropped, RankedTensorType type) {
  BufferRef ref = source;
  ref.strides.clear();
  for (size_t k = 0; k < offsets.size(); ++k) {
    auto step = getConstantIntValue(steps[k]);
    if (!step)
      return failure();
    if (auto offset = getConstantIntValue(offsets[k]))
      ref.offset += *offset * source.strides[k];
    else
      ref.dynamic.push_back({cast<Value>(offsets[k]), source.strides[k]});
    if (!dropped.test(k))
      ref.strides.push_back(*step * source.strides[k]);
  }
  return ref;
}
