//===- OracleTest.cpp - Analytic counts against a literal run -------------===//

#include "aicc/Energy/AccessCounts.h"
#include "test/unit/Energy/OracleCases.h"
#include "test/unit/Energy/OracleSimulator.h"

#include "gtest/gtest.h"

using namespace aicc;
using oracle::Case;

namespace {

void expectEqual(const Flow &counted, const oracle::Seen &seen, bool hasBytes,
                 const std::string &what) {
  EXPECT_EQ(counted.elements, seen.elements) << what;
  if (!hasBytes)
    return;
  EXPECT_NEAR(counted.bytes, seen.bytes, 1e-9 * (1 + seen.bytes)) << what;
  EXPECT_NEAR(counted.busiestBytes, seen.busiestBytes,
              1e-9 * (1 + seen.busiestBytes))
      << what << " of the busiest instance";
}

/// A crossing says the same as the counts, whatever else the mapping does.
void compareCrossings(const Case &made, const AccessModel &model,
                      const AccessCounts &counts, unsigned o) {
  int inner = AccessModel::arithmetic;
  for (unsigned m = 0; m < made.machine.memories.size(); ++m) {
    if (made.mapping.residence[o][m] == Mapping::bypass)
      continue;
    Mapping loops;
    loops.loops = made.mapping.loops;
    Crossing crossing;
    int residence = inner < 0 ? 0 : made.mapping.residence[o][inner];
    ASSERT_TRUE(model.crossing(loops, o, inner, m, residence, crossing));
    const Traffic &outer = counts.at(o, m);
    bool isOutput = made.workload.operands[o].isOutput();
    EXPECT_EQ(crossing.outer,
              (isOutput ? outer.updates : outer.reads).elements);
    EXPECT_GE(crossing.outer, model.wholeElements(o));
    EXPECT_GE(crossing.inner, crossing.outer);
    if (inner >= 0) {
      const Traffic &in = counts.at(o, unsigned(inner));
      EXPECT_EQ(crossing.inner, (isOutput ? in.drains : in.fills).elements);
      EXPECT_EQ(crossing.tileElements, in.tileElements);
    }
    inner = int(m);
  }
}

void compare(const Case &made) {
  AccessModel model(made.workload, made.machine);
  AccessCounts counts;
  MappingFault fault;
  ASSERT_TRUE(model.count(made.mapping, counts, fault))
      << fault.describe(made.machine);
  oracle::Simulator simulator(made.workload, made.mapping, made.machine);
  EXPECT_EQ(counts.steps, simulator.steps());
  EXPECT_EQ(counts.resultSteps, simulator.resultSteps());
  for (unsigned o = 0; o < made.workload.operands.size(); ++o) {
    compareCrossings(made, model, counts, o);
    std::vector<oracle::SeenTraffic> seen = simulator.run(o);
    for (unsigned m = 0; m < seen.size(); ++m) {
      const Traffic &traffic = counts.at(o, m);
      // Requests of results are rounded in proportion, and which copies of a
      // scattered result are complete is not told apart (0005).
      bool isOutput = made.workload.operands[o].isOutput();
      bool hasBytes = !isOutput || (made.isGather &&
                                    made.machine.memories[m].accessBytes == 0);
      std::string what =
          "operand " + std::to_string(o) + " memory " + std::to_string(m);
      expectEqual(traffic.fills, seen[m].fills, hasBytes, what + " fills");
      expectEqual(traffic.reads, seen[m].reads, hasBytes, what + " reads");
      expectEqual(traffic.updates, seen[m].updates, hasBytes,
                  what + " updates");
      expectEqual(traffic.drains, seen[m].drains, hasBytes, what + " drains");
      EXPECT_EQ(traffic.tileElements, seen[m].tileElements) << what;
    }
  }
}

} // namespace

TEST(AccessCountsOracle, RandomMappings) {
  for (uint32_t seed = 1; seed <= 4000; ++seed) {
    Case made = oracle::makeCase(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + oracle::show(made));
    compare(made);
    if (HasFailure())
      return;
  }
}
