//===- Runtime.h - Inside libaicc_runtime -----------------------*- C++ -*-===//

#ifndef AICC_LIB_RUNTIME_RUNTIME_H
#define AICC_LIB_RUNTIME_RUNTIME_H

#include "aicc-c/runtime.h"

#include <string>

namespace aicc::runtime {

/// Notes `text` as the last error of this thread and returns `status`.
aicc_status fail(aicc_status status, const std::string &text);

/// "1x3x48x320"; "scalar" for rank 0.
std::string shapeText(const int64_t *shape, int32_t rank);

/// Product of the extents; -1 if one is negative or the product overflows.
int64_t elementCount(const int64_t *shape, int32_t rank);

} // namespace aicc::runtime

struct aicc_model {
  aicc_model_desc desc = {}; ///< A copy, with the weights' address filled in.
  void *library = nullptr;   ///< From dlopen, or null.
  void *sideFile = nullptr;  ///< Mapped weights, or null.
};

#endif // AICC_LIB_RUNTIME_RUNTIME_H
