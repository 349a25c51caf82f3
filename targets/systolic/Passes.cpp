//===- Passes.cpp - Passes of the systolic target -------------------------===//

#include "targets/systolic/Passes.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Target/Machines.h"
#include "dialects/systolic/IR/Systolic.h"
#include "targets/systolic/Lowering/ArrayMachine.h"

#include "llvm/ADT/StringMap.h"

namespace aicc {
#define GEN_PASS_DEF_SYSTOLICCHECKHOSTPASS
#define GEN_PASS_DEF_SYSTOLICEMBEDPROGRAMSPASS
#define GEN_PASS_REGISTRATION
#include "targets/systolic/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

namespace {
struct SystolicCheckHostPass
    : aicc::impl::SystolicCheckHostPassBase<SystolicCheckHostPass> {
  using SystolicCheckHostPassBase::SystolicCheckHostPassBase;
  SystolicCheckHostPass(std::shared_ptr<const MachineDesc> machine,
                        bool noFallback)
      : machine(std::move(machine)) {
    this->noFallback = noFallback;
  }
  SystolicCheckHostPass(const SystolicCheckHostPass &other)
      : SystolicCheckHostPassBase(other), machine(other.machine) {}

  void runOnOperation() override;

private:
  LogicalResult check(ArrayRef<RegionOp> onHost, bool usesArray);

  std::shared_ptr<const MachineDesc> machine;
};

struct SystolicEmbedProgramsPass
    : aicc::impl::SystolicEmbedProgramsPassBase<SystolicEmbedProgramsPass> {
  using SystolicEmbedProgramsPassBase::SystolicEmbedProgramsPassBase;
  explicit SystolicEmbedProgramsPass(std::shared_ptr<const MachineDesc> machine)
      : machine(std::move(machine)) {}
  SystolicEmbedProgramsPass(const SystolicEmbedProgramsPass &other)
      : SystolicEmbedProgramsPassBase(other), machine(other.machine) {}

  void runOnOperation() override;

private:
  LogicalResult numberEntries(const llvm::StringMap<int64_t> &entries);

  std::shared_ptr<const MachineDesc> machine;
};
} // namespace

//===----------------------------------------------------------------------===//
// The host's part
//===----------------------------------------------------------------------===//

/// "host: why; not priced" without its ends.
static llvm::StringRef reasonOf(RegionOp region) {
  auto placement = region->getAttrOfType<StringAttr>(placementAttrName);
  llvm::StringRef reason = placement ? placement.getValue() : "";
  reason.consume_front("host: ");
  reason.consume_back("; not priced");
  return reason;
}

LogicalResult SystolicCheckHostPass::check(ArrayRef<RegionOp> onHost,
                                           bool usesArray) {
  if (noFallback && !onHost.empty()) {
    for (RegionOp region : onHost)
      withCode(region.emitError(), ErrorCode::Unsupported)
          << "stays with the host: " << reasonOf(region);
    return failure();
  }
  if (usesArray || onHost.empty())
    return success();
  return withCode(getOperation().emitError(), ErrorCode::Unsupported)
         << "nothing of the model runs on the array of " << machine->family
         << "/" << machine->name
         << ", which multiplies bytes: give a quantised model, or pass "
            "--quantize=int8 --calibration=DIR; the first group stays with "
            "the host because "
         << reasonOf(onHost.front());
}

void SystolicCheckHostPass::runOnOperation() {
  std::string why;
  if (!machine && !(machine = findMachine(machineName, why))) {
    getOperation().emitError() << why;
    return signalPassFailure();
  }
  SmallVector<RegionOp> onHost;
  bool usesArray = false;
  getOperation().walk([&](RegionOp region) {
    if (region.getMachineAttr())
      usesArray = true;
    else
      onHost.push_back(region);
  });
  if (failed(check(onHost, usesArray)))
    signalPassFailure();
}

std::unique_ptr<Pass>
aicc::systolic::createCheckHostPass(std::shared_ptr<const MachineDesc> machine,
                                    bool noFallback) {
  return std::make_unique<SystolicCheckHostPass>(std::move(machine),
                                                 noFallback);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

LogicalResult SystolicEmbedProgramsPass::numberEntries(
    const llvm::StringMap<int64_t> &entries) {
  WalkResult result = getOperation().walk([&](OffloadOp offload) {
    auto found = entries.find(offload.getProgram());
    if (found == entries.end()) {
      offload.emitOpError("expected a systolic.program of the name ")
          << offload.getProgram() << ", found none";
      return WalkResult::interrupt();
    }
    offload.setEntry(found->second);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void SystolicEmbedProgramsPass::runOnOperation() {
  ModuleOp module = getOperation();
  std::string why;
  if (!machine && !(machine = findMachine(machineName, why))) {
    module.emitError() << why;
    return signalPassFailure();
  }
  std::optional<ArrayMachine> array = ArrayMachine::get(*machine, why);
  if (!array) {
    module.emitError(why);
    return signalPassFailure();
  }
  Program program;
  program.machine = array->config;
  llvm::StringMap<int64_t> entries;
  auto programs = llvm::to_vector(module.getOps<ProgramOp>());
  if (programs.empty())
    return;
  for (ProgramOp op : programs) {
    FailureOr<std::vector<Instruction>> instructions = toInstructions(op);
    if (failed(instructions))
      return signalPassFailure();
    std::string node = nodeOrigin(op.getLoc()).node;
    Entry entry;
    entry.name = node.empty() ? op.getSymName().str() : node;
    entry.first = uint32_t(program.instructions.size());
    entry.count = uint32_t(instructions->size());
    entry.segments = uint32_t(op.getSegments());
    llvm::append_range(program.instructions, *instructions);
    entries[op.getSymName()] = int64_t(program.entries.size());
    program.entries.push_back(std::move(entry));
  }
  if (failed(numberEntries(entries)))
    return signalPassFailure();
  for (ProgramOp op : programs)
    op.erase();
  std::vector<uint8_t> bytes = serialize(program);
  Builder builder(module.getContext());
  module->setAttr(deviceFamilyAttrName, builder.getStringAttr("systolic"));
  module->setAttr(
      deviceProgramAttrName,
      builder.getDenseI8ArrayAttr(ArrayRef(
          reinterpret_cast<const int8_t *>(bytes.data()), bytes.size())));
}

std::unique_ptr<Pass> aicc::systolic::createEmbedProgramsPass(
    std::shared_ptr<const MachineDesc> machine) {
  return std::make_unique<SystolicEmbedProgramsPass>(std::move(machine));
}

void aicc::systolic::registerSystolicPasses() {
  aicc::registerAiccSystolicPasses();
}
