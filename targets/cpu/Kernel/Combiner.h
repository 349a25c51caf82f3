//===- Combiner.h - The operation of a reduction ----------------*- C++ -*-===//

#ifndef TARGETS_CPU_KERNEL_COMBINER_H
#define TARGETS_CPU_KERNEL_COMBINER_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <optional>

namespace aicc::cpu {

/// The associative, commutative operation by which a reduction joins a new
/// value to its accumulator.
struct Combiner {
  mlir::Operation *op;
  mlir::vector::CombiningKind kind;

  /// A value x with combine(x, y) = y, of scalar type `type`.
  mlir::Value neutral(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Type type) const;
  mlir::Value combine(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value a, mlir::Value b) const;
  /// All lanes of `vector` joined to a scalar.
  mlir::Value foldLanes(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value vector) const;
};

/// The combiner of a reduction, if it has one that lanes can be folded by.
std::optional<Combiner> combinerOf(mlir::linalg::GenericOp op);

} // namespace aicc::cpu

#endif // TARGETS_CPU_KERNEL_COMBINER_H
