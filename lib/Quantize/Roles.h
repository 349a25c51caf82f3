//===- Roles.h - How operations take part in quantisation -------*- C++ -*-===//

#ifndef AICC_LIB_QUANTIZE_ROLES_H
#define AICC_LIB_QUANTIZE_ROLES_H

#include "lib/Graph/Simplify.h"
#include "lib/Quantize/Pointwise.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace aicc::quantize {

using graph::constantOf;

/// What an operation is to the quantiser. One row of the table in Roles.cpp
/// for each operator that has a part.
struct Role {
  enum class Kind {
    None,    ///< Stays float, for `reason`; not even that: no computation.
    Product, ///< Conv, MatMul, Gemm: what integers are for.
    Compute, ///< In integers where its operands are and its result is read so.
    Move,    ///< Result and operands share elements, so scale and zero point.
  };
  Kind kind = Kind::None;
  /// The operands that are quantised; weights and biases are not among them
  /// (see Layer). Those of a function may be of operations before it.
  llvm::SmallVector<mlir::OpOperand *, 2> data;
  /// What else computes the function (see Pointwise.h).
  llvm::SmallVector<mlir::Operation *, 4> inside;
  /// Why it stays float; null for what computes nothing on floats.
  const char *reason = nullptr;
};

/// `function`, if not null, is the one that ends in `op`.
Role roleOf(mlir::Operation *op, const PointwiseFunction *function);

/// A product with constant weights.
struct Layer {
  unsigned weight;              ///< Index of the operand.
  std::optional<unsigned> bias; ///< Index of the operand, present or not.
  /// Dimension of the weight that runs over the output channels; none: one
  /// scale for the whole weight.
  std::optional<int64_t> axis;
};

/// None if `op`, a Product, multiplies two tensors that are computed.
std::optional<Layer> layerOf(mlir::Operation *op);

/// The bounds of a Relu, or of a Clip by constants.
struct Bounds {
  double low, high;
};
std::optional<Bounds> boundsOf(mlir::Operation *op);

/// Is `value` a tensor of float32 with elements?
bool isQuantizable(mlir::Value value);

} // namespace aicc::quantize

#endif // AICC_LIB_QUANTIZE_ROLES_H
