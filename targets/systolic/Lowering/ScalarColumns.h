//===- ScalarColumns.h - Elementwise groups, calculated ---------*- C++ -*-===//
//
// What an elementwise group gives for each value that its operands may have,
// calculated when compiling. Only operations whose results IEEE 754 and two's
// complement define are calculated, so that the values are those of any target.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_LOWERING_SCALARCOLUMNS_H
#define TARGETS_SYSTOLIC_LOWERING_SCALARCOLUMNS_H

#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseMap.h"

#include <string>
#include <vector>

namespace aicc::systolic {

/// One scalar of the group, for each sample.
struct Column {
  bool isReal = false; ///< f32; else integers.
  unsigned bits = 32;  ///< Of integers.
  std::vector<float> reals;
  std::vector<int64_t> integers; ///< Sign-extended from `bits`.
};

/// The scalars of a group of pointwise operations for `samples` samples.
class ScalarColumns {
public:
  ScalarColumns(RegionOp region, size_t samples)
      : region(region), samples(samples) {}

  /// The values of operand `operand` of the region, which has bytes.
  void setBytes(unsigned operand, std::vector<int64_t> values);

  /// Calculates the whole group. False, and `why` for the user, if its result
  /// takes something that is not calculated here.
  bool run(std::string &why);

  /// Of a tensor, or of a scalar in the body of an operation; null if it was
  /// not calculated. A scalar that stands for an element of a tensor is that
  /// element.
  const Column *find(mlir::Value value) const;

  /// The operation inside the group that calculates `value`, through the
  /// operands of pointwise operations; null for the group's operands.
  mlir::Operation *calculationOf(mlir::Value value) const;

private:
  void runGeneric(mlir::linalg::GenericOp op);
  bool calculate(mlir::Operation *op, Column &result);
  bool calculateInteger(mlir::Operation *op, Column &result);
  bool calculateReal(mlir::Operation *op, Column &result);
  bool convert(mlir::Operation *op, Column &result);
  bool compare(mlir::Operation *op, Column &result);
  bool choose(mlir::Operation *op, Column &result);
  bool lookUp(mlir::Operation *op, Column &result);
  bool constant(mlir::TypedAttr value, Column &result) const;
  mlir::Value behind(mlir::Value value) const;

  RegionOp region;
  size_t samples;
  llvm::DenseMap<mlir::Value, Column> known;
  /// The first operation that could not be calculated.
  std::string refused;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_SCALARCOLUMNS_H
