//===- Trial.cpp - What a few operations would cost -----------------------===//

#include "targets/cpu/Trial.h"
#include "aicc/Memory/BufferPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

Trial::Trial(ArrayRef<Operation *> ops, int64_t others)
    : builder(ops.front()->getContext()),
      othersLoc(NameLoc::get(builder.getStringAttr("others"))),
      module(ModuleOp::create(builder, ops.front()->getLoc())) {
  build(ops, others);
}

/// Makes `value` known in the trial: cheap things are copied, all else becomes
/// an argument.
void Trial::bring(Value value) {
  if (mapping.contains(value))
    return;
  Operation *def = value.getDefiningOp();
  if (def && (isa<arith::ConstantOp, tensor::EmptyOp, linalg::FillOp>(def))) {
    for (Value operand : def->getOperands())
      bring(operand);
    builder.clone(*def, mapping);
    return;
  }
  Block &entry = func.getBody().front();
  mapping.map(value, entry.addArgument(value.getType(), value.getLoc()));
}

/// What the caches lose to the rest of the program: the sum of an argument.
Value Trial::sumOthers(int64_t bytes) {
  Type element = builder.getF32Type();
  auto type = RankedTensorType::get({std::max<int64_t>(1, bytes / 4)}, element);
  Value values = func.getBody().front().addArgument(type, othersLoc);
  Value zero =
      arith::ConstantOp::create(builder, othersLoc, builder.getF32FloatAttr(0));
  Value init =
      tensor::EmptyOp::create(builder, othersLoc, ArrayRef<int64_t>(), element);
  init = linalg::FillOp::create(builder, othersLoc, zero, init).getResult(0);
  auto scalar = AffineMap::get(1, 0, builder.getContext());
  return linalg::GenericOp::create(
             builder, othersLoc, init.getType(), values, init,
             ArrayRef<AffineMap>{builder.getMultiDimIdentityMap(1), scalar},
             utils::IteratorType::reduction,
             [](OpBuilder &b, Location loc, ValueRange arguments) {
               Value sum =
                   arith::AddFOp::create(b, loc, arguments[0], arguments[1]);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

void Trial::build(ArrayRef<Operation *> ops, int64_t others) {
  Location loc = ops.front()->getLoc();
  builder.setInsertionPointToEnd(module->getBody());
  func = func::FuncOp::create(builder, loc, "main",
                              builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(func.addEntryBlock());
  for (Operation *op : ops) {
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (!op->isAncestor(operand.getParentBlock()->getParentOp()))
          bring(operand);
    });
    builder.clone(*op, mapping);
  }
  SmallVector<Value> results{mapping.lookup(ops.back()->getResult(0)),
                             sumOthers(others)};
  func::ReturnOp::create(builder, loc, results);
  func.setFunctionType(builder.getFunctionType(
      func.getBody().getArgumentTypes(), TypeRange(ValueRange(results))));
}

std::optional<Trial::Price> Trial::price(const CompileOptions &options,
                                         const RegionMapper &mapper) {
  PassManager pm(module->getContext(), ModuleOp::getOperationName());
  buildMappingPipeline(pm, options, mapper);
  // A trial that fails is no error.
  ScopedDiagnosticHandler quiet(module->getContext(),
                                [](mlir::Diagnostic &) { return success(); });
  if (failed(pm.run(*module)))
    return std::nullopt;
  Price price;
  bool complete = true;
  func.walk([&](RegionOp region) {
    if (region.getLoc() == othersLoc)
      return;
    CostAttr cost = region.getCostAttr();
    complete &= bool(cost);
    if (cost) {
      price.cycles += double(cost.getCycles());
      price.picojoules += double(cost.getPicojoules());
    }
  });
  return complete ? std::optional(price) : std::nullopt;
}

double aicc::cpu::scoreOf(const Trial::Price &price,
                          const CompileOptions &options) {
  return valueOf(options.goalAt(options.machine->clockMhz.value),
                 price.picojoules, price.cycles);
}

int64_t aicc::cpu::constantBytesOf(ModuleOp module) {
  int64_t bytes = 0;
  module.walk([&](arith::ConstantOp op) {
    if (auto type = dyn_cast<RankedTensorType>(op.getType()))
      bytes += type.getNumElements() * storedBytes(type.getElementType());
  });
  return bytes;
}
