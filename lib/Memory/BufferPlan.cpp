//===- BufferPlan.cpp - Where every tensor lies ---------------------------===//

#include "lib/Memory/BufferPlanner.h"
#include "lib/Memory/CopyRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace aicc;

int64_t aicc::storedBytes(Type elementType) {
  if (isa<IndexType>(elementType))
    return 8;
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

int64_t BufferRef::span(ArrayRef<int64_t> shape) const {
  int64_t end = 1;
  for (auto [size, stride] : llvm::zip(shape, strides)) {
    if (size == 0)
      return 0;
    end += (size - 1) * stride;
  }
  return end;
}

//===----------------------------------------------------------------------===//
// Orders
//===----------------------------------------------------------------------===//

/// The order of a region's results follows its root: across the lanes
/// innermost where the root is a contraction, else as its largest input lies.
StorageOrder BufferPlanner::regionOrder(RegionOp region, unsigned result) {
  auto type = cast<RankedTensorType>(region.getResult(result).getType());
  StorageOrder natural = rowMajor(type.getRank());
  std::string why;
  auto model = RegionModel::build(region, why);
  if (failed(model))
    return natural;
  // Rank of each root dimension: the smaller, the further out.
  SmallVector<double> rank(model->rootSizes.size(), -1);
  auto lanes = wantsSummedInnermost() ? channelsOf(*model) : std::nullopt;
  if (auto dims = lanes ? std::nullopt : contractionDims(*model))
    lanes = dims->lanes;
  if (lanes) {
    for (unsigned d = 0; d < rank.size(); ++d)
      rank[d] = d == *lanes ? rank.size() : d;
  } else {
    const RegionAccess *largest = nullptr;
    int64_t most = 0;
    for (const RegionAccess &access : model->accesses) {
      if (access.isStore)
        continue;
      Value source = region.getIns()[access.operand];
      int64_t elements = typeOf(source).getNumElements();
      if (source.getDefiningOp<arith::ConstantOp>())
        elements = 0;
      if (elements > most) {
        most = elements;
        largest = &access;
      }
    }
    if (!largest)
      return natural;
    StorageOrder order = preferredOrder(region.getIns()[largest->operand]);
    for (auto [place, dim] : llvm::enumerate(order)) {
      const LinearForm &form = largest->index[dim];
      for (auto [d, coeff] : llvm::enumerate(form.coeffs))
        if (coeff != 0 && rank[d] < 0) {
          rank[d] = place;
          break;
        }
    }
    // What repeats a dimension (an image that becomes larger) follows it.
    for (unsigned d = 1; d < rank.size(); ++d)
      if (rank[d] < 0 && rank[d - 1] >= 0)
        rank[d] = rank[d - 1] + 0.5;
  }
  // From the root's dimensions to the result's.
  SmallVector<double> place(type.getRank(), -1);
  for (const RegionAccess &access : model->accesses) {
    if (!access.isStore || access.operand != model->numArguments() + result)
      continue;
    for (auto [k, form] : llvm::enumerate(access.index)) {
      if (type.getDimSize(k) == 1)
        continue;
      auto d = form.asDim();
      if (!d || rank[*d] < 0)
        return natural;
      place[k] = rank[*d];
    }
  }
  StorageOrder order = natural;
  llvm::stable_sort(order,
                    [&](int64_t a, int64_t b) { return place[a] < place[b]; });
  return order;
}

/// The order in which `value` would lie in a buffer of its own.
StorageOrder BufferPlanner::preferredOrder(Value value) {
  auto known = orders.find(value);
  if (known != orders.end())
    return known->second;
  int64_t rank = typeOf(value).getRank();
  StorageOrder order = rowMajor(rank);
  orders[value] = order;
  Operation *op = value.getDefiningOp();
  auto summed = wantsSummedInnermost() && !isCopyRegion(op) ? summedDim(value)
                                                            : std::nullopt;
  if (summed) {
    llvm::erase(order, *summed);
    order.push_back(*summed);
  } else if (auto region = dyn_cast_or_null<RegionOp>(op)) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    if (auto wanted = region->getAttrOfType<DenseI64ArrayAttr>(kCopyOrder))
      order.assign(wanted.asArrayRef().begin(), wanted.asArrayRef().end());
    else
      order = regionOrder(region, number);
  } else if (auto pad = dyn_cast_or_null<tensor::PadOp>(op)) {
    order = preferredOrder(pad.getSource());
  } else if (isa_and_nonnull<tensor::ConcatOp>(op)) {
    order = preferredOrder(op->getOperand(0));
  } else if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op)) {
    if (slice.getSourceType().getRank() == rank)
      order = preferredOrder(slice.getSource());
  } else if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op)) {
    // What lies in a chain of insertions lies as its last part does.
    if (insert.getSourceType().getRank() == rank)
      order = preferredOrder(insert.getSource());
  } else if (auto transpose = dyn_cast_or_null<linalg::TransposeOp>(op)) {
    StorageOrder source = preferredOrder(transpose.getInput());
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    for (auto [place, dim] : llvm::enumerate(source))
      order[place] = llvm::find(permutation, dim) - permutation.begin();
  } else if (isShapeView(op)) {
    // Unit dimensions aside, a reshape of an unusual order is row-major after
    // the copy that it needs.
    auto from = typeOf(op->getOperand(0));
    if (auto match = matchUnitReshape(from, typeOf(value))) {
      StorageOrder source = preferredOrder(op->getOperand(0));
      llvm::stable_sort(order, [&](int64_t a, int64_t b) {
        auto place = [&](int64_t k) {
          return (*match)[k] < 0
                     ? -1
                     : llvm::find(source, (*match)[k]) - source.begin();
        };
        return place(a) < place(b);
      });
    }
  }
  orders[value] = order;
  return order;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

BufferRef BufferPlanner::newRoot(RootBuffer root, RankedTensorType type,
                                 ArrayRef<int64_t> order, int64_t gap) {
  root.elementType = type.getElementType();
  BufferRef ref;
  ref.root = plan.rootBuffers.size();
  ref.strides = spacedStrides(type.getShape(), order, gap);
  root.elements = type.getNumElements();
  if (gap)
    for (auto [size, stride] : llvm::zip(type.getShape(), ref.strides))
      root.elements = std::max(root.elements, size * stride);
  plan.rootBuffers.push_back(root);
  return ref;
}

/// Elements to leave free after the channels of each pixel of a padded image:
/// one line, where the windows of a depthwise convolution would otherwise walk
/// lines that share too few places of the innermost cache.
int64_t BufferPlanner::gapOf(Value value) {
  auto cache = func->getAttrOfType<DenseI64ArrayAttr>(kInnermostCache);
  auto pad = value.getDefiningOp<tensor::PadOp>();
  auto channels = pad ? channelsOfOnlyUser(value) : std::nullopt;
  if (!cache || !channels || preferredOrder(value).back() != *channels)
    return 0;
  int64_t bytes = cache[0], ways = cache[1], line = cache[2];
  int64_t element = storedBytes(typeOf(value).getElementType());
  int64_t apart = typeOf(value).getDimSize(*channels) * element;
  // A window's rows beside those that the core has run ahead to.
  constexpr int64_t linesWanted = 32;
  int64_t places = bytes / ways / std::gcd(apart, bytes / ways) * ways;
  return apart % line == 0 && places < linesWanted ? line / element : 0;
}

/// The window of the source of a view, given that of the view.
FailureOr<BufferRef> BufferPlanner::inverseView(Operation *op,
                                                const BufferRef &ref) {
  BufferRef source = ref;
  RankedTensorType from = typeOf(op->getOperand(0));
  RankedTensorType to = typeOf(op->getResult(0));
  source.strides.assign(from.getRank(), 0);
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    for (auto [k, dim] : llvm::enumerate(transpose.getPermutation()))
      source.strides[dim] = ref.strides[k];
    return source;
  }
  auto strides = reshapeStrides(to.getShape(), ref.strides, from.getShape());
  if (!strides)
    return failure();
  source.strides = *strides;
  return source;
}

/// The window of a value that is written into that of its user.
FailureOr<BufferRef> BufferPlanner::claimedRef(Value value) {
  OpOperand *use = claims[value];
  Operation *user = use->getOwner();
  RankedTensorType type = typeOf(value);
  if (isa<func::ReturnOp>(user)) {
    RootBuffer root;
    root.kind = RootBuffer::Kind::Output;
    root.number = use->getOperandNumber();
    RankedTensorType outType = typeOf(use->get());
    BufferRef ref = newRoot(root, outType, rowMajor(outType.getRank()));
    // Back through the views between the value and the result.
    SmallVector<Operation *> views;
    for (Value v = use->get(); v != value; v = v.getDefiningOp()->getOperand(0))
      views.push_back(v.getDefiningOp());
    plan.refs.try_emplace(use->get(), ref);
    for (Operation *view : views) {
      auto inverse = inverseView(view, ref);
      if (failed(inverse))
        return failure();
      ref = *inverse;
    }
    return ref;
  }
  if (auto yield = dyn_cast<scf::YieldOp>(user))
    return refOf(cast<scf::ForOp>(yield->getParentOp())
                     .getRegionIterArg(use->getOperandNumber()));
  if (auto loop = dyn_cast<scf::ForOp>(user))
    return refOf(loop.getTiedLoopResult(use));
  auto parent = refOf(user->getResult(0));
  if (failed(parent))
    return failure();
  BufferRef ref = *parent;
  if (auto concat = dyn_cast<tensor::ConcatOp>(user)) {
    for (Value before : concat.getInputs().take_front(use->getOperandNumber()))
      ref.offset += typeOf(before).getDimSize(concat.getDim()) *
                    ref.strides[concat.getDim()];
    return ref;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(user)) {
    for (auto [low, stride] : llvm::zip(pad.getStaticLow(), ref.strides))
      ref.offset += low * stride;
    return ref;
  }
  auto insert = cast<tensor::InsertSliceOp>(user);
  if (use == &insert.getDestMutable())
    return ref;
  return sliceRef(ref, insert.getMixedOffsets(), insert.getMixedStrides(),
                  insert.getStaticSizes(), insert.getDroppedDims(), type);
}

/// Only an address in the arena can move with a loop: what such a slice takes
/// of an argument or a constant is copied there, before the loop.
FailureOr<BufferRef> BufferPlanner::movableSource(tensor::ExtractSliceOp slice,
                                                  const BufferRef &source) {
  bool moves = llvm::any_of(slice.getMixedOffsets(), llvm::IsaPred<Value>);
  if (!moves || plan.roots()[source.root].kind == RootBuffer::Kind::Arena)
    return source;
  Operation *place = slice;
  for (auto loop = place->getParentOfType<scf::ForOp>();
       loop && loop.isDefinedOutsideOfLoop(slice.getSource());
       loop = place->getParentOfType<scf::ForOp>())
    place = loop;
  OpBuilder builder(place);
  Value copy = createCopyRegion(builder, slice.getLoc(), slice.getSource(),
                                rowMajor(slice.getSourceType().getRank()));
  slice.getSourceMutable().assign(copy);
  FailureOr<BufferRef> ref = refOf(copy);
  if (succeeded(ref))
    setLayouts(copy.getDefiningOp<RegionOp>());
  return ref;
}

FailureOr<BufferRef> BufferPlanner::viewRef(Operation *op) {
  auto source = refOf(op->getOperand(0));
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
      slice && succeeded(source))
    source = movableSource(slice, *source);
  if (failed(source))
    return failure();
  RankedTensorType from = typeOf(op->getOperand(0));
  RankedTensorType to = typeOf(op->getResult(0));
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return sliceRef(*source, slice.getMixedOffsets(), slice.getMixedStrides(),
                    slice.getStaticSizes(), slice.getDroppedDims(), to);
  BufferRef ref = *source;
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    for (auto [k, dim] : llvm::enumerate(transpose.getPermutation()))
      ref.strides[k] = source->strides[dim];
    return ref;
  }
  auto strides =
      reshapeStrides(from.getShape(), source->strides, to.getShape());
  if (!strides) {
    // The elements do not lie in the order of the reshape: copy them first.
    OpBuilder builder(op);
    Value copy = createCopyRegion(builder, op->getLoc(), op->getOperand(0),
                                  rowMajor(from.getRank()));
    op->setOperand(0, copy);
    auto dense = refOf(copy);
    if (failed(dense))
      return failure();
    setLayouts(copy.getDefiningOp<RegionOp>());
    ref = *dense;
    strides = reshapeStrides(from.getShape(), ref.strides, to.getShape());
    if (!strides)
      return failure();
  }
  ref.strides = *strides;
  return ref;
}

FailureOr<BufferRef> BufferPlanner::refOf(Value value) {
  auto known = plan.refs.find(value);
  if (known != plan.refs.end())
    return known->second;
  RankedTensorType type = typeOf(value);
  Operation *op = value.getDefiningOp();
  FailureOr<BufferRef> ref = failure();
  RootBuffer root;
  if (claims.count(value)) {
    ref = claimedRef(value);
  } else if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp())) {
      ref = refOf(loop.getTiedLoopResult(argument));
    } else {
      root.kind = RootBuffer::Kind::Input;
      root.number = argument.getArgNumber();
      ref = newRoot(root, type, rowMajor(type.getRank()));
    }
  } else if (isa<arith::ConstantOp>(op)) {
    root.kind = RootBuffer::Kind::Constant;
    root.constant = value;
    ref = newRoot(root, type, rowMajor(type.getRank()));
  } else if (isShapeView(op) || isa<tensor::ExtractSliceOp>(op)) {
    ref = viewRef(op);
  } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    // In place in its destination, if that is a loop's own buffer.
    auto into = dyn_cast<BlockArgument>(insert.getDest());
    if (into && isa<scf::ForOp>(into.getOwner()->getParentOp()))
      ref = refOf(into);
    else
      ref = newRoot(root, type, preferredOrder(value));
  } else {
    ref = newRoot(root, type, preferredOrder(value), gapOf(value));
  }
  if (failed(ref)) {
    if (op)
      op->emitError("its result cannot be placed in memory");
    return failure();
  }
  plan.refs[value] = *ref;
  return ref;
}

/// A factor that is loaded by vectors must lie along the lanes: a copy of it
/// costs less than gathering its elements once for each row.
void BufferPlanner::streamByVectors(RegionOp region) {
  std::string why;
  auto model = RegionModel::build(region, why);
  if (failed(model))
    return;
  auto dims = contractionDims(*model);
  if (!dims || !dims->streamed)
    return;
  Value source = region.getIns()[*dims->streamed];
  if (source.getDefiningOp<arith::ConstantOp>() ||
      isCopyRegion(source.getDefiningOp()))
    return;
  const RegionAccess *streamed = nullptr;
  int64_t rows = 1;
  for (const RegionAccess &access : model->accesses)
    if (access.inReduction && access.operand == *dims->streamed)
      streamed = &access;
  for (auto [d, size] : llvm::enumerate(model->rootSizes)) {
    bool used = llvm::any_of(streamed->index, [&, d = d](const LinearForm &f) {
      return f.coeffs[d] != 0;
    });
    if (!used)
      rows *= size;
  }
  auto ref = refOf(source);
  if (failed(ref) || rows == 1)
    return;
  for (auto [k, form] : llvm::enumerate(streamed->index)) {
    if (form.asDim() != dims->lanes || ref->strides[k] == 1)
      continue;
    StorageOrder order = orderOf(typeOf(source).getShape(), ref->strides);
    llvm::erase(order, int64_t(k));
    order.push_back(k);
    OpBuilder builder(region);
    Value copy = createCopyRegion(builder, region.getLoc(), source, order);
    region->setOperand(*dims->streamed, copy);
    (void)refOf(copy);
    setLayouts(copy.getDefiningOp<RegionOp>());
    return;
  }
}

/// What a product sums must lie innermost: a copy of it costs less than bytes
/// that are moved one by one.
void BufferPlanner::sumInnermost(RegionOp region) {
  for (auto [number, source] : llvm::enumerate(region.getIns())) {
    Value value = source;
    auto summed = value.getDefiningOp<arith::ConstantOp>()
                      ? std::nullopt
                      : summedDimOf(region, number);
    auto ref = summed ? refOf(value) : FailureOr<BufferRef>();
    if (failed(ref) || ref->strides[*summed] == 1 ||
        isCopyRegion(value.getDefiningOp()))
      continue;
    StorageOrder order = rowMajor(typeOf(value).getRank());
    llvm::erase(order, *summed);
    order.push_back(*summed);
    OpBuilder builder(region);
    Value copy = createCopyRegion(builder, region.getLoc(), value, order);
    region->setOperand(number, copy);
    (void)refOf(copy);
    setLayouts(copy.getDefiningOp<RegionOp>());
  }
}

/// Constants that the group reads once, by plain dimensions, may be stored in
/// whatever order suits the mapping.
static bool isPackable(const RegionModel &model, unsigned operand) {
  const RegionAccess *found = nullptr;
  for (const RegionAccess &access : model.accesses) {
    if (access.operand != operand)
      continue;
    if (found)
      return false;
    found = &access;
  }
  if (!found)
    return false;
  DenseSet<unsigned> seen;
  for (const LinearForm &form : found->index) {
    auto dim = form.asDim();
    bool isZero = form.constant == 0 &&
                  llvm::all_of(form.coeffs, [](int64_t c) { return c == 0; });
    if (!isZero && (!dim || !seen.insert(*dim).second))
      return false;
  }
  return true;
}

/// Windows of the arena start where the kernel's argument does, so that equal
/// kernels are one; the other buffers are passed whole.
LayoutAttr BufferPlanner::layoutOf(Value value) {
  const BufferRef &ref = plan.lookup(value);
  bool inArena = plan.rootBuffers[ref.root].kind == RootBuffer::Kind::Arena;
  return LayoutAttr::get(func.getContext(), inArena ? 0 : ref.offset,
                         ref.strides);
}

void BufferPlanner::setLayouts(RegionOp region) {
  // A second run keeps what the mapping has made of the packed constants.
  if (region.getLayouts())
    return;
  std::string why;
  auto model = RegionModel::build(region, why);
  OpBuilder builder(region.getContext());
  SmallVector<Attribute> layouts;
  for (auto [number, operand] : llvm::enumerate(region.getIns())) {
    RankedTensorType type = typeOf(operand);
    if (succeeded(model) && operand.getDefiningOp<arith::ConstantOp>() &&
        isPackable(*model, number)) {
      SmallVector<int64_t> ones(type.getRank(), 1);
      layouts.push_back(PackAttr::get(region.getContext(),
                                      rowMajor(type.getRank()), type.getShape(),
                                      ones));
      continue;
    }
    layouts.push_back(layoutOf(operand));
  }
  for (Value result : region.getResults())
    layouts.push_back(layoutOf(result));
  region.setLayoutsAttr(builder.getArrayAttr(layouts));
}

LogicalResult BufferPlanner::placeBlock(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      if (failed(placeBlock(*loop.getBody())))
        return failure();
    if (auto region = dyn_cast<RegionOp>(op)) {
      streamByVectors(region);
      if (wantsSummedInnermost())
        sumInnermost(region);
    }
    for (Value operand : op.getOperands())
      if (isa<RankedTensorType>(operand.getType()) &&
          (isa<RegionOp>(op) || !operand.getDefiningOp<tensor::EmptyOp>()) &&
          failed(refOf(operand)))
        return failure();
    for (Value result : op.getResults())
      if (isa<RankedTensorType>(result.getType()) &&
          !isa<tensor::EmptyOp, linalg::FillOp>(op) && failed(refOf(result)))
        return failure();
    if (auto region = dyn_cast<RegionOp>(op))
      setLayouts(region);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Lifetimes
//===----------------------------------------------------------------------===//

void BufferPlanner::computeLifetimes() {
  int64_t position = 0;
  auto touch = [&](Value value) {
    auto found = plan.refs.find(value);
    if (found == plan.refs.end())
      return;
    RootBuffer &root = plan.rootBuffers[found->second.root];
    if (root.firstUse < 0)
      root.firstUse = position;
    root.lastUse = position;
  };
  // What lives inside a loop lives for all of it.
  for (Operation &op : func.getBody().front()) {
    op.walk([&](Operation *nested) {
      if (isa<linalg::LinalgOp>(nested->getParentOp()))
        return;
      for (Value operand : nested->getOperands())
        touch(operand);
      for (Value result : nested->getResults())
        touch(result);
    });
    ++position;
  }
  extendLifetimes();
  // What stays in a device has no place here.
  func.walk([&](RegionOp region) {
    for (OpResult result : region->getResults())
      if (region.isKeptOnChip(result.getResultNumber()))
        plan.rootBuffers[plan.lookup(result).root].firstUse = -1;
  });
}

/// What regions that run in turns touch lives from the first of their group to
/// the last, and may be less than its whole.
void BufferPlanner::extendLifetimes() {
  struct Group {
    int64_t first = 0, last = 0;
    SmallVector<unsigned> roots;
  };
  llvm::MapVector<int64_t, Group> groups;
  for (auto [position, op] : llvm::enumerate(func.getBody().front())) {
    auto region = dyn_cast<RegionOp>(op);
    if (!region || !region.getStripesAttr())
      continue;
    auto [entry, isNew] = groups.try_emplace(region.getStripesAttr().getGroup(),
                                             Group{int64_t(position), 0, {}});
    Group &group = entry->second;
    group.last = position;
    for (Value value : region->getOperands())
      group.roots.push_back(plan.lookup(value).root);
    for (Value value : region->getResults()) {
      unsigned root = plan.lookup(value).root;
      group.roots.push_back(root);
      if (int64_t kept = region.getStripesAttr().getKept())
        plan.rootBuffers[root].elements = kept;
    }
  }
  for (const auto &[number, group] : groups)
    for (unsigned index : group.roots) {
      RootBuffer &root = plan.rootBuffers[index];
      root.firstUse = std::min(root.firstUse, group.first);
      root.lastUse = std::max(root.lastUse, group.last);
    }
}

FailureOr<BufferPlan> BufferPlanner::run() {
  if (!func.getBody().hasOneBlock())
    return func.emitError("expected one block"), failure();
  Block &body = func.getBody().front();
  if (failed(claimBlock(body)) || failed(placeBlock(body)))
    return failure();
  computeLifetimes();
  return std::move(plan);
}

FailureOr<BufferPlan> BufferPlan::build(func::FuncOp func) {
  return BufferPlanner(func).run();
}
