//===- StorageOrder.h - The order of a tensor's dimensions ------*- C++ -*-===//

#ifndef AICC_MEMORY_STORAGEORDER_H
#define AICC_MEMORY_STORAGEORDER_H

#include "aicc/Mapping/RegionModel.h"

namespace aicc {

/// Dimensions of a tensor from the outermost to the innermost in memory.
using StorageOrder = llvm::SmallVector<int64_t, 6>;

StorageOrder rowMajor(int64_t rank);
/// Strides of a dense tensor stored in that order.
llvm::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape,
                                        llvm::ArrayRef<int64_t> order);
/// The same with `gap` unused elements after each run of the innermost
/// dimension.
llvm::SmallVector<int64_t> spacedStrides(llvm::ArrayRef<int64_t> shape,
                                         llvm::ArrayRef<int64_t> order,
                                         int64_t gap);
/// The order that strides describe; dimensions of size 1 come first.
StorageOrder orderOf(llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<int64_t> strides);

/// What the register tile of a contraction runs across the lanes.
struct ContractionDims {
  unsigned lanes;                   ///< Dimension of the root.
  std::optional<unsigned> streamed; ///< Root input that is loaded by vectors,
                                    ///< and not by all rows of the tile alike.
};

/// The dimension of a multiply-accumulate that should run across lanes: one
/// that the constant (or else the second) factor has for itself; for
/// depthwise convolutions, the channels. None for other operations.
std::optional<ContractionDims> contractionDims(const RegionModel &model);

/// The largest dimension of a multiply-accumulate that both factors walk and
/// that is no sum, where windows are all that is summed and the second factor
/// has no dimension for itself: the channels of a depthwise convolution.
std::optional<unsigned> channelsOf(const RegionModel &model);

/// The dimension of operand `number` over which `region` sums products, if the
/// operand walks it alone; the largest if there are several. Of a depthwise
/// convolution the channels. None for a factor that is
/// loaded by vectors.
std::optional<int64_t> summedDimOf(RegionOp region, unsigned number);
/// The same of the first user of `value` that sums it, through padding.
std::optional<int64_t> summedDim(mlir::Value value);

/// The dimension of result `number` of a contraction along the lanes.
std::optional<int64_t> lanesOfResult(RegionOp region, unsigned number);

/// The dimension of `value` that runs across the lanes of its only user, if
/// that is a contraction of channels each for itself (a depthwise
/// convolution), or makes tiles of it element by element: its windows are then
/// walked by whole vectors.
std::optional<int64_t> channelsOfOnlyUser(mlir::Value value);

} // namespace aicc

#endif // AICC_MEMORY_STORAGEORDER_H
