//===- GraphUtils.h - What the graph passes share ---------------*- C++ -*-===//

#ifndef AICC_LIB_GRAPH_GRAPHUTILS_H
#define AICC_LIB_GRAPH_GRAPHUTILS_H

#include "aicc/Graph/ConstantTensor.h"

#include "dialects/onnx/IR/OnnxOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace aicc::graph {

/// An onnx.Constant of `tensor` at the builder's place.
onnx::ConstantOp makeConstant(mlir::OpBuilder &builder, mlir::Location loc,
                              const ConstantTensor &tensor);

/// Erases the operations of `block` and below that nothing uses, last first.
void eraseDeadOperations(mlir::Block &block);

/// Gives `func` the types of what it returns.
void updateFunctionType(mlir::func::FuncOp func);

} // namespace aicc::graph

#endif // AICC_LIB_GRAPH_GRAPHUTILS_H
