//===- MlirDiagnostics.h - From MLIR's diagnostics to ours ------*- C++ -*-===//
//
// Passes report with `op->emitError()`; the location says which ONNX node it
// is about. The handler below turns that into a Diagnostic.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_SUPPORT_MLIRDIAGNOSTICS_H
#define AICC_SUPPORT_MLIRDIAGNOSTICS_H

#include "aicc/Support/Diagnostics.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

#include <string>

namespace aicc {

/// The ONNX node that a location leads to. Empty strings and opset 0 where the
/// location does not say.
struct NodeOrigin {
  std::string file;
  std::string node;
  std::string op;
  int64_t opset = 0;
};

/// Reads the importer's form,
///   loc("head/mm"(fused<{op_type = "MatMul", index = 1 : i64,
///                        opset = 17 : i64}>["model.onnx":1:0])),
/// also from inside call sites and fusions, where the first node wins.
NodeOrigin nodeOrigin(mlir::Location loc);

/// Gives an error a class other than that of the stage it is reported in:
///   return withCode(op->emitError(), ErrorCode::Shape) << "rank is 0";
mlir::InFlightDiagnostic withCode(mlir::InFlightDiagnostic diagnostic,
                                  ErrorCode code);

/// While it lives, what the context reports goes to `sink`. Errors without a
/// class get `defaultCode`; those about no ONNX node are E_INTERNAL, since only
/// IR of our own making has none.
class MlirDiagnosticHandler : public mlir::ScopedDiagnosticHandler {
public:
  /// `file` stands in where a location names none.
  MlirDiagnosticHandler(mlir::MLIRContext *context, DiagnosticSink &sink,
                        std::string file);

  void setDefaultCode(ErrorCode code) { defaultCode = code; }
  /// Errors about IR that the user wrote (.mlir input) are not ours.
  void setCodeWithoutNode(ErrorCode code) { codeWithoutNode = code; }

private:
  void handle(mlir::Diagnostic &diagnostic);

  DiagnosticSink &sink;
  std::string file;
  ErrorCode defaultCode = ErrorCode::Internal;
  ErrorCode codeWithoutNode = ErrorCode::Internal;
};

} // namespace aicc

#endif // AICC_SUPPORT_MLIRDIAGNOSTICS_H
