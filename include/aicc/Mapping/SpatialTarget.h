//===- SpatialTarget.h - Families priced by the spatial model ---*- C++ -*-===//

#ifndef AICC_MAPPING_SPATIALTARGET_H
#define AICC_MAPPING_SPATIALTARGET_H

#include "aicc/Energy/Mapping.h"
#include "aicc/Mapping/SpatialRegion.h"
#include "aicc/Target/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace aicc {

/// The tensors of a function that could stay on the chip from the group that
/// writes them to the last one that reads them, and what that takes.
class KeptPlan {
public:
  struct Tensor {
    /// Its groups: the one that writes it and those that read it.
    llvm::SmallVector<RegionOp, 4> groups;
    int64_t rows = 0; ///< Of the memory.
    /// That the outermost memory moves less, at least.
    double savedBytes = 0;
    /// Positions in the function at which it is there.
    int64_t first = 0, last = 0;
  };
  virtual ~KeptPlan() = default;

  std::vector<Tensor> tensors;
  int64_t rows = 0; ///< Of the memory.
  /// All groups of the device, and their positions.
  std::vector<std::pair<RegionOp, int64_t>> groups;

  /// The `on_chip` of a group (null: nothing is kept while it runs), if tensor
  /// i lies in rows [firstRows[i], ...), -1 in none, and the memory has `room`
  /// rows besides.
  virtual OnChipAttr onChip(RegionOp group, llvm::ArrayRef<int64_t> firstRows,
                            int64_t room) const = 0;
};

/// What a family with code generation says to the search for mappings: only
/// what it can lower is a mapping. Const functions are called from any thread.
class SpatialLowering {
public:
  virtual ~SpatialLowering() = default;

  /// A group that this family lowers, as the search needs it.
  struct Group {
    SpatialRegion region;
    /// The machine as far as programs use it.
    MachineDesc machine;
    /// The same with all that its memories hold: what mappings are priced on.
    std::shared_ptr<const MachineDesc> priced;
    /// As in SpatialMapperOptions.
    llvm::SmallVector<uint64_t, 4> axisDims;
    /// Rows on the chip that its tiles may have, where something is kept.
    int64_t room = 0;
    /// Made once, for `accept`.
    std::shared_ptr<const void> state;
  };
  /// Whether `region` can be lowered; `share`: of the memories on the chip that
  /// its tiles may use. Nothing, and `why` for the user, if it cannot.
  virtual std::optional<Group> match(RegionOp region,
                                     const MachineDesc &machine, double share,
                                     std::string &why) const = 0;
  /// The mapping that is lowered in place of `mapping`, which costs as much or
  /// less; nothing, and why, if its tiles do not fit the machine.
  virtual std::optional<Mapping> accept(const Group &group,
                                        const Mapping &mapping,
                                        std::string &why) const = 0;

  /// A group that a unit beside the array runs: its tiles follow from a rule of
  /// the family, and are not searched.
  struct Placed {
    Mapping mapping;
    Cost cost;
    std::string unit; ///< For the user: "vector unit".
  };
  /// Nothing for a group that no such unit runs, and `why` for the user where
  /// that is not for the array's reason alone.
  virtual std::optional<Placed> place(RegionOp region,
                                      const MachineDesc &machine,
                                      std::string &why) const = 0;

  /// What could stay on the chip between the groups of `func`, all of which
  /// have their machine; null where nothing can.
  virtual std::unique_ptr<KeptPlan> planKept(mlir::func::FuncOp func,
                                             const MachineDesc &machine) const {
    return nullptr;
  }

  /// Adds to `cost` what the program of an accepted mapping moves besides the
  /// tiles.
  virtual void addBesides(const Group &group, const Mapping &mapping,
                          Cost &cost) const = 0;
};

/// The pass aicc-map-spatial for `machine`. With `lowering`, groups that it can
/// lower get mappings that it can lower; others are priced all the same if
/// `pricesOthers`, else they stay with the host, with its reason.
std::unique_ptr<mlir::Pass>
createMapSpatialPass(std::shared_ptr<const MachineDesc> machine,
                     const Goal &goal, ArrayKind kind,
                     std::shared_ptr<const SpatialLowering> lowering = nullptr,
                     bool pricesOthers = true);

/// A family whose machines have an array and memories that software fills:
/// whole models are mapped and priced. There is no code generation here; a
/// family that has one overrides `buildPipeline` and `emit`.
class SpatialTarget : public Target {
public:
  /// Makes the pass on functions that maps and prices what the array leaves to
  /// the host; may return null.
  using MakeHostPass =
      std::unique_ptr<mlir::Pass> (*)(const CompileOptions &options);

  /// `family`: what stands after --target=; must outlive it. Without
  /// `makeHostPass` what stays with the host has no price.
  SpatialTarget(llvm::StringRef family, ArrayKind kind,
                MakeHostPass makeHostPass = nullptr)
      : family(family), kind(kind), makeHostPass(makeHostPass) {}

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

protected:
  void addHostPass(mlir::OpPassManager &pm,
                   const CompileOptions &options) const;

private:
  llvm::StringRef family;
  ArrayKind kind;
  MakeHostPass makeHostPass;
};

} // namespace aicc

#endif // AICC_MAPPING_SPATIALTARGET_H
