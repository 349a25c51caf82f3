//===- BufferPlanner.h - How a BufferPlan is made ---------------*- C++ -*-===//

#ifndef LIB_MEMORY_BUFFERPLANNER_H
#define LIB_MEMORY_BUFFERPLANNER_H

#include "aicc/Memory/BufferPlan.h"
#include "aicc/Memory/StorageOrder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace aicc {

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// Another look at the elements of its operand.
inline bool isShapeView(mlir::Operation *op) {
  return op &&
         llvm::isa<mlir::tensor::ExpandShapeOp, mlir::tensor::CollapseShapeOp,
                   mlir::linalg::TransposeOp>(op);
}

/// Works in three steps: which value is written into the buffer of which
/// other (claims), inserting copies where it cannot be; then from every value
/// to its window; then lifetimes.
class BufferPlanner {
public:
  explicit BufferPlanner(mlir::func::FuncOp func) : func(func) {}

  mlir::FailureOr<BufferPlan> run();

private:
  // Claims.
  mlir::LogicalResult claimBlock(mlir::Block &block);
  void claim(mlir::OpOperand &operand, bool allowViews,
             llvm::ArrayRef<int64_t> order = {});
  void claimInsert(mlir::tensor::InsertSliceOp insert);
  void requireCopy(mlir::OpOperand &operand, mlir::Operation *before,
                   llvm::ArrayRef<int64_t> order = {});
  void claimPadding(mlir::tensor::PadOp pad);
  void streamByVectors(RegionOp region);
  void sumInnermost(RegionOp region);
  void claimResult(mlir::OpOperand &operand);
  mlir::Value behindViews(mlir::Value value);

  // Windows.
  mlir::LogicalResult placeBlock(mlir::Block &block);
  mlir::FailureOr<BufferRef> refOf(mlir::Value value);
  mlir::FailureOr<BufferRef> claimedRef(mlir::Value value);
  mlir::FailureOr<BufferRef> viewRef(mlir::Operation *op);
  mlir::FailureOr<BufferRef> movableSource(mlir::tensor::ExtractSliceOp slice,
                                           const BufferRef &source);
  mlir::FailureOr<BufferRef> inverseView(mlir::Operation *op,
                                         const BufferRef &ref);
  StorageOrder preferredOrder(mlir::Value value);
  StorageOrder regionOrder(RegionOp region, unsigned result);
  BufferRef newRoot(RootBuffer root, mlir::RankedTensorType type,
                    llvm::ArrayRef<int64_t> order, int64_t gap = 0);
  int64_t gapOf(mlir::Value value);
  LayoutAttr layoutOf(mlir::Value value);
  void setLayouts(RegionOp region);

  void computeLifetimes();
  void extendLifetimes();

  bool wantsSummedInnermost() const { return func->hasAttr(kSummedInnermost); }

  mlir::func::FuncOp func;
  BufferPlan plan;
  /// The use through which a value is written in place.
  llvm::DenseMap<mlir::Value, mlir::OpOperand *> claims;
  llvm::DenseMap<mlir::Value, StorageOrder> orders;
};

} // namespace aicc

#endif // LIB_MEMORY_BUFFERPLANNER_H
