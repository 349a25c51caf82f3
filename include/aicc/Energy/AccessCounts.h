//===- AccessCounts.h - What a mapping moves on a spatial machine -*- C++ -*-=//
//
// Exact counts of the elements that each operand moves through each memory of
// a machine with an array (docs/design/0005-cost-model.md). No energy and no
// time in here: SpatialCost.h prices these counts.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_ENERGY_ACCESSCOUNTS_H
#define AICC_ENERGY_ACCESSCOUNTS_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <string>

namespace aicc {

/// Why a mapping cannot run on a machine. Small, so that a search can drop a
/// million mappings without building a text for each.
struct MappingFault {
  enum class Kind : uint8_t {
    None,
    BadIndex,        ///< Loop `loop` names a dimension or axis that is not.
    BadTile,         ///< Tile `found` of loop `loop` is not at least 1.
    LeftOver,        ///< `found` of dimension `dim` inside its last loop.
    AxisTooSmall,    ///< Axis `axis` takes `found` positions, has `expected`.
    BadShape,        ///< Not one residence for each operand and memory.
    BadResidence,    ///< Of `operand` in `memory`: `found`, at most `expected`.
    NotHeld,         ///< `memory` does not hold the role of `operand`.
    OutermostBypass, ///< `memory` must hold all of `operand`.
    InstancesCrossed, ///< `memory` has more instances than one inside of it.
    OutermostShared,  ///< The outermost `memory` must have one instance.
    Dataflow,         ///< The machine's control cannot run this loop order.
    Capacity,         ///< Tiles in `memory` take `found` bytes of `expected`.
    Empty,            ///< Dimension `dim` of the workload has no iterations.
    Uncountable,      ///< The index of `operand` is too irregular to count.
  };
  Kind kind = Kind::None;
  unsigned operand = 0, memory = 0, loop = 0, dim = 0, axis = 0;
  double found = 0, expected = 0;

  /// A sentence for the user, with the machine's names, found and expected.
  std::string describe(const MachineDesc &machine) const;
};

/// Elements that cross one port of a memory, over one run of the workload.
struct Flow {
  double elements = 0; ///< Of all instances together.
  /// Of all instances, with the density and the stored width of the elements,
  /// each request rounded up to `accessBytes`.
  double bytes = 0;
  /// Of the instance at position 0, the busiest one; 0 where the memory's
  /// bandwidth is not stated. Requests for rows (Workload::TileRows) take whole
  /// cycles, and count as what the memory moves in these.
  double busiestBytes = 0;
  /// Of these, with the first tile of the inner memory; 0 if that memory has
  /// no second buffer. The last tile of an output counts as much.
  double firstBytes = 0;
};

/// One operand in one memory. All zero where the memory does not hold it.
struct Traffic {
  Flow fills; ///< Written, from the next outer memory that holds the operand.
  Flow reads; ///< Read towards the inside. Of outputs: partial sums returning.
  Flow updates;            ///< Written from the inside; of outputs only.
  Flow drains;             ///< Read, to be written outwards; of outputs only.
  double tileElements = 0; ///< Of the largest tile of one instance.
  double tileBytes = 0;    ///< As stored, not rounded to `accessBytes`.
  /// Bytes that wires carry from here inwards: once for each instance or
  /// position that they go to. 0 where the machine has no such energy.
  double deliveredBytes = 0;
};

/// Everything that a mapping moves and does.
struct AccessCounts {
  unsigned memories = 0;
  llvm::SmallVector<Traffic, 12> traffic; ///< [operand * memories + memory]
  /// Temporal iterations, one after the other; edge tiles count as they are.
  double steps = 0;
  /// The same over the dimensions that are not reduced.
  double resultSteps = 0;
  double operations = 0; ///< Arithmetic operations, all positions together.
  double positions = 1;  ///< Of the array that are used, at most.
  /// Of a crossbar, over all steps: rows that are driven, and columns (of whole
  /// weights) that are read, of all instances.
  double rowsDriven = 0;
  double columnsRead = 0;

  Traffic &at(unsigned operand, unsigned memory) {
    return traffic[operand * memories + memory];
  }
  const Traffic &at(unsigned operand, unsigned memory) const {
    return traffic[operand * memories + memory];
  }
};

/// What crosses the boundary between a memory and the next outer one that
/// holds the operand, in elements over one run. Of an output, the way out.
struct Crossing {
  /// Arriving in the inner memory, all instances together; a datum wanted by
  /// n instances counts n times.
  double inner = 0;
  /// Leaving the outer memory: a datum that is multicast (or summed on its way
  /// out) counts once.
  double outer = 0;
  double tileElements = 0; ///< Largest tile of one inner instance.
};

/// Counts for one workload on one machine. Both must outlive it. Its member
/// functions are pure and may run on any thread.
class AccessModel {
public:
  AccessModel(const Workload &workload, const MachineDesc &machine);

  /// The innermost boundary: from a memory to the arithmetic itself.
  static constexpr int arithmetic = -1;

  /// Whether the mapping is legal; does not look at capacities.
  bool check(const Mapping &mapping, MappingFault &fault) const;

  /// check, and the counts, and the capacities. False: `fault` says why.
  bool count(const Mapping &mapping, AccessCounts &counts,
             MappingFault &fault) const;
  /// What `operand` alone moves under a legal mapping; everything else in
  /// `counts` is zero. False if its tiles are too irregular to be counted.
  bool countOperand(const Mapping &mapping, unsigned operand,
                    AccessCounts &counts) const;

  /// Which operand a legal mapping keeps in place in the innermost loop that
  /// goes from step to step, as machine files name it ("weight_stationary");
  /// the first of those that the machine can, empty if it is none of them.
  llvm::StringRef dataflowOf(const Mapping &mapping) const;
  /// Dimensions whose loop one of the machine's dataflows can run innermost
  /// from step to step, as bits; all if it names none.
  uint64_t innermostDims() const;

  /// What operand `operand` moves across one boundary, when its tile in memory
  /// `inner` (or `arithmetic`) lies inside of `residence` loops of
  /// `mapping.loops` and the next outer memory that holds it is `outer`. It
  /// depends on nothing else: not on other operands, and not on where the
  /// tiles of further memories begin. Thus tables of crossings price every
  /// choice of residence for a list of loops:
  ///   inputs, weights:  fills of inner = crossing.inner, reads of outer =
  ///                     crossing.outer
  ///   outputs:          drains of inner = crossing.inner, updates of outer =
  ///                     crossing.outer; and where no two instances hold sums
  ///                     of the same element: fills of inner = reads of outer
  ///                     = crossing.outer - wholeElements(operand)
  /// `mapping.residence` is not read. The loops must be legal. False if the
  /// operand's index cannot be counted.
  bool crossing(const Mapping &mapping, unsigned operand, int inner,
                unsigned outer, int residence, Crossing &result) const;

  //===-- Lower bounds ----------------------------------------------------===//

  /// The memory that has all of `operand` before and after.
  unsigned homeOf(unsigned operand) const {
    int home = workload.operands[operand].home;
    return home < 0 ? unsigned(machine.memories.size() - 1) : unsigned(home);
  }
  bool isOutermost(unsigned memory) const {
    return memory + 1 == machine.memories.size();
  }

  /// Distinct elements of the whole operand: no boundary is crossed by less.
  double wholeElements(unsigned operand) const { return whole[operand]; }
  /// Distinct elements of a tile with these extents, one for each dimension.
  /// Grows with every extent.
  double tileElements(unsigned operand, llvm::ArrayRef<int64_t> extents) const;
  /// No mapping takes fewer steps.
  double leastSteps() const;

  const Workload &workload;
  const MachineDesc &machine;

  /// Dimensions that move a common part of an operand's index. An element is
  /// named by the sum of coefficient * index.
  struct Component {
    llvm::SmallVector<unsigned, 4> dims;
    llvm::SmallVector<int64_t, 4> coefficients;
    bool isInjective = true; ///< No two index tuples name the same element.
  };
  /// What an operand's index looks like.
  struct Shape {
    llvm::SmallVector<Component, 4> components;
    uint64_t movers = 0; ///< Bit d: dimension d moves the operand.
    bool isCountable = true;
    bool moves(unsigned dim) const { return movers >> dim & 1; }
  };
  const Shape &shapeOf(unsigned operand) const { return shapes[operand]; }

private:
  llvm::SmallVector<Shape, 4> shapes;
  llvm::SmallVector<double, 6> whole;
};

} // namespace aicc

#endif // AICC_ENERGY_ACCESSCOUNTS_H
