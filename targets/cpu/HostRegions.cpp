//===- HostRegions.cpp - What a device leaves to the processor ------------===//
//
// Regions of a program for a device that the device does not run: they get a
// mapping of the processor beside it and a price, in the device's cycles, with
// the copies of what passes between the two.
//
//===----------------------------------------------------------------------===//

#include "aicc/Memory/BufferPlan.h"
#include "aicc/Target/Machines.h"
#include "targets/cpu/Passes.h"

#include "llvm/ADT/SetVector.h"

#include <cmath>

namespace aicc {
#define GEN_PASS_DEF_CPUMAPHOSTPASS
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
/// Bytes that one region of the host copies.
struct Copies {
  double in = 0;  ///< From the device's memory into the host's.
  double out = 0; ///< The other way.
};

struct CpuMapHostPass : aicc::impl::CpuMapHostPassBase<CpuMapHostPass> {
  using CpuMapHostPassBase::CpuMapHostPassBase;
  CpuMapHostPass(std::shared_ptr<const MachineDesc> machine,
                 std::shared_ptr<const MachineDesc> host, int workers,
                 const Goal &goal)
      : machine(std::move(machine)), host(std::move(host)), workers(workers),
        goal(goal) {}
  CpuMapHostPass(const CpuMapHostPass &other)
      : CpuMapHostPassBase(other), machine(other.machine), host(other.host),
        workers(other.workers), goal(other.goal) {}

  void runOnOperation() override;

private:
  LogicalResult readOptions();
  LogicalResult map(RegionOp region, const RegionMapper &mapper);
  Copies copiesOf(RegionOp region);
  CostAttr inDeviceCycles(CostAttr cost, const Copies &copies) const;
  void convertAlternatives(RegionOp region, const Copies &copies);

  std::shared_ptr<const MachineDesc> machine, host;
  int workers = 1;
  Goal goal;
  DenseSet<RegionOp> onHost;
  DenseSet<Value> copied; ///< Results of the device that the host has.
};
} // namespace

/// Without a driver (aicc-opt) the pass's options say what is asked for.
LogicalResult CpuMapHostPass::readOptions() {
  std::string why;
  if (!machine && !(machine = findMachine(machineName, why)))
    return getOperation().emitError() << why;
  if (!host && !(host = findMachine("cpu/" + hostName, why)))
    return getOperation().emitError() << why;
  return success();
}

static double bytesOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape())
    return 0;
  return double(type.getNumElements()) *
         double(storedBytes(type.getElementType()));
}

/// The results of regions that `value` is made of, through operations that
/// compute nothing (reshapes, slices).
static llvm::SetVector<OpResult> sourcesOf(Value value) {
  llvm::SetVector<OpResult> sources;
  llvm::SetVector<Value> waiting;
  waiting.insert(value);
  for (size_t i = 0; i < waiting.size(); ++i) {
    auto result = dyn_cast<OpResult>(waiting[i]);
    if (!result)
      continue;
    if (isa<RegionOp>(result.getOwner()))
      sources.insert(result);
    else
      waiting.insert_range(result.getOwner()->getOperands());
  }
  return sources;
}

/// What was copied once is there for all that read it.
Copies CpuMapHostPass::copiesOf(RegionOp region) {
  Copies copies;
  for (Value operand : region.getIns())
    for (OpResult source : sourcesOf(operand))
      if (!onHost.contains(cast<RegionOp>(source.getOwner())) &&
          copied.insert(source).second)
        copies.in += bytesOf(source);
  for (Value result : region.getResults()) {
    llvm::SetVector<Operation *> users;
    users.insert_range(result.getUsers());
    for (size_t i = 0; i < users.size(); ++i) {
      auto user = dyn_cast<RegionOp>(users[i]);
      if (user && !onHost.contains(user)) {
        copies.out += bytesOf(result);
        break;
      }
      if (!user)
        users.insert_range(users[i]->getUsers());
    }
  }
  return copies;
}

/// Adds to the item of that name, or adds one.
static void addBytes(Cost &cost, const std::string &component, double bytes,
                     double pjEach) {
  if (bytes <= 0)
    return;
  for (CostItem &item : cost.items)
    if (item.component == component) {
      item.count += bytes;
      return;
    }
  cost.items.push_back({component, CountUnit::Bytes, bytes, pjEach});
}

/// A cost of the host: its components are called `cpu.<component>`, for those
/// of the device may have the same names. A copy is read from one outermost
/// memory and written to the other, as fast as the slower of them goes.
CostAttr CpuMapHostPass::inDeviceCycles(CostAttr attribute,
                                        const Copies &copies) const {
  Cost cost = attribute.toCost();
  double ratio = machine->clockMhz.value / host->clockMhz.value;
  cost.cycles *= ratio;
  cost.computeCycles *= ratio;
  for (CostItem &item : cost.items)
    item.component.insert(0, hostComponentPrefix);
  const MemoryDesc &device = machine->memories.back(),
                   &own = host->memories.back();
  std::string ownName = (hostComponentPrefix + own.name).str();
  addBytes(cost, device.name + ".read", copies.in, device.readPjPerByte.value);
  addBytes(cost, ownName + ".write", copies.in, own.writePj());
  addBytes(cost, ownName + ".read", copies.out, own.readPjPerByte.value);
  addBytes(cost, device.name + ".write", copies.out, device.writePj());
  double bytes = copies.in + copies.out;
  if (const SourcedValue *link = machine->action("link"))
    addBytes(cost, "link.transfer", bytes, link->value);
  // Bytes in one cycle of the device.
  double rate = own.bytesPerCycle.value / ratio;
  if (device.bytesPerCycle.isSet())
    rate = std::min(rate, device.bytesPerCycle.value);
  if (rate > 0)
    cost.cycles += bytes / rate;
  CostAttr items = CostAttr::get(attribute.getContext(), cost);
  return CostAttr::get(attribute.getContext(), items.getCycles(),
                       items.getPicojoules(), items.getMacs(),
                       attribute.getBytes() + std::llround(bytes),
                       items.getCompute(), items.getItems());
}

/// Another mapping needs the same copies.
void CpuMapHostPass::convertAlternatives(RegionOp region,
                                         const Copies &copies) {
  auto entries = region->getAttrOfType<ArrayAttr>(alternativesAttrName);
  if (!entries)
    return;
  SmallVector<Attribute> converted;
  for (auto entry : entries.getAsRange<DictionaryAttr>()) {
    NamedAttrList fields(entry);
    if (auto cost = entry.getAs<CostAttr>("cost"))
      fields.set("cost", inDeviceCycles(cost, copies));
    converted.push_back(fields.getDictionary(&getContext()));
  }
  region->setAttr(alternativesAttrName,
                  ArrayAttr::get(&getContext(), converted));
}

LogicalResult CpuMapHostPass::map(RegionOp region, const RegionMapper &mapper) {
  if (!region.getLayoutsAttr())
    return region.emitError("cannot be mapped: it has no layouts");
  if (failed(mapper(region)))
    return failure();
  if (auto placement = region->getAttrOfType<StringAttr>(placementAttrName)) {
    llvm::StringRef text = placement.getValue();
    text.consume_back("; not priced");
    region->setAttr(placementAttrName, StringAttr::get(&getContext(), text));
  }
  Copies copies = copiesOf(region);
  if (CostAttr cost = region.getCostAttr())
    region.setCostAttr(inDeviceCycles(cost, copies));
  convertAlternatives(region, copies);
  return success();
}

void CpuMapHostPass::runOnOperation() {
  if (failed(readOptions()))
    return signalPassFailure();
  onHost.clear();
  copied.clear();
  SmallVector<RegionOp> regions;
  getOperation().walk([&](RegionOp region) {
    if (region.getMachineAttr())
      return;
    regions.push_back(region);
    onHost.insert(region);
  });
  RegionMapper mapper =
      makeRegionMapper(*host, workers ? workers : int(host->cores), goal);
  for (RegionOp region : regions)
    if (failed(map(region, mapper)))
      return signalPassFailure();
}

std::unique_ptr<Pass>
aicc::cpu::createMapHostPass(const CompileOptions &options) {
  std::shared_ptr<const MachineDesc> host =
      hostMachine(options.cpu, options.triple);
  if (!host)
    return nullptr;
  Goal goal = options.goalAt(host->clockMhz.value);
  return std::make_unique<CpuMapHostPass>(options.machine, std::move(host),
                                          options.threads, goal);
}
