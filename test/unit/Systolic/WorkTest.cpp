//===- WorkTest.cpp - Whole programs, and programs with a token less ------===//

#include "test/unit/Systolic/Work.h"

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

/// Runs the program on the segments of the work; gives the output.
std::vector<uint8_t> outputOf(const Work &work, const Program &program,
                              RunResult &result, std::string &error) {
  Launch launch(program.machine);
  launch.segments = work.segments;
  launch.program(program);
  result = launch.result;
  error = launch.error;
  return launch.segments[work.output];
}

void expectRight(const Work &work) {
  RunResult result;
  std::string error;
  EXPECT_EQ(outputOf(work, work.program, result, error), work.expected);
  ASSERT_EQ(error, "") << disassemble(work.program);
  const MachineConfig &machine = work.program.machine;
  const Counts &counts = result.counts;
  EXPECT_EQ(counts.macs, work.macs);
  // No machine is faster than its array and its DRAM.
  EXPECT_GE(result.cycles, counts.arrayCycles);
  EXPECT_GE(result.cycles * machine.rows * machine.cols, counts.macs);
  uint64_t read = counts.dramReadBytes, written = counts.dramWriteBytes;
  uint64_t bytes =
      machine.dramIsShared ? read + written : std::max(read, written);
  EXPECT_GE(result.cycles * machine.dramBytesPer256Cycles, 256 * bytes);
  EXPECT_GE(read, counts.loadedBytes);
  EXPECT_GE(written, counts.storedBytes);
  for (const UnitTimes &unit : result.units)
    EXPECT_LE(unit.busy + unit.waitingForTokens, result.cycles);

  RunResult again;
  outputOf(work, work.program, again, error);
  EXPECT_EQ(again.cycles, result.cycles);
  EXPECT_EQ(again.counts, result.counts);
}

TEST(SystolicWork, Products) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    expectRight(randomProduct(random));
    ASSERT_FALSE(HasFailure()) << seed;
  }
}

TEST(SystolicWork, Convolutions) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    expectRight(randomConvolution(random));
    ASSERT_FALSE(HasFailure()) << seed;
  }
}

/// For each instruction and unit: who gives the token that it takes from there.
using Givers = std::vector<std::array<size_t, numQueues>>;

Givers giversOf(const Program &program) {
  Givers givers(program.instructions.size());
  std::vector<size_t> given[numQueues][numQueues];
  size_t taken[numQueues][numQueues] = {};
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction &instruction = program.instructions[i];
    std::optional<Queue> unit = queueOf(instruction.opcode);
    for (unsigned other = 0; unit && other < numQueues; ++other) {
      unsigned own = unsigned(*unit);
      if (instruction.waits >> other & 1)
        givers[i][other] = given[other][own].at(taken[other][own]++);
      if (instruction.signals >> other & 1)
        given[own][other].push_back(i);
    }
  }
  return givers;
}

/// Whether the tokens order the two: a search over the edges, apart from the
/// simulator's clocks.
bool isOrdered(const Program &program, size_t first, size_t second) {
  Givers givers = giversOf(program);
  std::vector<bool> after(program.instructions.size());
  std::array<bool, numQueues> unitAfter = {};
  for (size_t i = first; i <= second; ++i) {
    unsigned unit = unsigned(*queueOf(program.instructions[i].opcode));
    after[i] = i == first || unitAfter[unit];
    for (unsigned from = 0; from < numQueues && !after[i]; ++from)
      if (program.instructions[i].waits >> from & 1)
        after[i] = after[givers[i][from]];
    unitAfter[unit] = unitAfter[unit] || after[i];
  }
  return after[second];
}

struct Dropped {
  unsigned races = 0, redundant = 0;
};

/// Without any one of its tokens a program races, unless others say the same.
/// Without one of a token's two halves, it has lost count.
void dropTokens(const Work &work, Dropped &dropped) {
  RunResult result;
  std::string error;
  Givers givers = giversOf(work.program);
  auto outputOfLess = [&](const Program &less) {
    return outputOf(work, less, result, error);
  };
  for (size_t i = 0; i < work.program.instructions.size(); ++i)
    for (unsigned from = 0; from < numQueues; ++from) {
      if (!(work.program.instructions[i].waits >> from & 1))
        continue;
      Program less = work.program;
      size_t giver = givers[i][from];
      unsigned to = unsigned(*queueOf(less.instructions[i].opcode));
      less.instructions[i].waits &= ~(1 << from);
      outputOfLess(less);
      EXPECT_NE(error, "") << i << "\n" << disassemble(work.program);
      less.instructions[giver].signals &= ~(1 << to);
      std::vector<uint8_t> output = outputOfLess(less);
      if (isOrdered(less, giver, i)) {
        ++dropped.redundant;
        EXPECT_EQ(error, "");
        EXPECT_EQ(output, work.expected);
      } else {
        ++dropped.races;
        EXPECT_NE(error.find("and no token orders them"), std::string::npos)
            << i << " " << from << " " << error << "\n"
            << disassemble(work.program);
      }
      less.instructions[i].waits |= 1 << from;
      outputOfLess(less);
      EXPECT_NE(error, "") << i;
    }
}

TEST(SystolicWork, TokensAreNeeded) {
  Dropped dropped;
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937_64 random(seed);
    for (const Work &work : {randomProduct(random), randomConvolution(random)})
      if (work.program.instructions.size() < 250)
        dropTokens(work, dropped);
    ASSERT_FALSE(HasFailure()) << seed;
  }
  EXPECT_GT(dropped.races, 1000u);
  EXPECT_GT(dropped.redundant, 0u);
}

/// A program with one bit changed is refused, ends with an error, or runs; it
/// never does anything else.
TEST(SystolicWork, FlippedBits) {
  std::mt19937_64 random(3);
  Work work = randomConvolution(random);
  std::vector<uint8_t> bytes = serialize(work.program);
  unsigned refused = 0, failed = 0, ran = 0;
  for (size_t bit = 8 * 92; bit < 8 * bytes.size(); ++bit) {
    std::vector<uint8_t> changed = bytes;
    changed[bit / 8] ^= 1 << bit % 8;
    std::string error;
    std::optional<Program> program =
        deserialize(changed.data(), changed.size(), error);
    if (!program) {
      ++refused;
      EXPECT_NE(error, "");
      continue;
    }
    Launch launch(program->machine);
    launch.segments = work.segments;
    launch.limits.steps = 100000;
    bool good = launch.program(*program);
    ++(good ? ran : failed);
    EXPECT_EQ(good, launch.error.empty());
  }
  EXPECT_GT(refused, 100u);
  EXPECT_GT(failed, 100u);
  EXPECT_GT(ran, 10u);
}

} // namespace
