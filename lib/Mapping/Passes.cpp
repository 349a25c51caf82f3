//===- Passes.cpp - Passes of the mapper ----------------------------------===//

#include "aicc/Mapping/Passes.h"
#include "aicc/Memory/BufferPlan.h"

namespace aicc {
#define GEN_PASS_DEF_PLANBUFFERSPASS
#define GEN_PASS_REGISTRATION
#include "lib/Mapping/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;

namespace {
struct PlanBuffersPass : aicc::impl::PlanBuffersPassBase<PlanBuffersPass> {
  void runOnOperation() override {
    if (failed(BufferPlan::build(getOperation())))
      signalPassFailure();
  }
};
} // namespace

void aicc::registerMappingPasses() { registerAiccMappingPasses(); }
