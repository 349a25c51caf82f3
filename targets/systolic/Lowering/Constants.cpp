//===- Constants.cpp - Weights and parameters of a program ----------------===//

#include "targets/systolic/Lowering/Constants.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace aicc;
using namespace aicc::systolic;
using llvm::ArrayRef;

ConstantBlob::ConstantBlob(const Product &product, const ArrayMachine &machine,
                           const ConstantTensor &weights)
    : product(product), machine(machine), weights(weights) {
  for (const RegionAccess &found : product.model.accesses)
    if (!found.isStore && found.operand == product.weightOperand)
      access = &found;
  int64_t stride = 1;
  tensorStrides.resize(weights.shape().size());
  for (size_t d = tensorStrides.size(); d-- > 0;) {
    tensorStrides[d] = stride;
    stride *= weights.shape()[d];
  }
  if (product.isInputUnsigned)
    sumColumns();
}

/// `index` over the region's dimensions; merged ones are taken apart.
int8_t ConstantBlob::weightAt(ArrayRef<int64_t> index) const {
  llvm::SmallVector<int64_t, 8> root(product.model.rootSizes.size(), 0);
  for (auto [d, dim] : llvm::enumerate(product.model.dims)) {
    int64_t rest = index[d];
    for (unsigned original : llvm::reverse(dim.original)) {
      root[original] = rest % product.model.rootSizes[original];
      rest /= product.model.rootSizes[original];
    }
  }
  int64_t position = 0;
  for (auto [form, stride] : llvm::zip(access->index, tensorStrides)) {
    int64_t at = form.constant;
    for (auto [coefficient, value] : llvm::zip(form.coeffs, root))
      at += coefficient * value;
    position += at * stride;
  }
  return int8_t(weights.raw(position));
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

/// Unsigned inputs reach the array 128 too low: 128 x sum(weights) of a column
/// is added with the bias.
void ConstantBlob::sumColumns() {
  constexpr int32_t shift = 128;
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
    forBox(summed, extents, index,
           [&] { sum += uint32_t(int32_t(weightAt(index))); });
    corrections.push_back(int32_t(sum * uint32_t(shift)));
  });
}

/// The weights of `columns` channels from that of `index` on, each in the row
/// and the column of its lane.
void ConstantBlob::appendDiagonal(Extents &index, int64_t columns) {
  int64_t lanes = std::min<int64_t>(columns, machine.config.rows);
  int64_t first = index[product.colDim];
  for (int64_t lane = 0; lane < lanes; ++lane)
    for (int64_t column = 0; column < columns; ++column) {
      index[product.colDim] = first + column;
      bytes.push_back(column % lanes == lane ? weightAt(index) : int8_t(0));
    }
  index[product.colDim] = first;
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
  if (product.isDiagonal())
    forBox(product.weightDims, extents, index,
           [&] { appendDiagonal(index, extents[product.colDim]); });
  else
    forBox(dims, extents, index, [&] { bytes.push_back(weightAt(index)); });
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
