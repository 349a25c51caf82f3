//===- OnnxDialect.h - The onnx dialect: types and schemas ------*- C++ -*-===//

#ifndef DIALECTS_ONNX_IR_ONNXDIALECT_H
#define DIALECTS_ONNX_IR_ONNXDIALECT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"

#include <optional>

#include "dialects/onnx/IR/OnnxDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/onnx/IR/OnnxTypes.h.inc"

namespace aicc::onnx {

/// Puts the dialect into `registry`.
void registerOnnxDialect(mlir::DialectRegistry &registry);

/// ONNX's element types, in the order of the bits in `TypeMasks`.
enum class ElementKind {
#define ELEMENT_KIND(NAME, TYPE) NAME##_,
#include "dialects/onnx/IR/ElementKinds.def"
};

/// The kind of an MLIR element type; none if ONNX has no such type.
std::optional<ElementKind> elementKind(mlir::Type type);

/// The MLIR type of an element kind.
mlir::Type elementType(ElementKind kind, mlir::MLIRContext *context);

/// ONNX's name of an element kind: "float", "int64" ...
llvm::StringRef elementKindName(ElementKind kind);

/// What a formal parameter accepts: one bit an element kind for tensors,
/// sequences of tensors, optional tensors and optional sequences of tensors.
struct TypeMasks {
  uint64_t tensors, seqs, opts, optSeqs;
  bool maps; ///< Any map, or sequence of maps.
  bool none; ///< `none`: an absent optional.
};
bool isTypeIn(mlir::Type type, const TypeMasks &masks);

/// A formal parameter as far as ODS does not hold it.
struct ParamSchema {
  llvm::StringRef name;
  int typeVariable; ///< Parameters of one variable share a type; -1: none.
  bool optional;
  bool variadic;
  int minArity; ///< Of a variadic one.
};

/// The schema of an operator at its newest version.
struct OpSchema {
  llvm::StringRef name; ///< Of the MLIR operation: "onnx.Conv".
  int sinceVersion;
  llvm::ArrayRef<ParamSchema> inputs;
  llvm::ArrayRef<ParamSchema> outputs;
};

/// The schema of an operation, e.g. "onnx.Conv"; null for those that ONNX
/// does not define.
const OpSchema *lookupSchema(llvm::StringRef operationName);

namespace detail {
mlir::LogicalResult verifyNode(mlir::Operation *op);
mlir::LogicalResult verifyNodeRegions(mlir::Operation *op);
} // namespace detail

/// Carried by every operation that stands for an ONNX node.
template <typename ConcreteType>
class OnnxNode : public mlir::OpTrait::TraitBase<ConcreteType, OnnxNode> {
public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) {
    return detail::verifyNode(op);
  }
  static mlir::LogicalResult verifyRegionTrait(mlir::Operation *op) {
    return detail::verifyNodeRegions(op);
  }
};

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_IR_ONNXDIALECT_H
