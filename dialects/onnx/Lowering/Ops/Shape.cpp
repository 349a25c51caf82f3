//===- Shape.cpp - Operators that move elements and compute nothing -------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace aicc::onnx {

/// Reshape, Flatten, Squeeze ...: shape inference knows the result's shape.
static LogicalResult lowerReshape(Operation *op, NodeContext &c) {
  Value x = c.get(op->getOperand(0));
  ArrayRef<int64_t> shape = c.shapeOfResult(op->getResult(0));
  if (product(shapeOf(x)) != product(shape))
    return c.unsupported("input and output differ in their number of elements");
  c.set(op->getResult(0), c.reshape(x, shape));
  return success();
}

static LogicalResult lowerTranspose(TransposeOp op, NodeContext &c) {
  Value x = c.get(op.getData());
  Shape perm(op.getPerm().value_or(ArrayRef<int64_t>()));
  if (perm.empty())
    for (int64_t i = rankOf(x); i-- > 0;)
      perm.push_back(i);
  for (int64_t &p : perm)
    if (!normalizeAxis(p, rankOf(x)))
      return c.unsupported("perm is out of range");
  if (!isPermutationVector(perm) || int64_t(perm.size()) != rankOf(x))
    return c.unsupported("perm is no permutation of the axes");
  c.set(op.getTransposed(), c.transpose(x, perm));
  return success();
}

static LogicalResult lowerConcat(ConcatOp op, NodeContext &c) {
  int64_t axis = op.getAxis();
  if (!normalizeAxis(axis, c.shapeOfResult(op.getConcatResult()).size()))
    return c.unsupported("the axis is out of range");
  SmallVector<Value> inputs;
  for (Value input : op.getInputs())
    inputs.push_back(c.get(input));
  c.set(op.getConcatResult(), c.concat(axis, inputs));
  return success();
}

static LogicalResult lowerSplit(SplitOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  int64_t axis = op.getAxis();
  if (!normalizeAxis(axis, rankOf(x)))
    return c.unsupported("the axis is out of range");
  int64_t offset = 0;
  for (Value result : op.getOutputs()) {
    int64_t size = c.shapeOfResult(result)[axis];
    if (offset + size > shapeOf(x)[axis])
      return c.unsupported("the parts are larger than the input");
    c.set(result, c.sliceAxis(x, axis, offset, size));
    offset += size;
  }
  return success();
}

static LogicalResult lowerExpand(ExpandOp op, NodeContext &c) {
  c.set(op.getOutput(),
        c.broadcast(c.get(op.getInput()), c.shapeOfResult(op.getOutput())));
  return success();
}

/// Each dimension is split in (repeat, size), broadcast and merged again.
static LogicalResult lowerTile(TileOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  ArrayRef<int64_t> result = c.shapeOfResult(op.getOutput());
  if (product(result) == 0) {
    c.set(op.getOutput(), c.empty(result, elementOf(x)));
    return success();
  }
  Shape wide;
  SmallVector<AffineExpr> exprs;
  for (auto [i, size] : llvm::enumerate(shapeOf(x))) {
    int64_t repeat = result[i] / size;
    if (repeat > 1)
      wide.push_back(repeat);
    exprs.push_back(c.dim(wide.size()));
    wide.push_back(size);
  }
  Value tiled =
      c.gather(Indexed{x, c.map(wide.size(), exprs)}, wide, elementOf(x),
               [](ScalarBuilder &, ValueRange v) { return v[0]; });
  c.set(op.getOutput(), c.reshape(tiled, result));
  return success();
}

/// Blocks of the spatial dimensions out of the channels, or into them.
static Value blocks(NodeContext &c, Value x, ArrayRef<int64_t> split,
                    ArrayRef<int64_t> perm, ArrayRef<int64_t> result) {
  return c.reshape(c.transpose(c.reshape(x, split), perm), result);
}

static LogicalResult lowerDepthToSpace(DepthToSpaceOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  ArrayRef<int64_t> s = shapeOf(x);
  int64_t k = op.getBlocksize();
  if (s.size() != 4 || k < 1 || s[1] % (k * k))
    return c.unsupported("the channels are no multiple of the squared blocks");
  int64_t d = s[1] / (k * k);
  ArrayRef<int64_t> result = c.shapeOfResult(op.getOutput());
  c.set(op.getOutput(), op.getMode() == "CRD"
                            ? blocks(c, x, {s[0], d, k, k, s[2], s[3]},
                                     {0, 1, 4, 2, 5, 3}, result)
                            : blocks(c, x, {s[0], k, k, d, s[2], s[3]},
                                     {0, 3, 4, 1, 5, 2}, result));
  return success();
}

static LogicalResult lowerSpaceToDepth(SpaceToDepthOp op, NodeContext &c) {
  Value x = c.get(op.getInput());
  ArrayRef<int64_t> s = shapeOf(x);
  int64_t k = op.getBlocksize();
  if (s.size() != 4 || k < 1 || s[2] % k || s[3] % k)
    return c.unsupported("the spatial sizes are no multiples of the blocks");
  Shape split{s[0], s[1], s[2] / k, k, s[3] / k, k};
  ArrayRef<int64_t> result = c.shapeOfResult(op.getOutput());
  c.set(op.getOutput(), op.getMode() == "CRD"
                            ? blocks(c, x, split, {0, 1, 3, 5, 2, 4}, result)
                            : blocks(c, x, split, {0, 3, 5, 1, 2, 4}, result));
  return success();
}

/// The shape of a static tensor is a constant.
static LogicalResult lowerShape(ShapeOp op, NodeContext &c) {
  ArrayRef<int64_t> shape = c.shapeOfResult(op.getData());
  int64_t rank = shape.size(), start = op.getStart();
  int64_t end = op.getEnd().value_or(rank);
  auto clamp = [&](int64_t v) {
    return std::clamp<int64_t>(v < 0 ? v + rank : v, 0, rank);
  };
  start = clamp(start);
  end = std::max(start, clamp(end));
  ArrayRef<int64_t> part = shape.slice(start, end - start);
  c.set(op.getShape(),
        c.constantIntegers({int64_t(part.size())}, c.b.getI64Type(), part));
  return success();
}

static LogicalResult lowerSize(SizeOp op, NodeContext &c) {
  c.set(op.getSize(),
        c.constantIntegers({}, c.b.getI64Type(),
                           product(c.shapeOfResult(op.getData()))));
  return success();
}

static LogicalResult lowerConstantOfShape(ConstantOfShapeOp op,
                                          NodeContext &c) {
  RankedTensorType type = structuredType(op.getOutput().getType());
  ElementsAttr value = op.getValueAttr();
  if (!value) {
    c.set(op.getOutput(), c.splat(type.getShape(), type.getElementType(), 0));
    return success();
  }
  ElementsAttr one =
      retype(value, RankedTensorType::get({}, type.getElementType()));
  auto dense = dyn_cast_if_present<DenseElementsAttr>(one);
  if (!dense)
    return c.unsupported("the value is not one element");
  c.set(op.getOutput(), c.constant(dense.resizeSplat(type)));
  return success();
}

static LogicalResult lowerDropout(DropoutOp op, NodeContext &c) {
  if (c.isPresent(op.getTrainingMode())) {
    FailureOr<Shape> training =
        c.integers(op.getTrainingMode(), "training_mode");
    if (failed(training))
      return failure();
    if (training->size() != 1 || training->front() != 0)
      return c.unsupported("it is in training mode");
  }
  c.set(op.getOutput(), c.get(op.getData()));
  if (c.isPresent(op.getMask()))
    c.set(op.getMask(),
          c.splat(c.shapeOfResult(op.getMask()), c.b.getI1Type(), 1));
  return success();
}

void populateShapeLowering(LoweringTable &table) {
  table.add<ReshapeOp>(lowerReshape);
  table.add<FlattenOp>(lowerReshape);
  table.add<SqueezeOp>(lowerReshape);
  table.add<UnsqueezeOp>(lowerReshape);
  table.add<IdentityOp>(lowerReshape);
  table.add<TransposeOp>(lowerTranspose);
  table.add<ConcatOp>(lowerConcat);
  table.add<SplitOp>(lowerSplit);
  table.add<ExpandOp>(lowerExpand);
  table.add<TileOp>(lowerTile);
  table.add<DepthToSpaceOp>(lowerDepthToSpace);
  table.add<SpaceToDepthOp>(lowerSpaceToDepth);
  table.add<ShapeOp>(lowerShape);
  table.add<SizeOp>(lowerSize);
  table.add<ConstantOfShapeOp>(lowerConstantOfShape);
  table.add<DropoutOp>(lowerDropout);
}

} // namespace aicc::onnx
