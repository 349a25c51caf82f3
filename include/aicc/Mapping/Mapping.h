//===- Mapping.h - How a loop nest runs -------------------------*- C++ -*-===//

#ifndef AICC_MAPPING_MAPPING_H
#define AICC_MAPPING_MAPPING_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace aicc {

/// Plain form of `#aicc.mapping`, which documents the members.
struct Mapping {
  llvm::SmallVector<int64_t, 8> order;
  llvm::SmallVector<int64_t, 8> tile;
  int64_t vector = -1;
  int64_t lanes = 1;
  int64_t parallel = 0;
  int64_t grain = 0;
};

} // namespace aicc

#endif // AICC_MAPPING_MAPPING_H
