//===- ShapeReduction.cpp - Shapes of reductions and selections -----------===//

#include "ShapeInference.h"

#include "dialects/onnx/IR/OnnxOps.h"

using namespace mlir;

namespace aicc::graph {

static constexpr int64_t dynamic = ShapedType::kDynamic;

template <typename OpT>
static LogicalResult inferReduce(OpT op, InferContext &context) {
  auto data = context.shape(op.getData());
  if (!data)
    return success();
  SmallVector<int64_t> axes;
  if (isPresent(op.getAxes())) {
    auto values = context.ints(op.getAxes());
    if (!values) {
      if (op.getKeepdims() != 0)
        context.setResult(0, Shape(data->size(), dynamic));
      return success();
    }
    FailureOr<SmallVector<int64_t>> resolved =
        context.axes(*values, data->size());
    if (failed(resolved))
      return failure();
    axes = *resolved;
  }
  if (axes.empty() && op.getNoopWithEmptyAxes() != 0) {
    context.setResult(0, *data);
    return success();
  }
  Shape result;
  for (int64_t i = 0; i < static_cast<int64_t>(data->size()); ++i) {
    bool reduced = axes.empty() || llvm::is_contained(axes, i);
    if (!reduced)
      result.push_back((*data)[i]);
    else if (op.getKeepdims() != 0)
      result.push_back(1);
  }
  context.setResult(0, result);
  return success();
}

template <typename OpT>
static LogicalResult inferArg(OpT op, InferContext &context) {
  auto data = context.shape(op.getData());
  if (!data)
    return success();
  FailureOr<int64_t> axis =
      context.axis(static_cast<int64_t>(op.getAxis()), data->size());
  if (failed(axis))
    return failure();
  Shape result(*data);
  if (op.getKeepdims() != 0)
    result[*axis] = 1;
  else
    result.erase(result.begin() + *axis);
  context.setResult(0, result);
  return success();
}

static LogicalResult inferTopK(onnx::TopKOp op, InferContext &context) {
  auto data = context.shape(op.getX());
  if (!data)
    return success();
  FailureOr<int64_t> axis =
      context.axis(static_cast<int64_t>(op.getAxis()), data->size());
  if (failed(axis))
    return failure();
  Shape result(*data);
  result[*axis] = dynamic;
  if (auto k = context.ints(op.getK()); k && k->size() == 1) {
    int64_t dim = (*data)[*axis];
    if (k->front() < 0 || (dim >= 0 && k->front() > dim))
      return context.error("K is " + Twine(k->front()) + " for dimension " +
                           Twine(*axis) + " of " + shapeText(*data));
    result[*axis] = k->front();
  }
  context.setResult(0, result);
  context.setResult(1, result);
  return success();
}

static LogicalResult inferDynamicQuantize(onnx::DynamicQuantizeLinearOp op,
                                          InferContext &context) {
  if (auto data = context.shape(op->getOperand(0)))
    context.setResult(0, *data);
  context.setResult(1, {});
  context.setResult(2, {});
  return success();
}

void addReductionShapes(InferTable &table) {
  addShape<onnx::ReduceSumOp, inferReduce<onnx::ReduceSumOp>>(table);
  addShape<onnx::ReduceMeanOp, inferReduce<onnx::ReduceMeanOp>>(table);
  addShape<onnx::ReduceMaxOp, inferReduce<onnx::ReduceMaxOp>>(table);
  addShape<onnx::ReduceMinOp, inferReduce<onnx::ReduceMinOp>>(table);
  addShape<onnx::ReduceProdOp, inferReduce<onnx::ReduceProdOp>>(table);
  addShape<onnx::ReduceL1Op, inferReduce<onnx::ReduceL1Op>>(table);
  addShape<onnx::ReduceL2Op, inferReduce<onnx::ReduceL2Op>>(table);
  addShape<onnx::ReduceLogSumOp, inferReduce<onnx::ReduceLogSumOp>>(table);
  addShape<onnx::ReduceLogSumExpOp, inferReduce<onnx::ReduceLogSumExpOp>>(
      table);
  addShape<onnx::ReduceSumSquareOp, inferReduce<onnx::ReduceSumSquareOp>>(
      table);
  addShape<onnx::ArgMaxOp, inferArg<onnx::ArgMaxOp>>(table);
  addShape<onnx::ArgMinOp, inferArg<onnx::ArgMinOp>>(table);
  addShape<onnx::TopKOp, inferTopK>(table);
  addShape<onnx::DynamicQuantizeLinearOp, inferDynamicQuantize>(table);
}

} // namespace aicc::graph
