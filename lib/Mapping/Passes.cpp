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
  using PlanBuffersPassBase::PlanBuffersPassBase;

  void runOnOperation() override {
    ArrayRef<int64_t> geometry(*cache);
    if (!geometry.empty()) {
      if (geometry.size() != 3 ||
          llvm::any_of(geometry, [](int64_t value) { return value <= 0; })) {
        getOperation().emitError(
            "expected bytes, ways and bytes of a line of the innermost cache, "
            "all above 0, found ")
            << geometry;
        return signalPassFailure();
      }
      getOperation()->setAttr(kInnermostCache,
                              DenseI64ArrayAttr::get(&getContext(), geometry));
    }
    if (summedInnermost)
      getOperation()->setAttr(kSummedInnermost, UnitAttr::get(&getContext()));
    if (failed(BufferPlan::build(getOperation())))
      signalPassFailure();
  }
};
} // namespace

void aicc::registerMappingPasses() { registerAiccMappingPasses(); }
