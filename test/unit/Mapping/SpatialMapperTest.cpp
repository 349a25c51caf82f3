//===- SpatialMapperTest.cpp - The mapper finds the optimum ---------------===//

#include "aicc/Mapping/SpatialMapper.h"
#include "aicc/Energy/SpatialCost.h"
#include "test/unit/Mapping/SpatialEnumeration.h"

#include "llvm/ADT/STLExtras.h"

#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace aicc;
using namespace aicc::testing;

namespace {

/// Random numbers that are the same everywhere.
class Dice {
public:
  explicit Dice(uint64_t seed) : engine(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return low + int64_t(engine() % uint64_t(high - low + 1));
  }
  bool toss() { return between(0, 1) == 1; }
  int64_t oneOf(std::initializer_list<int64_t> values) {
    return values.begin()[between(0, int64_t(values.size()) - 1)];
  }

private:
  std::mt19937_64 engine;
};

struct Case {
  Workload workload;
  MachineDesc machine;
};

struct Point {
  double energyPj, cycles, bytes;
};

SourcedValue value(double number) {
  SourcedValue result;
  result.value = number;
  result.source = "test";
  return result;
}

Workload::Operand operand(OperandRole role,
                          std::vector<std::vector<Workload::Term>> index,
                          int64_t bits) {
  Workload::Operand result;
  result.role = role;
  for (const auto &terms : index)
    result.index.emplace_back(terms.begin(), terms.end());
  result.bits = bits;
  return result;
}

/// Products, windows with stride and dilation, depthwise windows, sums.
Workload randomWorkload(Dice &dice) {
  Workload work;
  work.arithmetic = Arithmetic::I8;
  int64_t bits = dice.oneOf({4, 8, 16});
  auto in = [&](OperandRole role, auto index) {
    work.operands.push_back(operand(role, index, bits));
  };
  using Index = std::vector<std::vector<Workload::Term>>;
  int64_t stride = dice.between(1, 3), dilation = dice.between(1, 2);
  switch (dice.between(0, 3)) {
  case 0: // m, n, k
    work.dims = {{dice.between(1, 6), false},
                 {dice.between(1, 6), false},
                 {dice.between(1, 6), true}};
    in(OperandRole::Input, Index{{{0, 1}}, {{2, 1}}});
    in(OperandRole::Weight, Index{{{2, 1}}, {{1, 1}}});
    in(OperandRole::Output, Index{{{0, 1}}, {{1, 1}}});
    break;
  case 1: // k, p, r
    work.dims = {{dice.between(1, 4), false},
                 {dice.between(1, 9), false},
                 {dice.between(1, 3), true}};
    in(OperandRole::Input, Index{{{1, stride}, {2, dilation}}});
    in(OperandRole::Weight, Index{{{0, 1}}, {{2, 1}}});
    in(OperandRole::Output, Index{{{0, 1}}, {{1, 1}}});
    break;
  case 2: // g, p, q, r
    work.dims = {{dice.between(1, 4), false},
                 {dice.between(1, 4), false},
                 {dice.between(1, 3), false},
                 {dice.between(1, 3), true}};
    in(OperandRole::Input,
       Index{{{0, 1}}, {{1, stride}, {3, dilation}}, {{2, 1}}});
    in(OperandRole::Weight, Index{{{0, 1}}, {{3, 1}}});
    in(OperandRole::Output, Index{{{0, 1}}, {{1, 1}}, {{2, 1}}});
    break;
  default: // Two inputs of unequal rank, and their sum over one dimension.
    work.dims = {{dice.between(1, 10), false}, {dice.between(1, 10), true}};
    in(OperandRole::Input, Index{{{0, 1}}, {{1, 1}}});
    in(OperandRole::Input, Index{{{1, 1}}});
    in(OperandRole::Output, Index{{{0, 1}}});
    break;
  }
  Workload::Operand &out = work.operands.back();
  out.partialBits = dice.toss() ? 2 * bits : 0;
  if (dice.between(0, 3) == 0)
    work.operands[0].density = 0.5;
  return work;
}

/// Some operands stay in an inner memory that has one instance.
void giveHomes(Dice &dice, const MachineDesc &machine, Workload &workload) {
  for (Workload::Operand &operand : workload.operands) {
    int home = int(dice.between(0, int64_t(machine.memories.size()) - 1));
    if (dice.between(0, 3) == 0 && machine.memories[home].perAxes == 0)
      operand.home = home;
  }
}

MachineDesc randomMachine(Dice &dice) {
  MachineDesc machine;
  machine.name = "random";
  machine.clockMhz = value(1000);
  machine.actions.emplace_back("mac_i8",
                               value(double(dice.between(1, 9)) / 10));
  if (dice.toss())
    machine.leakageMw = value(double(dice.between(1, 20)));
  unsigned axes = dice.between(0, 2);
  for (unsigned i = 0; i != axes; ++i) {
    ArrayDesc::Axis axis;
    axis.name = i ? "cols" : "rows";
    axis.size = dice.between(1, 4);
    axis.reduces = dice.toss();
    axis.multicasts = dice.between(0, 3) != 0;
    machine.array.axes.push_back(axis);
  }
  machine.array.gatesZeros[0] = dice.between(0, 3) == 0;
  unsigned memories = dice.between(2, 4);
  uint32_t perAxes = (1u << axes) - 1;
  for (unsigned m = 0; m != memories; ++m) {
    MemoryDesc memory;
    bool isOutermost = m + 1 == memories;
    memory.name = "m" + std::to_string(m);
    memory.bytes =
        isOutermost ? 0 : dice.oneOf({2, 4, 8, 16, 32, 64}) << (2 * m);
    if (!isOutermost)
      for (bool &holds : memory.holds)
        holds = dice.between(0, 3) != 0;
    perAxes = isOutermost
                  ? 0
                  : perAxes & uint32_t(dice.between(0, 3) | dice.between(0, 3));
    memory.perAxes = perAxes;
    memory.doubleBuffered = dice.toss();
    memory.streams = !memory.doubleBuffered && dice.toss();
    memory.keepsZeros = dice.toss();
    memory.sharedPort = dice.toss();
    memory.accessBytes = dice.oneOf({0, 0, 2, 4});
    double cost = double(dice.between(1, 30)) * double(1 << (3 * m)) / 20;
    memory.readPjPerByte = value(cost);
    if (dice.toss())
      memory.writePjPerByte = value(cost * double(dice.between(5, 20)) / 10);
    if (dice.between(0, 3) != 0)
      memory.bytesPerCycle = value(double(dice.oneOf({1, 2, 4, 8})));
    machine.memories.push_back(memory);
  }
  return machine;
}

/// Costs of every mapping of the space that runs and fits, or nothing if there
/// are too many for a test.
bool enumerate(const Case &item, size_t limit, std::vector<Point> &points) {
  AccessModel model(item.workload, item.machine);
  size_t seen = 0;
  AccessCounts counts;
  MappingFault fault;
  auto visit = [&](const Mapping &mapping) {
    if (++seen > limit || !model.count(mapping, counts, fault))
      return;
    SpatialTotals totals = totalsOf(model, mapping, counts);
    points.push_back({totals.energyPj, totals.cycles, 0});
  };
  Enumeration all(item.workload, item.machine, visit);
  return seen <= limit;
}

double valueOf(const Goal &goal, const Point &point) {
  if (goal.timePrice > 0)
    return point.energyPj + goal.timePrice * point.cycles;
  return goal.objective == Objective::Energy    ? point.energyPj
         : goal.objective == Objective::Latency ? point.cycles
                                                : point.energyPj * point.cycles;
}

/// The objectives, and between them a cycle at the price of half of what an
/// average one takes.
std::vector<Goal> goalsFor(const std::vector<Point> &points) {
  std::vector<Goal> goals{Objective::Energy, Objective::Latency,
                          Objective::Edp};
  if (!points.empty() && points[0].energyPj > 0 && points[0].cycles > 0)
    goals.push_back(
        {Objective::Latency, 0.5 * points[0].energyPj / points[0].cycles});
  return goals;
}

/// A budget that one in four mappings keeps, by cycles.
double tightCycles(std::vector<Point> points) {
  auto middle = points.begin() + ptrdiff_t(points.size() / 4);
  std::nth_element(
      points.begin(), middle, points.end(),
      [](const Point &a, const Point &b) { return a.cycles < b.cycles; });
  return middle->cycles;
}

constexpr double kSame = 1e-9; ///< Sums in another order.

/// False if the mapper does not claim the optimum.
bool expectOptima(const Case &item, const std::vector<Point> &points) {
  SpatialMapperOptions options;
  bool isProven = true;
  for (const Goal &objective : goalsFor(points)) {
    double best = std::numeric_limits<double>::infinity();
    for (const Point &point : points)
      best = std::min(best, valueOf(objective, point));
    options.objective = objective;
    SpatialMapperResult result =
        mapSpatial(item.workload, item.machine, options);
    isProven &= result.isOptimal;
    EXPECT_TRUE(result.candidates.empty() == points.empty() ||
                !result.isOptimal)
        << result.why;
    if (result.candidates.empty())
      continue;
    double found = result.candidates[0].value(objective);
    EXPECT_GE(found, best * (1 - kSame));
    EXPECT_LE(result.lowerBound, best * (1 + kSame));
    if (result.isOptimal)
      EXPECT_NEAR(found / best, 1, kSame);
    EXPECT_TRUE(isInMapSpace(item.workload, item.machine, options,
                             result.candidates[0].mapping));
  }
  return isProven;
}

/// A search of a few unrollings finds mappings of the space, and its bound
/// holds for those that it did not look at.
void expectLimited(const Case &item, const std::vector<Point> &points) {
  for (const Goal &objective : goalsFor(points)) {
    double best = std::numeric_limits<double>::infinity();
    for (const Point &point : points)
      best = std::min(best, valueOf(objective, point));
    SpatialMapperOptions options;
    options.objective = objective;
    options.unrollingLimit = 2;
    SpatialMapperResult result =
        mapSpatial(item.workload, item.machine, options);
    EXPECT_LE(result.lowerBound, best * (1 + kSame));
    if (result.stats.unrollings <= options.unrollingLimit)
      continue;
    for (const SpatialCandidate &candidate : result.candidates) {
      EXPECT_GE(candidate.value(objective), best * (1 - kSame));
      EXPECT_TRUE(isInMapSpace(item.workload, item.machine, options,
                               candidate.mapping));
    }
  }
}

void expectBudget(const Case &item, const std::vector<Point> &points) {
  if (points.empty())
    return;
  SpatialMapperOptions options;
  options.objective = Objective::Energy;
  options.budgets.cycles = tightCycles(points);
  double best = std::numeric_limits<double>::infinity();
  for (const Point &point : points)
    if (point.cycles <= options.budgets.cycles)
      best = std::min(best, point.energyPj);
  SpatialMapperResult result = mapSpatial(item.workload, item.machine, options);
  ASSERT_FALSE(result.candidates.empty());
  EXPECT_NEAR(result.candidates[0].energyPj / best, 1, kSame);
  EXPECT_LE(result.candidates[0].cycles, options.budgets.cycles * (1 + kSame));
}

/// With a slack in time, the least energy of those that are fast enough.
void expectSlack(const Case &item, const std::vector<Point> &points,
                 double slack) {
  if (points.empty())
    return;
  SpatialMapperOptions options;
  options.objective = Objective::Latency;
  options.latencySlack = slack;
  double least = std::numeric_limits<double>::infinity(), best = least;
  for (const Point &point : points)
    least = std::min(least, point.cycles);
  for (const Point &point : points)
    if (point.cycles <= least * (1 + slack))
      best = std::min(best, point.energyPj);
  SpatialMapperResult result = mapSpatial(item.workload, item.machine, options);
  ASSERT_TRUE(result.isOptimal);
  EXPECT_NEAR(result.candidates[0].energyPj / best, 1, kSame);
  EXPECT_LE(result.candidates[0].cycles, least * (1 + slack) * (1 + kSame));
}

/// No mapping beats the front, and each point of the front is a mapping.
void expectFront(const Case &item, const std::vector<Point> &points) {
  std::vector<SpatialCandidate> front =
      paretoSpatial(item.workload, item.machine, SpatialMapperOptions())
          .candidates;
  for (const Point &point : points)
    ASSERT_TRUE(llvm::any_of(front,
                             [&](const SpatialCandidate &candidate) {
                               return candidate.energyPj <=
                                          point.energyPj * (1 + kSame) &&
                                      candidate.cycles <=
                                          point.cycles * (1 + kSame);
                             }))
        << point.energyPj << " pJ, " << point.cycles << " cycles";
  for (const SpatialCandidate &candidate : front)
    EXPECT_TRUE(llvm::any_of(points, [&](const Point &point) {
      return std::abs(candidate.energyPj / point.energyPj - 1) < kSame &&
             std::abs(candidate.cycles / point.cycles - 1) < kSame;
    }));
}

} // namespace

TEST(SpatialMapper, FindsTheOptimumOfTheEnumeratedSpace) {
  // Cases with a mapping; those without must be found to have none.
  constexpr unsigned wanted = 240;
  constexpr size_t mostMappings = 60000;
  unsigned possible = 0, impossible = 0, unproven = 0;
  for (uint64_t seed = 1; possible < wanted; ++seed) {
    Dice dice(seed);
    Case item;
    item.workload = randomWorkload(dice);
    item.machine = randomMachine(dice);
    giveHomes(dice, item.machine, item.workload);
    std::vector<Point> points;
    if (!enumerate(item, mostMappings, points))
      continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    bool isProven = expectOptima(item, points);
    (!isProven ? unproven : points.empty() ? impossible : possible) += 1;
    if (isProven) {
      expectBudget(item, points);
      expectSlack(item, points, double(seed % 4) / 20);
      expectFront(item, points);
      expectLimited(item, points);
    }
    if (HasFatalFailure() || HasNonfatalFailure())
      break;
  }
  EXPECT_GT(impossible, 0u);
  // The claim is given up rarely, or it is worth little.
  EXPECT_LE(unproven * 10, possible);
  RecordProperty("unproven", int(unproven));
}

/// Where the array keeps an operand still, some unrollings and tiles cannot be
/// run at all. The order of loops is tried in part only, so the best may be
/// missed, but not that there is a mapping.
TEST(SpatialMapper, FindsAMappingThatADataflowCanRun) {
  unsigned possible = 0, impossible = 0, optimal = 0;
  for (uint64_t seed = 1; possible < 150; ++seed) {
    Dice dice(seed);
    Case item;
    item.workload = randomWorkload(dice);
    item.machine = randomMachine(dice);
    item.machine.array.dataflows = {dice.toss() ? "weight_stationary"
                                                : "output_stationary"};
    std::vector<Point> points;
    if (!enumerate(item, 20000, points))
      continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    (points.empty() ? impossible : possible) += 1;
    double least = std::numeric_limits<double>::infinity();
    for (const Point &point : points)
      least = std::min(least, point.energyPj);
    SpatialMapperOptions options;
    options.objective = Objective::Energy;
    SpatialMapperResult found =
        mapSpatial(item.workload, item.machine, options);
    ASSERT_EQ(found.candidates.empty(), points.empty()) << found.why;
    if (points.empty())
      continue;
    EXPECT_GE(found.candidates[0].energyPj, least * (1 - kSame));
    optimal += found.candidates[0].energyPj <= least * (1 + kSame);
  }
  EXPECT_GT(impossible, 0u);
  EXPECT_GE(optimal * 10, possible * 9);
  RecordProperty("optimal", int(optimal));
}

/// Of a few unrollings, each objective's search looks at other ones; the least
/// energy is asked for by name, so the fastest mapping may not take less.
TEST(SpatialMapper, EnergyIsNoMoreThanTheFastestTakes) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Dice dice(seed);
    Case item;
    item.workload = randomWorkload(dice);
    item.machine = randomMachine(dice);
    SCOPED_TRACE("seed " + std::to_string(seed));
    SpatialMapperOptions options;
    options.unrollingLimit = 1;
    options.latencySlack = 0.01;
    options.objective = Objective::Energy;
    SpatialMapperResult frugal =
        mapSpatial(item.workload, item.machine, options);
    options.objective = Objective::Latency;
    SpatialMapperResult fast = mapSpatial(item.workload, item.machine, options);
    if (fast.candidates.empty())
      continue;
    ASSERT_FALSE(frugal.candidates.empty()) << frugal.why;
    EXPECT_LE(frugal.candidates[0].energyPj,
              fast.candidates[0].energyPj * (1 + kSame));
  }
}

/// Three axes that take anything: thousands of unrollings.
TEST(SpatialMapper, BoundsWhatItDoesNotPrice) {
  Workload product;
  product.dims = {{96, false}, {160, false}, {224, true}};
  auto operand = [](unsigned first, unsigned second, OperandRole role) {
    Workload::Operand result;
    result.index = {{{first, 1}}, {{second, 1}}};
    result.bits = 16;
    result.role = role;
    return result;
  };
  product.operands = {operand(0, 2, OperandRole::Input),
                      operand(2, 1, OperandRole::Weight),
                      operand(0, 1, OperandRole::Output)};
  MachineDesc machine;
  machine.name = "cube";
  machine.array.axes = {{"a", 12, true}, {"b", 12, true}, {"c", 12, true}};
  auto add = [&](const char *name, int64_t bytes, double rate, double pj) {
    MemoryDesc &memory = machine.memories.emplace_back();
    memory.name = name;
    memory.bytes = bytes;
    memory.bytesPerCycle = {rate, "test", {}, {}, {}};
    memory.readPjPerByte = {pj, "test", {}, {}, {}};
  };
  add("buffer", 1 << 14, 4096, 1);
  add("dram", 0, 16, 100);
  for (Objective objective :
       {Objective::Energy, Objective::Latency, Objective::Edp}) {
    SpatialMapperOptions options;
    options.objective = objective;
    options.unrollingLimit = 40;
    SpatialMapperResult many = mapSpatial(product, machine, options);
    options.unrollingLimit = 1;
    SpatialMapperResult one = mapSpatial(product, machine, options);
    ASSERT_FALSE(many.candidates.empty() || one.candidates.empty());
    EXPECT_GT(one.stats.unrollings, 40 * 64u);
    double found = std::min(many.candidates[0].value(objective),
                            one.candidates[0].value(objective));
    EXPECT_GT(one.lowerBound, 0);
    EXPECT_LE(one.lowerBound, found * (1 + kSame));
    EXPECT_LE(many.lowerBound, found * (1 + kSame));
  }
}
