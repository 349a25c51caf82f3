//===- CpuMapperTest.cpp - What the cost model makes the mapper choose ----===//

#include "targets/cpu/CpuTarget.h"
#include "targets/cpu/Mapper.h"
#include "targets/cpu/Passes.h"

#include "llvm/Support/MathExtras.h"
#include "gtest/gtest.h"

using namespace aicc;
using namespace aicc::cpu;

/// m x k by k x n, the right factor a packed constant.
static Workload product(int64_t m, int64_t n, int64_t k) {
  Workload workload;
  workload.dims = {{m, false}, {n, false}, {k, true}};
  Workload::Operand left, right, result;
  left.strides = {k, 0, 1};
  left.inReduction = true;
  right.strides = {0, 1, 1};
  right.inReduction = right.isPacked = true;
  result.strides = {n, 1, 0};
  result.role = OperandRole::Output;
  workload.operands = {left, right, result};
  workload.lanesMayReduce = true;
  return workload;
}

static MappedCost mapOn(llvm::StringRef machine, const Workload &workload,
                        int workers = 1) {
  auto desc = cpu::namedMachine(machine);
  EXPECT_TRUE(desc);
  return findMapping(workload, *desc, *cpu::createTarget(), workers,
                     Objective::Latency);
}

/// Accumulators, one vector for each block of lanes, one scalar.
static int64_t registersOf(const MappedCost &mapped) {
  int64_t blocks = mapped.mapping.tile[1] / mapped.mapping.lanes;
  return mapped.mapping.tile[0] * blocks + blocks + 1;
}

TEST(Mapper, TilesFillTheRegistersAndNoMore) {
  for (llvm::StringRef machine : {"x86_64_v4", "x86_64_v3", "aarch64_neon"}) {
    MappedCost mapped = mapOn(machine, product(512, 512, 512));
    int64_t registers = cpu::namedMachine(machine)->vector.registers;
    EXPECT_EQ(mapped.mapping.vector, 1) << machine.str();
    EXPECT_LE(registersOf(mapped), registers) << machine.str();
    EXPECT_GE(registersOf(mapped), registers / 2) << machine.str();
  }
}

TEST(Mapper, BytesGoFourAtATime) {
  Workload workload = product(512, 512, 512);
  workload.operands[0].bits = workload.operands[1].bits = 8;
  workload.isByteProduct = true;
  workload.opsPerPoint = 4;
  MappedCost mapped = mapOn("x86_64_v4", workload);
  EXPECT_EQ(mapped.mapping.dot, 2);
  EXPECT_EQ(mapped.mapping.tile[2], KernelMapping::dotWidth);
  EXPECT_LE(registersOf(mapped), 32);
  double peak = 512.0 * 512 * 512 / 64;
  EXPECT_GE(mapped.cost.cycles, peak);
  EXPECT_LE(mapped.cost.cycles, 1.5 * peak);
  // The sums of the weights take a register for each vector of them.
  workload.leftIsSigned = true;
  MappedCost shifted = mapOn("x86_64_v4", workload);
  EXPECT_EQ(shifted.mapping.dot, 2);
  EXPECT_GT(shifted.cost.cycles, mapped.cost.cycles);
  EXPECT_LE(registersOf(shifted) + shifted.mapping.tile[1] / 16 + 1, 32);
  // A machine without the instructions.
  EXPECT_EQ(mapOn("x86_64_v2", workload).mapping.dot, -1);
  // A left factor that does not lie in order.
  workload.operands[0].strides = {1, 0, 512};
  EXPECT_EQ(mapOn("x86_64_v4", workload).mapping.dot, -1);
}

TEST(Mapper, LoopsSayWhatInstructionsAdd) {
  KernelMapping mapping;
  mapping.order = {0, 1, 2};
  mapping.tile = {6, 32, 4};
  mapping.vector = 1;
  mapping.lanes = 16;
  mapping.dot = 2;
  Mapping loops = mapping.toMapping();
  auto back = KernelMapping::from(loops.loops, 0, 0);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dot, 2);
  EXPECT_EQ(back->vector, 1);
  EXPECT_EQ(back->toMapping(), loops);
  // Another width, and the dimension of the lanes.
  loops.loops[2].tile = 8;
  EXPECT_FALSE(KernelMapping::from(loops.loops, 0, 0));
  loops = mapping.toMapping();
  loops.loops[3].dim = 1;
  EXPECT_FALSE(KernelMapping::from(loops.loops, 0, 0));
}

TEST(Mapper, CyclesAreAtLeastThePeak) {
  auto machine = cpu::namedMachine("x86_64_v4");
  double lanes = machine->vector.bits / 32.0;
  for (int64_t size : {32, 64, 256, 1024}) {
    MappedCost mapped = mapOn("x86_64_v4", product(size, size, size));
    double peak =
        double(size) * size * size / lanes / machine->vector.fmasPerCycle.value;
    EXPECT_GE(mapped.cost.cycles, peak) << size;
    EXPECT_LE(mapped.cost.cycles, 2 * peak + 10000) << size;
    EXPECT_EQ(mapped.cost.macs, double(size) * size * size);
  }
}

TEST(Mapper, SmallWorkStaysOnOneWorker) {
  EXPECT_EQ(mapOn("x86_64_v4", product(4, 16, 4), 2).mapping.grain, 0);
  EXPECT_GT(mapOn("x86_64_v4", product(512, 512, 512), 2).mapping.grain, 0);
}

TEST(Mapper, SameArgumentsSameMapping) {
  MappedCost a = mapOn("x86_64_v4", product(100, 70, 33), 2);
  MappedCost b = mapOn("x86_64_v4", product(100, 70, 33), 2);
  EXPECT_EQ(a.mapping.order, b.mapping.order);
  EXPECT_EQ(a.mapping.tile, b.mapping.tile);
  EXPECT_EQ(a.mapping.grain, b.mapping.grain);
}

TEST(Mapper, NothingToDoIsMapped) {
  MappedCost mapped = mapOn("x86_64_v4", product(3, 4, 0));
  EXPECT_EQ(mapped.mapping.order.size(), 3u);
  for (int64_t tile : mapped.mapping.tile)
    EXPECT_GE(tile, 1);
}
