//===- Plan.h - What is quantised -------------------------------*- C++ -*-===//

#ifndef AICC_LIB_QUANTIZE_PLAN_H
#define AICC_LIB_QUANTIZE_PLAN_H

#include "lib/Quantize/Roles.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

namespace aicc::quantize {

/// Which operations of a function compute on integers, and which of their
/// values share a scale. Depends on the operations alone: the same for a
/// function and its clone.
///
/// Products always do. Other computations do if all that they read comes from
/// integers and somebody reads their result as integers: so a sum before a
/// LayerNormalization stays float, one between convolutions does not. Moves do
/// on either side of these.
class Plan {
public:
  explicit Plan(mlir::func::FuncOp func);

  bool contains(mlir::Operation *op) const { return roles.count(op); }
  const Role &role(mlir::Operation *op) const { return roles.find(op)->second; }
  /// In program order.
  const llvm::MapVector<mlir::Operation *, Role> &operations() const {
    return roles;
  }
  /// What computes on floats and stays so, with the reason.
  llvm::ArrayRef<std::pair<mlir::Operation *, const char *>> left() const {
    return leftOps;
  }

  /// The values of the same scale as `value`; they share a leader. Only for
  /// data operands and results of operations of the plan that are computed.
  mlir::Value leader(mlir::Value value) const {
    return classes.getLeaderValue(value);
  }
  /// Is it the second operand of a product of two computed tensors? These are
  /// signed: the product wants one operand of each kind.
  bool isSigned(mlir::Value value) const {
    return signedLeaders.contains(leader(value));
  }
  /// What moves share with their constant operands, by leader.
  llvm::ArrayRef<ConstantTensor> constants(mlir::Value leader) const {
    auto it = sharedConstants.find(leader);
    return it == sharedConstants.end() ? llvm::ArrayRef<ConstantTensor>()
                                       : it->second;
  }
  /// The values whose ranges make that of their class: not results of moves,
  /// nor what `activationOf` reads. In the order of their first use or their
  /// definition, whichever comes first.
  llvm::ArrayRef<mlir::Value> sources() const { return sourceValues; }

  /// The Relu or Clip that alone reads the result of `op`, of one scale with
  /// it; null. Saturation stands for it if the scale ends at its bounds.
  mlir::Operation *activationOf(mlir::Operation *op) const;

private:
  bool isWanted(mlir::Value value,
                const llvm::DenseSet<mlir::Operation *> &wanting) const;
  bool removeUnfit();
  void leave(mlir::Operation *op, const Role &role, const char *reason);
  void joinClasses();

  llvm::MapVector<mlir::Operation *, Role> roles;
  /// The operation of the plan that an operand is data of.
  llvm::DenseMap<mlir::OpOperand *, mlir::Operation *> readers;
  llvm::SmallVector<std::pair<mlir::Operation *, const char *>> leftOps;
  llvm::EquivalenceClasses<mlir::Value> classes;
  llvm::DenseSet<mlir::Value> signedLeaders;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<ConstantTensor>>
      sharedConstants;
  llvm::SmallVector<mlir::Value> sourceValues;
};

} // namespace aicc::quantize

#endif // AICC_LIB_QUANTIZE_PLAN_H
