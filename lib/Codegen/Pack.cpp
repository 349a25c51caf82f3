//===- Pack.cpp - Constants in the order they are stored ------------------===//

#include "aicc/Codegen/Pack.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace aicc;
using llvm::ArrayRef;
using llvm::SmallVector;

namespace {

/// Bytes handed on at a time. Bounds the extra memory, not the speed.
constexpr int64_t pieceBytes = int64_t(4) << 20;

class Packer {
public:
  Packer(const PackLayout &layout, ArrayRef<char> source, bool splat,
         ByteConsumer consume)
      : layout(layout), source(source), consume(consume),
        position(layout.shape.size(), 0) {
    int64_t stride = 1;
    SmallVector<int64_t> strides(layout.shape.size());
    for (size_t d = layout.shape.size(); d-- > 0;) {
      strides[d] = stride;
      stride *= layout.shape[d];
    }
    for (size_t j = 0; j < layout.dims.size(); ++j)
      sourceStride.push_back(splat ? 0
                                   : layout.steps[j] * strides[layout.dims[j]]);
    // Elements of one step of stored dimension j.
    innerElements.assign(layout.dims.size() + 1, 1);
    for (size_t j = layout.dims.size(); j-- > 0;)
      innerElements[j] = innerElements[j + 1] * layout.sizes[j];
    buffer.reserve(pieceBytes);
  }

  bool run() { return walk(0, 0) && flush(); }

private:
  bool flush() {
    if (buffer.empty())
      return true;
    bool more = consume(buffer);
    buffer.clear();
    return more;
  }

  /// Room for `bytes` more in the buffer, at most pieceBytes; null to stop.
  char *grow(int64_t bytes) {
    if (static_cast<int64_t>(buffer.size()) + bytes > pieceBytes && !flush())
      return nullptr;
    size_t old = buffer.size();
    buffer.resize(old + bytes);
    return buffer.data() + old;
  }

  bool zeros(int64_t elements) {
    int64_t bytes = elements * layout.elementBytes;
    while (bytes > 0) {
      int64_t now = std::min(bytes, pieceBytes);
      char *out = grow(now);
      if (!out)
        return false;
      std::memset(out, 0, now);
      bytes -= now;
    }
    return true;
  }

  /// `count` elements from element `from`, `stride` elements apart.
  bool copy(int64_t from, int64_t stride, int64_t count) {
    int64_t size = layout.elementBytes;
    while (count > 0) {
      int64_t now = std::min(count, pieceBytes / size);
      char *out = grow(now * size);
      if (!out)
        return false;
      const char *in = source.data() + from * size;
      if (stride == 1)
        std::memcpy(out, in, now * size);
      else if (size == 4)
        gather<uint32_t>(out, in, stride, now);
      else if (size == 2)
        gather<uint16_t>(out, in, stride, now);
      else if (size == 1)
        gather<uint8_t>(out, in, stride, now);
      else
        gather<uint64_t>(out, in, stride, now);
      from += now * stride;
      count -= now;
    }
    return true;
  }

  template <typename T>
  static void gather(char *out, const char *in, int64_t stride, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(out + i * sizeof(T), in + i * stride * sizeof(T), sizeof(T));
  }

  bool walk(size_t j, int64_t from) {
    if (j == layout.dims.size())
      return copy(from, 1, 1);
    int64_t dim = layout.dims[j], step = layout.steps[j],
            size = layout.sizes[j];
    int64_t room = layout.shape[dim] - position[dim];
    // Steps that start inside the logical shape; the rest is zero.
    int64_t valid = room <= 0 ? 0 : std::min(size, (room + step - 1) / step);
    if (j + 1 == layout.dims.size()) {
      if (valid && !copy(from, sourceStride[j], valid))
        return false;
    } else {
      for (int64_t i = 0; i < valid; ++i) {
        if (!walk(j + 1, from + i * sourceStride[j]))
          return false;
        position[dim] += step;
      }
      position[dim] -= valid * step;
    }
    return zeros((size - valid) * innerElements[j + 1]);
  }

  const PackLayout &layout;
  ArrayRef<char> source;
  ByteConsumer consume;
  SmallVector<int64_t> position;      ///< Logical, of the current element.
  SmallVector<int64_t> sourceStride;  ///< Elements, by stored dimension.
  SmallVector<int64_t> innerElements; ///< By stored dimension.
  std::vector<char> buffer;
};

} // namespace

bool aicc::packStream(const PackLayout &layout, ArrayRef<char> source,
                      bool splat, ByteConsumer consume) {
  int64_t elements = 1;
  for (int64_t extent : layout.shape)
    elements *= extent;
  int64_t expected = (splat ? 1 : elements) * layout.elementBytes;
  if (static_cast<int64_t>(source.size()) != expected)
    return false;
  return Packer(layout, source, splat, consume).run();
}
