//===- Estimate.cpp - The cost of a group on one core ---------------------===//
//
// Cycles are the larger of what the execution units need, counted for the
// register tile as the kernel emitter unrolls it, and what each memory level
// needs for the bytes that the loop order makes it deliver.
//
//===----------------------------------------------------------------------===//

#include "targets/cpu/CpuTarget.h"
#include "targets/cpu/KernelMapping.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
/// The model of one (workload, mapping, machine).
class Estimator {
public:
  Estimator(const Workload &workload, const KernelMapping &mapping,
            const MachineDesc &machine)
      : workload(workload), mapping(mapping), machine(machine),
        extent(workload.dims.size()) {}

  FailureOr<Cost> run();

private:
  bool isLegal() const;
  double tileCycles();
  double stepCycles();
  double allTiles(size_t level);
  double loadsOf(const Workload::Operand &operand, bool reduction) const;
  double conflicts(const Workload::Operand &operand) const;
  double footprint(const Workload::Operand &operand, size_t level) const;
  double traffic(const MemoryDesc &memory) const;
  double accessCost(const Workload::Operand &operand) const;

  bool isReduction(int64_t d) const { return workload.dims[d].isReduction; }
  /// Instructions along dimension `d` of the current register tile.
  int64_t unrolled(int64_t d) const {
    return d == mapping.vector ? llvm::divideCeil(extent[d], mapping.lanes)
                               : extent[d];
  }

  const Workload &workload;
  const KernelMapping &mapping;
  const MachineDesc &machine;
  /// Extent of the register tile being costed: the mapping's, or the rest at
  /// the end of a dimension.
  SmallVector<int64_t, 8> extent;
};
} // namespace

bool Estimator::isLegal() const {
  // Accumulators, one vector for each block of lanes and one scalar: what is
  // more than the registers hold would be spilled at every step.
  int64_t results = 1, blocks = 1;
  for (size_t d = 0; d < mapping.tile.size(); ++d) {
    int64_t extent = std::min(mapping.tile[d], workload.dims[d].size);
    if (int64_t(d) == mapping.vector)
      blocks = extent = llvm::divideCeil(extent, mapping.lanes);
    if (!isReduction(d) || int64_t(d) == mapping.vector)
      results *= extent;
  }
  if (results > 1 && results + blocks + 1 > machine.vector.registers)
    return false;
  if (mapping.vector < 0 || !isReduction(mapping.vector))
    return true;
  // Across a reduction the inputs must be read by whole vectors.
  return llvm::all_of(workload.operands, [&](const Workload::Operand &operand) {
    return !operand.inReduction ||
           std::abs(operand.strides[mapping.vector]) <= 1;
  });
}

/// A vector access; a gather or scatter takes about one load and a half for
/// each lane (Zen 4: VGATHERDPS zmm, 16 lanes, 24 cycles; Agner Fog,
/// "Instruction tables", 2024).
double Estimator::accessCost(const Workload::Operand &operand) const {
  if (mapping.vector < 0)
    return 1;
  int64_t stride = operand.strides[mapping.vector];
  double registers = std::max<double>(1, operand.bits * mapping.lanes /
                                             double(machine.vector.bits));
  return stride == 0 ? 1 : stride == 1 ? registers : 1.5 * mapping.lanes;
}

/// Accesses of one operand by one register tile, those that fall together
/// counted once.
double Estimator::loadsOf(const Workload::Operand &operand,
                          bool reduction) const {
  double count = 1;
  int64_t windowStride = 0, window = 0;
  for (size_t d = 0; d < extent.size(); ++d) {
    int64_t stride = operand.strides[d];
    int64_t n = unrolled(d);
    if (stride == 0 || n == 1 || (!reduction && isReduction(d)))
      continue;
    // Neighbouring windows share: as many as the two extents together.
    if (windowStride && int64_t(d) != mapping.vector &&
        stride % windowStride == 0) {
      int64_t apart = stride / windowStride;
      double together = window + (n - 1) * apart;
      count = count / window * std::min<double>(together, window * n);
      continue;
    }
    if (isReduction(d) == false && int64_t(d) != mapping.vector) {
      windowStride = stride;
      window = n;
    }
    count *= n;
  }
  return count * accessCost(operand);
}

/// Rows of the tile that lie a multiple of a cache way apart evict each other
/// from the innermost cache.
double Estimator::conflicts(const Workload::Operand &operand) const {
  if (machine.memories.empty() || machine.memories[0].ways == 0)
    return 0;
  const MemoryDesc &l1 = machine.memories[0];
  int64_t wayBytes = l1.bytes / l1.ways;
  for (size_t d = 0; d < extent.size(); ++d) {
    if (isReduction(d) || int64_t(d) == mapping.vector || extent[d] == 1)
      continue;
    int64_t bytes = std::abs(operand.strides[d]) * operand.bits / 8;
    if (bytes == 0)
      continue;
    int64_t places = wayBytes / std::gcd(bytes, wayBytes);
    if (extent[d] > places * l1.ways)
      return extent[d];
  }
  return 0;
}

/// One iteration of the innermost reduction loop.
double Estimator::stepCycles() {
  double points = 1, chain = 1;
  for (size_t d = 0; d < extent.size(); ++d) {
    points *= unrolled(d);
    if (isReduction(d) && int64_t(d) != mapping.vector)
      chain *= extent[d];
  }
  double loads = 0, evicted = 0;
  for (const Workload::Operand &operand : workload.operands)
    if (operand.inReduction) {
      loads += loadsOf(operand, /*reduction=*/true);
      evicted += conflicts(operand);
    }
  double fma = points * workload.opsPerPoint;
  double cycles = std::max({fma / machine.vector.fmasPerCycle.value,
                            loads / machine.vector.loadsPerCycle.value,
                            chain * machine.vector.fmaLatencyCycles.value});
  constexpr double loopOverheadCycles = 0.5;
  return cycles + evicted + loopOverheadCycles;
}

/// One register tile: its reduction, and the elementwise rest.
double Estimator::tileCycles() {
  double cycles = 0;
  bool reduces = false;
  double steps = 1, results = 1;
  for (size_t d = 0; d < extent.size(); ++d) {
    if (isReduction(d)) {
      reduces = true;
      steps *= double(workload.dims[d].size) / extent[d];
    } else {
      results *= unrolled(d);
    }
  }
  if (reduces)
    cycles += steps * stepCycles();
  double accesses = 0;
  for (const Workload::Operand &operand : workload.operands)
    if (!operand.inReduction)
      accesses += loadsOf(operand, /*reduction=*/false);
  double ops =
      results * (workload.opsPerResult + (reduces ? 0 : workload.opsPerPoint));
  // Folding the lanes of a reduction takes a shuffle and an operation for
  // each halving.
  if (mapping.vector >= 0 && isReduction(mapping.vector))
    ops += results * 2 * llvm::Log2_64_Ceil(mapping.lanes);
  constexpr double tileOverheadCycles = 1;
  return cycles + tileOverheadCycles +
         std::max(ops / machine.vector.fmasPerCycle.value,
                  accesses / machine.vector.loadsPerCycle.value);
}

/// All tiles: whole ones, and those at the end of each dimension.
double Estimator::allTiles(size_t level) {
  while (level < mapping.order.size() && isReduction(mapping.order[level]))
    ++level;
  if (level == mapping.order.size())
    return tileCycles();
  int64_t d = mapping.order[level];
  int64_t size = workload.dims[d].size, tile = mapping.tile[d];
  double cycles = 0;
  if (size >= tile) {
    extent[d] = tile;
    int64_t whole = size / tile;
    cycles += whole * allTiles(level + 1);
  }
  if (size % tile) {
    extent[d] = size % tile;
    cycles += allTiles(level + 1);
  }
  extent[d] = tile;
  return cycles;
}

/// Bytes of an operand that the loops from `level` inwards touch.
double Estimator::footprint(const Workload::Operand &operand,
                            size_t level) const {
  double elements = 1;
  bool contiguous = operand.isPacked;
  SmallVector<std::pair<int64_t, double>, 8> spans; // stride, extent
  for (size_t i = 0; i < mapping.order.size(); ++i) {
    int64_t d = mapping.order[i];
    int64_t size = i >= level
                       ? workload.dims[d].size
                       : std::min(mapping.tile[d], workload.dims[d].size);
    int64_t stride = std::abs(operand.strides[d]);
    if (stride == 0 || size == 1)
      continue;
    contiguous |= stride == 1;
    // Windows slide: dimensions of one stride add up.
    bool joined = false;
    if (!operand.isPacked)
      for (auto &[other, span] : spans)
        if (other == stride) {
          elements /= span;
          span += size - 1;
          elements *= span;
          joined = true;
        }
    if (joined)
      continue;
    spans.push_back({stride, double(size)});
    elements *= size;
  }
  double bytes = elements * operand.bits / 8;
  // Lone elements bring their whole line.
  return contiguous ? bytes : bytes * 4;
}

/// Bytes that `memory` has to fetch from further out.
double Estimator::traffic(const MemoryDesc &memory) const {
  // Room is left for what else lives there.
  double room = 0.75 * memory.bytes;
  size_t level = 0;
  for (; level < mapping.order.size(); ++level) {
    double sum = 0;
    for (const Workload::Operand &operand : workload.operands)
      sum += footprint(operand, level);
    if (sum <= room)
      break;
  }
  double bytes = 0;
  for (const Workload::Operand &operand : workload.operands) {
    // What fits whole was left there by its producer; constants are read
    // anew in every run.
    if (level == 0 && !operand.isPacked)
      continue;
    double times = 1;
    bool kept = true;
    for (size_t i = level; i-- > 0;) {
      int64_t d = mapping.order[i];
      // Kept across the next loop outwards that does not move it.
      if (kept && operand.strides[d] == 0 &&
          footprint(operand, level) <= room / 2)
        continue;
      kept = false;
      times *= llvm::divideCeil(workload.dims[d].size, mapping.tile[d]);
    }
    bytes += times * footprint(operand, level);
  }
  return bytes;
}

FailureOr<Cost> Estimator::run() {
  if (!isLegal())
    return failure();
  for (size_t d = 0; d < extent.size(); ++d)
    extent[d] = std::min(mapping.tile[d], workload.dims[d].size);
  Cost cost;
  double points = 1;
  for (const Workload::Dim &dim : workload.dims)
    points *= dim.size;
  cost.macs = points;
  double compute = allTiles(0);
  cost.computeCycles = compute;
  const SourcedValue *mac = machine.action("mac_f32");
  cost.items.push_back(
      {"mac.f32", CountUnit::Operations, points, mac ? mac->value : 0});
  double slowest = 0, sum = 0;
  for (size_t i = 0; i + 1 < machine.memories.size(); ++i) {
    const MemoryDesc &next = machine.memories[i + 1];
    double bytes = traffic(machine.memories[i]);
    double cycles = bytes / next.bytesPerCycle.value;
    slowest = std::max(slowest, cycles);
    sum += cycles;
    cost.items.push_back({next.name + ".read", CountUnit::Bytes, bytes,
                          next.readPjPerByte.value});
  }
  // The slower of arithmetic and memory hides most of the other's time, but
  // not all of it.
  constexpr double exposed = 0.1;
  cost.cycles = std::max(compute, slowest) + exposed * (compute + sum);
  return cost;
}

FailureOr<Cost> aicc::cpu::estimate(const Workload &workload,
                                    const Mapping &mapping,
                                    const MachineDesc &machine) {
  auto kernel =
      KernelMapping::from(mapping.loops, mapping.parallel, mapping.grain);
  if (!kernel || kernel->order.size() != workload.dims.size())
    return failure();
  return Estimator(workload, *kernel, machine).run();
}
