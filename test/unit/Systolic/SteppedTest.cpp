//===- SteppedTest.cpp - Cycles beside a model that counts them -----------===//
//
// The specification's section "Time" once more, as plainly as it can be said:
// one cycle after the other, counters of tokens, instructions under way in
// lists. The simulator jumps from event to event and must end in the same
// cycle.
//
//===----------------------------------------------------------------------===//

#include "test/unit/Systolic/Unroll.h"
#include "test/unit/Systolic/Work.h"

#include <deque>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

/// Loops are written out before.
class Stepped {
public:
  explicit Stepped(const Program &program)
      : program(program), machine(program.machine) {}

  uint64_t run() {
    for (cycle = 0;; ++cycle) {
      std::array<size_t, numQueues> places;
      for (unsigned unit = 0; unit < numQueues; ++unit)
        places[unit] = queues[unit].size();
      for (unsigned unit = 0; unit < numQueues; ++unit)
        start(unit);
      bool idle = complete();
      const Instruction &next = program.instructions[at];
      if (next.opcode == Opcode::Loop || next.opcode == Opcode::Step) {
        ++at;
        continue;
      }
      if (std::optional<Queue> unit = queueOf(next.opcode)) {
        if (places[unsigned(*unit)] < machine.queueDepth)
          queues[unsigned(*unit)].push_back({at++, cycle});
        continue;
      }
      if (!idle)
        continue;
      if (next.opcode == Opcode::Halt)
        return cycle + 1;
      ++at;
    }
  }

private:
  struct Item {
    size_t index;
    uint64_t when; ///< Dispatched, or done at the end of.
  };

  bool canStart(unsigned unit, const Instruction &instruction) const {
    for (unsigned from = 0; from < numQueues; ++from)
      if (instruction.waits >> from & 1 && tokens[from][unit] == 0)
        return false;
    switch (instruction.opcode) {
    case Opcode::ExecuteWeights:
      return cycle >= weightsDone;
    case Opcode::ExecuteMultiply:
      return cycle >= weightsDone && cycle >= rowsIn;
    case Opcode::ExecuteOuter:
      return cycle >= rowsIn;
    case Opcode::ExecuteFlush:
      return cycle >= drained;
    default:
      return unit == unsigned(Queue::Execute) || underWay[unit].empty();
    }
  }

  void start(unsigned unit) {
    if (rows[unit].active)
      return step(unit);
    if (queues[unit].empty() || queues[unit].front().when >= cycle)
      return;
    size_t index = queues[unit].front().index;
    const Instruction &instruction = program.instructions[index];
    if (!canStart(unit, instruction))
      return;
    queues[unit].pop_front();
    for (unsigned from = 0; from < numQueues; ++from)
      tokens[from][unit] -= instruction.waits >> from & 1;
    if (instruction.opcode == Opcode::LoadConfig)
      strides[unit][instruction.a16 & 3] = instruction;
    if (instruction.opcode == Opcode::StoreConfig)
      strides[unit][0] = instruction;
    if (instruction.opcode == Opcode::StoreQuantize)
      raw = instruction.b32 & 4;
    if (instruction.opcode == Opcode::LoadIn ||
        instruction.opcode == Opcode::StoreOut) {
      rows[unit] = {true, index, 0, cycle};
      return step(unit);
    }
    underWay[unit].push_back({index, cycle + length(instruction) - 1});
  }

  uint64_t length(const Instruction &instruction) {
    uint64_t count = uint64_t(instruction.a16) * instruction.b16;
    switch (instruction.opcode) {
    case Opcode::LoadFill:
      return (instruction.a16 >> 2) * instruction.b16;
    case Opcode::ExecuteWeights:
      weightsDone = cycle + instruction.b16;
      return instruction.b16;
    case Opcode::ExecuteOuter:
    case Opcode::ExecuteMultiply:
      rowsIn = cycle + count;
      drained = rowsIn + machine.rows + machine.cols - 2;
      return drained - cycle;
    case Opcode::ExecuteFlush:
      return instruction.b16;
    case Opcode::VectorTable:
      return (255 + machine.lanes()) / machine.lanes();
    default:
      return instruction.opcode == Opcode::StoreKeep ||
                     instruction.opcode >= Opcode::VectorMap
                 ? count
                 : 1;
    }
  }

  /// A request for a row is made in its first cycle; it is under way until the
  /// cycle in which it ends.
  void step(unsigned unit) {
    Rows &row = rows[unit];
    if (cycle < row.ask)
      return;
    const Instruction &instruction = program.instructions[row.index];
    bool store = instruction.opcode == Opcode::StoreOut;
    const Instruction &config = strides[unit][store ? 0 : instruction.a16 & 3];
    unsigned count0 = instruction.b16;
    unsigned count = count0 * (store ? instruction.a16 : instruction.a16 >> 2);
    bool words =
        store ? raw && instruction.b32 >> 30 == 2 : config.a16 >> 3 & 1;
    int64_t first = int64_t(instruction.a32) +
                    int32_t(config.a32) * int64_t(row.done % count0) +
                    int32_t(config.b32) * int64_t(row.done / count0);
    int64_t last = first + instruction.c16 * (words ? 4 : 1) - 1;
    int64_t access = machine.dramAccessBytes;
    uint64_t bytes = uint64_t(last / access - first / access + 1) * access;
    uint64_t parts = bytes * 65536 / machine.dramBytesPer256Cycles;
    parts += bytes * 65536 % machine.dramBytesPer256Cycles != 0;
    uint64_t &end = dram[machine.dramIsShared ? 0 : store];
    end = std::max(end, cycle * 256) + parts;
    // It ends in this cycle.
    uint64_t ends = (end - 1) / 256;
    row.ask = ends + 1;
    if (++row.done < count)
      return;
    row.active = false;
    underWay[unit].push_back({row.index, ends});
  }

  bool complete() {
    bool idle = true;
    for (unsigned unit = 0; unit < numQueues; ++unit) {
      std::deque<Item> &items = underWay[unit];
      if (!items.empty() && items.front().when <= cycle) {
        for (unsigned to = 0; to < numQueues; ++to)
          tokens[unit][to] +=
              program.instructions[items.front().index].signals >> to & 1;
        items.pop_front();
      }
      idle &= items.empty() && queues[unit].empty() && !rows[unit].active;
    }
    return idle;
  }

  struct Rows {
    bool active = false;
    size_t index = 0;
    unsigned done = 0;
    uint64_t ask = 0;
  };
  const Program &program;
  const MachineConfig &machine;
  uint64_t cycle = 0, weightsDone = 0, rowsIn = 0, drained = 0;
  size_t at = 0;
  bool raw = false;
  std::array<std::deque<Item>, numQueues> queues, underWay;
  std::array<Rows, numQueues> rows;
  std::array<std::array<Instruction, 4>, numQueues> strides;
  unsigned tokens[numQueues][numQueues] = {};
  uint64_t dram[2] = {};
};

uint64_t cyclesOf(const Program &program,
                  const std::vector<std::vector<uint8_t>> &segments) {
  Launch launch(program.machine);
  launch.segments = segments;
  EXPECT_TRUE(launch.program(program)) << launch.error << "\n"
                                       << disassemble(program);
  return launch.result.cycles;
}

TEST(SystolicStepped, Work) {
  unsigned compared = 0;
  for (unsigned seed = 1000; seed < 1250; ++seed) {
    std::mt19937_64 random(seed);
    for (const Work &work :
         {randomProduct(random), randomConvolution(random)}) {
      if (work.program.instructions.size() > 1500)
        continue;
      ++compared;
      ASSERT_EQ(cyclesOf(work.program, work.segments),
                Stepped(work.program).run())
          << seed << "\n"
          << disassemble(work.program);
    }
  }
  EXPECT_GT(compared, 400u);
}

/// Instructions of all units in any order, with any tokens. Each unit writes
/// rows of its own and reads rows that nobody writes, so that nothing races.
class Soup {
public:
  Soup(std::mt19937_64 &random, unsigned count)
      : random(random), machine(randomMachine(random)), out(machine, 2) {
    out.loadFill(0, row(Space::Scratchpad, 0), 1024, 1);
    out.loadFill(0, row(Space::Accumulator, 0), 512, 1);
    out.storeConfig(1, 16);
    out.quantize(row(Space::Accumulator, 0), 0, -128, 127);
    out.add(Opcode::Fence);
    for (unsigned i = 0; i < count; ++i)
      random() % 32 ? tokens(any()) : fence();
    drain();
    program = out.finish();
    addLoops();
  }
  Program program;

private:
  unsigned upTo(unsigned high) { return 1 + unsigned(random() % high); }
  LocalAddress row(Space space, unsigned first) {
    return LocalAddress::make(space, first);
  }

  /// Rows 0 to 99 are only read; each unit writes in 100 of its own.
  Instruction &any() {
    LocalAddress read = row(Space::Scratchpad, upTo(20));
    LocalAddress words = row(Space::Accumulator, upTo(20));
    unsigned count0 = upTo(6), count1 = upTo(6);
    switch (random() % 14) {
    case 0:
      return out.loadConfig(random() % 2, 0, int32_t(random() % 41) - 20,
                            int32_t(random() % 41) - 20);
    case 1:
    case 2:
      return out.loadIn(random() % 2, 500 + random() % 64,
                        row(Space::Scratchpad, 100 + random() % 80), count0,
                        count1, upTo(2 * machine.lanes()));
    case 3:
      return out.loadFill(0, row(Space::Scratchpad, 100), count0, 1);
    case 4:
      hasWeights = true;
      return out.weights(read, upTo(machine.rows), upTo(machine.cols));
    case 5:
      if (!hasWeights)
        return out.executeConfig(1, 2, 3);
      hasWeights = false;
      return out.multiply(read, row(Space::Accumulator, 100), count0, count1,
                          1);
    case 6: {
      Instruction &outer = out.outer(read, read, count0, !hasSums);
      hasSums = true;
      return outer;
    }
    case 7:
      if (!hasSums)
        return out.executeConfig(2, 1, 2);
      hasSums = false;
      return out.flush(row(Space::Accumulator, 100), upTo(machine.rows),
                       upTo(machine.cols));
    case 8:
      return out.storeConfig(1, int32_t(random() % 41) - 20,
                             int32_t(random() % 41) - 20);
    case 9:
    case 10:
      return out.storeOut(500 + random() % 64, random() % 2 ? read : words,
                          count0, count1, upTo(machine.cols));
    case 11:
      return out.storeKeep(row(Space::Scratchpad, 300), words, count0, 1,
                           upTo(machine.cols));
    case 12:
      return out.vector(Opcode::VectorSum, row(Space::Accumulator, 300), read,
                        count0, count1);
    default:
      return out.vector(Opcode::VectorCopy, row(Space::Scratchpad, 400), read,
                        count0, count1);
    }
  }

  void tokens(Instruction &instruction) {
    unsigned unit = unsigned(*queueOf(instruction.opcode));
    for (unsigned other = 0; other < numQueues; ++other) {
      if (other == unit)
        continue;
      if (given[other][unit] && random() % 2) {
        --given[other][unit];
        instruction.waits |= 1 << other;
      }
      if (random() % 4 == 0) {
        ++given[unit][other];
        instruction.signals |= 1 << other;
      }
    }
  }

  /// Takes all tokens.
  void drain() {
    for (unsigned from = 0; from < numQueues; ++from)
      for (unsigned to = 0; to < numQueues; ++to)
        while (given[from][to]) {
          --given[from][to];
          Opcode configs[] = {Opcode::LoadPlace, Opcode::ExecuteConfig,
                              Opcode::StorePlace, Opcode::VectorParameter};
          Instruction &instruction = out.add(configs[to]);
          instruction.waits = uint8_t(1 << from);
        }
  }
  void fence() {
    drain();
    out.add(Opcode::Fence);
    fences.push_back({out.size(), hasWeights, hasSums});
  }

  /// What is between two fences may run again if it finds the array as it
  /// did. Reads of a segment go on by a few bytes each time.
  void addLoops() {
    std::vector<Instruction> list = std::move(program.instructions), looped;
    size_t copied = 0;
    auto copyTo = [&](size_t end) {
      looped.insert(looped.end(), list.begin() + ptrdiff_t(copied),
                    list.begin() + ptrdiff_t(end));
      copied = end;
    };
    for (size_t i = 0; i + 1 < fences.size(); ++i) {
      const Fence &from = fences[i], &to = fences[i + 1];
      if (from.hasWeights != to.hasWeights || from.hasSums != to.hasSums ||
          to.end - from.end > 120 || copied > from.end)
        continue;
      copyTo(from.end);
      size_t loop = looped.size();
      looped.push_back({.opcode = Opcode::Loop, .a32 = upTo(4)});
      while (copied < to.end) {
        if (list[copied].opcode == Opcode::LoadIn)
          looped.push_back({.opcode = Opcode::Step, .a32 = upTo(9)});
        copyTo(copied + 1);
      }
      looped[loop].b16 = uint16_t(looped.size() - loop - 1);
    }
    copyTo(list.size());
    program.instructions = std::move(looped);
    program.entries[0].count = uint32_t(program.instructions.size());
  }

  std::mt19937_64 &random;
  MachineConfig machine;
  Builder out;
  bool hasWeights = false, hasSums = false;
  /// Behind which instruction, and what the array holds.
  struct Fence {
    size_t end;
    bool hasWeights, hasSums;
  };
  std::vector<Fence> fences;
  unsigned given[numQueues][numQueues] = {};
};

TEST(SystolicStepped, Soup) {
  std::vector<std::vector<uint8_t>> segments(2, std::vector<uint8_t>(1024));
  unsigned looped = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::mt19937_64 random(seed);
    Program program = Soup(random, 10 + seed).program;
    Program unrolled = unroll(program, /*withLoops=*/true);
    looped += unrolled.instructions.size() > program.instructions.size();
    ASSERT_EQ(cyclesOf(program, segments), Stepped(unrolled).run())
        << seed << "\n"
        << disassemble(program);
  }
  EXPECT_GT(looped, 100u);
}

} // namespace
