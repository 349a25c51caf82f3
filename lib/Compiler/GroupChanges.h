//===- GroupChanges.h - What the whole model changed, by group --*- C++ -*-===//

#ifndef LIB_COMPILER_GROUPCHANGES_H
#define LIB_COMPILER_GROUPCHANGES_H

#include "aicc/Compiler/CompileOptions.h"
#include "dialects/aicc/IR/Aicc.h"

#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace aicc {

/// How one group is mapped.
struct GroupChoice {
  MappingAttr mapping;
  StripesAttr stripes;
  CostAttr cost;
};

/// Of all groups, in the order of the program.
std::vector<GroupChoice> choicesOf(mlir::ModuleOp module);

/// Groups of `module` that are mapped otherwise than in `plain`, the choice for
/// the objective `asked` of each group alone, get that as an alternative
/// (`aicc.alternatives`) with its cost, and a remark. `reason`: why it is not
/// taken.
void noteChanges(mlir::ModuleOp module, llvm::ArrayRef<GroupChoice> plain,
                 Objective asked, llvm::StringRef reason);

} // namespace aicc

#endif // LIB_COMPILER_GROUPCHANGES_H
