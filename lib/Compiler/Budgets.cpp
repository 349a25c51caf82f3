//===- Budgets.cpp - What a result may cost at most -----------------------===//

#include "lib/Compiler/Budgets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

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
