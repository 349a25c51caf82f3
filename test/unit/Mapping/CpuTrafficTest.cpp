//===- CpuTrafficTest.cpp - Runs of lines, and what they cost -------------===//

#include "targets/cpu/CpuTarget.h"
#include "targets/cpu/Estimate.h"
#include "targets/cpu/Mapper.h"
#include "targets/cpu/Passes.h"
#include "targets/cpu/ProgramTraffic.h"
#include "targets/cpu/Traffic.h"

#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

#include <list>

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

namespace {
/// A cache with the least recently used line of each set at the end.
class SimulatedCache {
public:
  SimulatedCache(size_t sets, size_t ways) : sets(sets), ways(ways) {}

  /// Whether the line was not there.
  bool fetches(int64_t line) {
    std::list<int64_t> &set = sets[size_t(line) % sets.size()];
    auto found = llvm::find(set, line);
    bool misses = found == set.end();
    if (misses && set.size() == ways)
      set.pop_back();
    else if (!misses)
      set.erase(found);
    set.push_front(line);
    return misses;
  }

private:
  std::vector<std::list<int64_t>> sets;
  size_t ways;
};
} // namespace

/// Lines of operand 0 of `depthwise` that are fetched, tile by tile, as the
/// loops c, h, w of `ordered` walk it.
static double simulated(int64_t channels, int64_t size, size_t sets,
                        size_t ways) {
  Workload workload = depthwise(channels, size);
  SimulatedCache cache(sets, ways);
  double fetched = 0;
  auto lineOf = [&](size_t o, llvm::ArrayRef<int64_t> at) {
    int64_t element = 0;
    for (auto [stride, index] : llvm::zip(workload.operands[o].strides, at))
      element += stride * index;
    return element * 4 / 64 + int64_t(o) * (1 << 20);
  };
  for (int64_t c = 0; c < channels; c += 16)
    for (int64_t h = 0; h < size; ++h)
      for (int64_t w = 0; w < size; w += 7) {
        for (int64_t x = w; x < w + 7; ++x)
          for (int64_t kh = 0; kh < 3; ++kh)
            for (int64_t kw = 0; kw < 3; ++kw)
              fetched += cache.fetches(lineOf(0, {c, h, x, kh, kw}));
        for (int64_t x = w; x < w + 7; ++x)
          cache.fetches(lineOf(2, {c, h, x, 0, 0}));
      }
  return fetched;
}

TEST(Traffic, LinesAPowerOfTwoApartShareFewSets) {
  Workload workload = depthwise(256, 14);
  TrafficModel model(workload, ordered({0, 1, 2}), 64);
  // Anywhere, three rows of 16 lines have room; in 4 of 64 sets they do not.
  double anywhere = model.misses(0, {512, 1}),
         inSets = model.misses(0, {512, 64});
  EXPECT_NEAR(anywhere, simulated(256, 14, 1, 512), 0.02 * anywhere);
  EXPECT_NEAR(inSets, simulated(256, 14, 64, 8), 0.15 * inSets);
  EXPECT_GT(inSets, 2 * anywhere);
  // An odd number of lines apart, all sets are reached.
  Workload odd = depthwise(272, 14);
  TrafficModel spread(odd, ordered({0, 1, 2}), 64);
  EXPECT_EQ(spread.misses(0, {512, 64}), spread.misses(0, {512, 1}));
  EXPECT_NEAR(spread.misses(0, {512, 64}), simulated(272, 14, 64, 8),
              0.05 * spread.misses(0, {512, 64}));
}

/// Walks the bytes [begin, end) once.
static LaunchTrace sweep(int64_t begin, int64_t end, bool writes) {
  LaunchTrace trace;
  trace.workload.dims = {{(end - begin) / 4, false}};
  Workload::Operand operand;
  operand.strides = {1};
  if (writes)
    operand.role = OperandRole::Output;
  trace.workload.operands = {operand};
  trace.mapping.order = {0};
  trace.mapping.tile = {16};
  trace.mapping.vector = 0;
  trace.mapping.lanes = 16;
  trace.windows = {{begin, end}};
  return trace;
}

TEST(Traffic, WhatWasWrittenLastIsFoundWhateverWasThereBefore) {
  MachineDesc machine;
  MemoryDesc cache, outer;
  cache.bytes = 4096 * 64;
  cache.lineBytes = 64;
  machine.memories = {cache, outer};
  // The third writes into a part of what the first read, long ago.
  std::vector<LaunchTrace> program = {
      sweep(0, 102400, false), sweep(1 << 20, (1 << 20) + 204800, false),
      sweep(0, 81920, true), sweep(0, 81920, false)};
  auto transfers = predictTraffic(program, machine);
  EXPECT_EQ(transfers[3][0].fetched, 0);
  EXPECT_GT(transfers[1][0].fetched, 0);
}
