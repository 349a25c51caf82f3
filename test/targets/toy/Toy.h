//===- Toy.h - A second family of machines, for tests -----------*- C++ -*-===//
//
// Adds and multiplies float32 tensors, one instruction a tensor. It exists to
// prove that a family needs nothing but its own folder: dialect, mapping,
// lowering, artefact and executor are here, none of it known elsewhere.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_TARGETS_TOY_TOY_H
#define TEST_TARGETS_TOY_TOY_H

#include "aicc/Target/Target.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/Pass.h"

#include "test/targets/toy/ToyDialect.h.inc"

#define GET_OP_CLASSES
#include "test/targets/toy/ToyOps.h.inc"

namespace aicc::toy {

std::unique_ptr<Target> createTarget();

/// What the machine can run: see `Target::supports`.
mlir::LogicalResult supports(mlir::Operation *op, std::string &why);

/// Structured to mapped: each operation becomes a region with the mapping that
/// `target` says is cheapest on `machine`.
std::unique_ptr<mlir::Pass>
createMapPass(const Target &target, std::shared_ptr<const MachineDesc> machine);

/// Mapped to loops: regions become instructions. It crashes on tensors of rank
/// 9 and fails on those of rank 8, on purpose: how defects look is tested too.
std::unique_ptr<mlir::Pass> createLowerPass();

/// The program as text, one instruction a line.
mlir::LogicalResult writeProgram(mlir::ModuleOp module, llvm::StringRef path,
                                 DiagnosticSink &sink);

std::unique_ptr<Executor> createExecutor();

} // namespace aicc::toy

#endif // TEST_TARGETS_TOY_TOY_H
