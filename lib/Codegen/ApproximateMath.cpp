//===- ApproximateMath.cpp - Math functions as polynomials ----------------===//

#include "aicc/Codegen/Passes.h"

#include "lib/Codegen/DoubleMath.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/STLExtras.h"

namespace aicc {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "lib/Codegen/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using aicc::DoubleMath;

namespace {

/// Functions whose f32 polynomials upstream are fast and accurate: those of
/// activations and normalisations.
constexpr StringLiteral upstreamF32[] = {
    math::ExpOp::getOperationName(),   math::ExpM1Op::getOperationName(),
    math::LogOp::getOperationName(),   math::Log2Op::getOperationName(),
    math::Log1pOp::getOperationName(), math::TanhOp::getOperationName(),
    math::ErfOp::getOperationName(),   math::ErfcOp::getOperationName()};

bool isUpstreamF32(StringRef name) {
  return llvm::is_contained(upstreamF32, name);
}

/// Operations on the bits of a number, the same in f16 and bf16. All others are
/// computed in f32, where the result is exact before it is rounded or as good
/// as that of the polynomial.
bool isBitwise(StringRef name) {
  constexpr StringLiteral bitwise[] = {math::AbsFOp::getOperationName(),
                                       math::CopySignOp::getOperationName(),
                                       math::IsNaNOp::getOperationName(),
                                       math::IsInfOp::getOperationName(),
                                       math::IsFiniteOp::getOperationName(),
                                       math::IsNormalOp::getOperationName()};
  return llvm::is_contained(bitwise, name);
}

using Build = Value (*)(DoubleMath &, ValueRange);

/// `OpTy` through `build` in f64: for f32 always, for f64 if `forF64`.
template <typename OpTy> struct InDouble : public OpRewritePattern<OpTy> {
  InDouble(MLIRContext *context, Build build, bool forF64 = true)
      : OpRewritePattern<OpTy>(context), build(build), forF64(forF64) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    Type element = getElementTypeOrSelf(type);
    if (!element.isF32() && !(forF64 && element.isF64()))
      return failure();
    Location loc = op.getLoc();
    Type wide = rewriter.getF64Type();
    if (auto shaped = dyn_cast<ShapedType>(type))
      wide = shaped.clone(wide);
    SmallVector<Value> operands(op->getOperands());
    if (element.isF32())
      for (Value &operand : operands)
        operand = arith::ExtFOp::create(rewriter, loc, wide, operand);
    DoubleMath math(rewriter, loc, wide);
    Value result = build(math, operands);
    if (element.isF32())
      result = arith::TruncFOp::create(rewriter, loc, type, result);
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  Build build;
  bool forF64;
};

/// As InDouble, but f32 is left to the polynomials of upstream.
template <typename OpTy> struct F64Only : public InDouble<OpTy> {
  using InDouble<OpTy>::InDouble;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF64())
      return failure();
    return InDouble<OpTy>::matchAndRewrite(op, rewriter);
  }
};

/// 1 / sqrt(x): both are instructions.
struct ExpandRsqrt : public OpRewritePattern<math::RsqrtOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::RsqrtOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isF64())
      return failure();
    TypedAttr one = rewriter.getFloatAttr(element, 1.0);
    if (auto shaped = dyn_cast<ShapedType>(type))
      one = DenseElementsAttr::get(shaped, Attribute(one));
    Value root = math::SqrtOp::create(rewriter, op.getLoc(), op.getOperand());
    Value constant = arith::ConstantOp::create(rewriter, op.getLoc(), one);
    rewriter.replaceOpWithNewOp<arith::DivFOp>(op, constant, root);
    return success();
  }
};

void populateInDouble(RewritePatternSet &patterns) {
  MLIRContext *c = patterns.getContext();
#define UNARY(OP, METHOD)                                                      \
  +[](DoubleMath &m, ValueRange x) -> Value { return m.METHOD(x[0]); }
#define ALWAYS(OP, METHOD)                                                     \
  patterns.add<InDouble<math::OP>>(c, UNARY(OP, METHOD))
#define F64(OP, METHOD) patterns.add<F64Only<math::OP>>(c, UNARY(OP, METHOD))
  F64(ExpOp, exp);
  F64(ExpM1Op, expm1);
  F64(LogOp, log);
  F64(Log2Op, log2);
  F64(Log1pOp, log1p);
  F64(TanhOp, tanh);
  ALWAYS(Exp2Op, exp2);
  ALWAYS(Log10Op, log10);
  ALWAYS(SinOp, sin);
  ALWAYS(CosOp, cos);
  ALWAYS(TanOp, tan);
  ALWAYS(AsinOp, asin);
  ALWAYS(AcosOp, acos);
  ALWAYS(AtanOp, atan);
  ALWAYS(SinhOp, sinh);
  ALWAYS(CoshOp, cosh);
  ALWAYS(AsinhOp, asinh);
  ALWAYS(AcoshOp, acosh);
  ALWAYS(AtanhOp, atanh);
  ALWAYS(CbrtOp, cbrt);
#undef F64
#undef ALWAYS
#undef UNARY
  patterns.add<InDouble<math::Atan2Op>>(
      c, +[](DoubleMath &m, ValueRange x) { return m.atan2(x[0], x[1]); });
  patterns.add<InDouble<math::PowFOp>>(
      c, +[](DoubleMath &m, ValueRange x) { return m.pow(x[0], x[1]); },
      /*forF64=*/false);
}

struct ApproximateMath
    : public aicc::impl::ApproximateMathPassBase<ApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathF32ExpansionPatterns(
        patterns, [](StringRef name) { return !isBitwise(name); });
    populateMathPolynomialApproximationPatterns(patterns, isUpstreamF32);
    populateInDouble(patterns);
    patterns.add<ExpandRsqrt>(&getContext());
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
