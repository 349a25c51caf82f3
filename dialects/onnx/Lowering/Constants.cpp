//===- Constants.cpp - Reading and making constant tensors ----------------===//

#include "dialects/onnx/Lowering/Constants.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"

#include <cstring>

using namespace mlir;

namespace aicc::onnx {

/// Bytes that one element takes in a resource blob; 0 for sub-byte types.
static unsigned blobBytes(Type element) {
  if (element.isInteger(1))
    return 1;
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  return bits % 8 == 0 ? bits / 8 : 0;
}

static APInt readBits(const char *data, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value |= uint64_t(uint8_t(data[i])) << (8 * i);
  return APInt(64, value);
}

/// Calls `take` with the bits of each element, in 64.
static bool forEachElement(ElementsAttr attr,
                           llvm::function_ref<void(const APInt &)> take) {
  Type element = attr.getElementType();
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    if (isa<FloatType>(element))
      for (const APFloat &value : dense.getValues<APFloat>())
        take(value.bitcastToAPInt().zextOrTrunc(64));
    else if (isa<IntegerType>(element))
      for (const APInt &value : dense.getValues<APInt>())
        take(value.zextOrTrunc(64));
    else
      return false;
    return true;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  if (!resource)
    return false;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  unsigned bytes = blobBytes(element);
  int64_t count = attr.getNumElements();
  if (!blob || !bytes || bytes > 8 ||
      int64_t(blob->getData().size()) < count * bytes)
    return false;
  for (int64_t i = 0; i < count; ++i)
    take(readBits(blob->getData().data() + i * bytes, bytes));
  return true;
}

std::optional<SmallVector<int64_t>> readIntegers(ElementsAttr attr) {
  auto type = dyn_cast<IntegerType>(attr.getElementType());
  if (!type || type.getWidth() > 64)
    return std::nullopt;
  bool isUnsigned = type.isUnsigned() || type.getWidth() == 1;
  SmallVector<int64_t> values;
  values.reserve(attr.getNumElements());
  bool read = forEachElement(attr, [&](const APInt &bits) {
    APInt value = bits.trunc(type.getWidth());
    values.push_back(isUnsigned ? int64_t(value.getZExtValue())
                                : value.getSExtValue());
  });
  if (!read)
    return std::nullopt;
  return values;
}

std::optional<SmallVector<double>> readNumbers(ElementsAttr attr) {
  SmallVector<double> values;
  auto type = dyn_cast<FloatType>(attr.getElementType());
  if (!type) {
    std::optional<SmallVector<int64_t>> integers = readIntegers(attr);
    if (!integers)
      return std::nullopt;
    values.append(integers->begin(), integers->end());
    return values;
  }
  values.reserve(attr.getNumElements());
  bool read = forEachElement(attr, [&](const APInt &bits) {
    APFloat value(type.getFloatSemantics(), bits.trunc(type.getWidth()));
    values.push_back(value.convertToDouble());
  });
  if (!read)
    return std::nullopt;
  return values;
}

ElementsAttr retype(ElementsAttr attr, RankedTensorType type) {
  if (attr.getType() == type)
    return attr;
  if (attr.getNumElements() != type.getNumElements())
    return {};
  Type from = attr.getElementType(), to = type.getElementType();
  if (from != to &&
      (!from.isIntOrFloat() || !to.isIntOrFloat() ||
       from.getIntOrFloatBitWidth() != to.getIntOrFloatBitWidth()))
    return {};
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return {};
  if (from != to)
    dense = dense.bitcast(to);
  return dense.isSplat() ? dense.resizeSplat(type) : dense.reshape(type);
}

/// The raw bytes of a constant; empty if it has none, or is a splat.
static ArrayRef<char> rawBytes(ElementsAttr attr) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  return dense && !dense.isSplat() ? dense.getRawData() : ArrayRef<char>();
}

/// Copies a strided part, innermost dimension first where it is contiguous.
static void copyPart(const char *from, char *&to, ArrayRef<int64_t> shape,
                     ArrayRef<int64_t> strides, int64_t bytes) {
  if (shape.empty() || (shape.size() == 1 && strides[0] == 1)) {
    int64_t size = (shape.empty() ? 1 : shape[0]) * bytes;
    std::memcpy(to, from, size);
    to += size;
    return;
  }
  for (int64_t i = 0; i < shape[0]; ++i)
    copyPart(from + i * strides[0] * bytes, to, shape.drop_front(),
             strides.drop_front(), bytes);
}

/// Whether elements follow on each other.
static bool isContiguous(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  int64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected)
      return false;
    expected *= shape[i];
  }
  return true;
}

ElementsAttr stridedPart(ElementsAttr attr, RankedTensorType type,
                         int64_t offset, ArrayRef<int64_t> strides) {
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    if (dense.isSplat())
      return dense.resizeSplat(type);
  unsigned bytes = blobBytes(type.getElementType());
  ArrayRef<char> data = rawBytes(attr);
  // i1 is packed in dense attributes.
  if (!bytes || type.getElementType().isInteger(1) ||
      int64_t(data.size()) != attr.getNumElements() * int64_t(bytes))
    return {};
  ArrayRef<int64_t> shape = type.getShape();
  const char *first = data.data() + offset * bytes;
  int64_t size = type.getNumElements() * bytes;
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  if (resource && isContiguous(shape, strides)) {
    // The blob that this one points into lives as long as the context.
    AsmResourceBlob view(ArrayRef<char>(first, size), bytes,
                         AsmResourceBlob::DeleterFn(), /*dataIsMutable=*/false);
    return DenseResourceElementsAttr::get(
        type, resource.getRawHandle().getKey(), std::move(view));
  }
  AsmResourceBlob copy = HeapAsmResourceBlob::allocate(
      size, std::max<size_t>(bytes, 64), /*dataIsMutable=*/true);
  char *to = copy.getMutableData().data();
  copyPart(first, to, shape, strides, bytes);
  if (!resource)
    return DenseElementsAttr::getFromRawBuffer(type, copy.getData());
  return DenseResourceElementsAttr::get(type, resource.getRawHandle().getKey(),
                                        std::move(copy));
}

DenseElementsAttr denseNumbers(RankedTensorType type, ArrayRef<double> values) {
  Type element = type.getElementType();
  if (!isa<FloatType>(element)) {
    SmallVector<int64_t> integers(values.begin(), values.end());
    return denseIntegers(type, integers);
  }
  SmallVector<APFloat> floats;
  floats.reserve(values.size());
  for (double value : values)
    floats.push_back(
        cast<FloatAttr>(FloatAttr::get(element, value)).getValue());
  return DenseElementsAttr::get(type, floats);
}

DenseElementsAttr denseIntegers(RankedTensorType type,
                                ArrayRef<int64_t> values) {
  unsigned width = type.getElementTypeBitWidth();
  SmallVector<APInt> integers;
  integers.reserve(values.size());
  for (int64_t value : values)
    integers.push_back(APInt(64, uint64_t(value)).trunc(width));
  return DenseElementsAttr::get(type, integers);
}

TypedAttr scalarAttr(Type type, double value) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, value);
  if (isa<IndexType>(type))
    return IntegerAttr::get(type, int64_t(value));
  return IntegerAttr::get(
      type,
      APInt(64, uint64_t(int64_t(value))).trunc(type.getIntOrFloatBitWidth()));
}

} // namespace aicc::onnx
