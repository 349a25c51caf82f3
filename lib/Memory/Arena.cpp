//===- Arena.cpp - Offsets in the arena -----------------------------------===//

#include "aicc/Memory/BufferPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace aicc;

/// The largest first, each at the lowest offset where nothing that is needed
/// at the same time lies (greedy by size; Pisarchyk and Lee, "Efficient
/// Memory Management for Deep Neural Net Inference", 2020, section 4).
int64_t BufferPlan::placeArena() {
  // A cache line, and the widest vector.
  constexpr int64_t alignment = 64;
  std::vector<RootBuffer *> order;
  for (RootBuffer &root : rootBuffers)
    if (root.kind == RootBuffer::Kind::Arena && root.firstUse >= 0)
      order.push_back(&root);
  auto bytesOf = [](const RootBuffer &root) -> int64_t {
    return llvm::alignTo(root.elements * storedBytes(root.elementType),
                         alignment);
  };
  llvm::stable_sort(order, [&](RootBuffer *a, RootBuffer *b) {
    return bytesOf(*a) > bytesOf(*b);
  });
  int64_t arena = 0;
  std::vector<RootBuffer *> placed; // By offset.
  for (RootBuffer *root : order) {
    int64_t offset = 0;
    for (RootBuffer *other : placed) {
      bool together =
          root->firstUse <= other->lastUse && other->firstUse <= root->lastUse;
      if (!together)
        continue;
      if (offset + bytesOf(*root) <= other->byteOffset)
        break;
      offset = std::max(offset, other->byteOffset + bytesOf(*other));
    }
    root->byteOffset = offset;
    arena = std::max(arena, offset + bytesOf(*root));
    placed.insert(llvm::upper_bound(placed, root,
                                    [](RootBuffer *a, RootBuffer *b) {
                                      return a->byteOffset < b->byteOffset;
                                    }),
                  root);
  }
  return arena;
}
