//===- SpatialKnownMappingsTest.cpp - Beside other mappers ----------------===//
//
// Mappings that ZigZag 3.9.1 and Timeloop chose: the declared space holds
// them, and the mapper's own are at least as good. And what the mapper says
// when it is stopped, or asked for the impossible.
//
//===----------------------------------------------------------------------===//

#include "aicc/Energy/SpatialCost.h"
#include "aicc/Mapping/SpatialMapper.h"
#include "aicc/Support/Diagnostics.h"
#include "benchmarks/mapper/Layers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

using namespace aicc;
using namespace aicc::bench;

namespace {

constexpr int8_t none = Mapping::bypass;

std::optional<MachineDesc> machineAt(const char *path) {
  TextDiagnosticSink sink(llvm::errs());
  return loadMachine(std::string(AICC_TEST_SOURCE_ROOT "/") + path, sink);
}

std::optional<MachineDesc> tpuLike() {
  return machineAt("benchmarks/mapper/tpu_like.yaml");
}

/// Input channels along the first axis, output channels along the second.
SpatialMapperOptions asZigzag() {
  SpatialMapperOptions options;
  options.axisDims = {uint64_t(1) << C, uint64_t(1) << K};
  return options;
}

/// What ZigZag's search for EDP chose, for each of threeConvolutions().
/// Residences: output registers, weight registers, SRAM, DRAM.
std::vector<Mapping> zigzagMappings() {
  const Mapping::Loop c{C, 1, 0}, k{K, 1, 1};
  std::vector<Mapping> mappings(3);
  mappings[0].loops = {{K, 32, -1}, {Q, 1, -1},  {P, 1, -1}, {S, 1, -1},
                       {R, 1, -1},  {C, 32, -1}, c,          k};
  mappings[0].residence = {
      {none, none, 0, 0}, {none, 0, none, 0}, {3, none, 0, 0}};
  mappings[1].loops = {{K, 32, -1}, {Q, 7, -1},  {Q, 1, -1}, {P, 7, -1},
                       {P, 1, -1},  {C, 32, -1}, c,          k};
  mappings[1].residence = {
      {none, none, 0, 0}, {none, 0, none, 0}, {5, none, 0, 0}};
  mappings[2].loops = {{S, 1, -1}, {K, 32, -1}, {Q, 1, -1}, {P, 1, -1},
                       {R, 1, -1}, {C, 32, -1}, c,          k};
  mappings[2].residence = {
      {none, none, 0, 0}, {none, 2, none, 0}, {4, none, 0, 0}};
  return mappings;
}

} // namespace

TEST(SpatialMapper, HoldsWhatZigzagChose) {
  std::optional<MachineDesc> machine = tpuLike();
  ASSERT_TRUE(machine);
  for (auto [layer, mapping] :
       llvm::zip(threeConvolutions(), zigzagMappings())) {
    SCOPED_TRACE(layer.name);
    Workload work = layer.workload();
    SpatialMapperOptions options = asZigzag();
    EXPECT_TRUE(isInMapSpace(work, *machine, options, mapping));
    options.perfectFactors = true;
    EXPECT_TRUE(isInMapSpace(work, *machine, options, mapping));
    std::string why;
    std::optional<Cost> theirs = estimateSpatial(work, mapping, *machine, why);
    if (!theirs) // Tiles may take all of a memory there, and half of it here.
      continue;
    SpatialMapperResult ours = mapSpatial(work, *machine, options);
    ASSERT_FALSE(ours.candidates.empty());
    EXPECT_LE(ours.candidates[0].value(Objective::Edp),
              theirs->energyPj() * theirs->cycles * (1 + 1e-9));
  }
}

/// Its Eyeriss-like reference, outermost loop first: DRAM { P 8, Q 2, M 4 }
/// GLB { P 14, Q 4 } Q 14 along x, C 3 and S 3 along y, spads { R 3 } psum spad
/// { M 8 }.
TEST(SpatialMapper, HoldsTheMappingOfTimeloop) {
  std::optional<MachineDesc> machine =
      machineAt("targets/systolic/machines/eyeriss_timeloop.yaml");
  ASSERT_TRUE(machine);
  Layer layer{"timeloop", 1, 32, 3, 112, 3, 2, 225};
  Mapping mapping;
  mapping.loops = {{P, 14, -1}, {Q, 56, -1}, {K, 8, -1}, {P, 1, -1},
                   {Q, 14, -1}, {R, 1, -1},  {K, 1, -1}, {Q, 1, 0},
                   {C, 1, 1},   {S, 1, 1}};
  mapping.residence = {
      {none, none, 5, 3, 0}, {none, 5, none, none, 0}, {6, none, none, 3, 0}};
  EXPECT_TRUE(isInMapSpace(layer.workload(), *machine, SpatialMapperOptions(),
                           mapping));
  mapping.loops[1].tile = 60; // Not a multiple of the 14 along x.
  EXPECT_FALSE(isInMapSpace(layer.workload(), *machine, SpatialMapperOptions(),
                            mapping));
}

TEST(SpatialMapper, SaysHowFarItGotWhenItIsStopped) {
  std::optional<MachineDesc> machine = tpuLike();
  ASSERT_TRUE(machine);
  Workload work = threeConvolutions()[2].workload();
  SpatialMapperOptions options = asZigzag();
  double optimum = mapSpatial(work, *machine, options)
                       .candidates[0]
                       .value(options.objective);
  for (uint64_t limit : {1, 1000, 3000}) {
    options.nodeLimit = limit;
    SpatialMapperResult stopped = mapSpatial(work, *machine, options);
    EXPECT_FALSE(stopped.isOptimal);
    EXPECT_LE(stopped.lowerBound, optimum * (1 + 1e-9));
    if (!stopped.candidates.empty())
      EXPECT_GE(stopped.candidates[0].value(options.objective),
                optimum * (1 - 1e-9));
  }
}

TEST(SpatialMapper, GivesTheDistanceToABudget) {
  std::optional<MachineDesc> machine = tpuLike();
  ASSERT_TRUE(machine);
  Workload work = threeConvolutions()[1].workload();
  SpatialMapperOptions options = asZigzag();
  options.budgets.cycles = 1000;
  SpatialMapperResult result = mapSpatial(work, *machine, options);
  EXPECT_TRUE(result.candidates.empty());
  EXPECT_NE(result.why.find("the least time"), std::string::npos) << result.why;
}

TEST(SpatialMapper, MemoryBudgetIsKept) {
  std::optional<MachineDesc> machine = tpuLike();
  ASSERT_TRUE(machine);
  Workload work = threeConvolutions()[1].workload();
  SpatialMapperOptions options = asZigzag();
  SpatialCandidate best = mapSpatial(work, *machine, options).candidates[0];
  options.budgets.memoryBytes = best.memoryBytes / 2;
  SpatialMapperResult frugal = mapSpatial(work, *machine, options);
  ASSERT_FALSE(frugal.candidates.empty());
  EXPECT_LE(frugal.candidates[0].memoryBytes, options.budgets.memoryBytes);
  EXPECT_GE(frugal.candidates[0].value(options.objective),
            best.value(options.objective));
}

TEST(SpatialMapper, ThreadsChangeNothing) {
  std::optional<MachineDesc> machine = tpuLike();
  ASSERT_TRUE(machine);
  std::vector<Workload> work;
  for (const Layer &layer : resnet50())
    work.push_back(layer.workload());
  work.push_back(work.front());
  SpatialMapperOptions options = asZigzag();
  options.perfectFactors = true;
  std::vector<SpatialMapperResult> serial = mapSpatial(work, *machine, options);
  options.threads = 2;
  std::vector<SpatialMapperResult> parallel =
      mapSpatial(work, *machine, options);
  ASSERT_EQ(serial.size(), work.size());
  for (auto [one, two] : llvm::zip(serial, parallel)) {
    ASSERT_FALSE(one.candidates.empty());
    ASSERT_EQ(one.candidates.size(), two.candidates.size());
    EXPECT_EQ(one.candidates[0].mapping, two.candidates[0].mapping);
    EXPECT_EQ(one.candidates[0].energyPj, two.candidates[0].energyPj);
    EXPECT_EQ(one.stats.nodes, two.stats.nodes);
    EXPECT_TRUE(one.isOptimal);
  }
  EXPECT_EQ(serial.front().candidates[0].mapping,
            serial.back().candidates[0].mapping);
}
