//===- SpatialTarget.h - Families priced by the spatial model ---*- C++ -*-===//

#ifndef AICC_MAPPING_SPATIALTARGET_H
#define AICC_MAPPING_SPATIALTARGET_H

#include "aicc/Mapping/SpatialRegion.h"
#include "aicc/Target/Target.h"

#include "mlir/Pass/Pass.h"

namespace aicc {

/// The pass aicc-map-spatial for `machine`.
std::unique_ptr<mlir::Pass>
createMapSpatialPass(std::shared_ptr<const MachineDesc> machine,
                     Objective objective, ArrayKind kind);

/// A family whose machines have an array and memories that software fills:
/// whole models are mapped and priced. There is no code generation here; a
/// family that has one overrides `buildPipeline` and `emit`.
class SpatialTarget : public Target {
public:
  /// `family`: what stands after --target=; must outlive it.
  SpatialTarget(llvm::StringRef family, ArrayKind kind)
      : family(family), kind(kind) {}

  llvm::StringRef name() const override { return family; }
  mlir::LogicalResult supports(mlir::Operation *op, const MachineDesc &machine,
                               std::string &why) const override;
  mlir::FailureOr<Cost> estimate(const Workload &workload,
                                 const Mapping &mapping,
                                 const MachineDesc &machine) const override;
  void buildPipeline(mlir::OpPassManager &pm, Stage from, Stage to,
                     const CompileOptions &options) const override;
  mlir::LogicalResult emit(mlir::ModuleOp module, EmitKind kind,
                           const CompileOptions &options, llvm::StringRef path,
                           DiagnosticSink &sink) const override;

private:
  llvm::StringRef family;
  ArrayKind kind;
};

} // namespace aicc

#endif // AICC_MAPPING_SPATIALTARGET_H
