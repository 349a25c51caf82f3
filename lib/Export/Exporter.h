//===- Exporter.h - What the parts of the export share ----------*- C++ -*-===//

#ifndef AICC_LIB_EXPORT_EXPORTER_H
#define AICC_LIB_EXPORT_EXPORTER_H

#include "aicc/Support/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

#include "onnx/onnx_pb.h"

namespace aicc::onnx_export {

/// Thrown to end the export.
struct Refusal {
  Diagnostic diagnostic;
};
[[noreturn]] void refuse(ErrorCode code, const llvm::Twine &message);
[[noreturn]] void refuse(mlir::Operation *op, const llvm::Twine &message);

/// The TensorProto.DataType of an element type.
int32_t dataType(mlir::Type elementType);

/// The ONNX type of a tensor, a sequence or an optional.
::onnx::TypeProto convertType(mlir::Type type);

/// "tensor(float)", as schemas spell it; empty for `none`.
std::string typeText(mlir::Type type);

/// The elements of `value` as raw data (strings: as strings).
::onnx::TensorProto convertTensor(mlir::ElementsAttr value);

/// The domain and the operator of an operation of the onnx dialect.
std::pair<std::string, std::string> operatorOf(mlir::Operation *op);

/// A node and the operation that it was made of.
using Nodes =
    std::vector<std::pair<const ::onnx::NodeProto *, mlir::Operation *>>;

/// Declares the oldest operator sets in which all `nodes` are valid.
void chooseOpsets(const Nodes &nodes, ::onnx::ModelProto &model);

} // namespace aicc::onnx_export

#endif // AICC_LIB_EXPORT_EXPORTER_H
