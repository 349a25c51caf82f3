//===- Ranges.cpp - Ranges of what a model computes -----------------------===//

#include "aicc/Quantize/Ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace aicc::quantize {

void Extremes::add(llvm::ArrayRef<float> values) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  float least = infinity, most = -infinity;
  int64_t bad = 0;
  for (float value : values) {
    // Written so that the loop is vectorised.
    bool finite = std::abs(value) < infinity;
    least = finite && value < least ? value : least;
    most = finite && value > most ? value : most;
    bad += !finite;
  }
  notFinite += bad;
  if (bad == static_cast<int64_t>(values.size()))
    return;
  low = elements ? std::min(low, least) : least;
  high = elements ? std::max(high, most) : most;
  elements += static_cast<int64_t>(values.size()) - bad;
}

Histogram::Histogram(const Extremes &extremes)
    : low(extremes.low),
      width((double(extremes.high) - extremes.low) / numBins),
      bins(numBins, 0) {}

void Histogram::add(llvm::ArrayRef<float> values) {
  double perWidth = width > 0 ? 1 / width : 0;
  for (float value : values) {
    double bin = (value - low) * perWidth;
    // In this order NaN becomes 0.
    ++bins[static_cast<size_t>(
        std::min(std::max(0.0, bin), double(numBins - 1)))];
  }
  total += static_cast<int64_t>(values.size());
}

std::pair<double, double> Histogram::percentile(double percent) const {
  double cut = double(total) * (100 - percent) / 200;
  int first = 0, last = numBins - 1;
  for (double left = cut; first < last && left >= double(bins[first]); ++first)
    left -= double(bins[first]);
  for (double left = cut; last > first && left >= double(bins[last]); --last)
    left -= double(bins[last]);
  return {low + first * width, low + (last + 1) * width};
}

} // namespace aicc::quantize
