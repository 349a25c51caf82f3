//===- Passes.h - Passes of the cpu target ----------------------*- C++ -*-===//

#ifndef TARGETS_CPU_PASSES_H
#define TARGETS_CPU_PASSES_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Energy/Machine.h"
#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

#include <functional>

namespace aicc {
#define GEN_PASS_DECL
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

namespace aicc::cpu {

/// Sets the mapping of a region; the one way in which any pass gets one.
using RegionMapper = std::function<mlir::LogicalResult(RegionOp)>;

/// Asks the cost model of this family for `machine`.
RegionMapper makeRegionMapper(const MachineDesc &machine, int workers,
                              const Goal &goal);
RegionMapper makeRegionMapper(const CompileOptions &options);

/// A machine of this family; null if there is none of that name.
std::shared_ptr<const MachineDesc> namedMachine(llvm::StringRef name);
/// The one that an option of a pass on `op` names; else an error there.
std::shared_ptr<const MachineDesc> machineOf(mlir::Operation *op,
                                             llvm::StringRef name);

/// `mapper`: what it has found is kept for createMapPass.
std::unique_ptr<mlir::Pass> createWinogradPass(const CompileOptions &options,
                                               RegionMapper mapper);
std::unique_ptr<mlir::Pass>
createNarrowWeightsPass(const CompileOptions &options, RegionMapper mapper);
std::unique_ptr<mlir::Pass> createMapPass(RegionMapper mapper);
/// From operations on tensors to regions with mappings and costs.
void buildMappingPipeline(mlir::OpPassManager &pm,
                          const CompileOptions &options, RegionMapper mapper);
/// That of the driver; without one (aicc-opt), the least machine of the family:
/// what is chosen then does not depend on the host.
std::shared_ptr<const MachineDesc> machineFor(const CompileOptions &options);

std::unique_ptr<mlir::Pass> createSchedulePass(const CompileOptions &options);
/// Maps what the device of `options` leaves to the processor of --mcpu; null if
/// there is no machine of this family that suits it.
std::unique_ptr<mlir::Pass> createMapHostPass(const CompileOptions &options);

/// What the host's program gives to a device.
class HostBuffers {
public:
  virtual ~HostBuffers() = default;
  /// Where an operand or result of a region lies: a flat memref.
  virtual mlir::Value buffer(mlir::Value tensor) = 0;
  /// A constant of the artefact: a flat memref of bytes.
  virtual mlir::Value constant(mlir::ElementsAttr bytes,
                               mlir::Location loc) = 0;
};

/// Regions that another device than the processor runs.
class DeviceRegions {
public:
  virtual ~DeviceRegions() = default;
  /// Dialects of what `lower` writes.
  virtual void registerDialects(mlir::DialectRegistry &registry) const = 0;
  virtual bool takes(RegionOp region) const = 0;
  /// Writes the device's program of `region` beside `builder`'s function, and
  /// the `aicc.offload` that runs it.
  virtual mlir::FailureOr<OffloadOp>
  lower(RegionOp region, HostBuffers &buffers, mlir::OpBuilder &builder) = 0;
};

/// `device`: null if the processor runs everything.
std::unique_ptr<mlir::Pass>
createGenerateLoopsPass(RegionMapper mapper,
                        std::shared_ptr<DeviceRegions> device = nullptr);

void registerCpuPasses();

} // namespace aicc::cpu

#endif // TARGETS_CPU_PASSES_H
