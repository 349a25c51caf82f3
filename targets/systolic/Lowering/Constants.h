//===- Constants.h - Weights and parameters of a program --------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_CONSTANTS_H
#define TARGETS_SYSTOLIC_LOWERING_CONSTANTS_H

#include "aicc/Graph/ConstantTensor.h"
#include "targets/systolic/Lowering/TilePlan.h"

#include <array>
#include <map>

namespace aicc::systolic {

/// The constants of one product in the order in which its program reads them.
/// Tiles are added when the program first wants them.
class ConstantBlob {
public:
  /// `weights`: null if they are computed.
  ConstantBlob(const Product &product, const ArrayMachine &machine,
               const ConstantTensor *weights);

  /// Byte offset of a tile of weights: for each position of the weight
  /// dimensions (outermost first) and each summed lane a row of the columns.
  int64_t weightTile(llvm::ArrayRef<int64_t> offsets,
                     llvm::ArrayRef<int64_t> extents);

  /// Byte offset of scales and biases of `columns` columns of group `group`
  /// from column `first` on: for each block a row of scales (f32) and a row of
  /// biases (i32).
  int64_t parameters(int64_t group, int64_t first, int64_t columns);

  /// What was asked for, in order.
  struct Request {
    bool isWeights = false;
    Extents offsets, extents; ///< Of weights.
    int64_t group = 0, first = 0, columns = 0;
  };
  llvm::ArrayRef<Request> requests() const { return asked; }
  /// Asks for the same of other constants.
  void replay(llvm::ArrayRef<Request> requests);

  /// All of it; at the end of the program.
  std::vector<char> take() { return std::move(bytes); }

private:
  void findPositions();
  int64_t positionOf(llvm::ArrayRef<int64_t> index) const;
  int8_t weightAt(llvm::ArrayRef<int64_t> index) const {
    return int8_t(weights->raw(positionOf(index)));
  }
  template <typename Function>
  void forWeights(llvm::ArrayRef<unsigned> dims,
                  llvm::ArrayRef<int64_t> extents, Extents &index,
                  Function visit) const;
  int64_t appendAligned();
  void sumColumns();

  const Product &product;
  const ArrayMachine &machine;
  const ConstantTensor *weights;
  /// For each dimension of the weight tensor, the terms of its index over the
  /// root's dimensions.
  const RegionAccess *access = nullptr;
  /// The element of the weight tensor at the start of all dimensions, and by
  /// dimension of the region how far each position is from it; none for those
  /// that do not move it.
  int64_t first = 0;
  std::vector<std::vector<int64_t>> positions;
  /// By group and column, what inputs that the array sees too low take from the
  /// sums.
  std::vector<int32_t> corrections;
  std::map<std::vector<int64_t>, int64_t> known;
  std::map<std::array<int64_t, 3>, int64_t> knownParameters;
  std::vector<Request> asked;
  std::vector<char> bytes;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_CONSTANTS_H
