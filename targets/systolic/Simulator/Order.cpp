//===- Order.cpp - Which instruction is complete before which -------------===//

#include "targets/systolic/Simulator/Order.h"
#include "targets/systolic/Isa/Fields.h"

using namespace aicc::systolic;

void Order::begin(const Program &newProgram, const Entry &newEntry,
                  const Segment *newSegments, size_t numSegments) {
  program = &newProgram;
  entry = &newEntry;
  segments = newSegments;
  const MachineConfig &machine = program->machine;
  std::vector<Row> &kept = memories[unsigned(Space::Scratchpad)];
  kept.resize(machine.scratchpadRows);
  for (Row &row : kept)
    row = {row.writer ? Row::before : 0, {}};
  memories[unsigned(Space::Weights)].assign(machine.weightRows, {});
  memories[unsigned(Space::Accumulator)].assign(machine.accumulatorRows, {});
  known = {};
  for (std::vector<uint32_t> &numbers : started)
    numbers.clear();
  for (auto &from : tokens)
    for (std::deque<Token> &queue : from)
      queue.clear();
  for (Transfers *transfers : {&loads, &stores}) {
    transfers->of.assign(numSegments, {});
    transfers->segments.clear();
  }
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// The token of `from` that the current instruction waits for is not there.
std::string Order::withoutToken(unsigned from) const {
  std::string text = current->describe() + ": waits for a token of " +
                     std::string(nameOf(Queue(from))) +
                     ", and no instruction before it gives one";
  uint64_t end = uint64_t(entry->first) + entry->count;
  for (uint64_t i = current->index() + 1; i < end; ++i) {
    const Instruction &later = program->instructions[i];
    if (queueOf(later.opcode) == Queue(from) && later.signals >> unit & 1)
      return text + " (instruction " + std::to_string(i) + " (" +
             std::string(mnemonicOf(later.opcode)) + ") does, too late)";
  }
  return text;
}

bool Order::start(const Sequence &sequence, std::string &error) {
  const Instruction &instruction = sequence.instruction();
  current = &sequence;
  unit = unsigned(*queueOf(instruction.opcode));
  started[unit].push_back(uint32_t(sequence.number()));
  Clock &clock = known[unit];
  // Instructions of the unit are ordered among themselves.
  clock[unit] = UINT32_MAX;
  for (unsigned from = 0; from < numQueues; ++from) {
    if (!(instruction.waits >> from & 1))
      continue;
    std::deque<Token> &given = tokens[from][unit];
    if (given.empty()) {
      error = withoutToken(from);
      return false;
    }
    for (unsigned q = 0; q < numQueues; ++q)
      clock[q] = std::max(clock[q], given.front().clock[q]);
    given.pop_front();
  }
  return true;
}

void Order::complete() {
  uint8_t signals = current->instruction().signals;
  if (!signals)
    return;
  Token token{uint32_t(current->number()), known[unit]};
  // Units complete in order: all before it are complete too.
  token.clock[unit] = uint32_t(started[unit].size());
  for (unsigned to = 0; to < numQueues; ++to)
    if (signals >> to & 1)
      tokens[unit][to].push_back(token);
}

bool Order::fence(const Sequence &sequence, std::string &error) {
  for (unsigned from = 0; from < numQueues; ++from)
    for (unsigned to = 0; to < numQueues; ++to)
      if (!tokens[from][to].empty()) {
        error = sequence.describe() + ": nothing took the token that " +
                describe(tokens[from][to].front().number) + " gave " +
                std::string(nameOf(Queue(to)));
        return false;
      }
  for (Clock &clock : known)
    for (unsigned q = 0; q < numQueues; ++q)
      clock[q] = uint32_t(started[q].size());
  return true;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

std::string Order::raceOf(const char *does, const std::string &what,
                          unsigned other, uint32_t number,
                          const char *did) const {
  return current->describe() + " " + does + " " + what + ", which " +
         describe(started[other][number - 1]) + " " + did +
         ", and no token orders them";
}

bool Order::racesWithReaders(const Row &row, unsigned &other) const {
  const Clock &clock = known[unit];
  for (other = 0; other < numQueues; ++other)
    if (row.readers[other] > clock[other])
      return true;
  return false;
}

bool Order::rows(Space space, uint64_t first, uint64_t count, Access access,
                 std::string &error) {
  static constexpr const char *names[] = {"scratchpad", "weight memory",
                                          "accumulator"};
  const Clock &clock = known[unit];
  uint32_t number = uint32_t(started[unit].size());
  Row *row = memories[unsigned(space)].data() + first;
  auto what = [&](const Row *row) {
    return std::string(names[unsigned(space)]) + " row " +
           std::to_string(row - memories[unsigned(space)].data());
  };
  const char *does = access == Access::Read ? "reads" : "writes";
  for (Row *end = row + count; row != end; ++row) {
    uint32_t writer = row->writer;
    if (access != Access::Write && !writer) {
      error = current->describe() + ": reads " + what(row) +
              ", which nothing wrote";
      return false;
    }
    if (writer >> 2 > clock[writer & 3]) {
      error = raceOf(does, what(row), writer & 3, writer >> 2, "writes");
      return false;
    }
    if (access == Access::Read) {
      row->readers[unit] = number;
      continue;
    }
    if (unsigned other; racesWithReaders(*row, other)) {
      error = raceOf(does, what(row), other, row->readers[other], "reads");
      return false;
    }
    // What comes after this comes after those readers, too.
    row->writer = number << 2 | unit;
    row->readers = {};
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Bytes of segments
//===----------------------------------------------------------------------===//

void Footprint::simplify() {
  if (walk.stride0 < 0) {
    walk.base += int64_t(walk.count0 - 1) * walk.stride0;
    walk.stride0 = -walk.stride0;
  }
  if (walk.stride1 < 0) {
    walk.base += int64_t(walk.count1 - 1) * walk.stride1;
    walk.stride1 = -walk.stride1;
  }
  for (int level = 0; level < 2; ++level) {
    if (walk.count0 == 1 || uint64_t(walk.stride0) <= width) {
      width += uint64_t(walk.stride0) * (walk.count0 - 1);
      walk.count0 = walk.count1;
      walk.stride0 = walk.stride1;
      walk.count1 = 1;
      walk.stride1 = 0;
    }
  }
}

bool Footprint::overlaps(const Footprint &other) const {
  for (uint64_t i1 = 0; i1 < walk.count1; ++i1)
    for (uint64_t i0 = 0; i0 < walk.count0; ++i0)
      for (uint64_t j1 = 0; j1 < other.walk.count1; ++j1) {
        // Rows of the other start at s, s + stride0 ...: the first one that
        // ends behind our start must start before our end. Strides are not
        // negative.
        int64_t start = walk.at(i1, i0), stop = start + int64_t(width);
        int64_t first = other.walk.at(j1, 0);
        int64_t behind = start - int64_t(other.width) - first;
        int64_t j0 = 0;
        if (behind >= 0)
          j0 = other.walk.stride0 ? behind / other.walk.stride0 + 1
                                  : int64_t(other.walk.count0);
        if (j0 < int64_t(other.walk.count0) &&
            first + j0 * other.walk.stride0 < stop)
          return true;
      }
  return false;
}

bool Order::aliases(uint32_t a, uint32_t b) const {
  if (a == b)
    return true;
  auto begin = [&](uint32_t i) { return uintptr_t(segments[i].data); };
  return begin(a) < begin(b) + segments[b].bytes &&
         begin(b) < begin(a) + segments[a].bytes;
}

bool Order::bytes(uint32_t segment, Footprint footprint, bool write,
                  uint64_t &steps, std::string &error) {
  footprint.simplify();
  unsigned otherUnit = unsigned(write ? Queue::Load : Queue::Store);
  uint32_t complete = known[unit][otherUnit];
  auto charge = [&](uint64_t cost) {
    if (cost > steps) {
      error = current->describe() + ": no steps are left";
      return false;
    }
    steps -= cost;
    return true;
  };
  Transfers &others = write ? loads : stores;
  for (uint32_t other : others.segments) {
    if (!aliases(segment, other))
      continue;
    std::deque<Transfer> &transfers = others.of[other];
    while (!transfers.empty() && transfers.front().number <= complete)
      transfers.pop_front();
    // Both as offsets in the other one, for segments that overlap.
    Footprint mine = footprint;
    mine.walk.base += int64_t(uintptr_t(segments[segment].data) -
                              uintptr_t(segments[other].data));
    for (const Transfer &transfer : transfers) {
      bool near = mine.isNear(transfer.footprint);
      if (!charge(1 + (near ? mine.cost(transfer.footprint) : 0)))
        return false;
      if (!near || !mine.overlaps(transfer.footprint))
        continue;
      error = raceOf(write ? "writes" : "reads",
                     "bytes of segment " + std::to_string(segment), otherUnit,
                     transfer.number, write ? "reads" : "writes");
      return false;
    }
  }
  Transfers &own = write ? stores : loads;
  std::deque<Transfer> &mine = own.of[segment];
  if (mine.empty() && std::find(own.segments.begin(), own.segments.end(),
                                segment) == own.segments.end())
    own.segments.push_back(segment);
  // What the other unit knows to be complete will never race with it.
  while (!mine.empty() && mine.front().number <= known[otherUnit][unit])
    mine.pop_front();
  mine.push_back({uint32_t(started[unit].size()), footprint});
  return true;
}
