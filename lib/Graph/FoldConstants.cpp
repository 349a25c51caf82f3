//===- FoldConstants.cpp - Constants and static shapes --------------------===//
//
// onnx-fold-constants: one pass over the operations in order. Folded values
// live in tables of this pass and become onnx.Constant only where an operation
// that stays uses them, so that intermediate results never reach the context,
// whose attributes and resources are not freed.
//
//===----------------------------------------------------------------------===//

#include "Folding.h"
#include "GraphUtils.h"
#include "ShapeInference.h"

#include "aicc/Graph/Passes.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace aicc::graph {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "aicc/Graph/Passes.h.inc"
} // namespace aicc::graph

using namespace mlir;

namespace aicc::graph {
namespace {

class ConstantFolder {
public:
  explicit ConstantFolder(FoldBudget budget) : budget(budget) {}

  LogicalResult run(func::FuncOp func);
  int64_t folded = 0;

private:
  /// The constant behind `value`, null if there is none.
  const ConstantTensor *lookup(Value value);

  LogicalResult visitBlock(Block &block);
  LogicalResult visit(Operation *op);
  LogicalResult visitLoop(onnx::LoopOp loop);
  LogicalResult visitScan(onnx::ScanOp scan);
  void visitIf(onnx::IfOp ifOp);
  LogicalResult visitRegions(Operation *op);
  /// A branch of an If. What does not fit in it is no error: it may be there
  /// for inputs of other shapes, and never be taken for these.
  bool visitBranch(Region &branch);

  /// Replaces an If or Loop whose way is known; the next operation to visit,
  /// or null if it has to stay.
  Operation *inlineIf(onnx::IfOp ifOp);
  bool skipLoop(onnx::LoopOp loop);

  bool fold(Operation *op);
  /// Gives the constants that `op` uses an operation of their own.
  void materialiseOperands(Operation *op);

  FoldBudget budget;
  /// How many branches of Ifs are around what is visited.
  unsigned branches = 0;
  /// Null pointers: known not to be readable.
  llvm::DenseMap<Value, std::unique_ptr<ConstantTensor>> constants;
  /// Folded operations; erased at the end, so that no table above ever holds
  /// a value whose memory was given to another.
  SmallVector<Operation *> dead;
  llvm::DenseSet<Operation *> isDead;
};

} // namespace

const ConstantTensor *ConstantFolder::lookup(Value value) {
  auto it = constants.find(value);
  if (it != constants.end())
    return it->second.get();
  auto op = value.getDefiningOp<onnx::ConstantOp>();
  if (!op)
    return nullptr;
  std::unique_ptr<ConstantTensor> tensor;
  if (auto opened = ConstantTensor::get(op.getValue()))
    tensor = std::make_unique<ConstantTensor>(std::move(*opened));
  return (constants[value] = std::move(tensor)).get();
}

//===----------------------------------------------------------------------===//
// Folding
//===----------------------------------------------------------------------===//

/// True for operations that are better left to run: a large matrix that is
/// transposed for products alone is read transposed by those, at no cost.
static bool isBetterLeft(Operation *op, const FoldContext &context) {
  constexpr int64_t large = int64_t(1) << 20;
  auto transpose = dyn_cast<onnx::TransposeOp>(op);
  if (!transpose || !context.operand(0) ||
      context.operand(0)->numElements() < large ||
      context.operand(0)->isSplat())
    return false;
  return llvm::all_of(op->getUsers(), [](Operation *user) {
    return isa<onnx::MatMulOp, onnx::GemmOp>(user);
  });
}

bool ConstantFolder::fold(Operation *op) {
  FoldFn function = foldTable().lookup(op->getName().getStringRef());
  if (!function)
    return false;
  SmallVector<const ConstantTensor *> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isPresent(operand) ? lookup(operand) : nullptr);
  FoldContext context(op, operands, budget);
  if (isBetterLeft(op, context))
    return false;
  FoldResults results = function(context);
  if (results.size() != op->getNumResults())
    return false;
  for (auto [result, tensor] : llvm::zip(op->getResults(), results))
    if (getElementTypeOrSelf(result.getType()) !=
        tensor.type().getElementType())
      return false;
  for (auto [result, tensor] : llvm::zip(op->getResults(), results)) {
    result.setType(tensor.type());
    constants[result] = std::make_unique<ConstantTensor>(std::move(tensor));
  }
  dead.push_back(op);
  isDead.insert(op);
  ++folded;
  return true;
}

void ConstantFolder::materialiseOperands(Operation *op) {
  for (Value operand : op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (!producer || !isDead.contains(producer))
      continue;
    auto it = constants.find(operand);
    if (it == constants.end() || !it->second)
      continue;
    OpBuilder builder(producer);
    auto constant = makeConstant(builder, producer->getLoc(), *it->second);
    Value replacement = constant.getOutput();
    operand.replaceAllUsesWith(replacement);
    constants[replacement] = std::make_unique<ConstantTensor>(*it->second);
  }
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Operation *ConstantFolder::inlineIf(onnx::IfOp ifOp) {
  const ConstantTensor *condition = lookup(ifOp.getCond());
  if (!condition || condition->numElements() != 1 ||
      condition->format().isFloat())
    return nullptr;
  Region &taken =
      condition->integer(0) ? ifOp.getThenBranch() : ifOp.getElseBranch();
  Block &block = taken.front();
  Operation *terminator = block.getTerminator();
  Operation *before = ifOp->getPrevNode();
  ifOp->getBlock()->getOperations().splice(ifOp->getIterator(),
                                           block.getOperations(), block.begin(),
                                           terminator->getIterator());
  for (auto [result, value] :
       llvm::zip(ifOp->getResults(), terminator->getOperands()))
    result.replaceAllUsesWith(value);
  dead.push_back(ifOp);
  isDead.insert(ifOp);
  ++folded;
  return before ? before->getNextNode() : &ifOp->getBlock()->front();
}

/// The number of times a loop runs if it depends on no data.
static std::optional<int64_t>
tripCount(onnx::LoopOp loop,
          llvm::function_ref<const ConstantTensor *(Value)> lookup) {
  auto scalar = [&](Value value) -> std::optional<int64_t> {
    const ConstantTensor *tensor = lookup(value);
    if (!tensor || tensor->numElements() != 1 || tensor->format().isFloat())
      return std::nullopt;
    return tensor->integer(0);
  };
  if (isPresent(loop.getCond())) {
    auto condition = scalar(loop.getCond());
    if (condition && *condition == 0)
      return 0;
    if (!condition)
      return std::nullopt;
  }
  if (!isPresent(loop.getM()))
    return std::nullopt;
  auto trips = scalar(loop.getM());
  if (!trips || *trips <= 0)
    return trips ? std::optional<int64_t>(0) : std::nullopt;
  // It must also ask to go on each time.
  Block &body = loop.getBody().front();
  Value goesOn = body.getTerminator()->getOperand(0);
  while (auto identity = goesOn.getDefiningOp<onnx::IdentityOp>())
    goesOn = identity->getOperand(0);
  auto value = scalar(goesOn);
  if (goesOn == body.getArgument(1) || (value && *value != 0))
    return trips;
  return std::nullopt;
}

bool ConstantFolder::skipLoop(onnx::LoopOp loop) {
  auto look = [&](Value value) -> const ConstantTensor * {
    return isPresent(value) ? lookup(value) : nullptr;
  };
  if (tripCount(loop, look) != 0)
    return false;
  size_t carried = loop.getVInitial().size();
  // Scan outputs are empty, of the shape that their types say.
  SmallVector<Value> values(loop.getVInitial());
  OpBuilder builder(loop);
  for (Value result : loop->getResults().drop_front(carried)) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type || type.getRank() == 0 ||
        !ElementFormat::get(type.getElementType()))
      return false;
    Shape shape(type.getShape());
    shape[0] = 0;
    if (llvm::any_of(shape, ShapedType::isDynamic))
      return false;
    values.push_back(makeConstant(builder, loop.getLoc(),
                                  ConstantTensor::make(RankedTensorType::get(
                                      shape, type.getElementType())))
                         .getOutput());
  }
  for (auto [result, value] : llvm::zip(loop->getResults(), values))
    result.replaceAllUsesWith(value);
  dead.push_back(loop);
  isDead.insert(loop);
  ++folded;
  return true;
}

LogicalResult ConstantFolder::visitRegions(Operation *op) {
  for (Region &region : op->getRegions())
    for (Block &block : region)
      if (failed(visitBlock(block)))
        return failure();
  return success();
}

/// What two types have in common: equal dimensions, dynamic ones elsewhere.
static Type joinTypes(Type a, Type b) {
  auto x = dyn_cast<RankedTensorType>(a), y = dyn_cast<RankedTensorType>(b);
  if (!x || !y || x.getRank() != y.getRank() ||
      x.getElementType() != y.getElementType())
    return a == b ? a : Type();
  Shape shape(x.getShape());
  for (auto [dim, other] : llvm::zip(shape, y.getShape()))
    if (dim != other)
      dim = ShapedType::kDynamic;
  return RankedTensorType::get(shape, x.getElementType());
}

bool ConstantFolder::visitBranch(Region &branch) {
  ++branches;
  bool fits = succeeded(visitBlock(branch.front()));
  --branches;
  if (!fits)
    branch.walk([&](Operation *op) {
      if (!isDead.contains(op))
        materialiseOperands(op);
    });
  return fits;
}

void ConstantFolder::visitIf(onnx::IfOp ifOp) {
  bool fits = visitBranch(ifOp.getThenBranch());
  fits &= visitBranch(ifOp.getElseBranch());
  if (!fits)
    return;
  Operation *thenEnd = ifOp.getThenBranch().front().getTerminator();
  Operation *elseEnd = ifOp.getElseBranch().front().getTerminator();
  for (auto [result, a, b] :
       llvm::zip(ifOp->getResults(), thenEnd->getOperandTypes(),
                 elseEnd->getOperandTypes()))
    if (Type joined = joinTypes(a, b))
      result.setType(joined);
}

LogicalResult ConstantFolder::visitLoop(onnx::LoopOp loop) {
  Block &body = loop.getBody().front();
  size_t carried = loop.getVInitial().size();
  if (body.getNumArguments() != carried + 2 ||
      loop->getNumResults() < carried ||
      body.getTerminator()->getNumOperands() != loop->getNumResults() + 1)
    return success();
  // A carried value has the shape of its initial value; that the body gives
  // it back the same is checked below.
  auto arguments = body.getArguments().drop_front(2);
  for (auto [argument, initial] : llvm::zip(arguments, loop.getVInitial()))
    if (isa<RankedTensorType>(initial.getType()))
      argument.setType(initial.getType());
  if (failed(visitBlock(body)))
    return failure();
  auto look = [&](Value value) -> const ConstantTensor * {
    return isPresent(value) ? lookup(value) : nullptr;
  };
  std::optional<int64_t> trips = tripCount(loop, look);
  auto given = body.getTerminator()->getOperands().drop_front();
  for (size_t i = 0; i < loop->getNumResults(); ++i) {
    auto type = dyn_cast<RankedTensorType>(given[i].getType());
    if (!type)
      continue;
    if (i < carried) {
      auto before = dyn_cast<RankedTensorType>(arguments[i].getType());
      if (before && before != type && branches != 0)
        return failure();
      if (before && before != type)
        return loop->emitError()
               << "loop-carried value " << i << " changes its shape from "
               << shapeText(before.getShape()) << " to "
               << shapeText(type.getShape()) << " in the loop's body";
      loop->getResult(i).setType(type);
    } else {
      Shape shape{trips.value_or(ShapedType::kDynamic)};
      shape.append(type.getShape().begin(), type.getShape().end());
      InferContext(loop, look).setResult(i, shape);
    }
  }
  return success();
}

/// States have the shape of their initial values, slices that of their input
/// without the axis; what is collected has it again.
LogicalResult ConstantFolder::visitScan(onnx::ScanOp scan) {
  Block &body = scan->getRegion(0).front();
  auto entry = [](std::optional<ArrayRef<int64_t>> list, size_t i) {
    return list && i < list->size() ? (*list)[i] : int64_t(0);
  };
  size_t operands = scan->getNumOperands(),
         inputs = std::min<size_t>(scan.getNumScanInputs(), operands),
         states = operands - inputs;
  if (body.getNumArguments() != operands ||
      body.getTerminator()->getNumOperands() != scan->getNumResults() ||
      scan->getNumResults() < states)
    return success();
  int64_t trips = ShapedType::kDynamic;
  for (auto [i, argument] : llvm::enumerate(body.getArguments())) {
    auto type = dyn_cast<RankedTensorType>(scan->getOperand(i).getType());
    if (!type)
      return success();
    if (i < states) {
      argument.setType(type);
      continue;
    }
    int64_t axis = entry(scan.getScanInputAxes(), i - states);
    axis += axis < 0 ? type.getRank() : 0;
    if (axis < 0 || axis >= type.getRank())
      return success();
    Shape shape(type.getShape());
    if (!ShapedType::isDynamic(shape[axis]))
      trips = shape[axis];
    shape.erase(shape.begin() + axis);
    argument.setType(RankedTensorType::get(shape, type.getElementType()));
  }
  if (failed(visitBlock(body)))
    return failure();
  auto look = [&](Value value) { return lookup(value); };
  for (auto [i, given] : llvm::enumerate(body.getTerminator()->getOperands())) {
    auto type = dyn_cast<RankedTensorType>(given.getType());
    if (!type)
      continue;
    Shape shape(type.getShape());
    if (i >= states) {
      int64_t axis = entry(scan.getScanOutputAxes(), i - states);
      axis += axis < 0 ? type.getRank() + 1 : 0;
      if (axis < 0 || axis > type.getRank())
        continue;
      shape.insert(shape.begin() + axis, trips);
    }
    InferContext(scan, look).setResult(i, shape);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

LogicalResult ConstantFolder::visit(Operation *op) {
  auto look = [&](Value value) { return lookup(value); };
  if (failed(inferShapes(op, look, branches != 0)))
    return failure();
  if (fold(op))
    return success();
  if (auto loop = dyn_cast<onnx::LoopOp>(op)) {
    if (skipLoop(loop))
      return success();
    if (failed(visitLoop(loop)))
      return failure();
  } else if (auto scan = dyn_cast<onnx::ScanOp>(op)) {
    if (failed(visitScan(scan)))
      return failure();
  } else if (auto ifOp = dyn_cast<onnx::IfOp>(op)) {
    visitIf(ifOp);
  } else if (failed(visitRegions(op))) {
    return failure();
  }
  materialiseOperands(op);
  return success();
}

LogicalResult ConstantFolder::visitBlock(Block &block) {
  Operation *next = block.empty() ? nullptr : &block.front();
  while (next) {
    Operation *op = next;
    auto ifOp = dyn_cast<onnx::IfOp>(op);
    if (isDead.contains(op)) {
      next = op->getNextNode();
    } else if (Operation *first = ifOp ? inlineIf(ifOp) : nullptr) {
      next = first; // The branch's operations, or the If, which is dead now.
    } else {
      if (failed(visit(op)))
        return failure();
      next = op->getNextNode();
    }
  }
  return success();
}

LogicalResult ConstantFolder::run(func::FuncOp func) {
  // After an error the folded operations stay: what was not visited still
  // uses them.
  if (failed(visitBlock(func.front())))
    return failure();
  for (Operation *op : dead)
    op->dropAllReferences();
  for (Operation *op : dead) {
    for (Value value : op->getResults())
      value.dropAllUses();
    op->erase();
  }
  return success();
}

namespace {
struct FoldConstants : impl::FoldConstantsPassBase<FoldConstants> {
  using FoldConstantsPassBase::FoldConstantsPassBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    ConstantFolder folder({maxBytes, maxTotalBytes});
    if (failed(folder.run(func)))
      return signalPassFailure();
    numFolded += folder.folded;
    eraseDeadOperations(func.front());
    updateFunctionType(func);
  }
};
} // namespace

} // namespace aicc::graph
