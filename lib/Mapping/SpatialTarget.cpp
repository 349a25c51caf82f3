//===- SpatialTarget.cpp - Families priced by the spatial model -----------===//

#include "aicc/Mapping/SpatialTarget.h"
#include "aicc/Energy/SpatialCost.h"
#include "aicc/Mapping/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace aicc;

LogicalResult SpatialTarget::supports(Operation *op, const MachineDesc &machine,
                                      std::string &why) const {
  auto region = dyn_cast<RegionOp>(op);
  if (!region || !region.getLayoutsAttr()) {
    why = "only groups with layouts are placed on " + family.str();
    return failure();
  }
  FailureOr<RegionModel> model = RegionModel::build(region, why);
  return success(succeeded(model) &&
                 toSpatialRegion(*model, machine, kind, why));
}

FailureOr<Cost> SpatialTarget::estimate(const Workload &workload,
                                        const Mapping &mapping,
                                        const MachineDesc &machine) const {
  std::string why;
  if (std::optional<Cost> cost =
          estimateSpatial(workload, mapping, machine, why))
    return *std::move(cost);
  return failure();
}

void SpatialTarget::buildPipeline(OpPassManager &pm, Stage from, Stage to,
                                  const CompileOptions &options) const {
  if (from < Stage::Mapped && to >= Stage::Mapped) {
    Goal goal = options.goalAt(options.machine->clockMhz.value);
    pm.addNestedPass<func::FuncOp>(createFormRegionsPass());
    pm.addNestedPass<func::FuncOp>(createPlanBuffersPass());
    pm.addNestedPass<func::FuncOp>(
        createMapSpatialPass(options.machine, goal, kind));
    addHostPass(pm, options);
  }
  if (to > Stage::Mapped) {
    RefuseLoweringPassOptions refusal;
    refusal.family = family.str();
    pm.addPass(createRefuseLoweringPass(refusal));
  }
}

void SpatialTarget::addHostPass(OpPassManager &pm,
                                const CompileOptions &options) const {
  if (!makeHostPass)
    return;
  if (std::unique_ptr<Pass> pass = makeHostPass(options))
    pm.addNestedPass<func::FuncOp>(std::move(pass));
}

LogicalResult SpatialTarget::emit(ModuleOp, EmitKind,
                                  const CompileOptions &options,
                                  llvm::StringRef, DiagnosticSink &sink) const {
  Diagnostic d;
  d.code = ErrorCode::Unsupported;
  d.file = options.modelPath;
  d.message = ("there is no code generation for '" + family + "'").str();
  d.help = "--emit=mapped and --emit=report price a model on it";
  sink.report(std::move(d));
  return failure();
}
