//===- TileRequests.h - What it takes to move a tile ------------*- C++ -*-===//

#ifndef AICC_LIB_ENERGY_TILEREQUESTS_H
#define AICC_LIB_ENERGY_TILEREQUESTS_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Workload.h"

#include "llvm/ADT/ArrayRef.h"

namespace aicc {

/// The requests for one tile. Where tiles begin at different places in an
/// access of the memory, the mean over these places.
struct TileRequests {
  double bytes = 0;   ///< Rounded out to whole accesses.
  double carried = 0; ///< Not rounded.
  double cycles = 0;  ///< Of the memory; 0 if its bandwidth is not stated.
};

/// Of a tile with these extents, one for each dimension of the workload.
/// `steps`: what the tiles of each dimension are apart; 0: there is one.
TileRequests requestsOf(const Workload::TileRows &rows, int64_t elementBits,
                        llvm::ArrayRef<int64_t> extents,
                        llvm::ArrayRef<int64_t> steps,
                        const MemoryDesc &memory);

} // namespace aicc

#endif // AICC_LIB_ENERGY_TILEREQUESTS_H
