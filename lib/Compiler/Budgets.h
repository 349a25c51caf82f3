//===- Budgets.h - What a result may cost at most ---------------*- C++ -*-===//

#ifndef LIB_COMPILER_BUDGETS_H
#define LIB_COMPILER_BUDGETS_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Report/ReportData.h"

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

} // namespace aicc

#endif // LIB_COMPILER_BUDGETS_H
