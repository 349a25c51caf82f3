//===- VectorGroup.cpp - What a group asks of the vector unit -------------===//

#include "targets/systolic/Lowering/VectorGroup.h"
#include "targets/systolic/Lowering/ScalarColumns.h"
#include "targets/systolic/Lowering/VectorPlan.h"

#include "aicc/Graph/ConstantTensor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <limits>

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

namespace {
class VectorMatcher {
public:
  VectorMatcher(VectorGroup &group, const ArrayMachine &machine,
                std::string &why)
      : group(group), machine(machine), why(why) {}

  bool run();
  /// Without what it computes.
  bool runPlaces() { return findAccesses() && chooseLanes() && place(); }

private:
  bool findAccesses();
  bool matchRoot();
  bool matchMap();
  bool matchMaximum(Operation *combiner);
  bool matchSum(Operation *combiner);
  bool chooseLanes();
  void findOrder();
  bool placeConstant(VectorInput &input, const RegionAccess &access);
  bool usesDim(const RegionAccess &access, unsigned dim) const {
    return llvm::any_of(access.index, [&](const LinearForm &form) {
      return form.coeffs[group.model.dims[dim].original.back()] != 0;
    });
  }
  bool place();
  bool checkSpan(const RegionAccess &access);
  bool checkKept();
  void shiftTable();
  LayoutAttr layoutOf(const RegionAccess &access) const {
    RegionOp region = group.model.region;
    return dyn_cast<LayoutAttr>(region.getLayoutsAttr()[access.operand]);
  }
  /// Whether `value` is an element of what the group reads, in its root.
  bool isRead(Value value) const;
  bool isByte(const RegionAccess &access) const {
    return group.model.elementType(access.operand).isInteger(8);
  }
  bool fail(const llvm::Twine &text) {
    why = text.str();
    return false;
  }

  VectorGroup &group;
  const ArrayMachine &machine;
  std::string &why;
  SmallVector<const RegionAccess *, 2> reads;
  const RegionAccess *store = nullptr;
};
} // namespace

bool VectorMatcher::findAccesses() {
  for (const RegionAccess &access : group.model.accesses) {
    if (!isByte(access))
      // What follows a pool's sums is constant, and not read here.
      if (access.isStore || !group.model.hasReduction())
        return fail("makes bytes of bytes");
    if (access.isStore) {
      if (store)
        return fail("the group has several results");
      store = &access;
      continue;
    }
    if (!isByte(access))
      continue;
    auto isSame = [&](const RegionAccess *other) {
      return other->operand == access.operand;
    };
    auto *other = llvm::find_if(reads, isSame);
    if (other == reads.end())
      reads.push_back(&access);
    else if (!llvm::equal((*other)->index, access.index,
                          [](const LinearForm &a, const LinearForm &b) {
                            return a.coeffs == b.coeffs &&
                                   a.constant == b.constant;
                          }))
      return fail("one operand is read at different places");
  }
  constexpr size_t most = 2;
  if (!store || reads.empty() || reads.size() > most)
    return fail("joins one or two tensors");
  if (llvm::none_of(reads,
                    [&](const auto *access) { return layoutOf(*access); }))
    return fail("all of the operands are constants");
  for (const RegionAccess *access : reads) {
    group.inputs.push_back({});
    group.inputs.back().operand = access->operand;
  }
  return true;
}

bool VectorMatcher::isRead(Value value) const {
  linalg::GenericOp root = group.model.root;
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != root.getBody() ||
      argument.getArgNumber() >= unsigned(root.getNumDpsInputs()))
    return false;
  RegionOp region = group.model.region;
  return behindReshapes(root.getDpsInputs()[argument.getArgNumber()]) ==
         region.getBody().getArgument(group.inputs[0].operand);
}

bool VectorMatcher::matchMap() {
  findOrder();
  constexpr size_t numBytes = 256;
  std::vector<int64_t> bytes;
  for (size_t i = 0; i < numBytes; ++i)
    bytes.push_back(int8_t(uint8_t(i)));
  RegionOp region = group.model.region;
  ScalarColumns columns(region, numBytes);
  columns.setBytes(group.inputs[0].operand, std::move(bytes));
  if (!columns.run(why))
    return false;
  auto yield = cast<YieldOp>(region.getBody().front().getTerminator());
  bool isIdentity = true;
  for (int64_t value : columns.find(yield.getValues()[0])->integers) {
    isIdentity &= uint8_t(value) == group.table.size();
    group.table.push_back(uint8_t(value));
  }
  if (isIdentity)
    group.table.clear();
  return true;
}

/// Whether `value` is the accumulator of `root`, its only result.
static bool isAccumulator(linalg::GenericOp root, Value value) {
  return value == root.getBody()->getArgument(root.getNumDpsInputs());
}

bool VectorMatcher::matchMaximum(Operation *combiner) {
  linalg::GenericOp root = group.model.root;
  RegionOp region = group.model.region;
  bool isUnsigned = isa<arith::MaxUIOp>(combiner);
  unsigned other = isAccumulator(root, combiner->getOperand(0)) ? 1 : 0;
  auto start = dyn_cast_or_null<IntegerAttr>(getSplat(root.getDpsInits()[0]));
  Value result = behindReshapes(
      cast<YieldOp>(region.getBody().front().getTerminator()).getValues()[0]);
  if (!isRead(combiner->getOperand(other)) || result != root.getResult(0))
    return fail("takes the maximum of bytes as they are");
  if (!start || !(isUnsigned ? start.getValue().isMinValue()
                             : start.getValue().isMinSignedValue()))
    return fail("the maximum does not start at the smallest byte");
  group.kind = VectorKind::Maximum;
  group.inputs[0].isUnsigned = isUnsigned;
  return true;
}

bool VectorMatcher::matchSum(Operation *combiner) {
  linalg::GenericOp root = group.model.root;
  unsigned other = isAccumulator(root, combiner->getOperand(0)) ? 1 : 0;
  Operation *widened = combiner->getOperand(other).getDefiningOp();
  if (!isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(widened) ||
      !isRead(widened->getOperand(0)) ||
      !combiner->getResult(0).getType().isInteger(32))
    return fail("sums bytes as they are, in 32 bits");
  auto start = dyn_cast_or_null<IntegerAttr>(getSplat(root.getDpsInits()[0]));
  if (!start || !start.getValue().isZero())
    return fail("the sums do not start at 0");
  const RegionModel::Dim &lanes = group.model.dims[group.laneDim];
  std::optional<unsigned> lane;
  if (lanes.original.size() == 1)
    lane = lanes.original.front();
  std::optional<Epilogue> epilogue = matchEpilogue(group.model, lane, why);
  if (!epilogue)
    return false;
  if (epilogue->isRaw)
    return fail("sums leave it as bytes only");
  if (!llvm::all_equal(epilogue->scales) || !llvm::all_equal(epilogue->biases))
    return fail("the sums of a pool have one scale and one bias");
  group.kind = VectorKind::Sum;
  group.epilogue = std::move(*epilogue);
  VectorInput &input = group.inputs[0];
  input.isUnsigned = isa<arith::ExtUIOp>(widened);
  // Wraps around as the sums do.
  uint32_t bias = 0;
  if (!group.epilogue.biases.empty())
    bias = uint32_t(group.epilogue.biases.front());
  if (input.isUnsigned) {
    constexpr uint32_t shift = 128;
    uint32_t count = 1;
    for (const RegionModel::Dim &dim : group.model.dims)
      if (dim.isReduction)
        count *= uint32_t(dim.size);
    bias += shift * count;
  }
  group.epilogue.biases = {int32_t(bias)};
  return true;
}

bool VectorMatcher::matchRoot() {
  if (!group.model.hasReduction())
    return reads.size() == 1 ? matchMap() : matchPair(group, why);
  Operation *combiner = findCombiner(group.model.root);
  if (reads.size() != 1 || !reads[0]->inReduction || !combiner)
    return fail("reduces one tensor of bytes");
  if (isa<arith::MaxUIOp, arith::MaxSIOp>(combiner))
    return matchMaximum(combiner);
  if (isa<arith::AddIOp>(combiner))
    return matchSum(combiner);
  return fail("takes maxima and sums of bytes");
}

/// A dimension along which all operands lie side by side; of several the
/// longest.
bool VectorMatcher::chooseLanes() {
  std::optional<unsigned> found;
  auto strideOf = [&](const RegionAccess &access, unsigned dim) {
    return group.model.address(access, layoutOf(access)).coeffs[dim];
  };
  for (unsigned d = 0; d < group.model.dims.size(); ++d) {
    bool isLane = !group.model.dims[d].isReduction && strideOf(*store, d) == 1;
    for (const RegionAccess *access : reads)
      isLane &=
          layoutOf(*access) ? strideOf(*access, d) == 1 : usesDim(*access, d);
    if (isLane && (!found || group.size(d) > group.size(*found)))
      found = d;
  }
  if (!found)
    return fail("no dimension lies side by side in all of the operands");
  group.laneDim = *found;
  return true;
}

/// Offsets and strides have 32 bits.
bool VectorMatcher::checkSpan(const RegionAccess &access) {
  LinearForm address = group.model.address(access, layoutOf(access));
  double last = double(address.constant);
  for (auto [coefficient, dim] : llvm::zip(address.coeffs, group.model.dims))
    last += double(coefficient) * double(dim.size - 1);
  if (last > double(std::numeric_limits<int32_t>::max()))
    return fail("the operands are longer than offsets of 32 bits");
  return true;
}

/// A table is applied in place where rows of input and result have one order.
void VectorMatcher::findOrder() {
  Extents sizes;
  for (const RegionModel::Dim &dim : group.model.dims)
    sizes.push_back(dim.size);
  group.isInOrder = true;
  for (const RowLoop &loop : vectorLoops(
           group, sizes,
           {group.resultAxes, axisRows(group.resultAxes, sizes, 1), 1},
           {group.inputs[0].axes, axisRows(group.inputs[0].axes, sizes, 1), 1}))
    group.isInOrder &= loop.dramStride == loop.localStride;
}

/// Lays a constant's bytes out as the result's dimensions are walked.
bool VectorMatcher::placeConstant(VectorInput &input,
                                  const RegionAccess &access) {
  RegionOp region = group.model.region;
  ElementsAttr elements;
  std::optional<ConstantTensor> tensor;
  if (matchPattern(region.getIns()[access.operand], m_Constant(&elements)))
    tensor = ConstantTensor::get(elements);
  if (!tensor)
    return fail("a constant operand cannot be read");
  SmallVector<unsigned, 6> dims;
  for (const Axis &axis : group.resultAxes)
    for (const Workload::Term &term : axis.terms)
      if (usesDim(access, term.dim))
        dims.push_back(term.dim);
  int64_t stride = group.size(group.laneDim);
  for (unsigned d : llvm::reverse(dims)) {
    input.axes.insert(input.axes.begin(), {stride, {{d, 1}}});
    stride *= group.size(d);
  }
  dims.push_back(group.laneDim);
  SmallVector<int64_t, 8> root(group.model.rootSizes.size(), 0);
  for (int64_t i = 0; i < stride; ++i) {
    int64_t rest = i, position = 0;
    for (unsigned d : llvm::reverse(dims))
      for (unsigned original : llvm::reverse(group.model.dims[d].original)) {
        root[original] = rest % group.model.rootSizes[original];
        rest /= group.model.rootSizes[original];
      }
    for (auto [form, size] : llvm::zip(access.index, tensor->shape())) {
      int64_t at = form.constant;
      for (auto [coefficient, value] : llvm::zip(form.coeffs, root))
        at += coefficient * value;
      position = position * size + at;
    }
    input.constant.push_back(char(tensor->raw(position)));
  }
  return true;
}

bool VectorMatcher::place() {
  auto axes =
      findAxes(group.model, *store, layoutOf(*store), int(group.laneDim), why);
  if (!axes || !checkSpan(*store))
    return false;
  group.resultAxes = std::move(*axes);
  if (!findKept(group.model, *store, int(group.laneDim), group.resultAxes,
                machine, group.keptResult, why))
    return false;
  group.resultStart = group.model.address(*store, layoutOf(*store)).constant;
  for (auto [input, access] : llvm::zip(group.inputs, reads)) {
    if (!layoutOf(*access)) {
      if (!placeConstant(input, *access))
        return false;
      continue;
    }
    auto axes = findAxes(group.model, *access, layoutOf(*access),
                         int(group.laneDim), why);
    if (!axes || !checkSpan(*access))
      return false;
    input.axes = std::move(*axes);
    if (!findKept(group.model, *access, int(group.laneDim), input.axes, machine,
                  input.kept, why))
      return false;
    input.start = group.model.address(*access, layoutOf(*access)).constant;
  }
  // The first operand of two is the one that is not repeated.
  auto isRepeated = [&](const VectorInput &input) {
    return input.axes.size() < group.resultAxes.size();
  };
  if (group.inputs.size() > 1 && isRepeated(group.inputs[0]))
    std::swap(group.inputs[0], group.inputs[1]);
  return true;
}

/// Tables take bytes as they are kept; what computes with bytes takes them with
/// the sign that it knows.
bool VectorMatcher::checkKept() {
  if (group.kind == VectorKind::Map) {
    shiftTable();
    return true;
  }
  for (const VectorInput &input : group.inputs)
    if (input.kept && input.kept->isShifted != input.isUnsigned)
      return fail("what is kept has not the sign that the group takes");
  if (group.kind == VectorKind::Maximum && group.keptResult &&
      group.keptResult->isShifted != group.inputs[0].isUnsigned)
    return fail("what is kept has not the sign of the maximum");
  return true;
}

void VectorMatcher::shiftTable() {
  constexpr uint8_t signBit = 0x80;
  uint8_t in = group.inputs[0].kept && group.inputs[0].kept->isShifted ? signBit
                                                                       : 0,
          out = group.keptResult && group.keptResult->isShifted ? signBit : 0;
  if (group.table.empty() && in == out)
    return;
  std::vector<uint8_t> shifted;
  for (unsigned i = 0; i < 256; ++i) {
    uint8_t byte = uint8_t(i) ^ in;
    shifted.push_back((group.table.empty() ? byte : group.table[byte]) ^ out);
  }
  group.table = std::move(shifted);
}

bool VectorMatcher::run() {
  if (llvm::any_of(group.model.dims,
                   [](const auto &dim) { return dim.size < 1; }))
    return fail("the group has no elements");
  return runPlaces() && matchRoot() && checkKept();
}

static std::optional<VectorGroup> groupOf(RegionOp region, std::string &why) {
  FailureOr<RegionModel> model = buildKept(region, why);
  if (failed(model))
    return std::nullopt;
  VectorGroup group;
  group.model = std::move(*model);
  return group;
}

std::optional<VectorGroup> VectorGroup::match(RegionOp region,
                                              const ArrayMachine &machine,
                                              std::string &why) {
  std::optional<VectorGroup> group = groupOf(region, why);
  if (group && VectorMatcher(*group, machine, why).run())
    return group;
  return std::nullopt;
}

bool VectorGroup::canKeep(RegionOp region, const ArrayMachine &machine,
                          std::string &why) {
  std::optional<VectorGroup> group = groupOf(region, why);
  return group && VectorMatcher(*group, machine, why).runPlaces();
}
