//===- TraceTest.cpp - Traces are what happened, as JSON ------------------===//

#include "targets/systolic/Simulator/Trace.h"
#include "test/unit/Systolic/Work.h"

#include <fstream>
#include <sstream>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

TEST(SystolicTrace, SlicesAndCounters) {
  Launch launch;
  launch.segment(std::vector<uint8_t>(64));
  Trace trace(launch.machine);
  // Three configurations in 1 to 3; rows of two accesses each, in 4 to 9.
  ASSERT_TRUE(
      launch.text("load.config stride0=16\nload.config channel=1\n"
                  "load.place block=10\n"
                  "load.in to=sp[0] rows=3x1 columns=10 signal=execute\n"
                  "execute.weights from=sp[0] k=3 n=2 wait=load\n",
                  &trace))
      << launch.error;
  std::string text = trace.text();
  EXPECT_NE(
      text.find(
          R"("tid":0,"ts":0.001,"dur":0.003,"name":"load.config and 2 more")"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          R"("tid":0,"ts":0.004,"dur":0.006,"name":"load.in","args":{"index":3,"start_cycle":4,"cycles":6,"text":"load.in channel=0 offset=0 to=sp[0] rows=3x1 columns=10 signal=execute"}})"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find(R"("tid":4,"ts":0.010,"dur":0.003,"name":"execute.weights")"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("name":"dram read","args":{"bytes per cycle":3.000})"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("tid":5,"ts":0.000,"dur":0.013,"name":"test")"),
            std::string::npos)
      << text;
}

/// Of the sink itself: the bytes of the counters are those that were counted,
/// and instructions lie within the entry.
class Recorder : public TraceSink {
public:
  void instruction(Queue queue, uint64_t index, const Instruction &instruction,
                   uint64_t start, uint64_t end) override {
    ++instructions[unsigned(instruction.opcode)];
    EXPECT_LT(start, end);
    last = std::max(last, end);
  }
  void dramRequest(bool write, uint64_t count, uint64_t start256,
                   uint64_t end256) override {
    bytes[write] += count;
    EXPECT_LT(start256, end256);
    last = std::max(last, (end256 + 255) / 256);
  }
  void entry(const Entry &entry, uint64_t count) override { cycles = count; }
  decltype(Counts::instructions) instructions = {};
  uint64_t bytes[2] = {}, last = 0, cycles = 0;
};

TEST(SystolicTrace, IsWhatWasCounted) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937_64 random(seed);
    Work work = randomProduct(random);
    Launch launch(work.program.machine);
    launch.segments = work.segments;
    Recorder recorder;
    ASSERT_TRUE(launch.program(work.program, &recorder)) << launch.error;
    recorder.instructions[unsigned(Opcode::Halt)] = 1;
    EXPECT_EQ(recorder.instructions, launch.result.counts.instructions);
    EXPECT_EQ(recorder.bytes[0], launch.result.counts.dramReadBytes);
    EXPECT_EQ(recorder.bytes[1], launch.result.counts.dramWriteBytes);
    EXPECT_EQ(recorder.cycles, launch.result.cycles);
    EXPECT_LE(recorder.last, launch.result.cycles);
  }
}

TEST(SystolicTrace, FollowsSeveralRunsAndIsWritten) {
  Launch launch;
  Trace trace(launch.machine);
  ASSERT_TRUE(launch.text("load.fill to=sp[0] rows=9x1", &trace));
  ASSERT_TRUE(launch.text("load.fill to=sp[0] rows=9x1", &trace));
  EXPECT_EQ(launch.result.cycles, 10u);
  std::string path = ::testing::TempDir() + "systolic-trace.json", error;
  ASSERT_TRUE(writeTrace(path, trace, error)) << error;
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  EXPECT_EQ(read.str(), trace.text());
  EXPECT_NE(read.str().find(R"("tid":0,"ts":0.011,"dur":0.009)"),
            std::string::npos);
  std::remove(path.c_str());
  EXPECT_FALSE(writeTrace("/no/such/folder/t.json", trace, error));
  EXPECT_EQ(error, "/no/such/folder/t.json: cannot be written: No such file or "
                   "directory");
}

/// Names of entries are any bytes; the buckets of long traces are wider.
TEST(SystolicTrace, LongTracesAndOddNames) {
  Trace trace(smallMachine());
  trace.dramRequest(true, 100, 0, 256);
  trace.dramRequest(true, 28, 256, 512);
  trace.dramRequest(true, 64, 0, uint64_t(256) << 20);
  trace.entry({"a\"\x01\xff", 0, 1, 0}, 5);
  std::string text = trace.text();
  // 2^20 cycles in 8192 buckets of 128.
  EXPECT_NE(text.find("{\"bytes per cycle\":1.000}"), std::string::npos)
      << text;
  EXPECT_NE(text.find("{\"bytes per cycle\":0.500}"), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("name":"a\"\u0001\u00ff")"), std::string::npos)
      << text;
}

} // namespace
