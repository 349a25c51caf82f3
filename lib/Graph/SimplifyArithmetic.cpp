//===- SimplifyArithmetic.cpp - Arithmetic with constants -----------------===//

#include "Simplify.h"

#include "ShapeInference.h"

#include <cmath>

using namespace mlir;

namespace aicc::graph {

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

/// Replaces `op` by `value` if that has its type: nothing was broadcast.
static LogicalResult forward(Operation *op, Value value,
                             PatternRewriter &rewriter) {
  if (value.getType() != op->getResult(0).getType())
    return failure();
  rewriter.replaceOp(op, value);
  return success();
}

/// x + 0, x - 0, x * 1, x / 1 (and the other way round where it is the same).
template <typename OpT, int Neutral, bool Commutes>
static LogicalResult dropNeutral(OpT op, PatternRewriter &rewriter) {
  if (splatOf(op->getOperand(1)) == double(Neutral))
    if (succeeded(forward(op, op->getOperand(0), rewriter)))
      return success();
  if (Commutes && splatOf(op->getOperand(0)) == double(Neutral))
    return forward(op, op->getOperand(1), rewriter);
  return failure();
}

/// x / 2^n = x * 2^-n, exactly.
static LogicalResult divToMul(onnx::DivOp op, PatternRewriter &rewriter) {
  if (!isFloat(op->getResult(0)))
    return failure();
  auto divisor = constantOf(op->getOperand(1));
  if (!divisor || divisor->numElements() != 1)
    return failure();
  int exponent;
  double value = divisor->real(0);
  // Small exponents: the reciprocal is a normal number in every float type.
  if (!std::isfinite(value) || std::fabs(std::frexp(value, &exponent)) != 0.5 ||
      std::abs(exponent) > 8)
    return failure();
  ConstantTensor reciprocal = ConstantTensor::make(divisor->type());
  reciprocal.setReal(0, 1 / value);
  Value factor = makeConstant(rewriter, op.getLoc(), reciprocal).getOutput();
  rewriter.replaceOpWithNewOp<onnx::MulOp>(op, op->getResult(0).getType(),
                                           op->getOperand(0), factor);
  return success();
}

/// Powers that are products or a root.
static LogicalResult expandPow(onnx::PowOp op, PatternRewriter &rewriter) {
  Value base = op->getOperand(0), result = op->getResult(0);
  std::optional<double> exponent = splatOf(op->getOperand(1));
  if (!exponent || !isFloat(base) || base.getType() != result.getType())
    return failure();
  Location loc = op.getLoc();
  Type type = result.getType();
  if (*exponent == 1)
    return forward(op, base, rewriter);
  if (*exponent == 0.5) {
    rewriter.replaceOpWithNewOp<onnx::SqrtOp>(op, type, base);
    return success();
  }
  if (*exponent != 2 && *exponent != 3)
    return failure();
  Value product = onnx::MulOp::create(rewriter, loc, type, base, base);
  if (*exponent == 3)
    product = onnx::MulOp::create(rewriter, loc, type, product, base);
  rewriter.replaceOp(op, product);
  return success();
}

/// Max(x, a * x) with 0 <= a <= 1 is LeakyRelu: one reading of x.
static LogicalResult maxToLeakyRelu(onnx::MaxOp op, PatternRewriter &rewriter) {
  if (op->getNumOperands() != 2 || !isFloat(op->getResult(0)))
    return failure();
  for (unsigned i = 0; i < 2; ++i) {
    Value x = op->getOperand(i);
    auto scaled = op->getOperand(1 - i).getDefiningOp<onnx::MulOp>();
    if (!scaled || x.getType() != op->getResult(0).getType())
      continue;
    for (unsigned k = 0; k < 2; ++k) {
      std::optional<double> alpha = splatOf(scaled->getOperand(1 - k));
      if (scaled->getOperand(k) != x || !alpha || !(*alpha >= 0 && *alpha <= 1))
        continue;
      rewriter.replaceOpWithNewOp<onnx::LeakyReluOp>(
          op, op->getResult(0).getType(), x,
          rewriter.getF32FloatAttr(static_cast<float>(*alpha)));
      return success();
    }
  }
  return failure();
}

/// Clip(x, 0, none) is Relu.
static LogicalResult clipToRelu(onnx::ClipOp op, PatternRewriter &rewriter) {
  auto isUnbounded = [](Value high) {
    if (!isPresent(high))
      return true;
    std::optional<double> value = splatOf(high);
    return value && std::isinf(*value) && *value > 0;
  };
  if (!isFloat(op->getResult(0)) || !isPresent(op.getMin()) ||
      splatOf(op.getMin()) != 0.0 || !isUnbounded(op.getMax()))
    return failure();
  rewriter.replaceOpWithNewOp<onnx::ReluOp>(op, op->getResult(0).getType(),
                                            op.getInput());
  return success();
}

void populatePowerPatterns(RewritePatternSet &patterns) {
  patterns.add(expandPow);
}

void populateArithmeticPatterns(RewritePatternSet &patterns) {
  patterns.add(dropNeutral<onnx::AddOp, 0, true>);
  patterns.add(dropNeutral<onnx::SubOp, 0, false>);
  patterns.add(dropNeutral<onnx::MulOp, 1, true>);
  patterns.add(dropNeutral<onnx::DivOp, 1, false>);
  patterns.add(divToMul);
  patterns.add(maxToLeakyRelu);
  patterns.add(clipToRelu);
}

} // namespace aicc::graph
