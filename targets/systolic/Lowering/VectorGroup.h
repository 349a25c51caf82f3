//===- VectorGroup.h - What a group asks of the vector unit -----*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_VECTORGROUP_H
#define TARGETS_SYSTOLIC_LOWERING_VECTORGROUP_H

#include "targets/systolic/Lowering/Kept.h"

namespace aicc::systolic {

/// A table of the vector unit.
inline constexpr int64_t tableBytes = 256;

enum class VectorKind {
  Map,     ///< A function of one byte, as a table.
  Maximum, ///< Of bytes in windows.
  Sum,     ///< Of bytes in windows, and their requantisation.
  Add,     ///< Two dequantised bytes, added and quantised.
  Multiply ///< The same, multiplied.
};

/// An operand of bytes. Where the vector unit needs signed bytes (all kinds but
/// Map), unsigned ones reach it 128 too low.
struct VectorInput {
  unsigned operand = 0; ///< Of the region.
  bool isUnsigned = false;
  int64_t start = 0; ///< Byte offset of the first element.
  llvm::SmallVector<Axis, 6> axes;
  /// Of a constant: its bytes, in the order of its axes and the lanes.
  std::vector<char> constant;
  /// Where it is, if it stays in the scratchpad.
  std::optional<KeptTensor> kept;
  /// Add, Multiply: f32 of (signed byte - zero) x scale.
  float scale = 1;
  int32_t zero = 0;
};

/// A group of bytes that the vector unit can run: elementwise functions of one
/// byte, sums and products of two, and pools. Dimensions are those of the
/// region model.
struct VectorGroup {
  RegionModel model;
  VectorKind kind = VectorKind::Map;
  llvm::SmallVector<VectorInput, 2> inputs;
  int64_t resultStart = 0;
  llvm::SmallVector<Axis, 6> resultAxes;
  std::optional<KeptTensor> keptResult;
  unsigned laneDim = 0;
  /// Map: by byte, as it is stored (or kept); empty where bytes stay as they
  /// are.
  std::vector<uint8_t> table;
  /// Map: rows of the input and of the result have one order.
  bool isInOrder = true;
  /// Sum, Add, Multiply: one scale, and of sums one bias.
  Epilogue epilogue;

  bool usesAccumulator() const {
    return kind != VectorKind::Map && kind != VectorKind::Maximum;
  }
  bool hasConstants() const { return usesAccumulator() || !table.empty(); }
  /// A table is applied to a tile where it is.
  bool isInPlace() const {
    return kind == VectorKind::Map && isInOrder && !inputs[0].kept &&
           !keptResult;
  }
  /// Results have tiles of their own in the scratchpad.
  bool hasResultTiles() const {
    return !usesAccumulator() && !isInPlace() && !keptResult;
  }
  bool isPair() const {
    return kind == VectorKind::Add || kind == VectorKind::Multiply;
  }
  int64_t size(unsigned dim) const { return model.dims[dim].size; }

  /// Nothing, and why for the user, for a group that stays with the host.
  static std::optional<VectorGroup>
  match(RegionOp region, const ArrayMachine &machine, std::string &why);
  /// Whether the operands that `region` keeps on the chip can be there; does
  /// not look at what it computes.
  static bool canKeep(RegionOp region, const ArrayMachine &machine,
                      std::string &why);
};

/// Fills in `group.kind`, the scales and zero points of its two operands and
/// `group.epilogue`; `group.model` and the operands' numbers are there. All
/// pairs of bytes are compared with what the group's operations give: what the
/// vector unit rounds otherwise is refused.
bool matchPair(VectorGroup &group, std::string &why);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_VECTORGROUP_H
