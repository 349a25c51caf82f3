//===- ErrorsTest.cpp - Programs that break the rules ---------------------===//

#include "test/unit/Systolic/Testing.h"

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

TEST(SystolicErrors, OperandsOutOfRange) {
  // clang-format off
  const std::pair<const char *, const char *> cases[] = {
      {"load.in to=sp[0] rows=0x1 columns=4",
       "instruction 0 (load.in): has 0x1 rows, expected at least 1x1"},
      {"load.in to=sp[0] rows=1x1",
       "instruction 0 (load.in): columns is 0, expected 1 to 65535"},
      {"load.in to=sp[255] rows=2x1 columns=4",
       "instruction 0 (load.in): writes rows 255 to 256 of the scratchpad, which has 256"},
      {"load.place block=4294967295\nload.in to=sp[0] rows=1x1 columns=7",
       "instruction 1 (load.in): writes rows 0 to 4294967295 of the scratchpad, which has 256"},
      {"load.place stride1=4294967295\nload.in to=wm[0] rows=1x16383 columns=1",
       "instruction 1 (load.in): writes rows 0 to 70360154226690 of the weight memory, which has 64"},
      {"load.in to=acc[0] rows=1x1 columns=4",
       "instruction 0 (load.in): the accumulator takes wide elements only"},
      {"load.config wide=1\nload.in to=sp[0] rows=1x1 columns=4",
       "instruction 1 (load.in): wide elements go to the accumulator only"},
      {"load.config segment=1\nload.in to=sp[0] rows=1x1 columns=4",
       "instruction 1 (load.in): segment 1 of 1"},
      {"load.in offset=1021 to=sp[0] rows=1x1 columns=4",
       "instruction 0 (load.in): reads bytes 1021 to 1024 of segment 0, which has 1024"},
      {"load.config stride0=-6\nload.in offset=17 to=sp[0] rows=4x1 columns=4",
       "instruction 1 (load.in): reads bytes -1 to 20 of segment 0, which has 1024"},
      {"load.config stride0=-2147483648 stride1=2147483647\n"
       "load.in offset=4294967295 to=sp[0] rows=65535x16383 columns=65535",
       "instruction 1 (load.in): reads bytes -140728898420737 to 35184372137983 of segment 0, which has 1024"},
      {"load.fill to=acc[120] rows=9x1",
       "instruction 0 (load.fill): writes rows 120 to 128 of the accumulator, which has 128"},
      {"execute.weights from=sp[0] k=5 n=6", "instruction 0 (execute.weights): k is 5, expected 1 to 4"},
      {"execute.weights from=sp[0] k=4 n=7", "instruction 0 (execute.weights): n is 7, expected 1 to 6"},
      {"execute.weights from=sp[253] k=4 n=6",
       "instruction 0 (execute.weights): reads rows 253 to 256 of the scratchpad, which has 256"},
      {"execute.multiply a=sp[0] c=acc[0] rows=1x1 k=4",
       "instruction 0 (execute.multiply): needs an execute.weights of its own before it"},
      {"execute.outer a=sp[0] b=sp[0] rows=1x1",
       "instruction 0 (execute.outer): adds to sums that nothing started: it must clear them"},
      {"execute.flush c=acc[0] m=1 n=1", "instruction 0 (execute.flush): needs an execute.outer before it"},
      {"execute.flush c=acc[0] m=5 n=1", "instruction 0 (execute.flush): m is 5, expected 1 to 4"},
      {"store.out from=sp[0] rows=1x1 columns=1",
       "instruction 0 (store.out): reads scratchpad row 0, which nothing wrote"},
      {"load.fill to=acc[0] rows=1x1\nfence\nstore.out from=acc[0] rows=1x1 columns=1",
       "instruction 2 (store.out): the scales (store.quantize) are in the scratchpad, expected the accumulator"},
      {"load.fill to=acc[0] rows=1x1\nfence\nstore.quantize scales=acc[0] low=1\nstore.out from=acc[0] rows=1x1 columns=1",
       "instruction 3 (store.out): low (store.quantize) is 1, above high, 0"},
      {"load.fill to=acc[0] rows=1x1\nfence\nstore.quantize raw=1\nstore.keep to=sp[0] from=acc[0] rows=1x1 columns=1",
       "instruction 3 (store.keep): raw words (store.quantize) do not fit in the scratchpad"},
      {"store.keep to=sp[0] from=acc[0] rows=1x1 columns=7",
       "instruction 0 (store.keep): columns is 7, expected 1 to 6"},
      {"vector.map to=sp[0] from=sp[0] rows=1x1", "instruction 0 (vector.map): needs a vector.table before it"},
      {"vector.table from=sp[214]",
       "instruction 0 (vector.table): reads rows 214 to 256 of the scratchpad, which has 256"},
      {"vector.sum to=acc[128] from=sp[0] rows=1x1",
       "instruction 0 (vector.sum): writes rows 128 to 128 of the accumulator, which has 128"},
  };
  // clang-format on
  for (auto [lines, expected] : cases)
    EXPECT_EQ(errorOfRun(lines), expected) << lines;
}

TEST(SystolicErrors, WhatTheMachineDoesNotHave) {
  MachineConfig machine = smallMachine();
  machine.weightRows = 0;
  EXPECT_EQ(errorOfRun("load.in to=wm[0] rows=1x1 columns=4", machine),
            "instruction 0 (load.in): writes rows 0 to 0 of the weight memory, "
            "which has 0");
  machine.dataflows = 1;
  EXPECT_EQ(
      errorOfRun("execute.outer a=sp[0] b=sp[0] rows=1x1 clear=1", machine),
      "instruction 0 (execute.outer): the machine's array is not output "
      "stationary");
  machine.dataflows = 2;
  EXPECT_EQ(
      errorOfRun("execute.weights from=sp[0] k=1 n=1", machine),
      "instruction 0 (execute.weights): the machine's array is not weight "
      "stationary");
}

/// A multiply takes its own weights, with as many rows.
TEST(SystolicErrors, WeightsAreUsedUp) {
  std::string ready = "load.fill to=sp[0] rows=9x1\nfence\n"
                      "execute.weights from=sp[0] k=2 n=2\n";
  EXPECT_EQ(
      errorOfRun(ready + "execute.multiply a=sp[0] c=acc[0] rows=1x1 k=3"),
      "instruction 3 (execute.multiply): k is 3, expected 1 to 2");
  EXPECT_EQ(errorOfRun(ready +
                       "execute.multiply a=sp[0] c=acc[0] rows=1x1 k=2\n"
                       "execute.multiply a=sp[0] c=acc[0] rows=1x1 k=2"),
            "instruction 4 (execute.multiply): needs an execute.weights of its "
            "own before it");
  EXPECT_EQ(errorOfRun("load.fill to=sp[0] rows=9x1\nfence\n"
                       "execute.outer a=sp[0] b=sp[0] rows=1x1 clear=1\n"
                       "execute.flush c=acc[0] m=1 n=1\n"
                       "execute.outer a=sp[0] b=sp[0] rows=1x1\n"),
            "instruction 4 (execute.outer): adds to sums that nothing started: "
            "it must clear them");
}

TEST(SystolicErrors, Races) {
  std::string fill = "load.fill to=sp[10] rows=9x1 signal=execute\n";
  std::string read = "execute.weights from=sp[12] k=2 n=2";
  EXPECT_EQ(errorOfRun(fill + read + " wait=load"), "");
  EXPECT_EQ(errorOfRun("load.fill to=sp[10] rows=9x1\n" + read),
            "instruction 1 (execute.weights) reads scratchpad row 12, which "
            "instruction 0 (load.fill) writes, and no token orders them");
  EXPECT_EQ(errorOfRun("load.fill to=sp[10] rows=9x1\nfence\n" + read), "");
  // Read, then written.
  EXPECT_EQ(errorOfRun(fill + read + " wait=load\nload.fill to=sp[9] rows=4x1"),
            "instruction 2 (load.fill) writes scratchpad row 12, which "
            "instruction 1 (execute.weights) reads, and no token orders them");
  EXPECT_EQ(errorOfRun(fill + read +
                       " wait=load signal=load\n"
                       "load.fill to=sp[9] rows=4x1 wait=execute"),
            "");
  // Written twice.
  EXPECT_EQ(errorOfRun("load.fill to=sp[0] rows=2x1 signal=vector\n"
                       "load.fill to=sp[5] rows=2x1\n"
                       "vector.copy to=sp[5] from=sp[0] rows=1x1 wait=load"),
            "instruction 2 (vector.copy) writes scratchpad row 5, which "
            "instruction 1 (load.fill) writes, and no token orders them");
}

TEST(SystolicErrors, OrderIsTransitive) {
  // load -> execute -> store: what store knows of load, it knows through
  // execute.
  std::string lines = "load.fill to=acc[0] rows=2x1 signal=execute\n"
                      "execute.config wait=load signal=store\n"
                      "store.quantize raw=1\n"
                      "store.out from=acc[0] rows=1x1 columns=1 wait=execute";
  EXPECT_EQ(errorOfRun(lines), "");
  // Not if execute gave its token before.
  EXPECT_EQ(errorOfRun("load.fill to=acc[0] rows=2x1 signal=execute\n"
                       "execute.config signal=store\n"
                       "execute.config wait=load\n"
                       "store.quantize raw=1\n"
                       "store.out from=acc[0] rows=1x1 columns=1 wait=execute"),
            "instruction 4 (store.out) reads accumulator row 0, which "
            "instruction 0 (load.fill) writes, and no token orders them");
}

TEST(SystolicErrors, RacesInSegments) {
  std::string ready = "load.fill to=sp[0] rows=20x1\nfence\n"
                      "store.config stride0=16\n";
  std::string store = "store.out offset=100 from=sp[0] rows=4x1 columns=6";
  EXPECT_EQ(errorOfRun(ready + store +
                       "\nload.in offset=153 to=sp[30] rows=1x1 columns=1"),
            "instruction 4 (load.in) reads bytes of segment 0, which "
            "instruction 3 (store.out) writes, and no token orders them");
  EXPECT_EQ(errorOfRun(ready + store +
                       " signal=load\nload.in offset=153 to=sp[30] rows=1x1 "
                       "columns=1 wait=store"),
            "");
  // Between the rows, and behind them.
  EXPECT_EQ(errorOfRun(ready + store +
                       "\nload.config stride0=16\nload.in offset=106 to=sp[30] "
                       "rows=4x1 columns=10"),
            "");
  // One byte of the last row.
  EXPECT_EQ(
      errorOfRun(ready + store +
                 "\nload.config stride0=-16\nload.in offset=154 to=sp[30] "
                 "rows=4x1 columns=11"),
      "instruction 5 (load.in) reads bytes of segment 0, which "
      "instruction 3 (store.out) writes, and no token orders them");
  // Read, then written.
  EXPECT_EQ(errorOfRun(ready +
                       "load.in offset=121 to=sp[30] rows=1x1 columns=1"
                       "\n" +
                       store),
            "instruction 4 (store.out) writes bytes of segment 0, which "
            "instruction 3 (load.in) reads, and no token orders them");
}

TEST(SystolicErrors, SegmentsThatOverlapAreTheSameBytes) {
  Launch launch;
  std::string error;
  std::optional<Program> program =
      assemble(machineText(launch.machine) +
                   ".entry \"e\" segments=2\n"
                   "load.fill to=sp[0] rows=1x1\nfence\n"
                   "store.config segment=0\n"
                   "store.out offset=20 from=sp[0] rows=1x1 columns=4\n"
                   "load.config segment=1\n"
                   "load.in offset=13 to=sp[1] rows=1x1 columns=4\nhalt\n",
               error);
  ASSERT_TRUE(program) << error;
  std::vector<uint8_t> bytes(64);
  auto run = [&](size_t second) {
    Segment segments[] = {{bytes.data(), 64, true},
                          {bytes.data() + second, 24, false}};
    std::unique_ptr<Simulator> simulator =
        Simulator::create(launch.machine, error);
    EXPECT_TRUE(simulator->load(*program, error)) << error;
    error.clear();
    simulator->run(0, segments, 2, launch.result, error);
    return error;
  };
  EXPECT_EQ(run(11), ""); // Bytes 24 to 27.
  EXPECT_EQ(run(10), "instruction 5 (load.in) reads bytes of segment 1, which "
                     "instruction 3 (store.out) writes, and no token orders "
                     "them");
  EXPECT_EQ(run(3), ""); // Bytes 16 to 19.
}

TEST(SystolicErrors, Tokens) {
  EXPECT_EQ(errorOfRun("execute.config wait=load"),
            "instruction 0 (execute.config): waits for a token of load, and no "
            "instruction before it gives one");
  // A circle: each waits for the other.
  EXPECT_EQ(
      errorOfRun("execute.config wait=load signal=load\n"
                 "load.config wait=execute signal=execute"),
      "instruction 0 (execute.config): waits for a token of load, and no "
      "instruction before it gives one (instruction 1 (load.config) does, "
      "too late)");
  EXPECT_EQ(errorOfRun("load.config signal=execute,store\n"
                       "execute.config wait=load"),
            "instruction 2 (halt): nothing took the token that instruction 0 "
            "(load.config) gave store");
  EXPECT_EQ(errorOfRun("load.config signal=execute\nfence\n"
                       "execute.config wait=load"),
            "instruction 1 (fence): nothing took the token that instruction 0 "
            "(load.config) gave execute");
}

TEST(SystolicErrors, CountersOverflow) {
  // Load gives one token a cycle while execute is kept waiting by vector, which
  // loads tables of 43 rows.
  auto lines = [](unsigned tokens) {
    std::string text = "load.fill to=sp[0] rows=43x1 signal=vector\n";
    for (unsigned i = 0; i < 2000; ++i)
      text += std::string("vector.table from=sp[0]") +
              (i == 0      ? " wait=load"
               : i == 1999 ? " signal=execute"
                           : "") +
              "\n";
    text += "execute.config wait=vector\n";
    for (unsigned i = 0; i < tokens; ++i)
      text += "load.config signal=execute\n";
    for (unsigned i = 0; i < tokens; ++i)
      text += "execute.config wait=load\n";
    return text;
  };
  MachineConfig machine = smallMachine();
  machine.queueDepth = 4000;
  EXPECT_EQ(errorOfRun(lines(65535), machine), "");
  EXPECT_EQ(
      errorOfRun(lines(65536), machine),
      "instruction 67538 (execute.config): more than 65535 tokens of load "
      "wait for it");
}

TEST(SystolicErrors, Launches) {
  std::string error;
  MachineConfig machine = smallMachine();
  std::unique_ptr<Simulator> simulator = Simulator::create(machine, error);
  ASSERT_TRUE(simulator) << error;
  machine.rows = 16;
  machine.clockKhz = 5;
  Program program = *assemble(
      machineText(machine) + ".entry \"e\" segments=1\nhalt\n", error);
  EXPECT_FALSE(simulator->load(program, error));
  EXPECT_EQ(error,
            "the program is for a machine with rows=16 clock_khz=5, this "
            "one has rows=4 clock_khz=1000000");
  RunResult result;
  EXPECT_FALSE(simulator->run(0, nullptr, 0, result, error));
  EXPECT_EQ(error, "entry 0 of a program with 0");
  program.machine = smallMachine();
  ASSERT_TRUE(simulator->load(program, error)) << error;
  EXPECT_FALSE(simulator->run(0, nullptr, 0, result, error));
  EXPECT_EQ(error, "entry 'e' takes 1 segments, 0 are given");
  program.entries[0].count = 2;
  EXPECT_FALSE(simulator->load(program, error));
  EXPECT_EQ(error, "entry 0 ends at instruction 2 of 1");

  machine.scratchpadRows = 1 << 24;
  machine.rows = 65535;
  EXPECT_EQ(Simulator::create(machine, error), nullptr);
  EXPECT_EQ(error, "the machine's memories take 1100047459088 bytes, the "
                   "simulator has 1073741824");
  machine.cols = 0;
  EXPECT_EQ(Simulator::create(machine, error), nullptr);
  EXPECT_EQ(error, "the machine's cols is 0, expected 1 to 65535");
}

TEST(SystolicErrors, SegmentsThatAreOnlyRead) {
  Launch launch;
  std::string error;
  std::unique_ptr<Simulator> simulator =
      Simulator::create(launch.machine, error);
  Program program = *assemble(machineText(launch.machine) +
                                  ".entry \"e\" segments=1\n"
                                  "load.fill to=sp[0] rows=1x1\nfence\n"
                                  "store.out from=sp[0] rows=1x1 columns=4\n"
                                  "halt\n",
                              error);
  ASSERT_TRUE(simulator->load(program, error)) << error;
  uint8_t bytes[4] = {};
  Segment segment{bytes, 4, false};
  EXPECT_FALSE(simulator->run(0, &segment, 1, launch.result, error));
  EXPECT_EQ(error,
            "instruction 2 (store.out): writes segment 0, which may only "
            "be read");
}

TEST(SystolicErrors, StepsAreLimited) {
  Launch launch;
  launch.limits.steps = 30;
  EXPECT_TRUE(launch.text("load.fill to=sp[0] rows=27x1")) << launch.error;
  EXPECT_FALSE(launch.text("load.fill to=sp[0] rows=30x1"));
  EXPECT_EQ(launch.error, "instruction 0 (load.fill): no steps are left");
}

} // namespace
