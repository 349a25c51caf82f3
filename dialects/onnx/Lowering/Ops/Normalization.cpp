//===- Normalization.cpp - Normalisations ---------------------------------===//

#include "dialects/onnx/Lowering/Reductions.h"

#include <cmath>

using namespace mlir;

namespace aicc::onnx {

/// (x - mean) * inverse * scale + bias, each operand with its own map; scale
/// and bias may be absent.
static Value scaleAndShift(NodeContext &c, Value x, AffineMap reduced,
                           const Normalized &n, Indexed scale, Indexed bias) {
  unsigned rank = rankOf(x);
  SmallVector<Indexed> inputs{
      {x, c.identity(rank)}, {n.mean, reduced}, {n.inverseStdDev, reduced}};
  if (scale.value)
    inputs.push_back(scale);
  if (bias.value)
    inputs.push_back(bias);
  return c.elementwise(inputs, shapeOf(x), elementOf(x),
                       [&](ScalarBuilder &s, ValueRange v) {
                         Value y = s.mul(s.sub(v[0], v[1]), v[2]);
                         unsigned next = 3;
                         if (scale.value)
                           y = s.mul(y, v[next++]);
                         if (bias.value)
                           y = s.add(y, v[next]);
                         return y;
                       });
}

static Indexed alongDim(NodeContext &c, Value vector, unsigned rank,
                        unsigned axis) {
  return {vector, c.map(rank, c.dim(axis))};
}

//===----------------------------------------------------------------------===//
// BatchNormalization
//===----------------------------------------------------------------------===//

/// y = x * a + b with a = scale / sqrt(var + eps), b = bias - mean * a: two
/// vectors that are computed here where all four parameters are constants.
static LogicalResult lowerBatchNormalization(BatchNormalizationOp op,
                                             NodeContext &c) {
  if (op.getTrainingMode())
    return c.unsupported("it is in training mode");
  Value x = c.get(op.getX());
  unsigned rank = rankOf(x);
  Value parameters[] = {op.getScale(), op.getB(), op.getInputMean(),
                        op.getInputVar()};
  double epsilon = op.getEpsilon().convertToDouble();
  Type element = elementOf(c.get(op.getScale()));
  SmallVector<SmallVector<double>> constants;
  for (Value parameter : parameters) {
    ElementsAttr attr = c.constantOf(parameter);
    if (auto values = attr ? readNumbers(attr) : std::nullopt)
      constants.push_back(*values);
  }
  Value a, b;
  ArrayRef<int64_t> shape = c.shapeOfResult(op.getScale());
  if (rank < 1 || shape.size() != 1 || shape[0] != shapeOf(x)[rank > 1 ? 1 : 0])
    return c.unsupported("the parameters do not fit the channels");
  if (constants.size() == 4) {
    SmallVector<double> as, bs;
    for (size_t i = 0; i < constants[0].size(); ++i) {
      as.push_back(constants[0][i] / std::sqrt(constants[3][i] + epsilon));
      bs.push_back(constants[1][i] - constants[2][i] * as.back());
    }
    a = c.constantNumbers(shape, c.computeType(element), as);
    b = c.constantNumbers(shape, c.computeType(element), bs);
  } else {
    a = c.elementwise({c.get(parameters[0]), c.get(parameters[3])}, shape,
                      element, [&](ScalarBuilder &s, ValueRange v) -> Value {
                        Value eps = s.number(v[1].getType(), epsilon);
                        return s.op<arith::DivFOp>(v[0],
                                                   s.sqrt(s.add(v[1], eps)));
                      });
    b = c.elementwise({c.get(parameters[1]), c.get(parameters[2]), a}, shape,
                      element, [](ScalarBuilder &s, ValueRange v) {
                        return s.sub(v[0], s.mul(v[1], v[2]));
                      });
  }
  unsigned axis = rank > 1 ? 1 : 0;
  c.set(op.getY(),
        c.elementwise(
            ArrayRef<Indexed>{{x, c.identity(rank)},
                              alongDim(c, a, rank, axis),
                              alongDim(c, b, rank, axis)},
            shapeOf(x), elementOf(x), [](ScalarBuilder &s, ValueRange v) {
              Value y = s.mul(v[0], s.cast(v[1], false, v[0].getType(), false));
              return s.add(y, s.cast(v[2], false, v[0].getType(), false));
            }));
  return success();
}

//===----------------------------------------------------------------------===//
// LayerNormalization, RMSNormalization
//===----------------------------------------------------------------------===//

static Shape axesFrom(int64_t first, int64_t rank) {
  Shape axes;
  for (int64_t i = first; i < rank; ++i)
    axes.push_back(i);
  return axes;
}

/// An operand that broadcasts to x, as part of a generic over x.
static FailureOr<Indexed> broadcastOperand(NodeContext &c, Value operand,
                                           Value x, StringRef name) {
  if (!c.isPresent(operand))
    return Indexed{};
  Value value = c.get(operand);
  std::optional<Shape> shape = broadcastShapes(shapeOf(value), shapeOf(x));
  if (!shape || ArrayRef<int64_t>(*shape) != shapeOf(x))
    return c.unsupported(name + " does not fit the input");
  return Indexed{value, c.broadcastMap(shapeOf(value), shapeOf(x))};
}

static LogicalResult lowerLayerNormalization(LayerNormalizationOp op,
                                             NodeContext &c) {
  Value x = c.get(op.getX());
  int64_t axis = op.getAxis(), rank = rankOf(x);
  if (!normalizeAxis(axis, rank))
    return c.unsupported("the axis is out of range");
  Shape axes = axesFrom(axis, rank);
  FailureOr<Indexed> scale = broadcastOperand(c, op.getScale(), x, "Scale");
  FailureOr<Indexed> bias = broadcastOperand(c, op.getB(), x, "B");
  if (failed(scale) || failed(bias))
    return failure();
  Normalized n = moments(c, x, axes, op.getEpsilon().convertToDouble());
  c.set(op.getY(),
        scaleAndShift(c, x, reducedMap(c, rank, axes), n, *scale, *bias));
  std::pair<Value, Value> extras[] = {{op.getMean(), n.mean},
                                      {op.getInvStdDev(), n.inverseStdDev}};
  for (auto [result, value] : extras)
    if (c.isPresent(result))
      c.set(result, c.reshape(c.convert(value, c.elementOfResult(result)),
                              c.shapeOfResult(result)));
  return success();
}

static LogicalResult lowerRMSNormalization(RMSNormalizationOp op,
                                           NodeContext &c) {
  Value x = c.get(op.getX());
  int64_t axis = op.getAxis(), rank = rankOf(x);
  if (!normalizeAxis(axis, rank))
    return c.unsupported("the axis is out of range");
  Shape axes = axesFrom(axis, rank);
  FailureOr<Indexed> scale = broadcastOperand(c, op.getScale(), x, "scale");
  if (failed(scale))
    return failure();
  Type type = c.computeType(elementOf(x));
  double epsilon = op.getEpsilon().convertToDouble();
  double count = double(product(shapeOf(x).drop_front(axis)));
  Value squares = c.reduce(x, axes, scalarAttr(type, 0),
                           [](ScalarBuilder &s, ValueRange v) {
                             return s.add(v[1], s.mul(v[0], v[0]));
                           });
  Value inverse = c.elementwise(
      squares, shapeOf(squares), type,
      [&](ScalarBuilder &s, ValueRange v) -> Value {
        Value mean = s.mul(v[0], s.number(type, 1 / count));
        return s.op<arith::DivFOp>(
            s.number(type, 1), s.sqrt(s.add(mean, s.number(type, epsilon))));
      });
  c.set(op.getY(),
        c.elementwise(ArrayRef<Indexed>{{x, c.identity(rank)},
                                        {inverse, reducedMap(c, rank, axes)},
                                        *scale},
                      shapeOf(x), elementOf(x),
                      [](ScalarBuilder &s, ValueRange v) {
                        return s.mul(s.mul(v[0], v[1]), v[2]);
                      }));
  return success();
}

//===----------------------------------------------------------------------===//
// InstanceNormalization, GroupNormalization, MeanVarianceNormalization
//===----------------------------------------------------------------------===//

static LogicalResult lowerInstanceNormalization(InstanceNormalizationOp op,
                                                NodeContext &c) {
  Value x = c.get(op.getInput());
  int64_t rank = rankOf(x);
  if (rank < 3)
    return c.unsupported("the input is not N x C x spatial");
  Shape axes = axesFrom(2, rank);
  Normalized n = moments(c, x, axes, op.getEpsilon().convertToDouble());
  c.set(op.getOutput(),
        scaleAndShift(c, x, reducedMap(c, rank, axes), n,
                      alongDim(c, c.get(op.getScale()), rank, 1),
                      alongDim(c, c.get(op.getB()), rank, 1)));
  return success();
}

static LogicalResult lowerGroupNormalization(GroupNormalizationOp op,
                                             NodeContext &c) {
  Value x = c.get(op.getX());
  int64_t rank = rankOf(x), groups = op.getNumGroups();
  if (rank < 2 || groups < 1 || shapeOf(x)[1] % groups)
    return c.unsupported("the channels are no multiple of num_groups");
  Shape split{shapeOf(x)[0], groups, shapeOf(x)[1] / groups};
  llvm::append_range(split, shapeOf(x).drop_front(2));
  Value grouped = c.reshape(x, split);
  Shape axes = axesFrom(2, rank + 1);
  Normalized n = moments(c, grouped, axes, op.getEpsilon().convertToDouble());
  // Scale and bias are per channel, that is per (group, channel in group).
  AffineMap channel = c.map(rank + 1, {c.dim(1), c.dim(2)});
  Shape perGroup{groups, split[2]};
  Value y = scaleAndShift(c, grouped, reducedMap(c, rank + 1, axes), n,
                          {c.reshape(c.get(op.getScale()), perGroup), channel},
                          {c.reshape(c.get(op.getBias()), perGroup), channel});
  c.set(op.getY(), c.reshape(y, shapeOf(x)));
  return success();
}

static LogicalResult
lowerMeanVarianceNormalization(MeanVarianceNormalizationOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  Shape axes(op.getAxes());
  for (int64_t &axis : axes)
    if (!normalizeAxis(axis, rankOf(x)))
      return c.unsupported("an axis is out of range");
  Normalized n = moments(c, x, axes, 1e-9);
  c.set(op.getY(),
        scaleAndShift(c, x, reducedMap(c, rankOf(x), axes), n, {}, {}));
  return success();
}

//===----------------------------------------------------------------------===//
// LpNormalization, LRN
//===----------------------------------------------------------------------===//

static LogicalResult lowerLpNormalization(LpNormalizationOp op,
                                          NodeContext &c) {
  Value x = c.get(op.getInput());
  int64_t axis = op.getAxis(), p = op.getP();
  if (!normalizeAxis(axis, rankOf(x)) || (p != 1 && p != 2))
    return c.unsupported("the axis is out of range or p is neither 1 nor 2");
  Type type = c.computeType(elementOf(x));
  Value sum = c.reduce(x, axis, scalarAttr(type, 0),
                       [&](ScalarBuilder &s, ValueRange v) {
                         Value e = p == 1 ? s.abs(v[0]) : s.mul(v[0], v[0]);
                         return s.add(v[1], e);
                       });
  // A norm of 0 leaves zeros.
  c.set(op.getOutput(),
        c.elementwise(
            ArrayRef<Indexed>{{x, c.identity(rankOf(x))},
                              {sum, reducedMap(c, rankOf(x), axis)}},
            shapeOf(x), elementOf(x), [&](ScalarBuilder &s, ValueRange v) {
              Value zero = s.number(v[1].getType(), 0);
              Value norm = p == 1 ? v[1] : s.sqrt(v[1]);
              Value isZero = s.compare(ScalarBuilder::Order::Eq, norm, zero);
              return s.select(isZero, zero, s.op<arith::DivFOp>(v[0], norm));
            }));
  return success();
}

/// x / (bias + alpha / size * sum of squares over near channels)^beta.
static LogicalResult lowerLRN(LRNOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  int64_t rank = rankOf(x), size = op.getSize();
  if (rank < 2 || size < 1)
    return c.unsupported("the input has no channels or size is below 1");
  Shape low(rank, 0), high(rank, 0);
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  Type element = elementOf(x), type = c.computeType(element);
  Value padded = c.pad(x, low, high, scalarAttr(element, 0));
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(i == 1 ? c.dim(1) + c.dim(rank) : c.dim(i));
  Value window = c.empty(size, c.b.getI1Type());
  Value squares = c.generic(
      {{padded, c.map(rank + 1, exprs)},
       {window, c.map(rank + 1, c.dim(rank))}},
      c.filled(shapeOf(x), type, 0), c.identity(rank + 1).getMajorSubMap(rank),
      loops(rank, 1), [&](ScalarBuilder &s, ValueRange v) {
        Value e = s.cast(v[0], false, type, false);
        return s.add(v[2], s.mul(e, e));
      });
  double alpha = op.getAlpha().convertToDouble() / double(size);
  c.set(op.getY(),
        c.elementwise(
            {x, squares}, shapeOf(x), element,
            [&](ScalarBuilder &s, ValueRange v) -> Value {
              Value base = s.add(s.number(type, op.getBias().convertToDouble()),
                                 s.mul(s.number(type, alpha), v[1]));
              Value beta = s.number(type, op.getBeta().convertToDouble());
              return s.op<arith::DivFOp>(v[0], s.op<math::PowFOp>(base, beta));
            }));
  return success();
}

void populateNormalizationLowering(LoweringTable &table) {
  table.add<BatchNormalizationOp>(lowerBatchNormalization);
  table.add<LayerNormalizationOp>(lowerLayerNormalization);
  table.add<RMSNormalizationOp>(lowerRMSNormalization);
  table.add<InstanceNormalizationOp>(lowerInstanceNormalization);
  table.add<GroupNormalizationOp>(lowerGroupNormalization);
  table.add<MeanVarianceNormalizationOp>(lowerMeanVarianceNormalization);
  table.add<LpNormalizationOp>(lowerLpNormalization);
  table.add<LRNOp>(lowerLRN);
}

} // namespace aicc::onnx
