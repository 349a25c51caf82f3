//===- Budgets.cpp - What a result may cost at most -----------------------===//

#include "lib/Compiler/Budgets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace aicc;
using llvm::formatv;

bool BudgetCheck::isBetterThan(const BudgetCheck &other) const {
  if (keeps() != other.keeps())
    return keeps();
  return keeps() ? score < other.score : excess < other.excess;
}

size_t aicc::unpricedNodes(const ReportData &report) {
  llvm::StringSet<> priced;
  for (const ReportNode &node : report.nodes)
    priced.insert(node.name);
  return llvm::count_if(report.fallbacks, [&](const ReportFallback &fallback) {
    return !priced.contains(fallback.node);
  });
}

BudgetCheck aicc::checkBudgets(const ReportData &report, const Budgets &budgets,
                               Objective objective) {
  BudgetCheck check;
  auto compare = [&](llvm::StringRef what, double value, double budget,
                     llvm::StringRef unit) {
    if (value <= budget)
      return;
    check.excesses.push_back(
        formatv("{0} {1:g} {2}, {3:g} {2} over the budget of {4:g} {2}", what,
                value, unit, value - budget, budget)
            .str());
    check.excess = std::max(check.excess, value / budget - 1);
  };
  ReportTotals totals = totalsOf(report);
  double energyUj = totals.energyPj * 1e-6;
  compare("energy", energyUj, budgets.energyUj, "uJ");
  compare("latency", totals.timeUs, budgets.latencyUs, "us");
  compare("memory",
          double(report.memory.arenaBytes + report.memory.weightBytes),
          budgets.memoryBytes, "bytes");
  check.score = valueOf(objective, energyUj, totals.timeUs);
  return check;
}

//===----------------------------------------------------------------------===//
// Between the objectives
//===----------------------------------------------------------------------===//

namespace {
/// What came of a price of time.
struct PricedRun {
  double watts = 0;
  RunCost cost;
};
} // namespace

/// Whether nobody would notice the difference.
static bool isNear(const RunCost &a, const RunCost &b) {
  constexpr double least = 0.002;
  return std::abs(a.energyUj - b.energyUj) <= least * a.energyUj &&
         std::abs(a.timeUs - b.timeUs) <= least * a.timeUs;
}

/// Maps for the price in the middle, then on both sides of it.
static bool mapBetween(Objective asked, const PricedRun &dear,
                       const PricedRun &cheap, unsigned depth, MapForGoal map) {
  if (depth == 0 || isNear(dear.cost, cheap.cost))
    return true;
  PricedRun middle;
  middle.watts = std::sqrt(dear.watts * cheap.watts);
  std::optional<RunCost> cost = map(Goal(asked, middle.watts));
  if (!cost)
    return false;
  middle.cost = *cost;
  return mapBetween(asked, dear, middle, depth - 1, map) &&
         mapBetween(asked, middle, cheap, depth - 1, map);
}

std::optional<ObjectiveCosts>
aicc::mapForOthers(Objective asked, const RunCost &first, MapForGoal map) {
  ObjectiveCosts costs;
  for (Objective other :
       {Objective::Latency, Objective::Energy, Objective::Edp}) {
    std::optional<RunCost> cost = other == asked ? first : map(other);
    if (!cost)
      return std::nullopt;
    costs[unsigned(other)] = *cost;
  }
  return costs;
}

bool aicc::mapForTradeOffs(Objective asked, const ObjectiveCosts &costs,
                           MapForGoal map) {
  // The power of the run makes energy and time count the same. A hundred times
  // that is time alone, a hundredth of it energy alone.
  constexpr double farEnough = 100;
  constexpr unsigned depth = 3; // At most 7 prices.
  const RunCost &first = costs[unsigned(asked)];
  double watts = first.energyUj / first.timeUs;
  if (!(watts > 0) || !std::isfinite(watts))
    return true;
  return mapBetween(
      asked, {watts * farEnough, costs[unsigned(Objective::Latency)]},
      {watts / farEnough, costs[unsigned(Objective::Energy)]}, depth, map);
}
