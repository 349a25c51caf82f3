//===- NodeContext.cpp - Lowering one ONNX node ---------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"
#include "dialects/onnx/Lowering/NarrowTypes.h"

#include "aicc/Graph/ConstantTensor.h"

using namespace mlir;

namespace aicc::onnx {

/// The signless form of an element type that the structured stage has.
static Type structuredElement(Type element) {
  if (isNarrow(element))
    return IntegerType::get(element.getContext(), 8);
  if (auto type = dyn_cast<IntegerType>(element)) {
    if (!llvm::is_contained({1u, 8u, 16u, 32u, 64u}, type.getWidth()))
      return {};
    return IntegerType::get(type.getContext(), type.getWidth());
  }
  if (isa<Float32Type, Float64Type, Float16Type, BFloat16Type>(element))
    return element;
  return {};
}

RankedTensorType structuredType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return {};
  Type element = structuredElement(tensor.getElementType());
  return element ? RankedTensorType::get(tensor.getShape(), element)
                 : RankedTensorType();
}

std::string describeType(Type type) {
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    return "not a tensor";
  if (!tensor.hasRank())
    return "of unknown rank";
  if (!tensor.hasStaticShape()) {
    std::string text = "of dynamic shape ";
    for (auto [i, size] : llvm::enumerate(tensor.getShape()))
      text += (i ? "x" : "") +
              (ShapedType::isDynamic(size) ? "?" : std::to_string(size));
    return text;
  }
  std::optional<ElementKind> kind = elementKind(tensor.getElementType());
  return "of type " + (kind ? elementKindName(*kind).str() : "unknown");
}

Type NodeContext::elementOfResult(Value result) {
  return structuredElement(getElementTypeOrSelf(result.getType()));
}

/// A constant as the structured stage has it.
static ElementsAttr structuredConstant(ElementsAttr attr,
                                       RankedTensorType type) {
  if (attr.getElementType().getIntOrFloatBitWidth() >= 8 ||
      !isNarrow(attr.getElementType()))
    return retype(attr, type);
  unsigned width = attr.getElementType().getIntOrFloatBitWidth();
  ElementsAttr bits =
      retype(attr, type.clone(IntegerType::get(type.getContext(), width,
                                               IntegerType::Unsigned)));
  std::optional<ConstantTensor> narrow =
      bits ? ConstantTensor::get(bits) : std::nullopt;
  if (!narrow)
    return {};
  ConstantTensor bytes = ConstantTensor::make(type);
  uint64_t mask = (uint64_t(1) << width) - 1;
  for (int64_t i = 0; i < bytes.numElements(); ++i)
    bytes.setRaw(i, narrow->raw(i) & mask);
  return bytes.attr("narrow");
}

bool NodeContext::isReadable(Value value) {
  ElementsAttr attr = constantOf(value);
  RankedTensorType type = structuredType(value.getType());
  return !attr || (type && structuredConstant(attr, type));
}

Value NodeContext::get(Value value) {
  Value &mapped = values[value];
  if (mapped)
    return mapped;
  RankedTensorType type = structuredType(value.getType());
  if (ElementsAttr attr = constantOf(value))
    if (ElementsAttr signless =
            type ? structuredConstant(attr, type) : ElementsAttr()) {
      Location saved = loc;
      loc = value.getLoc();
      mapped = constant(signless);
      loc = saved;
    }
  // A value whose node could not be lowered: the errors of the others are
  // still wanted.
  if (!mapped && type)
    mapped = empty(type.getShape(), type.getElementType());
  return mapped;
}

void NodeContext::set(Value result, Value value) { values[result] = value; }

ElementsAttr NodeContext::constantOf(Value value) {
  auto op = value.getDefiningOp<ConstantOp>();
  return op ? op.getValue() : ElementsAttr();
}

FailureOr<Shape> NodeContext::integers(Value value, StringRef name) {
  ElementsAttr attr = constantOf(value);
  std::optional<Shape> result = attr ? readIntegers(attr) : std::nullopt;
  if (!result)
    return unsupported(name + " is not a constant");
  return *result;
}

FailureOr<SmallVector<double>> NodeContext::numbers(Value value,
                                                    StringRef name) {
  ElementsAttr attr = constantOf(value);
  std::optional<SmallVector<double>> result =
      attr ? readNumbers(attr) : std::nullopt;
  if (!result)
    return unsupported(name + " is not a constant");
  return *result;
}

} // namespace aicc::onnx
