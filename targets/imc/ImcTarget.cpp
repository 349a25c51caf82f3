//===- ImcTarget.cpp - Crossbars of memory cells that multiply ------------===//

#include "targets/imc/ImcTarget.h"
#include "aicc/Mapping/SpatialTarget.h"
#include "targets/cpu/Passes.h"

std::unique_ptr<aicc::Target> aicc::imc::createTarget() {
  return std::make_unique<SpatialTarget>("imc", ArrayKind::Multiplies,
                                         cpu::createMapHostPass);
}
