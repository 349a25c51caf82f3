//===- Product.h - What a group asks of the array ---------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_PRODUCT_H
#define TARGETS_SYSTOLIC_LOWERING_PRODUCT_H

#include "aicc/Energy/Machine.h"
#include "aicc/Mapping/RegionModel.h"
#include "aicc/Mapping/SpatialRegion.h"
#include "targets/systolic/Lowering/ArrayMachine.h"

#include <memory>
#include <optional>
#include <string>

namespace aicc::systolic {

struct KeptTensor;

/// What happens to the 32-bit sums: y = clamp(rint(float(sum + bias) * scale) +
/// zero, low, high), as `store.quantize` does. Raw: they are the results.
struct Epilogue {
  bool isRaw = false;
  /// By result column (or one for all); empty: no bias.
  std::vector<int32_t> biases;
  std::vector<float> scales;
  int32_t zero = 0, low = 0, high = 0;
};

/// One of the coordinates of an operand in memory: `stride` bytes times the sum
/// of coefficient x loop dimension.
struct Axis {
  int64_t stride = 0;
  llvm::SmallVector<Workload::Term, 2> terms;

  int64_t start(llvm::ArrayRef<int64_t> offsets) const;
  /// Positions that tiles of `extents` touch, from the first to the last.
  int64_t extent(llvm::ArrayRef<int64_t> extents) const;
};

/// Of a tile, along all axes together.
int64_t positions(llvm::ArrayRef<Axis> axes, llvm::ArrayRef<int64_t> extents);

/// The coordinates of an access in memory besides the one along the lanes
/// (`laneDim`, or -1), innermost last. Dimensions that walk one dimension of
/// the tensor together (rows of a convolution's input) share an axis; merged
/// ones and the neighbours of the lanes have one of their own. Nothing, and
/// why, for what walks memory backwards.
std::optional<llvm::SmallVector<Axis, 6>>
findAxes(const RegionModel &model, const RegionAccess &access,
         LayoutAttr layout, int laneDim, std::string &why);

/// What is added to a byte as the array sees it (unsigned ones 128 too low) to
/// get a factor: x - zero point. It is no signed byte if it is 128.
struct Shift {
  int32_t value = 0;
  /// Signed bytes that make it up, all alike.
  int64_t parts() const { return value == 0 ? 0 : value > 127 ? 2 : 1; }
  int8_t part() const { return int8_t(value / std::max(parts(), int64_t(1))); }
};

/// A group that the array can run: products of bytes with signed bytes, the
/// weights, summed, and quantised again or stored as they are. Weights are
/// constants, or another tensor. Dimensions are those of the region model, and
/// `repeatDim`.
struct Product {
  RegionModel model;
  SpatialRegion spatial;
  unsigned inputOperand = 0, weightOperand = 0; ///< Of the region.
  bool isInputUnsigned = false, isWeightComputed = false;
  bool isWeightUnsigned = false;
  /// Of constant weights, the sums get the input's shift times the sum of their
  /// column (`hasColumnSums`). Else rows and weights that hold the shifts pass
  /// the array too: see `repeatDim`.
  Shift inputShift, weightShift;
  /// Reduction over the passes that computed weights need: x' * w', then the
  /// input's shift times w' (once or twice), then x' times the weights' shift.
  /// -1: the first alone.
  int repeatDim = -1;
  /// What is left of sums of computed weights: shift times shift.
  int32_t sumShift = 0;
  Epilogue epilogue;
  /// Along the array's rows and columns; -1: a dimension of size 1. One and the
  /// same: channels that are each for itself lie side by side, and the weights
  /// of a pass are a diagonal matrix.
  int rowDim = -1, colDim = -1;
  /// Byte offsets of the first elements in their buffers.
  int64_t inputStart = 0, resultStart = 0, weightStart = 0;
  /// All but those of the lanes (rowDim, colDim); innermost last.
  llvm::SmallVector<Axis, 6> inputAxes, resultAxes;
  /// Dimensions that the weights depend on besides the two, outermost first.
  llvm::SmallVector<unsigned, 6> weightDims;
  /// Those of them that are not summed (groups of channels): each position has
  /// columns of its own.
  llvm::SmallVector<unsigned, 2> groupDims;
  /// Of computed weights: bytes that a step of each dimension moves.
  llvm::SmallVector<int64_t, 8> weightStrides;
  /// Where the input is and the result goes, if they stay in the scratchpad.
  std::shared_ptr<const KeptTensor> keptInput, keptResult;

  const Workload &workload() const { return spatial.workload; }
  int64_t size(int dim) const {
    return dim < 0 ? 1 : workload().dims[dim].size;
  }
  bool hasColumnSums() const {
    return inputShift.value != 0 && !isWeightComputed;
  }
  /// Whether sums get anything on their way out of the accumulator.
  bool hasParameters() const {
    return !epilogue.isRaw || hasColumnSums() || sumShift != 0;
  }
  /// Each position of these has parameters of its own.
  llvm::ArrayRef<unsigned> parameterDims() const {
    return hasColumnSums() ? llvm::ArrayRef<unsigned>(groupDims)
                           : llvm::ArrayRef<unsigned>();
  }
  /// Weights come from the program's constants.
  bool hasConstants() const { return !isWeightComputed || hasParameters(); }
  /// The position of `parameterDims` at `offsets`, as one number.
  int64_t groupAt(llvm::ArrayRef<int64_t> offsets) const;
  bool isDiagonal() const { return rowDim >= 0 && rowDim == colDim; }
  /// Rows of weights of a tile of `extents` for each position of the other
  /// weight dimensions; a diagonal is one row.
  int64_t weightLanes(llvm::ArrayRef<int64_t> extents) const;

  /// Segments of the program: the input and the result unless they are kept,
  /// and between them computed weights and the constants.
  unsigned weightSegment() const { return keptInput ? 0 : 1; }
  unsigned constantSegment() const {
    return weightSegment() + (isWeightComputed ? 1 : 0);
  }
  unsigned resultSegment() const {
    return constantSegment() + (hasConstants() ? 1 : 0);
  }
  unsigned numSegments() const {
    return resultSegment() + (keptResult ? 0 : 1);
  }

  /// Rows besides those of tiles: of the input's shift, as an input, and of the
  /// weights' shift, as weights of an array of `rows` rows.
  int64_t inputShiftRows() const {
    return isWeightComputed && inputShift.value ? 1 : 0;
  }
  int64_t weightShiftRows(int64_t rows) const {
    return isWeightComputed && weightShift.value ? std::min(size(rowDim), rows)
                                                 : 0;
  }

  /// Nothing, and why for the user, for a group that stays with the host.
  static std::optional<Product> match(RegionOp region,
                                      const MachineDesc &machine,
                                      const ArrayMachine &array,
                                      std::string &why);
};

/// The epilogue of a group whose sums are the results of `root`. Nothing, and
/// why, for one that the store unit cannot do. `columns`: the size of the
/// dimension along which scales may differ, by its root dimension `colRootDim`.
std::optional<Epilogue> matchEpilogue(const RegionModel &model,
                                      std::optional<unsigned> colRootDim,
                                      std::string &why);

/// What `tensor` is but for reshapes by dimensions of size 1, which do not move
/// elements.
mlir::Value behindReshapes(mlir::Value tensor);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_PRODUCT_H
