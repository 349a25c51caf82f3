//===- MatMul.cpp - MatMul, Gemm ------------------------------------------===//

#include "dialects/onnx/Lowering/MatrixProduct.h"

using namespace mlir;

namespace aicc::onnx {

static LogicalResult lowerMatMul(MatMulOp op, NodeContext &c) {
  FailureOr<Value> y = matrixProduct(c, c.get(op.getA()), c.get(op.getB()));
  if (failed(y))
    return failure();
  c.set(op.getY(), *y);
  return success();
}

/// alpha * A' * B' + beta * C, where ' is an optional transposition.
static LogicalResult lowerGemm(GemmOp op, NodeContext &c) {
  Value a = c.get(op.getA()), b = c.get(op.getB());
  if (rankOf(a) != 2 || rankOf(b) != 2)
    return c.unsupported("A or B is not a matrix");
  bool transA = op.getTransA(), transB = op.getTransB();
  if (shapeOf(a)[transA ? 0 : 1] != shapeOf(b)[transB ? 1 : 0])
    return c.unsupported("inner dimensions differ");
  int64_t m = shapeOf(a)[transA ? 1 : 0], n = shapeOf(b)[transB ? 0 : 1];
  AffineExpr dm = c.dim(0), dn = c.dim(1), dk = c.dim(2);
  AffineMap mapA = transA ? c.map(3, {dk, dm}) : c.map(3, {dm, dk});
  AffineMap mapB = transB ? c.map(3, {dn, dk}) : c.map(3, {dk, dn});
  Value y =
      c.contract({a, mapA}, {b, mapB}, {m, n}, c.map(3, {dm, dn}), loops(2, 1));
  double alpha = op.getAlpha().convertToDouble();
  double beta = op.getBeta().convertToDouble();
  bool hasC = c.isPresent(op.getC()) && beta != 0;
  if (alpha != 1 || hasC) {
    SmallVector<Value> inputs{y};
    if (hasC)
      inputs.push_back(c.get(op.getC()));
    y = c.elementwise(
        inputs, {m, n}, elementOf(y), [&](ScalarBuilder &s, ValueRange v) {
          Value r = v[0];
          if (alpha != 1)
            r = s.mul(r, s.number(r.getType(), alpha));
          if (hasC && beta != 1)
            r = s.add(r, s.mul(v[1], s.number(r.getType(), beta)));
          else if (hasC)
            r = s.add(r, v[1]);
          return r;
        });
  }
  c.set(op.getY(), y);
  return success();
}

void populateMatMulLowering(LoweringTable &table) {
  table.add<MatMulOp>(lowerMatMul);
  table.add<GemmOp>(lowerGemm);
}

} // namespace aicc::onnx
