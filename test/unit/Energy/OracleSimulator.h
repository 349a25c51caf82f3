//===- OracleSimulator.h - Runs a mapping literally -------------*- C++ -*-===//
//
// A second opinion on AccessCounts.h that shares no code with it: it lists
// every operation with its step and its position, and keeps the contents of
// every memory as sets of elements. Slow, and meant for some hundred
// operations.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_TEST_UNIT_ENERGY_ORACLESIMULATOR_H
#define AICC_TEST_UNIT_ENERGY_ORACLESIMULATOR_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"

#include <map>
#include <set>
#include <vector>

namespace aicc::oracle {

using Tuple = std::vector<int64_t>;
using Elements = std::set<Tuple>;

/// What was seen at one port of one memory; as Flow.
struct Seen {
  double elements = 0, bytes = 0, busiestBytes = 0;
};

struct SeenTraffic {
  Seen fills, reads, updates, drains;
  double tileElements = 0;
};

/// One operation.
struct Work {
  Tuple time;     ///< The index of each temporal loop, 0 for spatial ones.
  Tuple position; ///< The index of each spatial loop, 0 for temporal ones.
  Tuple point;    ///< The index of each dimension.
};

class Simulator {
public:
  Simulator(const Workload &workload, const Mapping &mapping,
            const MachineDesc &machine);

  /// One entry for each memory.
  std::vector<SeenTraffic> run(unsigned operand) const;
  double steps() const;
  /// Steps that differ in the loops of dimensions that are not reduced.
  double resultSteps() const;

private:
  using Tiles = std::map<Tuple, Elements>; ///< By instance.
  /// One residence of the tiles of all instances, from operation `begin` on.
  struct Period {
    size_t begin = 0;
    Tiles tiles;
  };
  /// A value in a memory, and how many products it sums.
  using Values = std::map<Tuple, double>;
  struct Level {
    int memory = -1; ///< -1: the arithmetic.
    int residence = 0;
    uint32_t perAxes = 0;
    std::vector<Period> periods;
    size_t current = 0;
    std::map<Tuple, Values> stored;   ///< Of outputs, by instance.
    double finals[2] = {0, 0};        ///< Complete values: updates, drains;
    double busiestFinals[2] = {0, 0}; ///< and those of position 0.
  };

  void list(size_t loop, Work work, Tuple begin, Tuple extent);
  Tuple element(unsigned operand, const Tuple &point) const;
  /// `position` without the loops along other axes than `axes`.
  Tuple restrict(const Tuple &position, uint32_t axes) const;
  Tuple moversOf(unsigned operand, const Tuple &point) const;
  std::vector<Period> periodsOf(unsigned operand, const Level &level) const;
  std::vector<Level> levelsOf(unsigned operand) const;
  /// Axes along which the outer memory serves each position by itself.
  uint32_t groupAxes(unsigned operand, const Level &inner,
                     const Level &outer) const;
  std::vector<SeenTraffic> runReads(unsigned operand) const;
  std::vector<SeenTraffic> runResults(unsigned operand) const;
  void load(Level &inner, Level &outer, std::vector<SeenTraffic> &seen) const;
  void drain(unsigned operand, Level &inner, Level &outer,
             std::vector<SeenTraffic> &seen) const;
  void multiply(unsigned operand, Level &inner, Level &outer,
                std::vector<SeenTraffic> &seen) const;
  void update(Level &outer, const Tuple &instance, const Tuple &name,
              double value, std::vector<SeenTraffic> &seen) const;
  void priceResults(unsigned operand, const std::vector<Level> &levels,
                    std::vector<SeenTraffic> &seen) const;
  double bytesOf(unsigned operand, double elements, int64_t bits,
                 int memory) const;
  bool isMovedOn(unsigned operand, const Level &level, size_t period) const;
  bool isInTimeAlone(unsigned operand, unsigned dim) const;

  const Workload &workload;
  const Mapping &mapping;
  const MachineDesc &machine;
  std::vector<Work> works;
  mutable Values totals; ///< Products of each element of the output at hand.
};

} // namespace aicc::oracle

#endif // AICC_TEST_UNIT_ENERGY_ORACLESIMULATOR_H
