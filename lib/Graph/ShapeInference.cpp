//===- ShapeInference.cpp - Result shapes of onnx operations --------------===//

#include "ShapeInference.h"

#include "aicc/Support/MlirDiagnostics.h"

#include <algorithm>

using namespace mlir;

namespace aicc::graph {

std::string shapeText(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t dim : shape) {
    if (!text.empty())
      text += 'x';
    text += ShapedType::isDynamic(dim) ? "?" : std::to_string(dim);
  }
  return text;
}

std::optional<ArrayRef<int64_t>> InferContext::shape(Value value) const {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return std::nullopt;
  return type.getShape();
}

const ConstantTensor *InferContext::constant(Value value) const {
  return isPresent(value) ? lookup(value) : nullptr;
}

std::optional<SmallVector<int64_t>> InferContext::ints(Value value) const {
  const ConstantTensor *tensor = constant(value);
  if (!tensor)
    return std::nullopt;
  return tensor->integers();
}

void InferContext::setResult(unsigned index, ArrayRef<int64_t> shape) {
  if (index >= op->getNumResults())
    return;
  Value result = op->getResult(index);
  auto type = dyn_cast<TensorType>(result.getType());
  if (!type)
    return;
  Shape merged(shape);
  if (auto ranked = dyn_cast<RankedTensorType>(type))
    if (ranked.getRank() == static_cast<int64_t>(merged.size()))
      for (auto [dim, old] : llvm::zip(merged, ranked.getShape()))
        if (ShapedType::isDynamic(dim))
          dim = old;
  auto refined = RankedTensorType::get(merged, type.getElementType());
  if (refined != type)
    result.setType(refined);
}

LogicalResult InferContext::error(const Twine &message) const {
  if (quiet)
    return failure();
  return withCode(op->emitError(), ErrorCode::Shape) << message;
}

FailureOr<int64_t> InferContext::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank) {
    (void)error("axis " + Twine(axis) + " is out of range for rank " +
                Twine(rank));
    return failure();
  }
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>> InferContext::axes(ArrayRef<int64_t> axes,
                                                   int64_t rank) const {
  SmallVector<int64_t> resolved;
  for (int64_t each : axes) {
    FailureOr<int64_t> one = axis(each, rank);
    if (failed(one))
      return failure();
    if (llvm::is_contained(resolved, *one)) {
      (void)error("axis " + Twine(each) + " is named twice");
      return failure();
    }
    resolved.push_back(*one);
  }
  return resolved;
}

FailureOr<Shape> broadcastShapes(ArrayRef<Shape> shapes,
                                 const InferContext &context) {
  size_t rank = 0;
  for (const Shape &shape : shapes)
    rank = std::max(rank, shape.size());
  Shape result(rank, 1);
  for (const Shape &shape : shapes) {
    size_t offset = rank - shape.size();
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t &out = result[offset + i];
      int64_t dim = shape[i];
      if (dim == 1 || dim == out)
        continue;
      // A dynamic size may turn out to be 1; a known size other than 1 wins.
      if (out == 1 || (ShapedType::isDynamic(out) && dim >= 0))
        out = dim;
      else if (dim >= 0) {
        std::string text;
        for (const Shape &each : shapes)
          text += (text.empty() ? "" : " and ") + shapeText(each);
        (void)context.error("shapes do not broadcast: " + text);
        return failure();
      }
    }
  }
  return result;
}

SliceAxis resolveSlice(int64_t start, int64_t end, int64_t step, int64_t size) {
  using Wide = __int128;
  auto clamp = [](Wide value, Wide low, Wide high) {
    return value < low ? low : value > high ? high : value;
  };
  Wide first = start < 0 ? Wide(start) + size : Wide(start);
  Wide last = end < 0 ? Wide(end) + size : Wide(end);
  Wide count;
  if (step > 0) {
    first = clamp(first, 0, size);
    last = clamp(last, 0, size);
    count = (last - first + step - 1) / step;
  } else {
    first = clamp(first, 0, Wide(size) - 1);
    last = clamp(last, -1, Wide(size) - 1);
    count = (first - last - step - 1) / -Wide(step);
  }
  if (count <= 0 || size == 0)
    return {0, step, 0};
  return {static_cast<int64_t>(first), step, static_cast<int64_t>(count)};
}

static const InferTable &inferTable() {
  static const InferTable table = [] {
    InferTable table;
    addElementwiseShapes(table);
    addMovementShapes(table);
    addNeuralShapes(table);
    addReductionShapes(table);
    return table;
  }();
  return table;
}

LogicalResult inferShapes(Operation *op, InferContext::Lookup lookup,
                          bool quiet) {
  InferFn infer = inferTable().lookup(op->getName().getStringRef());
  if (!infer)
    return success();
  InferContext context(op, lookup, quiet);
  return infer(op, context);
}

} // namespace aicc::graph
