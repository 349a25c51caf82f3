//===- CpuTarget.cpp - The host's CPU -------------------------------------===//

#include "targets/cpu/CpuTarget.h"
#include "aicc/Codegen/Emit.h"
#include "aicc/Codegen/Passes.h"
#include "aicc/Mapping/Passes.h"
#include "targets/cpu/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace aicc;

namespace {
class CpuTarget : public Target {
public:
  llvm::StringRef name() const override { return "cpu"; }

  LogicalResult supports(Operation *op, const MachineDesc &machine,
                         std::string &why) const override {
    return success();
  }

  FailureOr<Cost> estimate(const Workload &workload, const Mapping &mapping,
                           const MachineDesc &machine) const override {
    return cpu::estimate(workload, mapping, machine);
  }

  bool pricesWholeModels() const override { return true; }

  void buildPipeline(OpPassManager &pm, Stage from, Stage to,
                     const CompileOptions &options) const override;

  LogicalResult emit(ModuleOp module, EmitKind kind,
                     const CompileOptions &options, llvm::StringRef path,
                     DiagnosticSink &sink) const override;
};
} // namespace

void aicc::cpu::buildMappingPipeline(OpPassManager &pm,
                                     const CompileOptions &options,
                                     RegionMapper mapper) {
  pm.addNestedPass<func::FuncOp>(createFormRegionsPass());
  PlanBuffersPassOptions buffers;
  if (options.machine && !options.machine->memories.empty())
    if (const MemoryDesc &l1 = options.machine->memories[0]; l1.ways)
      buffers.cache = {l1.bytes, l1.ways, l1.lineBytes};
  pm.addNestedPass<func::FuncOp>(createPlanBuffersPass(buffers));
  pm.addNestedPass<func::FuncOp>(createMapPass(std::move(mapper)));
  pm.addNestedPass<func::FuncOp>(createSchedulePass(options));
}

void CpuTarget::buildPipeline(OpPassManager &pm, Stage from, Stage to,
                              const CompileOptions &options) const {
  cpu::RegionMapper mapper = cpu::makeRegionMapper(options);
  if (from < Stage::Mapped && to >= Stage::Mapped) {
    if (options.quantize.bf16)
      pm.addPass(cpu::createNarrowWeightsPass(options, mapper));
    if (!options.strictFp)
      pm.addPass(cpu::createWinogradPass(options, mapper));
    cpu::buildMappingPipeline(pm, options, mapper);
  }
  if (from < Stage::Loops && to >= Stage::Loops) {
    pm.addPass(cpu::createGenerateLoopsPass(mapper));
    pm.addNestedPass<func::FuncOp>(createCSEPass());
    pm.addNestedPass<func::FuncOp>(createLoopInvariantCodeMotionPass());
  }
  if (from < Stage::Llvm && to >= Stage::Llvm)
    buildLowerToLLVMPipeline(pm);
}

LogicalResult CpuTarget::emit(ModuleOp module, EmitKind kind,
                              const CompileOptions &options,
                              llvm::StringRef path,
                              DiagnosticSink &sink) const {
  return emitArtifact(module, EmitInputs::get(options, kind, path), sink);
}

std::unique_ptr<Target> aicc::cpu::createTarget() {
  return std::make_unique<CpuTarget>();
}
