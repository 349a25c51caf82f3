//===- Tensors.cpp - Types and elements as protos -------------------------===//

#include "lib/Export/Exporter.h"

#include "aicc/Graph/ConstantTensor.h"
#include "dialects/onnx/IR/OnnxDialect.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace aicc::onnx_export {

int32_t dataType(Type elementType) {
  std::optional<aicc::onnx::ElementKind> kind =
      aicc::onnx::elementKind(elementType);
  ::onnx::TensorProto_DataType type;
  // The names of the enumeration are the schemas' in upper case.
  if (!kind || !::onnx::TensorProto_DataType_Parse(
                   aicc::onnx::elementKindName(*kind).upper(), &type))
    refuse(ErrorCode::Unsupported, "an element type that ONNX does not have");
  return type;
}

::onnx::TypeProto convertType(Type type) {
  ::onnx::TypeProto proto;
  if (auto tensor = dyn_cast<TensorType>(type)) {
    auto *made = proto.mutable_tensor_type();
    made->set_elem_type(dataType(tensor.getElementType()));
    if (!tensor.hasRank())
      return proto;
    made->mutable_shape();
    for (int64_t extent : tensor.getShape()) {
      auto *dim = made->mutable_shape()->add_dim();
      if (!ShapedType::isDynamic(extent))
        dim->set_dim_value(extent);
    }
  } else if (auto seq = dyn_cast<aicc::onnx::SeqType>(type)) {
    *proto.mutable_sequence_type()->mutable_elem_type() =
        convertType(seq.getElementType());
  } else if (auto opt = dyn_cast<aicc::onnx::OptType>(type)) {
    *proto.mutable_optional_type()->mutable_elem_type() =
        convertType(opt.getElementType());
  } else {
    refuse(ErrorCode::Unsupported, "a type that is not written to ONNX models");
  }
  return proto;
}

std::string typeText(Type type) {
  if (isa<NoneType>(type))
    return "";
  if (auto seq = dyn_cast<aicc::onnx::SeqType>(type))
    return "seq(" + typeText(seq.getElementType()) + ")";
  if (auto opt = dyn_cast<aicc::onnx::OptType>(type))
    return "optional(" + typeText(opt.getElementType()) + ")";
  auto tensor = dyn_cast<TensorType>(type);
  std::optional<aicc::onnx::ElementKind> kind =
      tensor ? aicc::onnx::elementKind(tensor.getElementType()) : std::nullopt;
  return kind ? "tensor(" + aicc::onnx::elementKindName(*kind).str() + ")"
              : "?";
}

/// Little-endian; elements of less than a byte share one, lowest bits first.
static std::string rawData(const ConstantTensor &tensor) {
  const ElementFormat &format = tensor.format();
  int64_t count = tensor.numElements();
  if (format.bits < 8 && !format.isBool()) {
    unsigned perByte = 8 / format.bits;
    std::string packed((count + perByte - 1) / perByte, '\0');
    uint64_t mask = (uint64_t(1) << format.bits) - 1;
    for (int64_t i = 0; i < count; ++i)
      packed[i / perByte] |= static_cast<char>((tensor.raw(i) & mask)
                                               << (i % perByte * format.bits));
    return packed;
  }
  std::string bytes(count * format.bytes, '\0');
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits = tensor.raw(i);
    for (unsigned b = 0; b < format.bytes; ++b)
      bytes[i * format.bytes + b] = static_cast<char>(bits >> (8 * b));
  }
  return bytes;
}

::onnx::TensorProto convertTensor(ElementsAttr value) {
  ShapedType type = value.getShapedType();
  ::onnx::TensorProto proto;
  proto.set_data_type(dataType(type.getElementType()));
  for (int64_t extent : type.getShape())
    proto.add_dims(extent);
  if (auto strings = dyn_cast<DenseStringElementsAttr>(value)) {
    for (llvm::StringRef text : strings.getValues<llvm::StringRef>())
      proto.add_string_data(text.str());
    return proto;
  }
  std::optional<ConstantTensor> tensor = ConstantTensor::get(value);
  if (!tensor)
    refuse(ErrorCode::Unsupported,
           "a constant that is not written to ONNX models");
  if (tensor->numElements() > (int64_t(1) << 31) / tensor->format().bytes)
    refuse(ErrorCode::Limit, "a constant has more than the 2 GiB of an ONNX "
                             "model without external data");
  proto.set_raw_data(rawData(*tensor));
  return proto;
}

} // namespace aicc::onnx_export
