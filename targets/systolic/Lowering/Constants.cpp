//===- Constants.cpp - Weights and parameters of a program ----------------===//

#include "targets/systolic/Lowering/Constants.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace aicc;
using namespace aicc::systolic;
using llvm::ArrayRef;

ConstantBlob::ConstantBlob(const Product &product, const ArrayMachine &machine,
                           const ConstantTensor *weights)
    : product(product), machine(machine), weights(weights) {
  for (const RegionAccess &found : product.model.accesses)
    if (!found.isStore && found.operand == product.weightOperand)
      access = &found;
  if (!weights)
    return;
  findPositions();
  if (product.hasColumnSums())
    sumColumns();
}

/// Merged dimensions are taken apart.
void ConstantBlob::findPositions() {
  const RegionModel &model = product.model;
  // Elements that a step of each of the root's dimensions moves.
  llvm::SmallVector<int64_t, 8> steps(model.rootSizes.size(), 0);
  int64_t stride = 1;
  for (size_t axis = weights->shape().size(); axis-- > 0;) {
    const LinearForm &form = access->index[axis];
    first += form.constant * stride;
    for (auto [step, coefficient] : llvm::zip(steps, form.coeffs))
      step += coefficient * stride;
    stride *= weights->shape()[axis];
  }
  for (const RegionModel::Dim &dim : model.dims) {
    std::vector<int64_t> &moves = positions.emplace_back();
    if (llvm::none_of(dim.original, [&](unsigned d) { return steps[d]; }))
      continue;
    for (int64_t i = 0; i < dim.size; ++i) {
      int64_t rest = i, &position = moves.emplace_back(0);
      for (unsigned original : llvm::reverse(dim.original)) {
        position += rest % model.rootSizes[original] * steps[original];
        rest /= model.rootSizes[original];
      }
    }
  }
}

int64_t ConstantBlob::positionOf(ArrayRef<int64_t> index) const {
  int64_t position = first;
  for (auto [moves, at] : llvm::zip(positions, index))
    if (!moves.empty())
      position += moves[at];
  return position;
}

int64_t ConstantBlob::appendAligned() {
  constexpr size_t alignment = 64;
  bytes.resize(llvm::alignTo(bytes.size(), alignment));
  return int64_t(bytes.size());
}

/// Calls `visit` for each index in a box over `dims`.
template <typename Function>
static void forBox(ArrayRef<unsigned> dims, ArrayRef<int64_t> extents,
                   Extents &index, Function visit) {
  if (dims.empty())
    return visit();
  unsigned dim = dims.front();
  int64_t start = index[dim];
  for (int64_t i = 0; i < extents[dim]; ++i) {
    index[dim] = start + i;
    forBox(dims.drop_front(), extents, index, visit);
  }
  index[dim] = start;
}

/// Calls `visit` with each weight in a box over `dims`, in order.
template <typename Function>
void ConstantBlob::forWeights(ArrayRef<unsigned> dims,
                              ArrayRef<int64_t> extents, Extents &index,
                              Function visit) const {
  if (dims.empty())
    return visit(weightAt(index));
  unsigned inner = dims.back();
  const std::vector<int64_t> &moves = positions[inner];
  forBox(dims.drop_back(), extents, index, [&] {
    int64_t start = positionOf(index);
    for (int64_t i = 0; i < extents[inner]; ++i) {
      int64_t moved =
          moves.empty() ? 0 : moves[index[inner] + i] - moves[index[inner]];
      visit(int8_t(weights->raw(start + moved)));
    }
  });
}

/// Inputs reach the array too low by `inputShift`: that times the sum of a
/// column's weights is added with the bias.
void ConstantBlob::sumColumns() {
  llvm::SmallVector<unsigned, 8> summed;
  for (unsigned dim : product.weightDims)
    if (!llvm::is_contained(product.groupDims, dim))
      summed.push_back(dim);
  if (product.rowDim >= 0 && !product.isDiagonal())
    summed.push_back(product.rowDim);
  llvm::SmallVector<unsigned, 3> columns(product.groupDims.begin(),
                                         product.groupDims.end());
  if (product.colDim >= 0)
    columns.push_back(product.colDim);
  Extents extents, index(product.workload().dims.size(), 0);
  for (const Workload::Dim &dim : product.workload().dims)
    extents.push_back(dim.size);
  forBox(columns, extents, index, [&] {
    uint32_t sum = 0;
    forWeights(summed, extents, index,
               [&](int8_t weight) { sum += uint32_t(int32_t(weight)); });
    corrections.push_back(int32_t(sum * uint32_t(product.inputShift.value)));
  });
}

int64_t ConstantBlob::weightTile(ArrayRef<int64_t> offsets,
                                 ArrayRef<int64_t> extents) {
  llvm::SmallVector<unsigned, 8> dims(product.weightDims.begin(),
                                      product.weightDims.end());
  for (int lane : {product.rowDim, product.colDim})
    if (lane >= 0 && !llvm::is_contained(dims, unsigned(lane)))
      dims.push_back(lane);
  std::vector<int64_t> key;
  for (unsigned dim : dims)
    key.insert(key.end(), {offsets[dim], extents[dim]});
  auto [found, isNew] = known.try_emplace(std::move(key), 0);
  if (!isNew)
    return found->second;
  asked.push_back({true, Extents(offsets), Extents(extents), 0, 0, 0});
  found->second = appendAligned();
  Extents index(offsets.begin(), offsets.end());
  for (auto [d, value] : llvm::enumerate(index))
    if (!llvm::is_contained(dims, unsigned(d)))
      value = 0;
  forWeights(dims, extents, index,
             [&](int8_t weight) { bytes.push_back(weight); });
  return found->second;
}

int64_t ConstantBlob::parameters(int64_t group, int64_t first,
                                 int64_t columns) {
  auto [found, isNew] = knownParameters.try_emplace({group, first, columns}, 0);
  if (!isNew)
    return found->second;
  asked.push_back({false, {}, {}, group, first, columns});
  found->second = appendAligned();
  const Epilogue &epilogue = product.epilogue;
  auto append = [&](const void *word) {
    const char *data = static_cast<const char *>(word);
    bytes.insert(bytes.end(), data, data + 4);
  };
  auto pick = [](const auto &values, int64_t column) {
    return values.size() == 1 ? values[0] : values[column];
  };
  int64_t cols = machine.config.cols;
  for (int64_t block = 0; block < columns; block += cols) {
    for (int64_t i = 0; i < cols; ++i) {
      int64_t column = first + block + i;
      bool isUsed = block + i < columns && !epilogue.isRaw;
      float scale = isUsed ? pick(epilogue.scales, column) : 0.0f;
      append(&scale);
    }
    for (int64_t i = 0; i < cols; ++i) {
      int64_t column = first + block + i;
      uint32_t bias = 0;
      if (block + i < columns) {
        bias += uint32_t(product.sumShift);
        if (!epilogue.biases.empty())
          bias += uint32_t(pick(epilogue.biases, column));
        if (!corrections.empty())
          bias += uint32_t(
              corrections[group * product.size(product.colDim) + column]);
      }
      append(&bias);
    }
  }
  return found->second;
}

void ConstantBlob::replay(ArrayRef<Request> requests) {
  for (const Request &request : requests)
    if (request.isWeights)
      weightTile(request.offsets, request.extents);
    else
      parameters(request.group, request.first, request.columns);
}
