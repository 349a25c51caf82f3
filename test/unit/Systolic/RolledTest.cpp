//===- RolledTest.cpp - Rolled programs on the simulator ------------------===//
//
// Programs as a compiler writes them, once as they are and once in loops.
//
//===----------------------------------------------------------------------===//

#include "targets/systolic/Isa/Roll.h"
#include "test/unit/Systolic/Unroll.h"
#include "test/unit/Systolic/Work.h"

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

Program rolled(const Program &program) {
  Program result = program;
  result.instructions = roll(program.instructions);
  result.entries[0].count = uint32_t(result.instructions.size());
  return result;
}

TEST(SystolicRolled, ProgramsDoTheSame) {
  size_t before = 0, after = 0;
  for (unsigned seed = 2000; seed < 2150; ++seed) {
    std::mt19937_64 random(seed);
    for (const Work &work :
         {randomProduct(random), randomConvolution(random)}) {
      Program program = rolled(work.program);
      ASSERT_EQ(unroll(program), work.program);
      Launch flat(program.machine), looped(program.machine);
      flat.segments = looped.segments = work.segments;
      ASSERT_TRUE(flat.program(work.program)) << flat.error;
      ASSERT_TRUE(looped.program(program)) << looped.error << "\n"
                                           << disassemble(program);
      EXPECT_EQ(looped.segments, flat.segments);
      EXPECT_EQ(looped.result.counts.macs, flat.result.counts.macs);
      before += work.program.instructions.size();
      after += program.instructions.size();
    }
  }
  EXPECT_LT(after, before);
}

TEST(SystolicRolled, ErrorsNameTheIteration) {
  EXPECT_EQ(errorOfRun("load.config stride0=4\n"
                       "loop count=300 length=2\n"
                       "step level=0 a=4\n"
                       "load.in to=sp[0] rows=1x1 columns=4"),
            "instruction 3 (load.in), iteration 256: reads bytes 1024 to 1027 "
            "of segment 0, which has 1024");
  // What addition makes of an address.
  EXPECT_EQ(errorOfRun("loop count=3 length=2\n"
                       "step level=0 b=16777216\n"
                       "load.fill to=sp[0] rows=1x1"),
            "instruction 2 (load.fill), iteration 1: 'to' has unused bits that "
            "are not zero");
  EXPECT_EQ(errorOfRun("loop count=2 length=3\n"
                       "load.fill to=sp[4] rows=1x1\n"
                       "step level=0 a=1\n"
                       "vector.copy to=sp[8] from=sp[4] rows=1x1"),
            "instruction 3 (vector.copy), iteration 0 reads scratchpad row 4, "
            "which instruction 1 (load.fill), iteration 0 writes, and no token "
            "orders them");
  EXPECT_EQ(errorOfRun("loop count=2 length=1\n"
                       "load.place signal=store\n"
                       "store.place wait=load\n"
                       "fence"),
            "instruction 3 (fence): nothing took the token that instruction 1 "
            "(load.place), iteration 1 gave store");
}

TEST(SystolicRolled, StepsEnd) {
  Launch run;
  run.limits.steps = 1000000;
  EXPECT_FALSE(run.text("loop count=30000 length=2\n"
                        "loop count=30000 length=1\n"
                        "load.place"));
  EXPECT_EQ(run.error,
            "instruction 2 (load.place), iteration 33.9965: no steps are left");
}

TEST(SystolicRolled, TimesOfTheDispatcher) {
  // loop: cycle 0. load.place: 1, 2, 3; the last one starts in 4.
  Launch run;
  ASSERT_TRUE(run.text("loop count=3 length=1\nload.place")) << run.error;
  EXPECT_EQ(run.result.cycles, 5u);
  // loop: 0. step, load.place: 1 to 6; the last one starts in 7.
  ASSERT_TRUE(run.text("loop count=3 length=2\nstep a=1\nload.place"))
      << run.error;
  EXPECT_EQ(run.result.cycles, 8u);
  EXPECT_EQ(run.result.counts.instructions[unsigned(Opcode::Loop)], 1u);
  EXPECT_EQ(run.result.counts.instructions[unsigned(Opcode::Step)], 3u);
  EXPECT_EQ(run.result.counts.instructions[unsigned(Opcode::LoadPlace)], 3u);
}

} // namespace
