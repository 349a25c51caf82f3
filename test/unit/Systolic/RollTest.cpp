//===- RollTest.cpp - Loops from repeated instructions --------------------===//

#include "targets/systolic/Isa/Roll.h"
#include "targets/systolic/Isa/Loops.h"
#include "test/unit/Systolic/RandomProgram.h"
#include "test/unit/Systolic/Unroll.h"

#include <gtest/gtest.h>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

/// The rolled instructions, which must be a program and run as the given ones.
std::vector<Instruction> checked(const std::vector<Instruction> &list) {
  std::vector<Instruction> rolled = roll(list);
  std::optional<WrongLoop> wrong = findWrongLoop(rolled);
  EXPECT_FALSE(wrong) << wrong->index << ": " << wrong->what;
  if (!wrong)
    EXPECT_EQ(unroll(rolled), list);
  EXPECT_LE(rolled.size(), list.size());
  return rolled;
}

std::string textOf(const std::vector<Instruction> &list) {
  std::string text;
  for (const Instruction &instruction : list)
    text += disassemble(instruction) + "\n";
  return text;
}

Instruction loadOf(uint32_t offset, uint32_t row) {
  return {.opcode = Opcode::LoadIn,
          .a16 = 1 << 2,
          .b16 = 1,
          .c16 = 4,
          .a32 = offset,
          .b32 = LocalAddress::make(Space::Scratchpad, row).bits};
}

TEST(SystolicRoll, LoopsOfLoops) {
  std::vector<Instruction> list;
  for (unsigned i = 0; i < 5; ++i) {
    list.push_back({.opcode = Opcode::ExecuteConfig});
    for (unsigned j = 0; j < 7; ++j)
      list.push_back(loadOf(1000 - 100 * i + 8 * j, j));
  }
  list.push_back({});
  EXPECT_EQ(textOf(checked(list)),
            "loop count=5 length=5\n"
            "execute.config a_stride0=0 a_stride1=0 c_stride1=0\n"
            "loop count=7 length=3\n"
            "step level=0 a=8 b=1\n"
            "step level=1 a=-148 b=-6\n"
            "load.in channel=0 offset=1000 to=sp[0] rows=1x1 columns=4\n"
            "halt\n");
}

TEST(SystolicRoll, WhatDoesNotRepeatStays) {
  std::vector<Instruction> list;
  for (unsigned i = 0; i < 40; ++i)
    list.push_back(loadOf(i * i, 0));
  list.push_back({});
  EXPECT_EQ(checked(list), list);
  // Two are no loop: it would not be shorter.
  list = {loadOf(0, 0), loadOf(1, 0), {}};
  EXPECT_EQ(checked(list), list);
}

TEST(SystolicRoll, TokensAreNoAdvance) {
  std::vector<Instruction> list;
  for (unsigned i = 0; i < 10; ++i)
    list.push_back(loadOf(i, 0));
  list[5].signals = 2;
  list.push_back({});
  std::vector<Instruction> rolled = checked(list);
  EXPECT_EQ(std::count(rolled.begin(), rolled.end(), list[5]), 1);
}

TEST(SystolicRoll, LoopsStayAsTheyAre) {
  std::vector<Instruction> list = {{.opcode = Opcode::Loop, .b16 = 4, .a32 = 2},
                                   {.opcode = Opcode::Fence},
                                   {.opcode = Opcode::Fence},
                                   {.opcode = Opcode::Fence},
                                   {.opcode = Opcode::Fence},
                                   {}};
  EXPECT_EQ(roll(list), list);
}

/// A body may be as long as the buffer, and no longer.
TEST(SystolicRoll, BodiesFitTheBuffer) {
  for (unsigned length : {1023, 1024, 1025}) {
    std::vector<Instruction> list;
    for (unsigned i = 0; i < 4 * length; ++i) {
      list.push_back(loadOf(0, 0));
      list.back().c16 = uint16_t(i % length);
    }
    list.push_back({});
    EXPECT_EQ(checked(list).size() < list.size(), length <= 1024) << length;
  }
}

TEST(SystolicRoll, RandomProgramsRunTheSame) {
  size_t before = 0, after = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::mt19937_64 random(seed);
    Program program = randomProgram(random, 120);
    for (const Entry &entry : program.entries) {
      auto begin = program.instructions.begin() + entry.first;
      std::vector<Instruction> list =
          unroll(std::vector<Instruction>(begin, begin + entry.count));
      before += list.size();
      after += checked(list).size();
    }
  }
  EXPECT_LT(after, before / 2);
}

/// Few kinds of instructions and of distances: much repeats itself by chance.
TEST(SystolicRoll, RandomListsRunTheSame) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Instruction> list;
    uint32_t offset = 0;
    for (unsigned i = 0; i < 600; ++i) {
      offset += random() % 8 ? 4 : uint32_t(random() % 3);
      list.push_back(random() % 5 ? loadOf(offset, offset % 3)
                                  : Instruction{.opcode = Opcode::Fence});
    }
    list.push_back({});
    checked(list);
  }
}

} // namespace
