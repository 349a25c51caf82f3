//===- Npy.h - numpy's files ------------------------------------*- C++ -*-===//
//
// .npy (versions 1 to 3) and .npz, for tools and tests. Needs no LLVM. Files
// are untrusted: sizes are checked against the bytes that are there before
// anything is allocated.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_RUNTIME_NPY_H
#define AICC_RUNTIME_NPY_H

#include "aicc-c/runtime.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aicc {

/// A dense row-major tensor that owns its elements.
struct HostTensor {
  aicc_dtype dtype = AICC_FLOAT32;
  std::vector<int64_t> shape;

  /// Storage, of 64-bit words so that every element type is aligned.
  std::vector<uint64_t> words;

  int64_t elements() const;
  size_t bytes() const { return elements() * aicc_dtype_size(dtype); }
  char *data() { return reinterpret_cast<char *>(words.data()); }
  const char *data() const {
    return reinterpret_cast<const char *>(words.data());
  }
  /// Sets type and shape and zeroes the elements. False if too large.
  bool allocate(aicc_dtype type, std::vector<int64_t> extents);
  /// Element `index`, as a double (64-bit integers are rounded).
  double at(int64_t index) const;

  aicc_tensor view() {
    return {data(), dtype, static_cast<int32_t>(shape.size()), shape.data()};
  }
};

/// Reads an .npy file image. numpy has no bfloat16: 2-byte void elements
/// ('V2'), which is how it saves ml_dtypes' bfloat16, are taken as such.
/// False, with the reason in `error`, if it is not one or not whole.
bool parseNpy(const char *data, size_t size, HostTensor &tensor,
              std::string &error);

/// Reads `path`; the reason in `error` does not repeat the path.
bool readNpy(const std::string &path, HostTensor &tensor, std::string &error);

/// Files do not tell one type of ml_dtypes of one byte from another: makes such
/// a tensor one of `dtype`, if that is such a type, too. Is it of `dtype` now?
bool readAs(HostTensor &tensor, aicc_dtype dtype);

/// Writes version 1.0, through a temporary file in the same folder.
bool writeNpy(const std::string &path, const HostTensor &tensor,
              std::string &error);

/// Reads every array of an .npz file (stored or deflated), by name without
/// ".npy", in the order of the archive.
bool readNpz(const std::string &path,
             std::vector<std::pair<std::string, HostTensor>> &tensors,
             std::string &error);

/// How far two tensors of one shape are apart.
struct Comparison {
  int64_t elements = 0;
  int64_t mismatches = 0; ///< |a - e| > atol + rtol * |e|, or only one is NaN.
  double maxAbs = 0, maxRel = 0;
  int64_t worst = -1; ///< Index of the largest absolute difference.
};

/// Compares `actual` with `expected`, of the same type and shape.
Comparison compareTensors(const HostTensor &actual, const HostTensor &expected,
                          double rtol, double atol);

} // namespace aicc

#endif // AICC_RUNTIME_NPY_H
