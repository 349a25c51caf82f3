//===- BufferClaims.cpp - What is written into whose buffer ---------------===//

#include "lib/Memory/BufferPlanner.h"
#include "lib/Memory/CopyRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace aicc;

/// Results of these are written element by element, wherever we like.
static bool isWritten(Operation *op) {
  return op &&
         isa<RegionOp, tensor::ConcatOp, tensor::PadOp, tensor::InsertSliceOp>(
             op);
}

/// The value whose buffer `value` is a view of.
Value BufferPlanner::behindViews(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isShapeView(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

void BufferPlanner::requireCopy(OpOperand &operand, Operation *before,
                                ArrayRef<int64_t> order) {
  // What nothing wrote (a tensor without elements) needs no copy.
  if (operand.get().getDefiningOp<tensor::EmptyOp>())
    return;
  OpBuilder builder(before);
  Value copy =
      createCopyRegion(builder, before->getLoc(), operand.get(), order);
  operand.set(copy);
  claims[copy] = &operand;
}

/// A result of the function is row-major. Where the lanes of a contraction have
/// to lie innermost and would not, it is copied there.
void BufferPlanner::claimResult(OpOperand &operand) {
  Value written = behindViews(operand.get());
  auto region = written.getDefiningOp<RegionOp>();
  auto lanes =
      wantsSummedInnermost() && region
          ? lanesOfResult(region, cast<OpResult>(written).getResultNumber())
          : std::nullopt;
  bool isInnermost = true;
  if (lanes)
    for (int64_t inner : typeOf(written).getShape().drop_front(*lanes + 1))
      isInnermost &= inner == 1;
  if (isInnermost)
    claim(operand, /*allowViews=*/true);
  else
    requireCopy(operand, operand.getOwner());
}

/// What must be copied into its padding is copied in the order in which it
/// will be read.
void BufferPlanner::claimPadding(tensor::PadOp pad) {
  StorageOrder order;
  auto channels = channelsOfOnlyUser(pad.getResult());
  if (!channels && wantsSummedInnermost())
    channels = summedDim(pad.getResult());
  if (channels) {
    order = rowMajor(pad.getSourceType().getRank());
    llvm::erase(order, *channels);
    order.push_back(*channels);
  }
  claim(pad.getSourceMutable(), /*allowViews=*/false, order);
}

/// Lets the source of `operand` be written where its user wants it, or copies
/// it there.
void BufferPlanner::claim(OpOperand &operand, bool allowViews,
                          ArrayRef<int64_t> order) {
  Value value = allowViews ? behindViews(operand.get()) : Value(operand.get());
  Operation *def = value.getDefiningOp();
  bool sameBlock = def && def->getBlock() == operand.getOwner()->getBlock();
  if (isWritten(def) && sameBlock && !claims.count(value)) {
    if (value == operand.get()) {
      claims[value] = &operand;
      return;
    }
    // Through views only if each has a single use: the views of the claimed
    // value must be dense in the place that they are given.
    bool single = value.hasOneUse();
    RankedTensorType type = typeOf(operand.get());
    FailureOr<BufferRef> ref = BufferRef();
    ref->strides = denseStrides(type.getShape(), rowMajor(type.getRank()));
    for (Value v = operand.get(); v != value;
         v = v.getDefiningOp()->getOperand(0)) {
      single &= v.hasOneUse();
      if (succeeded(ref))
        ref = inverseView(v.getDefiningOp(), *ref);
    }
    if (single && succeeded(ref)) {
      claims[value] = &operand;
      return;
    }
  }
  requireCopy(operand, operand.getOwner(), order);
}

/// Do two insertions into one tensor write no element both?
static bool areDisjoint(tensor::InsertSliceOp a, tensor::InsertSliceOp b) {
  // What is not static is below zero, too.
  auto areAtLeast = [](ArrayRef<int64_t> values, int64_t least) {
    return llvm::all_of(values, [&](int64_t v) { return v >= least; });
  };
  for (tensor::InsertSliceOp op : {a, b})
    if (!areAtLeast(op.getStaticOffsets(), 0) ||
        !areAtLeast(op.getStaticSizes(), 0) ||
        !areAtLeast(op.getStaticStrides(), 1))
      return false;
  for (unsigned d = 0; d < a.getDestType().getRank(); ++d) {
    int64_t x = a.getStaticOffsets()[d], y = b.getStaticOffsets()[d];
    int64_t p = a.getStaticStrides()[d], q = b.getStaticStrides()[d];
    if (x + (a.getStaticSizes()[d] - 1) * p < y ||
        y + (b.getStaticSizes()[d] - 1) * q < x)
      return true;
    // Both walk steps of the same length, and never meet.
    if (p == q && (x - y) % p != 0)
      return true;
  }
  return false;
}

/// What was written last into the destination of `insert` where that writes:
/// behind the insertions of other places, of which it looks at so many that
/// long chains are not walked for each of their parts.
static Operation *lastWrite(tensor::InsertSliceOp insert) {
  constexpr unsigned limit = 256;
  Operation *def = insert.getDest().getDefiningOp();
  for (unsigned i = 0; i < limit; ++i) {
    auto other = dyn_cast_or_null<tensor::InsertSliceOp>(def);
    if (!other || !other->hasOneUse() || !areDisjoint(insert, other))
      break;
    def = other.getDest().getDefiningOp();
  }
  return def;
}

/// The destination is filled or copied first, then the source is written into
/// its place.
void BufferPlanner::claimInsert(tensor::InsertSliceOp insert) {
  OpOperand &source = insert.getSourceMutable();
  OpOperand &dest = insert.getDestMutable();
  Operation *def = dest.get().getDefiningOp();
  bool inPlace = isa_and_nonnull<tensor::EmptyOp>(def);
  // Part of a loop's own buffer, or of a chain of insertions.
  auto argument = dyn_cast<BlockArgument>(dest.get());
  if (argument && isa<scf::ForOp>(argument.getOwner()->getParentOp()))
    inPlace = dest.get().hasOneUse();
  if (isa_and_nonnull<tensor::InsertSliceOp>(def) && dest.get().hasOneUse()) {
    claims[dest.get()] = &dest;
    inPlace = true;
  } else if (isCopyRegion(def) && dest.get().hasOneUse()) {
    claims[dest.get()] = &dest;
    inPlace = true;
  }
  if (!inPlace)
    requireCopy(dest, insert);
  Operation *fill = lastWrite(insert);
  Operation *producer = source.get().getDefiningOp();
  bool writtenAfterwards = isWritten(producer) &&
                           producer->getBlock() == insert->getBlock() &&
                           (!fill || isa<tensor::EmptyOp>(fill) ||
                            fill->getBlock() != producer->getBlock() ||
                            fill->isBeforeInBlock(producer));
  if (writtenAfterwards && !claims.count(source.get()))
    claims[source.get()] = &source;
  else
    requireCopy(source, insert);
}

LogicalResult BufferPlanner::claimBlock(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto region = dyn_cast<RegionOp>(op)) {
      for (OpOperand &operand : region->getOpOperands())
        if (operand.get().getDefiningOp<tensor::EmptyOp>() &&
            typeOf(operand.get()).getNumElements() != 0)
          return region.emitError("reads a tensor that nothing wrote");
      continue;
    }
    if (isa<tensor::ConcatOp>(op)) {
      for (OpOperand &operand : op.getOpOperands())
        claim(operand, /*allowViews=*/false);
    } else if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      claimPadding(pad);
    } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      claimInsert(insert);
    } else if (isa<func::ReturnOp>(op)) {
      for (OpOperand &operand : op.getOpOperands())
        claimResult(operand);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      for (OpOperand &init : loop.getInitArgsMutable()) {
        if (isCopyRegion(init.get().getDefiningOp()) && init.get().hasOneUse())
          claims[init.get()] = &init;
        else
          requireCopy(init, loop);
      }
      if (failed(claimBlock(*loop.getBody())))
        return failure();
    } else if (auto yield = dyn_cast<scf::YieldOp>(op)) {
      auto loop = cast<scf::ForOp>(yield->getParentOp());
      // Another variable of the loop (a swap) is read before any is written.
      for (OpOperand &operand : yield->getOpOperands()) {
        auto variable = dyn_cast<BlockArgument>(behindViews(operand.get()));
        if (!variable || variable.getOwner() != loop.getBody() ||
            variable == loop.getRegionIterArg(operand.getOperandNumber()))
          continue;
        OpBuilder builder(yield);
        operand.set(createCopyRegion(builder, yield.getLoc(), operand.get()));
        operand.get().getDefiningOp()->removeAttr(kCopyOrder);
      }
      for (OpOperand &operand : yield->getOpOperands()) {
        Value value = operand.get();
        // Inserted into the loop's own buffer: already there.
        Value into = value;
        while (auto insert = into.getDefiningOp<tensor::InsertSliceOp>())
          into = insert.getDest();
        if (into == loop.getRegionIterArg(operand.getOperandNumber()))
          continue;
        if (isCopyRegion(value.getDefiningOp()) && value.hasOneUse())
          claims[value] = &operand;
        else
          requireCopy(operand, yield);
      }
    } else if (isShapeView(&op) ||
               isa<arith::ConstantOp, tensor::EmptyOp, tensor::ExtractSliceOp,
                   linalg::FillOp>(op) ||
               !llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>)) {
      continue;
    } else {
      return op.emitError("no buffer is planned for '") << op.getName() << "'";
    }
  }
  return success();
}
