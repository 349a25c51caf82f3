//===- SystolicTarget.cpp - Arrays of multiply-accumulators ---------------===//

#include "targets/systolic/SystolicTarget.h"
#include "aicc/Codegen/Emit.h"
#include "aicc/Codegen/Passes.h"
#include "aicc/Mapping/Passes.h"
#include "aicc/Mapping/SpatialTarget.h"
#include "aicc/Support/Diagnostics.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Target/Machines.h"
#include "targets/systolic/Lowering/ArrayMachine.h"
#include "targets/systolic/Lowering/SystolicLowering.h"
#include "targets/systolic/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

namespace {
class SystolicTarget : public SpatialTarget {
public:
  SystolicTarget()
      : SpatialTarget("systolic", ArrayKind::Multiplies,
                      cpu::createMapHostPass) {}

  void buildPipeline(OpPassManager &pm, Stage from, Stage to,
                     const CompileOptions &options) const override;
  LogicalResult emit(ModuleOp module, EmitKind kind,
                     const CompileOptions &options, llvm::StringRef path,
                     DiagnosticSink &sink) const override;
};
} // namespace

void SystolicTarget::buildPipeline(OpPassManager &pm, Stage from, Stage to,
                                   const CompileOptions &options) const {
  std::string why;
  bool hasPrograms =
      options.machine && ArrayMachine::get(*options.machine, why);
  if (!hasPrograms) {
    if (from < Stage::Mapped)
      SpatialTarget::buildPipeline(pm, from, Stage::Mapped, options);
    if (to > Stage::Mapped) {
      RefuseLoweringPassOptions refusal;
      refusal.family = name().str();
      refusal.reason = why;
      pm.addPass(createRefuseLoweringPass(refusal));
    }
    return;
  }
  if (from < Stage::Mapped && to >= Stage::Mapped) {
    pm.addNestedPass<func::FuncOp>(createFormRegionsPass());
    pm.addNestedPass<func::FuncOp>(createSplitGroupsPass());
    PlanBuffersPassOptions buffers;
    buffers.summedInnermost = true;
    pm.addNestedPass<func::FuncOp>(createPlanBuffersPass(buffers));
    pm.addNestedPass<func::FuncOp>(createMapSpatialPass(
        options.machine, options.goalAt(options.machine->clockMhz.value),
        ArrayKind::Multiplies, createLowering(),
        /*pricesOthers=*/!options.generatesCode));
    if (options.generatesCode)
      pm.addNestedPass<func::FuncOp>(
          createCheckHostPass(options.machine, options.noFallback));
    addHostPass(pm, options);
  }
  if (from < Stage::Loops && to >= Stage::Loops) {
    CompileOptions forHost = options;
    forHost.machine = hostMachine(options.cpu, options.triple);
    pm.addPass(cpu::createGenerateLoopsPass(
        cpu::makeRegionMapper(forHost), createDeviceRegions(options.machine)));
    pm.addNestedPass<func::FuncOp>(createCSEPass());
    pm.addNestedPass<func::FuncOp>(createLoopInvariantCodeMotionPass());
  }
  if (from < Stage::Llvm && to >= Stage::Llvm) {
    pm.addPass(createEmbedProgramsPass(options.machine));
    buildLowerToLLVMPipeline(pm);
  }
}

LogicalResult SystolicTarget::emit(ModuleOp module, EmitKind kind,
                                   const CompileOptions &options,
                                   llvm::StringRef path,
                                   DiagnosticSink &sink) const {
  std::string why;
  if (!options.machine || !ArrayMachine::get(*options.machine, why))
    return SpatialTarget::emit(module, kind, options, path, sink);
  OwningOpRef<ModuleOp> embedded = module.clone();
  PassManager pm(module.getContext());
  pm.addPass(createEmbedProgramsPass(options.machine));
  if (failed(pm.run(*embedded)))
    return failure();
  return emitArtifact(*embedded, EmitInputs::get(options, kind, path), sink);
}

std::unique_ptr<Target> aicc::systolic::createTarget() {
  return std::make_unique<SystolicTarget>();
}
