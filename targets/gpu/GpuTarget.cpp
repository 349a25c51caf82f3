//===- GpuTarget.cpp - Graphics processors --------------------------------===//

#include "targets/gpu/GpuTarget.h"
#include "aicc/Mapping/SpatialTarget.h"
#include "targets/cpu/Passes.h"

std::unique_ptr<aicc::Target> aicc::gpu::createTarget() {
  return std::make_unique<SpatialTarget>("gpu", ArrayKind::Programmable,
                                         cpu::createMapHostPass);
}
