//===- MapSpace.cpp - The mappings that the spatial mapper knows ----------===//

#include "lib/Mapping/Search/MapSpace.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <map>

using namespace llvm;

namespace aicc::search {

SmallVector<int64_t, 16> ceilDivisors(int64_t size) {
  SmallVector<int64_t, 16> values;
  for (int64_t value = size; value > 1;) {
    values.push_back(value);
    // The next smaller value needs more tiles than ceil(size / value).
    value = divideCeil(size, divideCeil(size, value) + 1);
    // Small sizes may repeat a value: 5 = 3 + 2 in two tiles, 2 + 2 + 1 in 3.
    if (value >= values.back())
      value = values.back() - 1;
  }
  values.push_back(1);
  std::reverse(values.begin(), values.end());
  return values;
}

int64_t Unrolling::steps(const Workload &workload, unsigned dim) const {
  return divideCeil(workload.dims[dim].size, extent[dim]);
}

double Unrolling::totalSteps(const Workload &workload) const {
  double product = 1;
  for (unsigned dim = 0, e = workload.dims.size(); dim != e; ++dim)
    product *= double(steps(workload, dim));
  return product;
}

/// Loop dimensions that move an input.
static uint64_t inputDims(const Workload &workload) {
  uint64_t mask = 0;
  for (const Workload::Operand &operand : workload.operands)
    if (operand.role == OperandRole::Input)
      for (const auto &terms : operand.index)
        for (const Workload::Term &term : terms)
          mask |= uint64_t(1) << term.dim;
  return mask;
}

SmallVector<uint64_t, 4> axisDims(const Workload &workload,
                                  const MachineDesc &machine,
                                  ArrayRef<uint64_t> allowed) {
  // The rows of a crossbar each drive one input into all columns, and a column
  // adds all its rows; over several crossbars anything may be spread.
  uint64_t inputs = inputDims(workload);
  SmallVector<uint64_t, 4> masks;
  for (auto [index, axis] : enumerate(machine.array.axes)) {
    bool isOfCrossbar = machine.crossbar && axis.name != "instances";
    uint64_t mask = 0;
    for (auto [dim, loop] : enumerate(workload.dims)) {
      uint64_t bit = uint64_t(1) << dim;
      bool may = axis.reduces || !loop.isReduction;
      if (isOfCrossbar)
        may = axis.reduces ? loop.isReduction
                           : !loop.isReduction && !(inputs & bit);
      if (loop.size > 1 && may)
        mask |= bit;
    }
    masks.push_back(index < allowed.size() ? mask & allowed[index] : mask);
  }
  return masks;
}

namespace {

/// Walks the axes, and in each the dimensions, choosing factors.
struct UnrollingWalk {
  const Workload &workload;
  const MachineDesc &machine;
  SmallVector<uint64_t, 4> masks;
  /// What is left of each dimension by the factors so far.
  SmallVector<int64_t, 8> left;
  Unrolling current;
  function_ref<void(const Unrolling &)> take;
  /// ceilDivisors, by size.
  std::map<int64_t, SmallVector<int64_t, 16>> divisors;

  void axis(unsigned axis);
  void dim(unsigned axis, unsigned dim, int64_t product,
           ArrayRef<int64_t> before);
  bool filled(unsigned axis, int64_t product, ArrayRef<int64_t> before);
  ArrayRef<int64_t> factors(int64_t size);
  void emit();
};

} // namespace

ArrayRef<int64_t> UnrollingWalk::factors(int64_t size) {
  auto [found, isNew] = divisors.try_emplace(size);
  if (isNew)
    found->second = ceilDivisors(size);
  return found->second;
}

void UnrollingWalk::emit() {
  current.extent.assign(workload.dims.size(), 1);
  for (const Unrolling::Factor &factor : current.factors)
    current.extent[factor.dim] *= factor.factor;
  for (auto [extent, dim] : zip(current.extent, workload.dims))
    extent = std::min(extent, dim.size);
  take(current);
}

/// No factor of `axis` could be the next larger one. `before`: what was left
/// of each dimension when the axis began.
bool UnrollingWalk::filled(unsigned axis, int64_t product,
                           ArrayRef<int64_t> before) {
  int64_t size = machine.array.axes[axis].size;
  for (unsigned d = 0; d != workload.dims.size(); ++d) {
    if (!(masks[axis] >> d & 1))
      continue;
    const auto *chosen =
        find_if(current.factors, [&](const Unrolling::Factor &factor) {
          return factor.axis == axis && factor.dim == d;
        });
    int64_t factor = chosen == current.factors.end() ? 1 : chosen->factor;
    ArrayRef<int64_t> all = factors(before[d]);
    const int64_t *next = llvm::upper_bound(all, factor);
    if (next != all.end() && product / factor * *next <= size)
      return false;
  }
  return true;
}

void UnrollingWalk::dim(unsigned axisIndex, unsigned d, int64_t product,
                        ArrayRef<int64_t> before) {
  if (d == workload.dims.size()) {
    if (filled(axisIndex, product, before))
      axis(axisIndex + 1);
    return;
  }
  int64_t whole = left[d];
  for (int64_t factor : factors(masks[axisIndex] >> d & 1 ? whole : 1)) {
    if (product * factor > machine.array.axes[axisIndex].size)
      break;
    if (factor > 1)
      current.factors.push_back({axisIndex, d, factor});
    left[d] = divideCeil(whole, factor);
    dim(axisIndex, d + 1, product * factor, before);
    left[d] = whole;
    if (factor > 1)
      current.factors.pop_back();
  }
}

void UnrollingWalk::axis(unsigned axis) {
  if (axis == machine.array.axes.size())
    return emit();
  SmallVector<int64_t, 8> before = left;
  dim(axis, 0, 1, before);
}

void forEachUnrolling(const Workload &workload, const MachineDesc &machine,
                      ArrayRef<uint64_t> allowed,
                      function_ref<void(const Unrolling &)> take) {
  UnrollingWalk walk{workload, machine, axisDims(workload, machine, allowed),
                     {},       {},      take,
                     {}};
  for (const Workload::Dim &dim : workload.dims)
    walk.left.push_back(dim.size);
  walk.axis(0);
}

TileSizes::TileSizes(const Workload &workload, const Unrolling &unrolling,
                     bool isPerfect) {
  for (auto [index, loop] : enumerate(workload.dims)) {
    Dim &dim = dims.emplace_back();
    int64_t steps = unrolling.steps(workload, index);
    SmallVector<int64_t, 16> sizes = ceilDivisors(steps);
    // A last tile of one step leaves one iteration to the loop over its steps.
    llvm::erase_if(sizes, [&](int64_t size) {
      return size > 1 && (steps % size == 1 || (isPerfect && steps % size));
    });
    for (int64_t size : sizes) {
      dim.extents.push_back(
          std::min(size * unrolling.extent[index], loop.size));
      dim.tiles.push_back(divideCeil(steps, size));
    }
    for (auto [outerIndex, outer] : enumerate(sizes)) {
      auto &inside = dim.inside.emplace_back();
      inside.push_back(outerIndex);
      for (unsigned inner = outerIndex; inner-- > 0;) {
        int64_t last = steps % outer; // Steps of the last outer tile, or 0.
        if (outer == steps ||
            (outer % sizes[inner] == 0 && (last == 0 || last > sizes[inner])))
          inside.push_back(inner);
      }
    }
  }
}

TilePoint TileSizes::whole() const {
  TilePoint point = {};
  for (auto [index, dim] : enumerate(dims))
    point[index] = dim.extents.size() - 1;
  return point;
}

void appendSpatialLoops(const Workload &workload, const Unrolling &unrolling,
                        Mapping &mapping) {
  SmallVector<int64_t, 8> inside(workload.dims.size(), 1);
  SmallVector<Mapping::Loop, 4> loops;
  for (const Unrolling::Factor &factor : reverse(unrolling.factors)) {
    loops.push_back({factor.dim, inside[factor.dim], int(factor.axis)});
    inside[factor.dim] *= factor.factor;
  }
  mapping.loops.append(loops.rbegin(), loops.rend());
}

bool isUnrollingOf(const Workload &workload, const Unrolling &unrolling,
                   const Mapping &mapping) {
  Mapping probe;
  appendSpatialLoops(workload, unrolling, probe);
  SmallVector<int64_t, 8> extent;
  for (const Workload::Dim &dim : workload.dims)
    extent.push_back(dim.size);
  // What the temporal loops leave of a dimension is unrolled.
  ArrayRef<Mapping::Loop> loops = mapping.loops;
  for (; !loops.empty() && !loops.front().isSpatial();
       loops = loops.drop_front())
    if (loops.front().dim < extent.size())
      extent[loops.front().dim] = loops.front().tile;
  return loops == ArrayRef(probe.loops) &&
         ArrayRef(extent) == ArrayRef(unrolling.extent);
}

/// Temporal tiles: each may lie inside of the one before; the last one is the
/// unrolled extent.
static bool tilesAreInSpace(const Workload &workload,
                            const Unrolling &unrolling, bool isPerfect,
                            ArrayRef<Mapping::Loop> temporal) {
  TileSizes sizes(workload, unrolling, isPerfect);
  TilePoint point = sizes.whole();
  for (const Mapping::Loop &loop : temporal) {
    if (loop.dim >= sizes.dims.size())
      return false;
    const TileSizes::Dim &dim = sizes.dims[loop.dim];
    ArrayRef<uint8_t> inside = dim.inside[point[loop.dim]];
    const uint8_t *found = find_if(inside.drop_front(), [&](uint8_t tile) {
      return dim.extents[tile] == loop.tile;
    });
    if (found == inside.end())
      return false;
    point[loop.dim] = *found;
  }
  return point == TilePoint{};
}

/// Boundaries: bypassed exactly where a memory does not hold the operand, or
/// lies outside of the one that has all of it, and no further out in an inner
/// memory than in an outer one.
static bool residenceIsInSpace(const Workload &workload,
                               const MachineDesc &machine,
                               const Mapping &mapping, unsigned temporal) {
  if (mapping.residence.size() != workload.operands.size())
    return false;
  for (auto [operand, residence] : zip(workload.operands, mapping.residence)) {
    size_t home =
        operand.home < 0 ? machine.memories.size() - 1 : size_t(operand.home);
    if (residence.size() != machine.memories.size() || residence[home] != 0)
      return false;
    int64_t outer = 0;
    for (size_t m = residence.size(); m-- > 0;) {
      bool mayHold = m == home ||
                     (m < home && machine.memories[m].holdsRole(operand.role));
      int64_t boundary = residence[m];
      if ((boundary != Mapping::bypass) != mayHold)
        return false;
      if (!mayHold)
        continue;
      if (boundary < outer || boundary > int64_t(temporal))
        return false;
      outer = boundary;
    }
  }
  return true;
}

bool contains(const Workload &workload, const MachineDesc &machine,
              ArrayRef<uint64_t> allowed, bool isPerfect,
              const Mapping &mapping) {
  auto isTemporal = [](const Mapping::Loop &loop) { return !loop.isSpatial(); };
  ArrayRef<Mapping::Loop> temporal =
      ArrayRef(mapping.loops).take_while(isTemporal);
  ArrayRef<Mapping::Loop> spatial =
      ArrayRef(mapping.loops).drop_while(isTemporal);
  if (any_of(spatial, isTemporal))
    return false;
  bool found = false;
  forEachUnrolling(workload, machine, allowed, [&](const Unrolling &unrolling) {
    found =
        found || (isUnrollingOf(workload, unrolling, mapping) &&
                  tilesAreInSpace(workload, unrolling, isPerfect, temporal));
  });
  return found &&
         residenceIsInSpace(workload, machine, mapping, temporal.size());
}

} // namespace aicc::search
