//===- SystolicTarget.cpp - Arrays of multiply-accumulators ---------------===//

#include "targets/systolic/SystolicTarget.h"
#include "aicc/Mapping/SpatialTarget.h"

std::unique_ptr<aicc::Target> aicc::systolic::createTarget() {
  return std::make_unique<SpatialTarget>("systolic", ArrayKind::Multiplies);
}
