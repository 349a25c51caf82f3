//===- Stages.h - The pipeline of each stage --------------------*- C++ -*-===//

#ifndef LIB_COMPILER_STAGES_H
#define LIB_COMPILER_STAGES_H

#include "aicc/Compiler/Compiler.h"
#include "aicc/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace aicc {

/// Adds the passes that take a module from the stage before `stage` to it.
void buildStagePipeline(mlir::OpPassManager &pm, Stage stage,
                        const Target &target, const CompileOptions &options);

/// The last stage that the driver runs for `kind`; what follows it is up to
/// `Target::emit`.
Stage lastStage(EmitKind kind);

/// Is the result IR of ours, printed as text?
bool isMlirKind(EmitKind kind);
/// Is it text of any kind?
bool isTextKind(EmitKind kind);
/// Is it a program or library that the system loads?
bool isExecutableKind(EmitKind kind);

/// ".so", ".mlir" and so on.
llvm::StringRef extension(EmitKind kind);

/// The stage that `module` says it is at; without an attribute, what its
/// operations tell.
Stage detectStage(mlir::ModuleOp module);

} // namespace aicc

#endif // LIB_COMPILER_STAGES_H
