//===- OnnxDialect.cpp - The onnx dialect ---------------------------------===//

#include "dialects/onnx/IR/OnnxDialect.h"

#include "dialects/onnx/IR/OnnxOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace aicc::onnx;

#include "dialects/onnx/IR/OnnxDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/onnx/IR/OnnxTypes.cpp.inc"

#define GET_OP_REGISTRATION
#include "dialects/onnx/IR/OnnxOps.cpp.inc"

void OnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/onnx/IR/OnnxTypes.cpp.inc"
      >();
  registerOnnxDialectOperations(this);
}

Operation *OnnxDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  if (isa<NoneType>(type))
    return NoValueOp::create(builder, loc, type);
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type || !isa<TensorType>(type))
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

void aicc::onnx::registerOnnxDialect(DialectRegistry &registry) {
  registry.insert<OnnxDialect>();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult NoValueOp::fold(FoldAdaptor) {
  return UnitAttr::get(getContext());
}
