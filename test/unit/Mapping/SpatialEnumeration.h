//===- SpatialEnumeration.h - Every mapping of the declared space -*- C++ -*-=//
//
// Plain nested enumeration of the map space as docs/design/0006-mapper.md
// declares it, and of its definitions only: nothing of the mapper is used.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_TEST_UNIT_MAPPING_SPATIALENUMERATION_H
#define AICC_TEST_UNIT_MAPPING_SPATIALENUMERATION_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

namespace aicc::testing {

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Enumerates mappings of one workload on one machine.
class Enumeration {
public:
  using Visit = llvm::function_ref<void(const Mapping &)>;

  Enumeration(const Workload &workload, const MachineDesc &machine, Visit visit)
      : workload(workload), machine(machine), visit(visit) {
    for (const Workload::Dim &dim : workload.dims)
      left.push_back(dim.size);
    factors.assign(machine.array.axes.size(),
                   std::vector<int64_t>(workload.dims.size(), 1));
    unroll(0, 0);
  }

private:
  static std::set<int64_t> factorsOf(int64_t size) {
    std::set<int64_t> values;
    for (int64_t q = 1; q <= size; ++q)
      values.insert(ceilDiv(size, q));
    return values;
  }

  bool mayUnroll(unsigned axis, unsigned dim) const {
    return machine.array.axes[axis].reduces || !workload.dims[dim].isReduction;
  }

  /// The product of an axis' factors, with the one of `dim` as `factor`.
  int64_t positions(unsigned axis, unsigned dim, int64_t factor) const {
    int64_t product = 1;
    for (unsigned d = 0; d != workload.dims.size(); ++d)
      product *= d == dim ? factor : factors[axis][d];
    return product;
  }

  /// No factor of the axis could be the next larger one.
  bool isFull(unsigned axis) const {
    for (unsigned d = 0; d != workload.dims.size(); ++d) {
      if (!mayUnroll(axis, d))
        continue;
      int64_t before = workload.dims[d].size;
      for (unsigned a = 0; a != axis; ++a)
        before = ceilDiv(before, factors[a][d]);
      std::set<int64_t> all = factorsOf(before);
      auto next = all.upper_bound(factors[axis][d]);
      if (next != all.end() &&
          positions(axis, d, *next) <= machine.array.axes[axis].size)
        return false;
    }
    return true;
  }

  void unroll(unsigned axis, unsigned dim) {
    if (axis == machine.array.axes.size())
      return startTiles();
    if (dim == workload.dims.size()) {
      if (isFull(axis))
        unroll(axis + 1, 0);
      return;
    }
    int64_t whole = left[dim];
    for (int64_t factor : factorsOf(whole)) {
      if ((factor > 1 && !mayUnroll(axis, dim)) ||
          positions(axis, dim, factor) > machine.array.axes[axis].size)
        continue;
      factors[axis][dim] = factor;
      left[dim] = ceilDiv(whole, factor);
      unroll(axis, dim + 1);
      left[dim] = whole;
      factors[axis][dim] = 1;
    }
  }

  void startTiles() {
    unit.assign(workload.dims.size(), 1);
    spatial.clear();
    for (unsigned axis = machine.array.axes.size(); axis-- > 0;)
      for (unsigned d = workload.dims.size(); d-- > 0;)
        if (factors[axis][d] > 1) {
          spatial.insert(spatial.begin(), {d, unit[d], int(axis)});
          unit[d] *= factors[axis][d];
        }
    chunks.clear();
    for (unsigned d = 0; d != workload.dims.size(); ++d) {
      unit[d] = std::min(unit[d], workload.dims[d].size);
      // Sizes of the parts that the loops so far cut the dimension into, in
      // steps of the machine.
      chunks.push_back({ceilDiv(workload.dims[d].size, unit[d])});
    }
    mapping = Mapping();
    tile();
  }

  /// Adds every possible next loop, or none.
  void tile() {
    bool isDone = true;
    for (unsigned d = 0; d != workload.dims.size(); ++d) {
      std::set<int64_t> parts = chunks[d];
      int64_t current = *parts.rbegin();
      isDone &= current == 1;
      int64_t steps = ceilDiv(workload.dims[d].size, unit[d]);
      for (int64_t size : factorsOf(steps)) {
        // Tiles nest, and a loop always runs more than once.
        bool isWhole = current == steps;
        if (size >= current || (!isWhole && current % size != 0) ||
            *parts.begin() <= size)
          continue;
        std::set<int64_t> smaller;
        for (int64_t part : parts) {
          smaller.insert(size);
          if (part % size != 0)
            smaller.insert(part % size);
        }
        chunks[d] = smaller;
        mapping.loops.push_back({d, size * unit[d], -1});
        tile();
        mapping.loops.pop_back();
        chunks[d] = parts;
      }
    }
    if (!isDone)
      return;
    temporal = mapping.loops.size();
    mapping.loops.append(spatial.begin(), spatial.end());
    mapping.residence.assign(
        workload.operands.size(),
        llvm::SmallVector<int8_t, 6>(machine.memories.size(), Mapping::bypass));
    reside(0, int(machine.memories.size()) - 1, 0);
    mapping.loops.truncate(temporal);
  }

  /// Chooses the boundaries of `operand` in memory `memory` and further in.
  void reside(unsigned operand, int memory, int least) {
    if (operand == workload.operands.size())
      return visit(mapping);
    if (memory < 0)
      return reside(operand + 1, int(machine.memories.size()) - 1, 0);
    int8_t &at = mapping.residence[operand][memory];
    int home = workload.operands[operand].home;
    if (home < 0)
      home = int(machine.memories.size()) - 1;
    bool isOutermost = memory == home;
    if (memory > home ||
        (!isOutermost && !machine.memories[memory].holdsRole(
                             workload.operands[operand].role))) {
      at = Mapping::bypass;
      return reside(operand, memory - 1, least);
    }
    for (int place = least; place <= (isOutermost ? 0 : int(temporal));
         ++place) {
      at = int8_t(place);
      reside(operand, memory - 1, place);
    }
  }

  const Workload &workload;
  const MachineDesc &machine;
  Visit visit;
  std::vector<int64_t> left, unit;
  std::vector<std::vector<int64_t>> factors; ///< [axis][dim]
  std::vector<std::set<int64_t>> chunks;
  std::vector<Mapping::Loop> spatial;
  size_t temporal = 0;
  Mapping mapping;
};

} // namespace aicc::testing

#endif // AICC_TEST_UNIT_MAPPING_SPATIALENUMERATION_H
