//===- Build.h - The onnx dialect from checked protos -----------*- C++ -*-===//

#ifndef AICC_LIB_IMPORT_BUILD_H
#define AICC_LIB_IMPORT_BUILD_H

#include "Importer.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace aicc::import {

/// A node on its way into the dialect. The rules of Upgrade.cpp turn it from
/// the form of the model's operator set into that of the newest.
struct Draft {
  const NodeRef &ref;
  const ::onnx::OpSchema &schema; ///< Of the model's operator set.
  std::string op;
  std::vector<mlir::Value> inputs; ///< Null: absent.
  std::map<std::string, ::onnx::AttributeProto> attributes;
  std::vector<mlir::Type> results; ///< `none`: absent.
  /// Shape that result 0 is brought to after the node; null: as it is.
  mlir::RankedTensorType reshaped;
};

/// Emits operations beside the node that is built.
class Emitter {
public:
  Emitter(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  /// A 1-D int64 constant, or a scalar.
  mlir::Value ints(llvm::ArrayRef<int64_t> values);
  mlir::Value scalarInt(int64_t value);
  /// A constant of the element type of `like`: 1-D, or a scalar.
  mlir::Value floats(llvm::ArrayRef<float> values);
  mlir::Value scalarOf(double value, mlir::Type elementType);
  /// An operation "onnx.<op>" with one result.
  mlir::Value emit(llvm::StringRef op, mlir::ValueRange inputs, mlir::Type type,
                   llvm::ArrayRef<mlir::NamedAttribute> attributes = {});
  mlir::OpBuilder &builder;

private:
  mlir::Location loc;
};

/// Brings `draft` into the form of the newest operator set.
void upgrade(Draft &draft, Emitter &emitter);

/// The MLIR type of an ONNX type; null if the dialect has none.
mlir::Type convertType(const ::onnx::TypeProto &type,
                       mlir::MLIRContext *context);
/// The MLIR type of a TensorProto.DataType; null if the dialect has none.
mlir::Type convertElementType(int32_t dataType, mlir::MLIRContext *context);
/// Elements of a checked tensor: a resource that points into the mapped file
/// if they are more than 1 KiB.
mlir::ElementsAttr convertTensor(Importer &importer,
                                 const ::onnx::TensorProto &tensor,
                                 mlir::MLIRContext *context);
mlir::ElementsAttr convertSparse(Importer &importer,
                                 const ::onnx::SparseTensorProto &tensor,
                                 const llvm::Twine &what,
                                 mlir::MLIRContext *context);

/// Builds the module.
mlir::OwningOpRef<mlir::ModuleOp> buildModule(Importer &importer,
                                              mlir::MLIRContext &context);

} // namespace aicc::import

#endif // AICC_LIB_IMPORT_BUILD_H
