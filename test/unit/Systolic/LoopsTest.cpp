//===- LoopsTest.cpp - Loops of programs ----------------------------------===//

#include "targets/systolic/Isa/Loops.h"
#include "test/unit/Systolic/RandomProgram.h"
#include "test/unit/Systolic/Unroll.h"

#include <gtest/gtest.h>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

Program programOf(const std::string &lines) {
  Program empty;
  empty.machine = smallMachine();
  std::string error;
  std::optional<Program> program = assemble(
      disassemble(empty) + ".entry \"e\" segments=1\n" + lines + "\nhalt\n",
      error);
  EXPECT_TRUE(program) << error;
  return program.value_or(empty);
}

std::vector<Instruction> executed(const Program &program, const Entry &entry) {
  std::vector<Instruction> list;
  for (Sequence at(program, entry); !at.atEnd(); at.next())
    if (at.instruction().opcode != Opcode::Loop &&
        at.instruction().opcode != Opcode::Step)
      list.push_back(at.instruction());
  return list;
}

TEST(SystolicLoops, FieldsAdvance) {
  // Three rows of four: 2 x (i0, i1) = 100 + 16 i1 + 3 i0.
  Program program = programOf("loop count=3 length=4\n"
                              "loop count=4 length=3\n"
                              "step level=0 a=3 b=1\n"
                              "step level=1 a=7 b=-3\n"
                              "load.in offset=100 to=sp[5] rows=1x1 columns=4");
  std::vector<Instruction> list = executed(program, program.entries[0]);
  ASSERT_EQ(list.size(), 13u);
  for (unsigned i = 0; i < 12; ++i) {
    EXPECT_EQ(list[i].a32, 100 + 16 * (i / 4) + 3 * (i % 4)) << i;
    EXPECT_EQ(list[i].b32, 5 + i % 4) << i;
  }
  // The program stays as it is.
  EXPECT_EQ(program.instructions[4].a32, 100u);
}

TEST(SystolicLoops, RunAsTheClosedFormSays) {
  unsigned inLoops = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    Program program = randomProgram(random, 60);
    for (const Entry &entry : program.entries) {
      auto begin = program.instructions.begin() + entry.first;
      std::vector<Instruction> own(begin, begin + entry.count);
      std::vector<Instruction> list = executed(program, entry);
      ASSERT_EQ(list, unroll(own)) << disassemble(program);
      inLoops += list.size() > own.size();
    }
  }
  EXPECT_GT(inLoops, 50u);
}

TEST(SystolicLoops, InstructionsAreNamedWithTheirIteration) {
  Program program = programOf("fence\n"
                              "loop count=2 length=3\n"
                              "loop count=3 length=2\n"
                              "fence\n"
                              "load.place\n"
                              "fence");
  const Entry &entry = program.entries[0];
  EXPECT_EQ(describe(program, entry, 0), "instruction 0 (fence)");
  EXPECT_EQ(describe(program, entry, 1), "instruction 1 (loop)");
  EXPECT_EQ(describe(program, entry, 2), "instruction 2 (loop), iteration 0");
  EXPECT_EQ(describe(program, entry, 6),
            "instruction 4 (load.place), iteration 0.1");
  EXPECT_EQ(describe(program, entry, 15),
            "instruction 4 (load.place), iteration 1.2");
  EXPECT_EQ(describe(program, entry, 16), "instruction 5 (fence)");
}

/// The error of an entry's lines, which start at line 3.
std::string errorOfLines(const std::string &lines) {
  Program empty;
  empty.machine = smallMachine();
  std::string error;
  EXPECT_FALSE(assemble(disassemble(empty) + ".entry \"e\" segments=1\n" +
                            lines + "\nhalt\n",
                        error))
      << lines;
  return error;
}

TEST(SystolicLoops, FormsThatAreWrong) {
  // clang-format off
  const std::pair<const char *, const char *> cases[] = {
      {"loop count=0 length=1\nfence", "3:1: count is 0, expected at least 1"},
      {"loop count=2 length=0\nfence", "3:1: length is 0, expected 1 to 1024"},
      {"loop count=2 length=1025\nfence", "3:1: length is 1025, expected 1 to 1024"},
      {"loop count=2 length=2\nfence", "3:1: its body ends behind the halt"},
      {"loop count=2 length=2\nloop count=2 length=2\nfence\nfence",
       "4:1: its body ends behind that of the loop around it"},
      {"loop count=2 length=5\nloop count=2 length=4\nloop count=2 length=3\nloop count=2 length=2\n"
       "loop count=2 length=1\nfence", "7:1: is in 4 loops, expected at most 3"},
      {"step level=0 a=1\nload.place", "3:1: level is 0, and it is in 0 loops"},
      {"loop count=2 length=2\nstep level=1 a=1\nload.place", "4:1: level is 1, and it is in 1 loops"},
      {"loop count=2 length=3\nstep a=1\nstep a=1\nload.place",
       "5:1: the instruction has a step of level 0 already"},
      {"loop count=2 length=2\nstep a=1\nfence", "4:1: expected an instruction of a unit after it, in the same loop"},
      {"loop count=2 length=1\nstep a=1\nload.place",
       "4:1: expected an instruction of a unit after it, in the same loop"},
      {"loop count=2 length=3\nstep a=1\nloop count=2 length=1\nload.place",
       "4:1: expected an instruction of a unit after it, in the same loop"},
      {"loop count=4294967295 length=4\nloop count=4294967295 length=3\nloop count=4294967295 length=2\n"
       "loop count=4294967295 length=1\nfence",
       "4:1: the entry has more than 1073741824 instructions by then, those of each iteration counted"},
      {"loop count=536870912 length=2\nfence\nfence",
       "5:1: the entry has more than 1073741824 instructions by then, those of each iteration counted"},
  };
  // clang-format on
  for (auto [lines, expected] : cases) {
    EXPECT_EQ(errorOfLines(lines), expected) << lines;
  }
}

TEST(SystolicLoops, FilesWithWrongLoops) {
  Program program = programOf("loop count=2 length=1\nfence");
  program.instructions[0].b16 = 2;
  std::string error;
  std::vector<uint8_t> bytes = serialize(program);
  EXPECT_FALSE(deserialize(bytes.data(), bytes.size(), error));
  EXPECT_EQ(error, "instruction 0 (loop): its body ends behind the halt");
}

} // namespace
