//===- ReportData.cpp - What follows from the numbers of a report ---------===//

#include "aicc/Report/ReportData.h"

#include "aicc/Energy/Machine.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>

using namespace aicc;

namespace {
/// Sums over items, in order of first appearance.
class ItemSums {
public:
  void add(llvm::ArrayRef<CostItem> items) {
    for (const CostItem &item : items) {
      entry(shares, shareIndex, item.component).energyPj += item.energyPj();
      auto [memory, direction] = llvm::StringRef(item.component).rsplit('.');
      if (item.unit != CountUnit::Bytes)
        continue;
      if (direction == "read")
        entry(traffic, trafficIndex, memory).read += item.count;
      else if (direction == "write")
        entry(traffic, trafficIndex, memory).written += item.count;
    }
  }

  std::vector<ReportShare> shares;
  std::vector<ReportTraffic> traffic;

private:
  template <typename T>
  static T &entry(std::vector<T> &list, llvm::StringMap<size_t> &index,
                  llvm::StringRef name) {
    auto [at, isNew] = index.try_emplace(name, list.size());
    if (isNew)
      list.push_back(T{name.str()});
    return list[at->second];
  }

  llvm::StringMap<size_t> shareIndex;
  llvm::StringMap<size_t> trafficIndex;
};
} // namespace

llvm::StringRef aicc::outermostMemory(const ReportMachine &machine) {
  if (machine.bandwidths.empty())
    return "dram";
  return machine.bandwidths.back().memory;
}

std::vector<ReportTraffic> aicc::trafficOf(llvm::ArrayRef<CostItem> items) {
  ItemSums sums;
  sums.add(items);
  return std::move(sums.traffic);
}

std::vector<ReportShare> aicc::sharesOf(llvm::ArrayRef<CostItem> items) {
  ItemSums sums;
  sums.add(items);
  return std::move(sums.shares);
}

ReportTotals aicc::totalsOf(const ReportData &data) {
  ReportTotals totals;
  ItemSums sums;
  for (const ReportNode &node : data.nodes) {
    totals.energyPj += node.energyPj();
    totals.timeUs += node.timeUs;
    totals.cycles += node.cycles;
    totals.macs += node.macs;
    sums.add(node.items);
  }
  totals.components = std::move(sums.shares);
  totals.traffic = std::move(sums.traffic);
  return totals;
}

std::vector<int64_t> aicc::liveBytes(const ReportMemory &memory) {
  int64_t count = memory.steps.size();
  std::vector<int64_t> change(count + 1);
  for (const ReportBuffer &buffer : memory.buffers) {
    int64_t first = std::clamp<int64_t>(buffer.firstStep, 0, count);
    int64_t end = std::clamp<int64_t>(buffer.lastStep, -1, count - 1) + 1;
    if (first >= end)
      continue;
    change[first] += buffer.bytes;
    change[end] -= buffer.bytes;
  }
  std::vector<int64_t> live(count);
  int64_t now = 0;
  for (int64_t step = 0; step < count; ++step)
    live[step] = now += change[step];
  return live;
}

//===----------------------------------------------------------------------===//
// The numbers of a machine
//===----------------------------------------------------------------------===//

namespace {
class FigureList {
public:
  explicit FigureList(ReportMachine &machine, llvm::StringRef source)
      : machine(machine), source(source) {}

  void add(llvm::StringRef part, const llvm::Twine &name,
           const SourcedValue &value) {
    if (value.isSet())
      machine.figures.push_back({part.str(), name.str(), value.value,
                                 value.source, value.processNm, value.supplyV,
                                 value.unscaled});
  }
  /// A structural integer: the machine's one source.
  void add(llvm::StringRef part, llvm::StringRef name, int64_t value) {
    if (value != 0)
      machine.figures.push_back(
          {part.str(), name.str(), double(value), source.str(), {}, {}, {}});
  }

private:
  ReportMachine &machine;
  llvm::StringRef source;
};
} // namespace

/// Instances of a memory that one worker has.
static double instancesOf(const MemoryDesc &memory, const ArrayDesc &array) {
  double instances = 1;
  for (size_t axis = 0; axis < array.axes.size() && axis < 32; ++axis)
    if (memory.perAxes >> axis & 1)
      instances *= double(array.axes[axis].size);
  return instances;
}

/// Multiply-accumulates in one cycle with all units at work.
static double peakMacsPerCycle(const MachineDesc &machine) {
  if (machine.array.axes.empty()) // A processor; f32 lanes.
    return machine.vector.fmasPerCycle.value * double(machine.vector.bits) / 32;
  double macs = machine.array.macsPerCycle.value;
  for (const auto &[type, rate] : machine.array.macsPerCycleByType)
    macs = std::max(macs, rate.value);
  for (const ArrayDesc::Axis &axis : machine.array.axes)
    macs *= double(axis.size);
  return macs;
}

static void addMemory(const MemoryDesc &memory, FigureList &figures) {
  figures.add(memory.name, "bytes", memory.bytes);
  figures.add(memory.name, "ways", memory.ways);
  figures.add(memory.name, "line_bytes", memory.lineBytes);
  figures.add(memory.name, "access_bytes", memory.accessBytes);
  figures.add(memory.name, "bytes_per_cycle", memory.bytesPerCycle);
  figures.add(memory.name, "fill_bytes_per_cycle", memory.fillBytesPerCycle);
  figures.add(memory.name, "run_cycles", memory.runCycles);
  figures.add(memory.name, "read_pj_per_byte", memory.readPjPerByte);
  figures.add(memory.name, "write_pj_per_byte", memory.writePjPerByte);
  figures.add(memory.name, "multicast_pj_per_byte", memory.multicastPjPerByte);
  figures.add(memory.name, "leakage_mw", memory.leakageMw);
}

static void addArray(const ArrayDesc &array, FigureList &figures) {
  for (const ArrayDesc::Axis &axis : array.axes)
    figures.add("array", axis.name, axis.size);
  figures.add("array", "macs_per_cycle", array.macsPerCycle);
  for (const auto &[type, rate] : array.macsPerCycleByType)
    figures.add("array", "macs_per_cycle, " + type, rate);
}

static void addCrossbar(const CrossbarDesc &crossbar, FigureList &figures) {
  const std::pair<llvm::StringLiteral, int64_t> structure[] = {
      {"rows", crossbar.rows},
      {"cols", crossbar.cols},
      {"instances", crossbar.instances},
      {"weight_bits", crossbar.weightBits},
      {"input_bits", crossbar.inputBits},
      {"cell_bits", crossbar.cellBits},
      {"cells_per_slice", crossbar.cellsPerSlice},
      {"input_bits_per_pass", crossbar.inputBitsPerPass},
      {"phases", crossbar.phases},
      {"columns_per_adc", crossbar.columnsPerAdc},
      {"adc_bits", crossbar.adcBits}};
  for (const auto &[name, value] : structure)
    figures.add("crossbar", name, value);
  figures.add("crossbar", "pass_cycles", crossbar.passCycles);
}

/// The key of an action in the machine file, which has its unit.
static std::string actionKey(llvm::StringRef action) {
  bool perByte = action == "hop" || action == "link";
  return (action + (perByte ? "_pj_per_byte" : "_pj")).str();
}

ReportMachine aicc::describeMachine(const MachineDesc &machine) {
  ReportMachine result;
  result.family = machine.family;
  result.name = machine.name;
  result.source = machine.source;
  result.processNm = machine.processNm;
  result.supplyV = machine.supplyV;
  result.clockMhz = machine.clockMhz.value;
  double hertz = machine.clockMhz.value * 1e6;
  result.peakMacsPerSecond = peakMacsPerCycle(machine) * hertz;

  FigureList figures(result, machine.source);
  figures.add("machine", "clock_mhz", machine.clockMhz);
  figures.add("machine", "cores", machine.cores);
  figures.add("machine", "leakage_mw", machine.leakageMw);
  figures.add("machine", "fork_join_cycles", machine.forkJoinCycles);
  figures.add("vector", "bits", machine.vector.bits);
  figures.add("vector", "registers", machine.vector.registers);
  figures.add("vector", "fmas_per_cycle", machine.vector.fmasPerCycle);
  figures.add("vector", "loads_per_cycle", machine.vector.loadsPerCycle);
  figures.add("vector", "fma_latency_cycles", machine.vector.fmaLatencyCycles);
  figures.add("vector", "byte_dots_per_cycle", machine.vector.byteDotsPerCycle);
  addArray(machine.array, figures);
  if (machine.crossbar)
    addCrossbar(*machine.crossbar, figures);
  for (const auto &[action, value] : machine.actions)
    figures.add("energy", actionKey(action), value);
  for (const MemoryDesc &memory : machine.memories) {
    addMemory(memory, figures);
    if (memory.bytesPerCycle.isSet())
      result.bandwidths.push_back(
          {memory.name, memory.bytesPerCycle.value * hertz *
                            instancesOf(memory, machine.array)});
  }
  return result;
}
