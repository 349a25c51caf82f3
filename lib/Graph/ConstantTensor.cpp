//===- ConstantTensor.cpp - The elements of constants ---------------------===//

#include "aicc/Graph/ConstantTensor.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;

namespace aicc {

/// Constants of at most this many bytes are attributes, which MLIR hashes and
/// prints; larger ones are resources.
static constexpr int64_t maxInlineBytes = 1024;

std::optional<ElementFormat> ElementFormat::get(Type elementType) {
  using Class = ElementFormat::Class;
  if (auto type = dyn_cast<FloatType>(elementType)) {
    unsigned bits = type.getWidth();
    // The formats below 8 bits and E8M0 lack zero, NaN or infinity, which
    // APFloat's conversions then must not be asked for.
    if (bits > 64 || bits < 8 || isa<Float8E8M0FNUType>(type))
      return std::nullopt;
    return ElementFormat{Class::Float, bits, bits <= 8 ? 1 : bits / 8,
                         &type.getFloatSemantics()};
  }
  auto type = dyn_cast<IntegerType>(elementType);
  if (!type)
    return std::nullopt;
  unsigned bits = type.getWidth();
  if (bits == 1)
    return ElementFormat{Class::Bool, 1, 1};
  if (bits != 2 && bits != 4 && bits != 8 && bits != 16 && bits != 32 &&
      bits != 64)
    return std::nullopt;
  return ElementFormat{type.isUnsigned() ? Class::Unsigned : Class::Signed,
                       bits, bits <= 8 ? 1 : bits / 8};
}

std::optional<int64_t> countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool zero = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0)
      zero = true;
    else if (llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  }
  return zero ? 0 : count;
}

//===----------------------------------------------------------------------===//
// Opening and making
//===----------------------------------------------------------------------===//

/// One byte an element from `count` fields of `bits` bits, lowest first.
static std::vector<uint8_t> unpackBits(const uint8_t *data, int64_t count,
                                       unsigned bits) {
  std::vector<uint8_t> out(count);
  unsigned perByte = 8 / bits;
  uint8_t mask = static_cast<uint8_t>((1u << bits) - 1);
  for (int64_t i = 0; i < count; ++i)
    out[i] = (data[i / perByte] >> (i % perByte * bits)) & mask;
  return out;
}

void ConstantTensor::own(std::vector<uint8_t> bytes) {
  owned = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
  data = owned->data();
}

std::optional<ConstantTensor> ConstantTensor::get(ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  if (!type)
    return std::nullopt;
  std::optional<ElementFormat> format =
      ElementFormat::get(type.getElementType());
  std::optional<int64_t> count = countElements(type.getShape());
  if (!format || !count)
    return std::nullopt;

  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    ConstantTensor tensor(type, *format, *count, dense.isSplat());
    tensor.origin = attr;
    const auto *bytes =
        reinterpret_cast<const uint8_t *>(dense.getRawData().data());
    int64_t size = dense.getRawData().size();
    if (format->isBool()) {
      // A splat of booleans is one byte of all ones or zeros.
      if (size < int64_t(llvm::divideCeil(tensor.storedElements(), 8)))
        return std::nullopt;
      tensor.own(unpackBits(bytes, tensor.storedElements(), 1));
      return tensor;
    }
    if (size < tensor.storedElements() * int64_t(format->bytes))
      return std::nullopt;
    tensor.data = bytes;
    return tensor;
  }

  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  if (!resource)
    return std::nullopt;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return std::nullopt;
  const auto *bytes = reinterpret_cast<const uint8_t *>(blob->getData().data());
  int64_t size = blob->getData().size();
  ConstantTensor tensor(type, *format, *count, /*splat=*/false);
  tensor.origin = attr;
  int64_t needed;
  if (llvm::MulOverflow(*count, int64_t(format->bytes), needed))
    return std::nullopt;
  if (size == needed) {
    tensor.data = bytes;
    return tensor;
  }
  // ONNX packs two int4 (four int2) into a byte.
  if (format->bits < 8 && !format->isFloat() && !format->isBool() &&
      size == int64_t(llvm::divideCeil(*count, 8 / format->bits))) {
    tensor.own(unpackBits(bytes, *count, format->bits));
    return tensor;
  }
  return std::nullopt;
}

ConstantTensor ConstantTensor::make(RankedTensorType type, bool splat) {
  ElementFormat format = *ElementFormat::get(type.getElementType());
  int64_t count = countElements(type.getShape()).value_or(0);
  ConstantTensor tensor(type, format, count, splat);
  tensor.own(std::vector<uint8_t>(tensor.storedElements() * format.bytes));
  return tensor;
}

ConstantTensor ConstantTensor::makeInts(MLIRContext *context,
                                        ArrayRef<int64_t> values) {
  ConstantTensor tensor = make(RankedTensorType::get(
      {static_cast<int64_t>(values.size())}, IntegerType::get(context, 64)));
  for (size_t i = 0; i < values.size(); ++i)
    tensor.setInteger(i, values[i]);
  return tensor;
}

ConstantTensor ConstantTensor::withShape(ArrayRef<int64_t> shape) const {
  ConstantTensor tensor = *this;
  tensor.tensorType = RankedTensorType::get(shape, tensorType.getElementType());
  return tensor;
}

ConstantTensor ConstantTensor::withSplatShape(ArrayRef<int64_t> shape) const {
  ConstantTensor tensor = withShape(shape);
  tensor.count = countElements(shape).value_or(0);
  tensor.origin = {};
  return tensor;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

uint64_t ConstantTensor::raw(int64_t i) const {
  uint64_t bits = 0;
  unsigned bytes = elementFormat.bytes;
  std::memcpy(&bits, data + (splat ? 0 : i * int64_t(bytes)), bytes);
  // A model may hold any byte for a boolean.
  return elementFormat.isBool() ? bits != 0 : bits;
}

void ConstantTensor::setRaw(int64_t i, uint64_t bits) {
  unsigned bytes = elementFormat.bytes;
  std::memcpy(owned->data() + (splat ? 0 : i * int64_t(bytes)), &bits, bytes);
}

int64_t ConstantTensor::integer(int64_t i) const {
  return wrapToFormat(static_cast<int64_t>(raw(i)), elementFormat);
}

double ConstantTensor::real(int64_t i) const {
  uint64_t bits = raw(i);
  if (!elementFormat.isFloat()) {
    int64_t value = wrapToFormat(static_cast<int64_t>(bits), elementFormat);
    return elementFormat.kind == ElementFormat::Class::Unsigned
               ? static_cast<double>(static_cast<uint64_t>(value))
               : static_cast<double>(value);
  }
  if (elementFormat.bits == 32) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  if (elementFormat.bits == 64) {
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }
  llvm::APFloat value(*elementFormat.semantics,
                      llvm::APInt(elementFormat.bits, bits, /*isSigned=*/false,
                                  /*implicitTrunc=*/true));
  bool lossy;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &lossy);
  return value.convertToDouble();
}

/// The bits of `value` rounded to `format`.
static uint64_t encodeReal(double value, const ElementFormat &format) {
  uint64_t bits = 0;
  if (format.bits == 32) {
    float narrow = static_cast<float>(value);
    std::memcpy(&bits, &narrow, 4);
    return bits;
  }
  if (format.bits == 64) {
    std::memcpy(&bits, &value, 8);
    return bits;
  }
  llvm::APFloat wide(value);
  bool lossy;
  wide.convert(*format.semantics, llvm::APFloat::rmNearestTiesToEven, &lossy);
  return wide.bitcastToAPInt().getZExtValue();
}

void ConstantTensor::setReal(int64_t i, double value) {
  setRaw(i, encodeReal(value, elementFormat));
}

void ConstantTensor::setInteger(int64_t i, int64_t value) {
  setRaw(i, static_cast<uint64_t>(wrapToFormat(value, elementFormat)));
}

std::optional<SmallVector<int64_t>>
ConstantTensor::integers(int64_t limit) const {
  if (elementFormat.isFloat() || count > limit)
    return std::nullopt;
  SmallVector<int64_t> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = integer(i);
  return values;
}

bool ConstantTensor::isAll(double value) const {
  int64_t stored = storedElements();
  for (int64_t i = 0; i < stored; ++i)
    if (real(i) != value)
      return false;
  return stored != 0;
}

double roundToFormat(double value, const ElementFormat &format) {
  if (format.bits == 64)
    return value;
  if (format.bits == 32)
    return static_cast<float>(value);
  llvm::APFloat wide(value);
  bool lossy;
  wide.convert(*format.semantics, llvm::APFloat::rmNearestTiesToEven, &lossy);
  wide.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
               &lossy);
  return wide.convertToDouble();
}

int64_t wrapToFormat(int64_t value, const ElementFormat &format) {
  if (format.isBool())
    return value != 0;
  if (format.bits == 64)
    return value;
  uint64_t bits =
      static_cast<uint64_t>(value) & ((uint64_t(1) << format.bits) - 1);
  return format.kind == ElementFormat::Class::Unsigned
             ? static_cast<int64_t>(bits)
             : llvm::SignExtend64(bits, format.bits);
}

//===----------------------------------------------------------------------===//
// As attributes
//===----------------------------------------------------------------------===//

/// `count` booleans, eight to a byte, as dense attributes keep them.
static std::vector<char> packBooleans(const ConstantTensor &tensor,
                                      int64_t count) {
  std::vector<char> out(llvm::divideCeil(count, 8));
  for (int64_t i = 0; i < count; ++i)
    if (tensor.integer(i))
      out[i / 8] |= static_cast<char>(1 << (i % 8));
  return out;
}

static ElementsAttr denseAttr(const ConstantTensor &tensor, const char *data,
                              int64_t stored) {
  RankedTensorType type = tensor.type();
  if (tensor.format().isBool()) {
    if (tensor.isSplat() && stored == 1)
      return DenseElementsAttr::get(type, tensor.integer(0) != 0);
    return DenseElementsAttr::getFromRawBuffer(type,
                                               packBooleans(tensor, stored));
  }
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(data, stored * int64_t(tensor.format().bytes)));
}

ElementsAttr ConstantTensor::attr(llvm::StringRef resourceName) const {
  if (origin && origin.getType() == tensorType)
    return origin;
  if (auto resource = dyn_cast_if_present<DenseResourceElementsAttr>(origin))
    return DenseResourceElementsAttr::get(tensorType, resource.getRawHandle());
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(origin))
    return dense.reshape(tensorType);

  int64_t bytes = storedElements() * int64_t(elementFormat.bytes);
  const char *chars = reinterpret_cast<const char *>(data);
  if (splat || bytes <= maxInlineBytes)
    return denseAttr(*this, chars, storedElements());
  // The blob shares the bytes that this tensor owns.
  auto keep = owned;
  AsmResourceBlob blob(
      ArrayRef<char>(chars, bytes), elementFormat.bytes,
      [keep](void *, size_t, size_t) {},
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(tensorType, resourceName,
                                        std::move(blob));
}

} // namespace aicc
