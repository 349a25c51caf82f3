//===- Simplify.h - Rewrites of the graph -----------------------*- C++ -*-===//

#ifndef AICC_LIB_GRAPH_SIMPLIFY_H
#define AICC_LIB_GRAPH_SIMPLIFY_H

#include "GraphUtils.h"

#include "mlir/IR/PatternMatch.h"

namespace aicc::graph {

/// Operations that change nothing, and runs of moves.
void populateMovePatterns(mlir::RewritePatternSet &patterns);
/// Arithmetic with constants.
void populateArithmeticPatterns(mlir::RewritePatternSet &patterns);
/// What changes no result by a bit: padding folded into convolutions.
void populateExactWeightPatterns(mlir::RewritePatternSet &patterns);
/// Powers as products: other roundings.
void populatePowerPatterns(mlir::RewritePatternSet &patterns);
/// Normalisation and scaling folded into weights: other roundings.
void populateWeightPatterns(mlir::RewritePatternSet &patterns);
/// Decomposed operations put together again.
void populateFusionPatterns(mlir::RewritePatternSet &patterns);

/// The constant that `value` is.
std::optional<ConstantTensor> constantOf(mlir::Value value);

/// The one number that all elements of the constant `value` are.
std::optional<double> splatOf(mlir::Value value);

/// The static type of `value`, or null.
inline mlir::RankedTensorType staticType(mlir::Value value) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && type.hasStaticShape() ? type : mlir::RankedTensorType();
}

/// An onnx.NoValue for an absent operand.
mlir::Value makeNoValue(mlir::OpBuilder &builder, mlir::Location loc);

/// A 1-D int64 constant.
mlir::Value makeInts(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::ArrayRef<int64_t> values);

/// `value` under the shape of `type`, as an onnx.Reshape.
mlir::Value makeReshape(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, mlir::RankedTensorType type);

} // namespace aicc::graph

#endif // AICC_LIB_GRAPH_SIMPLIFY_H
