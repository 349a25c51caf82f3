//===- Kept.h - Tensors that stay in the scratchpad -------------*- C++ -*-===//
//
// A tensor that stays between groups lies in the scratchpad as it would lie in
// memory: position after position, each in as many rows as its channels need
// (`#aicc.on_chip`).
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_LOWERING_KEPT_H
#define TARGETS_SYSTOLIC_LOWERING_KEPT_H

#include "aicc/Energy/Cost.h"
#include "targets/systolic/Isa/Encoder.h"
#include "targets/systolic/Lowering/ArrayMachine.h"
#include "targets/systolic/Lowering/InstructionOrder.h"
#include "targets/systolic/Lowering/TileLoops.h"

namespace aicc::systolic {

/// An operand or result of a group that stays in the scratchpad.
struct KeptTensor {
  int64_t row = 0;    ///< Of its first element.
  int64_t blocks = 1; ///< Rows of a position.
  /// Unsigned bytes are 128 too low there, as the array takes them.
  bool isShifted = false;
  /// Rows between neighbours along each axis of the access.
  llvm::SmallVector<int64_t, 6> strides;
  /// Of a result: the rows of its buffer that the group does not write, as runs
  /// (first row, rows), and what becomes of them.
  llvm::SmallVector<std::pair<int64_t, int64_t>, 4> border;
  uint8_t fill = 0;

  /// The row of the positions at `offsets`.
  int64_t rowAt(llvm::ArrayRef<Axis> axes,
                llvm::ArrayRef<int64_t> offsets) const;
  int64_t borderRows() const;
};

/// Sets `kept` if operand (or result) `access` of the group stays in the
/// scratchpad; `laneDim`: the dimension of its elements side by side, -1 of
/// size 1; `axes`: the others, strides in bytes. False, and why, for what has
/// no such form.
bool findKept(const RegionModel &model, const RegionAccess &access, int laneDim,
              llvm::ArrayRef<Axis> axes, const ArrayMachine &machine,
              std::optional<KeptTensor> &kept, std::string &why);

/// Of a tensor of `shape`: the dimension whose elements lie side by side, if
/// there are several.
std::optional<unsigned> innermostDim(llvm::ArrayRef<int64_t> shape,
                                     llvm::ArrayRef<int64_t> strides);

/// Dimensions of the root along which what is kept lies side by side.
llvm::SmallVector<unsigned, 2> keptLanes(const RegionModel &model);

/// The model of a group in which these stay dimensions of their own.
mlir::FailureOr<RegionModel> buildKept(RegionOp region, std::string &why);

/// How rows of a tile become rows of a kept tensor, or the other way: loops
/// around a pattern of two. `dramStride` of a loop is the kept tensor's.
struct KeptRows {
  RowPattern pattern;
  RowLoops loops;

  explicit KeptRows(RowLoops all);
  int64_t instructions() const { return iterations(loops); }
};

/// How the part `extents` of a result tile of extents `tile` becomes rows of
/// the kept result of `product`, for one block of columns.
RowLoops keptLoops(const Product &product, llvm::ArrayRef<int64_t> extents,
                   llvm::ArrayRef<int64_t> tile);

/// Adds what filling the border writes.
void addBorder(const KeptTensor &kept, const ArrayMachine &machine,
               const MachineDesc &desc, Cost &cost);

/// Fills the border of a kept result through `channel` of the load unit, whose
/// segment 0 is never read.
void fillBorder(const KeptTensor &kept, unsigned channel, Encoder &make,
                InstructionOrder &order);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_KEPT_H
