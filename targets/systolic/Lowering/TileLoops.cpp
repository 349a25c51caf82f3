//===- TileLoops.cpp - Rows of tiles in memory and on the chip ------------===//

#include "targets/systolic/Lowering/TileLoops.h"
#include "targets/systolic/Lowering/Kept.h"

#include "llvm/Support/MathExtras.h"

using namespace aicc;
using namespace aicc::systolic;
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::SmallVectorImpl;

int64_t aicc::systolic::iterations(ArrayRef<RowLoop> loops) {
  int64_t product = 1;
  for (const RowLoop &loop : loops)
    product *= loop.count;
  return product;
}

RowLoops aicc::systolic::foldLoops(ArrayRef<RowLoop> loops) {
  RowLoops folded;
  for (const RowLoop &loop : loops) {
    if (loop.count == 1)
      continue;
    if (!folded.empty()) {
      RowLoop &outer = folded.back();
      if (outer.dramStride == loop.dramStride * loop.count &&
          outer.localStride == loop.localStride * loop.count) {
        outer = {outer.count * loop.count, loop.dramStride, loop.localStride};
        continue;
      }
    }
    folded.push_back(loop);
  }
  return folded;
}

SmallVector<int64_t, 6> aicc::systolic::axisRows(ArrayRef<Axis> axes,
                                                 ArrayRef<int64_t> extents,
                                                 int64_t innermost) {
  SmallVector<int64_t, 6> strides(axes.size());
  for (size_t i = axes.size(); i-- > 0;) {
    strides[i] = innermost;
    innermost *= axes[i].extent(extents);
  }
  return strides;
}

RowLoops aicc::systolic::tileLoops(ArrayRef<Axis> axes,
                                   ArrayRef<int64_t> offsets,
                                   ArrayRef<int64_t> extents,
                                   ArrayRef<int64_t> tile, int64_t innermost,
                                   int64_t &dram) {
  RowLoops loops;
  SmallVector<int64_t, 6> strides = axisRows(axes, tile, innermost);
  for (auto [axis, stride] : llvm::zip(axes, strides)) {
    loops.push_back({axis.extent(extents), axis.stride, stride});
    dram += axis.start(offsets) * axis.stride;
  }
  return foldLoops(loops);
}

RowPattern aicc::systolic::takePattern(SmallVectorImpl<RowLoop> &loops,
                                       int64_t mostOuter) {
  RowPattern pattern;
  if (!loops.empty() && loops.back().localStride == 1)
    pattern.inner = loops.pop_back_val();
  if (!loops.empty() && loops.back().count <= mostOuter)
    pattern.outer = loops.pop_back_val();
  return pattern;
}

void aicc::systolic::forTiles(const Mapping::Loop &loop,
                              llvm::MutableArrayRef<int64_t> offsets,
                              llvm::MutableArrayRef<int64_t> extents,
                              llvm::function_ref<void()> visit) {
  int64_t start = offsets[loop.dim], whole = extents[loop.dim];
  for (int64_t done = 0; done < whole; done += loop.tile) {
    offsets[loop.dim] = start + done;
    extents[loop.dim] = std::min(loop.tile, whole - done);
    visit();
  }
  offsets[loop.dim] = start;
  extents[loop.dim] = whole;
}

void aicc::systolic::forRows(ArrayRef<RowLoop> loops, int64_t dram,
                             int64_t local,
                             llvm::function_ref<void(int64_t, int64_t)> visit) {
  if (loops.empty())
    return visit(dram, local);
  const RowLoop &loop = loops.front();
  for (int64_t i = 0; i < loop.count; ++i)
    forRows(loops.drop_front(), dram + i * loop.dramStride,
            local + i * loop.localStride, visit);
}

int64_t aicc::systolic::rowsOfDim(ArrayRef<Axis> axes,
                                  ArrayRef<int64_t> strides, unsigned dim) {
  int64_t sum = 0;
  for (auto [axis, stride] : llvm::zip(axes, strides))
    for (const Workload::Term &term : axis.terms)
      if (term.dim == dim)
        sum += term.coefficient * stride;
  return sum;
}

SmallVector<int64_t, 6> aicc::systolic::inputStrides(const Product &product,
                                                     ArrayRef<int64_t> tile,
                                                     int64_t lanes) {
  if (product.keptInput)
    return product.keptInput->strides;
  int64_t blocks =
      product.rowDim < 0 ? 1 : llvm::divideCeil(tile[product.rowDim], lanes);
  return axisRows(product.inputAxes, tile, blocks);
}

RowLoops aicc::systolic::passLoops(const Product &product,
                                   ArrayRef<int64_t> extents,
                                   ArrayRef<int64_t> inputStrides,
                                   ArrayRef<int64_t> result) {
  SmallVector<int64_t, 6> to = axisRows(product.resultAxes, result, 1);
  RowLoops loops;
  for (const Axis &axis : product.resultAxes)
    for (const Workload::Term &term : axis.terms)
      if (extents[term.dim] > 1)
        loops.push_back({extents[term.dim],
                         rowsOfDim(product.inputAxes, inputStrides, term.dim),
                         rowsOfDim(product.resultAxes, to, term.dim)});
  llvm::stable_sort(loops, [](const RowLoop &x, const RowLoop &y) {
    return x.localStride > y.localStride;
  });
  return foldLoops(loops);
}

StoredRows::StoredRows(const Product &product, ArrayRef<int64_t> offsets,
                       ArrayRef<int64_t> extents, ArrayRef<int64_t> tile,
                       int64_t columns, int64_t lanes, int64_t &dram)
    : loops(tileLoops(product.resultAxes, offsets, extents, tile, 1, dram)),
      columns(columns) {
  int64_t bytes = product.epilogue.isRaw ? 4 : 1;
  isJoined = columns == lanes && !loops.empty() &&
             loops.back().dramStride == columns * bytes &&
             loops.back().count * columns <= mostRows;
  if (isJoined)
    this->columns *= loops.pop_back_val().count;
}

int64_t aicc::systolic::instructionsOf(RowLoops loops) {
  takePattern(loops, mostRows);
  return iterations(loops);
}
