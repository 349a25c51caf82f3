//===- MoveDequantize.cpp - Moving bytes instead of floats ----------------===//
//
// What moves or compares elements without calculating with them gives the same
// before and after a dequantisation.
//
//===----------------------------------------------------------------------===//

#include "dialects/qnn/Transforms/Parameters.h"

#include "lib/Graph/ShapeInference.h"

using namespace mlir;

namespace aicc::qnn {

/// A copy of `op` on `operands`, with results of `element`, dequantised.
static void moveBefore(Operation *op, ArrayRef<Value> operands, Type element,
                       const Affine &affine, PatternRewriter &rewriter) {
  Operation *moved = rewriter.clone(*op);
  SmallVector<Value> results;
  for (auto [i, operand] : llvm::enumerate(operands))
    moved->setOperand(i, operand);
  for (Value result : moved->getResults()) {
    result.setType(cast<RankedTensorType>(result.getType()).clone(element));
    results.push_back(makeDequantize(rewriter, op->getLoc(), result, affine));
  }
  rewriter.replaceOp(op, results);
}

static bool hasStaticResults(Operation *op) {
  return llvm::all_of(op->getResults(), [](Value result) {
    return bool(graph::staticType(result));
  });
}

/// Operators whose first operand is moved.
template <typename OpT>
static LogicalResult moveBehind(OpT op, PatternRewriter &rewriter) {
  std::optional<Quantized> x = byteFrom(op->getOperand(0));
  if (!x || !hasStaticResults(op))
    return failure();
  moveBefore(op, x->value, x->type().getElementType(), x->affine, rewriter);
  return success();
}

/// The scales of weights may run along an axis.
static LogicalResult moveBehindTranspose(onnx::TransposeOp op,
                                         PatternRewriter &rewriter) {
  std::optional<Quantized> x = dequantizedFrom(op.getData());
  if (!x || !x->isByte() || !hasStaticResults(op))
    return failure();
  Affine affine = x->affine;
  if (!affine.isPerTensor()) {
    int64_t rank = x->type().getRank(), to = rank - 1 - affine.axis;
    if (auto perm = op.getPerm())
      to = llvm::find(*perm, affine.axis) - perm->begin();
    if (to >= rank)
      return failure();
    affine.axis = to;
  }
  moveBefore(op, x->value, x->type().getElementType(), affine, rewriter);
  return success();
}

/// A maximum stays where it is under a positive scale.
static LogicalResult moveBehindMaxPool(onnx::MaxPoolOp op,
                                       PatternRewriter &rewriter) {
  std::optional<Quantized> x = byteFrom(op.getX());
  if (!x || graph::isPresent(op.getIndices()) || !graph::staticType(op.getY()))
    return failure();
  Operation *moved = rewriter.clone(*op);
  moved->setOperand(0, x->value);
  Value y = moved->getResult(0);
  y.setType(
      cast<RankedTensorType>(y.getType()).clone(x->type().getElementType()));
  rewriter.replaceAllUsesWith(
      op.getY(), makeDequantize(rewriter, op.getLoc(), y, x->affine));
  rewriter.eraseOp(op);
  return success();
}

static LogicalResult moveBehindResize(onnx::ResizeOp op,
                                      PatternRewriter &rewriter) {
  if (op.getMode() != "nearest")
    return failure();
  return moveBehind(op, rewriter);
}

static LogicalResult moveBehindConcat(onnx::ConcatOp op,
                                      PatternRewriter &rewriter) {
  SmallVector<Value> inputs;
  std::optional<Quantized> first;
  for (Value operand : op->getOperands()) {
    std::optional<Quantized> x = byteFrom(operand);
    if (!x)
      return failure();
    if (!first)
      first = x;
    if (!(x->affine == first->affine) ||
        x->type().getElementType() != first->type().getElementType())
      return failure();
    inputs.push_back(x->value);
  }
  if (!first || !hasStaticResults(op))
    return failure();
  moveBefore(op, inputs, first->type().getElementType(), first->affine,
             rewriter);
  return success();
}

/// Zeros become the zero point.
static LogicalResult moveBehindPad(onnx::PadOp op, PatternRewriter &rewriter) {
  std::optional<Quantized> x = byteFrom(op.getData());
  if (!x || !hasStaticResults(op) || op.getMode() != "constant" ||
      (graph::isPresent(op.getConstantValue()) &&
       graph::splatOf(op.getConstantValue()) != 0.0))
    return failure();
  Type element = x->type().getElementType();
  ConstantTensor zero =
      ConstantTensor::make(RankedTensorType::get({}, element));
  zero.setInteger(0, x->affine.zeros.front());
  Value with = graph::makeConstant(rewriter, op.getLoc(), zero);
  moveBefore(op, {x->value, op.getPads(), with}, element, x->affine, rewriter);
  return success();
}

void populateMovePatterns(RewritePatternSet &patterns) {
  patterns.add(moveBehind<onnx::ReshapeOp>);
  patterns.add(moveBehind<onnx::FlattenOp>);
  patterns.add(moveBehind<onnx::SqueezeOp>);
  patterns.add(moveBehind<onnx::UnsqueezeOp>);
  patterns.add(moveBehind<onnx::IdentityOp>);
  patterns.add(moveBehind<onnx::SliceOp>);
  patterns.add(moveBehind<onnx::SplitOp>);
  patterns.add(moveBehind<onnx::GatherOp>);
  patterns.add(moveBehind<onnx::DepthToSpaceOp>);
  patterns.add(moveBehind<onnx::SpaceToDepthOp>);
  patterns.add(moveBehindTranspose);
  patterns.add(moveBehindMaxPool);
  patterns.add(moveBehindResize);
  patterns.add(moveBehindConcat);
  patterns.add(moveBehindPad);
}

} // namespace aicc::qnn
