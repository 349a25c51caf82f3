//===- Parameters.h - Scales and zero points --------------------*- C++ -*-===//

#ifndef AICC_LIB_QUANTIZE_PARAMETERS_H
#define AICC_LIB_QUANTIZE_PARAMETERS_H

#include "aicc/Graph/ConstantTensor.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>

namespace aicc::quantize {

/// The numbers that a tensor holds.
struct Range {
  double low = 0, high = 0;

  bool isFinite() const;
  void include(const Range &other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
};
Range rangeOf(const ConstantTensor &tensor);

/// real = (integer - zeroPoint) * scale, the integer an int8 or a uint8.
struct Parameters {
  float scale = 1;
  int zeroPoint = 0;
  bool isSigned = false;

  int lowest() const { return isSigned ? -128 : 0; }
  double low() const { return double(lowest() - zeroPoint) * scale; }
  double high() const { return double(lowest() + 255 - zeroPoint) * scale; }
  /// Round to nearest even, saturate.
  int quantize(double real) const;
};

/// All of `range` and zero, which is represented exactly (padding and ReLU
/// stand on it): 256 steps; signed ones are around zero, -127 to 127.
Parameters chooseParameters(Range range, bool isSigned);

/// A weight as int8 in [-127, 127] around zero, with a scale for each position
/// of its axis (or one).
struct QuantizedWeight {
  ConstantTensor values;
  llvm::SmallVector<float> scales;

  /// The channel that element `i` belongs to.
  int64_t channelOf(int64_t i) const {
    return i / inner % int64_t(scales.size());
  }
  int64_t inner = 1;
};

/// `bias` (if any) will be stored as int32 in steps of inputScale * scale of
/// its channel: a channel of small weights and a large bias gets a larger scale
/// so that it fits, with room for the sums.
QuantizedWeight quantizeWeight(const ConstantTensor &weight,
                               std::optional<int64_t> axis, float inputScale,
                               llvm::ArrayRef<double> bias);

} // namespace aicc::quantize

#endif // AICC_LIB_QUANTIZE_PARAMETERS_H
