//===- Product.cpp - What a group asks of the array -----------------------===//

#include "targets/systolic/Lowering/Product.h"
#include "targets/systolic/Lowering/Kept.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

int64_t Axis::start(ArrayRef<int64_t> offsets) const {
  int64_t sum = 0;
  for (const Workload::Term &term : terms)
    sum += term.coefficient * offsets[term.dim];
  return sum;
}

int64_t Axis::extent(ArrayRef<int64_t> extents) const {
  int64_t sum = 1;
  for (const Workload::Term &term : terms)
    sum += term.coefficient * (extents[term.dim] - 1);
  return sum;
}

int64_t aicc::systolic::positions(ArrayRef<Axis> axes,
                                  ArrayRef<int64_t> extents) {
  int64_t product = 1;
  for (const Axis &axis : axes)
    product *= axis.extent(extents);
  return product;
}

int64_t Product::groupAt(ArrayRef<int64_t> offsets) const {
  int64_t group = 0;
  for (unsigned dim : parameterDims())
    group = group * size(int(dim)) + offsets[dim];
  return group;
}

int64_t Product::weightLanes(ArrayRef<int64_t> extents) const {
  if (rowDim < 0)
    return 1;
  return isDiagonal() ? 1 : extents[rowDim];
}

std::optional<SmallVector<Axis, 6>>
aicc::systolic::findAxes(const RegionModel &model, const RegionAccess &access,
                         LayoutAttr layout, int laneDim, std::string &why) {
  SmallVector<Axis, 6> axes;
  LinearForm address = model.address(access, layout);
  SmallVector<bool> done(model.dims.size(), false);
  if (laneDim >= 0)
    done[laneDim] = true;
  for (auto [form, stride] : llvm::zip(access.index, layout.getStrides())) {
    Axis axis{stride, {}};
    bool hasLane = false;
    for (auto [d, dim] : llvm::enumerate(model.dims)) {
      int64_t coefficient = form.coeffs[dim.original.back()];
      if (coefficient == 0)
        continue;
      hasLane |= int(d) == laneDim;
      if (dim.original.size() == 1 && !done[d] &&
          address.coeffs[d] == coefficient * stride)
        axis.terms.push_back({unsigned(d), coefficient});
    }
    if (hasLane || axis.terms.empty() || stride <= 0 ||
        llvm::any_of(axis.terms,
                     [](const auto &term) { return term.coefficient < 0; }))
      continue;
    // What lies between the positions of a stride is nobody's.
    int64_t step = 0;
    for (const Workload::Term &term : axis.terms) {
      done[term.dim] = true;
      step = std::gcd(step, term.coefficient);
    }
    axis.stride *= step;
    for (Workload::Term &term : axis.terms)
      term.coefficient /= step;
    axes.push_back(std::move(axis));
  }
  for (auto [d, coefficient] : llvm::enumerate(address.coeffs)) {
    if (done[d] || coefficient == 0)
      continue;
    if (coefficient < 0) {
      why = "it walks memory backwards";
      return std::nullopt;
    }
    axes.push_back({coefficient, {{unsigned(d), 1}}});
  }
  llvm::stable_sort(
      axes, [](const Axis &a, const Axis &b) { return a.stride > b.stride; });
  return axes;
}

namespace {
class Matcher {
public:
  Matcher(Product &product, const ArrayMachine &array, std::string &why)
      : product(product), array(array), why(why) {}

  LogicalResult run();

private:
  LogicalResult matchRoot();
  LogicalResult findAccesses();
  LogicalResult chooseLanes();
  LogicalResult findWeights();
  void addShift();
  LogicalResult findKeptTensors();
  LayoutAttr layoutOf(const RegionAccess &access) const {
    RegionOp region = product.model.region;
    return dyn_cast<LayoutAttr>(region.getLayoutsAttr()[access.operand]);
  }
  int64_t strideOf(const RegionAccess &access, unsigned dim) const {
    return product.model.address(access, layoutOf(access)).coeffs[dim];
  }
  bool usesDim(const RegionAccess &access, unsigned dim) const {
    unsigned original = product.model.dims[dim].original.back();
    return llvm::any_of(access.index, [&](const LinearForm &form) {
      return form.coeffs[original] != 0;
    });
  }
  LogicalResult fail(const llvm::Twine &text) {
    why = text.str();
    return failure();
  }

  Product &product;
  const ArrayMachine &array;
  std::string &why;
  struct Factor {
    unsigned input = 0; ///< Of the root.
    bool isUnsigned = false;
    int32_t zeroPoint = 0;
  };
  Factor first, second;
  const RegionAccess *input = nullptr, *weight = nullptr, *store = nullptr;
};
} // namespace

/// The byte that `value` is widened from, with a zero point of its type or
/// without.
template <typename Factor>
static std::optional<Factor> widenedInput(linalg::GenericOp root, Value value) {
  Factor factor;
  if (auto shifted = value.getDefiningOp<arith::SubIOp>()) {
    llvm::APInt zero;
    if (!matchPattern(shifted.getRhs(), m_ConstantInt(&zero)))
      return std::nullopt;
    factor.zeroPoint = int32_t(zero.getSExtValue());
    value = shifted.getLhs();
  }
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(op))
    return std::nullopt;
  factor.isUnsigned = isa<arith::ExtUIOp>(op);
  auto argument = dyn_cast<BlockArgument>(op->getOperand(0));
  if (!argument || argument.getOwner() != root.getBody() ||
      !argument.getType().isInteger(8) ||
      argument.getArgNumber() >= unsigned(root.getNumDpsInputs()))
    return std::nullopt;
  int32_t lowest = factor.isUnsigned ? 0 : -128;
  if (factor.zeroPoint < lowest || factor.zeroPoint > lowest + 255)
    return std::nullopt;
  factor.input = argument.getArgNumber();
  return factor;
}

LogicalResult Matcher::matchRoot() {
  linalg::GenericOp root = product.model.root;
  auto sum = dyn_cast_or_null<arith::AddIOp>(findCombiner(root));
  arith::MulIOp multiply;
  if (sum)
    for (Value operand : sum->getOperands())
      if (auto found = operand.getDefiningOp<arith::MulIOp>())
        multiply = found;
  if (!multiply)
    return fail("the array sums products of integers, and nothing else");
  if (!sum.getType().isInteger(32))
    return fail("the array has sums of 32 bits");
  auto left = widenedInput<Factor>(root, multiply.getLhs());
  auto right = widenedInput<Factor>(root, multiply.getRhs());
  if (!left || !right)
    return fail("the array multiplies bytes");
  TypedAttr start = getSplat(root.getDpsInits()[0]);
  auto zero = dyn_cast_or_null<IntegerAttr>(start);
  if (!zero || !zero.getValue().isZero())
    return fail("its sums do not start at 0");
  first = *left;
  second = *right;
  return success();
}

LogicalResult Matcher::findAccesses() {
  linalg::GenericOp root = product.model.root;
  auto find = [&](unsigned number) -> const RegionAccess * {
    auto argument = dyn_cast<BlockArgument>(root.getDpsInputs()[number]);
    for (const RegionAccess &access : product.model.accesses)
      if (argument && !access.isStore && access.inReduction &&
          access.operand == argument.getArgNumber())
        return &access;
    return nullptr;
  };
  input = find(first.input);
  weight = find(second.input);
  if (!input || !weight || input == weight)
    return fail("the array's operands are computed inside the group");
  if (!layoutOf(*input))
    std::swap(input, weight), std::swap(first, second);
  if (!layoutOf(*input))
    return fail("both factors are constants");
  product.isWeightComputed = bool(layoutOf(*weight));
  product.isInputUnsigned = first.isUnsigned;
  product.isWeightUnsigned = second.isUnsigned;
  product.inputShift.value = (first.isUnsigned ? 128 : 0) - first.zeroPoint;
  product.weightShift.value = (second.isUnsigned ? 128 : 0) - second.zeroPoint;
  if (!product.isWeightComputed && product.weightShift.value != 0)
    return fail("constant weights of the array are signed and have no zero "
                "point");
  for (const RegionAccess &access : product.model.accesses) {
    if (!access.isStore)
      continue;
    if (store)
      return fail("it has several results");
    store = &access;
  }
  product.inputOperand = input->operand;
  product.weightOperand = weight->operand;
  return success();
}

/// What lies side by side in memory goes across the lanes.
LogicalResult Matcher::chooseLanes() {
  int shared = -1;
  for (auto [d, dim] : llvm::enumerate(product.model.dims)) {
    if (!usesDim(*weight, d))
      continue;
    int64_t inputStride = strideOf(*input, d), stored = strideOf(*store, d);
    if (dim.isReduction && inputStride == 1)
      product.rowDim = d;
    else if (!dim.isReduction && inputStride == 0 && stored == 1)
      product.colDim = d;
    else if (!dim.isReduction && inputStride == 1 && stored == 1)
      shared = d;
  }
  // Each channel for itself: all of them side by side, on the diagonal.
  if (product.rowDim < 0 && product.colDim < 0 && shared >= 0) {
    product.rowDim = product.colDim = shared;
    return success();
  }
  bool reduces = llvm::any_of(product.model.dims,
                              [](const auto &dim) { return dim.isReduction; });
  if (reduces && product.rowDim < 0)
    return fail("what is summed does not lie side by side in memory");
  if (product.colDim < 0)
    for (auto [d, dim] : llvm::enumerate(product.model.dims))
      if (!dim.isReduction && usesDim(*weight, d))
        return fail("its results, or channels that are each for itself, do "
                    "not lie side by side in memory");
  return success();
}

/// Computed weights are read as they lie in memory: columns side by side.
LogicalResult Matcher::findWeights() {
  if (!product.isWeightComputed)
    return success();
  LinearForm address = product.model.address(*weight, layoutOf(*weight));
  product.weightStart = address.constant;
  product.weightStrides.assign(address.coeffs.begin(), address.coeffs.end());
  for (auto [d, stride] : llvm::enumerate(product.weightStrides)) {
    if (stride < 0)
      return fail("its second factor walks memory backwards");
    if (int(d) == product.colDim && stride != 1)
      return fail("the columns of its second factor do not lie side by side in "
                  "memory");
  }
  if (product.isDiagonal())
    return fail("channels that are each for itself have constant weights");
  if (OnChipAttr kept = RegionOp(product.model.region).getOnChipAttr();
      kept && kept.isKept(weight->operand))
    return fail("weights of the array come from memory");
  return success();
}

/// sum((x' + a) * (w' + b)) = sum(x' * w') + sum(a * w') + sum(x' * b) + sum(a
/// * b): where w is not known, the second and the third term are passes, too.
void Matcher::addShift() {
  int64_t passes = 1 + product.inputShift.parts() + product.weightShift.parts();
  if (!product.isWeightComputed || passes == 1)
    return;
  Workload &workload = product.spatial.workload;
  uint32_t terms = 1;
  for (const Workload::Dim &dim : workload.dims)
    if (dim.isReduction)
      terms *= uint32_t(dim.size);
  product.sumShift = int32_t(terms * uint32_t(product.inputShift.value) *
                             uint32_t(product.weightShift.value));
  product.repeatDim = int(workload.dims.size());
  workload.dims.push_back({passes, /*isReduction=*/true});
  for (Workload::Operand &operand : workload.operands)
    operand.strides.push_back(0);
}

/// Inputs are taken as they are kept; the mapping finds both in the scratchpad.
LogicalResult Matcher::findKeptTensors() {
  auto find = [&](const RegionAccess &access, int laneDim, ArrayRef<Axis> axes,
                  std::shared_ptr<const KeptTensor> &kept) {
    std::optional<KeptTensor> found;
    if (!findKept(product.model, access, laneDim, axes, array, found, why))
      return failure();
    if (found)
      kept = std::make_shared<const KeptTensor>(std::move(*found));
    return success();
  };
  if (failed(
          find(*input, product.rowDim, product.inputAxes, product.keptInput)) ||
      failed(
          find(*store, product.colDim, product.resultAxes, product.keptResult)))
    return failure();
  if (product.keptInput &&
      product.keptInput->isShifted != product.isInputUnsigned)
    return fail("what is kept has not the sign that the product takes");
  auto &operands = product.spatial.workload.operands;
  if (product.keptInput)
    operands[0].home = array.scratchpad;
  if (product.keptResult)
    operands[2].home = array.scratchpad;
  return success();
}

LogicalResult Matcher::run() {
  if (failed(matchRoot()) || failed(findAccesses()) || failed(chooseLanes()))
    return failure();
  std::optional<unsigned> colRootDim;
  if (product.colDim >= 0) {
    const RegionModel::Dim &dim = product.model.dims[product.colDim];
    if (dim.original.size() != 1)
      return fail("its results are merged along the array's columns");
    colRootDim = dim.original.front();
  }
  std::optional<Epilogue> epilogue =
      matchEpilogue(product.model, colRootDim, why);
  if (!epilogue)
    return failure();
  product.epilogue = std::move(*epilogue);
  LayoutAttr in = layoutOf(*input), out = layoutOf(*store);
  int64_t resultBytes = product.epilogue.isRaw ? 4 : 1;
  product.inputStart = product.model.address(*input, in).constant;
  product.resultStart =
      product.model.address(*store, out).constant * resultBytes;
  auto inputAxes = findAxes(product.model, *input, in, product.rowDim, why);
  auto resultAxes = findAxes(product.model, *store, out, product.colDim, why);
  if (!inputAxes || !resultAxes)
    return failure();
  product.inputAxes = std::move(*inputAxes);
  product.resultAxes = std::move(*resultAxes);
  for (Axis &axis : product.resultAxes)
    axis.stride *= resultBytes;
  for (auto [d, dim] : llvm::enumerate(product.model.dims))
    if (int(d) != product.rowDim && int(d) != product.colDim &&
        usesDim(*weight, d)) {
      product.weightDims.push_back(d);
      if (!dim.isReduction)
        product.groupDims.push_back(d);
    }
  if (failed(findWeights()))
    return failure();
  addShift();
  return findKeptTensors();
}

/// Neighbours of a window that lie side by side are summed in one pass, which
/// fills more rows of the array where channels are few. Channels that fill its
/// rows anyway stay apart: so each is loaded once for all windows it is in.
static std::optional<unsigned> filledLane(const Product &product,
                                          const ArrayMachine &array) {
  if (product.rowDim < 0 || product.isDiagonal())
    return std::nullopt;
  ArrayRef<unsigned> merged = product.model.dims[product.rowDim].original;
  unsigned lane = merged.back();
  if (merged.size() < 2 ||
      product.model.rootSizes[lane] % int64_t(array.config.rows))
    return std::nullopt;
  bool overlaps = false;
  for (const RegionAccess &access : product.model.accesses)
    if (!access.isStore && access.operand == product.inputOperand)
      for (const LinearForm &form : access.index)
        overlaps |=
            form.coeffs[merged.front()] != 0 &&
            llvm::count_if(form.coeffs, [](int64_t c) { return c != 0; }) > 1;
  return overlaps ? std::optional(lane) : std::nullopt;
}

static std::optional<Product> matchModel(FailureOr<RegionModel> model,
                                         const MachineDesc &machine,
                                         const ArrayMachine &array,
                                         std::string &why) {
  if (failed(model))
    return std::nullopt;
  auto spatial = toSpatialRegion(*model, machine, ArrayKind::Multiplies, why);
  if (!spatial)
    return std::nullopt;
  Product product;
  product.model = std::move(*model);
  product.spatial = std::move(*spatial);
  if (failed(Matcher(product, array, why).run()))
    return std::nullopt;
  return product;
}

std::optional<Product> Product::match(RegionOp region,
                                      const MachineDesc &machine,
                                      const ArrayMachine &array,
                                      std::string &why) {
  std::optional<Product> product =
      matchModel(buildKept(region, why), machine, array, why);
  std::optional<unsigned> lane =
      product ? filledLane(*product, array) : std::nullopt;
  if (!lane)
    return product;
  SmallVector<unsigned, 2> lanes = keptLanes(product->model);
  lanes.push_back(*lane);
  std::string unused;
  auto apart = matchModel(RegionModel::build(region, unused, lanes), machine,
                          array, unused);
  return apart ? apart : product;
}
