//===- CopyRegion.h - Copies and windows of buffers -------------*- C++ -*-===//

#ifndef LIB_MEMORY_COPYREGION_H
#define LIB_MEMORY_COPYREGION_H

#include "aicc/Memory/BufferPlan.h"
#include "aicc/Memory/StorageOrder.h"

#include "llvm/ADT/SmallBitVector.h"

namespace aicc {

/// Attribute of a region that only copies: the storage order of its result.
constexpr llvm::StringLiteral kCopyOrder = "aicc.copy_order";

/// A region that copies `value` (or fills with it, if it is a splat) into a
/// new tensor; stored in `order` if its user does not say otherwise.
mlir::Value createCopyRegion(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value value,
                             llvm::ArrayRef<int64_t> order = {});
bool isCopyRegion(mlir::Operation *op);

/// The strides of a tensor of shape `to` over the same elements, if they lie
/// evenly; nothing otherwise.
std::optional<llvm::SmallVector<int64_t>>
reshapeStrides(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> strides,
               llvm::ArrayRef<int64_t> to);

/// The window of a slice of `source`.
mlir::FailureOr<BufferRef> sliceRef(const BufferRef &source,
                                    llvm::ArrayRef<mlir::OpFoldResult> offsets,
                                    llvm::ArrayRef<mlir::OpFoldResult> steps,
                                    llvm::ArrayRef<int64_t> sizes,
                                    const llvm::SmallBitVector &dropped,
                                    mlir::RankedTensorType type);

} // namespace aicc

#endif // LIB_MEMORY_COPYREGION_H
