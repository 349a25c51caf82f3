//===- Order.h - Which instruction is complete before which -----*- C++ -*-===//
//
// Follows the tokens of a program in program order. An instruction knows, for
// each unit, how many of its instructions are complete before it starts: those
// that its tokens, the ones before it in its own unit, and fences tell of (a
// vector clock). Two accesses to the same row that no such knowledge orders are
// a race, whatever the times are.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_SIMULATOR_ORDER_H
#define TARGETS_SYSTOLIC_SIMULATOR_ORDER_H

#include "targets/systolic/Isa/Loops.h"
#include "targets/systolic/Simulator/Registers.h"
#include "targets/systolic/Simulator/Simulator.h"

#include <deque>

namespace aicc::systolic {

enum class Access : uint8_t { Read, Write, Update };

/// Bytes of a segment, in rows of `width`.
struct Footprint {
  Walk walk;
  uint64_t width = 0;

  /// Contiguous rows become one; strides are not negative then.
  void simplify();
  int64_t end() const { return walk.highest() + int64_t(width); }
  /// Whether there is a byte between the ends that both could touch.
  bool isNear(const Footprint &other) const {
    return end() > other.walk.lowest() && other.end() > walk.lowest();
  }
  bool overlaps(const Footprint &other) const;
  /// Steps that `overlaps` may take.
  uint64_t cost(const Footprint &other) const {
    return walk.rows() * other.walk.count1;
  }
};

class Order {
public:
  /// For an entry that begins: what is in the scratchpad stays, nothing else is
  /// written yet.
  void begin(const Program &program, const Entry &entry,
             const Segment *segments, size_t numSegments);

  /// The instruction takes its tokens. False and `error` if one is missing.
  bool start(const Sequence &sequence, std::string &error);
  /// It gives its tokens.
  void complete();
  /// All units are idle. False and `error` if tokens are left.
  bool fence(const Sequence &sequence, std::string &error);

  /// The current instruction touches rows [first, first + count), which are
  /// there. False and `error` for a race and for reading what nothing wrote.
  bool rows(Space space, uint64_t first, uint64_t count, Access access,
            std::string &error);
  /// The current instruction (of load: reading, of store: writing) touches
  /// bytes of a segment. Takes the steps of comparing off `steps`.
  bool bytes(uint32_t segment, Footprint footprint, bool write, uint64_t &steps,
             std::string &error);

  /// Nothing is written anywhere.
  void forget() { memories = {}; }

private:
  /// For each unit: its first n instructions are complete.
  using Clock = std::array<uint32_t, numQueues>;
  struct Token {
    uint32_t number; ///< Of the instruction that gave it, in the sequence.
    Clock clock;     ///< What who takes it knows.
  };
  /// Numbers of instructions within their unit, from 1; 0: none. They have 30
  /// bits (maximumDispatched).
  struct Row {
    /// Number 0, but written: by an entry that is done.
    static constexpr uint32_t before = 1;
    uint32_t writer = 0; ///< Number << 2 | unit.
    Clock readers = {};  ///< The last of each unit since it was written.
  };
  struct Transfer {
    uint32_t number;
    Footprint footprint;
  };

  std::string describe(uint32_t number) const {
    return systolic::describe(*program, *entry, number);
  }
  std::string withoutToken(unsigned from) const;
  std::string raceOf(const char *does, const std::string &what, unsigned unit,
                     uint32_t number, const char *did) const;
  bool racesWithReaders(const Row &row, unsigned &unit) const;
  bool aliases(uint32_t a, uint32_t b) const;

  const Program *program = nullptr;
  const Entry *entry = nullptr;
  const Segment *segments = nullptr;
  std::array<std::vector<Row>, 3> memories;
  std::array<Clock, numQueues> known;
  /// Numbers in the sequence of each unit's instructions.
  std::array<std::vector<uint32_t>, numQueues> started;
  /// [from][to].
  std::array<std::array<std::deque<Token>, numQueues>, numQueues> tokens;
  /// Of each segment: what load read and store wrote, which the other unit does
  /// not know to be complete.
  struct Transfers {
    std::vector<std::deque<Transfer>> of;
    std::vector<uint32_t> segments; ///< That ever had any.
  };
  Transfers loads, stores;

  /// At the instruction that was started last.
  const Sequence *current = nullptr;
  unsigned unit = 0; ///< Its unit.
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SIMULATOR_ORDER_H
