//===- Passes.cpp - The map pass and the pipelines of the cpu target ------===//

#include "targets/cpu/Passes.h"
#include "aicc/Mapping/Mapper.h"
#include "aicc/Mapping/Passes.h"
#include "targets/cpu/CpuTarget.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace aicc {
#define GEN_PASS_DEF_CPUMAPPASS
#define GEN_PASS_REGISTRATION
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

/// Layers of one shape are mapped once.
static std::string keyOf(const Workload &workload) {
  std::string key;
  llvm::raw_string_ostream os(key);
  for (const Workload::Dim &dim : workload.dims)
    os << dim.size << (dim.isReduction ? 'r' : 'p');
  for (const Workload::Operand &operand : workload.operands) {
    os << ';' << operand.bits << operand.isOutput << operand.isPacked
       << operand.inReduction;
    for (int64_t stride : operand.strides)
      os << ',' << stride;
  }
  os << ';' << workload.opsPerPoint << ',' << workload.opsPerResult << ','
     << workload.lanesMayReduce;
  return key;
}

RegionMapper aicc::cpu::makeRegionMapper(const MachineDesc &machine,
                                         int workers, Objective objective) {
  struct State {
    MachineDesc machine;
    std::unique_ptr<Target> target = createTarget();
    llvm::StringMap<MappedCost> known;
  };
  auto state = std::make_shared<State>();
  state->machine = machine;
  return [state, workers, objective](RegionOp region) -> LogicalResult {
    std::string why;
    FailureOr<RegionModel> model = RegionModel::build(region, why);
    if (failed(model))
      return region.emitError("cannot be mapped: ") << why;
    Workload workload = toWorkload(*model);
    auto [entry, isNew] = state->known.try_emplace(keyOf(workload));
    if (isNew)
      entry->second = findMapping(workload, state->machine, *state->target,
                                  workers, objective);
    applyMapping(*model, entry->second, state->machine);
    return success();
  };
}

static MachineDesc hostMachine() {
  MachineDesc m;
  m.family = "cpu";
  m.name = "x86_64_v4";
  m.clockMhz.value = 3700;
  m.vector.bits = 512;
  m.vector.registers = 32;
  m.vector.fmasPerCycle.value = 1;
  m.vector.loadsPerCycle.value = 1;
  m.vector.fmaLatencyCycles.value = 4;
  m.forkJoinCycles.value = 8000;
  auto level = [&](const char *name, int64_t bytes, int64_t ways, double bw) {
    MemoryDesc d;
    d.name = name;
    d.bytes = bytes;
    d.ways = ways;
    d.lineBytes = 64;
    d.bytesPerCycle.value = bw;
    m.memories.push_back(d);
  };
  level("L1", 32768, 8, 64);
  level("L2", 1048576, 8, 32);
  level("L3", 33554432, 16, 16);
  level("DRAM", 0, 0, 7);
  return m;
}

RegionMapper aicc::cpu::defaultRegionMapper() {
  return makeRegionMapper(hostMachine(), 1, Objective::Latency);
}

namespace {
struct CpuMapPass : aicc::impl::CpuMapPassBase<CpuMapPass> {
  using CpuMapPassBase::CpuMapPassBase;
  explicit CpuMapPass(RegionMapper mapper) : mapper(std::move(mapper)) {}
  CpuMapPass(const CpuMapPass &other)
      : CpuMapPassBase(other), mapper(other.mapper) {}

  void runOnOperation() override {
    RegionMapper map =
        mapper ? mapper
               : makeRegionMapper(hostMachine(), workers, Objective::Latency);
    WalkResult result = getOperation().walk([&](RegionOp region) {
      return failed(map(region)) ? WalkResult::interrupt()
                                 : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  RegionMapper mapper;
};
} // namespace

std::unique_ptr<Pass> aicc::cpu::createMapPass(RegionMapper mapper) {
  return std::make_unique<CpuMapPass>(std::move(mapper));
}

void aicc::cpu::registerCpuPasses() { aicc::registerAiccCpuPasses(); }
