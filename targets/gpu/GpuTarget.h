//===- GpuTarget.h - Graphics processors ------------------------*- C++ -*-===//

#ifndef TARGETS_GPU_GPUTARGET_H
#define TARGETS_GPU_GPUTARGET_H

#include "aicc/Target/Target.h"

namespace aicc::gpu {

/// docs/targets/gpu.md says what is priced.
std::unique_ptr<Target> createTarget();

} // namespace aicc::gpu

#endif // TARGETS_GPU_GPUTARGET_H
