//===- AccessCountsTest.cpp -----------------------------------------------===//

#include "aicc/Energy/AccessCounts.h"
#include "lib/Energy/DistinctCount.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace aicc;

namespace {

constexpr int8_t none = Mapping::bypass;

/// y[i, j] = sum over k of a[i, k] b[k, j], 8 x 6 x 4; a buffer and DRAM, an
/// array of 2 x 2.
struct Small {
  Workload workload;
  MachineDesc machine;
  Mapping mapping;

  Small() {
    workload.dims = {{8, false}, {6, false}, {4, true}};
    workload.operands.resize(3);
    workload.operands[0].index = {{{0, 1}}, {{2, 1}}};
    workload.operands[1].index = {{{2, 1}}, {{1, 1}}};
    workload.operands[1].role = OperandRole::Weight;
    workload.operands[2].index = {{{0, 1}}, {{1, 1}}};
    workload.operands[2].role = OperandRole::Output;
    machine.name = "small";
    machine.array.axes = {{"rows", 2, false, true}, {"cols", 2, true, true}};
    machine.memories.resize(2);
    machine.memories[0].name = "buffer";
    machine.memories[1].name = "dram";
    mapping.loops = {{0, 2}, {1, 3}, {2, 2}, {0, 1, 0}, {2, 1, 1}, {1, 1}};
    mapping.residence = {{3, 0}, {3, 0}, {3, 0}};
  }

  MappingFault check() const {
    MappingFault fault;
    AccessCounts counts;
    bool ok = AccessModel(workload, machine).count(mapping, counts, fault);
    EXPECT_EQ(ok, fault.kind == MappingFault::Kind::None);
    return fault;
  }
  AccessCounts counts() const {
    MappingFault fault;
    AccessCounts counts;
    EXPECT_TRUE(AccessModel(workload, machine).count(mapping, counts, fault))
        << fault.describe(machine);
    return counts;
  }
  /// The sentence for the mapping's fault.
  std::string fault(MappingFault::Kind kind) const {
    MappingFault found = check();
    EXPECT_EQ(found.kind, kind);
    return found.describe(machine);
  }
};

using Kind = MappingFault::Kind;

Pattern intervals(std::initializer_list<Run> runs) {
  Pattern pattern;
  pattern.runs.assign(runs.begin(), runs.end());
  return pattern;
}

int64_t bruteForce(llvm::ArrayRef<PatternTerm> terms) {
  std::set<int64_t> sums{0};
  for (const PatternTerm &term : terms) {
    std::set<int64_t> next;
    for (int64_t sum : sums)
      for (const Run &run : term.pattern->runs)
        for (int64_t i = 0; i < run.count; ++i)
          for (int64_t j = 0; j < run.length; ++j)
            next.insert(sum +
                        term.coefficient * (run.start + i * run.stride + j));
    sums = next;
  }
  return int64_t(sums.size());
}

} // namespace

TEST(DistinctCount, ClosedForms) {
  // A window of 3 over 5 rows: stride 1 shares, stride 2 shares one, stride 4
  // leaves gaps.
  auto window = [](int64_t stride, int64_t dilation) {
    IntervalTerm terms[] = {{stride, 5}, {dilation, 3}};
    return *distinctSums(terms);
  };
  EXPECT_EQ(window(1, 1), 7);
  EXPECT_EQ(window(2, 1), 11);
  EXPECT_EQ(window(4, 1), 15);
  EXPECT_EQ(window(2, 2), 7);  // Only even rows.
  EXPECT_EQ(window(2, 3), 13); // 6 is reached twice, and 8.
  EXPECT_EQ(window(-1, 1), 7);
  EXPECT_EQ(distinctSums(llvm::ArrayRef<IntervalTerm>()), 1);
}

TEST(DistinctCount, EqualsEnumeration) {
  std::mt19937 engine(7);
  auto between = [&](int64_t least, int64_t most) {
    return least + int64_t(engine() % uint64_t(most - least + 1));
  };
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<Pattern> patterns;
    int64_t count = between(1, 4);
    for (int64_t i = 0; i < count; ++i) {
      int64_t length = between(1, 4), parts = between(1, 4);
      int64_t stride = parts > 1 ? length + between(0, 3) : 0;
      patterns.push_back(intervals({{0, length, parts, stride}}));
      if (between(0, 3) == 0)
        patterns.back().runs.push_back(
            {parts * (stride + 5) + between(0, 9), between(1, 3), 1, 0});
    }
    std::vector<PatternTerm> terms;
    for (const Pattern &pattern : patterns)
      terms.push_back({between(1, 9) * (between(0, 3) ? 1 : -1), &pattern});
    EXPECT_EQ(distinctSums(terms), bruteForce(terms)) << "trial " << trial;
  }
}

TEST(DistinctCount, TooWideIsSaid) {
  IntervalTerm terms[] = {{1, 1 << 10}, {999983, 1 << 20}, {1500007, 1 << 20}};
  EXPECT_FALSE(distinctSums(terms).has_value());
}

TEST(AccessCounts, MatrixProduct) {
  AccessCounts counts = Small().counts();
  // 4 x 2 x 2 tiles of 2 x 3 x 2, each walked in 3 steps by 2 x 2 positions.
  EXPECT_EQ(counts.steps, 48);
  EXPECT_EQ(counts.positions, 4);
  EXPECT_EQ(counts.operations, 192);
  // a: the two loops inside of a row's keep nothing: 4 * 2 * 2 tiles of 2 x 2.
  EXPECT_EQ(counts.at(0, 0).fills.elements, 64);
  EXPECT_EQ(counts.at(0, 1).reads.elements, 64);
  EXPECT_EQ(counts.at(0, 0).tileElements, 4);
  // Each step reads 2 x 2 elements for the four positions.
  EXPECT_EQ(counts.at(0, 0).reads.elements, 192);
  // b: 2 elements a step, multicast along the rows.
  EXPECT_EQ(counts.at(1, 0).fills.elements, 96);
  EXPECT_EQ(counts.at(1, 0).reads.elements, 96);
  // y: two products are summed along the columns; k's two tiles follow each
  // other directly, so that the tile stays.
  EXPECT_EQ(counts.at(2, 0).updates.elements, 96);
  EXPECT_EQ(counts.at(2, 0).reads.elements, 48);
  EXPECT_EQ(counts.at(2, 0).drains.elements, 48);
  EXPECT_EQ(counts.at(2, 1).updates.elements, 48);
  EXPECT_EQ(counts.at(2, 1).reads.elements, 0);
}

TEST(AccessCounts, PartialSumsReturn) {
  Small small;
  small.workload.operands[2].bits = 8;
  small.workload.operands[2].partialBits = 32;
  // k outermost: each result leaves and returns once.
  small.mapping.loops = {{2, 2}, {0, 2}, {1, 3}, {0, 1, 0}, {2, 1, 1}, {1, 1}};
  AccessCounts counts = small.counts();
  const Traffic &buffer = counts.at(2, 0), &dram = counts.at(2, 1);
  EXPECT_EQ(dram.updates.elements, 96);
  EXPECT_EQ(dram.reads.elements, 48);
  EXPECT_EQ(buffer.fills.elements, 48);
  EXPECT_EQ(buffer.drains.elements, 96);
  // 48 partial sums of 4 bytes, 48 results of one.
  EXPECT_EQ(dram.updates.bytes, 48 * 4 + 48);
  EXPECT_EQ(dram.reads.bytes, 48 * 4);
  // Where they accumulate they are wide to the last.
  EXPECT_EQ(buffer.tileBytes, 6 * 4);
}

TEST(AccessCounts, Density) {
  Small small;
  AccessCounts dense = small.counts();
  small.workload.operands[0].density = 0.25;
  AccessCounts sparse = small.counts();
  EXPECT_EQ(sparse.at(0, 1).reads.bytes, dense.at(0, 1).reads.bytes / 4);
  EXPECT_EQ(sparse.at(0, 0).tileBytes, dense.at(0, 0).tileBytes / 4);
  EXPECT_EQ(sparse.at(1, 1).reads.bytes, dense.at(1, 1).reads.bytes);
  EXPECT_EQ(sparse.operations, dense.operations);
}

TEST(AccessCounts, GatedZeros) {
  Small small;
  small.workload.operands[0].density = 0.25;
  AccessCounts counts = small.counts();
  small.machine.array.gatesZeros[unsigned(OperandRole::Input)] = true;
  AccessCounts gated = small.counts();
  EXPECT_EQ(gated.operations, counts.operations / 4);
  EXPECT_EQ(gated.steps, counts.steps);
  EXPECT_EQ(gated.at(0, 0).reads.bytes, counts.at(0, 0).reads.bytes);
  EXPECT_EQ(gated.at(1, 0).reads.bytes, counts.at(1, 0).reads.bytes / 4);
  EXPECT_EQ(gated.at(2, 0).updates.bytes, counts.at(2, 0).updates.bytes / 4);
  EXPECT_EQ(gated.at(1, 0).fills.bytes, counts.at(1, 0).fills.bytes);
}

TEST(AccessCounts, RequestsAreRoundedUp) {
  Small small;
  small.workload.operands[0].bits = 8;
  small.machine.memories[1].accessBytes = 64;
  AccessCounts counts = small.counts();
  // 16 tiles of 4 bytes take one access each.
  EXPECT_EQ(counts.at(0, 1).reads.elements, 64);
  EXPECT_EQ(counts.at(0, 1).reads.bytes, 16 * 64);
}

namespace {

/// An image of 64 pixels of 3 channels, in tiles of 8 pixels, summed.
struct Pixels {
  Workload workload;
  MachineDesc machine;
  Mapping mapping;

  Pixels() {
    workload.dims = {{64, false}, {3, true}};
    workload.operands.resize(2);
    workload.operands[0].index = {{{0, 1}}, {{1, 1}}};
    workload.operands[1].index = {{{0, 1}}};
    workload.operands[1].role = OperandRole::Output;
    for (Workload::Operand &operand : workload.operands)
      operand.bits = 8;
    machine.name = "pixels";
    machine.memories.resize(2);
    machine.memories[1].accessBytes = 32;
    machine.memories[1].bytesPerCycle = {20, "test", {}, {}, {}};
    mapping.loops = {{0, 8}, {0, 1}, {1, 1}};
    mapping.residence = {{1, 0}, {1, 0}};
    Workload::TileRows rows;
    rows.axes = {{3, {{0, 1}}}};
    rows.lane = 1;
    rows.rowLanes = 16;
    rows.joinsSeveral = true;
    rows.mostJoined = 65535;
    workload.operands[0].rows = rows;
  }
  Traffic input() const {
    AccessCounts counts;
    MappingFault fault;
    EXPECT_TRUE(AccessModel(workload, machine).count(mapping, counts, fault));
    return counts.at(0, 1);
  }
};

} // namespace

TEST(AccessCounts, RowsAreRoundedOutAtBothEnds) {
  Pixels pixels;
  // Two pixels of 32 lie across the end of an access.
  double bytes = 0, cycles = 0;
  for (int64_t at = 0; at < 64 * 3; at += 3) {
    int64_t accesses = (at + 2) / 32 - at / 32 + 1;
    bytes += double(accesses * 32);
    cycles += accesses == 1 ? 2 : 4; // 1.6 and 3.2.
  }
  Traffic input = pixels.input();
  EXPECT_NEAR(input.reads.bytes, bytes, 1e-9);
  EXPECT_NEAR(input.reads.busiestBytes, cycles * 20, 1e-9);
  EXPECT_EQ(input.reads.elements, 64 * 3);
}

TEST(AccessCounts, RowsThatFillLanesAreOneRequest) {
  Pixels pixels;
  Workload::TileRows &rows = *pixels.workload.operands[0].rows;
  // Three lanes fill a row of the chip: tiles of 24 bytes, each at 24 x i.
  rows.rowLanes = 3;
  double bytes = 0;
  for (int64_t at = 0; at < 64 * 3; at += 24) {
    int64_t accesses = (at + 23) / 32 - at / 32 + 1;
    bytes += double(accesses * 32);
  }
  EXPECT_NEAR(pixels.input().reads.bytes, bytes, 1e-9);
  // No more than two pixels in a request.
  rows.mostJoined = 6;
  bytes = pixels.input().reads.bytes;
  rows.rowLanes = 16;
  EXPECT_NEAR(bytes, pixels.input().reads.bytes, 1e-9);
  // By itself, each tile begins with an access, and is cut where it must be:
  // four times six bytes.
  rows.rowLanes = 3;
  rows.isPacked = true;
  EXPECT_EQ(pixels.input().reads.bytes, 8 * 4 * 32);
  rows.mostJoined = 65535;
  EXPECT_EQ(pixels.input().reads.bytes, 8 * 32);
}

TEST(AccessCounts, RowsOfStridesReadNothingBetween) {
  Pixels pixels;
  Workload::TileRows &rows = *pixels.workload.operands[0].rows;
  rows.axes[0].stride = 64;
  EXPECT_EQ(pixels.input().reads.bytes, 64 * 32);
  // Windows: what lies between is loaded.
  rows.axes[0] = {32, {{0, 2}}};
  EXPECT_EQ(pixels.input().reads.bytes, 8 * 15 * 32);
}

namespace {

/// y[p] = sum over r of x[2 p + r] w[r], 20 outputs, windows of 5, tiles of 3
/// outputs in the buffer.
Small windows() {
  Small small;
  small.workload.dims = {{20, false}, {5, true}};
  small.workload.operands[0].index = {{{0, 2}, {1, 1}}};
  small.workload.operands[1].index = {{{1, 1}}};
  small.workload.operands[2].index = {{{0, 1}}};
  small.mapping.loops = {{0, 3}, {0, 1}, {1, 1}};
  small.mapping.residence = {{1, 0}, {0, 0}, {1, 0}};
  return small;
}

} // namespace

TEST(AccessCounts, HalosComeAgainUnlessTheMemorySlides) {
  Small small = windows();
  // Six tiles of 9 inputs, a last one of 7.
  EXPECT_EQ(small.counts().at(0, 0).fills.elements, 6 * 9 + 7);
  small.machine.memories[0].slides = true;
  // 43 inputs in all, each once.
  EXPECT_EQ(small.counts().at(0, 0).fills.elements, 43);
  EXPECT_EQ(small.counts().at(0, 0).tileElements, 9);
  // Spread over positions, no window moves on.
  small.mapping.loops = {{0, 3}, {1, 1}, {0, 2, 0}, {0, 1}};
  EXPECT_EQ(small.counts().at(0, 0).fills.elements, 6 * 9 + 7);
}

TEST(AccessCounts, ZerosThatAreKept) {
  Small small;
  small.workload.operands[0].density = 0.25;
  small.machine.memories[0].keepsZeros = true;
  AccessCounts counts = small.counts();
  EXPECT_EQ(counts.at(0, 0).fills.bytes, 64 * 4);
  EXPECT_EQ(counts.at(0, 1).reads.bytes, 64);
}

TEST(AccessCounts, LargeSizesNeedNoEnumeration) {
  Small small;
  small.workload.dims[0].size = 1000003;
  small.workload.dims[2].size = 99991;
  small.mapping.loops = {{0, 1000}, {1, 4},    {2, 700},
                         {0, 1, 0}, {2, 1, 1}, {1, 1}};
  small.machine.array.axes[0].size = 1000;
  small.machine.array.axes[1].size = 700;
  AccessCounts counts = small.counts();
  EXPECT_EQ(counts.at(1, 1).reads.elements, 99991.0 * 6 * 1001);
  EXPECT_EQ(counts.at(0, 1).reads.elements, 99991.0 * 1000003 * 2);
}

TEST(MappingFault, Loops) {
  Small small;
  small.mapping.loops[1].dim = 3;
  EXPECT_EQ(small.fault(Kind::BadIndex),
            "loop 1 names a dimension or an axis that is not there");
  small = Small();
  small.mapping.loops[3].axis = 2;
  small.fault(Kind::BadIndex);
  small = Small();
  small.mapping.loops[2].tile = 0;
  EXPECT_EQ(small.fault(Kind::BadTile),
            "loop 2 has a tile of 0, expected 1 or more");
  small = Small();
  small.mapping.loops.pop_back();
  EXPECT_EQ(small.fault(Kind::LeftOver),
            "the last loop of dimension 1 leaves 3 of it, expected 1");
  small = Small();
  small.mapping.loops[5].axis = 0;
  EXPECT_EQ(small.fault(Kind::AxisTooSmall),
            "axis 'rows' would need 6 positions, it has 2");
  small = Small();
  small.workload.dims[1].size = 0;
  EXPECT_EQ(small.fault(Kind::Empty), "dimension 1 has no iterations");
}

TEST(MappingFault, Residence) {
  Small small;
  small.mapping.residence.pop_back();
  EXPECT_EQ(small.fault(Kind::BadShape),
            "the mapping has 4 residences, expected one for each operand and "
            "memory: 6");
  small = Small();
  small.mapping.residence[1][0] = 7;
  EXPECT_EQ(small.fault(Kind::BadResidence),
            "operand 1 resides inside of 7 loops in memory 'buffer', expected "
            "0 to 6");
  small = Small();
  small.mapping.residence[2][1] = none;
  EXPECT_EQ(small.fault(Kind::OutermostBypass),
            "operand 2 bypasses memory 'dram', which has to hold all of it");
  small = Small();
  small.workload.operands[1].home = 0;
  EXPECT_EQ(small.fault(Kind::BadResidence),
            "operand 1 resides inside of 3 loops in memory 'buffer', expected "
            "0 to 0");
  small.mapping.residence[1][0] = 0;
  EXPECT_EQ(small.fault(Kind::NotHeld),
            "memory 'dram' does not hold the role of operand 1");
  small = Small();
  small.machine.memories[0].holds[unsigned(OperandRole::Weight)] = false;
  EXPECT_EQ(small.fault(Kind::NotHeld),
            "memory 'buffer' does not hold the role of operand 1");
  small.mapping.residence[1][0] = none;
  small.counts();
  small = Small();
  small.machine.memories[1].perAxes = 1;
  small.fault(Kind::OutermostShared);
  small.machine.memories.push_back(small.machine.memories[1]);
  small.machine.memories[2].perAxes = 0;
  small.mapping.residence = {{3, 3, 0}, {3, 3, 0}, {3, 3, 0}};
  EXPECT_EQ(small.fault(Kind::InstancesCrossed),
            "memory 'dram' has more instances than the memory inside of it "
            "that holds operand 0");
}

TEST(MappingFault, Capacity) {
  Small small;
  // Tiles of 4 + 6 + 6 elements of 4 bytes.
  small.machine.memories[0].bytes = 64;
  small.counts();
  small.machine.memories[0].bytes = 63;
  EXPECT_EQ(small.fault(Kind::Capacity),
            "memory 'buffer' is too small: the tiles take 64 bytes, expected "
            "at most 63 (1 bytes short)");
  small.machine.memories[0].bytes = 127;
  small.machine.memories[0].doubleBuffered = true;
  EXPECT_EQ(small.check().expected, 63);
  small.machine.memories[0].bytes = 128;
  small.counts();
}

TEST(MappingFault, Dataflow) {
  Small small;
  small.machine.array.dataflows = {"output_stationary"};
  EXPECT_EQ(small.fault(Kind::Dataflow),
            "the loop order is none that the array can run: expected "
            "output_stationary");
  // The innermost step walks j: a stays.
  small.machine.array.dataflows.push_back("input_stationary");
  small.counts();
  auto dataflow = [&] {
    return AccessModel(small.workload, small.machine).dataflowOf(small.mapping);
  };
  EXPECT_EQ(dataflow(), "input_stationary");
  // A control that can do everything does the same.
  small.machine.array.dataflows.clear();
  EXPECT_EQ(dataflow(), "input_stationary");
  small.machine.array.dataflows = {"weight_stationary"};
  EXPECT_EQ(dataflow(), "");
}

TEST(MappingFault, WhatIsUsedOnceIsStill) {
  Small small;
  small.machine.array.dataflows = {"weight_stationary"};
  small.fault(Kind::Dataflow);
  // One row times a matrix: no loop leaves the weights where they are.
  small.workload.dims[0].size = 1;
  small.mapping.loops = {{1, 3}, {2, 2}, {2, 1, 1}, {1, 1}};
  small.mapping.residence = {{2, 0}, {2, 0}, {2, 0}};
  small.counts();
}

TEST(MappingFault, Uncountable) {
  Small small;
  for (Workload::Dim &dim : small.workload.dims)
    dim.size = 1 << 20;
  small.workload.dims[2].size = 1 << 10;
  small.workload.operands[1].index = {{{0, 999983}, {1, 1500007}, {2, 1}}};
  small.mapping.loops = {{0, 1}, {1, 1}, {2, 1}};
  EXPECT_EQ(small.fault(Kind::Uncountable),
            "the index of operand 1 is too irregular to count");
}

TEST(AccessModel, LowerBounds) {
  Small small;
  AccessModel model(small.workload, small.machine);
  EXPECT_EQ(model.wholeElements(0), 32);
  EXPECT_EQ(model.leastSteps(), 48);
  EXPECT_EQ(model.tileElements(0, {2, 3, 2}), 4);
}
