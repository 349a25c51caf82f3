//===- WeightStream.cpp - The weights section, byte by byte ---------------===//

#include "lib/Codegen/WeightStream.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <algorithm>

using namespace mlir;
using namespace aicc;

static bool writeZeros(int64_t count, ByteConsumer consume) {
  static const char zeros[65536] = {};
  while (count > 0) {
    int64_t now = std::min<int64_t>(count, sizeof(zeros));
    if (!consume({zeros, static_cast<size_t>(now)}))
      return false;
    count -= now;
  }
  return true;
}

/// The dense row-major bytes of `value`, or of one element if `splat`; held in
/// `storage` where the attribute does not have them in that form.
static std::optional<ArrayRef<char>>
sourceBytes(ElementsAttr value, bool &splat, std::vector<char> &storage) {
  splat = false;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    return blob->getData();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return std::nullopt;
  splat = dense.isSplat();
  if (dense.getElementType().isInteger(1)) {
    // Stored with several to a byte; a program reads one byte each.
    if (splat)
      storage.push_back(dense.getSplatValue<bool>());
    else
      for (bool element : dense.getValues<bool>())
        storage.push_back(element);
    return ArrayRef<char>(storage);
  }
  return dense.getRawData();
}

static bool streamWeight(const WeightInfo &weight, ByteConsumer consume) {
  auto type = cast<ShapedType>(weight.value.getType());
  bool splat = false;
  std::vector<char> storage;
  std::optional<ArrayRef<char>> source =
      sourceBytes(weight.value, splat, storage);
  int64_t elementBytes = storedElementBytes(type.getElementType());
  int64_t expected = (splat ? 1 : type.getNumElements()) * elementBytes;
  if (!source || static_cast<int64_t>(source->size()) != expected) {
    emitError(weight.loc, "the constant of type ")
        << type << " has " << (source ? source->size() : 0)
        << " bytes of data, expected " << expected;
    return false;
  }
  PackLayout layout{type.getShape(), weight.pack.getDims(),
                    weight.pack.getSizes(), weight.pack.getSteps(),
                    elementBytes};
  return packStream(layout, *source, splat, consume);
}

bool aicc::streamWeights(const ProgramInfo &program, ByteConsumer consume) {
  int64_t at = 0;
  auto count = [&](ArrayRef<char> bytes) {
    at += bytes.size();
    return consume(bytes);
  };
  for (const WeightInfo &weight : program.weights)
    if (!writeZeros(weight.offset - at, count) || !streamWeight(weight, count))
      return false;
  return writeZeros(program.weightBytes - at, count);
}
