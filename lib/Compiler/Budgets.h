//===- Budgets.h - What a result may cost at most ---------------*- C++ -*-===//

#ifndef LIB_COMPILER_BUDGETS_H
#define LIB_COMPILER_BUDGETS_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Report/ReportData.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <array>
#include <optional>

namespace aicc {

/// How far a mapped model is from its budgets, and how good it is otherwise.
struct BudgetCheck {
  /// "energy 12.3 uJ, 2.3 uJ over the budget of 10 uJ", one for each budget
  /// that is not kept.
  std::vector<std::string> excesses;
  /// The largest share by which one is exceeded: 0.23; 0 if all are kept.
  double excess = 0;
  /// By the objective that was asked for.
  double score = 0;

  bool keeps() const { return excesses.empty(); }
  /// All kept rather than not; then by the score, else by the excess.
  bool isBetterThan(const BudgetCheck &other) const;
};

/// Nodes that the report's numbers leave out.
size_t unpricedNodes(const ReportData &report);

/// The energy and time of one run, and the memory of the program: arena and
/// constants.
BudgetCheck checkBudgets(const ReportData &report, const Budgets &budgets,
                         Objective objective);

/// What one run of a mapped model takes.
struct RunCost {
  double energyUj = 0;
  double timeUs = 0;
};

/// Maps the model for a goal whose price of time is in watts; nothing if that
/// fails.
using MapForGoal = llvm::function_ref<std::optional<RunCost>(const Goal &)>;

/// What a model takes mapped for each objective, by its number.
using ObjectiveCosts = std::array<RunCost, 3>;

/// Maps a model, which took `first` for the objective `asked`, for the other
/// two. Nothing if `map` fails.
std::optional<ObjectiveCosts>
mapForOthers(Objective asked, const RunCost &first, MapForGoal map);

/// Maps a model for the energy plus the time at prices between those that
/// amount to the energy and to the time alone. A range of prices is halved (by
/// ratio) where its ends differ in what comes of them. Not the price at which
/// two results are worth the same: each group is mapped by what it costs alone,
/// and the results have what caches keep between groups. What is tried does not
/// depend on the budgets, so that a tighter one never gets a better answer.
/// False if `map` fails.
bool mapForTradeOffs(Objective asked, const ObjectiveCosts &costs,
                     MapForGoal map);

} // namespace aicc

#endif // LIB_COMPILER_BUDGETS_H
