//===- Workload.h - A loop nest to be costed --------------------*- C++ -*-===//

#ifndef AICC_ENERGY_WORKLOAD_H
#define AICC_ENERGY_WORKLOAD_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace aicc {

/// A projected loop nest: what runs, over which operands. Plain data.
struct Workload {
  struct Dim {
    int64_t size = 1;
    bool isReduction = false;
  };
  struct Operand {
    /// Elements that one step of each dimension moves through the operand. A
    /// packed constant has 0 or 1 only: its order is free.
    llvm::SmallVector<int64_t, 8> strides;
    int64_t bits = 32;
    bool isOutput = false;
    bool isPacked = false;
    bool inReduction = false; ///< Read for each reduction step.
  };

  llvm::SmallVector<Dim, 8> dims;
  llvm::SmallVector<Operand, 6> operands;
  /// Arithmetic operations at each point of the iteration space (a
  /// multiply-accumulate counts once), and at each point of the results.
  double opsPerPoint = 1;
  double opsPerResult = 0;
  /// The reduction may be split over the lanes of a vector.
  bool lanesMayReduce = false;
};

} // namespace aicc

#endif // AICC_ENERGY_WORKLOAD_H
