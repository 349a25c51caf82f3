//===- Cost.h - What a mapping costs ----------------------------*- C++ -*-===//

#ifndef AICC_ENERGY_COST_H
#define AICC_ENERGY_COST_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace aicc {

/// One component of a cost: how often it acts, and what an action takes.
struct CostItem {
  llvm::StringRef component; ///< "mac", or the name of a memory.
  double count = 0;          ///< Operations, or bytes of a memory.
  double pjEach = 0;
};

/// Itemised cost of one run of a group.
struct Cost {
  double cycles = 0; ///< On the machine's clock, one worker.
  double macs = 0;
  llvm::SmallVector<CostItem, 6> items;

  double energyPj() const {
    double sum = 0;
    for (const CostItem &item : items)
      sum += item.count * item.pjEach;
    return sum;
  }
};

} // namespace aicc

#endif // AICC_ENERGY_COST_H
