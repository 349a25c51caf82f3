//===- OnnxSchema.cpp - Types and verification of ONNX nodes --------------===//

#include "dialects/onnx/IR/LoweredOperators.h"
#include "dialects/onnx/IR/OnnxDialect.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace aicc::onnx;

#include "dialects/onnx/IR/OnnxSchemas.inc"

std::string aicc::onnx::operationName(llvm::StringRef domain,
                                      llvm::StringRef op) {
  return ((domain.empty() ? "onnx." : "onnx.ml.") + op).str();
}

const aicc::onnx::OpSchema *
aicc::onnx::lookupSchema(llvm::StringRef operationName) {
  static const llvm::StringMap<const OpSchema *> byName = [] {
    llvm::StringMap<const OpSchema *> map;
    for (const OpSchema &schema : schemas)
      map[schema.name] = &schema;
    return map;
  }();
  return byName.lookup(operationName);
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

Type aicc::onnx::elementType(ElementKind kind, MLIRContext *context) {
  Builder b(context);
  switch (kind) {
#define ELEMENT_KIND(NAME, TYPE)                                               \
  case ElementKind::NAME##_:                                                   \
    return TYPE;
#include "dialects/onnx/IR/ElementKinds.def"
  }
  return Type();
}

llvm::StringRef aicc::onnx::elementKindName(ElementKind kind) {
  switch (kind) {
#define ELEMENT_KIND(NAME, TYPE)                                               \
  case ElementKind::NAME##_:                                                   \
    return #NAME;
#include "dialects/onnx/IR/ElementKinds.def"
  }
  return "";
}

/// The kind of a signless or unsigned integer type.
static std::optional<ElementKind> integerKind(IntegerType type) {
  bool isUnsigned = type.isUnsigned();
  if (type.isSigned())
    return std::nullopt;
  switch (type.getWidth()) {
  case 1:
    return isUnsigned ? std::nullopt : std::optional(ElementKind::bool_);
  case 2:
    return isUnsigned ? ElementKind::uint2_ : ElementKind::int2_;
  case 4:
    return isUnsigned ? ElementKind::uint4_ : ElementKind::int4_;
  case 8:
    return isUnsigned ? ElementKind::uint8_ : ElementKind::int8_;
  case 16:
    return isUnsigned ? ElementKind::uint16_ : ElementKind::int16_;
  case 32:
    return isUnsigned ? ElementKind::uint32_ : ElementKind::int32_;
  case 64:
    return isUnsigned ? ElementKind::uint64_ : ElementKind::int64_;
  default:
    return std::nullopt;
  }
}

std::optional<ElementKind> aicc::onnx::elementKind(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integerKind(integer);
  // Few enough that comparing with each is the simplest way that cannot
  // disagree with `elementType`.
  Builder b(type.getContext());
#define ELEMENT_KIND(NAME, TYPE)                                               \
  if (type == TYPE)                                                            \
    return ElementKind::NAME##_;
#include "dialects/onnx/IR/ElementKinds.def"
  return std::nullopt;
}

static bool hasTensorOf(Type type, uint64_t mask) {
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    return false;
  std::optional<ElementKind> kind = elementKind(tensor.getElementType());
  return kind && ((mask >> static_cast<unsigned>(*kind)) & 1);
}

bool aicc::onnx::isTypeIn(Type type, const TypeMasks &masks) {
  if (isa<TensorType>(type))
    return hasTensorOf(type, masks.tensors);
  if (isa<NoneType>(type))
    return masks.none;
  if (isa<MapType>(type))
    return masks.maps;
  if (auto seq = dyn_cast<SeqType>(type)) {
    if (isa<MapType>(seq.getElementType()))
      return masks.maps;
    return hasTensorOf(seq.getElementType(), masks.seqs);
  }
  if (auto opt = dyn_cast<OptType>(type)) {
    if (auto seq = dyn_cast<SeqType>(opt.getElementType()))
      return hasTensorOf(seq.getElementType(), masks.optSeqs);
    return hasTensorOf(opt.getElementType(), masks.opts);
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// What values of one type variable must have in common: the element type,
/// below any sequence or optional.
static Type commonPart(Type type) {
  if (auto tensor = dyn_cast<TensorType>(type))
    return tensor.getElementType();
  if (auto seq = dyn_cast<SeqType>(type))
    return commonPart(seq.getElementType());
  if (auto opt = dyn_cast<OptType>(type))
    return commonPart(opt.getElementType());
  return type;
}

namespace {
/// The first value that fixed a type variable.
struct Binding {
  Type type;
  llvm::StringRef name;
};
} // namespace

/// Checks the `values` (operands or results) against their formal
/// parameters, and binds type variables.
static LogicalResult verifyValues(Operation *op, TypeRange values,
                                  llvm::ArrayRef<ParamSchema> params,
                                  llvm::StringRef what,
                                  llvm::SmallVectorImpl<Binding> &bindings) {
  size_t next = 0;
  for (const ParamSchema &param : params) {
    size_t fixed = params.size() - (params.back().variadic ? 1 : 0);
    size_t count = !param.variadic          ? 1
                   : values.size() >= fixed ? values.size() - fixed
                                            : 0;
    if (param.variadic && count < static_cast<size_t>(param.minArity))
      return op->emitOpError("expected at least ")
             << param.minArity << ' ' << what << "s for '" << param.name
             << "', found " << count;
    for (size_t i = 0; i < count && next < values.size(); ++i) {
      Type type = values[next++];
      if (param.typeVariable < 0 || isa<NoneType>(type))
        continue;
      if (bindings.size() <= static_cast<size_t>(param.typeVariable))
        bindings.resize(param.typeVariable + 1);
      Binding &binding = bindings[param.typeVariable];
      if (!binding.type)
        binding = {commonPart(type), param.name};
      else if (binding.type != commonPart(type))
        return op->emitOpError("expected '")
               << param.name << "' to have the element type of '"
               << binding.name << "', " << binding.type << ", found "
               << commonPart(type);
    }
  }
  return success();
}

LogicalResult aicc::onnx::detail::verifyNode(Operation *op) {
  const OpSchema *schema = lookupSchema(op->getName().getStringRef());
  if (!schema)
    return success();
  llvm::SmallVector<Binding> bindings;
  if (failed(verifyValues(op, op->getOperandTypes(), schema->inputs, "operand",
                          bindings)))
    return failure();
  return verifyValues(op, op->getResultTypes(), schema->outputs, "result",
                      bindings);
}

/// Checks the number of a sub-graph's inputs and outputs.
static LogicalResult verifyArity(Operation *op, Region &region,
                                 llvm::StringRef name, size_t numInputs,
                                 size_t numOutputs) {
  if (region.getNumArguments() != numInputs)
    return op->emitOpError("expected ")
           << numInputs << " inputs of sub-graph '" << name << "', found "
           << region.getNumArguments();
  size_t found = region.front().back().getNumOperands();
  if (found != numOutputs)
    return op->emitOpError("expected ")
           << numOutputs << " outputs of sub-graph '" << name << "', found "
           << found;
  return success();
}

LogicalResult aicc::onnx::detail::verifyNodeRegions(Operation *op) {
  for (Region &region : op->getRegions()) {
    if (!region.hasOneBlock())
      return op->emitOpError("expected its sub-graphs to have one block");
    if (region.front().empty() || !isa<ReturnOp>(region.front().back()))
      return op->emitOpError("expected its sub-graphs to end in 'onnx.Return'");
  }
  size_t numResults = op->getNumResults();
  if (auto ifOp = dyn_cast<IfOp>(op)) {
    if (failed(verifyArity(op, ifOp.getThenBranch(), "then_branch", 0,
                           numResults)))
      return failure();
    return verifyArity(op, ifOp.getElseBranch(), "else_branch", 0, numResults);
  }
  if (auto loop = dyn_cast<LoopOp>(op)) {
    // Body: iteration number, condition, loop-carried values.
    size_t carried = loop.getVInitial().size();
    return verifyArity(op, loop.getBody(), "body", carried + 2, numResults + 1);
  }
  if (isa<ScanOp>(op))
    return verifyArity(op, op->getRegion(0), "body", op->getNumOperands(),
                       numResults);
  if (isa<SequenceMapOp>(op))
    return verifyArity(op, op->getRegion(0), "body", op->getNumOperands(),
                       numResults);
  return success();
}
