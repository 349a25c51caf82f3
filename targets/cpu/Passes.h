//===- Passes.h - Passes of the cpu target ----------------------*- C++ -*-===//

#ifndef TARGETS_CPU_PASSES_H
#define TARGETS_CPU_PASSES_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Energy/Machine.h"
#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

#include <functional>

namespace aicc {
#define GEN_PASS_DECL
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

namespace aicc::cpu {

/// Sets the mapping of a region; the one way in which any pass gets one.
using RegionMapper = std::function<mlir::LogicalResult(RegionOp)>;

/// Asks the cost model of this family for `machine`.
RegionMapper makeRegionMapper(const MachineDesc &machine, int workers,
                              Objective objective);
RegionMapper makeRegionMapper(const CompileOptions &options);

/// A machine of this family; null if there is none of that name.
std::shared_ptr<const MachineDesc> namedMachine(llvm::StringRef name);

std::unique_ptr<mlir::Pass> createMapPass(RegionMapper mapper);
std::unique_ptr<mlir::Pass> createSchedulePass(const CompileOptions &options);
std::unique_ptr<mlir::Pass> createGenerateLoopsPass(RegionMapper mapper);

void registerCpuPasses();

} // namespace aicc::cpu

#endif // TARGETS_CPU_PASSES_H
