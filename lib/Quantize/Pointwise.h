//===- Pointwise.h - Functions of one number --------------------*- C++ -*-===//

#ifndef AICC_LIB_QUANTIZE_POINTWISE_H
#define AICC_LIB_QUANTIZE_POINTWISE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace aicc::quantize {

/// Operations that together compute each element of one result from the same
/// element of one tensor and from constants: x * clip(x + 3, 0, 6). On
/// integers that is a table of 256 numbers however many operations there are,
/// and rounding what lies between them would only lose precision.
struct PointwiseFunction {
  /// Where the operations read the tensor.
  llvm::SmallVector<mlir::OpOperand *, 2> uses;
  /// The operations but the last, whose result is that of the function.
  llvm::SmallVector<mlir::Operation *, 4> inside;

  mlir::Value source() const { return uses.front()->get(); }
};

/// The largest such functions of one block, by their last operation.
class PointwiseFunctions {
public:
  explicit PointwiseFunctions(mlir::Block &block);

  const PointwiseFunction *find(mlir::Operation *op) const {
    auto it = functions.find(op);
    return it == functions.end() ? nullptr : &it->second;
  }
  bool isInside(mlir::Operation *op) const { return inner.contains(op); }

private:
  void visit(mlir::Operation *op);
  const PointwiseFunction *extended(mlir::Operation *op,
                                    mlir::Value operand) const;

  llvm::DenseMap<mlir::Operation *, PointwiseFunction> functions;
  llvm::DenseSet<mlir::Operation *> inner;
};

} // namespace aicc::quantize

#endif // AICC_LIB_QUANTIZE_POINTWISE_H
