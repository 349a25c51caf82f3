//===- Parameters.cpp - What programs move besides tiles ------------------===//

#include "targets/systolic/Lowering/Parameters.h"
#include "targets/systolic/Lowering/Kept.h"
#include "targets/systolic/Lowering/TileLoops.h"

#include "llvm/Support/MathExtras.h"

#include <array>

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
  void storeGroups(llvm::ArrayRef<unsigned> dims);
  void storeColumns(int64_t first, int64_t columns);

  const Product &product;
  const ArrayMachine &machine;
  const Mapping &mapping;
  const TilePlan &plan;
  Extents offsets, extents; ///< Of the tile that the walk is in.
  Extents tile;             ///< Of the results that leave.
  /// Those whose parameters are there: group, first column, how many.
  std::array<int64_t, 3> present = {-1, -1, 0};
  ParameterBytes sum;
};

} // namespace

void ParameterWalk::walk(unsigned level) {
  if (level == plan.result.level) {
    tile = extents;
    return storeGroups(product.parameterDims());
  }
  forTiles(mapping.loops[level], offsets, extents, [&] { walk(level + 1); });
}

void ParameterWalk::storeGroups(llvm::ArrayRef<unsigned> dims) {
  if (!dims.empty())
    return forTiles({dims.front(), 1, -1}, offsets, extents,
                    [&] { storeGroups(dims.drop_front()); });
  int64_t cols = machine.config.cols;
  int64_t all = product.colDim < 0 ? 1 : extents[product.colDim];
  int64_t column = product.colDim < 0 ? 0 : offsets[product.colDim];
  int64_t together =
      plan.storedBlocks(product, divideCeil(all, cols), cols) * cols;
  for (int64_t done = 0; done < all; done += together)
    storeColumns(column + done, std::min(together, all - done));
}

void ParameterWalk::storeColumns(int64_t first, int64_t columns) {
  constexpr int64_t bytesOfColumn = 8; // A scale and a bias.
  int64_t cols = machine.config.cols;
  std::array<int64_t, 3> wanted = {product.groupAt(offsets), first, columns};
  if (present != wanted) {
    int64_t bytes = divideCeil(columns, cols) * cols * bytesOfColumn;
    sum.loaded += double(bytes);
    sum.fromDram +=
        double(llvm::alignTo(bytes, machine.config.dramAccessBytes));
    present = wanted;
  }
  // Raw sums get a bias alone.
  int64_t bytesRead = product.epilogue.isRaw ? 4 : bytesOfColumn;
  if (product.keptResult) {
    KeptRows kept(keptLoops(product, extents, tile));
    sum.read += double(kept.instructions() * columns * bytesRead);
    return;
  }
  int64_t dram = 0;
  StoredRows stored(product, offsets, extents, tile, columns, cols, dram);
  sum.read += double(instructionsOf(stored.loops) * stored.columns * bytesRead);
}

ParameterBytes aicc::systolic::parameterBytes(const Product &product,
                                              const ArrayMachine &machine,
                                              const Mapping &mapping,
                                              const TilePlan &plan) {
  if (!product.hasParameters())
    return {};
  return ParameterWalk(product, machine, mapping, plan).run();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

namespace {

/// Counts passes by the sizes of tiles: where they are does not matter.
class PassCount {
public:
  PassCount(const Product &product, const ArrayMachine &machine,
            const Mapping &mapping, const TilePlan &plan)
      : product(product), machine(machine), mapping(mapping), plan(plan),
        weightLevel(unsigned(mapping.residence[1][machine.weightRegisters])) {}

  double repeatedBytes(unsigned level, Extents extents);

private:
  double passes(unsigned level, const Extents &extents);
  template <typename Function>
  double overTiles(unsigned level, const Extents &extents, Function count);
  void enter(unsigned level, const Extents &extents);

  const Product &product;
  const ArrayMachine &machine;
  const Mapping &mapping;
  const TilePlan &plan;
  unsigned weightLevel;
  Extents input, result; ///< Tiles that are there.
};

} // namespace

void PassCount::enter(unsigned level, const Extents &extents) {
  if (level == plan.input.level)
    input = extents;
  if (level == plan.result.level)
    result = extents;
}

/// The sum of `count` over the tiles of loop `level`: all are whole but the
/// last one.
template <typename Function>
double PassCount::overTiles(unsigned level, const Extents &extents,
                            Function count) {
  const Mapping::Loop &loop = mapping.loops[level];
  int64_t size = extents[loop.dim], tile = std::min(loop.tile, size);
  Extents inside = extents;
  inside[loop.dim] = tile;
  int64_t whole = size / tile;
  double sum = double(whole) * count(inside);
  if (int64_t rest = size % tile) {
    inside[loop.dim] = rest;
    sum += count(inside);
  }
  return sum;
}

double PassCount::passes(unsigned level, const Extents &extents) {
  enter(level, extents);
  if (level == plan.computeLevel)
    return double(product.repeatDim < 0 ? 1 : extents[product.repeatDim]) *
           double(instructionsOf(passLoops(
               product, extents,
               inputStrides(product, input, machine.config.rows), result)));
  return overTiles(level, extents, [&](const Extents &inside) {
    return passes(level + 1, inside);
  });
}

double PassCount::repeatedBytes(unsigned level, Extents extents) {
  if (level == weightLevel) {
    auto lanes = [&](int dim) { return dim < 0 ? 1.0 : double(extents[dim]); };
    double bytes = lanes(product.colDim);
    if (!product.isDiagonal())
      bytes *= lanes(product.rowDim);
    return (passes(level, extents) - 1) * bytes;
  }
  enter(level, extents);
  return overTiles(level, extents, [&](const Extents &inside) {
    return repeatedBytes(level + 1, inside);
  });
}

double aicc::systolic::repeatedWeightBytes(const Product &product,
                                           const ArrayMachine &machine,
                                           const Mapping &mapping,
                                           const TilePlan &plan) {
  return PassCount(product, machine, mapping, plan)
      .repeatedBytes(0, extentsAt(product, mapping, 0));
}
