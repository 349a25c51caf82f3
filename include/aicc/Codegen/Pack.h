//===- Pack.h - Constants in the order they are stored ----------*- C++ -*-===//

#ifndef AICC_CODEGEN_PACK_H
#define AICC_CODEGEN_PACK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace aicc {

/// A constant of logical `shape` as a dense row-major array, as `#aicc.pack`
/// says: stored dimension j has extent `sizes[j]` and walks logical dimension
/// `dims[j]` in steps of `steps[j]`. Positions past the end of the logical
/// shape are stored as zero.
struct PackLayout {
  llvm::ArrayRef<int64_t> shape;
  llvm::ArrayRef<int64_t> dims, sizes, steps;
  int64_t elementBytes = 0; ///< 1, 2, 4 or 8.
};

/// Takes the next bytes; false stops.
using ByteConsumer = llvm::function_ref<bool(llvm::ArrayRef<char>)>;

/// Streams the packed form of `source` (dense, row-major; a single element if
/// `splat`) to `consume`, in pieces of a few MiB, so that no second copy of
/// the constant is in memory. False if `consume` stopped it, or if `source`
/// does not have the size that the shape says.
bool packStream(const PackLayout &layout, llvm::ArrayRef<char> source,
                bool splat, ByteConsumer consume);

} // namespace aicc

#endif // AICC_CODEGEN_PACK_H
