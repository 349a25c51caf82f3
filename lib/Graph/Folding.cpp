//===- Folding.cpp - Evaluating onnx operations on constants --------------===//

#include "Folding.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace aicc::graph {

bool FoldContext::allConstant() const {
  for (auto [tensor, value] : llvm::zip(operands, op->getOperands()))
    if (!tensor && !isa<NoneType>(value.getType()))
      return false;
  return true;
}

RankedTensorType FoldContext::resultType(unsigned i) const {
  if (i >= op->getNumResults())
    return {};
  auto type = dyn_cast<RankedTensorType>(op->getResult(i).getType());
  if (!type || !countElements(type.getShape()) ||
      !ElementFormat::get(type.getElementType()))
    return {};
  return type;
}

std::optional<ConstantTensor> FoldContext::make(RankedTensorType type,
                                                bool splat) {
  std::optional<int64_t> count = countElements(type.getShape());
  std::optional<ElementFormat> format =
      ElementFormat::get(type.getElementType());
  int64_t bytes;
  if (!count || !format ||
      llvm::MulOverflow(splat ? 1 : *count, int64_t(format->bytes), bytes) ||
      bytes > budget.maxBytes || bytes > budget.totalBytes)
    return std::nullopt;
  budget.totalBytes -= bytes;
  return ConstantTensor::make(type, splat);
}

bool FoldContext::canScan(const ConstantTensor &tensor) const {
  int64_t bytes;
  return !llvm::MulOverflow(tensor.numElements(),
                            int64_t(tensor.format().bytes), bytes) &&
         bytes <= budget.maxBytes;
}

const FoldTable &foldTable() {
  static const FoldTable table = [] {
    FoldTable table;
    addElementwiseFolds(table);
    addMovementFolds(table);
    addReductionFolds(table);
    return table;
  }();
  return table;
}

SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

bool broadcastsTo(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  if (from.size() > to.size())
    return false;
  ArrayRef<int64_t> tail = to.take_back(from.size());
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1 && from[i] != tail[i])
      return false;
  return true;
}

SmallVector<int64_t> broadcastStrides(ArrayRef<int64_t> from,
                                      ArrayRef<int64_t> to) {
  SmallVector<int64_t> own = rowMajorStrides(from);
  SmallVector<int64_t> strides(to.size(), 0);
  size_t offset = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i)
    strides[offset + i] = from[i] == 1 ? 0 : own[i];
  return strides;
}

Odometer::Odometer(ArrayRef<int64_t> shape,
                   ArrayRef<SmallVector<int64_t>> strides)
    : shape(shape), index(shape.size(), 0), strides(strides),
      offsets(strides.size(), 0), remaining(countElements(shape).value_or(0)) {}

void Odometer::next() {
  ++position;
  --remaining;
  for (size_t dim = shape.size(); dim-- > 0;) {
    ++index[dim];
    for (size_t k = 0; k < strides.size(); ++k)
      offsets[k] += strides[k][dim];
    if (index[dim] < shape[dim])
      return;
    for (size_t k = 0; k < strides.size(); ++k)
      offsets[k] -= strides[k][dim] * shape[dim];
    index[dim] = 0;
  }
}

} // namespace aicc::graph
