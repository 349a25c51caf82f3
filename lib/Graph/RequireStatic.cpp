//===- RequireStatic.cpp - Reports shapes that are still dynamic ----------===//

#include "ShapeInference.h"

#include "aicc/Graph/Passes.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include "llvm/ADT/SetVector.h"

namespace aicc::graph {
#define GEN_PASS_DEF_REQUIRESTATICPASS
#include "aicc/Graph/Passes.h.inc"
} // namespace aicc::graph

using namespace mlir;

namespace aicc::graph {

/// Operations named before the rest is only counted.
static constexpr unsigned maxReported = 8;

/// The model's names for the dimensions of argument `index`; "" for none.
static SmallVector<std::string> dimNames(func::FuncOp func, unsigned index,
                                         size_t rank) {
  SmallVector<std::string> names(rank);
  auto dims = func.getArgAttrOfType<ArrayAttr>(index, "aicc.dims");
  if (!dims || dims.size() != rank)
    return names;
  for (auto [name, attr] : llvm::zip(names, dims))
    if (auto text = dyn_cast<StringAttr>(attr))
      name = text.str();
  return names;
}

/// "--shape=x:<batch>x3x224x224".
static std::string shapeFlag(StringRef input, ArrayRef<int64_t> shape,
                             ArrayRef<std::string> names) {
  std::string text = "--shape=" + input.str() + ":";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? "x" : "";
    if (!ShapedType::isDynamic(shape[i]))
      text += std::to_string(shape[i]);
    else
      text += "<" + (names[i].empty() ? "size" : names[i]) + ">";
  }
  return text;
}

/// One error for each dynamic dimension of an input.
static bool reportInput(func::FuncOp func, unsigned index) {
  Type type = func.getArgument(index).getType();
  auto nameAttr = func.getArgAttrOfType<StringAttr>(index, "aicc.name");
  std::string name = nameAttr ? nameAttr.str() : "#" + std::to_string(index);
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked) {
    if (!isa<TensorType>(type))
      return false;
    auto diagnostic =
        withCode(emitError(func.getLoc()), ErrorCode::Unsupported);
    diagnostic << "input '" << name << "' has no known rank";
    diagnostic.attachNote() << "fix it with --shape=" << name << ":<sizes>";
    return true;
  }
  ArrayRef<int64_t> shape = ranked.getShape();
  SmallVector<std::string> names = dimNames(func, index, shape.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!ShapedType::isDynamic(shape[i]))
      continue;
    auto diagnostic =
        withCode(emitError(func.getLoc()), ErrorCode::Unsupported);
    diagnostic << "dimension " << i;
    if (!names[i].empty())
      diagnostic << " ('" << names[i] << "')";
    diagnostic << " of input '" << name << "' (" << shapeText(shape)
               << ") is dynamic";
    diagnostic.attachNote() << "fix it with " << shapeFlag(name, shape, names);
  }
  return !ranked.hasStaticShape();
}

/// The small inputs that `op` is calculated from.
static SmallVector<std::string> inputsBehind(Operation *op) {
  constexpr int64_t mostElements = 1024;
  SetVector<Value> values(op->operand_begin(), op->operand_end());
  SmallVector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i) {
    Value value = values[i];
    if (Operation *def = value.getDefiningOp()) {
      def->walk([&](Operation *nested) {
        values.insert(nested->operand_begin(), nested->operand_end());
      });
      continue;
    }
    auto argument = cast<BlockArgument>(value);
    auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto type = dyn_cast<RankedTensorType>(value.getType());
    auto name = func ? func.getArgAttrOfType<StringAttr>(
                           argument.getArgNumber(), "aicc.name")
                     : StringAttr();
    std::optional<int64_t> count =
        type ? countElements(type.getShape()) : std::nullopt;
    if (name && count && type.getRank() <= 1 && *count <= mostElements &&
        ElementFormat::get(type.getElementType()))
      names.push_back(name.str());
  }
  return names;
}

namespace {
struct RequireStatic : impl::RequireStaticPassBase<RequireStatic> {
  using RequireStaticPassBase::RequireStaticPassBase;

  void runOnOperation() override {
    bool failed = false;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      bool inputs = false;
      for (unsigned i = 0; i < func.getNumArguments(); ++i)
        inputs |= reportInput(func, i);
      failed |= inputs || checkOperations(func);
    }
    if (failed)
      signalPassFailure();
  }

private:
  /// Reports the first operations whose results are dynamic, or too large,
  /// though everything they use is not.
  bool checkOperations(func::FuncOp func) {
    unsigned found = 0;
    func.walk<WalkOrder::PreOrder>([&](Operation *op) {
      for (Value result : op->getResults())
        if (isCulprit(op, result) && found++ < maxReported)
          report(op, result);
    });
    if (found > maxReported)
      withCode(emitError(func.getLoc()), ErrorCode::Unsupported)
          << found - maxReported << " more shapes cannot be compiled";
    return found != 0;
  }

  static bool isDynamic(Type type) {
    auto tensor = dyn_cast<TensorType>(type);
    return tensor && !tensor.hasStaticShape();
  }

  bool isTooLarge(Type type) const {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return false;
    std::optional<int64_t> count = countElements(tensor.getShape());
    return !count || *count > maxElements;
  }

  bool isCulprit(Operation *op, Value result) const {
    if (isTooLarge(result.getType()))
      return true;
    return isDynamic(result.getType()) &&
           llvm::none_of(op->getOperandTypes(), isDynamic);
  }

  void report(Operation *op, Value result) const {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    std::string text = type ? shapeText(type.getShape()) : "of unknown rank";
    if (!isDynamic(result.getType())) {
      withCode(op->emitError(), ErrorCode::Limit)
          << "its result, " << text << ", has more than "
          << maxElements.getValue() << " elements";
      return;
    }
    auto diagnostic = withCode(op->emitError(), ErrorCode::Unsupported);
    diagnostic << "the shape of its result, " << text << ", depends on data";
    diagnostic.attachNote()
        << "only shapes that follow from the inputs' are compiled";
    for (const std::string &name : inputsBehind(op))
      diagnostic.attachNote() << "if it is input '" << name
                              << "' that they depend on, fix its value with "
                                 "--value="
                              << name << ":<numbers>";
  }
};
} // namespace

} // namespace aicc::graph
