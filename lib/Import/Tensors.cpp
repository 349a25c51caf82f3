//===- Tensors.cpp - Data of tensors --------------------------------------===//

#include "Importer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <set>

using namespace aicc;
using namespace aicc::import;
using ::onnx::TensorProto;

unsigned import::elementBits(int32_t dataType) {
  switch (dataType) {
  case TensorProto::COMPLEX128:
    return 128;
  case TensorProto::DOUBLE:
  case TensorProto::INT64:
  case TensorProto::UINT64:
  case TensorProto::COMPLEX64:
    return 64;
  case TensorProto::FLOAT:
  case TensorProto::INT32:
  case TensorProto::UINT32:
    return 32;
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
  case TensorProto::INT16:
  case TensorProto::UINT16:
    return 16;
  case TensorProto::INT8:
  case TensorProto::UINT8:
  case TensorProto::BOOL:
  case TensorProto::FLOAT8E4M3FN:
  case TensorProto::FLOAT8E4M3FNUZ:
  case TensorProto::FLOAT8E5M2:
  case TensorProto::FLOAT8E5M2FNUZ:
  case TensorProto::FLOAT8E8M0:
    return 8;
  case TensorProto::FLOAT6E2M3:
  case TensorProto::FLOAT6E3M2:
    return 6;
  case TensorProto::INT4:
  case TensorProto::UINT4:
  case TensorProto::FLOAT4E2M1:
    return 4;
  case TensorProto::INT2:
  case TensorProto::UINT2:
    return 2;
  default:
    return 0;
  }
}

std::string import::dataTypeName(int32_t dataType) {
  if (!::onnx::TensorProto_DataType_IsValid(dataType))
    return "type " + std::to_string(dataType);
  return llvm::StringRef(::onnx::TensorProto_DataType_Name(
                             static_cast<TensorProto::DataType>(dataType)))
      .lower();
}

int64_t import::countElements(Importer &importer, llvm::ArrayRef<int64_t> dims,
                              const llvm::Twine &what, ErrorCode overflow) {
  if (static_cast<int64_t>(dims.size()) > importer.limits().maxRank)
    refuse(ErrorCode::Limit, what + " has " + llvm::Twine(dims.size()) +
                                 " dimensions, more than the " +
                                 llvm::Twine(importer.limits().maxRank) +
                                 " allowed");
  int64_t count = 1;
  bool zero = llvm::is_contained(dims, 0);
  for (int64_t dim : dims) {
    if (dim < 0)
      refuse(overflow,
             what + " has the negative dimension " + llvm::Twine(dim));
    if (!zero && llvm::MulOverflow(count, dim, count))
      refuse(overflow, what + " has more than 2^63 elements");
  }
  return zero ? 0 : count;
}

namespace {

/// What messages call a tensor.
std::string describe(const TensorProto &tensor, const NodeRef *node) {
  if (node)
    return "the tensor attribute";
  return "initialiser '" + tensor.name() + "'";
}

[[noreturn]] void refuseTensor(const NodeRef *node, ErrorCode code,
                               const llvm::Twine &message) {
  if (node)
    refuse(*node, code, message);
  refuse(code, message);
}

/// Number of values a typed field must hold; more than one an element for
/// complex types, fewer for packed ones.
int64_t typedCount(const TensorProto &tensor, int64_t elements) {
  switch (tensor.data_type()) {
  case TensorProto::COMPLEX64:
  case TensorProto::COMPLEX128:
    return elements * 2;
  case TensorProto::INT4:
  case TensorProto::UINT4:
  case TensorProto::FLOAT4E2M1:
    return llvm::divideCeil(elements, 2);
  case TensorProto::INT2:
  case TensorProto::UINT2:
    return llvm::divideCeil(elements, 4);
  default:
    return elements;
  }
}

/// The typed field that holds elements of this type, by number; 0: none.
int typedField(int32_t dataType) {
  switch (dataType) {
  case TensorProto::FLOAT:
  case TensorProto::COMPLEX64:
    return TensorProto::kFloatDataFieldNumber;
  case TensorProto::DOUBLE:
  case TensorProto::COMPLEX128:
    return TensorProto::kDoubleDataFieldNumber;
  case TensorProto::INT64:
    return TensorProto::kInt64DataFieldNumber;
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return TensorProto::kUint64DataFieldNumber;
  case TensorProto::STRING:
    return TensorProto::kStringDataFieldNumber;
  default:
    return TensorProto::kInt32DataFieldNumber;
  }
}

/// Sizes of the data fields that are in the message, by field number.
std::map<int, int64_t> inlineFields(const TensorProto &tensor) {
  std::map<int, int64_t> sizes;
  auto add = [&](int field, int64_t size) {
    if (size)
      sizes[field] = size;
  };
  add(TensorProto::kFloatDataFieldNumber, tensor.float_data_size());
  add(TensorProto::kDoubleDataFieldNumber, tensor.double_data_size());
  add(TensorProto::kInt32DataFieldNumber, tensor.int32_data_size());
  add(TensorProto::kInt64DataFieldNumber, tensor.int64_data_size());
  add(TensorProto::kUint64DataFieldNumber, tensor.uint64_data_size());
  add(TensorProto::kStringDataFieldNumber, tensor.string_data_size());
  if (tensor.has_raw_data())
    sizes[TensorProto::kRawDataFieldNumber] = tensor.raw_data().size();
  return sizes;
}

const CutTensor *findCut(Importer &importer, const TensorProto &tensor) {
  llvm::StringRef marker = tensor.doc_string();
  size_t index;
  if (!marker.consume_front(kCutMarker) || marker.getAsInteger(10, index) ||
      index >= importer.cuts.size())
    return nullptr;
  return &importer.cuts[index];
}

/// Bytes in raw_data for `elements` elements.
int64_t rawBytes(const TensorProto &tensor, int64_t elements) {
  unsigned bits = elementBits(tensor.data_type());
  int64_t total;
  if (llvm::MulOverflow<int64_t>(elements, bits, total))
    return -1;
  return llvm::divideCeil(total, 8);
}

/// Values of int32_data must fit the element type they are stored for.
void checkInt32Range(const TensorProto &tensor, const NodeRef *node) {
  int32_t low = 0, high = 0;
  switch (tensor.data_type()) {
  case TensorProto::INT32:
    return;
  case TensorProto::INT8:
    low = -128, high = 127;
    break;
  case TensorProto::INT16:
    low = -32768, high = 32767;
    break;
  case TensorProto::BOOL:
    high = 1;
    break;
  case TensorProto::INT4:
  case TensorProto::INT2:
    low = -128, high = 255; // A packed byte, either way of signs.
    break;
  default:
    high = static_cast<int32_t>(
        llvm::maxUIntN(std::max(elementBits(tensor.data_type()), 8u)));
    if (elementBits(tensor.data_type()) == 6)
      high = 63;
  }
  for (int32_t value : tensor.int32_data())
    if (value < low || value > high)
      refuseTensor(node, ErrorCode::Tensor,
                   describe(tensor, node) + " holds " + llvm::Twine(value) +
                       ", which is not of its type " +
                       dataTypeName(tensor.data_type()));
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

/// The external_data entries of one tensor.
struct ExternalInfo {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

ExternalInfo parseExternal(const TensorProto &tensor, const NodeRef *node) {
  ExternalInfo info;
  std::set<std::string> seen;
  std::string what = describe(tensor, node) + ": external data: ";
  for (const auto &entry : tensor.external_data()) {
    if (!seen.insert(entry.key()).second)
      refuseTensor(node, ErrorCode::External,
                   what + "'" + entry.key() + "' is given twice");
    bool isOffset = entry.key() == "offset";
    if (entry.key() == "location") {
      info.location = entry.value();
    } else if (isOffset || entry.key() == "length") {
      uint64_t value;
      llvm::StringRef text = entry.value();
      if (text.empty() || !llvm::all_of(text, llvm::isDigit) ||
          text.getAsInteger(10, value))
        refuseTensor(node, ErrorCode::External,
                     what + "'" + entry.key() + "' is '" + entry.value() +
                         "', not a number of bytes");
      if (isOffset)
        info.offset = value;
      else
        info.length = value;
    }
  }
  if (info.location.empty())
    refuseTensor(node, ErrorCode::External, what + "no location is given");
  // Names that mean something on other systems, or to ONNX Runtime.
  if (llvm::StringRef(info.location).contains('\\') ||
      llvm::StringRef(info.location).starts_with("*/"))
    refuseTensor(node, ErrorCode::External,
                 what + "'" + info.location +
                     "' is not a path below the model's folder");
  return info;
}

std::shared_ptr<MappedFile> openExternal(Importer &importer,
                                         const std::string &location,
                                         const llvm::Twine &what,
                                         const NodeRef *node) {
  auto it = importer.externals.find(location);
  if (it != importer.externals.end())
    return it->second;
  std::string error;
  auto file = MappedFile::openBeneath(importer.folder, location,
                                      importer.limits().maxFileBytes, error);
  if (!file)
    refuseTensor(node, ErrorCode::External,
                 what + ": external data file '" + location + "' " + error);
  importer.externals.emplace(location, file);
  return file;
}

/// The bytes of an external tensor, checked against its file.
TensorBytes externalBytes(Importer &importer, const TensorProto &tensor,
                          const NodeRef *node) {
  std::string what = describe(tensor, node);
  ExternalInfo info = parseExternal(tensor, node);
  if (tensor.data_type() == TensorProto::STRING)
    refuseTensor(node, ErrorCode::External,
                 what + ": strings cannot be external data");
  int64_t elements = countElements(
      importer, {tensor.dims().data(), static_cast<size_t>(tensor.dims_size())},
      what, ErrorCode::External);
  int64_t expected = rawBytes(tensor, elements);
  std::shared_ptr<MappedFile> file =
      openExternal(importer, info.location, what, node);
  uint64_t size = file->bytes().size();
  if (expected < 0 || (info.length && *info.length != uint64_t(expected)))
    refuseTensor(node, ErrorCode::External,
                 what + ": external data of " +
                     llvm::Twine(info.length.value_or(0)) +
                     " bytes do not fit its type and shape");
  if (info.offset > size || uint64_t(expected) > size - info.offset)
    refuseTensor(node, ErrorCode::External,
                 what + ": needs " + llvm::Twine(expected) +
                     " bytes from byte " + llvm::Twine(info.offset) + " of '" +
                     info.location + "', which has " + llvm::Twine(size));
  return {file->bytes().slice(info.offset, expected), file};
}

} // namespace

bool import::isCut(const TensorProto &tensor) {
  return tensor.data_location() == TensorProto::EXTERNAL ||
         llvm::StringRef(tensor.doc_string()).starts_with(kCutMarker);
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// Number of elements in packed varints.
static int64_t countVarints(llvm::ArrayRef<uint8_t> bytes) {
  return llvm::count_if(bytes, [](uint8_t byte) { return !(byte & 0x80); });
}

/// Checks data that were left in the file.
static void checkCut(Importer &importer, const TensorProto &tensor,
                     const CutTensor &cut, int64_t elements,
                     const NodeRef *node) {
  std::string what = describe(tensor, node);
  if (cut.field == TensorProto::kRawDataFieldNumber) {
    if (static_cast<int64_t>(cut.data.size()) != rawBytes(tensor, elements))
      refuseTensor(node, ErrorCode::Tensor,
                   what + " has " + llvm::Twine(cut.data.size()) +
                       " bytes of data where its type and shape need " +
                       llvm::Twine(rawBytes(tensor, elements)));
    return;
  }
  if (cut.field != typedField(tensor.data_type()))
    refuseTensor(node, ErrorCode::Tensor,
                 what + " has its data in a field that is not for " +
                     dataTypeName(tensor.data_type()));
  int64_t count = cut.field == TensorProto::kFloatDataFieldNumber
                      ? cut.data.size() / 4
                  : cut.field == TensorProto::kDoubleDataFieldNumber
                      ? cut.data.size() / 8
                      : countVarints(cut.data);
  if (count != typedCount(tensor, elements))
    refuseTensor(node, ErrorCode::Tensor,
                 what + " has " + llvm::Twine(count) +
                     " values where its shape needs " +
                     llvm::Twine(typedCount(tensor, elements)));
}

void import::checkTensor(Importer &importer, TensorProto &tensor,
                         const NodeRef *node) {
  std::string what = describe(tensor, node);
  int32_t type = tensor.data_type();
  if (type == TensorProto::UNDEFINED ||
      !::onnx::TensorProto_DataType_IsValid(type))
    refuseTensor(node, ErrorCode::Tensor,
                 what + " has no element type (" + llvm::Twine(type) + ")");
  if (tensor.has_segment())
    refuseTensor(node, ErrorCode::Tensor, what + " is split into segments");
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    if (!inlineFields(tensor).empty() || findCut(importer, tensor))
      refuseTensor(node, ErrorCode::External,
                   what + " has both external data and data of its own");
    TensorBytes data = externalBytes(importer, tensor, node);
    if (data.bytes.size() <= kInlineTensorBytes) {
      tensor.set_raw_data(data.bytes.data(), data.bytes.size());
      tensor.clear_external_data();
      tensor.clear_data_location();
    }
    return;
  }
  int64_t elements = countElements(
      importer, {tensor.dims().data(), static_cast<size_t>(tensor.dims_size())},
      what, ErrorCode::Tensor);
  if (elements > importer.limits().maxTensorElements && !isCut(tensor) &&
      inlineFields(tensor).empty())
    refuseTensor(node, ErrorCode::Tensor,
                 what + " has no data for its " + llvm::Twine(elements) +
                     " elements");
  if (const CutTensor *cut = findCut(importer, tensor)) {
    if (!inlineFields(tensor).empty())
      refuseTensor(node, ErrorCode::Tensor, what + " has its data twice");
    return checkCut(importer, tensor, *cut, elements, node);
  }
  std::map<int, int64_t> fields = inlineFields(tensor);
  if (fields.size() > 1)
    refuseTensor(node, ErrorCode::Tensor, what + " has its data twice");
  int64_t found = fields.empty() ? 0 : fields.begin()->second;
  if (tensor.has_raw_data()) {
    if (type == TensorProto::STRING)
      refuseTensor(node, ErrorCode::Tensor, what + ": strings as raw data");
    if (found != rawBytes(tensor, elements))
      refuseTensor(node, ErrorCode::Tensor,
                   what + " has " + llvm::Twine(found) +
                       " bytes of data where its type and shape need " +
                       llvm::Twine(rawBytes(tensor, elements)));
    return;
  }
  int64_t needed = 0;
  if (llvm::MulOverflow<int64_t>(elements, 2, needed))
    refuseTensor(node, ErrorCode::Tensor, what + " is too large");
  needed = typedCount(tensor, elements);
  if (found != needed || (found && fields.begin()->first != typedField(type)))
    refuseTensor(node, ErrorCode::Tensor,
                 what + " has " + llvm::Twine(found) +
                     " values where its type and shape need " +
                     llvm::Twine(needed));
  checkInt32Range(tensor, node);
}

void import::checkSparseTensor(Importer &importer,
                               ::onnx::SparseTensorProto &sparse,
                               const NodeRef *node) {
  std::string what =
      node ? std::string("the sparse tensor attribute")
           : "sparse initialiser '" + sparse.values().name() + "'";
  checkTensor(importer, *sparse.mutable_values(), node);
  checkTensor(importer, *sparse.mutable_indices(), node);
  llvm::ArrayRef<int64_t> dims(sparse.dims().data(), sparse.dims_size());
  int64_t elements = countElements(importer, dims, what, ErrorCode::Tensor);
  const TensorProto &values = sparse.values(), &indices = sparse.indices();
  int64_t count = values.dims_size() == 1 ? values.dims(0) : -1;
  bool linear = indices.dims_size() == 1;
  bool perDim = indices.dims_size() == 2 &&
                indices.dims(1) == static_cast<int64_t>(dims.size());
  if (count < 0 || indices.data_type() != TensorProto::INT64 ||
      (!linear && !perDim) || indices.dims(0) != count)
    refuseTensor(node, ErrorCode::Tensor,
                 what + ": values and indices do not fit together");
  TensorBytes data = tensorBytes(importer, indices);
  auto read = [&](int64_t i) {
    int64_t value;
    std::memcpy(&value, data.bytes.data() + i * 8, 8);
    return value;
  };
  int64_t previous = -1;
  for (int64_t i = 0; i < count; ++i) {
    int64_t position = 0;
    if (linear) {
      position = read(i);
    } else {
      for (size_t d = 0; d < dims.size(); ++d) {
        int64_t index = read(i * dims.size() + d);
        if (index < 0 || index >= dims[d])
          refuseTensor(node, ErrorCode::Tensor,
                       what + ": index " + llvm::Twine(index) +
                           " is out of range");
        position = position * dims[d] + index;
      }
    }
    if (position < 0 || position >= elements)
      refuseTensor(node, ErrorCode::Tensor,
                   what + ": index " + llvm::Twine(position) +
                       " is out of range");
    if (position <= previous)
      refuseTensor(node, ErrorCode::Tensor,
                   what + ": indices are not in ascending order");
    previous = position;
  }
}

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

/// Appends the low `bytes` bytes of `value`.
static void append(std::vector<uint8_t> &out, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i)
    out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

/// Packs six-bit values, four in three bytes.
static std::vector<uint8_t> packSixBits(const std::vector<uint8_t> &values) {
  std::vector<uint8_t> out((values.size() * 6 + 7) / 8);
  for (size_t i = 0; i < values.size(); ++i) {
    size_t bit = i * 6;
    unsigned wide = unsigned(values[i] & 63) << (bit % 8);
    out[bit / 8] |= static_cast<uint8_t>(wide);
    if (wide >> 8)
      out[bit / 8 + 1] |= static_cast<uint8_t>(wide >> 8);
  }
  return out;
}

static TensorBytes own(std::vector<uint8_t> bytes) {
  auto owner = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
  return {*owner, owner};
}

/// The data that are in the message.
static TensorBytes inlineBytes(const TensorProto &tensor) {
  int32_t type = tensor.data_type();
  unsigned bytes = std::max(elementBits(type) / 8, 1u);
  std::vector<uint8_t> out;
  if (tensor.has_raw_data()) {
    const std::string &raw = tensor.raw_data();
    return own(std::vector<uint8_t>(raw.begin(), raw.end()));
  }
  for (float value : tensor.float_data()) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    append(out, bits, 4);
  }
  for (double value : tensor.double_data()) {
    uint64_t bits;
    std::memcpy(&bits, &value, 8);
    append(out, bits, 8);
  }
  for (int32_t value : tensor.int32_data())
    append(out, static_cast<uint32_t>(value), bytes);
  for (int64_t value : tensor.int64_data())
    append(out, static_cast<uint64_t>(value), 8);
  for (uint64_t value : tensor.uint64_data())
    append(out, value, bytes);
  return own(elementBits(type) == 6 ? packSixBits(out) : std::move(out));
}

TensorBytes import::tensorBytes(Importer &importer, const TensorProto &tensor) {
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return externalBytes(importer, tensor, nullptr);
  const CutTensor *cut = findCut(importer, tensor);
  if (!cut)
    return inlineBytes(tensor);
  if (cut->field == TensorProto::kRawDataFieldNumber ||
      cut->field == TensorProto::kFloatDataFieldNumber ||
      cut->field == TensorProto::kDoubleDataFieldNumber)
    return {cut->data, importer.file};
  unsigned bits = elementBits(tensor.data_type());
  std::vector<uint8_t> out;
  const uint8_t *p = cut->data.begin();
  uint64_t value;
  while (readVarint(p, cut->data.end(), value))
    append(out, value, std::max(bits / 8, 1u));
  return own(bits == 6 ? packSixBits(out) : std::move(out));
}

namespace {
template <typename T, typename Out>
std::vector<Out> convert(llvm::ArrayRef<uint8_t> bytes) {
  std::vector<Out> out(bytes.size() / sizeof(T));
  for (size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<Out>(value);
  }
  return out;
}

template <typename Out>
std::optional<std::vector<Out>> convertInts(llvm::ArrayRef<uint8_t> bytes,
                                            int32_t type) {
  switch (type) {
  case TensorProto::INT64:
    return convert<int64_t, Out>(bytes);
  case TensorProto::INT32:
    return convert<int32_t, Out>(bytes);
  case TensorProto::INT16:
    return convert<int16_t, Out>(bytes);
  case TensorProto::INT8:
    return convert<int8_t, Out>(bytes);
  case TensorProto::UINT8:
  case TensorProto::BOOL:
    return convert<uint8_t, Out>(bytes);
  case TensorProto::UINT16:
    return convert<uint16_t, Out>(bytes);
  case TensorProto::UINT32:
    return convert<uint32_t, Out>(bytes);
  default:
    return std::nullopt;
  }
}
} // namespace

std::optional<std::vector<int64_t>>
import::smallInts(const TensorProto &tensor) {
  if (isCut(tensor))
    return std::nullopt;
  return convertInts<int64_t>(inlineBytes(tensor).bytes, tensor.data_type());
}

std::optional<std::vector<double>>
import::smallFloats(const TensorProto &tensor) {
  if (isCut(tensor))
    return std::nullopt;
  TensorBytes data = inlineBytes(tensor);
  if (tensor.data_type() == TensorProto::FLOAT)
    return convert<float, double>(data.bytes);
  if (tensor.data_type() == TensorProto::DOUBLE)
    return convert<double, double>(data.bytes);
  return convertInts<double>(data.bytes, tensor.data_type());
}
