//===- ShapeMovement.cpp - Shapes of operations that move elements --------===//
//
// Most of these read their result's shape from constant operands.
//
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"

#include "dialects/onnx/IR/OnnxOps.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace aicc::graph {

using Wide = __int128;
static constexpr int64_t dynamic = ShapedType::kDynamic;

/// As a dimension; fails with an error if it is negative or has over 62 bits.
static FailureOr<int64_t> asDim(Wide value, InferContext &context) {
  if (value >= 0 && value < (Wide(1) << 62))
    return static_cast<int64_t>(value);
  (void)context.error("a dimension of the result is negative or too large");
  return failure();
}

//===----------------------------------------------------------------------===//
// Reshape and its kin
//===----------------------------------------------------------------------===//

static LogicalResult inferReshape(onnx::ReshapeOp op, InferContext &context) {
  auto target = context.ints(op.getShape());
  auto data = context.shape(op.getData());
  if (!target)
    return success();
  Shape result(*target);
  std::optional<size_t> inferred;
  for (size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && op.getAllowzero() == 0) {
      if (!data)
        result[i] = dynamic;
      else if (i >= data->size())
        return context.error("shape[" + Twine(i) +
                             "] = 0 copies a dimension "
                             "that the data, " +
                             shapeText(*data) + ", does not have");
      else
        result[i] = (*data)[i];
    } else if (result[i] == -1) {
      if (inferred)
        return context.error("more than one dimension of the shape is -1");
      inferred = i;
      result[i] = dynamic;
    } else if (result[i] < -1) {
      return context.error("dimension " + Twine(result[i]) +
                           " of the shape is negative");
    }
  }
  std::optional<int64_t> total =
      data ? countElements(*data) : std::optional<int64_t>();
  if (!total) {
    context.setResult(0, result);
    return success();
  }
  Shape rest(result);
  if (inferred)
    rest[*inferred] = 1;
  std::optional<int64_t> product = countElements(rest);
  bool fits = product && (inferred ? *product != 0 && *total % *product == 0
                                   : *product == *total);
  if (!fits)
    return context.error("cannot reshape " + shapeText(*data) + " to " +
                         shapeText(*target));
  if (inferred)
    result[*inferred] = *total / *product;
  context.setResult(0, result);
  return success();
}

static LogicalResult inferFlatten(onnx::FlattenOp op, InferContext &context) {
  auto data = context.shape(op.getInput());
  if (!data)
    return success();
  int64_t rank = data->size();
  int64_t axis = static_cast<int64_t>(op.getAxis());
  if (axis < -rank || axis > rank)
    return context.error("axis " + Twine(axis) + " is out of range for rank " +
                         Twine(rank));
  if (axis < 0)
    axis += rank;
  auto product = [&](ArrayRef<int64_t> dims) {
    return countElements(dims).value_or(dynamic);
  };
  context.setResult(
      0, {product(data->take_front(axis)), product(data->drop_front(axis))});
  return success();
}

static LogicalResult inferUnsqueeze(onnx::UnsqueezeOp op,
                                    InferContext &context) {
  auto data = context.shape(op.getData());
  auto axes = context.ints(op.getAxes());
  if (!data || !axes)
    return success();
  int64_t rank = data->size() + axes->size();
  FailureOr<SmallVector<int64_t>> resolved = context.axes(*axes, rank);
  if (failed(resolved))
    return failure();
  Shape result;
  size_t next = 0;
  for (int64_t i = 0; i < rank; ++i)
    result.push_back(llvm::is_contained(*resolved, i) ? 1 : (*data)[next++]);
  context.setResult(0, result);
  return success();
}

static LogicalResult inferSqueeze(onnx::SqueezeOp op, InferContext &context) {
  auto data = context.shape(op.getData());
  if (!data)
    return success();
  SmallVector<int64_t> axes;
  if (isPresent(op.getAxes())) {
    auto values = context.ints(op.getAxes());
    if (!values)
      return success();
    FailureOr<SmallVector<int64_t>> resolved =
        context.axes(*values, data->size());
    if (failed(resolved))
      return failure();
    axes = *resolved;
  } else {
    if (llvm::any_of(*data, ShapedType::isDynamic))
      return success();
    for (size_t i = 0; i < data->size(); ++i)
      if ((*data)[i] == 1)
        axes.push_back(i);
  }
  Shape result;
  for (int64_t i = 0; i < static_cast<int64_t>(data->size()); ++i) {
    int64_t dim = (*data)[i];
    if (!llvm::is_contained(axes, i))
      result.push_back(dim);
    else if (dim != 1 && !ShapedType::isDynamic(dim))
      return context.error("cannot squeeze dimension " + Twine(i) + " of " +
                           shapeText(*data));
  }
  context.setResult(0, result);
  return success();
}

//===----------------------------------------------------------------------===//
// Parts and copies
//===----------------------------------------------------------------------===//

static LogicalResult inferExpand(onnx::ExpandOp op, InferContext &context) {
  auto data = context.shape(op.getInput());
  auto target = context.ints(op.getShape());
  if (!data || !target)
    return success();
  for (int64_t dim : *target)
    if (dim < 0)
      return context.error("dimension " + Twine(dim) +
                           " of the shape is negative");
  FailureOr<Shape> result =
      broadcastShapes({Shape(*data), Shape(*target)}, context);
  if (failed(result))
    return failure();
  context.setResult(0, *result);
  return success();
}

static LogicalResult inferTile(onnx::TileOp op, InferContext &context) {
  auto data = context.shape(op.getInput());
  auto repeats = context.ints(op.getRepeats());
  if (!data || !repeats)
    return success();
  if (repeats->size() != data->size())
    return context.error("has " + Twine(repeats->size()) +
                         " repeats for a tensor of rank " +
                         Twine(data->size()));
  Shape result;
  for (auto [dim, repeat] : llvm::zip(*data, *repeats)) {
    if (ShapedType::isDynamic(dim)) {
      result.push_back(dynamic);
      continue;
    }
    FailureOr<int64_t> size = asDim(Wide(dim) * repeat, context);
    if (failed(size))
      return failure();
    result.push_back(*size);
  }
  context.setResult(0, result);
  return success();
}

static LogicalResult inferSlice(onnx::SliceOp op, InferContext &context) {
  auto data = context.shape(op.getData());
  auto starts = context.ints(op.getStarts());
  auto ends = context.ints(op.getEnds());
  if (!data)
    return success();
  SmallVector<int64_t> axes, steps;
  bool known = starts && ends;
  if (isPresent(op.getAxes())) {
    auto values = context.ints(op.getAxes());
    if (!values) {
      context.setResult(0, Shape(data->size(), dynamic));
      return success();
    }
    axes = *values;
  } else if (auto shape = context.shape(op.getStarts());
             shape && shape->size() == 1 && (*shape)[0] >= 0 &&
             (*shape)[0] <= int64_t(data->size())) {
    for (int64_t i = 0; i < (*shape)[0]; ++i)
      axes.push_back(i);
  } else {
    context.setResult(0, Shape(data->size(), dynamic));
    return success();
  }
  FailureOr<SmallVector<int64_t>> resolved = context.axes(axes, data->size());
  if (failed(resolved))
    return failure();
  if (isPresent(op.getSteps())) {
    auto values = context.ints(op.getSteps());
    known &= values.has_value();
    if (values)
      steps = *values;
  } else {
    steps.assign(axes.size(), 1);
  }
  Shape result(*data);
  for (int64_t axis : *resolved)
    result[axis] = dynamic;
  if (known) {
    if (starts->size() != axes.size() || ends->size() != axes.size() ||
        steps.size() != axes.size())
      return context.error("starts, ends, axes and steps differ in length");
    for (size_t i = 0; i < axes.size(); ++i) {
      if (steps[i] == 0)
        return context.error("steps[" + Twine(i) + "] is 0");
      int64_t dim = (*data)[(*resolved)[i]];
      if (!ShapedType::isDynamic(dim))
        result[(*resolved)[i]] =
            resolveSlice((*starts)[i], (*ends)[i], steps[i], dim).count;
    }
  }
  context.setResult(0, result);
  return success();
}

static LogicalResult inferSplit(onnx::SplitOp op, InferContext &context) {
  auto data = context.shape(op.getInput());
  if (!data)
    return success();
  FailureOr<int64_t> axis =
      context.axis(static_cast<int64_t>(op.getAxis()), data->size());
  if (failed(axis))
    return failure();
  int64_t parts = op->getNumResults();
  int64_t dim = (*data)[*axis];
  SmallVector<int64_t> sizes(parts, dynamic);
  if (isPresent(op.getSplit())) {
    if (auto values = context.ints(op.getSplit())) {
      if (static_cast<int64_t>(values->size()) != parts)
        return context.error("has " + Twine(values->size()) +
                             " split sizes for " + Twine(parts) + " outputs");
      Wide sum = 0;
      for (int64_t size : *values) {
        if (size < 0)
          return context.error("split size " + Twine(size) + " is negative");
        sum += size;
      }
      if (!ShapedType::isDynamic(dim) && sum != dim)
        return context.error("split sizes do not add up to dimension " +
                             Twine(*axis) + " of " + shapeText(*data));
      sizes = *values;
    }
  } else if (!ShapedType::isDynamic(dim)) {
    // Equal parts; the last may be smaller.
    int64_t size = dim / parts + (dim % parts != 0);
    for (int64_t i = 0; i < parts; ++i)
      sizes[i] = std::clamp<int64_t>(dim - i * size, 0, size);
  }
  for (int64_t i = 0; i < parts; ++i) {
    Shape result(*data);
    result[*axis] = sizes[i];
    context.setResult(i, result);
  }
  return success();
}

static LogicalResult inferConcat(onnx::ConcatOp op, InferContext &context) {
  Shape result;
  Wide sum = 0;
  bool known = true;
  int64_t axis = 0;
  bool first = true;
  for (Value input : op.getInputs()) {
    auto shape = context.shape(input);
    if (!shape)
      return success();
    if (first) {
      FailureOr<int64_t> resolved =
          context.axis(static_cast<int64_t>(op.getAxis()), shape->size());
      if (failed(resolved))
        return failure();
      axis = *resolved;
      result = Shape(*shape);
      first = false;
    }
    bool fits = shape->size() == result.size();
    for (int64_t i = 0; fits && i < int64_t(result.size()); ++i) {
      int64_t dim = (*shape)[i];
      if (i == axis) {
        known &= !ShapedType::isDynamic(dim);
        sum += dim;
      } else if (ShapedType::isDynamic(result[i])) {
        result[i] = dim;
      } else if (!ShapedType::isDynamic(dim)) {
        fits = dim == result[i];
      }
    }
    if (!fits)
      return context.error("cannot concatenate " + shapeText(*shape) + " to " +
                           shapeText(result) + " along axis " + Twine(axis));
  }
  if (first)
    return success();
  result[axis] = dynamic;
  if (known) {
    FailureOr<int64_t> size = asDim(sum, context);
    if (failed(size))
      return failure();
    result[axis] = *size;
  }
  context.setResult(0, result);
  return success();
}

static LogicalResult inferTranspose(onnx::TransposeOp op,
                                    InferContext &context) {
  auto data = context.shape(op.getData());
  if (!data)
    return success();
  int64_t rank = data->size();
  SmallVector<int64_t> perm;
  if (auto attr = op.getPerm())
    perm.assign(attr->begin(), attr->end());
  else
    for (int64_t i = rank; i-- > 0;)
      perm.push_back(i);
  SmallVector<int64_t> sorted(perm);
  llvm::sort(sorted);
  for (int64_t i = 0; i < static_cast<int64_t>(sorted.size()); ++i)
    if (sorted[i] != i)
      return context.error("perm is no permutation");
  if (static_cast<int64_t>(perm.size()) != rank)
    return context.error("perm has " + Twine(perm.size()) +
                         " entries for a tensor of rank " + Twine(rank));
  Shape result;
  for (int64_t from : perm)
    result.push_back((*data)[from]);
  context.setResult(0, result);
  return success();
}

static LogicalResult inferPad(onnx::PadOp op, InferContext &context) {
  auto data = context.shape(op.getData());
  auto pads = context.ints(op.getPads());
  if (!data || !pads)
    return success();
  SmallVector<int64_t> axes;
  if (isPresent(op.getAxes())) {
    auto values = context.ints(op.getAxes());
    if (!values)
      return success();
    FailureOr<SmallVector<int64_t>> resolved =
        context.axes(*values, data->size());
    if (failed(resolved))
      return failure();
    axes = *resolved;
  } else {
    for (size_t i = 0; i < data->size(); ++i)
      axes.push_back(i);
  }
  if (pads->size() != 2 * axes.size())
    return context.error("has " + Twine(pads->size()) + " pads for " +
                         Twine(axes.size()) + " axes");
  Shape result(*data);
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t &dim = result[axes[i]];
    if (ShapedType::isDynamic(dim))
      continue;
    FailureOr<int64_t> size =
        asDim(Wide(dim) + (*pads)[i] + (*pads)[i + axes.size()], context);
    if (failed(size))
      return failure();
    dim = *size;
  }
  context.setResult(0, result);
  return success();
}

//===----------------------------------------------------------------------===//
// Gather and its kin
//===----------------------------------------------------------------------===//

static LogicalResult inferGather(onnx::GatherOp op, InferContext &context) {
  auto data = context.shape(op.getData());
  auto indices = context.shape(op.getIndices());
  if (!data || !indices)
    return success();
  FailureOr<int64_t> axis =
      context.axis(static_cast<int64_t>(op.getAxis()), data->size());
  if (failed(axis))
    return failure();
  if (auto values = context.ints(op.getIndices())) {
    int64_t dim = (*data)[*axis];
    for (int64_t index : *values)
      if (!ShapedType::isDynamic(dim) && (index < -dim || index >= dim))
        return context.error("index " + Twine(index) +
                             " is out of range for dimension " + Twine(*axis) +
                             " of " + shapeText(*data));
  }
  Shape result(data->take_front(*axis));
  result.append(indices->begin(), indices->end());
  ArrayRef<int64_t> tail = data->drop_front(*axis + 1);
  result.append(tail.begin(), tail.end());
  context.setResult(0, result);
  return success();
}

static LogicalResult inferGatherElements(onnx::GatherElementsOp op,
                                         InferContext &context) {
  if (auto indices = context.shape(op.getIndices()))
    context.setResult(0, *indices);
  return success();
}

static LogicalResult inferGatherND(onnx::GatherNDOp op, InferContext &context) {
  auto data = context.shape(op.getData());
  auto indices = context.shape(op.getIndices());
  if (!data || !indices || indices->empty() ||
      ShapedType::isDynamic(indices->back()))
    return success();
  int64_t batch = static_cast<int64_t>(op.getBatchDims());
  if (batch < 0 || batch >= int64_t(indices->size()) ||
      indices->back() > int64_t(data->size()) - batch)
    return context.error("indices " + shapeText(*indices) +
                         " do not fit data " + shapeText(*data));
  Shape result(indices->drop_back());
  ArrayRef<int64_t> tail = data->drop_front(batch + indices->back());
  result.append(tail.begin(), tail.end());
  context.setResult(0, result);
  return success();
}

static LogicalResult inferOneHot(onnx::OneHotOp op, InferContext &context) {
  auto indices = context.shape(op.getIndices());
  if (!indices)
    return success();
  int64_t rank = indices->size() + 1;
  FailureOr<int64_t> axis =
      context.axis(static_cast<int64_t>(op.getAxis()), rank);
  if (failed(axis))
    return failure();
  int64_t depth = dynamic;
  if (const ConstantTensor *value = context.constant(op.getDepth());
      value && value->numElements() == 1) {
    double size = value->real(0);
    if (!(size >= 0 && size < 9e15))
      return context.error("depth is negative or too large");
    depth = static_cast<int64_t>(size);
  }
  Shape result(*indices);
  result.insert(result.begin() + *axis, depth);
  context.setResult(0, result);
  return success();
}

static LogicalResult inferCompress(onnx::CompressOp op, InferContext &context) {
  auto data = context.shape(op.getInput());
  if (!data)
    return success();
  int64_t count = dynamic;
  if (auto condition = context.ints(op.getCondition()))
    count = llvm::count(*condition, 1);
  auto attr = op.getAxis();
  if (!attr) {
    context.setResult(0, {count});
    return success();
  }
  FailureOr<int64_t> axis =
      context.axis(static_cast<int64_t>(*attr), data->size());
  if (failed(axis))
    return failure();
  Shape result(*data);
  result[*axis] = count;
  context.setResult(0, result);
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes as data, and data from shapes
//===----------------------------------------------------------------------===//

static LogicalResult inferShape(onnx::ShapeOp op, InferContext &context) {
  auto data = context.shape(op.getData());
  if (!data)
    return success();
  int64_t rank = data->size();
  auto clamp = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = clamp(static_cast<int64_t>(op.getStart()));
  int64_t end = op.getEnd() ? clamp(static_cast<int64_t>(*op.getEnd())) : rank;
  context.setResult(0, {std::max<int64_t>(0, end - start)});
  return success();
}

static LogicalResult inferScalar(onnx::SizeOp op, InferContext &context) {
  context.setResult(0, {});
  return success();
}

static LogicalResult inferConstantOfShape(onnx::ConstantOfShapeOp op,
                                          InferContext &context) {
  auto shape = context.ints(op.getInput());
  if (!shape) {
    auto rank = context.shape(op.getInput());
    if (rank && rank->size() == 1 && (*rank)[0] >= 0 && (*rank)[0] <= 64)
      context.setResult(0, Shape((*rank)[0], dynamic));
    return success();
  }
  for (int64_t dim : *shape)
    if (dim < 0)
      return context.error("dimension " + Twine(dim) +
                           " of the shape is negative");
  context.setResult(0, *shape);
  return success();
}

static LogicalResult inferRange(onnx::RangeOp op, InferContext &context) {
  const ConstantTensor *start = context.constant(op.getStart());
  const ConstantTensor *limit = context.constant(op.getLimit());
  const ConstantTensor *delta = context.constant(op.getDelta());
  if (!start || !limit || !delta)
    return success();
  for (const ConstantTensor *each : {start, limit, delta})
    if (each->numElements() != 1)
      return context.error("start, limit and delta must be scalars");
  if (delta->format().isFloat()) {
    double count =
        std::ceil((limit->real(0) - start->real(0)) / delta->real(0));
    if (!(count < 9e15)) // Also NaN, from a delta of 0.
      return context.error("delta is 0 or the range too long");
    context.setResult(0, {static_cast<int64_t>(std::max(0.0, count))});
    return success();
  }
  Wide step = delta->integer(0);
  if (step == 0)
    return context.error("delta is 0");
  Wide distance = Wide(limit->integer(0)) - start->integer(0);
  Wide count = distance / step + (distance % step != 0 ? 1 : 0);
  if ((distance > 0) != (step > 0))
    count = 0;
  FailureOr<int64_t> size = asDim(count, context);
  if (failed(size))
    return failure();
  context.setResult(0, {*size});
  return success();
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static LogicalResult inferDepthToSpace(onnx::DepthToSpaceOp op,
                                       InferContext &context) {
  auto data = context.shape(op.getInput());
  if (!data || data->size() != 4 || llvm::any_of(*data, ShapedType::isDynamic))
    return success();
  Wide block = static_cast<int64_t>(op.getBlocksize());
  if (block <= 0 || (*data)[1] % (block * block) != 0)
    return context.error("blocksize does not divide the channels of " +
                         shapeText(*data));
  FailureOr<int64_t> h = asDim((*data)[2] * block, context);
  FailureOr<int64_t> w = asDim((*data)[3] * block, context);
  if (failed(h) || failed(w))
    return failure();
  int64_t c = static_cast<int64_t>((*data)[1] / (block * block));
  context.setResult(0, {(*data)[0], c, *h, *w});
  return success();
}

static LogicalResult inferSpaceToDepth(onnx::SpaceToDepthOp op,
                                       InferContext &context) {
  auto data = context.shape(op.getInput());
  if (!data || data->size() != 4 || llvm::any_of(*data, ShapedType::isDynamic))
    return success();
  int64_t block = static_cast<int64_t>(op.getBlocksize());
  if (block <= 0 || (*data)[2] % block != 0 || (*data)[3] % block != 0)
    return context.error("blocksize does not divide the size of " +
                         shapeText(*data));
  FailureOr<int64_t> c = asDim(Wide((*data)[1]) * block * block, context);
  if (failed(c))
    return failure();
  context.setResult(0,
                    {(*data)[0], *c, (*data)[2] / block, (*data)[3] / block});
  return success();
}

void addMovementShapes(InferTable &table) {
  addShape<onnx::ReshapeOp, inferReshape>(table);
  addShape<onnx::FlattenOp, inferFlatten>(table);
  addShape<onnx::UnsqueezeOp, inferUnsqueeze>(table);
  addShape<onnx::SqueezeOp, inferSqueeze>(table);
  addShape<onnx::ExpandOp, inferExpand>(table);
  addShape<onnx::TileOp, inferTile>(table);
  addShape<onnx::SliceOp, inferSlice>(table);
  addShape<onnx::SplitOp, inferSplit>(table);
  addShape<onnx::ConcatOp, inferConcat>(table);
  addShape<onnx::TransposeOp, inferTranspose>(table);
  addShape<onnx::PadOp, inferPad>(table);
  addShape<onnx::GatherOp, inferGather>(table);
  addShape<onnx::GatherElementsOp, inferGatherElements>(table);
  addShape<onnx::GatherNDOp, inferGatherND>(table);
  addShape<onnx::OneHotOp, inferOneHot>(table);
  addShape<onnx::CompressOp, inferCompress>(table);
  addShape<onnx::ShapeOp, inferShape>(table);
  addShape<onnx::SizeOp, inferScalar>(table);
  addShape<onnx::ConstantOfShapeOp, inferConstantOfShape>(table);
  addShape<onnx::RangeOp, inferRange>(table);
  addShape<onnx::DepthToSpaceOp, inferDepthToSpace>(table);
  addShape<onnx::SpaceToDepthOp, inferSpaceToDepth>(table);
}

} // namespace aicc::graph
