//===- SpatialCost.cpp - Energy and time on a spatial machine -------------===//

#include "aicc/Energy/SpatialCost.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace aicc;

namespace {

/// Bytes through a port of a memory, or through both if it has one for all.
struct Ports {
  double read = 0, write = 0;
  double busy(const MemoryDesc &memory) const {
    if (!memory.bytesPerCycle.isSet() || memory.bytesPerCycle.value <= 0)
      return 0;
    double out = read / memory.bytesPerCycle.value,
           in = write / memory.fillRate();
    return memory.sharedPort ? out + in : std::max(out, in);
  }
};

/// What operand `o` exchanges with the next outer memory that holds it.
struct Transfer {
  const MemoryDesc &inner, &outer;
  const Traffic &inside, &outside;

  double slower(double in, double out) const {
    return std::max(Ports{in, 0}.busy(inner), Ports{out, 0}.busy(outer));
  }
  double fillCycles() const {
    return slower(inside.fills.busiestBytes, outside.reads.busiestBytes);
  }
  double drainCycles() const {
    return slower(inside.drains.busiestBytes, outside.updates.busiestBytes);
  }
};

} // namespace

namespace {

/// Calls `visit` with each pair of neighbouring memories that hold an operand.
/// The innermost one comes with no inner neighbour.
template <typename Visit>
void forEachHolder(const Mapping &mapping, Visit visit) {
  for (auto [o, residence] : llvm::enumerate(mapping.residence)) {
    int inner = AccessModel::arithmetic;
    for (auto [m, at] : llvm::enumerate(residence)) {
      if (at == Mapping::bypass)
        continue;
      visit(unsigned(o), inner, unsigned(m));
      inner = int(m);
    }
  }
}

} // namespace

namespace {

/// While the first results are computed, and after the last load, a memory may
/// have nothing to move: what it has to move besides takes that much longer.
/// Fewer and larger tiles have more of it, so that a search over tiles is not
/// exact: it is counted where a family says how its transfers go.
class IdleTime {
public:
  void add(const Transfer &transfer, double computeCycles);
  /// Until the first results can be stored; `isShared`: loads fill it.
  double beforeResults(bool isShared) const {
    return std::max(0.0, firstResults - (isShared ? nextLoads : 0));
  }
  /// From the last load to the last result; `isShared`: stores fill it.
  double afterLoads(bool isShared) const;

private:
  struct Loads {
    double tiles = 1, cycles = 0;
  };
  llvm::SmallVector<Loads, 3> loads;
  double computeCycles = 0;
  double firstResults = 0; ///< Arithmetic of one tile of results.
  double nextLoads = 0;    ///< Of the tiles after the first ones.
  double stores = 0;       ///< All but the last.
};

/// What the ports of one memory do while the arithmetic runs, and before and
/// after.
struct PortUse {
  Ports overlapped, first, last;
  double busyAlongside(const MemoryDesc &memory, const IdleTime &idle) const {
    Ports out{overlapped.read - first.read - last.read, 0},
        in{0, overlapped.write - first.write - last.write};
    bool isShared = memory.sharedPort;
    double outCycles = out.busy(memory) + idle.afterLoads(isShared),
           inCycles = in.busy(memory) + idle.beforeResults(isShared);
    return isShared ? outCycles + inCycles : std::max(outCycles, inCycles);
  }
};

} // namespace

static double tilesOf(const Flow &flow) {
  return flow.firstBytes > 0
             ? std::max(1.0, flow.busiestBytes / flow.firstBytes)
             : 1;
}

void IdleTime::add(const Transfer &transfer, double arithmetic) {
  const Flow &reads = transfer.outside.reads,
             &updates = transfer.outside.updates;
  computeCycles = arithmetic;
  if (updates.busiestBytes > 0) {
    firstResults = std::max(firstResults, arithmetic / tilesOf(updates));
    stores +=
        transfer.drainCycles() -
        transfer.slower(transfer.inside.drains.firstBytes, updates.firstBytes);
    return;
  }
  if (reads.busiestBytes <= 0)
    return;
  double tiles = tilesOf(reads);
  loads.push_back({tiles, transfer.fillCycles()});
  if (tiles > 1)
    nextLoads +=
        transfer.slower(transfer.inside.fills.firstBytes, reads.firstBytes);
}

double IdleTime::afterLoads(bool isShared) const {
  double longest = 0;
  for (const Loads &last : loads) {
    double moved = isShared ? stores : 0;
    // Tiles that change more often are loaded while this one stays.
    for (const Loads &other : loads)
      moved += other.tiles > last.tiles ? other.cycles : 0;
    longest = std::max(longest, (computeCycles - moved) / last.tiles);
  }
  return longest;
}

/// A rate or a duration; 1 if it is not stated.
static double perCycle(const SourcedValue &value) {
  return value.isSet() && value.value > 0 ? value.value : 1;
}

/// Adds what crosses the boundary between two memories to both.
static void addTransfer(const Transfer &transfer, PortUse &inner,
                        PortUse &outer, SpatialTime &time) {
  const Traffic &in = transfer.inside, &out = transfer.outside;
  if (!transfer.inner.overlaps()) {
    time.exposedCycles += transfer.fillCycles() + transfer.drainCycles();
    return;
  }
  inner.overlapped.write += in.fills.busiestBytes;
  inner.overlapped.read += in.drains.busiestBytes;
  inner.first.write += in.fills.firstBytes;
  inner.last.read += in.drains.firstBytes;
  outer.overlapped.read += out.reads.busiestBytes;
  outer.overlapped.write += out.updates.busiestBytes;
  outer.first.read += out.reads.firstBytes;
  outer.last.write += out.updates.firstBytes;
  time.fillCycles += transfer.slower(in.fills.firstBytes, out.reads.firstBytes);
  time.drainCycles +=
      transfer.slower(in.drains.firstBytes, out.updates.firstBytes);
}

namespace {

/// What one step of a crossbar repeats for the bits of its operands.
struct BitPasses {
  double slices = 1; ///< Columns of one weight.
  double passes = 1; ///< Of one step.
  BitPasses(const CrossbarDesc &crossbar, const Workload &workload) {
    for (const Workload::Operand &operand : workload.operands) {
      if (operand.role == OperandRole::Weight)
        slices =
            double(llvm::divideCeilSigned(operand.bits, crossbar.cellBits));
      if (operand.role == OperandRole::Input)
        passes = double(
            llvm::divideCeilSigned(operand.bits, crossbar.inputBitsPerPass) *
            crossbar.phases);
    }
  }
};

} // namespace

static double computeCyclesOf(const AccessModel &model,
                              const AccessCounts &counts) {
  const Workload &workload = model.workload;
  const MachineDesc &machine = model.machine;
  if (machine.crossbar)
    return counts.steps * BitPasses(*machine.crossbar, workload).passes *
           perCycle(machine.crossbar->passCycles);
  return (counts.steps * workload.opsPerPoint +
          counts.resultSteps * workload.opsPerResult) /
         perCycle(machine.array.macsPerCycleOf(stringify(workload.arithmetic)));
}

SpatialTime aicc::timeOf(const AccessModel &model, const Mapping &mapping,
                         const AccessCounts &counts) {
  const auto &memories = model.machine.memories;
  SpatialTime time;
  time.computeCycles = computeCyclesOf(model, counts);
  time.drainCycles = model.machine.array.latencyCycles.value;
  llvm::SmallVector<PortUse, 6> uses(memories.size());
  llvm::SmallVector<IdleTime, 6> idle(memories.size());
  forEachHolder(mapping, [&](unsigned o, int inner, unsigned outer) {
    const Traffic &out = counts.at(o, outer);
    if (inner < 0) {
      uses[outer].overlapped.read += out.reads.busiestBytes;
      uses[outer].overlapped.write += out.updates.busiestBytes;
      return;
    }
    Transfer transfer{memories[inner], memories[outer],
                      counts.at(o, unsigned(inner)), out};
    addTransfer(transfer, uses[inner], uses[outer], time);
    if (!memories[inner].overlaps() || !model.workload.operands[o].rows)
      return;
    idle[outer].add(transfer, time.computeCycles);
  });
  double busiest = 0;
  for (auto [memory, use, rest] : llvm::zip(memories, uses, idle))
    busiest = std::max(busiest, use.busyAlongside(memory, rest));
  time.stallCycles = std::max(0.0, busiest - time.computeCycles);
  return time;
}

/// Nanoseconds; 0 if the machine states no clock.
static double nanoseconds(const MachineDesc &machine, double cycles) {
  return machine.clockMhz.value > 0 ? cycles / machine.clockMhz.value * 1e3 : 0;
}

static double leakageMw(const MachineDesc &machine) {
  double sum = machine.leakageMw.value;
  for (const MemoryDesc &memory : machine.memories)
    sum += memory.leakageMw.value;
  return sum;
}

static double valueOf(const SourcedValue *value) {
  return value ? value->value : 0;
}

static const SourcedValue *macOf(const AccessModel &model) {
  llvm::SmallString<16> key("mac_");
  key += stringify(model.workload.arithmetic);
  return model.machine.action(key);
}

static double positionsOf(const MachineDesc &machine) {
  double product = 1;
  for (const ArrayDesc::Axis &axis : machine.array.axes)
    product *= double(axis.size);
  return product;
}

namespace {

/// Bytes that one memory moves for all operands.
struct MemoryBytes {
  double read = 0, write = 0, delivered = 0;
  MemoryBytes(const AccessCounts &counts, unsigned memory) {
    for (size_t i = memory; i < counts.traffic.size(); i += counts.memories) {
      const Traffic &traffic = counts.traffic[i];
      read += traffic.reads.bytes + traffic.drains.bytes;
      write += traffic.fills.bytes + traffic.updates.bytes;
      delivered += traffic.deliveredBytes;
    }
  }
};

/// Weights that enter the cells: the innermost memory that may hold them.
double cellsProgrammed(const AccessModel &model, const AccessCounts &counts) {
  double sum = 0;
  for (unsigned m = 0; m < counts.memories; ++m) {
    if (!model.machine.memories[m].holdsRole(OperandRole::Weight))
      continue;
    for (auto [o, operand] : llvm::enumerate(model.workload.operands))
      if (operand.role == OperandRole::Weight)
        sum += counts.at(unsigned(o), m).fills.elements;
    break;
  }
  return sum;
}

/// The items of a crossbar, as forEachItem.
template <typename Visit>
void forEachCrossbarItem(const AccessModel &model, const AccessCounts &counts,
                         Visit visit) {
  const MachineDesc &machine = model.machine;
  const CrossbarDesc &crossbar = *machine.crossbar;
  BitPasses bits(crossbar, model.workload);
  double cells = bits.slices * double(crossbar.cellsPerSlice);
  double rows = counts.rowsDriven * bits.passes;
  double columns = counts.columnsRead * bits.passes * bits.slices;
  auto item = [&](llvm::StringRef part, llvm::StringRef act,
                  llvm::StringRef key, CountUnit unit, double count) {
    if (const SourcedValue *action = machine.action(key))
      visit(part, act, unit, count, action->value);
  };
  constexpr CountUnit operations = CountUnit::Operations;
  constexpr CountUnit conversions = CountUnit::Conversions;
  item("cell", ".read", "cell", operations,
       model.workload.points() * bits.passes * cells);
  item("wordline", ".drive", "wordline", operations, rows);
  item("dac", ".convert", "dac_conversion", conversions, rows);
  item("bitline", ".read", "bitline", operations, columns);
  item("adc", ".convert", "adc_conversion", conversions, columns);
  item("shift_add", "", "shift_add", operations, columns);
  item("cell", ".program", "program_cell", operations,
       cellsProgrammed(model, counts) * cells);
}

/// The items that `cycles` cycles cost, whatever is done in them; as
/// forEachItem.
template <typename Visit>
void forEachTimeItem(const MachineDesc &machine, double cycles, Visit visit) {
  if (const SourcedValue *action = machine.action("pe_cycle"))
    visit("pe.", "cycle", CountUnit::Operations, cycles * positionsOf(machine),
          action->value);
  if (const SourcedValue *action = machine.action("chip_cycle"))
    visit("chip.", "cycle", CountUnit::Operations, cycles, action->value);
  if (double leakage = leakageMw(machine))
    visit("leakage", "", CountUnit::Nanoseconds, nanoseconds(machine, cycles),
          leakage);
}

/// Calls `visit(begin of the name, rest of it, unit, count, pJ each)` for every
/// item, so that a search can sum them without making texts.
template <typename Visit>
void forEachItem(const AccessModel &model, const AccessCounts &counts,
                 double cycles, Visit visit) {
  const MachineDesc &machine = model.machine;
  if (machine.crossbar)
    forEachCrossbarItem(model, counts, visit);
  else
    visit("mac.", stringify(model.workload.arithmetic), CountUnit::Operations,
          counts.operations, valueOf(macOf(model)));
  for (auto [m, memory] : llvm::enumerate(machine.memories)) {
    MemoryBytes bytes(counts, unsigned(m));
    visit(memory.name, ".read", CountUnit::Bytes, bytes.read,
          memory.readPjPerByte.value);
    visit(memory.name, ".write", CountUnit::Bytes, bytes.write,
          memory.writePj());
    visit(memory.name, ".multicast", CountUnit::Bytes, bytes.delivered,
          memory.multicastPjPerByte.value);
  }
  forEachTimeItem(machine, cycles, visit);
}

} // namespace

SpatialTotals aicc::totalsOf(const AccessModel &model, const Mapping &mapping,
                             const AccessCounts &counts) {
  SpatialTotals totals;
  totals.cycles = timeOf(model, mapping, counts).cycles();
  forEachItem(model, counts, totals.cycles,
              [&](llvm::StringRef, llvm::StringRef, CountUnit, double count,
                  double pjEach) { totals.energyPj += count * pjEach; });
  return totals;
}

Cost aicc::costOf(const AccessModel &model, const Mapping &mapping,
                  const AccessCounts &counts) {
  Cost cost;
  SpatialTime time = timeOf(model, mapping, counts);
  cost.cycles = time.cycles();
  cost.computeCycles = time.computeCycles;
  cost.macs = model.workload.points() * model.workload.opsPerPoint;
  forEachItem(model, counts, cost.cycles,
              [&](llvm::StringRef first, llvm::StringRef second, CountUnit unit,
                  double count, double pjEach) {
                if (count > 0)
                  cost.items.push_back(
                      {first.str() + second.str(), unit, count, pjEach});
              });
  return cost;
}

double aicc::leastPj(const AccessModel &model, unsigned operand,
                     unsigned memory) {
  const Workload &workload = model.workload;
  const MachineDesc &machine = model.machine;
  const MemoryDesc &desc = machine.memories[memory];
  const Workload::Operand &moved = workload.operands[operand];
  bool isOutermost = memory + 1 == machine.memories.size();
  // Zeros of other operands may gate the accesses of the arithmetic.
  double gating = 1;
  for (auto [i, other] : llvm::enumerate(workload.operands))
    if (i != operand && machine.array.gatesZeros[unsigned(other.role)])
      gating *= other.density;
  double inwards = desc.readPjPerByte.value, outwards = desc.writePj();
  if (moved.isOutput())
    std::swap(inwards, outwards);
  double pjPerByte = inwards * gating + (isOutermost ? 0 : outwards);
  double bits = double(std::min(moved.bits, moved.bitsOfPartial()));
  return model.wholeElements(operand) * moved.density * bits / 8 * pjPerByte;
}

std::optional<Cost> aicc::estimateSpatial(const Workload &workload,
                                          const Mapping &mapping,
                                          const MachineDesc &machine,
                                          std::string &why) {
  AccessModel model(workload, machine);
  if (!machine.crossbar && !macOf(model)) {
    why = "machine '" + machine.name +
          "' states no energy of an operation on " +
          stringify(workload.arithmetic).str() + " (mac_" +
          stringify(workload.arithmetic).str() + "_pj)";
    return std::nullopt;
  }
  AccessCounts counts;
  MappingFault fault;
  if (!model.count(mapping, counts, fault)) {
    why = fault.describe(machine);
    return std::nullopt;
  }
  return costOf(model, mapping, counts);
}

void aicc::addTimeItems(const MachineDesc &machine, Cost &cost) {
  forEachTimeItem(machine, cost.cycles,
                  [&](llvm::StringRef first, llvm::StringRef second,
                      CountUnit unit, double count, double pjEach) {
                    if (count > 0)
                      cost.items.push_back(
                          {first.str() + second.str(), unit, count, pjEach});
                  });
}

void aicc::addCycles(double cycles, Cost &cost) {
  if (cost.cycles <= 0)
    return;
  double longer = 1 + cycles / cost.cycles;
  cost.cycles += cycles;
  for (CostItem &item : cost.items)
    if (item.component == "leakage" || item.component == "pe.cycle" ||
        item.component == "chip.cycle")
      item.count *= longer;
}
