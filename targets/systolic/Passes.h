//===- Passes.h - Passes of the systolic target -----------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_PASSES_H
#define TARGETS_SYSTOLIC_PASSES_H

#include "aicc/Energy/Machine.h"
#include "dialects/aicc/IR/Aicc.h"
#include "dialects/systolic/IR/Systolic.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace aicc {
#define GEN_PASS_DECL
#include "targets/systolic/Passes.h.inc"
} // namespace aicc

namespace aicc::systolic {

std::unique_ptr<mlir::Pass> createSplitGroupsPass();
std::unique_ptr<mlir::Pass>
createCheckHostPass(std::shared_ptr<const MachineDesc> machine,
                    bool noFallback);
std::unique_ptr<mlir::Pass>
createEmbedProgramsPass(std::shared_ptr<const MachineDesc> machine);

void registerSystolicPasses();

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_PASSES_H
