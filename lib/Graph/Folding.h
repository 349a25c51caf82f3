//===- Folding.h - Evaluating onnx operations on constants ------*- C++ -*-===//
//
// One function an operation: constant operands and the result types (already
// inferred, static) in, constant results out. Nothing here touches the IR, and
// every function either stays within the budget or declines.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_GRAPH_FOLDING_H
#define AICC_LIB_GRAPH_FOLDING_H

#include "aicc/Graph/ConstantTensor.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace aicc::graph {

/// Bytes that folding may make.
struct FoldBudget {
  int64_t maxBytes;   ///< One constant.
  int64_t totalBytes; ///< All that are left; also bounds the time.
};

/// What a fold function works on.
class FoldContext {
public:
  FoldContext(mlir::Operation *op,
              llvm::ArrayRef<const ConstantTensor *> operands,
              FoldBudget &budget)
      : op(op), operands(operands), budget(budget) {}

  mlir::Operation *op;
  /// Null where an operand is absent or not constant.
  llvm::ArrayRef<const ConstantTensor *> operands;

  const ConstantTensor *operand(unsigned i) const {
    return i < operands.size() ? operands[i] : nullptr;
  }
  /// True if every operand that is there is constant.
  bool allConstant() const;

  /// The static type of result `i` with an element format, or null.
  mlir::RankedTensorType resultType(unsigned i = 0) const;

  /// Zeros of `type`, or nothing if they would exceed the budget.
  std::optional<ConstantTensor> make(mlir::RankedTensorType type,
                                     bool splat = false);

  /// False if reading all of `tensor` is more work than the budget allows (a
  /// splat may claim any number of elements).
  bool canScan(const ConstantTensor &tensor) const;

private:
  FoldBudget &budget;
};

/// One constant for each result; empty: not folded.
using FoldResults = llvm::SmallVector<ConstantTensor, 1>;
using FoldFn = FoldResults (*)(FoldContext &);
using FoldTable = llvm::StringMap<FoldFn>;

/// The functions by operation name ("onnx.Add").
const FoldTable &foldTable();

/// One file each.
void addElementwiseFolds(FoldTable &table);
void addMovementFolds(FoldTable &table);
void addReductionFolds(FoldTable &table);

/// Row-major strides of `shape`.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Visits all indices of `shape` in row-major order while keeping an offset
/// for each of several operands in step:
///   for (Odometer at(shape, strides); !at.done(); at.next()) at.offset(0)
class Odometer {
public:
  Odometer(llvm::ArrayRef<int64_t> shape,
           llvm::ArrayRef<llvm::SmallVector<int64_t>> strides);

  bool done() const { return remaining == 0; }
  void next();
  int64_t offset(unsigned operand) const { return offsets[operand]; }
  int64_t linear() const { return position; }
  llvm::ArrayRef<int64_t> indices() const { return index; }

private:
  llvm::SmallVector<int64_t> shape, index;
  llvm::SmallVector<llvm::SmallVector<int64_t>> strides;
  llvm::SmallVector<int64_t> offsets;
  int64_t position = 0, remaining = 0;
};

/// True if `from` broadcasts to exactly `to`. Result types may come from the
/// model where nothing was inferred, so reads are checked against them.
bool broadcastsTo(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

/// Strides that read `from` as if it were broadcast to `to`; requires
/// broadcastsTo.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> from,
                                            llvm::ArrayRef<int64_t> to);

} // namespace aicc::graph

#endif // AICC_LIB_GRAPH_FOLDING_H
