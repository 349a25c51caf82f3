//===- Parameters.cpp - Scales and zero points ----------------------------===//

#include "lib/Quantize/Parameters.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace aicc::quantize {

bool Range::isFinite() const {
  // Also of the difference: it is divided into steps, as a float.
  return std::isfinite(low) && std::isfinite(high) && low <= high &&
         high - low <= std::numeric_limits<float>::max();
}

Range rangeOf(const ConstantTensor &tensor) {
  Range range{std::numeric_limits<double>::infinity(),
              -std::numeric_limits<double>::infinity()};
  int64_t count = tensor.isSplat() ? std::min<int64_t>(tensor.numElements(), 1)
                                   : tensor.numElements();
  for (int64_t i = 0; i < count; ++i) {
    double value = tensor.real(i);
    if (!std::isfinite(value))
      return {value, value};
    range.include({value, value});
  }
  return range;
}

/// Smaller ones would make products of scales subnormal, or zero.
static float usableScale(double scale) {
  constexpr double smallest = 1e-18;
  return scale < smallest ? 1.0f : static_cast<float>(scale);
}

int Parameters::quantize(double real) const {
  double steps = std::nearbyint(static_cast<float>(real) / scale) + zeroPoint;
  return static_cast<int>(std::clamp<double>(steps, lowest(), lowest() + 255));
}

Parameters chooseParameters(Range range, bool isSigned) {
  range.include({0, 0});
  Parameters result;
  result.isSigned = isSigned;
  if (isSigned) {
    result.scale = usableScale(std::max(std::abs(range.low), range.high) / 127);
    return result;
  }
  result.scale = usableScale((range.high - range.low) / 255);
  double zero = std::nearbyint(-range.low / result.scale);
  result.zeroPoint =
      result.lowest() + static_cast<int>(std::clamp(zero, 0.0, 255.0));
  return result;
}

/// The largest absolute value of each channel of `weight`.
static llvm::SmallVector<double> magnitudes(const ConstantTensor &weight,
                                            int64_t channels, int64_t inner) {
  llvm::SmallVector<double> result(channels, 0);
  for (int64_t i = 0; i < weight.numElements(); ++i) {
    double &most = result[i / inner % channels];
    most = std::max(most, std::abs(weight.real(i)));
  }
  return result;
}

QuantizedWeight quantizeWeight(const ConstantTensor &weight,
                               std::optional<int64_t> axis, float inputScale,
                               llvm::ArrayRef<double> bias) {
  int64_t channels = axis ? weight.shape()[*axis] : 1, inner = 1;
  if (axis)
    for (int64_t extent : weight.shape().drop_front(*axis + 1))
      inner *= extent;
  // Half of what an int32 holds; the sums of products have the other half
  // (Roles.cpp).
  constexpr double mostBias = 1 << 30;
  llvm::SmallVector<float> scales;
  for (auto [channel, most] :
       llvm::enumerate(magnitudes(weight, channels, inner))) {
    double scale = most / 127;
    if (channel < bias.size())
      scale =
          std::max(scale, std::abs(bias[channel]) / (inputScale * mostBias));
    scales.push_back(usableScale(scale));
  }
  auto type = RankedTensorType::get(
      weight.shape(), IntegerType::get(weight.type().getContext(), 8));
  QuantizedWeight result{ConstantTensor::make(type), std::move(scales), inner};
  for (int64_t i = 0; i < weight.numElements(); ++i) {
    float scale = result.scales[result.channelOf(i)];
    double steps = std::nearbyint(static_cast<float>(weight.real(i)) / scale);
    result.values.setInteger(
        i, static_cast<int64_t>(std::clamp(steps, -127.0, 127.0)));
  }
  return result;
}

} // namespace aicc::quantize
