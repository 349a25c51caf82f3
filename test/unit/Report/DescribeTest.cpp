//===- DescribeTest.cpp - What a report says of a machine -----------------===//

#include "aicc/Energy/Machine.h"
#include "aicc/Report/ReportData.h"

#include "gtest/gtest.h"

using namespace aicc;

namespace {

SourcedValue sourced(double value, std::string source = "a manual") {
  SourcedValue result;
  result.value = value;
  result.source = std::move(source);
  return result;
}

MachineDesc processor() {
  MachineDesc machine;
  machine.family = "cpu";
  machine.name = "core";
  machine.source = "the manual";
  machine.clockMhz = sourced(1000);
  machine.vector.bits = 256;
  machine.vector.fmasPerCycle = sourced(2);
  MemoryDesc dram;
  dram.name = "dram";
  dram.bytesPerCycle = sourced(8);
  dram.readPjPerByte = sourced(160, "a paper");
  dram.readPjPerByte.processNm = 45;
  dram.readPjPerByte.supplyV = 0.9;
  dram.readPjPerByte.unscaled = 200;
  machine.memories = {dram};
  machine.actions = {{"mac_f32", sourced(2)}, {"hop", sourced(1)}};
  return machine;
}

const ReportFigure *find(const ReportMachine &machine, llvm::StringRef part,
                         llvm::StringRef name) {
  for (const ReportFigure &figure : machine.figures)
    if (figure.part == part && figure.name == name)
      return &figure;
  return nullptr;
}

TEST(Describe, ProcessorPeakIsOfF32Lanes) {
  ReportMachine machine = describeMachine(processor());
  EXPECT_EQ(machine.peakMacsPerSecond, 16e9); // 8 lanes, twice, at 1 GHz.
  ASSERT_EQ(machine.bandwidths.size(), 1u);
  EXPECT_EQ(machine.bandwidths[0].bytesPerSecond, 8e9);
}

TEST(Describe, FiguresKeepSourceAndScaling) {
  ReportMachine machine = describeMachine(processor());
  const ReportFigure *read = find(machine, "dram", "read_pj_per_byte");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->value, 160);
  EXPECT_EQ(read->source, "a paper");
  EXPECT_EQ(read->processNm, 45);
  EXPECT_EQ(read->supplyV, 0.9);
  EXPECT_EQ(read->unscaled, 200);
  // A structural integer has the machine's source, an unset value is absent.
  ASSERT_TRUE(find(machine, "vector", "bits"));
  EXPECT_EQ(find(machine, "vector", "bits")->source, "the manual");
  EXPECT_FALSE(find(machine, "dram", "write_pj_per_byte"));
  EXPECT_FALSE(find(machine, "machine", "leakage_mw"));
}

TEST(Describe, ActionsHaveTheirKeysOfTheFile) {
  ReportMachine machine = describeMachine(processor());
  EXPECT_TRUE(find(machine, "energy", "mac_f32_pj"));
  EXPECT_TRUE(find(machine, "energy", "hop_pj_per_byte"));
}

TEST(Describe, ArraysCountPositionsAndInstances) {
  MachineDesc desc = processor();
  desc.vector = {};
  desc.array.axes = {{"rows", 4, true, true}, {"cols", 8, false, true}};
  desc.array.macsPerCycle = sourced(1);
  desc.array.macsPerCycleByType = {{"i8", sourced(2)}};
  desc.memories[0].perAxes = 1; // One for each row.
  ReportMachine machine = describeMachine(desc);
  EXPECT_EQ(machine.peakMacsPerSecond, 2 * 32e9);
  EXPECT_EQ(machine.bandwidths[0].bytesPerSecond, 4 * 8e9);
  EXPECT_EQ(find(machine, "array", "cols")->value, 8);
}

TEST(Describe, CrossbarsAreShown) {
  MachineDesc desc = processor();
  desc.crossbar.emplace();
  desc.crossbar->rows = 256;
  desc.crossbar->passCycles = sourced(130);
  ReportMachine machine = describeMachine(desc);
  EXPECT_EQ(find(machine, "crossbar", "rows")->value, 256);
  EXPECT_EQ(find(machine, "crossbar", "pass_cycles")->value, 130);
}

} // namespace
