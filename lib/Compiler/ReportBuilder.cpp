//===- ReportBuilder.cpp - The report of a mapped module ------------------===//

#include "lib/Compiler/ReportBuilder.h"

#include "aicc/Compiler/Compiler.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Memory/BufferPlan.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Target/Machines.h"
#include "dialects/aicc/IR/Aicc.h"
#include "lib/Compiler/Manifest.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace aicc;

namespace {

/// Collects the nodes of one module.
class ReportBuilder {
public:
  ReportBuilder(ModuleOp module, const CompileOptions &options)
      : module(module), options(options) {}

  ReportData build(llvm::StringRef modelHash);

private:
  void findHost(func::FuncOp main);
  const MachineDesc &machineOf(RegionOp region) const;
  void addFallback(RegionOp region);
  void addTensors(func::FuncOp main);
  void addRegion(RegionOp region, int64_t group);
  void addLaunch(RegionOp region, const Cost &cost, int64_t group);
  double timeOf(RegionOp region, const Cost &cost) const;
  void addMemory(func::FuncOp main);
  ReportNode &nodeOf(Location loc);

  ModuleOp module;
  const CompileOptions &options;
  /// Beside the machine, if that left regions to it; else null.
  std::shared_ptr<const MachineDesc> host;
  ReportData report;
  llvm::StringMap<size_t> known; ///< Nodes by name and op.
};

} // namespace

static ReportTensor tensorOf(StringAttr name, Type type) {
  ReportTensor tensor;
  tensor.name = name ? name.str() : "";
  auto shaped = dyn_cast<RankedTensorType>(type);
  tensor.type = debugString(shaped ? shaped.getElementType() : type);
  if (shaped)
    for (int64_t extent : shaped.getShape())
      tensor.shape.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
  return tensor;
}

void ReportBuilder::addTensors(func::FuncOp main) {
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes()))
    report.model.inputs.push_back(
        tensorOf(main.getArgAttrOfType<StringAttr>(i, "aicc.name"), type));
  for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
    report.model.outputs.push_back(
        tensorOf(main.getResultAttrOfType<StringAttr>(i, "aicc.name"), type));
}

ReportNode &ReportBuilder::nodeOf(Location loc) {
  NodeOrigin origin = nodeOrigin(loc);
  std::string name = origin.node.empty() ? layoutNodeName.str() : origin.node;
  auto [entry, isNew] =
      known.try_emplace(name + '\0' + origin.op, report.nodes.size());
  if (isNew) {
    ReportNode &node = report.nodes.emplace_back();
    node.name = name;
    node.op = origin.op.empty() ? "Copy" : origin.op;
  }
  return report.nodes[entry->second];
}

/// Arithmetic of one operation of a group: points times operations at each.
static double arithmeticOf(linalg::GenericOp op) {
  double points = 1;
  for (int64_t size : op.getStaticLoopRanges())
    points *= double(std::max<int64_t>(size, 1));
  double operations = 0;
  for (Operation &nested : op.getRegion().front().without_terminator())
    operations += nested.hasTrait<OpTrait::ConstantLike>() ? 0 : 1;
  return points * std::max(operations, 1.0);
}

/// Of a node that has `share` of the group's cost.
static std::vector<ReportAlternative> alternativesOf(RegionOp region,
                                                     double share) {
  std::vector<ReportAlternative> result;
  auto entries = region->getAttrOfType<ArrayAttr>(alternativesAttrName);
  if (!entries)
    return result;
  for (auto entry : entries.getAsRange<DictionaryAttr>()) {
    auto cost = entry.getAs<CostAttr>("cost");
    auto why = entry.getAs<StringAttr>("why");
    Attribute mapping = entry.get("mapping");
    if (cost && why && mapping)
      result.push_back({debugString(mapping),
                        share * double(cost.getPicojoules()),
                        share * double(cost.getCycles()), why.str()});
  }
  return result;
}

/// What runs a region.
const MachineDesc &ReportBuilder::machineOf(RegionOp region) const {
  StringAttr name = region.getMachineAttr();
  bool isOther = name && name.getValue() != options.machine->name;
  return host && isOther ? *host : *options.machine;
}

/// In microseconds, with the workers that share the group. Cycles are those of
/// the machine that was asked for, wherever the group runs.
double ReportBuilder::timeOf(RegionOp region, const Cost &cost) const {
  const MachineDesc &machine = machineOf(region);
  MappingAttr mapping = region.getMappingAttr();
  double microseconds = cost.cycles / options.machine->clockMhz.value;
  if (mapping && mapping.getParallel() > 0 && mapping.getGrain() > 0) {
    double workers = options.threads ? options.threads : machine.cores;
    microseconds = microseconds / workers +
                   machine.forkJoinCycles.value / machine.clockMhz.value;
  }
  return microseconds;
}

/// Multiply-accumulates over what all positions of the array can do meanwhile.
static double utilizationOf(const Cost &cost, const ArrayDesc &array) {
  const SourcedValue *rate = &array.macsPerCycle;
  for (const CostItem &item : cost.items)
    if (llvm::StringRef type = item.component; type.consume_front("mac."))
      rate = &array.macsPerCycleOf(type);
  double most = cost.cycles * (rate->isSet() ? rate->value : 1);
  for (const ArrayDesc::Axis &axis : array.axes)
    most *= double(axis.size);
  return most > 0 ? cost.macs / most : 0;
}

void ReportBuilder::addLaunch(RegionOp region, const Cost &cost,
                              int64_t group) {
  ReportLaunch &launch = report.launches.emplace_back();
  NodeOrigin origin = nodeOrigin(region.getLoc());
  launch.node = origin.node.empty() ? layoutNodeName.str() : origin.node;
  launch.group = group;
  if (auto dataflow = region->getAttrOfType<StringAttr>(dataflowAttrName))
    launch.dataflow = dataflow.str();
  launch.macs = cost.macs;
  launch.cycles = cost.cycles;
  launch.computeCycles = cost.computeCycles;
  launch.utilization = utilizationOf(cost, options.machine->array);
  launch.items.assign(cost.items.begin(), cost.items.end());
}

void ReportBuilder::addRegion(RegionOp region, int64_t group) {
  CostAttr attribute = region.getCostAttr();
  const MachineDesc &machine = machineOf(region);
  if (!attribute || &machine == host.get())
    addFallback(region);
  if (!attribute)
    return;
  SmallVector<linalg::GenericOp> ops(
      region.getBody().front().getOps<linalg::GenericOp>());
  double all = 0, mostMacs = 0;
  for (linalg::GenericOp op : ops)
    all += arithmeticOf(op);
  // Multiply-accumulates are the root's: the operation with most arithmetic.
  linalg::GenericOp root;
  for (linalg::GenericOp op : ops)
    if (double macs = arithmeticOf(op); macs > mostMacs) {
      mostMacs = macs;
      root = op;
    }
  Cost cost = attribute.toCost();
  double microseconds = timeOf(region, cost);
  if (&machine != host.get() && !machine.array.axes.empty())
    addLaunch(region, cost, group);
  auto addPart = [&](Location loc, double share, bool isRoot) {
    ReportNode &node = nodeOf(loc);
    node.group = group;
    node.target = machine.family + "/" + machine.name;
    if (auto placement = region->getAttrOfType<StringAttr>(placementAttrName))
      node.reason = placement.str();
    if (isRoot) {
      node.macs += cost.macs;
      if (MappingAttr mapping = region.getMappingAttr()) {
        node.mapping += node.mapping.empty() ? "" : "\n";
        node.mapping += debugString(mapping);
      }
      for (ReportAlternative &alternative : alternativesOf(region, share))
        node.alternatives.push_back(std::move(alternative));
    }
    node.cycles += share * cost.cycles;
    node.computeCycles += share * cost.computeCycles;
    node.timeUs += share * microseconds;
    for (const CostItem &item : cost.items) {
      auto same = llvm::find_if(node.items, [&](const CostItem &other) {
        return other.component == item.component;
      });
      CostItem part = item;
      part.count *= share;
      if (same == node.items.end())
        node.items.push_back(std::move(part));
      else
        same->count += part.count;
    }
  };
  if (ops.empty())
    return addPart(region.getLoc(), 1, true);
  for (linalg::GenericOp op : ops)
    addPart(op.getLoc(), arithmeticOf(op) / all, op == root);
}

/// A group that the machine does not run; the reason is told.
void ReportBuilder::addFallback(RegionOp region) {
  auto placement = region->getAttrOfType<StringAttr>(placementAttrName);
  auto [ranOn, reason] =
      (placement ? placement.getValue() : StringRef("host: not priced"))
          .split(": ");
  for (auto op : region.getBody().front().getOps<linalg::GenericOp>()) {
    NodeOrigin origin = nodeOrigin(op.getLoc());
    if (origin.node.empty())
      continue;
    ReportFallback fallback{origin.node, origin.op, options.target, ranOn.str(),
                            reason.str()};
    if (report.fallbacks.empty() ||
        report.fallbacks.back().node != fallback.node)
      report.fallbacks.push_back(std::move(fallback));
  }
}

/// The arena, if the group's buffers are planned already.
void ReportBuilder::addMemory(func::FuncOp main) {
  // Planning may insert copies where it was not done before: on a clone.
  OwningOpRef<func::FuncOp> copy = main.clone();
  ScopedDiagnosticHandler quiet(main.getContext(),
                                [](mlir::Diagnostic &) { return success(); });
  FailureOr<BufferPlan> plan = BufferPlan::build(*copy);
  if (failed(plan))
    return;
  report.memory.arenaBytes = plan->placeArena();
  std::vector<int64_t> steps; // By position in the function's body.
  int64_t step = -1;
  for (Operation &op : copy->getBody().front()) {
    if (auto region = dyn_cast<RegionOp>(op)) {
      ++step;
      report.memory.steps.push_back(nodeOrigin(region.getLoc()).node);
    }
    steps.push_back(std::max<int64_t>(step, 0));
  }
  for (auto [i, root] : llvm::enumerate(plan->roots())) {
    int64_t bytes = root.elements * storedBytes(root.elementType);
    if (root.kind == RootBuffer::Kind::Constant)
      report.memory.weightBytes += bytes;
    int64_t last = int64_t(steps.size()) - 1;
    if (root.kind == RootBuffer::Kind::Arena && root.firstUse >= 0 && last >= 0)
      report.memory.buffers.push_back({"buffer " + std::to_string(i),
                                       root.byteOffset, bytes,
                                       steps[std::min(root.firstUse, last)],
                                       steps[std::min(root.lastUse, last)]});
  }
}

/// The processor of --mcpu, if regions run there and not on the machine.
void ReportBuilder::findHost(func::FuncOp main) {
  bool isUsed = llvm::any_of(main.getOps<RegionOp>(), [&](RegionOp region) {
    StringAttr name = region.getMachineAttr();
    return name && name.getValue() != options.machine->name;
  });
  if (!isUsed || !(host = hostMachine(options.cpu, options.triple)))
    return;
  // Under the names that its components have in the items.
  for (ReportFigure &figure : describeMachine(*host).figures) {
    figure.part.insert(0, hostComponentPrefix);
    report.machine.figures.push_back(std::move(figure));
  }
}

ReportData ReportBuilder::build(llvm::StringRef modelHash) {
  report.compilerVersion = version().str();
  report.model.name = llvm::sys::path::filename(options.modelPath).str();
  report.model.blake3 = modelHash.str();
  report.machine = describeMachine(*options.machine);
  report.objective = goalName(options);
  if (options.threads)
    report.options.push_back({"threads", std::to_string(options.threads)});
  for (const auto &[name, shape] : options.shapes)
    report.options.push_back(
        {"shape",
         name + ":" +
             llvm::join(llvm::map_range(
                            shape, [](int64_t n) { return std::to_string(n); }),
                        "x")});
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return std::move(report);
  addTensors(main);
  findHost(main);
  int64_t group = 0;
  for (RegionOp region : main.getBody().getOps<RegionOp>())
    addRegion(region, group++);
  addMemory(main);
  return std::move(report);
}

ReportData aicc::buildReport(ModuleOp module, const CompileOptions &options,
                             llvm::StringRef modelHash) {
  return ReportBuilder(module, options).build(modelHash);
}
