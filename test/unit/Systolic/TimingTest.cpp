//===- TimingTest.cpp - Cycles, counted by hand ---------------------------===//
//
// rows 4, cols 6: the skew of the array is 8. DRAM: 8 bytes a cycle in accesses
// of 8 bytes, so that a row of up to 8 aligned bytes takes one cycle.
//
//===----------------------------------------------------------------------===//

#include "test/unit/Systolic/Testing.h"

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

RunResult timesOf(const std::string &lines,
                  const MachineConfig &machine = smallMachine()) {
  Launch run(machine);
  run.segment(std::vector<uint8_t>(65536)).segment(std::vector<uint8_t>(65536));
  EXPECT_TRUE(run.text(lines)) << run.error;
  return run.result;
}

uint64_t cyclesOf(const std::string &lines,
                  const MachineConfig &machine = smallMachine()) {
  return timesOf(lines, machine).cycles;
}

TEST(SystolicTiming, Dispatcher) {
  EXPECT_EQ(cyclesOf(""), 1u);
  // Read in 0 and in 1.
  EXPECT_EQ(cyclesOf("fence"), 2u);
  // Dispatched in 0, under way in 1; halt goes on in 2.
  EXPECT_EQ(cyclesOf("load.config"), 2u);
  EXPECT_EQ(cyclesOf("load.config\nload.config\nstore.config"), 4u);
  // The fence, read in 1, goes on in 2: the second one runs in 3.
  EXPECT_EQ(cyclesOf("load.config\nfence\nload.config"), 4u);
}

TEST(SystolicTiming, QueuesHoldTheirDepth) {
  MachineConfig machine = smallMachine();
  machine.queueDepth = 1;
  // The fill starts in 1 and takes 5. The second instruction, dispatched in 2
  // (the place is free from 2 on), runs in 6; the third one is dispatched in 7
  // and runs in 8.
  std::string lines = "load.fill rows=5x1\nload.config\nload.config";
  EXPECT_EQ(cyclesOf(lines, machine), 9u);
  // With two places the third is dispatched in 3 and runs in 7; with three,
  // in 2.
  machine.queueDepth = 2;
  EXPECT_EQ(cyclesOf(lines, machine), 8u);
  // Other units wait behind the dispatcher: store's is dispatched in 8, after
  // load's third.
  machine.queueDepth = 1;
  EXPECT_EQ(cyclesOf(lines + "\nstore.config", machine), 10u);
}

TEST(SystolicTiming, RowsOfTheDram) {
  // Config in 1, rows from 2 on.
  std::string config = "load.config stride0=8\n";
  EXPECT_EQ(cyclesOf(config + "load.in rows=10x1 columns=4"), 12u);
  // Bytes 6 to 9 touch two accesses: 2 cycles.
  EXPECT_EQ(cyclesOf(config + "load.in offset=6 rows=10x1 columns=4"), 22u);
  // Two blocks are one request of 12 bytes, two accesses.
  EXPECT_EQ(cyclesOf("load.config stride0=16\nload.place block=20\n"
                     "load.in rows=10x1 columns=12"),
            23u);
  MachineConfig machine = smallMachine();
  machine.dramBytesPer256Cycles = 6 * 256;
  // 8 / 6 cycles: 65536 x 8 / 1536 = 341.33, 342 parts of a cycle. Row i asks
  // when row i - 1 is done: rows end in parts 854 (from 512 on), 1366, 1878
  // ...: each takes two cycles.
  EXPECT_EQ(cyclesOf(config + "load.in rows=10x1 columns=4", machine), 22u);
  machine.dramBytesPer256Cycles = 64 * 256;
  // A row takes a cycle at least.
  EXPECT_EQ(cyclesOf(config + "load.in rows=10x1 columns=4", machine), 12u);
}

TEST(SystolicTiming, LoadAndStoreShareTheDram) {
  // What is dispatched in which cycle, and when it runs:
  std::string lines = "load.config stride0=8\n"                    // 0: 1
                      "store.config segment=1 stride0=8\n"         // 1: 2
                      "load.fill to=sp[0] rows=4x1 signal=store\n" // 2: 3..6
                      "load.in to=sp[10] rows=10x1 columns=4\n"    // 3: 7..
                      "store.out from=sp[0] rows=4x1 columns=4 wait=load\n";
  // Both start in 7. Row 1 of load ends in 7; row 1 of store, asked in 7 too,
  // in 8; row 2 of load, asked in 8, in 9; of store, asked in 9, in 10 ...:
  // load has 7, 9, 11, 13, 14 .. 19.
  RunResult shared = timesOf(lines);
  EXPECT_EQ(shared.cycles, 21u);
  EXPECT_EQ(shared.units[unsigned(Queue::Load)].waitingForDram, 4u);
  EXPECT_EQ(shared.units[unsigned(Queue::Store)].waitingForDram, 4u);
  EXPECT_EQ(shared.units[unsigned(Queue::Store)].busy, 9u);
  MachineConfig machine = smallMachine();
  machine.dramIsShared = 0;
  RunResult apart = timesOf(lines, machine);
  EXPECT_EQ(apart.cycles, 17u);
  EXPECT_EQ(apart.units[unsigned(Queue::Load)].waitingForDram, 0u);
}

TEST(SystolicTiming, TokensArriveInTheCycleAfter) {
  // The fill runs in 1 to 3, the store's config in 4.
  RunResult result = timesOf("load.fill rows=3x1 signal=store\n"
                             "store.config wait=load");
  EXPECT_EQ(result.cycles, 5u);
  // It could have started in 2.
  EXPECT_EQ(result.units[unsigned(Queue::Store)].waitingForTokens, 2u);
}

/// Fills what the products below read, until cycle 71; the array's first
/// instruction is then dispatched in 72 and starts in 73.
const std::string fills = "load.config fill=1\n"
                          "load.fill to=sp[0] rows=69x1\nfence\n";

TEST(SystolicTiming, FillsTakeOneCycleARow) {
  // The fill runs in 2 to 70; the fence goes on in 71.
  EXPECT_EQ(cyclesOf(fills), 72u);
}

TEST(SystolicTiming, OneProduct) {
  // Weights from 72 on (dispatched in 71), 4 cycles; the multiply of 7 rows
  // starts in 76 and takes 7 + 8.
  RunResult result =
      timesOf(fills + "execute.weights from=sp[0] k=4 n=6\n"
                      "execute.multiply a=sp[4] c=acc[0] rows=7x1 k=4");
  EXPECT_EQ(result.cycles, 76u + 15);
  // The closed form of the weight stationary array: M + 2 rows + cols - 2.
  EXPECT_EQ(result.computeCycles, 7u + 8 + 6 - 2);
  EXPECT_EQ(result.cycles - 72, result.computeCycles);
  EXPECT_EQ(result.stallCycles, 0u);
}

TEST(SystolicTiming, WeightsLoadBesideAProduct) {
  // Multiply of 7 from 76 on. The next weights start in 77, are there in 81,
  // but rows enter until 82: the second multiply starts in 83.
  RunResult result =
      timesOf(fills + "execute.weights from=sp[0] k=4 n=6\n"
                      "execute.multiply a=sp[4] c=acc[0] rows=7x1 k=4\n"
                      "execute.weights from=sp[0] k=4 n=6\n"
                      "execute.multiply a=sp[4] c=acc[0]+ rows=7x1 k=4");
  EXPECT_EQ(result.cycles, 83u + 15);
  EXPECT_EQ(result.computeCycles, 2u * (7 + 8 + 6 - 2));
  // One row only: the second multiply waits for its weights, until 81.
  EXPECT_EQ(cyclesOf(fills + "execute.weights from=sp[0] k=4 n=6\n"
                             "execute.multiply a=sp[4] c=acc[0] rows=1x1 k=4\n"
                             "execute.weights from=sp[0] k=4 n=6\n"
                             "execute.multiply a=sp[4] c=acc[0]+ rows=1x1 k=4"),
            81u + 9);
}

TEST(SystolicTiming, OutputStationary) {
  // The outer of 10 starts in 72, its sums are there in 72 + 10 + 8 = 90, and
  // are flushed until 93.
  RunResult result =
      timesOf(fills + "execute.outer a=sp[0] b=sp[10] rows=10x1 clear=1\n"
                      "execute.flush c=acc[0] m=4 n=6");
  EXPECT_EQ(result.cycles, 94u);
  EXPECT_EQ(result.computeCycles, 10u + 8);
  // The next outer starts in 91, while the flush runs (from 90 on).
  result = timesOf(fills + "execute.outer a=sp[0] b=sp[10] rows=10x1 clear=1\n"
                           "execute.flush c=acc[0] m=4 n=6\n"
                           "execute.outer a=sp[0] b=sp[10] rows=10x1 clear=1\n"
                           "execute.outer a=sp[0] b=sp[10] rows=10x1\n"
                           "execute.flush c=acc[0]+ m=4 n=6");
  EXPECT_EQ(result.cycles, 91u + 20 + 8 + 4);
  EXPECT_EQ(result.computeCycles, 10u + 8 + 20 + 8);
}

TEST(SystolicTiming, TheArrayCompletesInOrder) {
  // The multiply starts in 76 and is complete at the end of 90; the config,
  // done in 77, gives its token with the end of 91; store's config runs in 92.
  std::string lines = fills + "execute.weights from=sp[0] k=4 n=6\n"
                              "execute.multiply a=sp[4] c=acc[0] rows=7x1 k=4\n"
                              "execute.config signal=store\n"
                              "store.config wait=execute";
  EXPECT_EQ(cyclesOf(lines), 93u);
}

TEST(SystolicTiming, StallsOfTheArray) {
  // Weights in 72 to 75, and nothing until the token of the fill (of 30 rows
  // from 74 on: dispatched in 73, until 103): the multiply starts in 104.
  RunResult result =
      timesOf(fills + "execute.weights from=sp[0] k=4 n=6\n"
                      "load.config\n"
                      "load.fill to=sp[100] rows=30x1 signal=execute\n"
                      "execute.multiply a=sp[100] c=acc[0] rows=7x1 k=4 "
                      "wait=load");
  EXPECT_EQ(result.cycles, 104u + 15);
  EXPECT_EQ(result.stallCycles, 104u - 76);
  EXPECT_EQ(result.units[unsigned(Queue::Execute)].busy, 4u + 15);
}

TEST(SystolicTiming, StoreAndVectorTakeOneCycleARow) {
  std::string ready = "load.fill to=sp[0] rows=100x1\n" // 1 .. 100
                      "load.fill to=acc[0] rows=20x1\n" // 101 .. 120
                      "fence\n";                        // goes on in 121
  EXPECT_EQ(cyclesOf(ready), 122u);
  EXPECT_EQ(cyclesOf(ready + "store.quantize scales=acc[0]\n"
                             "store.keep to=sp[0] from=acc[1] rows=9x1 "
                             "columns=6"),
            123u + 9);
  // ceil(256 / 6) rows.
  EXPECT_EQ(cyclesOf(ready + "vector.table from=sp[0]"), 122u + 43);
  EXPECT_EQ(cyclesOf(ready + "vector.config from_stride0=1 to_stride0=1\n"
                             "vector.copy to=sp[50] from=sp[0] rows=5x4"),
            123u + 20);
}

/// Stall free cycles of M x K by K x N on an a x a array: the closed form of
/// SCALE-Sim, weight stationary C(K) C(N) (M + 3a - 2) and output stationary
/// C(M) C(N) (K + 2a - 2).
TEST(SystolicTiming, ComputeCyclesAreTheClosedForm) {
  auto ceiling = [](uint64_t x, uint64_t a) { return (x + a - 1) / a; };
  for (unsigned a : {1, 4, 16})
    for (auto [m, k, n] : {std::array<unsigned, 3>{1, 1, 1},
                           {5, 7, 9},
                           {49, 64, 33},
                           {100, 16, 16}}) {
      MachineConfig machine = smallMachine();
      machine.rows = machine.cols = a;
      std::string weight = "load.fill to=sp[0] rows=200x1\nfence\n";
      std::string output = weight;
      for (uint64_t fold = 0; fold < ceiling(k, a) * ceiling(n, a); ++fold) {
        std::string size = " k=" + std::to_string(std::min(a, k));
        weight +=
            "execute.weights from=sp[0]" + size + " n=1\n" +
            "execute.multiply a=sp[0] c=acc[0] rows=" + std::to_string(m) +
            "x1" + size + "\n";
      }
      for (uint64_t fold = 0; fold < ceiling(m, a) * ceiling(n, a); ++fold)
        output += "execute.outer a=sp[0] b=sp[0] rows=" + std::to_string(k) +
                  "x1 clear=1\nexecute.flush c=acc[0] m=1 n=1\n";
      RunResult result = timesOf(weight, machine);
      EXPECT_EQ(result.computeCycles,
                ceiling(k, a) * ceiling(n, a) * (m + 3 * a - 2));
      // Weights are loaded while rows go through: that is less.
      EXPECT_LE(result.cycles, 202 + 1 + result.computeCycles);
      EXPECT_EQ(timesOf(output, machine).computeCycles,
                ceiling(m, a) * ceiling(n, a) * (k + 2 * a - 2));
    }
}

} // namespace
