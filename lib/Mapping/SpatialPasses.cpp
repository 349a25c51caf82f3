//===- SpatialPasses.cpp - Mapping on machines with an array --------------===//

#include "aicc/Energy/SpatialCost.h"
#include "aicc/Mapping/Passes.h"
#include "aicc/Mapping/Remarks.h"
#include "aicc/Mapping/SpatialMapper.h"
#include "aicc/Mapping/SpatialTarget.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Target/Machines.h"

#include "llvm/ADT/StringSwitch.h"

namespace aicc {
#define GEN_PASS_DEF_MAPSPATIALPASS
#define GEN_PASS_DEF_REFUSELOWERINGPASS
#include "lib/Mapping/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;

namespace {

/// A region that the array runs, and what it asks of it.
struct Task {
  RegionOp op;
  SpatialRegion region;
};

struct MapSpatialPass : aicc::impl::MapSpatialPassBase<MapSpatialPass> {
  using MapSpatialPassBase::MapSpatialPassBase;
  MapSpatialPass(std::shared_ptr<const MachineDesc> machine,
                 Objective objective, ArrayKind kind)
      : machine(std::move(machine)) {
    options.objective = objective;
    isProgrammable = kind == ArrayKind::Programmable;
  }
  MapSpatialPass(const MapSpatialPass &other)
      : MapSpatialPassBase(other), machine(other.machine),
        options(other.options) {}

  void runOnOperation() override;

private:
  LogicalResult readOptions();
  LogicalResult collect(std::vector<Task> &tasks);
  void apply(Task &task, const SpatialMapperResult &found);
  void leaveToHost(RegionOp op, const llvm::Twine &why);

  std::shared_ptr<const MachineDesc> machine;
  SpatialMapperOptions options;
};

struct RefuseLoweringPass
    : aicc::impl::RefuseLoweringPassBase<RefuseLoweringPass> {
  using RefuseLoweringPassBase::RefuseLoweringPassBase;

  void runOnOperation() override {
    withCode(getOperation().emitError(), ErrorCode::Unsupported)
        << "there is no code generation for '" << family
        << "'; --emit=mapped and --emit=report price a model on it";
    signalPassFailure();
  }
};

} // namespace

/// Without a driver (aicc-opt) the pass's options say what is asked for.
LogicalResult MapSpatialPass::readOptions() {
  if (machine)
    return success();
  auto objective = llvm::StringSwitch<std::optional<Objective>>(objectiveName)
                       .Case("latency", Objective::Latency)
                       .Case("energy", Objective::Energy)
                       .Case("edp", Objective::Edp)
                       .Default(std::nullopt);
  if (!objective)
    return getOperation().emitError("there is no objective '")
           << objectiveName << "'; latency, energy, edp";
  options.objective = *objective;
  CollectingDiagnosticSink sink;
  std::optional<MachineDesc> found = isMachineFile(machineName)
                                         ? loadMachine(machineName, sink)
                                         : findMachine(machineName, "", sink);
  if (!found)
    return getOperation().emitError("there is no machine ") << machineName;
  machine = std::make_shared<MachineDesc>(std::move(*found));
  return success();
}

void MapSpatialPass::leaveToHost(RegionOp op, const llvm::Twine &why) {
  op->setAttr(
      placementAttrName,
      StringAttr::get(op.getContext(), "host: " + why + "; not priced"));
}

LogicalResult MapSpatialPass::collect(std::vector<Task> &tasks) {
  ArrayKind kind =
      isProgrammable ? ArrayKind::Programmable : ArrayKind::Multiplies;
  WalkResult result = getOperation().walk([&](RegionOp op) {
    if (!op.getLayoutsAttr()) {
      op.emitError("cannot be mapped: it has no layouts");
      return WalkResult::interrupt();
    }
    std::string why;
    FailureOr<RegionModel> model = RegionModel::build(op, why);
    std::optional<SpatialRegion> region;
    if (succeeded(model))
      region = toSpatialRegion(*model, *machine, kind, why);
    if (region)
      tasks.push_back({op, std::move(*region)});
    else
      leaveToHost(op, why);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// {mapping, cost, why}
static Attribute alternative(MLIRContext *context, const Cost &cost,
                             const Mapping &mapping) {
  Builder builder(context);
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("cost", CostAttr::get(context, cost)),
       builder.getNamedAttr("mapping", MappingAttr::get(context, mapping)),
       builder.getNamedAttr(
           "why", builder.getStringAttr("the best of another dataflow"))});
}

void MapSpatialPass::apply(Task &task, const SpatialMapperResult &found) {
  MLIRContext *context = task.op.getContext();
  std::string why = found.why;
  SmallVector<Attribute> others;
  std::optional<Cost> best;
  for (const SpatialCandidate &candidate : found.candidates) {
    std::optional<Cost> cost =
        estimateSpatial(task.region.workload, candidate.mapping, *machine, why);
    if (!cost)
      break;
    addPastArray(task.region, *machine, *cost);
    if (best)
      others.push_back(alternative(context, *cost, candidate.mapping));
    else
      best = std::move(cost);
  }
  if (!best)
    return leaveToHost(task.op, why);
  task.op.setMappingAttr(
      MappingAttr::get(context, found.candidates[0].mapping));
  task.op.setCostAttr(CostAttr::get(context, *best));
  task.op.setMachineAttr(StringAttr::get(context, machine->name));
  task.op->setAttr(alternativesAttrName, ArrayAttr::get(context, others));
  std::string placement = "array";
  if (!task.region.note.empty())
    placement += ": " + task.region.note;
  if (!found.isOptimal)
    placement += (task.region.note.empty() ? ": " : "; ") +
                 found.boundText(options.objective);
  task.op->setAttr(placementAttrName, StringAttr::get(context, placement));
}

void MapSpatialPass::runOnOperation() {
  std::vector<Task> tasks;
  if (failed(readOptions()) || failed(collect(tasks)))
    return signalPassFailure();
  std::vector<Workload> workloads;
  for (const Task &task : tasks)
    workloads.push_back(task.region.workload);
  // A whole model is priced in seconds, not minutes: what is not proved says
  // so in its placement.
  constexpr uint64_t unrollingsOfOneGroup = 64, nodesOfOneGroup = 2'000'000;
  options.unrollingLimit = unrollingsOfOneGroup;
  options.nodeLimit = nodesOfOneGroup;
  // No result depends on it.
  options.threads =
      getContext().isMultithreadingEnabled() ? getContext().getNumThreads() : 1;
  std::vector<SpatialMapperResult> found =
      mapSpatial(workloads, *machine, options);
  for (auto [task, result] : llvm::zip(tasks, found))
    apply(task, result);
  getOperation().walk(
      [](RegionOp region) { remarkChoice(region, "aicc-map-spatial"); });
}

std::unique_ptr<Pass>
aicc::createMapSpatialPass(std::shared_ptr<const MachineDesc> machine,
                           Objective objective, ArrayKind kind) {
  return std::make_unique<MapSpatialPass>(std::move(machine), objective, kind);
}
