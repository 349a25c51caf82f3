//===- Toy.cpp - A second family of machines, for tests -------------------===//

#include "test/targets/toy/Toy.h"

#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"
#include "aicc/Support/Diagnostics.h"
#include "aicc/Target/Machines.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace aicc;

#include "test/targets/toy/ToyDialect.cpp.inc"

#define GET_OP_CLASSES
#include "test/targets/toy/ToyOps.cpp.inc"

void toy::ToyDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "test/targets/toy/ToyOps.cpp.inc"
      >();
}

LogicalResult toy::supports(Operation *op, std::string &why) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumLoops() != generic.getNumParallelLoops() ||
      !llvm::all_of(generic.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); })) {
    why = "the machine works element by element only";
    return failure();
  }
  Block *body = generic.getBody();
  bool oneInstruction =
      body->getOperations().size() == 2 && generic.getNumDpsInputs() == 2 &&
      isa<arith::AddFOp, arith::MulFOp>(body->front()) &&
      body->front().getOperands() == body->getArguments().take_front(2) &&
      body->getArgument(0).getType().isF32();
  if (oneInstruction)
    return success();
  why = "the machine adds and multiplies two float32 tensors, nothing else";
  return failure();
}

namespace {

constexpr llvm::StringLiteral machineText = R"(family: toy
name: abacus
source: "made up, for tests"
clock_mhz: {value: 1, source: "made up, for tests"}
memories:
  - name: beads
    bytes: 0
    bytes_per_cycle: {value: 4, source: "made up, for tests"}
    read_pj_per_byte: {value: 2, source: "made up, for tests"}
energy:
  mac_f32_pj: {value: 3, source: "made up, for tests"}
)";

class ToyTarget : public Target {
public:
  llvm::StringRef name() const override { return "toy"; }

  llvm::ArrayRef<BuiltinMachine> machines() const override {
    static const BuiltinMachine abacus[] = {{"toy", "abacus", machineText}};
    return abacus;
  }

  void registerDialects(DialectRegistry &registry) const override {
    registry.insert<toy::ToyDialect>();
  }

  LogicalResult supports(Operation *op, const MachineDesc &,
                         std::string &why) const override {
    return toy::supports(op, why);
  }

  FailureOr<Cost> estimate(const Workload &workload, const Mapping &mapping,
                           const MachineDesc &machine) const override;

  void buildPipeline(OpPassManager &pm, Stage from, Stage to,
                     const CompileOptions &options) const override {
    if (to == Stage::Mapped)
      pm.addPass(toy::createMapPass(*this, options.machine));
    if (to == Stage::Loops)
      pm.addPass(toy::createLowerPass());
  }

  LogicalResult emit(ModuleOp module, EmitKind kind, const CompileOptions &,
                     llvm::StringRef path, DiagnosticSink &sink) const override;

  std::unique_ptr<Executor> createExecutor(const MachineDesc &) const override {
    return toy::createExecutor();
  }
};

} // namespace

/// Every element costs an operation and the traffic of its operands; a tile
/// saves the overhead of a step.
FailureOr<Cost> ToyTarget::estimate(const Workload &workload,
                                    const Mapping &mapping,
                                    const MachineDesc &machine) const {
  if (machine.memories.empty() || mapping.loops.empty())
    return failure();
  const MemoryDesc &memory = machine.memories.front();
  double points = 1;
  for (const Workload::Dim &dim : workload.dims)
    points *= dim.size;
  double bytes = 0;
  for (const Workload::Operand &operand : workload.operands)
    bytes += points * operand.bits / 8;
  Cost cost;
  cost.macs = points;
  cost.cycles = bytes / memory.bytesPerCycle.value +
                points / static_cast<double>(mapping.loops.front().tile);
  const SourcedValue *mac = machine.action("mac_f32");
  cost.items.push_back(
      {"mac.f32", CountUnit::Operations, points, mac ? mac->value : 0});
  cost.items.push_back(
      {"beads.read", CountUnit::Bytes, bytes, memory.readPjPerByte.value});
  return cost;
}

LogicalResult ToyTarget::emit(ModuleOp module, EmitKind kind,
                              const CompileOptions &, llvm::StringRef path,
                              DiagnosticSink &sink) const {
  if (kind == EmitKind::Lib)
    return toy::writeProgram(module, path, sink);
  aicc::Diagnostic d;
  d.code = ErrorCode::Unsupported;
  d.message = "the toy machine has programs only: use --emit=lib";
  sink.report(std::move(d));
  return failure();
}

std::unique_ptr<Target> toy::createTarget() {
  return std::make_unique<ToyTarget>();
}
