//===- Traffic.h - Lines that a kernel fetches into a cache -----*- C++ -*-===//

#ifndef TARGETS_CPU_TRAFFIC_H
#define TARGETS_CPU_TRAFFIC_H

#include "aicc/Energy/Workload.h"
#include "targets/cpu/KernelMapping.h"

namespace aicc::cpu {

/// Bytes that one memory exchanges with the next outer one.
struct Transfer {
  double fetched = 0;
  double writtenBack = 0;
  double runs = 0; ///< Runs of adjacent lines that are fetched.

  Transfer &operator+=(const Transfer &other) {
    fetched += other.fetched;
    writtenBack += other.writtenBack;
    runs += other.runs;
    return *this;
  }
};

/// A cache that replaces the least recently used line of a set.
struct CacheShape {
  double lines = 0; ///< That have room.
  int64_t sets = 1; ///< 1: every line may lie anywhere.
};

/// Lines that the loops of one kernel touch, and how many of them a cache that
/// replaces the least recently used line has to fetch. Counts are of lines of
/// `lineBytes`; see docs/counted.md for what is assumed.
class TrafficModel {
public:
  TrafficModel(const Workload &workload, const KernelMapping &mapping,
               int64_t lineBytes);

  /// Different lines of operand `o` that the whole kernel touches.
  double lines(size_t o) const { return touched[o][0].lines; }
  /// Of all operands together.
  double totalLines() const { return totals[0]; }
  /// Fetches of operand `o` into a cache that held nothing of it before.
  double misses(size_t o, const CacheShape &cache) const;
  /// Mean length of the runs of adjacent lines in which operand `o` is walked.
  double linesOfRun(size_t o) const { return runLengths[o]; }
  /// `fetched` lines of operand `o`: results are written back, too.
  Transfer transferOf(size_t o, double fetched) const;
  /// Lines of all operands that are touched before the last line of operand
  /// `o` is touched for the first time.
  double linesUntilSeen(size_t o) const;
  /// Each iteration of the outermost loop touches other lines of operand `o`.
  bool isSwept(size_t o) const { return moves[o][0]; }

private:
  struct Loop {
    unsigned dim = 0;
    double trip = 1;
  };
  /// What the addresses of a tile look like.
  struct Footprint {
    double lines = 0;
    /// Of what lies apart: all runs start at multiples of `pitch` bytes from
    /// one another. 0: the tile is one run.
    int64_t pitch = 0;
    int64_t runBytes = 0;
  };
  Footprint footprintOf(const Workload::Operand &operand,
                        llvm::ArrayRef<int64_t> extents) const;
  double fetchesAt(size_t o, size_t level) const;
  double shareKept(size_t o, size_t level, const CacheShape &cache) const;
  double packedLines(const Workload::Operand &operand,
                     llvm::ArrayRef<int64_t> extents) const;
  double runLength(const Workload::Operand &operand,
                   llvm::ArrayRef<int64_t> tile) const;

  const Workload &workload;
  int64_t lineBytes;
  int64_t vector, lanes;
  /// Those that run more than once, outermost first.
  llvm::SmallVector<Loop, 8> loops;
  /// touched[o][l]: lines of operand o inside loop l (loops l and inwards);
  /// the last is the register tile's.
  llvm::SmallVector<llvm::SmallVector<Footprint, 9>, 6> touched;
  llvm::SmallVector<llvm::SmallVector<bool, 9>, 6> moves;
  llvm::SmallVector<double, 9> totals;
  llvm::SmallVector<double, 6> runLengths;
};

} // namespace aicc::cpu

#endif // TARGETS_CPU_TRAFFIC_H
