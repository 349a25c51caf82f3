//===- RegionModel.h - The loop nest of a fused group -----------*- C++ -*-===//
//
// What the mapper and the code generators see of an `aicc.region`: one
// iteration space, and for each memory access a linear form over it.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_MAPPING_REGIONMODEL_H
#define AICC_MAPPING_REGIONMODEL_H

#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace aicc {

/// sum(coeffs[d] * i_d) + constant over some iteration space.
struct LinearForm {
  llvm::SmallVector<int64_t, 8> coeffs;
  int64_t constant = 0;

  static LinearForm zero(unsigned numDims);
  /// i_dim over a space of `numDims` dimensions.
  static LinearForm dim(unsigned dim, unsigned numDims);
  /// *this += factor * other
  void accumulate(const LinearForm &other, int64_t factor);

  /// The dimension d if this is i_d and nothing else.
  std::optional<unsigned> asDim() const;
  bool operator==(const LinearForm &) const = default;
};

/// The index of each dimension of a tensor as a linear form over the root's
/// iteration space.
using IndexForms = llvm::SmallVector<LinearForm, 6>;

/// One access of the group to one of its operands.
struct RegionAccess {
  /// Number among the operands (first) and the results of the region.
  unsigned operand = 0;
  bool isStore = false;
  /// Read inside the reduction loops (an input of the root).
  bool inReduction = false;
  /// A direct input of the root, not through another operation.
  bool direct = false;
  IndexForms index;
};

/// The iteration space of a fused group, and all its memory accesses.
///
/// The root is the operation whose loops the group runs: its reduction where
/// there is one, else its first operation. The others are elementwise, over
/// the root's results.
struct RegionModel {
  struct Dim {
    int64_t size = 1;
    bool isReduction = false;
    /// The root's dimensions that were merged into this one, outermost first.
    llvm::SmallVector<unsigned, 4> original;
  };

  /// Fails, with the reason, if the group is not of this form. Merges
  /// dimensions only where the region's `layouts` are set, and none of those
  /// (of the root) in `apart`.
  static mlir::FailureOr<RegionModel>
  build(RegionOp region, std::string &why, llvm::ArrayRef<unsigned> apart = {});

  RegionOp region;
  mlir::linalg::GenericOp root;
  llvm::SmallVector<int64_t> rootSizes;
  llvm::SmallVector<Dim, 0> dims;
  llvm::SmallVector<RegionAccess, 0> accesses;

  bool hasReduction() const {
    return llvm::any_of(dims, [](const Dim &d) { return d.isReduction; });
  }
  unsigned numArguments() const;
  /// The root joins values by one associative operation, so its reductions
  /// may be split over the lanes of a vector.
  bool lanesMayReduce() const;

  /// Rewrites a form over the root's dimensions to one over `dims`.
  LinearForm overDims(const LinearForm &form) const;

  /// Address of an access, in elements from the start of its window, over the
  /// root's dimensions.
  LinearForm windowAddress(const IndexForms &index, LayoutAttr layout) const;

  /// Address of an access, in elements, as a form over `dims`.
  LinearForm address(const RegionAccess &access, LayoutAttr layout) const;

  /// Element type of operand or result `operand`.
  mlir::Type elementType(unsigned operand) const;
};

inline bool isReductionLoop(mlir::utils::IteratorType kind) {
  return kind == mlir::utils::IteratorType::reduction;
}

/// The associative, commutative operation by which a reduction with one
/// result joins a new value to its accumulator, if there is one and the
/// accumulator is used by nothing else.
mlir::Operation *findCombiner(mlir::linalg::GenericOp op);

/// A reduction that adds products of bytes to 32-bit sums (docs/design/0008).
struct ByteProduct {
  bool isSigned; ///< The left factor; the right one is.
};
/// Of a root whose body does that and nothing else, with a right factor that is
/// a packed constant.
std::optional<ByteProduct> byteProductOf(const RegionModel &model);

/// The forms of `map`'s results, given those of its dimensions.
IndexForms composeForms(mlir::AffineMap map, llvm::ArrayRef<LinearForm> dims,
                        unsigned numRootDims);

/// All loops parallel, each result written once at a permutation of them.
bool isPointwise(mlir::linalg::GenericOp op);

/// For an elementwise operation: the forms of its loops, given those of the
/// indices of its result `resultNumber`.
llvm::SmallVector<LinearForm, 6> loopForms(mlir::linalg::GenericOp op,
                                           unsigned resultNumber,
                                           const IndexForms &index,
                                           unsigned numRootDims);

/// The dimensions of `from` that become those of `to` where a reshape only
/// adds or drops dimensions of size 1: for each dimension of `to`, the one of
/// `from`, or -1 where `to` has size 1.
std::optional<llvm::SmallVector<int64_t>>
matchUnitReshape(mlir::RankedTensorType from, mlir::RankedTensorType to);

/// The indices into the source of such a reshape, given those into its
/// result.
std::optional<IndexForms> throughUnitReshape(mlir::Operation *reshape,
                                             const IndexForms &index,
                                             unsigned numRootDims);

/// The scalar that `value` holds everywhere (a fill, or a splat constant), or
/// null.
mlir::TypedAttr getSplat(mlir::Value value);

} // namespace aicc

#endif // AICC_MAPPING_REGIONMODEL_H
