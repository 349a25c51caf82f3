//===- Export.h - From the onnx dialect to a model file ---------*- C++ -*-===//

#ifndef AICC_EXPORT_EXPORT_H
#define AICC_EXPORT_EXPORT_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace aicc {

class DiagnosticSink;

/// Writes `module`, of the onnx dialect alone, as an ONNX model to `path`:
/// IR version 10, and the oldest operator set from 21 on in which every node
/// is valid, so that as many readers as possible take it. Errors are about
/// `modelPath`: E_LIMIT beyond the 2 GiB of a protobuf message, E_UNSUPPORTED
/// for types that are not tensors.
bool writeOnnxModel(mlir::ModuleOp module, const std::string &modelPath,
                    const std::string &path, DiagnosticSink &sink);

} // namespace aicc

#endif // AICC_EXPORT_EXPORT_H
