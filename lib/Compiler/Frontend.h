//===- Frontend.h - Reading what is to be compiled --------------*- C++ -*-===//

#ifndef LIB_COMPILER_FRONTEND_H
#define LIB_COMPILER_FRONTEND_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Support/MlirDiagnostics.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace aicc {

/// By its name: IR of ours, at any stage.
bool isMlirFile(llvm::StringRef path);

/// Null after errors (E_IO, E_PARSE).
mlir::OwningOpRef<mlir::ModuleOp> parseMlirModel(const std::string &path,
                                                 mlir::MLIRContext &context,
                                                 MlirDiagnosticHandler &handler,
                                                 DiagnosticSink &sink);

/// The importer's module, at stage `onnx`, with every node known to be
/// supported; null after errors.
mlir::OwningOpRef<mlir::ModuleOp> readOnnxModel(const CompileOptions &options,
                                                mlir::MLIRContext &context,
                                                DiagnosticSink &sink);

} // namespace aicc

#endif // LIB_COMPILER_FRONTEND_H
