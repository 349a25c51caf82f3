//===- MatrixProduct.cpp - Products as ONNX's MatMul defines them ---------===//

#include "dialects/onnx/Lowering/MatrixProduct.h"

using namespace mlir;

namespace aicc::onnx {

/// The maps of one operand's batch dimensions: broadcast ones are read at 0.
static SmallVector<AffineExpr>
batchExprs(NodeContext &c, ArrayRef<int64_t> batch, ArrayRef<int64_t> shape) {
  return SmallVector<AffineExpr>(c.broadcastMap(batch, shape).getResults());
}

/// Operands of rank >= 2; `batch` is the shape of the result's stack.
static Value stackedProduct(NodeContext &c, Value a, Value b,
                            ArrayRef<int64_t> batch, const Readings &readings) {
  unsigned r = batch.size();
  AffineExpr m = c.dim(r), n = c.dim(r + 1), k = c.dim(r + 2);
  // Stacks of one matrix are that matrix.
  auto flatten = [&](Value x) {
    ArrayRef<int64_t> shape = shapeOf(x);
    return product(shape.drop_back(2)) == 1
               ? c.reshape(x, Shape(shape.take_back(2)))
               : x;
  };
  a = flatten(a);
  b = flatten(b);
  SmallVector<AffineExpr> as = batchExprs(c, shapeOf(a).drop_back(2), batch);
  SmallVector<AffineExpr> bs = batchExprs(c, shapeOf(b).drop_back(2), batch);
  as.append({m, k});
  bs.append({k, n});
  Shape shape(batch);
  shape.append({shapeOf(a)[rankOf(a) - 2], shapeOf(b)[rankOf(b) - 1]});
  SmallVector<AffineExpr> ys;
  for (unsigned i = 0; i < r + 2; ++i)
    ys.push_back(c.dim(i));
  return c.contract({a, c.map(r + 3, as), readings.x},
                    {b, c.map(r + 3, bs), readings.w}, shape, c.map(r + 3, ys),
                    loops(r + 2, 1));
}

FailureOr<Value> matrixProduct(NodeContext &c, Value a, Value b,
                               const Readings &readings) {
  if (rankOf(a) == 0 || rankOf(b) == 0)
    return c.unsupported("an operand is a scalar");
  bool vectorA = rankOf(a) == 1, vectorB = rankOf(b) == 1;
  if (vectorA)
    a = c.reshape(a, {1, shapeOf(a)[0]});
  if (vectorB)
    b = c.reshape(b, {shapeOf(b)[0], 1});
  ArrayRef<int64_t> shapeA = shapeOf(a), shapeB = shapeOf(b);
  int64_t m = shapeA[shapeA.size() - 2], n = shapeB.back();
  std::optional<Shape> batch =
      broadcastShapes(shapeA.drop_back(2), shapeB.drop_back(2));
  if (!batch || shapeA.back() != shapeB[shapeB.size() - 2])
    return c.unsupported("the shapes of A and B do not fit");
  Shape result(*batch);
  if (!vectorA)
    result.push_back(m);
  if (!vectorB)
    result.push_back(n);
  Value y;
  if (product(shapeB.drop_back(2)) == 1) {
    int64_t rows = product(shapeA.drop_back(1));
    y = stackedProduct(c, c.reshape(a, {rows, shapeA.back()}), b, {}, readings);
  } else {
    y = stackedProduct(c, a, b, *batch, readings);
  }
  return c.reshape(y, result);
}

} // namespace aicc::onnx
