//===- SimplifyMoves.cpp - Moves that change nothing, and runs of them ----===//

#include "Simplify.h"

#include "ShapeInference.h"

using namespace mlir;

namespace aicc::graph {

/// Replaces `op` by `value` if that has its type.
static LogicalResult forward(Operation *op, Value value,
                             PatternRewriter &rewriter) {
  if (value.getType() != op->getResult(0).getType())
    return failure();
  rewriter.replaceOp(op, value);
  return success();
}

//===----------------------------------------------------------------------===//
// One operation
//===----------------------------------------------------------------------===//

/// Operations that are the identity whenever the type stays.
template <typename OpT>
static LogicalResult dropSameType(OpT op, PatternRewriter &rewriter) {
  if (op->getNumResults() != 1 || !staticType(op->getResult(0)))
    return failure();
  return forward(op, op->getOperand(0), rewriter);
}

static LogicalResult dropIdentity(onnx::IdentityOp op,
                                  PatternRewriter &rewriter) {
  return forward(op, op->getOperand(0), rewriter);
}

/// Sum, Max, Concat ... of one operand.
template <typename OpT>
static LogicalResult dropSingle(OpT op, PatternRewriter &rewriter) {
  if (op->getNumOperands() != 1)
    return failure();
  return forward(op, op->getOperand(0), rewriter);
}

static LogicalResult dropDropout(onnx::DropoutOp op,
                                 PatternRewriter &rewriter) {
  if (isPresent(op.getTrainingMode()) && splatOf(op.getTrainingMode()) != 0.0)
    return failure();
  if (op.getOutput().getType() != op.getData().getType())
    return failure();
  Value mask = op.getMask();
  Value replacement = mask;
  if (isPresent(mask) && !mask.use_empty()) {
    auto type = staticType(mask);
    if (!type)
      return failure();
    ConstantTensor ones = ConstantTensor::make(type, /*splat=*/true);
    if (ones.numElements() != 0)
      ones.setInteger(0, 1);
    replacement = makeConstant(rewriter, op.getLoc(), ones).getOutput();
  } else {
    replacement = op.getData(); // Unused.
  }
  rewriter.replaceAllUsesWith(op.getOutput(), op.getData());
  if (isPresent(mask))
    rewriter.replaceAllUsesWith(mask, replacement);
  rewriter.eraseOp(op);
  return success();
}

static LogicalResult dropSlice(onnx::SliceOp op, PatternRewriter &rewriter) {
  // All elements are there; they are in order unless a step is negative.
  if (isPresent(op.getSteps())) {
    auto steps = constantOf(op.getSteps());
    auto values = steps ? steps->integers() : std::nullopt;
    if (!values || llvm::any_of(*values, [](int64_t s) { return s < 0; }))
      return failure();
  }
  return dropSameType(op, rewriter);
}

static LogicalResult dropPad(onnx::PadOp op, PatternRewriter &rewriter) {
  // Negative and positive pads could cancel in the shape alone.
  auto pads = constantOf(op.getPads());
  if (!pads || pads->numElements() == 0 || !pads->isAll(0))
    return failure();
  return dropSameType(op, rewriter);
}

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// The operations that keep all elements in order.
static bool isReshape(Operation *op) {
  return isa_and_nonnull<onnx::ReshapeOp, onnx::FlattenOp, onnx::SqueezeOp,
                         onnx::UnsqueezeOp>(op);
}

template <typename OpT>
static LogicalResult mergeReshape(OpT op, PatternRewriter &rewriter) {
  RankedTensorType type = staticType(op->getResult(0));
  Value input = op->getOperand(0);
  if (!type || !staticType(input))
    return failure();
  if (input.getType() == type)
    return forward(op, input, rewriter);
  Operation *producer = input.getDefiningOp();
  if (!isReshape(producer) || !staticType(producer->getOperand(0)))
    return failure();
  rewriter.replaceOp(
      op, makeReshape(rewriter, op->getLoc(), producer->getOperand(0), type));
  return success();
}

//===----------------------------------------------------------------------===//
// Transposes
//===----------------------------------------------------------------------===//

/// The permutation of `op`; empty if its rank is unknown.
static SmallVector<int64_t> permutation(onnx::TransposeOp op) {
  SmallVector<int64_t> perm;
  if (auto attr = op.getPerm()) {
    perm.assign(attr->begin(), attr->end());
  } else if (auto type = dyn_cast<RankedTensorType>(op.getData().getType())) {
    for (int64_t i = type.getRank(); i-- > 0;)
      perm.push_back(i);
  }
  return perm;
}

/// Where only dimensions of size 1 move, no element does.
static LogicalResult transposeToReshape(onnx::TransposeOp op,
                                        PatternRewriter &rewriter) {
  RankedTensorType in = staticType(op.getData());
  RankedTensorType out = staticType(op->getResult(0));
  if (!in || !out)
    return failure();
  SmallVector<int64_t> moved;
  for (int64_t dim : permutation(op))
    if (in.getShape()[dim] != 1)
      moved.push_back(dim);
  if (!llvm::is_sorted(moved))
    return failure();
  rewriter.replaceOp(op, makeReshape(rewriter, op.getLoc(), op.getData(), out));
  return success();
}

static LogicalResult mergeTransposes(onnx::TransposeOp op,
                                     PatternRewriter &rewriter) {
  auto producer = op.getData().getDefiningOp<onnx::TransposeOp>();
  if (!producer)
    return failure();
  SmallVector<int64_t> first = permutation(producer), second = permutation(op);
  if (first.size() != second.size() || first.empty())
    return failure();
  SmallVector<int64_t> both;
  for (int64_t dim : second)
    both.push_back(first[dim]);
  rewriter.replaceOpWithNewOp<onnx::TransposeOp>(
      op, op->getResult(0).getType(), producer.getData(),
      rewriter.getDenseI64ArrayAttr(both));
  return success();
}

//===----------------------------------------------------------------------===//
// Expand
//===----------------------------------------------------------------------===//

/// Operations that broadcast by themselves.
static bool broadcasts(Operation *op) {
  return isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::PowOp,
             onnx::MaxOp, onnx::MinOp, onnx::SumOp, onnx::WhereOp,
             onnx::EqualOp, onnx::LessOp, onnx::LessOrEqualOp, onnx::GreaterOp,
             onnx::GreaterOrEqualOp, onnx::AndOp, onnx::OrOp>(op);
}

/// Lets users broadcast the operand of an Expand themselves where their
/// result keeps its shape without it.
static LogicalResult bypassExpand(onnx::ExpandOp op,
                                  PatternRewriter &rewriter) {
  bool changed = false;
  for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
    Operation *user = use.getOwner();
    auto result = user->getNumResults() == 1 ? staticType(user->getResult(0))
                                             : RankedTensorType();
    if (!broadcasts(user) || !result)
      continue;
    Shape shape(result.getRank(), 1);
    bool known = true;
    for (OpOperand &operand : user->getOpOperands()) {
      auto type = staticType(operand.get() == op->getResult(0) ? op.getInput()
                                                               : operand.get());
      known &= type && type.getRank() <= result.getRank();
      if (!known)
        break;
      size_t offset = result.getRank() - type.getRank();
      for (auto [i, dim] : llvm::enumerate(type.getShape()))
        if (dim != 1)
          shape[offset + i] = dim;
    }
    if (!known || ArrayRef<int64_t>(shape) != result.getShape())
      continue;
    Value expanded = op->getResult(0);
    rewriter.modifyOpInPlace(
        user, [&] { user->replaceUsesOfWith(expanded, op.getInput()); });
    changed = true;
    // The iterator's next use may have been another operand of this user.
    break;
  }
  return success(changed);
}

void populateMovePatterns(RewritePatternSet &patterns) {
  patterns.add(dropIdentity);
  patterns.add(dropDropout);
  patterns.add(dropSlice);
  patterns.add(dropPad);
  patterns.add(dropSameType<onnx::ExpandOp>);
  patterns.add(dropSameType<onnx::TileOp>);
  patterns.add(dropSameType<onnx::CastOp>);
  patterns.add(dropSameType<onnx::CastLikeOp>);
  patterns.add(dropSingle<onnx::ConcatOp>);
  patterns.add(dropSingle<onnx::SumOp>);
  patterns.add(dropSingle<onnx::MeanOp>);
  patterns.add(dropSingle<onnx::MaxOp>);
  patterns.add(dropSingle<onnx::MinOp>);
  patterns.add(dropSameType<onnx::SplitOp>);
  patterns.add(mergeReshape<onnx::ReshapeOp>);
  patterns.add(mergeReshape<onnx::FlattenOp>);
  patterns.add(mergeReshape<onnx::SqueezeOp>);
  patterns.add(mergeReshape<onnx::UnsqueezeOp>);
  patterns.add(transposeToReshape);
  patterns.add(mergeTransposes);
  patterns.add(bypassExpand);
}

} // namespace aicc::graph
