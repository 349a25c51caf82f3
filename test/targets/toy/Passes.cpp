//===- Passes.cpp - The stages of the toy machine -------------------------===//

#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Mapping.h"
#include "aicc/Energy/Workload.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "dialects/aicc/IR/Aicc.h"
#include "test/targets/toy/Toy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <csignal>

using namespace mlir;
using namespace aicc;

/// The loop nest of an elementwise operation, as the cost model sees it.
static Workload toWorkload(linalg::GenericOp op) {
  Workload workload;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (int64_t size : sizes)
    workload.dims.push_back({size, /*isReduction=*/false});
  for (OpOperand &operand : op->getOpOperands()) {
    Workload::Operand entry;
    entry.strides.assign(computeSuffixProduct(sizes));
    if (op.isDpsInit(&operand))
      entry.role = OperandRole::Output;
    workload.operands.push_back(std::move(entry));
  }
  return workload;
}

namespace {

class MapPass : public PassWrapper<MapPass, OperationPass<ModuleOp>> {
public:
  MapPass(const Target &target, std::shared_ptr<const MachineDesc> machine)
      : target(target), machine(std::move(machine)) {}
  MapPass(const MapPass &other)
      : PassWrapper(other), target(other.target), machine(other.machine) {}

  StringRef getArgument() const override { return "toy-map"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<AICCDialect>();
  }

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> worklist;
    bool failed = false;
    // All that cannot run is told in one go.
    getOperation().walk([&](linalg::LinalgOp op) {
      std::string why;
      if (succeeded(target.supports(op, *machine, why)))
        worklist.push_back(cast<linalg::GenericOp>(op.getOperation()));
      else
        failed = (withCode(op.emitError(why), ErrorCode::Unsupported), true);
    });
    for (linalg::GenericOp op : worklist)
      failed = failed || mlir::failed(map(op));
    if (failed)
      signalPassFailure();
  }

private:
  LogicalResult map(linalg::GenericOp op);

  const Target &target;
  std::shared_ptr<const MachineDesc> machine;
};

class LowerPass : public PassWrapper<LowerPass, OperationPass<ModuleOp>> {
public:
  StringRef getArgument() const override { return "toy-lower"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<toy::ToyDialect>();
  }
  void runOnOperation() override;
};

} // namespace

LogicalResult MapPass::map(linalg::GenericOp op) {
  Workload workload = toWorkload(op);
  Mapping best;
  std::optional<Cost> bestCost;
  for (int64_t tile : {1, 2, 4}) {
    Mapping mapping;
    for (size_t d = 0; d < workload.dims.size(); ++d) {
      mapping.loops.push_back({unsigned(d), d == 0 ? tile : 1});
    }
    FailureOr<Cost> cost = target.estimate(workload, mapping, *machine);
    if (failed(cost) || (bestCost && cost->cycles >= bestCost->cycles))
      continue;
    best = mapping;
    bestCost = *cost;
  }
  if (!bestCost)
    return op.emitError("no mapping fits the machine");

  OpBuilder builder(op);
  auto region = RegionOp::create(
      builder, op.getLoc(), op->getResultTypes(), op.getInputs(),
      builder.getStringAttr("toy/" + machine->name), /*layouts=*/nullptr,
      MappingAttr::get(op.getContext(), best.loops, best.parallel, best.grain),
      CostAttr::get(op.getContext(), *bestCost), /*stripes=*/nullptr,
      /*on_chip=*/nullptr);
  Block *block = builder.createBlock(&region.getBody());
  IRMapping values;
  for (Value input : op.getInputs())
    values.map(input, block->addArgument(input.getType(), op.getLoc()));
  for (Value init : op.getOutputs())
    values.map(init, tensor::EmptyOp::create(
                         builder, op.getLoc(),
                         cast<RankedTensorType>(init.getType()), ValueRange{}));
  Operation *copy = builder.clone(*op, values);
  YieldOp::create(builder, op.getLoc(), copy->getResults());
  op.replaceAllUsesWith(region.getResults());
  op.erase();
  return success();
}

void LowerPass::runOnOperation() {
  SmallVector<RegionOp> regions;
  getOperation().walk([&](RegionOp region) { regions.push_back(region); });
  for (RegionOp region : regions) {
    auto generic = *region.getBody().getOps<linalg::GenericOp>().begin();
    auto type = cast<RankedTensorType>(region.getResult(0).getType());
    if (type.getRank() == 9)
      std::raise(SIGSEGV);
    if (type.getRank() == 8) {
      region.emitError("rank 8 was not thought of");
      return signalPassFailure();
    }
    OpBuilder builder(region);
    Value lhs = region.getIns()[0], rhs = region.getIns()[1], result;
    if (isa<arith::AddFOp>(generic.getBody()->front()))
      result = toy::AddOp::create(builder, region.getLoc(), type, lhs, rhs);
    else
      result = toy::MulOp::create(builder, region.getLoc(), type, lhs, rhs);
    region.getResult(0).replaceAllUsesWith(result);
    region.erase();
  }
}

std::unique_ptr<Pass>
toy::createMapPass(const Target &target,
                   std::shared_ptr<const MachineDesc> machine) {
  return std::make_unique<MapPass>(target, std::move(machine));
}

std::unique_ptr<Pass> toy::createLowerPass() {
  return std::make_unique<LowerPass>();
}
