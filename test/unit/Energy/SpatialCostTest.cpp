//===- SpatialCostTest.cpp ------------------------------------------------===//

#include "aicc/Energy/SpatialCost.h"
#include "test/unit/Energy/OracleCases.h"

#include "gtest/gtest.h"

#include <algorithm>

using namespace aicc;
using oracle::Case;

namespace {

constexpr uint32_t cases = 400;

SourcedValue value(double number) {
  SourcedValue result;
  result.value = number;
  result.source = "test";
  return result;
}

/// A random case with prices and bandwidths.
Case pricedCase(uint32_t seed) {
  Case made = oracle::makeCase(seed);
  double price = 0.5;
  for (MemoryDesc &memory : made.machine.memories) {
    memory.readPjPerByte = value(price);
    if (seed % 3 == 0)
      memory.writePjPerByte = value(price * 1.5);
    memory.leakageMw = value(price / 4);
    memory.bytesPerCycle = value(double(1 + seed % 7));
    memory.sharedPort = seed % 2 == 0;
    price *= 4;
  }
  made.machine.actions = {{"mac_f32", value(3.0)}};
  made.machine.clockMhz = value(500);
  made.machine.leakageMw = value(2);
  return made;
}

Cost estimate(const Case &made) {
  std::string why;
  std::optional<Cost> cost =
      estimateSpatial(made.workload, made.mapping, made.machine, why);
  EXPECT_TRUE(cost.has_value()) << why;
  return cost.value_or(Cost());
}

/// A stream of 1000 elements of one byte through a buffer, in tiles of 100.
struct Stream {
  Workload workload;
  MachineDesc machine;
  Mapping mapping;

  Stream() {
    workload.dims = {{1000, false}};
    workload.operands.resize(2);
    for (Workload::Operand &operand : workload.operands) {
      operand.index = {{{0, 1}}};
      operand.bits = 8;
    }
    workload.operands[1].role = OperandRole::Output;
    machine.memories.resize(2);
    machine.memories[0].name = "buffer";
    machine.memories[1].name = "dram";
    machine.memories[1].bytesPerCycle = value(2);
    machine.actions = {{"mac_f32", value(3.0)}};
    mapping.loops = {{0, 100}, {0, 1}};
    mapping.residence = {{1, 0}, {1, 0}};
  }
  SpatialTime time() const {
    AccessModel model(workload, machine);
    AccessCounts counts;
    MappingFault fault;
    EXPECT_TRUE(model.count(mapping, counts, fault));
    return timeOf(model, mapping, counts);
  }
};

} // namespace

TEST(SpatialCost, NeverNegativeAndSumOfParts) {
  for (uint32_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    Case made = pricedCase(seed);
    Cost cost = estimate(made);
    double sum = 0;
    for (const CostItem &item : cost.items) {
      EXPECT_GE(item.count, 0) << item.component;
      EXPECT_GE(item.pjEach, 0) << item.component;
      sum += item.count * item.pjEach;
    }
    EXPECT_EQ(cost.energyPj(), sum);
    EXPECT_GE(cost.cycles, cost.computeCycles);
    AccessModel model(made.workload, made.machine);
    AccessCounts counts;
    MappingFault fault;
    ASSERT_TRUE(model.count(made.mapping, counts, fault));
    SpatialTotals totals = totalsOf(model, made.mapping, counts);
    EXPECT_NEAR(totals.energyPj, sum, 1e-9 * sum);
    EXPECT_EQ(totals.cycles, cost.cycles);
  }
}

TEST(SpatialCost, NeverFasterThanItsPorts) {
  for (uint32_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    Case made = pricedCase(seed);
    AccessModel model(made.workload, made.machine);
    AccessCounts counts;
    MappingFault fault;
    ASSERT_TRUE(model.count(made.mapping, counts, fault));
    double cycles = timeOf(model, made.mapping, counts).cycles();
    EXPECT_GE(cycles, model.leastSteps());
    for (unsigned m = 0; m < made.machine.memories.size(); ++m) {
      const MemoryDesc &memory = made.machine.memories[m];
      double read = 0, write = 0;
      for (unsigned o = 0; o < made.workload.operands.size(); ++o) {
        const Traffic &t = counts.at(o, m);
        read += t.reads.busiestBytes + t.drains.busiestBytes;
        write += t.fills.busiestBytes + t.updates.busiestBytes;
      }
      double bytes = memory.sharedPort ? read + write : std::max(read, write);
      EXPECT_GE(cycles * (1 + 1e-12), bytes / memory.bytesPerCycle.value);
    }
  }
}

TEST(SpatialCost, ALargerMemoryNeverCostsMore) {
  unsigned refused = 0;
  for (uint32_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    Case made = pricedCase(seed);
    double unbounded = estimate(made).energyPj();
    double last = 0;
    bool fitted = false;
    for (int64_t bytes = 4; bytes <= 1 << 16; bytes *= 4) {
      for (MemoryDesc &memory : made.machine.memories)
        memory.bytes = bytes;
      std::string why;
      auto cost =
          estimateSpatial(made.workload, made.mapping, made.machine, why);
      refused += !cost;
      EXPECT_TRUE(cost || !fitted) << why;
      if (!cost)
        continue;
      if (fitted)
        EXPECT_LE(cost->energyPj(), last);
      fitted = true;
      last = cost->energyPj();
      EXPECT_EQ(last, unbounded);
    }
    EXPECT_TRUE(fitted);
  }
  EXPECT_GT(refused, cases / 4);
}

/// One more outermost loop over a batch that moves inputs and outputs.
TEST(SpatialCost, TwiceTheBatch) {
  for (uint32_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    Case made = pricedCase(seed);
    unsigned batch = unsigned(made.workload.dims.size());
    made.workload.dims.push_back({1, false});
    for (Workload::Operand &operand : made.workload.operands)
      if (operand.role != OperandRole::Weight)
        operand.index.push_back({{batch, 1}});
    made.mapping.loops.insert(made.mapping.loops.begin(), {batch, 1});
    for (auto &row : made.mapping.residence)
      for (size_t m = 0; m + 1 < row.size(); ++m)
        row[m] += row[m] != Mapping::bypass;
    Cost one = estimate(made);
    made.workload.dims[batch].size = 2;
    Cost two = estimate(made);
    EXPECT_EQ(two.macs, 2 * one.macs);
    EXPECT_EQ(two.computeCycles, 2 * one.computeCycles);
    EXPECT_LE(two.energyPj(), 2 * one.energyPj() * (1 + 1e-12));
    EXPECT_GE(two.energyPj(), one.energyPj());
  }
}

TEST(SpatialCost, ScalingLaws) {
  for (uint32_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    Case made = pricedCase(seed);
    Cost cost = estimate(made);
    Case dear = made;
    for (MemoryDesc &memory : dear.machine.memories) {
      memory.readPjPerByte.value *= 2;
      memory.writePjPerByte.value *= 2;
      memory.leakageMw.value *= 2;
    }
    dear.machine.actions[0].second.value *= 2;
    dear.machine.leakageMw.value *= 2;
    Cost doubled = estimate(dear);
    EXPECT_NEAR(doubled.energyPj(), 2 * cost.energyPj(),
                1e-12 * doubled.energyPj());
    EXPECT_EQ(doubled.cycles, cost.cycles);

    Case fast = made;
    for (MemoryDesc &memory : fast.machine.memories)
      memory.bytesPerCycle.value *= 2;
    Cost quick = estimate(fast);
    EXPECT_LE(quick.cycles, cost.cycles);
    EXPECT_GE(quick.cycles * (1 + 1e-12), cost.cycles / 2);
    EXPECT_EQ(quick.computeCycles, cost.computeCycles);

    // Leakage is power times time.
    const CostItem *leakage = cost.find("leakage");
    ASSERT_NE(leakage, nullptr);
    EXPECT_NEAR(leakage->count, cost.cycles * 2, 1e-9 * cost.cycles);
  }
}

TEST(SpatialCost, LeastPjIsABound) {
  for (uint32_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    Case made = pricedCase(seed);
    AccessModel model(made.workload, made.machine);
    AccessCounts counts;
    MappingFault fault;
    ASSERT_TRUE(model.count(made.mapping, counts, fault));
    for (unsigned o = 0; o < made.workload.operands.size(); ++o) {
      for (unsigned m = 0; m < made.machine.memories.size(); ++m) {
        if (made.mapping.residence[o][m] == Mapping::bypass)
          continue;
        const MemoryDesc &memory = made.machine.memories[m];
        const Traffic &t = counts.at(o, m);
        double pj =
            (t.reads.bytes + t.drains.bytes) * memory.readPjPerByte.value +
            (t.fills.bytes + t.updates.bytes) * memory.writePj();
        EXPECT_LE(leastPj(model, o, m), pj * (1 + 1e-12));
      }
    }
  }
}

TEST(SpatialTime, OneBufferWaits) {
  Stream stream;
  SpatialTime time = stream.time();
  EXPECT_EQ(time.computeCycles, 1000);
  EXPECT_EQ(time.exposedCycles, 1000); // 1000 in and 1000 out, 2 a cycle.
  EXPECT_EQ(time.cycles(), 2000);
}

TEST(SpatialTime, TwoBuffersOverlap) {
  Stream stream;
  stream.machine.memories[0].doubleBuffered = true;
  SpatialTime time = stream.time();
  EXPECT_EQ(time.fillCycles, 50);
  EXPECT_EQ(time.drainCycles, 50);
  EXPECT_EQ(time.stallCycles, 0); // Two ports.
  EXPECT_EQ(time.cycles(), 1100);
  // One port at half the speed: it is what everything waits for.
  stream.machine.memories[1].sharedPort = true;
  stream.machine.memories[1].bytesPerCycle.value = 1;
  time = stream.time();
  EXPECT_EQ(time.fillCycles, 100);
  EXPECT_EQ(time.stallCycles, 800);
  EXPECT_EQ(time.cycles(), 2000);
}

TEST(SpatialTime, StreamsOverlapWithoutASecondBuffer) {
  Stream stream;
  stream.machine.memories[0].bytes = 200;
  stream.machine.memories[0].streams = true;
  EXPECT_EQ(stream.time().cycles(), 1100);
}

TEST(SpatialTime, ResultsComeOutLater) {
  Stream stream;
  double before = stream.time().cycles();
  stream.machine.array.latencyCycles = value(30);
  EXPECT_EQ(stream.time().cycles(), before + 30);
}

/// 10 tiles of 100 bytes come in, and out, at half a byte a cycle; a tile is
/// computed in 100 cycles.
TEST(SpatialTime, AMemoryIdlesBeforeTheFirstAndAfterTheLastTile) {
  Stream stream;
  stream.machine.memories[0].doubleBuffered = true;
  stream.machine.memories[1].bytesPerCycle = value(0.5);
  for (Workload::Operand &operand : stream.workload.operands) {
    operand.rows.emplace();
    operand.rows->axes = {{1, {{0, 1}}}};
    operand.rows->mostJoined = 65535;
  }
  // The last tile is computed when all are loaded, then stored.
  EXPECT_EQ(stream.time().cycles(), 2000 + 100 + 200);
  // Of one port, what waits is filled with other transfers.
  stream.machine.memories[1].sharedPort = true;
  EXPECT_EQ(stream.time().cycles(), 4000);
}

TEST(SpatialTime, TheArithmeticWaitsForItsMemory) {
  Stream stream;
  stream.machine.memories[0].doubleBuffered = true;
  stream.machine.memories[0].bytesPerCycle = value(0.5);
  SpatialTime time = stream.time();
  // Reads by the arithmetic and drains share the buffer's read port: 2000
  // bytes; the last drain of 100 comes after.
  EXPECT_EQ(time.stallCycles, 2 * 1900 - 1000);
}

TEST(SpatialTime, OperationsPerCycle) {
  Stream stream;
  stream.machine.array.macsPerCycle = value(4);
  stream.workload.opsPerPoint = 2;
  stream.workload.opsPerResult = 1;
  EXPECT_EQ(stream.time().computeCycles, 750);
}

TEST(SpatialCost, CyclesAreItemsToo) {
  Stream stream;
  stream.machine.array.axes = {{"rows", 4}, {"cols", 2}};
  stream.machine.actions.push_back({"pe_cycle", value(0.5)});
  stream.machine.actions.push_back({"chip_cycle", value(7)});
  stream.machine.memories[1].multicastPjPerByte = value(0.25);
  std::string why;
  auto cost =
      estimateSpatial(stream.workload, stream.mapping, stream.machine, why);
  ASSERT_TRUE(cost) << why;
  EXPECT_EQ(cost->find("pe.cycle")->count, 8 * cost->cycles);
  EXPECT_EQ(cost->find("chip.cycle")->energyPj(), 7 * cost->cycles);
  EXPECT_EQ(cost->find("dram.multicast")->count, 1000);
  EXPECT_EQ(cost->find("leakage"), nullptr);
}

/// 10 x 300 by 300 x 70 on two crossbars of 128 x 32 weights.
TEST(SpatialCost, Crossbars) {
  Workload workload;
  workload.arithmetic = Arithmetic::I8;
  workload.dims = {{10, false}, {300, true}, {70, false}};
  workload.operands.resize(3);
  workload.operands[0].index = {{{0, 1}}, {{1, 1}}};
  workload.operands[1].index = {{{1, 1}}, {{2, 1}}};
  workload.operands[1].role = OperandRole::Weight;
  workload.operands[2].index = {{{0, 1}}, {{2, 1}}};
  workload.operands[2].role = OperandRole::Output;
  for (Workload::Operand &operand : workload.operands)
    operand.bits = 8;
  MachineDesc machine;
  machine.array.axes = {{"instances", 2}, {"rows", 128, true}, {"cols", 32}};
  machine.crossbar.emplace();
  machine.crossbar->cellBits = 4;
  machine.crossbar->cellsPerSlice = 2;
  machine.crossbar->inputBitsPerPass = 1;
  machine.crossbar->phases = 3;
  machine.crossbar->passCycles = value(5);
  machine.memories.resize(2);
  machine.memories[0].name = "cells";
  machine.memories[0].perAxes = 7;
  machine.memories[1].name = "dram";
  for (const char *key : {"cell", "wordline", "bitline", "dac_conversion",
                          "adc_conversion", "shift_add", "program_cell"})
    machine.actions.push_back({key, value(2)});
  Mapping mapping;
  mapping.loops = {{1, 128}, {2, 64}, {0, 1}, {2, 32, 0}, {1, 1, 1}, {2, 1, 2}};
  mapping.residence = {{Mapping::bypass, 0}, {2, 0}, {Mapping::bypass, 0}};
  std::string why;
  auto cost = estimateSpatial(workload, mapping, machine, why);
  ASSERT_TRUE(cost) << why;
  // 8 bits of input, each three times; weights of two columns, two cells each.
  constexpr double passes = 24, slices = 2, cells = 4;
  EXPECT_EQ(cost->find("cell.read")->count, 10 * 300 * 70 * passes * cells);
  // 300 rows, for three crossbars' worth of columns.
  EXPECT_EQ(cost->find("wordline.drive")->count, 10 * 300 * 3 * passes);
  EXPECT_EQ(cost->find("dac.convert")->count, 10 * 300 * 3 * passes);
  // 70 columns, for three crossbars' worth of rows.
  for (const char *key : {"bitline.read", "adc.convert", "shift_add"})
    EXPECT_EQ(cost->find(key)->count, 10 * 3 * 70 * passes * slices) << key;
  EXPECT_EQ(cost->find("cell.program")->count, 300 * 70 * cells);
  EXPECT_EQ(cost->find("adc.convert")->unit, CountUnit::Conversions);
  EXPECT_EQ(cost->find("mac.i8"), nullptr);
  EXPECT_EQ(cost->computeCycles, 10 * 3 * 2 * passes * 5);
}

TEST(SpatialCost, MissingArithmeticIsSaid) {
  Stream stream;
  stream.workload.arithmetic = Arithmetic::BF16;
  stream.machine.name = "tiny";
  std::string why;
  EXPECT_FALSE(
      estimateSpatial(stream.workload, stream.mapping, stream.machine, why));
  EXPECT_EQ(why, "machine 'tiny' states no energy of an operation on bf16 "
                 "(mac_bf16_pj)");
}

TEST(SpatialCost, IllegalMappingIsSaid) {
  Stream stream;
  stream.machine.memories[0].bytes = 199;
  std::string why;
  EXPECT_FALSE(
      estimateSpatial(stream.workload, stream.mapping, stream.machine, why));
  EXPECT_EQ(why, "memory 'buffer' is too small: the tiles take 200 bytes, "
                 "expected at most 199 (1 bytes short)");
}
