//===- Passes.h - From loops to the LLVM dialect ----------------*- C++ -*-===//

#ifndef AICC_CODEGEN_PASSES_H
#define AICC_CODEGEN_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include <string>

namespace aicc {

#define GEN_PASS_DECL
#include "lib/Codegen/Passes.h.inc"

/// Appends the passes that take a program from the loops stage to the LLVM
/// dialect, on a pass manager for modules: `aicc-lower-to-llvm`.
void buildLowerToLLVMPipeline(mlir::OpPassManager &pm);

/// Registers the passes of this library and the pipeline.
void registerCodegenPasses();

/// The prefix of every symbol of a program: `name` as a C identifier, with
/// every other character turned into '_' ("v1.2-net" gives "v1_2_net"; a
/// leading digit gets "m_" before it; nothing at all gives "model").
std::string symbolPrefix(llvm::StringRef name);

/// `symbolPrefix` of the module's `aicc.model`.
std::string symbolPrefix(mlir::ModuleOp module);

} // namespace aicc

#endif // AICC_CODEGEN_PASSES_H
