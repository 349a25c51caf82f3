//===- TileCost.cpp - What a core executes for a kernel -------------------===//
//
// Counted for the register tile as the kernel emitter unrolls it, whole tiles
// and those at the ends of the dimensions.
//
//===----------------------------------------------------------------------===//

#include "targets/cpu/TileCost.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
/// The model of one (workload, mapping, machine).
class TileModel {
public:
  TileModel(const Workload &workload, const KernelMapping &mapping,
            const MachineDesc &machine)
      : workload(workload), mapping(mapping), machine(machine),
        extent(workload.dims.size()) {
    for (size_t d = 0; d < extent.size(); ++d)
      extent[d] = std::min(mapping.tile[d], workload.dims[d].size);
  }

  bool isLegal() const;
  ExecutionCost allTiles(size_t level);

private:
  ExecutionCost tileCost();
  ExecutionCost stepCost();
  double addAccesses(const Workload::Operand &operand, bool reduction,
                     ExecutionCost &cost) const;
  double tilePositions(const Workload::Operand &operand, bool reduction) const;
  double positions(const Workload::Operand &operand,
                   ArrayRef<int64_t> extents) const;
  double conflicts(const Workload::Operand &operand) const;
  double spills(const Workload::Operand &operand) const;
  double accessCost(const Workload::Operand &operand) const;
  double transposedStore(const Workload::Operand &operand) const;

  bool isReduction(int64_t d) const { return workload.dims[d].isReduction; }
  /// Instructions along dimension `d` of the current register tile.
  int64_t unrolled(int64_t d) const {
    return mapping.instructions(d, extent[d]);
  }
  /// Elements of an operand for each lane of an instruction.
  int64_t elementsOfLane(const Workload::Operand &operand) const {
    return operand.inReduction && mapping.dot >= 0 ? KernelMapping::dotWidth
                                                   : 1;
  }

  const Workload &workload;
  const KernelMapping &mapping;
  const MachineDesc &machine;
  /// Extent of the register tile being costed: the mapping's, or the rest at
  /// the end of a dimension.
  SmallVector<int64_t, 8> extent;
};
} // namespace

bool TileModel::isLegal() const {
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
  // The values of all results are live together.
  if (results > 1)
    results *=
        llvm::count_if(workload.operands, [](const Workload::Operand &operand) {
          return operand.isOutput();
        });
  // Beside them, the vectors of a row and what it multiplies them by; with
  // signed bytes, the sums of the weights and the bits that shift the bytes.
  int64_t others = blocks + 1;
  if (mapping.dot >= 0 && workload.leftIsSigned)
    others += blocks + 1;
  if (results > 1 && results + others > machine.vector.registers)
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
double TileModel::accessCost(const Workload::Operand &operand) const {
  if (mapping.vector < 0)
    return 1;
  int64_t stride = operand.strides[mapping.vector];
  double registers = std::max<double>(
      1, double(operand.bits * mapping.lanes * elementsOfLane(operand)) /
             double(machine.vector.bits));
  if (stride == 0 || stride == 1)
    return stride == 0 ? 1 : registers;
  double byRows = operand.isOutput() ? transposedStore(operand) : 0;
  return byRows ? byRows * registers : 1.5 * mapping.lanes;
}

/// Accesses for each vector that a tile stores across its rows, as
/// `KernelEmitter::storeTile` does: log2(rows) shuffles of each row, each as
/// long as a load, and a store for each lane of all rows together. 0: the
/// operand does not lie along rows of the tile.
double TileModel::transposedStore(const Workload::Operand &operand) const {
  for (size_t d = 0; d < extent.size(); ++d) {
    if (isReduction(d) || int64_t(d) == mapping.vector || extent[d] < 2 ||
        operand.strides[d] != 1)
      continue;
    double rows = double(std::min(extent[d], mapping.lanes));
    double shuffled = double(llvm::PowerOf2Ceil(uint64_t(rows)));
    return (shuffled * std::log2(shuffled) + double(mapping.lanes)) / rows;
  }
  return 0;
}

/// Positions of an operand that one register tile touches along the dimensions
/// `extents`, those that neighbouring windows share counted once.
double TileModel::positions(const Workload::Operand &operand,
                            ArrayRef<int64_t> extents) const {
  double count = 1;
  SmallVector<bool, 8> shared(extents.size(), false);
  for (size_t d = 0; d < extents.size(); ++d) {
    int64_t stride = operand.strides[d];
    if (isReduction(d) || stride == 0 || extents[d] == 1)
      continue;
    double along = extents[d];
    for (size_t r = 0; r < extents.size(); ++r) {
      if (!isReduction(r) || shared[r] || operand.strides[r] == 0 ||
          int64_t(d) == mapping.vector || stride % operand.strides[r])
        continue;
      int64_t apart = std::abs(stride / operand.strides[r]);
      if (apart > extents[r])
        continue;
      along = double(extents[d] - 1) * apart + extents[r];
      shared[r] = true;
      break;
    }
    count *= along;
  }
  for (size_t r = 0; r < extents.size(); ++r)
    if (isReduction(r) && !shared[r] && operand.strides[r] != 0)
      count *= extents[r];
  return count;
}

/// Positions of one operand that the register tile touches.
double TileModel::tilePositions(const Workload::Operand &operand,
                                bool reduction) const {
  SmallVector<int64_t, 8> extents;
  for (size_t d = 0; d < extent.size(); ++d)
    extents.push_back(!reduction && isReduction(d) ? 1 : unrolled(d));
  return positions(operand, extents);
}

/// Accesses of one operand by one register tile; adds the bytes between the
/// registers and the innermost memory, an element for all lanes or one for
/// each.
double TileModel::addAccesses(const Workload::Operand &operand, bool reduction,
                              ExecutionCost &cost) const {
  double touched = tilePositions(operand, reduction);
  bool isVector = mapping.vector >= 0 && operand.strides[mapping.vector] != 0;
  (operand.isOutput() ? cost.writtenBytes : cost.readBytes) +=
      touched * double(operand.bits * elementsOfLane(operand)) / 8 *
      double(isVector ? mapping.lanes : 1);
  return touched * accessCost(operand);
}

/// Lines that lie a multiple of a cache way apart evict each other from the
/// innermost cache. Whole vectors then wait for the next cache, 8 cycles each,
/// already where the core runs ahead by more lines than there are places for
/// (measured on depthwise 3x3 with 512 channels, 16 places: 24 to 49 cycles
/// for a result by tiles of 1x5, 2x2, 2x7 and 4x4, as this predicts);
/// elements of rows are asked for in time, and cost a cycle.
double TileModel::conflicts(const Workload::Operand &operand) const {
  if (machine.memories.empty() || machine.memories[0].ways == 0)
    return 0;
  const MemoryDesc &l1 = machine.memories[0];
  bool isVector = mapping.vector >= 0 && operand.strides[mapping.vector] != 0;
  int64_t wayBytes = l1.bytes / l1.ways, apart = wayBytes;
  // What stays to be used again: of vectors, the whole window's.
  SmallVector<int64_t, 8> kept, touched;
  for (size_t d = 0; d < extent.size(); ++d) {
    int64_t bytes = std::abs(operand.strides[d]) * operand.bits / 8;
    bool across = int64_t(d) == mapping.vector || int64_t(d) == mapping.dot;
    touched.push_back(across ? 1 : extent[d]);
    kept.push_back(!across && isVector && isReduction(d) &&
                           bytes >= l1.lineBytes
                       ? workload.dims[d].size
                       : touched.back());
    if (kept.back() > 1)
      apart = std::gcd(apart, bytes);
  }
  constexpr double cyclesOfEvictedVector = 8, linesAhead = 32;
  double wanted = positions(operand, kept);
  if (isVector && wanted > 1)
    wanted = std::max(wanted, linesAhead);
  if (apart == 0)
    return 0;
  int64_t places = wayBytes / apart * l1.ways;
  if (wanted <= double(places))
    return 0;
  return (isVector ? cyclesOfEvictedVector : 1) * positions(operand, touched);
}

/// Spilling and reloading what the results of an unrolled window share. While
/// one row of the window, along the longest side of the tile, is walked, its
/// inputs are live beside the accumulators (measured on depthwise 3x3: tiles of
/// 1x14, 2x10 and 4x4 run at the FMA peak, 1x28, 2x12 and 3x8 at 1.3 to 1.6
/// times its time, which is one store and one load for each value that is too
/// much, in each row).
double TileModel::spills(const Workload::Operand &operand) const {
  if (mapping.vector < 0 || isReduction(mapping.vector) ||
      operand.strides[mapping.vector] == 0)
    return 0;
  double results = 1;
  int64_t along = -1;
  for (size_t d = 0; d < extent.size(); ++d) {
    if (isReduction(d))
      continue;
    results *= unrolled(d);
    if (int64_t(d) == mapping.vector || extent[d] == 1 || !operand.strides[d])
      continue;
    if (along < 0 ||
        std::pair(-extent[d], std::abs(operand.strides[d])) <
            std::pair(-extent[along], std::abs(operand.strides[along])))
      along = d;
  }
  if (along < 0)
    return 0;
  double row = extent[along], rows = results / extent[along], window = 1;
  for (size_t d = 0; d < extent.size(); ++d) {
    if (!isReduction(d) || unrolled(d) == 1)
      continue;
    int64_t stride = operand.strides[d];
    if (stride && operand.strides[along] % stride == 0 && window == 1) {
      row = (row - 1) * std::abs(operand.strides[along] / stride) + extent[d];
      window = extent[d];
    } else {
      rows *= extent[d];
    }
  }
  double excess = results + row + 1 - machine.vector.registers;
  return window == 1 || excess <= 0
             ? 0
             : 2 * excess * rows / machine.vector.loadsPerCycle.value;
}

/// One iteration of the innermost reduction loop.
ExecutionCost TileModel::stepCost() {
  double points = 1, chain = 1;
  for (size_t d = 0; d < extent.size(); ++d) {
    points *= double(unrolled(d));
    if (isReduction(d) && int64_t(d) != mapping.vector)
      chain *= double(unrolled(d));
  }
  ExecutionCost cost;
  double loads = 0, evicted = 0;
  for (const Workload::Operand &operand : workload.operands)
    if (operand.inReduction) {
      loads += addAccesses(operand, /*reduction=*/true, cost);
      evicted += conflicts(operand) + spills(operand);
    }
  double fma = points * workload.opsPerPoint;
  double fmaCycles = fma / machine.vector.fmasPerCycle.value;
  if (mapping.dot >= 0) {
    // Signed bytes are shifted by 128, one instruction for each that is read,
    // and the sums of the weights are kept, one for each vector of them.
    fma = points;
    double shifts = 0;
    if (workload.leftIsSigned) {
      double vectors = double(unrolled(mapping.vector));
      shifts = points / vectors;
      fma += vectors;
    }
    fmaCycles = fma / machine.vector.byteDotsPerCycle.value +
                shifts / machine.vector.fmasPerCycle.value;
    fma += shifts;
  }
  constexpr double loopOverheadCycles = 0.5, loopInstructions = 2;
  // Loads hide behind arithmetic, but not all of them: tiles that keep both
  // kinds of ports busy lose (measured on Skylake-SP, 257 x 105 x 512: 27 x 16
  // ran at 0.87 of the speed of 12 x 32).
  constexpr double exposed = 0.1;
  double loadCycles = loads / machine.vector.loadsPerCycle.value;
  cost.cycles = std::max({fmaCycles, loadCycles,
                          chain * machine.vector.fmaLatencyCycles.value}) +
                exposed * std::min(fmaCycles, loadCycles) + evicted +
                loopOverheadCycles;
  cost.instructions = fma + loads + loopInstructions;
  return cost;
}

/// One register tile: its reduction, and the elementwise rest.
ExecutionCost TileModel::tileCost() {
  ExecutionCost cost;
  bool reduces = false;
  double steps = 1, results = 1;
  for (size_t d = 0; d < extent.size(); ++d) {
    if (isReduction(d)) {
      reduces = true;
      // A dot takes as long where it is not full.
      steps *= int64_t(d) == mapping.dot
                   ? double(mapping.instructions(d, workload.dims[d].size))
                   : double(workload.dims[d].size) / double(extent[d]);
    } else {
      results *= double(unrolled(d));
    }
  }
  if (reduces)
    cost.add(stepCost(), steps);
  double accesses = 0;
  for (const Workload::Operand &operand : workload.operands)
    if (!operand.inReduction)
      accesses += addAccesses(operand, /*reduction=*/false, cost);
  double ops =
      results * (workload.opsPerResult + (reduces ? 0 : workload.opsPerPoint));
  // Folding the lanes of a reduction takes a shuffle and an operation for
  // each halving.
  if (mapping.vector >= 0 && isReduction(mapping.vector))
    ops += results * 2 * double(llvm::Log2_64_Ceil(mapping.lanes));
  constexpr double tileOverheadCycles = 1, tileInstructions = 4;
  cost.cycles += tileOverheadCycles +
                 std::max(ops / machine.vector.fmasPerCycle.value,
                          accesses / machine.vector.loadsPerCycle.value);
  cost.instructions += tileInstructions + ops + accesses;
  return cost;
}

/// All tiles: whole ones, and those at the end of each dimension.
ExecutionCost TileModel::allTiles(size_t level) {
  while (level < mapping.order.size() && isReduction(mapping.order[level]))
    ++level;
  if (level == mapping.order.size())
    return tileCost();
  int64_t d = mapping.order[level];
  int64_t size = workload.dims[d].size, tile = mapping.tile[d];
  ExecutionCost cost;
  if (size >= tile) {
    extent[d] = tile;
    int64_t whole = size / tile;
    cost.add(allTiles(level + 1), double(whole));
  }
  if (size % tile) {
    extent[d] = size % tile;
    cost.add(allTiles(level + 1), 1);
  }
  extent[d] = tile;
  return cost;
}

std::optional<ExecutionCost> cpu::executionCost(const Workload &workload,
                                                const KernelMapping &mapping,
                                                const MachineDesc &machine) {
  TileModel model(workload, mapping, machine);
  if (!model.isLegal())
    return std::nullopt;
  return model.allTiles(0);
}
