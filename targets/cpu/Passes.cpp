//===- Passes.cpp - The map pass and the pipelines of the cpu target ------===//

#include "targets/cpu/Passes.h"
#include "aicc/Mapping/Passes.h"
#include "aicc/Mapping/Remarks.h"
#include "aicc/Mapping/Workload.h"
#include "aicc/Target/Machines.h"
#include "targets/cpu/CpuTarget.h"
#include "targets/cpu/Mapper.h"
#include "targets/cpu/Schedule.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace aicc {
#define GEN_PASS_DEF_CPUMAPPASS
#define GEN_PASS_DEF_CPUSCHEDULEPASS
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
    os << dim.size << (dim.isReduction ? 'r' : 'p') << dim.innermost << '.';
  for (const Workload::Operand &operand : workload.operands) {
    os << ';' << operand.bits << unsigned(operand.role) << operand.isPacked
       << operand.inReduction;
    for (int64_t stride : operand.strides)
      os << ',' << stride;
  }
  os << ';' << workload.opsPerPoint << ',' << workload.opsPerResult << ','
     << workload.lanesMayReduce << workload.isByteProduct
     << workload.leftIsSigned;
  return key;
}

RegionMapper aicc::cpu::makeRegionMapper(const MachineDesc &machine,
                                         int workers, const Goal &goal) {
  struct State {
    MachineDesc machine;
    std::unique_ptr<Target> target = createTarget();
    llvm::StringMap<MappingChoice> known;
  };
  auto state = std::make_shared<State>();
  state->machine = machine;
  return [state, workers, goal](RegionOp region) -> LogicalResult {
    std::string why;
    FailureOr<RegionModel> model = RegionModel::build(region, why);
    if (failed(model))
      return region.emitError("cannot be mapped: ") << why;
    Workload workload = toWorkload(*model);
    auto [entry, isNew] = state->known.try_emplace(keyOf(workload));
    if (isNew)
      entry->second =
          findMapping(workload, state->machine, *state->target, workers, goal);
    applyMapping(*model, entry->second, state->machine);
    return success();
  };
}

std::shared_ptr<const MachineDesc>
aicc::cpu::machineFor(const CompileOptions &options) {
  return options.machine ? options.machine : namedMachine("x86_64_v2");
}

static int workersFor(const CompileOptions &options,
                      const MachineDesc &machine) {
  return options.threads ? options.threads : machine.cores;
}

RegionMapper aicc::cpu::makeRegionMapper(const CompileOptions &options) {
  std::shared_ptr<const MachineDesc> machine = machineFor(options);
  if (!machine)
    return {};
  return makeRegionMapper(*machine, workersFor(options, *machine),
                          options.goalAt(machine->clockMhz.value));
}

std::shared_ptr<const MachineDesc> aicc::cpu::machineOf(Operation *op,
                                                        llvm::StringRef name) {
  std::shared_ptr<const MachineDesc> machine = namedMachine(name);
  if (!machine)
    op->emitError("there is no machine cpu/") << name;
  return machine;
}

std::shared_ptr<const MachineDesc>
aicc::cpu::namedMachine(llvm::StringRef name) {
  CollectingDiagnosticSink sink;
  auto machine = findMachine(("cpu/" + name).str(), "", sink);
  if (!machine)
    return nullptr;
  return std::make_shared<MachineDesc>(std::move(*machine));
}

namespace {
struct CpuMapPass : aicc::impl::CpuMapPassBase<CpuMapPass> {
  using CpuMapPassBase::CpuMapPassBase;
  explicit CpuMapPass(RegionMapper mapper) : mapper(std::move(mapper)) {}
  CpuMapPass(const CpuMapPass &other)
      : CpuMapPassBase(other), mapper(other.mapper) {}

  void runOnOperation() override {
    RegionMapper map = mapper;
    if (!map) {
      CompileOptions options;
      options.threads = workers;
      options.machine = machineOf(getOperation(), machineName);
      if (!options.machine)
        return signalPassFailure();
      map = makeRegionMapper(options);
    }
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

namespace {
struct CpuSchedulePass : aicc::impl::CpuSchedulePassBase<CpuSchedulePass> {
  using CpuSchedulePassBase::CpuSchedulePassBase;
  CpuSchedulePass(std::shared_ptr<const MachineDesc> machine, int workers,
                  Objective objective, double timePriceWatts)
      : machine(std::move(machine)) {
    this->workers = workers;
    this->objective = objective;
    this->timePriceWatts = timePriceWatts;
  }
  CpuSchedulePass(const CpuSchedulePass &other)
      : CpuSchedulePassBase(other), machine(other.machine) {}

  void runOnOperation() override {
    if (!machine)
      machine = machineOf(getOperation(), machineName);
    if (!machine)
      return signalPassFailure();
    CompileOptions options;
    options.objective = objective;
    options.timePriceWatts = timePriceWatts;
    if (failed(chooseSchedule(getOperation(), *machine, workers,
                              options.goalAt(machine->clockMhz.value))))
      return signalPassFailure();
    getOperation().walk(
        [](RegionOp region) { remarkChoice(region, "cpu-schedule"); });
  }

  std::shared_ptr<const MachineDesc> machine;
};
} // namespace

std::unique_ptr<Pass>
aicc::cpu::createSchedulePass(const CompileOptions &options) {
  std::shared_ptr<const MachineDesc> machine = machineFor(options);
  return std::make_unique<CpuSchedulePass>(
      machine, machine ? workersFor(options, *machine) : 1, options.objective,
      options.timePriceWatts);
}

std::unique_ptr<Pass> aicc::cpu::createMapPass(RegionMapper mapper) {
  return std::make_unique<CpuMapPass>(std::move(mapper));
}

void aicc::cpu::registerCpuPasses() { aicc::registerAiccCpuPasses(); }
