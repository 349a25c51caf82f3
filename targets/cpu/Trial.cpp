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

static Value add(OpBuilder &b, Location loc, Value x, Value y) {
  return isa<FloatType>(x.getType())
             ? Value(arith::AddFOp::create(b, loc, x, y))
             : Value(arith::AddIOp::create(b, loc, x, y));
}

/// An elementwise function of a tensor.
Value Trial::doubled(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value init = tensor::EmptyOp::create(builder, othersLoc, type.getShape(),
                                       type.getElementType());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, othersLoc, type, tensor, init,
             ArrayRef<AffineMap>{identity, identity}, loops,
             [](OpBuilder &b, Location loc, ValueRange arguments) {
               Value x = arguments[0];
               linalg::YieldOp::create(b, loc, add(b, loc, x, x));
             })
      .getResult(0);
}

/// Makes `value` known in the trial: cheap things are copied, tensors are made
/// there from arguments, as the operations before would have made them.
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
  Value argument = entry.addArgument(value.getType(), value.getLoc());
  bool isTensor = isa<RankedTensorType>(value.getType());
  mapping.map(value, isTensor ? doubled(argument) : argument);
}

/// An argument of so many bytes.
Value Trial::addFloats(int64_t bytes) {
  auto type = RankedTensorType::get({std::max<int64_t>(1, bytes / 4)},
                                    builder.getF32Type());
  return func.getBody().front().addArgument(type, othersLoc);
}

/// Along one dimension.
Value Trial::sum(Value values, unsigned along) {
  auto type = cast<RankedTensorType>(values.getType());
  Type element = type.getElementType();
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + along);
  Value zero = arith::ConstantOp::create(builder, othersLoc,
                                         builder.getZeroAttr(element));
  Value init = tensor::EmptyOp::create(builder, othersLoc, shape, element);
  init = linalg::FillOp::create(builder, othersLoc, zero, init).getResult(0);
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  loops[along] = utils::IteratorType::reduction;
  return linalg::GenericOp::create(
             builder, othersLoc, init.getType(), values, init,
             ArrayRef<AffineMap>{identity, identity.dropResult(along)}, loops,
             [](OpBuilder &b, Location loc, ValueRange arguments) {
               Value sum = add(b, loc, arguments[0], arguments[1]);
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
  Value result = mapping.lookup(ops.back()->getResult(0));
  auto type = cast<RankedTensorType>(result.getType());
  if (type.getRank() > 0)
    result = sum(result, std::min<unsigned>(1, type.getRank() - 1));
  func::ReturnOp::create(builder, loc,
                         ValueRange{result, sum(addFloats(others), 0)});
}

/// What the rest of the program does to the caches between two runs: the other
/// constants, which were read, are in them, and then the memory that all
/// operations take turns in, which the operations before used last.
void Trial::addRest() {
  int64_t bytes = 0;
  func.walk([&](tensor::EmptyOp op) {
    auto type = op.getType();
    if (op.getLoc() != othersLoc && type.hasStaticShape())
      bytes += type.getNumElements() * storedBytes(type.getElementType());
  });
  auto end = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  builder.setInsertionPoint(end);
  end.getOperandsMutable().append(sum(doubled(addFloats(bytes)), 0));
  func.setFunctionType(builder.getFunctionType(
      func.getBody().getArgumentTypes(), end.getOperandTypes()));
}

std::optional<Trial::Price> Trial::price(const CompileOptions &options,
                                         const RegionMapper &mapper) {
  addRest();
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
