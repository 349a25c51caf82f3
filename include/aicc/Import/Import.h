//===- Import.h - From a model file to the onnx dialect ---------*- C++ -*-===//

#ifndef AICC_IMPORT_IMPORT_H
#define AICC_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace aicc {

struct CompileOptions;
class DiagnosticSink;

/// The module attribute with the names of the files beside the model's that
/// tensors come from, where there are any.
inline constexpr llvm::StringLiteral externalDataAttrName =
    "aicc.external_data";

/// Reads `options.modelPath`, checks it, and returns it as a module in the
/// onnx dialect: one function `main`, every operator in its newest form,
/// shapes inferred as far as they are known.
///
/// The file is not trusted. It is mapped and stays so for as long as the
/// module's constants live: large tensors are resources that point into it.
/// External data are only read from regular files in the model's folder.
///
/// Returns null and reports to `sink` if the model is refused. All nodes that
/// have no operator in the dialect are reported in one go (E_UNSUPPORTED).
mlir::OwningOpRef<mlir::ModuleOp> importModel(const CompileOptions &options,
                                              mlir::MLIRContext &context,
                                              DiagnosticSink &sink);

} // namespace aicc

#endif // AICC_IMPORT_IMPORT_H
