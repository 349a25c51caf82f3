//===- StorageOrder.cpp - The order of a tensor's dimensions --------------===//

#include "aicc/Memory/StorageOrder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace aicc;

StorageOrder aicc::rowMajor(int64_t rank) {
  return llvm::to_vector<6>(llvm::seq<int64_t>(0, rank));
}

SmallVector<int64_t> aicc::denseStrides(ArrayRef<int64_t> shape,
                                        ArrayRef<int64_t> order) {
  return spacedStrides(shape, order, /*gap=*/0);
}

SmallVector<int64_t> aicc::spacedStrides(ArrayRef<int64_t> shape,
                                         ArrayRef<int64_t> order, int64_t gap) {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (int64_t dim : llvm::reverse(order)) {
    strides[dim] = stride;
    stride *= shape[dim];
    if (shape[dim] != 1)
      stride += std::exchange(gap, 0);
  }
  return strides;
}

StorageOrder aicc::orderOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  StorageOrder order = rowMajor(shape.size());
  llvm::stable_sort(order, [&](int64_t a, int64_t b) {
    if ((shape[a] == 1) != (shape[b] == 1))
      return shape[a] == 1;
    return shape[a] != 1 && strides[a] > strides[b];
  });
  return order;
}

/// acc + x * y, in any order of operands, of floats or integers.
static bool isMultiplyAccumulate(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1)
    return false;
  Value yielded = op.getRegion().front().getTerminator()->getOperand(0);
  Operation *add = yielded.getDefiningOp();
  if (!add || !isa<arith::AddFOp, arith::AddIOp>(add))
    return false;
  Value acc = op.getRegionOutputArgs()[0];
  Value term = add->getOperand(0) == acc   ? add->getOperand(1)
               : add->getOperand(1) == acc ? add->getOperand(0)
                                           : Value();
  Operation *mul = term ? term.getDefiningOp() : nullptr;
  return mul && isa<arith::MulFOp, arith::MulIOp>(mul);
}

static bool uses(const RegionAccess &access, unsigned dim) {
  return llvm::any_of(access.index, [&](const LinearForm &form) {
    return form.coeffs[dim] != 0;
  });
}

static bool usesPlainly(const RegionAccess &access, unsigned dim) {
  return llvm::any_of(access.index, [&](const LinearForm &form) {
    return form.asDim() == dim;
  });
}

/// The two factors of a multiply-accumulate, the constant one last; none of
/// other operations.
static SmallVector<const RegionAccess *> factorsOf(const RegionModel &model) {
  linalg::GenericOp root = model.root;
  if (isPointwise(root) || !isMultiplyAccumulate(root))
    return {};
  SmallVector<const RegionAccess *> factors;
  for (const RegionAccess &access : model.accesses)
    if (access.inReduction)
      factors.push_back(&access);
  if (factors.size() != 2)
    return {};
  auto isConstant = [&](const RegionAccess *access) {
    Operation *def =
        RegionOp(model.region).getIns()[access->operand].getDefiningOp();
    return def && isa<arith::ConstantOp>(def);
  };
  if (isConstant(factors[0]) && !isConstant(factors[1]))
    std::swap(factors[0], factors[1]);
  return factors;
}

std::optional<ContractionDims> aicc::contractionDims(const RegionModel &model) {
  SmallVector<const RegionAccess *> factors = factorsOf(model);
  if (factors.empty())
    return std::nullopt;
  linalg::GenericOp root = model.root;
  auto iterators = root.getIteratorTypesArray();
  std::optional<unsigned> own, ownOfOther, shared;
  for (unsigned d = 0; d < model.rootSizes.size(); ++d) {
    if (isReductionLoop(iterators[d]) || model.rootSizes[d] == 1)
      continue;
    bool first = uses(*factors[0], d), second = usesPlainly(*factors[1], d);
    if (second && !first)
      own = d;
    else if (usesPlainly(*factors[0], d) && !uses(*factors[1], d))
      ownOfOther = d;
    else if (second && usesPlainly(*factors[0], d) &&
             (!shared || model.rootSizes[d] > model.rootSizes[*shared]))
      shared = d;
  }
  if (own)
    return ContractionDims{*own, factors[1]->operand};
  // A product with a vector: across the rows of the other factor.
  if (ownOfOther && !shared)
    return ContractionDims{*ownOfOther, std::nullopt};
  if (shared && !ownOfOther)
    return ContractionDims{*shared, std::nullopt};
  return std::nullopt;
}

std::optional<unsigned> aicc::channelsOf(const RegionModel &model) {
  SmallVector<const RegionAccess *> factors = factorsOf(model);
  if (factors.empty())
    return std::nullopt;
  linalg::GenericOp root = model.root;
  auto iterators = root.getIteratorTypesArray();
  std::optional<unsigned> channels;
  for (unsigned d = 0; d < model.rootSizes.size(); ++d) {
    if (model.rootSizes[d] == 1)
      continue;
    bool first = usesPlainly(*factors[0], d);
    if (isReductionLoop(iterators[d]) ? first : !uses(*factors[0], d))
      return std::nullopt;
    if (first && usesPlainly(*factors[1], d) &&
        (!channels || model.rootSizes[d] > model.rootSizes[*channels]))
      channels = d;
  }
  return channels;
}

/// Across the lanes of an operation that makes its results from windows of an
/// operand, element by element (tiles of minimal filtering): what lies
/// innermost in the results.
static std::optional<unsigned> lanesOfTiles(const RegionModel &model,
                                            unsigned operand) {
  linalg::GenericOp root = model.root;
  auto readsIt = [&](const RegionAccess &access) {
    return !access.isStore && access.operand == operand;
  };
  if (!isPointwise(root) || llvm::count_if(model.accesses, readsIt) < 2)
    return std::nullopt;
  AffineMap map = root.getMatchingIndexingMap(root.getDpsInitOperand(0));
  for (AffineExpr expr : llvm::reverse(map.getResults())) {
    unsigned d = cast<AffineDimExpr>(expr).getPosition();
    if (model.rootSizes[d] > 1)
      return d;
  }
  return std::nullopt;
}

std::optional<int64_t> aicc::channelsOfOnlyUser(Value value) {
  if (!value.hasOneUse())
    return std::nullopt;
  OpOperand &use = *value.use_begin();
  auto region = dyn_cast<RegionOp>(use.getOwner());
  std::string why;
  FailureOr<RegionModel> model =
      region ? RegionModel::build(region, why) : FailureOr<RegionModel>();
  if (failed(model))
    return std::nullopt;
  auto lanes = lanesOfTiles(*model, use.getOperandNumber());
  if (!lanes) {
    auto dims = contractionDims(*model);
    if (!dims || dims->streamed)
      return std::nullopt;
    lanes = dims->lanes;
  }
  for (const RegionAccess &access : model->accesses)
    if (!access.isStore && access.operand == use.getOperandNumber())
      for (auto [k, form] : llvm::enumerate(access.index))
        if (form.asDim() == lanes)
          return k;
  return std::nullopt;
}

std::optional<int64_t> aicc::summedDimOf(RegionOp region, unsigned number) {
  std::string why;
  FailureOr<RegionModel> model = RegionModel::build(region, why);
  if (failed(model))
    return std::nullopt;
  auto channels = channelsOf(*model);
  auto dims = contractionDims(*model);
  if (!channels && (!dims || !dims->streamed || *dims->streamed == number))
    return std::nullopt;
  auto iterators = model->root.getIteratorTypesArray();
  std::optional<int64_t> found;
  int64_t most = 1;
  for (const RegionAccess &access : model->accesses) {
    if (!access.inReduction || access.operand != number)
      continue;
    for (auto [k, form] : llvm::enumerate(access.index)) {
      auto d = form.asDim();
      bool isWanted =
          d && (channels ? d == channels : isReductionLoop(iterators[*d]));
      if (isWanted && model->rootSizes[*d] > most) {
        most = model->rootSizes[*d];
        found = k;
      }
    }
  }
  return found;
}

std::optional<int64_t> aicc::summedDim(Value value) {
  for (OpOperand &use : value.getUses()) {
    if (auto region = dyn_cast<RegionOp>(use.getOwner()))
      if (auto dim = summedDimOf(region, use.getOperandNumber()))
        return dim;
    if (auto pad = dyn_cast<tensor::PadOp>(use.getOwner()))
      if (auto dim = summedDim(pad.getResult()))
        return dim;
  }
  return std::nullopt;
}

std::optional<int64_t> aicc::lanesOfResult(RegionOp region, unsigned number) {
  std::string why;
  FailureOr<RegionModel> model = RegionModel::build(region, why);
  if (failed(model))
    return std::nullopt;
  auto lanes = channelsOf(*model);
  auto dims = contractionDims(*model);
  if (!lanes && dims && dims->streamed)
    lanes = dims->lanes;
  if (!lanes)
    return std::nullopt;
  for (const RegionAccess &access : model->accesses)
    if (access.isStore && access.operand == model->numArguments() + number)
      for (auto [k, form] : llvm::enumerate(access.index))
        if (form.asDim() == lanes)
          return k;
  return std::nullopt;
}
