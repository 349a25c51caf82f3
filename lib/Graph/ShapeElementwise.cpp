//===- ShapeElementwise.cpp - Shapes of elementwise operations ------------===//

#include "ShapeInference.h"

using namespace mlir;

namespace aicc::graph {

/// All present operands broadcast together.
static LogicalResult inferBroadcast(Operation *op, InferContext &context) {
  SmallVector<Shape> shapes;
  for (Value operand : op->getOperands()) {
    if (!isPresent(operand))
      continue;
    auto shape = context.shape(operand);
    if (!shape)
      return success();
    shapes.push_back(Shape(*shape));
  }
  FailureOr<Shape> result = broadcastShapes(shapes, context);
  if (failed(result))
    return failure();
  context.setResult(0, *result);
  return success();
}

/// The first operand's shape for the first result.
static LogicalResult inferSame(Operation *op, InferContext &context) {
  if (auto shape = context.shape(op->getOperand(0)))
    context.setResult(0, Shape(*shape));
  return success();
}

/// The first operand's shape for every result.
static LogicalResult inferAllSame(Operation *op, InferContext &context) {
  if (auto shape = context.shape(op->getOperand(0)))
    for (unsigned i = 0; i < op->getNumResults(); ++i)
      context.setResult(i, Shape(*shape));
  return success();
}

void addElementwiseShapes(InferTable &table) {
  for (const char *name :
       {"Add",        "And",         "BitShift", "BitwiseAnd", "BitwiseOr",
        "BitwiseXor", "Div",         "Equal",    "Greater",    "GreaterOrEqual",
        "Less",       "LessOrEqual", "Max",      "Mean",       "Min",
        "Mod",        "Mul",         "Or",       "Pow",        "Sub",
        "Sum",        "Where",       "Xor"})
    table[std::string("onnx.") + name] = inferBroadcast;
  for (const char *name : {"Abs",
                           "Acos",
                           "Acosh",
                           "Asin",
                           "Asinh",
                           "Atan",
                           "Atanh",
                           "BatchNormalization",
                           "Bernoulli",
                           "BitwiseNot",
                           "Cast",
                           "CastLike",
                           "Ceil",
                           "Celu",
                           "Clip",
                           "Cos",
                           "Cosh",
                           "CumProd",
                           "CumSum",
                           "DequantizeLinear",
                           "Elu",
                           "Erf",
                           "Exp",
                           "EyeLike",
                           "Floor",
                           "Gelu",
                           "GroupNormalization",
                           "HardSigmoid",
                           "HardSwish",
                           "Hardmax",
                           "Identity",
                           "InstanceNormalization",
                           "IsInf",
                           "IsNaN",
                           "LRN",
                           "LeakyRelu",
                           "Log",
                           "LogSoftmax",
                           "LpNormalization",
                           "MeanVarianceNormalization",
                           "Mish",
                           "Neg",
                           "Not",
                           "PRelu",
                           "QuantizeLinear",
                           "RMSNormalization",
                           "RandomNormalLike",
                           "RandomUniformLike",
                           "Reciprocal",
                           "Relu",
                           "ReverseSequence",
                           "RotaryEmbedding",
                           "Round",
                           "ScatterElements",
                           "ScatterND",
                           "Selu",
                           "Shrink",
                           "Sigmoid",
                           "Sign",
                           "Sin",
                           "Sinh",
                           "Softmax",
                           "Softplus",
                           "Softsign",
                           "Sqrt",
                           "Swish",
                           "Tan",
                           "Tanh",
                           "TensorScatter",
                           "ThresholdedRelu",
                           "Trilu"})
    table[std::string("onnx.") + name] = inferSame;
  table["onnx.Dropout"] = inferAllSame;
}

} // namespace aicc::graph
