//===- LowerToStructured.cpp - The pass from onnx to structured -----------===//
//
// One walk over the nodes in order. The new body is built beside the old one,
// so that all unsupported nodes can be reported with nothing changed.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/IR/LoweredOperators.h"
#include "dialects/onnx/Lowering/NarrowTypes.h"
#include "dialects/onnx/Lowering/NodeContext.h"
#include "dialects/onnx/Lowering/Ops/Ops.h"
#include "dialects/onnx/Lowering/Passes.h"

#include "aicc/Support/MlirDiagnostics.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace aicc::onnx {

#define GEN_PASS_DEF_LOWERTOSTRUCTUREDPASS
#define GEN_PASS_REGISTRATION
#include "dialects/onnx/Lowering/Passes.h.inc"

namespace {

/// Lowers one function.
class FunctionLowering {
public:
  FunctionLowering(func::FuncOp function, const LoweringTable &table)
      : function(function), table(table), builder(function.getContext()),
        context(builder) {}

  /// The lowered function, beside the old one; null with errors reported.
  OwningOpRef<func::FuncOp> run();

private:
  FunctionType signature();
  LogicalResult lowerNodes(Block &block);
  LogicalResult lowerNode(Operation *op);
  LogicalResult checkTypes(Operation *op);
  LogicalResult checkResults(Operation *op);

  func::FuncOp function;
  const LoweringTable &table;
  OpBuilder builder;
  NodeContext context;
};

} // namespace

/// The signless, static signature; null with errors reported.
FunctionType FunctionLowering::signature() {
  bool failed = false;
  auto convert = [&](TypeRange types, StringRef what) {
    SmallVector<Type> result;
    for (auto [i, type] : llvm::enumerate(types)) {
      result.push_back(structuredType(type));
      if (result.back())
        continue;
      withCode(function.emitError(), ErrorCode::Unsupported)
          << what << " " << i << " of the model is " << describeType(type)
          << ", which is not supported by the cpu lowering yet";
      failed = true;
    }
    return result;
  };
  SmallVector<Type> inputs = convert(function.getArgumentTypes(), "input");
  SmallVector<Type> results = convert(function.getResultTypes(), "output");
  return failed ? FunctionType() : builder.getFunctionType(inputs, results);
}

OwningOpRef<func::FuncOp> FunctionLowering::run() {
  FunctionType type = signature();
  if (!type)
    return {};
  OwningOpRef<func::FuncOp> lowered =
      cast<func::FuncOp>(function->cloneWithoutRegions());
  lowered->setFunctionType(type);
  Block *entry = lowered->addEntryBlock();
  for (auto [from, to] :
       llvm::zip(function.getArguments(), entry->getArguments())) {
    to.setLoc(from.getLoc());
    context.values[from] = to;
  }
  builder.setInsertionPointToEnd(entry);
  context.setConstantBlock(entry);
  context.lowerBlock =
      [this](Block &block,
             ValueRange arguments) -> FailureOr<SmallVector<Value>> {
    for (auto [from, to] : llvm::zip(block.getArguments(), arguments))
      context.values[from] = to;
    if (failed(lowerNodes(block)))
      return failure();
    return llvm::map_to_vector(block.getTerminator()->getOperands(),
                               [&](Value v) { return context.get(v); });
  };
  Block &body = function.getBody().front();
  if (failed(lowerNodes(body)))
    return {};
  Operation *terminator = body.getTerminator();
  SmallVector<Value> results;
  for (Value value : terminator->getOperands())
    results.push_back(context.get(value));
  func::ReturnOp::create(builder, terminator->getLoc(), results);
  // Constants of which only parts or other shapes are used.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*entry)))
    if (isa<arith::ConstantOp>(op) && op.use_empty())
      op.erase();
  return lowered;
}

LogicalResult FunctionLowering::lowerNodes(Block &block) {
  bool ok = true;
  for (Operation &op : block.without_terminator()) {
    if (isa<ConstantOp, NoValueOp>(op))
      continue;
    ok &= succeeded(lowerNode(&op));
  }
  return success(ok);
}

/// What no lowering takes: dynamic shapes, element types that the structured
/// stage does not have.
LogicalResult FunctionLowering::checkTypes(Operation *op) {
  auto check = [&](Value value, const Twine &what) -> LogicalResult {
    Type type = value.getType();
    bool narrow = isNarrow(getElementTypeOrSelf(type));
    if (narrow && !context.isReadable(value))
      return context.unsupported(what + " is a constant " + describeType(type) +
                                 " that cannot be read");
    bool isTaken = !narrow || takesNarrow(op);
    if (isTaken && (isa<NoneType>(type) || structuredType(type)))
      return success();
    return context.unsupported(what + " is " + describeType(type));
  };
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (failed(check(operand, "input " + Twine(i))))
      return failure();
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    if (failed(check(result, "output " + Twine(i))))
      return failure();
  return success();
}

/// A lowering that answers with another type than shape inference is a defect
/// of one of the two, and must not reach the later stages.
LogicalResult FunctionLowering::checkResults(Operation *op) {
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    if (isa<NoneType>(result.getType()) || result.use_empty())
      continue;
    Value value = context.values.lookup(result);
    if (!value)
      return context.unsupported("output " + Twine(i) + " is not computed");
    if (value.getType() == structuredType(result.getType()))
      continue;
    std::string text;
    llvm::raw_string_ostream(text) << "output " << i << " is inferred as "
                                   << structuredType(result.getType())
                                   << " and computed as " << value.getType();
    return context.unsupported(text);
  }
  return success();
}

LogicalResult FunctionLowering::lowerNode(Operation *op) {
  context.loc = op->getLoc();
  StringRef name = op->getName().stripDialect();
  const LoweringTable::Function *lower = table.lookup(op->getName());
  if (!lower)
    return op->emitError() << name
                           << " is not supported by the cpu lowering yet: it "
                              "has no lowering";
  if (succeeded(checkTypes(op)) && succeeded((*lower)(op, context)) &&
      succeeded(checkResults(op)))
    return success();
  // Later nodes are checked all the same, with placeholders.
  for (Value result : op->getResults())
    context.values.erase(result);
  return op->emitError() << name
                         << " is not supported by the cpu lowering yet: "
                         << context.whyUnsupported();
}

static const LoweringTable &allLowerings() {
  static const LoweringTable table = [] {
    LoweringTable table;
    populateAllLowerings(table);
    return table;
  }();
  return table;
}

/// Lowers all functions of the module into `lowered`, beside the old ones.
static LogicalResult
lowerFunctions(ModuleOp module,
               SmallVectorImpl<OwningOpRef<func::FuncOp>> &lowered) {
  const LoweringTable &table = allLowerings();
  bool ok = true;
  for (auto function : module.getOps<func::FuncOp>()) {
    lowered.push_back(FunctionLowering(function, table).run());
    ok &= bool(lowered.back());
  }
  return success(ok);
}

LogicalResult checkSupported(ModuleOp module) {
  // Outside of a pass nobody has loaded what the lowering builds.
  module.getContext()
      ->loadDialect<arith::ArithDialect, linalg::LinalgDialect,
                    math::MathDialect, scf::SCFDialect,
                    tensor::TensorDialect>();
  SmallVector<OwningOpRef<func::FuncOp>> lowered;
  return lowerFunctions(module, lowered);
}

namespace {

struct LowerToStructured
    : public impl::LowerToStructuredPassBase<LowerToStructured> {
  void runOnOperation() override {
    SmallVector<OwningOpRef<func::FuncOp>> lowered;
    ModuleOp module = getOperation();
    if (failed(lowerFunctions(module, lowered)))
      return signalPassFailure();
    SmallVector<func::FuncOp> old(module.getOps<func::FuncOp>());
    for (auto [before, after] : llvm::zip(old, lowered)) {
      module.getBody()->getOperations().insert(before->getIterator(),
                                               after.release());
      before->erase();
    }
  }
};

} // namespace

namespace {
struct LowerableOperators : LoweredOperators {
  using LoweredOperators::LoweredOperators;
  bool isLowered(RegisteredOperationName name) const override {
    return allLowerings().lookup(name) != nullptr;
  }
};
} // namespace

void registerLoweredOperators(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OnnxDialect *dialect) {
    dialect->addInterfaces<LowerableOperators>();
  });
}

void registerLoweringPasses() { registerOnnxLoweringPasses(); }

void buildStructuredPipeline(OpPassManager &pm, const CompileOptions &options) {
  pm.addPass(createLowerToStructuredPass());
}

} // namespace aicc::onnx
