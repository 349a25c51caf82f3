//===- Dft.cpp - DFT ------------------------------------------------------===//
//
// A product with a constant matrix, which is what short transforms are fastest
// as; long ones would need a matrix that is too large.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include <cmath>

using namespace mlir;

namespace aicc::onnx {

namespace {
/// One transform of `length` points: from `from` of them, which are real (one
/// part) or complex (two), to `to`.
struct Transform {
  int64_t length = 0;
  int64_t from = 0, fromParts = 0;
  int64_t to = 0, toParts = 0;
  bool isInverse = false, isOneSided = false;

  /// What part `p` of point `i` contributes to part `q` of result `k`.
  double factor(int64_t i, int64_t p, int64_t k, int64_t q) const;
};
} // namespace

double Transform::factor(int64_t i, int64_t p, int64_t k, int64_t q) const {
  // The angle of the whole turns is taken out while it is exact.
  double angle = 2 * M_PI * double(i * k % length) / double(length);
  if (isInverse)
    angle = -angle;
  // (x0 + i x1) (cos - i sin) = x0 cos + x1 sin + i (x1 cos - x0 sin).
  double value = p == q ? std::cos(angle)
                 : p    ? std::sin(angle)
                        : -std::sin(angle);
  if (!isInverse)
    return value;
  // Of a real result, half of the frequencies are the conjugates of others.
  bool hasConjugate = isOneSided && i != 0 && 2 * i != length;
  return (hasConjugate ? 2 : 1) * value / double(length);
}

static FailureOr<Transform> transformOf(DFTOp op, NodeContext &c,
                                        int64_t axis) {
  ArrayRef<int64_t> in = shapeOf(c.get(op.getInput())),
                    out = c.shapeOfResult(op.getOutput());
  Transform transform;
  transform.isInverse = op.getInverse() != 0;
  transform.isOneSided = op.getOnesided() != 0;
  transform.fromParts = in.back();
  transform.toParts = out.back();
  transform.to = out[axis];
  bool isToReal = transform.isInverse && transform.isOneSided;
  transform.length = isToReal ? 2 * (in[axis] - 1) : in[axis];
  if (c.isPresent(op.getDftLength())) {
    auto length = c.integers(op.getDftLength(), "dft_length");
    if (failed(length) || length->size() != 1)
      return c.unsupported("dft_length is not a constant");
    transform.length = length->front();
  }
  bool isHalf = transform.isOneSided && !transform.isInverse;
  int64_t points = isHalf ? transform.length / 2 + 1 : transform.length;
  transform.from = std::min(in[axis], isToReal ? transform.length / 2 + 1
                                               : transform.length);
  if (transform.length < 1 || transform.to != points ||
      transform.fromParts < 1 || transform.fromParts > 2 ||
      transform.toParts < 1 || transform.toParts > 2)
    return c.unsupported("the result does not fit the length");
  constexpr int64_t longest = 4096;
  if (transform.from > longest || transform.to > longest)
    return c.unsupported("transforms of more than 4096 points");
  return transform;
}

static LogicalResult lowerDft(DFTOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  int64_t rank = rankOf(x), axis = -2;
  if (c.isPresent(op.getAxis())) {
    auto list = c.integers(op.getAxis(), "axis");
    if (failed(list) || list->size() != 1)
      return c.unsupported("axis is not a constant");
    axis = list->front();
  }
  if (!normalizeAxis(axis, rank) || axis == rank - 1)
    return c.unsupported("the axis is out of range");
  FailureOr<Transform> transform = transformOf(op, c, axis);
  if (failed(transform))
    return failure();
  SmallVector<double> values;
  for (int64_t i = 0; i < transform->from; ++i)
    for (int64_t p = 0; p < transform->fromParts; ++p)
      for (int64_t k = 0; k < transform->to; ++k)
        for (int64_t q = 0; q < transform->toParts; ++q)
          values.push_back(transform->factor(i, p, k, q));
  Value matrix = c.constantNumbers({transform->from, transform->fromParts,
                                    transform->to, transform->toParts},
                                   elementOf(x), values);
  // Loops: those of the result, then the points and their parts.
  Shape sizes(shapeOf(x)), zeros(rank, 0), ones(rank, 1);
  sizes[axis] = transform->from;
  x = c.slice(x, zeros, sizes, ones);
  unsigned count = rank + 2;
  SmallVector<AffineExpr> ofX;
  for (int64_t d = 0; d < rank; ++d)
    ofX.push_back(c.dim(d == axis ? rank : d == rank - 1 ? rank + 1 : d));
  c.set(op.getOutput(),
        c.contract({x, c.map(count, ofX)},
                   {matrix, c.map(count, {c.dim(rank), c.dim(rank + 1),
                                          c.dim(axis), c.dim(rank - 1)})},
                   c.shapeOfResult(op.getOutput()),
                   AffineMap::getMultiDimIdentityMap(count, c.b.getContext())
                       .getMajorSubMap(rank),
                   loops(rank, 2)));
  return success();
}

void populateDftLowering(LoweringTable &table) { table.add<DFTOp>(lowerDft); }

} // namespace aicc::onnx
