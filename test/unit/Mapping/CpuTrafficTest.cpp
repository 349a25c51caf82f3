//===- CpuTrafficTest.cpp - Runs of lines, and what they cost -------------===//

#include "targets/cpu/CpuTarget.h"
#include "targets/cpu/Estimate.h"
#include "targets/cpu/Mapper.h"
#include "targets/cpu/Passes.h"
#include "targets/cpu/Traffic.h"

#include "gtest/gtest.h"

using namespace aicc;
using namespace aicc::cpu;

/// Depthwise 3x3 of `channels` over `size` x `size` pixels, channels innermost:
/// dims c, h, w, kh, kw.
static Workload depthwise(int64_t channels, int64_t size) {
  Workload workload;
  workload.dims = {
      {channels, false}, {size, false}, {size, false}, {3, true}, {3, true}};
  int64_t row = (size + 2) * channels;
  Workload::Operand image, window, result;
  image.strides = {1, row, channels, row, channels};
  image.inReduction = true;
  window.strides = {1, 0, 0, 3 * channels, channels};
  window.inReduction = window.isPacked = true;
  result.strides = {1, size * channels, channels, 0, 0};
  result.role = OperandRole::Output;
  workload.operands = {image, window, result};
  return workload;
}

static KernelMapping ordered(llvm::ArrayRef<int64_t> outer,
                             int64_t pixels = 7) {
  KernelMapping mapping;
  mapping.order.assign(outer.begin(), outer.end());
  mapping.order.append({3, 4});
  mapping.tile = {16, 1, pixels, 3, 3};
  mapping.vector = 0;
  mapping.lanes = 16;
  return mapping;
}

TEST(Traffic, RunsFollowTheOrderOfTheLoops) {
  Workload workload = depthwise(192, 56);
  // A pixel's 16 channels, then a pixel elsewhere: one line at a time.
  EXPECT_EQ(TrafficModel(workload, ordered({0, 1, 2}), 64).linesOfRun(0), 1);
  EXPECT_EQ(TrafficModel(workload, ordered({1, 0, 2}), 64).linesOfRun(2), 1);
  // All 192 channels of each of 7 pixels.
  TrafficModel along(workload, ordered({1, 2, 0}), 64);
  EXPECT_EQ(along.linesOfRun(0), 12);
  EXPECT_EQ(along.linesOfRun(2), 12);
  EXPECT_EQ(along.linesOfRun(1), along.lines(1));
}

TEST(Traffic, RunsGoOnWhereTheNextLoopGoesOn) {
  Workload workload = depthwise(192, 56);
  TrafficModel along(workload, ordered({1, 2, 0}, /*pixels=*/1), 64);
  // A row of the image has 2 pixels more than the window's steps in it.
  EXPECT_EQ(along.linesOfRun(0), 56 * 12);
  EXPECT_EQ(along.linesOfRun(2), 56 * 56 * 12);
}

TEST(Traffic, RunsOfRowsEndWithTheRow) {
  Workload workload = depthwise(192, 56);
  for (Workload::Operand &operand : workload.operands)
    operand.strides[1] *= operand.isPacked ? 1 : 2; // Every second row.
  TrafficModel rows(workload, ordered({1, 2, 0}, /*pixels=*/1), 64);
  EXPECT_EQ(rows.linesOfRun(2), 56 * 12);
}

TEST(Traffic, RunsTakeTimeWhereTheMachineSaysSo) {
  auto found = cpu::namedMachine("sapphire_rapids");
  ASSERT_TRUE(found);
  MachineDesc machine = *found;
  Workload workload = depthwise(192, 56);
  auto cyclesOf = [&](llvm::ArrayRef<int64_t> order) {
    auto cost = cpu::estimate(workload, ordered(order).toMapping(), machine);
    return succeeded(cost) ? cost->cycles : 0;
  };
  double apart = cyclesOf({0, 1, 2}), along = cyclesOf({1, 2, 0});
  EXPECT_GT(along, 0);
  EXPECT_GT(apart, 1.5 * along);
  for (MemoryDesc &memory : machine.memories)
    memory.runCycles = {};
  EXPECT_NEAR(cyclesOf({0, 1, 2}), cyclesOf({1, 2, 0}), 0.1 * along);
}

TEST(Traffic, MapperWalksAlongTheLines) {
  auto machine = cpu::namedMachine("sapphire_rapids");
  ASSERT_TRUE(machine);
  MappedCost mapped = findMapping(depthwise(192, 56), *machine,
                                  *cpu::createTarget(), 1, Objective::Latency);
  EXPECT_GT(TrafficModel(depthwise(192, 56), mapped.mapping, 64).linesOfRun(2),
            4);
}
