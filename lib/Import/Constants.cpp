//===- Constants.cpp - Types and constants in MLIR ------------------------===//

#include "Build.h"

#include "dialects/onnx/IR/OnnxDialect.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;
using namespace aicc;
using namespace aicc::import;
using ::onnx::TensorProto;
using ::onnx::TypeProto;

Type import::convertElementType(int32_t dataType, MLIRContext *context) {
  std::string name = dataTypeName(dataType);
#define ELEMENT_KIND(NAME, TYPE)                                               \
  if (name == #NAME)                                                           \
    return aicc::onnx::elementType(aicc::onnx::ElementKind::NAME##_, context);
#include "dialects/onnx/IR/ElementKinds.def"
  return Type();
}

static Type convertTensorType(const TypeProto::Tensor &tensor,
                              MLIRContext *context) {
  Type element = convertElementType(tensor.elem_type(), context);
  if (!element)
    return Type();
  if (!tensor.has_shape())
    return UnrankedTensorType::get(element);
  llvm::SmallVector<int64_t> dims;
  for (const auto &dim : tensor.shape().dim())
    dims.push_back(dim.has_dim_value() ? dim.dim_value()
                                       : ShapedType::kDynamic);
  return RankedTensorType::get(dims, element);
}

Type import::convertType(const TypeProto &type, MLIRContext *context) {
  switch (type.value_case()) {
  case TypeProto::kTensorType:
    return convertTensorType(type.tensor_type(), context);
  case TypeProto::kSequenceType: {
    Type element = convertType(type.sequence_type().elem_type(), context);
    return element ? aicc::onnx::SeqType::get(context, element) : Type();
  }
  case TypeProto::kOptionalType: {
    Type element = convertType(type.optional_type().elem_type(), context);
    return element ? aicc::onnx::OptType::get(context, element) : Type();
  }
  case TypeProto::kMapType: {
    Type key = convertElementType(type.map_type().key_type(), context);
    Type value = convertType(type.map_type().value_type(), context);
    return key && value ? aicc::onnx::MapType::get(context, key, value)
                        : Type();
  }
  default:
    return Type();
  }
}

/// One byte for each element of a type of less than a byte.
static std::vector<uint8_t> unpack(llvm::ArrayRef<uint8_t> bytes, unsigned bits,
                                   int64_t count) {
  std::vector<uint8_t> out(static_cast<size_t>(count));
  for (size_t i = 0; i < out.size(); ++i) {
    size_t bit = i * bits;
    unsigned wide = bytes[bit / 8];
    if (bit / 8 + 1 < bytes.size())
      wide |= unsigned(bytes[bit / 8 + 1]) << 8;
    out[i] = static_cast<uint8_t>((wide >> (bit % 8)) & ((1u << bits) - 1));
  }
  return out;
}

/// Elements as MLIR stores them: a byte at least for each.
static TensorBytes storedBytes(Importer &importer, const TensorProto &tensor,
                               int64_t count) {
  TensorBytes data = tensorBytes(importer, tensor);
  unsigned bits = elementBits(tensor.data_type());
  if (bits >= 8)
    return data;
  auto owner =
      std::make_shared<std::vector<uint8_t>>(unpack(data.bytes, bits, count));
  return {*owner, owner};
}

static llvm::ArrayRef<char> asChars(llvm::ArrayRef<uint8_t> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

static ElementsAttr smallConstant(RankedTensorType type,
                                  llvm::ArrayRef<uint8_t> bytes) {
  if (type.getElementType().isInteger(1)) {
    llvm::SmallVector<bool> values;
    for (uint8_t byte : bytes)
      values.push_back(byte != 0);
    return DenseElementsAttr::get(type, values);
  }
  if (type.getNumElements() == 0)
    return DenseElementsAttr::get(type, llvm::ArrayRef<Attribute>());
  return DenseElementsAttr::getFromRawBuffer(type, asChars(bytes));
}

ElementsAttr import::convertTensor(Importer &importer,
                                   const TensorProto &tensor,
                                   MLIRContext *context) {
  Type element = convertElementType(tensor.data_type(), context);
  if (!element)
    return nullptr;
  auto type = RankedTensorType::get(
      {tensor.dims().data(), static_cast<size_t>(tensor.dims_size())}, element);
  if (tensor.data_type() == TensorProto::STRING) {
    llvm::SmallVector<llvm::StringRef> strings(tensor.string_data().begin(),
                                               tensor.string_data().end());
    return DenseStringElementsAttr::get(type, strings);
  }
  TensorBytes data = storedBytes(importer, tensor, type.getNumElements());
  if (data.bytes.size() <= kInlineTensorBytes)
    return smallConstant(type, data.bytes);
  // The mapping (or the decoded copy) lives as long as the resource.
  AsmResourceBlob blob(
      asChars(data.bytes), /*dataAlignment=*/1,
      [owner = std::move(data.owner)](void *, size_t, size_t) {},
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(
      type, "w" + std::to_string(importer.numResources++), std::move(blob));
}

ElementsAttr import::convertSparse(Importer &importer,
                                   const ::onnx::SparseTensorProto &sparse,
                                   const llvm::Twine &what,
                                   MLIRContext *context) {
  const TensorProto &values = sparse.values(), &indices = sparse.indices();
  llvm::ArrayRef<int64_t> dims(sparse.dims().data(), sparse.dims_size());
  int64_t count = countElements(importer, dims, what, ErrorCode::Tensor);
  unsigned width = std::max(elementBits(values.data_type()) / 8, 1u);
  if (count > importer.limits().maxFoldBytes / width)
    refuse(ErrorCode::Limit, what + " needs more than " +
                                 llvm::Twine(importer.limits().maxFoldBytes) +
                                 " bytes as a dense tensor");
  if (elementBits(values.data_type()) < 8)
    refuse(ErrorCode::Unsupported,
           what + ": sparse tensors of " + dataTypeName(values.data_type()));
  TensorBytes data = tensorBytes(importer, values);
  TensorBytes where = tensorBytes(importer, indices);
  TensorProto dense;
  dense.set_data_type(values.data_type());
  for (int64_t dim : dims)
    dense.add_dims(dim);
  std::string &raw = *dense.mutable_raw_data();
  raw.assign(static_cast<size_t>(count) * width, '\0');
  size_t perValue = indices.dims_size() == 2 ? dims.size() : 1;
  for (size_t i = 0; i < data.bytes.size() / width; ++i) {
    int64_t position = 0;
    for (size_t d = 0; d < perValue; ++d) {
      int64_t index;
      std::memcpy(&index, where.bytes.data() + (i * perValue + d) * 8, 8);
      position = perValue == 1 && indices.dims_size() == 1
                     ? index
                     : position * dims[d] + index;
    }
    std::memcpy(&raw[static_cast<size_t>(position) * width],
                data.bytes.data() + i * width, width);
  }
  return convertTensor(importer, dense, context);
}
