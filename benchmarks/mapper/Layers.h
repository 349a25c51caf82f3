//===- Layers.h - Convolutions of well-known networks -----------*- C++ -*-===//

#ifndef AICC_BENCHMARKS_MAPPER_LAYERS_H
#define AICC_BENCHMARKS_MAPPER_LAYERS_H

#include "aicc/Energy/Workload.h"

#include <string>
#include <vector>

namespace aicc::bench {

/// Loop dimensions of a convolution, in the order of Workload::dims.
enum ConvDim : unsigned { K, C, P, Q, R, S };

/// A square convolution of one image; a fully connected layer has outputs = 1.
struct Layer {
  std::string name;
  int64_t count = 1; ///< In the network.
  int64_t k = 1, c = 1, outputs = 1, kernel = 1, stride = 1;
  int64_t inputs = 1; ///< Rows of the input, without padding.

  int64_t pad() const { return (kernel - 1) / 2; }
  /// 8-bit data, 16-bit partial sums. Operands: input, weight, output.
  Workload workload() const;
};

/// ResNet-50 (strides in the 3x3 convolutions), equal layers once.
std::vector<Layer> resnet50();
/// The three convolutions of the comparison.
std::vector<Layer> threeConvolutions();

} // namespace aicc::bench

#endif // AICC_BENCHMARKS_MAPPER_LAYERS_H
