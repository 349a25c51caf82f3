//===- Mapping.h - How a loop nest runs on a machine ------------*- C++ -*-===//

#ifndef AICC_ENERGY_MAPPING_H
#define AICC_ENERGY_MAPPING_H

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace aicc {

/// A loop nest in tiles, and where each operand's tiles live.
///
/// All loops form one list, outermost first. A loop walks what is left of its
/// dimension by the loops outside of it in steps of `tile`; the last step is
/// shorter where the tile does not divide (imperfect factors are exact, never
/// rounded up). What is left of a dimension inside its innermost loop is
/// unrolled into one step of the machine; on a machine without unrolling it
/// must be 1.
///
/// A convolution with 64 output channels k, 56 rows p and 3x3 windows, k
/// spread over the columns of an array and p tiled by 8 in the scratchpad:
///
///   loops = [{p, 8}, {p, 1}, {r, 1}, {s, 1}, {k, 1, axis 1}]
///   residence of the input: dram 0, scratchpad 1
struct Mapping {
  struct Loop {
    unsigned dim = 0;
    int64_t tile = 1; ///< Extent of `dim` that one iteration covers.
    /// -1: one iteration after the other. Otherwise the iterations run at
    /// once, along this axis of the machine's array (or, on a processor,
    /// across the lanes of a vector register).
    int axis = -1;
    bool isSpatial() const { return axis >= 0; }
    bool operator==(const Loop &) const = default;
    friend llvm::hash_code hash_value(const Loop &loop) {
      return llvm::hash_combine(loop.dim, loop.tile, loop.axis);
    }
  };
  /// In `residence`: the memory does not hold the operand.
  static constexpr int8_t bypass = -1;

  llvm::SmallVector<Loop, 16> loops;
  /// residence[o][m], m counted as in MachineDesc::memories (innermost
  /// first): how many of the loops run outside of operand o's tile in memory
  /// m, i.e. the tile spans loops[residence..]; or `bypass`. The outermost
  /// memory (or Workload::Operand::home) holds all of every operand: 0; those
  /// outside of it bypass it. Does not grow from an inner memory
  /// to the next outer one that holds the operand. Operands may have their
  /// boundaries at different loops.
  llvm::SmallVector<llvm::SmallVector<int8_t, 6>, 4> residence;
  /// Processors: how many of the outermost loops are distributed over the
  /// workers, and the least number of iterations worth a worker; 0: serial.
  int64_t parallel = 0;
  int64_t grain = 0;

  bool operator==(const Mapping &) const = default;
};

} // namespace aicc

#endif // AICC_ENERGY_MAPPING_H
