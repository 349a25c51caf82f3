//===- ArrayMachine.cpp - A machine file as instructions see it -----------===//

#include "targets/systolic/Lowering/ArrayMachine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <cmath>

using namespace aicc;
using namespace aicc::systolic;

static constexpr uint32_t perElement = 3; ///< Both axes.
static constexpr unsigned inputRole = unsigned(OperandRole::Input),
                          weightRole = unsigned(OperandRole::Weight),
                          outputRole = unsigned(OperandRole::Output);

/// Bytes of all instances of a memory.
static int64_t totalBytes(const MemoryDesc &memory, const ArrayDesc &array) {
  int64_t bytes = memory.bytes;
  for (auto [axis, desc] : llvm::enumerate(array.axes))
    if (memory.perAxes >> axis & 1)
      bytes *= desc.size;
  return bytes;
}

static void findMemories(const MachineDesc &machine, ArrayMachine &found) {
  found.dram = int(machine.memories.size()) - 1;
  for (auto [number, memory] : llvm::enumerate(machine.memories)) {
    if (int(number) == found.dram)
      break;
    bool isOnlyWeight = memory.holds[weightRole] && !memory.holds[inputRole];
    if (memory.perAxes == perElement) {
      if (isOnlyWeight && !memory.holds[outputRole])
        found.weightRegisters = number;
      else if (memory.holds[outputRole] && !memory.holds[inputRole])
        found.sumRegisters = number;
    } else if (memory.holds[inputRole] && memory.perAxes == 0) {
      found.scratchpad = number;
    } else if (isOnlyWeight && memory.perAxes == 0) {
      found.weightMemory = number;
    } else if (memory.holds[outputRole] && !memory.holds[inputRole] &&
               found.accumulator < 0) {
      found.accumulator = number;
    }
  }
}

std::optional<ArrayMachine> ArrayMachine::get(const MachineDesc &machine,
                                              std::string &why) {
  auto refuse = [&](const llvm::Twine &text) {
    why = ("machine '" + machine.name +
           "' cannot run programs of the systolic instruction set: " + text)
              .str();
    return std::nullopt;
  };
  const ArrayDesc &array = machine.array;
  if (array.axes.size() != 2 || !array.axes[0].reduces || array.axes[1].reduces)
    return refuse("its array does not sum along rows, and rows alone");
  if (!array.dataflows.empty() &&
      !llvm::is_contained(array.dataflows, "weight_stationary"))
    return refuse("it has no weight-stationary dataflow");
  if (!machine.action("mac_i8"))
    return refuse("it does not multiply i8");
  ArrayMachine found;
  findMemories(machine, found);
  if (found.weightRegisters < 0)
    return refuse("it has no memory of weights in the array's elements");
  if (found.accumulator < 0)
    return refuse("it has no memory of results alone beside the array");
  if (found.scratchpad < 0)
    return refuse("it has no memory of inputs beside the array");

  constexpr int64_t sumBytes = 4, resolution = 256, mostRows = 1 << 24;
  MachineConfig &config = found.config;
  if (array.axes[0].size != array.axes[1].size)
    return refuse("its array of " + llvm::Twine(array.axes[0].size) + " x " +
                  llvm::Twine(array.axes[1].size) + " is not square");
  config.rows = array.axes[0].size;
  config.cols = array.axes[1].size;
  auto rowsOf = [&](int memory, int64_t rowBytes) {
    return uint32_t(std::min(
        totalBytes(machine.memories[memory], array) / rowBytes, mostRows));
  };
  config.scratchpadRows = rowsOf(found.scratchpad, config.lanes());
  found.tileRows = config.scratchpadRows;
  config.accumulatorRows = rowsOf(found.accumulator, config.cols * sumBytes);
  if (found.weightMemory >= 0)
    config.weightRows = rowsOf(found.weightMemory, config.lanes());
  found.streamsWeights =
      found.weightMemory < 0 &&
      !machine.memories[found.scratchpad].holdsRole(OperandRole::Weight);
  // As deep as that of the first TPU (Jouppi et al., ISCA 2017, section 2).
  constexpr uint32_t tilesInFifo = 4;
  if (found.streamsWeights)
    config.weightRows = tilesInFifo * config.rows;
  const MemoryDesc &dram = machine.memories[found.dram];
  config.dramBytesPer256Cycles =
      uint32_t(std::lround(dram.bytesPerCycle.value * resolution));
  config.dramAccessBytes = std::max<int64_t>(dram.accessBytes, 1);
  config.dramIsShared = dram.sharedPort;
  config.dataflows = 1;
  config.clockKhz = uint32_t(std::lround(machine.clockMhz.value * 1000));

  // A sixteenth: scales and biases of 512 results at a time on a machine with
  // 1024 rows of 16. At least those of one column block, twice.
  constexpr int64_t share = 16, least = 4;
  found.parameterRows = std::max(least, config.accumulatorRows / share);
  if (config.dramBytesPer256Cycles == 0)
    return refuse("the bandwidth of memory '" + dram.name + "' is not stated");
  auto tooSmall = [&](int memory, int64_t rows, int64_t wanted,
                      int64_t rowBytes) {
    return refuse(
        "memory '" + machine.memories[memory].name +
        "' cannot hold one tile: " + llvm::Twine((wanted - rows) * rowBytes) +
        " bytes short of " + llvm::Twine(wanted * rowBytes));
  };
  // A tile of weights, one row of inputs, and one row of sums.
  int64_t tile = config.rows + (found.weightsInScratchpad() ? 1 : 0);
  if (found.weightsInScratchpad() && config.scratchpadRows < tile)
    return tooSmall(found.scratchpad, config.scratchpadRows, tile,
                    config.lanes());
  if (found.weightMemory >= 0 && config.weightRows < config.rows)
    return tooSmall(found.weightMemory, config.weightRows, config.rows,
                    config.lanes());
  if (config.scratchpadRows < 1)
    return tooSmall(found.scratchpad, config.scratchpadRows, 1, config.lanes());
  if (config.accumulatorRows < least + 1)
    return tooSmall(found.accumulator, config.accumulatorRows, least + 1,
                    config.cols * sumBytes);
  return found;
}

MachineDesc ArrayMachine::restrict(const MachineDesc &machine, double share,
                                   int64_t weightRows) const {
  MachineDesc result = machine;
  result.array.dataflows = {"weight_stationary"};
  // Sums pass the elements on their way to the accumulator.
  if (sumRegisters >= 0)
    result.memories[sumRegisters].holds[outputRole] = false;
  result.memories[scratchpad].holds[outputRole] = false;
  // A pass starts in the cycle after the last row of its weights has come in.
  MemoryDesc &registers = result.memories[weightRegisters];
  registers.fillBytesPerCycle.value =
      registers.fillRate() * config.rows / double(weightRows + 1);
  registers.fillBytesPerCycle.source = registers.bytesPerCycle.source;
  result.memories[dram].takesPartialSums = false;
  result.memories[scratchpad].takesPartialSums = false;
  if (!weightsInScratchpad())
    result.memories[scratchpad].holds[weightRole] = false;
  auto scale = [&](int memory, double factor) {
    MemoryDesc &desc = result.memories[memory];
    desc.bytes = std::max<int64_t>(int64_t(double(desc.bytes) * factor), 1);
  };
  scale(scratchpad, share * double(tileRows) / double(config.scratchpadRows));
  if (weightMemory >= 0)
    scale(weightMemory, share);
  scale(accumulator, share * double(config.accumulatorRows - parameterRows) /
                         double(config.accumulatorRows));
  return result;
}
