//===- MatMul.cpp - MatMul, Gemm, MatMulInteger ---------------------------===//

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

/// Widens to i32 and subtracts the zero point: a scalar, or one value for each
/// row of A (`alongRows`) or column of B.
static FailureOr<Value> centered(NodeContext &c, Value operand, Value zeroPoint,
                                 bool alongRows) {
  bool isUnsigned = isUnsignedElement(getElementTypeOrSelf(operand.getType()));
  Value x = c.get(operand);
  SmallVector<Value> inputs{x};
  if (c.isPresent(zeroPoint)) {
    Value zero = c.get(zeroPoint);
    if (product(shapeOf(zero)) == 1) {
      zero = c.reshape(zero, {});
    } else if (rankOf(zero) == 1 && alongRows) {
      zero = c.reshape(zero, {shapeOf(zero)[0], 1});
    }
    std::optional<Shape> shape = broadcastShapes(shapeOf(x), shapeOf(zero));
    if (!shape || ArrayRef<int64_t>(*shape) != shapeOf(x))
      return c.unsupported("the zero point does not fit the matrix");
    inputs.push_back(zero);
  }
  Type i32 = c.b.getI32Type();
  return c.elementwise(inputs, shapeOf(x), i32,
                       [&](ScalarBuilder &s, ValueRange v) {
                         Value r = s.cast(v[0], isUnsigned, i32, false);
                         if (v.size() > 1)
                           r = s.sub(r, s.cast(v[1], isUnsigned, i32, false));
                         return r;
                       });
}

static LogicalResult lowerMatMulInteger(MatMulIntegerOp op, NodeContext &c) {
  FailureOr<Value> a = centered(c, op.getA(), op.getAZeroPoint(), true);
  FailureOr<Value> b = centered(c, op.getB(), op.getBZeroPoint(), false);
  if (failed(a) || failed(b))
    return failure();
  FailureOr<Value> y = matrixProduct(c, *a, *b);
  if (failed(y))
    return failure();
  c.set(op.getY(), *y);
  return success();
}

void populateMatMulLowering(LoweringTable &table) {
  table.add<MatMulOp>(lowerMatMul);
  table.add<GemmOp>(lowerGemm);
  table.add<MatMulIntegerOp>(lowerMatMulInteger);
}

} // namespace aicc::onnx
