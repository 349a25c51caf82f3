//===- Estimate.cpp - The cost of a kernel --------------------------------===//
//
// Cycles are the larger of what the execution units need and what each memory
// level needs for the bytes that the loop order makes it deliver.
//
//===----------------------------------------------------------------------===//

#include "targets/cpu/Estimate.h"
#include "targets/cpu/CpuTarget.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

SmallVector<Transfer, 4> cpu::transfersAlone(const Workload &workload,
                                             const KernelMapping &mapping,
                                             const MachineDesc &machine) {
  SmallVector<Transfer, 4> transfers;
  std::optional<TrafficModel> model;
  int64_t lineBytes = 0;
  for (const MemoryDesc &memory :
       ArrayRef(machine.memories).drop_back(machine.memories.empty() ? 0 : 1)) {
    int64_t line = std::max<int64_t>(1, memory.lineBytes);
    if (!model || line != lineBytes)
      model.emplace(workload, mapping, line);
    lineBytes = line;
    // Room is left for what else lives there.
    double capacity = 0.75 * double(memory.bytes) / double(line);
    Transfer transfer;
    bool holdsAll = model->totalLines() <= capacity;
    bool isLast = transfers.size() + 2 == machine.memories.size();
    for (auto [o, operand] : llvm::enumerate(workload.operands)) {
      if (holdsAll && (isLast || !operand.isPacked))
        continue;
      transfer += model->transferOf(o, model->misses(o, {capacity}));
    }
    transfers.push_back(transfer);
  }
  return transfers;
}

/// What computes, by the arithmetic that the machine has figures for.
static CostItem arithmeticItem(Arithmetic arithmetic,
                               const MachineDesc &machine, double operations) {
  std::string name = stringify(arithmetic).str();
  const SourcedValue *pj = machine.action("mac_" + name);
  if (!pj) {
    name = "f32";
    pj = machine.action("mac_f32");
  }
  return {"mac." + name, CountUnit::Operations, operations, pj ? pj->value : 0};
}

Cost cpu::priceOf(const Workload &workload, const ExecutionCost &execution,
                  ArrayRef<Transfer> transfers, const MachineDesc &machine) {
  Cost cost;
  double points = workload.points(), results = 1;
  bool reduces = false;
  for (const Workload::Dim &dim : workload.dims) {
    reduces |= dim.isReduction;
    results *= dim.isReduction ? 1 : double(dim.size);
  }
  cost.macs = reduces ? points : 0;
  cost.computeCycles = execution.cycles;
  // What follows on integer sums is calculated in floats.
  double ofPoints =
      points * (workload.isByteProduct ? 1 : workload.opsPerPoint);
  double ofResults = results * workload.opsPerResult;
  bool isOneKind = workload.arithmetic == Arithmetic::F32;
  cost.items.push_back(arithmeticItem(workload.arithmetic, machine,
                                      ofPoints + (isOneKind ? ofResults : 0)));
  if (!isOneKind && ofResults > 0)
    cost.items.push_back(arithmeticItem(Arithmetic::F32, machine, ofResults));
  if (const SourcedValue *pj = machine.action("instruction"))
    cost.items.push_back({"instruction", CountUnit::Operations,
                          execution.instructions, pj->value});
  auto addBytes = [&](const MemoryDesc &memory, double read, double written) {
    cost.items.push_back({memory.name + ".read", CountUnit::Bytes, read,
                          memory.readPjPerByte.value});
    cost.items.push_back(
        {memory.name + ".write", CountUnit::Bytes, written, memory.writePj()});
  };
  if (!machine.memories.empty())
    addBytes(machine.memories[0], execution.readBytes, execution.writtenBytes);
  double slowest = 0, sum = 0;
  for (auto [i, transfer] : llvm::enumerate(transfers)) {
    const MemoryDesc &next = machine.memories[i + 1];
    double cycles = transfer.fetched / next.bytesPerCycle.value +
                    transfer.runs * next.runCycles.value;
    slowest = std::max(slowest, cycles);
    sum += cycles;
    addBytes(next, transfer.fetched, transfer.writtenBack);
  }
  // The slower of arithmetic and memory hides most of the other's time, but
  // not all of it.
  constexpr double exposed = 0.1;
  cost.cycles =
      std::max(execution.cycles, slowest) + exposed * (execution.cycles + sum);
  return cost;
}

FailureOr<Cost> cpu::estimate(const Workload &workload, const Mapping &mapping,
                              const MachineDesc &machine) {
  auto kernel =
      KernelMapping::from(mapping.loops, mapping.parallel, mapping.grain);
  if (!kernel || kernel->order.size() != workload.dims.size())
    return failure();
  auto execution = executionCost(workload, *kernel, machine);
  if (!execution)
    return failure();
  return priceOf(workload, *execution,
                 transfersAlone(workload, *kernel, machine), machine);
}
