//===- Reductions.h - Parts that reductions share ---------------*- C++ -*-===//

#ifndef DIALECTS_ONNX_LOWERING_REDUCTIONS_H
#define DIALECTS_ONNX_LOWERING_REDUCTIONS_H

#include "dialects/onnx/Lowering/NodeContext.h"

namespace aicc::onnx {

/// The smallest and the largest value of a type: -inf and inf of floats.
mlir::TypedAttr lowestOf(mlir::Type type, bool isUnsigned);
mlir::TypedAttr highestOf(mlir::Type type, bool isUnsigned);

/// Axes as the opsets since 13 give them: an operand that must be constant.
/// Sorted and within the rank. Without any, all axes, or none if `noop`.
mlir::FailureOr<Shape> reductionAxes(NodeContext &c, mlir::Value axes,
                                     int64_t rank, bool noop);

/// How loops over `shape` read a value whose `axes` have been reduced away.
mlir::AffineMap reducedMap(NodeContext &c, unsigned rank,
                           llvm::ArrayRef<int64_t> axes);

/// Softmax along `axis`, with `log` its logarithm.
mlir::Value softmax(NodeContext &c, mlir::Value x, int64_t axis, bool log);

/// x with mean 0 and variance 1 over `axes`, with what it takes to say more.
struct Normalized {
  mlir::Value mean;          ///< Without the axes, compute type.
  mlir::Value inverseStdDev; ///< 1 / sqrt(variance + epsilon), likewise.
};
Normalized moments(NodeContext &c, mlir::Value x, llvm::ArrayRef<int64_t> axes,
                   double epsilon);

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_REDUCTIONS_H
