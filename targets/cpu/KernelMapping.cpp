//===- KernelMapping.cpp - A mapping as loops and a register tile ---------===//

#include "targets/cpu/KernelMapping.h"

#include "llvm/Support/MathExtras.h"

using namespace aicc;
using namespace aicc::cpu;

int64_t KernelMapping::instructions(int64_t dim, int64_t extent) const {
  if (dim == vector)
    return llvm::divideCeil(extent, lanes);
  return dim == dot ? llvm::divideCeil(extent, dotWidth) : extent;
}

Mapping KernelMapping::toMapping() const {
  Mapping mapping;
  for (int64_t dim : order)
    mapping.loops.push_back({unsigned(dim), tile[dim]});
  if (dot >= 0)
    mapping.loops.push_back({unsigned(dot), 1, /*axis=*/1});
  if (vector >= 0) {
    mapping.loops.push_back({unsigned(vector), lanes});
    mapping.loops.push_back({unsigned(vector), 1, /*axis=*/0});
  }
  mapping.parallel = parallel;
  mapping.grain = grain;
  return mapping;
}

std::optional<KernelMapping>
KernelMapping::from(llvm::ArrayRef<Mapping::Loop> loops, int64_t parallel,
                    int64_t grain) {
  KernelMapping result;
  if (!loops.empty() && loops.back().isSpatial()) {
    if (loops.size() < 2)
      return std::nullopt;
    const Mapping::Loop &across = loops.back();
    const Mapping::Loop &blocks = loops[loops.size() - 2];
    if (across.dim != blocks.dim || across.tile != 1 || blocks.isSpatial())
      return std::nullopt;
    result.vector = across.dim;
    result.lanes = blocks.tile;
    loops = loops.drop_back(2);
    if (!loops.empty() && loops.back().axis == 1 && loops.back().tile == 1) {
      result.dot = loops.back().dim;
      loops = loops.drop_back();
    }
  }
  result.tile.assign(loops.size(), 0);
  for (const Mapping::Loop &loop : loops) {
    if (loop.isSpatial() || loop.dim >= loops.size() || result.tile[loop.dim])
      return std::nullopt;
    result.order.push_back(loop.dim);
    result.tile[loop.dim] = loop.tile;
  }
  int64_t rank = loops.size();
  if (result.vector >= rank || result.dot >= rank || parallel > rank ||
      (result.dot >= 0 &&
       (result.dot == result.vector || result.tile[result.dot] != dotWidth)))
    return std::nullopt;
  result.parallel = parallel;
  result.grain = grain;
  return result;
}
