//===- ProgramBuilder.h - From mapped groups to a program -------*- C++ -*-===//

#ifndef TARGETS_CPU_KERNEL_PROGRAMBUILDER_H
#define TARGETS_CPU_KERNEL_PROGRAMBUILDER_H

#include "aicc/Memory/BufferPlan.h"
#include "targets/cpu/Passes.h"
#include "targets/cpu/ProgramTraffic.h"
#include "targets/cpu/Stripes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"

namespace aicc::cpu {

/// Rewrites the entry function of one module.
class ProgramBuilder : private HostBuffers {
public:
  ProgramBuilder(mlir::ModuleOp module, mlir::func::FuncOp func,
                 BufferPlan plan, RegionMapper mapper, DeviceRegions *device)
      : module(module), source(func), plan(std::move(plan)),
        mapper(std::move(mapper)), device(device),
        builder(module.getContext()) {}

  mlir::LogicalResult run();

private:
  void collectBorders();
  void createEntry();
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitRegion(RegionOp region);
  mlir::LogicalResult emitOffload(RegionOp region);
  mlir::LogicalResult emitLaunch(RegionOp region,
                                 llvm::ArrayRef<mlir::Value> buffers,
                                 llvm::ArrayRef<bool> isAlone);
  mlir::LogicalResult emitLaunch(RegionModel &model,
                                 llvm::ArrayRef<mlir::Value> buffers,
                                 llvm::ArrayRef<bool> isAlone);
  mlir::LogicalResult emitStripes(RegionOp first);
  mlir::LogicalResult emitTurn(const StripeGroup &group, size_t s);
  mlir::LogicalResult emitStripe(const StripeGroup &group, size_t k, size_t s);
  mlir::LogicalResult emitMove(const StripeGroup::Move &move);
  mlir::LogicalResult emitBordersOf(const StripeGroup &group, size_t k);
  mlir::LogicalResult emitRowsOfPadding(const RollingBuffer &buffer, size_t s);
  mlir::LogicalResult emitSides(mlir::tensor::PadOp pad,
                                llvm::SmallVector<int64_t> offsets,
                                llvm::SmallVector<int64_t> sizes,
                                std::optional<unsigned> except);
  llvm::SmallVector<bool> standAlone(RegionOp region) const;
  mlir::LogicalResult emitBorders(unsigned root);
  mlir::LogicalResult emitSlab(mlir::tensor::PadOp pad,
                               llvm::ArrayRef<int64_t> offsets,
                               llvm::ArrayRef<int64_t> sizes);
  mlir::FailureOr<mlir::func::FuncOp>
  kernelFor(RegionModel &model, const KernelMapping &mapping,
            llvm::ArrayRef<mlir::Value> buffers, llvm::ArrayRef<bool> isAlone);
  mlir::Value bufferFor(const BufferRef &ref, llvm::ArrayRef<int64_t> shape);
  mlir::Value bufferFor(const BufferRef &ref, int64_t span);
  mlir::Value weightFor(mlir::Value constant, mlir::Attribute layout);
  mlir::Value weightFor(mlir::ElementsAttr value, PackAttr pack,
                        mlir::Location loc);
  mlir::Value buffer(mlir::Value tensor) override;
  mlir::Value constant(mlir::ElementsAttr bytes, mlir::Location loc) override;
  LaunchTrace::Window windowOf(mlir::Value buffer) const;
  void predictTraffic();
  void finish();

  mlir::ModuleOp module;
  mlir::func::FuncOp source;
  BufferPlan plan;
  RegionMapper mapper;
  DeviceRegions *device;
  mlir::OpBuilder builder;
  mlir::func::FuncOp entry;
  mlir::Value arena, weights;
  int64_t arenaBytes = 0, weightBytes = 0;
  mlir::IRMapping scalars;
  llvm::StringMap<mlir::func::FuncOp> kernels;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Attribute>, int64_t>
      weightOffsets;
  /// All launches in their order, and what they touch.
  llvm::SmallVector<LaunchOp> launches;
  std::vector<LaunchTrace> trace;
  std::string machineName;
  /// Regions that were emitted with the first of their group.
  llvm::DenseSet<mlir::Operation *> inStripes;
  /// Paddings of each buffer, whose borders are filled before it is written.
  llvm::DenseMap<unsigned, llvm::SmallVector<mlir::tensor::PadOp>> borders;
};

} // namespace aicc::cpu

#endif // TARGETS_CPU_KERNEL_PROGRAMBUILDER_H
