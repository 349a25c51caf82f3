//===- PreparedModel.h - What is kept of the first stages -------*- C++ -*-===//

#ifndef LIB_COMPILER_PREPAREDMODEL_H
#define LIB_COMPILER_PREPAREDMODEL_H

#include "aicc/Compiler/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace aicc {

struct PreparedModel::State {
  std::shared_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< At stage `structured`.
  std::string blake3;                       ///< Of the model's file.
  std::vector<Diagnostic> said;             ///< While it was made.
};

} // namespace aicc

#endif // LIB_COMPILER_PREPAREDMODEL_H
