//===- SpatialPasses.cpp - Mapping on machines with an array --------------===//

#include "aicc/Energy/SpatialCost.h"
#include "aicc/Mapping/Passes.h"
#include "aicc/Mapping/Remarks.h"
#include "aicc/Mapping/SpatialMapper.h"
#include "aicc/Mapping/SpatialTarget.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Target/Machines.h"
#include "lib/Mapping/KeepOnChip.h"

#include "mlir/IR/Threading.h"
#include "llvm/ADT/StringSwitch.h"

#include <algorithm>
#include <cmath>

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
  std::optional<SpatialLowering::Group> group;
};

struct MapSpatialPass : aicc::impl::MapSpatialPassBase<MapSpatialPass> {
  using MapSpatialPassBase::MapSpatialPassBase;
  MapSpatialPass(std::shared_ptr<const MachineDesc> machine, const Goal &goal,
                 ArrayKind kind,
                 std::shared_ptr<const SpatialLowering> lowering,
                 bool pricesOthers)
      : machine(std::move(machine)), lowering(std::move(lowering)),
        pricesOthers(pricesOthers) {
    options.objective = goal;
    isProgrammable = kind == ArrayKind::Programmable;
  }
  MapSpatialPass(const MapSpatialPass &other)
      : MapSpatialPassBase(other), machine(other.machine),
        lowering(other.lowering), pricesOthers(other.pricesOthers),
        options(other.options) {}

  void runOnOperation() override;

private:
  LogicalResult readOptions();
  LogicalResult collect(std::vector<Task> &tasks);
  std::optional<Task> taskOf(RegionOp op, double share, std::string &why) const;
  std::vector<SpatialMapperResult> search(std::vector<Task> &tasks) const;
  SpatialMapperResult searchLowerable(Task &task) const;
  void acceptCandidates(const SpatialLowering::Group &group,
                        SpatialMapperResult &found, std::string &why) const;
  void apply(Task &task, const SpatialMapperResult &found);
  void map(std::vector<Task> &tasks);
  void keepOnChip();
  bool placeBeside(RegionOp op, std::string &why);
  void leaveToHost(RegionOp op, const llvm::Twine &why);
  llvm::StringRef outermost() const { return machine->memories.back().name; }

  std::shared_ptr<const MachineDesc> machine;
  std::shared_ptr<const SpatialLowering> lowering;
  bool pricesOthers = true;
  SpatialMapperOptions options;
};

struct RefuseLoweringPass
    : aicc::impl::RefuseLoweringPassBase<RefuseLoweringPass> {
  using RefuseLoweringPassBase::RefuseLoweringPassBase;

  void runOnOperation() override {
    if (!reason.empty())
      withCode(getOperation().emitError(), ErrorCode::Unsupported) << reason;
    else
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
  std::string why;
  if (!(machine = findMachine(machineName, why)))
    return getOperation().emitError() << why;
  return success();
}

void MapSpatialPass::leaveToHost(RegionOp op, const llvm::Twine &why) {
  op->setAttr(
      placementAttrName,
      StringAttr::get(op.getContext(), "host: " + why + "; not priced"));
}

/// Everything starts and ends in the outermost memory. Where that is too small
/// for whole operands, `why` says by how much: no search can find a mapping.
static bool fitsOutermost(const Workload &workload, const MachineDesc &machine,
                          std::string &why) {
  if (machine.memories.empty() || machine.memories.back().bytes == 0)
    return true;
  const MemoryDesc &memory = machine.memories.back();
  AccessModel model(workload, machine);
  double needed = 0;
  for (auto [o, operand] : llvm::enumerate(workload.operands))
    needed += model.wholeElements(unsigned(o)) * double(operand.bits) / 8 *
              (memory.keepsZeros ? 1 : operand.density);
  MappingFault fault;
  fault.kind = MappingFault::Kind::Capacity;
  fault.memory = unsigned(machine.memories.size() - 1);
  fault.found = std::ceil(needed);
  fault.expected =
      std::floor(double(memory.bytes) / (memory.doubleBuffered ? 2 : 1));
  if (fault.found <= fault.expected)
    return true;
  why = fault.describe(machine);
  return false;
}

std::optional<Task> MapSpatialPass::taskOf(RegionOp op, double share,
                                           std::string &why) const {
  if (lowering) {
    if (auto group = lowering->match(op, *machine, share, why)) {
      SpatialRegion region = group->region;
      if (!fitsOutermost(region.workload, *machine, why))
        return std::nullopt;
      return Task{op, std::move(region), std::move(group)};
    }
    if (!pricesOthers)
      return std::nullopt;
  }
  ArrayKind kind =
      isProgrammable ? ArrayKind::Programmable : ArrayKind::Multiplies;
  FailureOr<RegionModel> model = RegionModel::build(op, why);
  std::optional<SpatialRegion> region;
  if (succeeded(model))
    region = toSpatialRegion(*model, *machine, kind, why);
  if (!region || !fitsOutermost(region->workload, *machine, why))
    return std::nullopt;
  return Task{op, std::move(*region), std::nullopt};
}

/// By the objective, but for the first one, the search's best: it stays that
/// unless another one takes less by more than what may be given up for energy,
/// once as the search went, and once as it is lowered.
static void sortCandidates(const SpatialMapperOptions &options,
                           std::vector<SpatialCandidate> &candidates) {
  if (candidates.empty())
    return;
  auto value = [&](const SpatialCandidate &candidate) {
    return candidate.value(options.objective);
  };
  auto isBetter = [&](const SpatialCandidate &one,
                      const SpatialCandidate &other) {
    return value(one) < value(other);
  };
  double allowed = options.objective.is(Objective::Latency)
                       ? 1 + 2 * options.latencySlack
                       : 1;
  auto least = llvm::min_element(candidates, isBetter);
  bool stays = value(candidates.front()) <= value(*least) * allowed;
  std::stable_sort(candidates.begin() + (stays ? 1 : 0), candidates.end(),
                   isBetter);
}

/// Keeps the candidates that can be lowered, as they are lowered, and that the
/// machine still has room for then, in the order of what they cost then; if
/// there are none, `why` says so.
void MapSpatialPass::acceptCandidates(const SpatialLowering::Group &group,
                                      SpatialMapperResult &found,
                                      std::string &why) const {
  const Workload &workload = group.region.workload;
  std::vector<SpatialCandidate> accepted;
  for (SpatialCandidate &candidate : found.candidates) {
    auto mapping = lowering->accept(group, candidate.mapping, why);
    if (!mapping || !estimateSpatial(workload, *mapping, *machine, why))
      continue;
    std::optional<Cost> cost =
        estimateSpatial(workload, *mapping, *group.priced, why);
    if (!cost)
      continue;
    lowering->addBesides(group, *mapping, *cost);
    candidate.mapping = std::move(*mapping);
    candidate.cycles = cost->cycles;
    candidate.energyPj = cost->energyPj();
    accepted.push_back(candidate);
  }
  if (found.candidates.empty() && !found.why.empty())
    why = found.why;
  sortCandidates(options, accepted);
  if (accepted.size() > options.alternatives + 1)
    accepted.resize(options.alternatives + 1);
  found.candidates = std::move(accepted);
}

/// All of the memories may be used at first; a mapping whose tiles do not fit
/// as they are stored (in whole rows, in two slots) is searched with less.
SpatialMapperResult MapSpatialPass::searchLowerable(Task &task) const {
  SpatialMapperResult found;
  std::string why;
  constexpr double least = 1.0 / 256;
  for (double share = 1; share >= least; share /= 2) {
    if (share < 1)
      task.group = lowering->match(task.op, *machine, share, why);
    // Tiles that divide are a small part of all, with most of the good ones.
    for (bool isPerfect : {true, false}) {
      SpatialMapperOptions now = options;
      now.threads = 1;
      now.axisDims = task.group->axisDims;
      // What is best as it is lowered may be another one.
      constexpr unsigned lowered = 4;
      now.alternatives = std::max(options.alternatives, lowered - 1);
      now.perfectFactors = isPerfect;
      found = mapSpatial(task.region.workload, task.group->machine, now);
      acceptCandidates(*task.group, found, why);
      if (!found.candidates.empty())
        return found;
    }
  }
  found.why = why;
  return found;
}

std::vector<SpatialMapperResult>
MapSpatialPass::search(std::vector<Task> &tasks) const {
  std::vector<SpatialMapperResult> results(tasks.size());
  std::vector<Workload> priced;
  std::vector<size_t> pricedTasks;
  for (auto [i, task] : llvm::enumerate(tasks))
    if (!task.group) {
      priced.push_back(task.region.workload);
      pricedTasks.push_back(i);
    }
  for (auto [i, result] :
       llvm::zip(pricedTasks, mapSpatial(priced, *machine, options)))
    results[i] = std::move(result);
  // Equal groups are searched once.
  std::vector<size_t> first(tasks.size());
  std::vector<size_t> different;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i].group)
      continue;
    auto isEqual = [&](size_t other) {
      return tasks[i].group->room == tasks[other].group->room &&
             tasks[i].region.workload == tasks[other].region.workload &&
             tasks[i].group->axisDims == tasks[other].group->axisDims;
    };
    const auto *found = llvm::find_if(ArrayRef(different), isEqual);
    first[i] = found == ArrayRef(different).end() ? i : *found;
    if (first[i] == i)
      different.push_back(i);
  }
  if (!different.empty())
    mlir::parallelFor(
        tasks.front().op.getContext(), 0, different.size(), [&](size_t i) {
          results[different[i]] = searchLowerable(tasks[different[i]]);
        });
  for (size_t i = 0; i < tasks.size(); ++i)
    if (tasks[i].group && first[i] != i)
      results[i] = results[first[i]];
  return results;
}

/// On a unit beside the array; else adds its reason to the array's.
bool MapSpatialPass::placeBeside(RegionOp op, std::string &why) {
  std::string unitWhy;
  auto placed =
      lowering ? lowering->place(op, *machine, unitWhy) : std::nullopt;
  if (!placed) {
    if (!unitWhy.empty())
      why += "; " + unitWhy;
    return false;
  }
  MLIRContext *context = op.getContext();
  op.setMappingAttr(MappingAttr::get(context, placed->mapping));
  op.setCostAttr(CostAttr::get(context, placed->cost, outermost()));
  op.setMachineAttr(StringAttr::get(context, machine->name));
  op->setAttr(alternativesAttrName, ArrayAttr::get(context, {}));
  op->setAttr(placementAttrName,
              StringAttr::get(context, "array: on the " + placed->unit));
  return true;
}

LogicalResult MapSpatialPass::collect(std::vector<Task> &tasks) {
  WalkResult result = getOperation().walk([&](RegionOp op) {
    if (!op.getLayoutsAttr()) {
      op.emitError("cannot be mapped: it has no layouts");
      return WalkResult::interrupt();
    }
    std::string why;
    if (std::optional<Task> task = taskOf(op, /*share=*/1, why))
      tasks.push_back(std::move(*task));
    else if (!placeBeside(op, why))
      leaveToHost(op, why);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// {mapping, cost, why}
static Attribute alternative(MLIRContext *context, const Cost &cost,
                             const Mapping &mapping,
                             llvm::StringRef outermost) {
  Builder builder(context);
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("cost", CostAttr::get(context, cost, outermost)),
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
        estimateSpatial(task.region.workload, candidate.mapping,
                        task.group ? *task.group->priced : *machine, why);
    if (!cost)
      break;
    if (task.group)
      lowering->addBesides(*task.group, candidate.mapping, *cost);
    else
      addPastArray(task.region, *machine, *cost);
    if (best)
      others.push_back(
          alternative(context, *cost, candidate.mapping, outermost()));
    else
      best = std::move(cost);
  }
  if (!best)
    return leaveToHost(task.op, why);
  task.op.setMappingAttr(
      MappingAttr::get(context, found.candidates[0].mapping));
  task.op.setCostAttr(CostAttr::get(context, *best, outermost()));
  task.op.setMachineAttr(StringAttr::get(context, machine->name));
  task.op->setAttr(alternativesAttrName, ArrayAttr::get(context, others));
  llvm::StringRef dataflow = AccessModel(task.region.workload, *machine)
                                 .dataflowOf(found.candidates[0].mapping);
  if (!dataflow.empty())
    task.op->setAttr(dataflowAttrName, StringAttr::get(context, dataflow));
  std::string placement = "array";
  if (!task.region.note.empty())
    placement += ": " + task.region.note;
  if (!found.isOptimal)
    placement += (task.region.note.empty() ? ": " : "; ") +
                 found.boundText(options.objective);
  task.op->setAttr(placementAttrName, StringAttr::get(context, placement));
}

void MapSpatialPass::map(std::vector<Task> &tasks) {
  std::vector<SpatialMapperResult> found = search(tasks);
  for (auto [task, result] : llvm::zip(tasks, found))
    apply(task, result);
}

/// Groups whose operands stay on the chip, or that run while others do, are
/// mapped anew.
void MapSpatialPass::keepOnChip() {
  std::unique_ptr<KeptPlan> plan =
      lowering ? lowering->planKept(getOperation(), *machine) : nullptr;
  if (!plan || plan->tensors.empty())
    return;
  chooseKept(*plan, options.objective, [&](ArrayRef<RegionOp> groups) {
    std::vector<Task> tasks;
    for (RegionOp op : groups) {
      std::string why;
      for (llvm::StringRef name : {"mapping", "cost", "machine"})
        op->removeAttr(name);
      op->removeAttr(dataflowAttrName);
      auto group = lowering->match(op, *machine, /*share=*/1, why);
      if (group)
        tasks.push_back({op, group->region, std::move(group)});
      else if (!placeBeside(op, why))
        leaveToHost(op, why);
    }
    map(tasks);
  });
}

void MapSpatialPass::runOnOperation() {
  std::vector<Task> tasks;
  if (failed(readOptions()) || failed(collect(tasks)))
    return signalPassFailure();
  // A whole model is priced in seconds, not minutes: what is not proved says
  // so in its placement.
  constexpr uint64_t unrollingsOfOneGroup = 64, nodesOfOneGroup = 2'000'000;
  options.unrollingLimit = unrollingsOfOneGroup;
  options.nodeLimit = nodesOfOneGroup;
  // Less than what the model's cycles are off by.
  constexpr double latencySlack = 0.01;
  options.latencySlack = latencySlack;
  // No result depends on it.
  options.threads =
      getContext().isMultithreadingEnabled() ? getContext().getNumThreads() : 1;
  map(tasks);
  keepOnChip();
  getOperation().walk(
      [](RegionOp region) { remarkChoice(region, "aicc-map-spatial"); });
}

std::unique_ptr<Pass>
aicc::createMapSpatialPass(std::shared_ptr<const MachineDesc> machine,
                           const Goal &goal, ArrayKind kind,
                           std::shared_ptr<const SpatialLowering> lowering,
                           bool pricesOthers) {
  return std::make_unique<MapSpatialPass>(std::move(machine), goal, kind,
                                          std::move(lowering), pricesOthers);
}
