//===- Parameters.cpp - What scales and biases move -----------------------===//

#include "targets/systolic/Lowering/Parameters.h"
#include "targets/systolic/Lowering/TileLoops.h"

#include "llvm/Support/MathExtras.h"

using namespace aicc;
using namespace aicc::systolic;
using llvm::divideCeil;

namespace {

/// Walks the tiles of results in the order of the program.
class ParameterWalk {
public:
  ParameterWalk(const Product &product, const ArrayMachine &machine,
                const Mapping &mapping, const TilePlan &plan)
      : product(product), machine(machine), mapping(mapping), plan(plan) {
    for (const Workload::Dim &dim : product.workload().dims) {
      offsets.push_back(0);
      extents.push_back(dim.size);
    }
  }

  ParameterBytes run() {
    walk(0);
    return sum;
  }

private:
  void walk(unsigned level);
  void storeTile();
  void storeColumns(int64_t first, int64_t columns);
  int64_t instructions(int64_t columns, int64_t &rowColumns) const;

  const Product &product;
  const ArrayMachine &machine;
  const Mapping &mapping;
  const TilePlan &plan;
  Extents offsets, extents; ///< Of the tile that the walk is in.
  /// Those whose parameters are there: the first one, and how many.
  std::pair<int64_t, int64_t> present = {-1, 0};
  ParameterBytes sum;
};

} // namespace

void ParameterWalk::walk(unsigned level) {
  if (level == plan.result.level)
    return storeTile();
  forTiles(mapping.loops[level], offsets, extents, [&] { walk(level + 1); });
}

void ParameterWalk::storeTile() {
  int64_t cols = machine.config.cols;
  int64_t all = product.colDim < 0 ? 1 : extents[product.colDim];
  int64_t column = product.colDim < 0 ? 0 : offsets[product.colDim];
  int64_t together = plan.parameterBlocks * cols;
  for (int64_t done = 0; done < all; done += together)
    storeColumns(column + done, std::min(together, all - done));
}

/// Instructions of one store of a tile's `columns`; each stores (long) rows of
/// `rowColumns`. As ProgramEmitter cuts them.
int64_t ParameterWalk::instructions(int64_t columns,
                                    int64_t &rowColumns) const {
  struct Loop {
    int64_t count, stride;
  };
  llvm::SmallVector<Loop, 6> loops;
  for (const Axis &axis : product.resultAxes) {
    int64_t count = axis.extent(extents);
    if (count == 1)
      continue;
    if (!loops.empty() && loops.back().stride == axis.stride * count)
      loops.back() = {loops.back().count * count, axis.stride};
    else
      loops.push_back({count, axis.stride});
  }
  rowColumns = columns;
  bool isJoined = columns == machine.config.cols && !loops.empty() &&
                  loops.back().stride == columns &&
                  loops.back().count * columns <= mostRows;
  if (isJoined)
    rowColumns *= loops.pop_back_val().count;
  // One loop over rows that follow each other on the chip, and one around it.
  for (int walked = isJoined ? 1 : 0; walked < 2 && !loops.empty(); ++walked)
    loops.pop_back();
  int64_t count = 1;
  for (const Loop &loop : loops)
    count *= loop.count;
  return count;
}

void ParameterWalk::storeColumns(int64_t first, int64_t columns) {
  constexpr int64_t bytesOfColumn = 8; // A scale and a bias.
  int64_t cols = machine.config.cols;
  std::pair<int64_t, int64_t> wanted = {first, columns};
  if (present != wanted) {
    int64_t bytes = divideCeil(columns, cols) * cols * bytesOfColumn;
    sum.loaded += double(bytes);
    sum.fromDram +=
        double(llvm::alignTo(bytes, machine.config.dramAccessBytes));
    present = wanted;
  }
  int64_t rowColumns = 0;
  int64_t count = instructions(columns, rowColumns);
  sum.read += double(count * rowColumns * bytesOfColumn);
}

ParameterBytes aicc::systolic::parameterBytes(const Product &product,
                                              const ArrayMachine &machine,
                                              const Mapping &mapping,
                                              const TilePlan &plan) {
  if (product.epilogue.isRaw)
    return {};
  return ParameterWalk(product, machine, mapping, plan).run();
}
