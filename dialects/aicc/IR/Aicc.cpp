//===- Aicc.cpp - The aicc dialect ----------------------------------------===//

#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;

#include "dialects/aicc/IR/AiccDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/aicc/IR/AiccAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/aicc/IR/AiccOps.cpp.inc"

void AICCDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/aicc/IR/AiccAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/aicc/IR/AiccOps.cpp.inc"
      >();
}

void aicc::registerAiccDialect(DialectRegistry &registry) {
  registry.insert<AICCDialect>();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

LogicalResult MappingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<int64_t> order,
                                  ArrayRef<int64_t> tile, int64_t vector,
                                  int64_t lanes, int64_t parallel,
                                  int64_t grain) {
  int64_t rank = order.size();
  if (static_cast<int64_t>(tile.size()) != rank)
    return emitError() << "expected one tile size for each of the " << rank
                       << " loops, found " << tile.size();
  llvm::SmallBitVector seen(rank);
  for (int64_t dim : order) {
    if (dim < 0 || dim >= rank || seen[dim])
      return emitError() << "expected 'order' to be a permutation of 0.."
                         << rank - 1 << ", found [" << order << "]";
    seen.set(dim);
  }
  for (int64_t size : tile)
    if (size < 1)
      return emitError() << "expected tile sizes of at least 1, found " << size;
  if (vector < -1 || vector >= rank)
    return emitError() << "expected 'vector' to be -1 or a dimension, found "
                       << vector;
  if (lanes < 1)
    return emitError() << "expected at least 1 lane, found " << lanes;
  if (parallel < 0 || parallel > rank)
    return emitError() << "expected 'parallel' between 0 and " << rank
                       << ", found " << parallel;
  if (grain < 0)
    return emitError() << "expected 'grain' of at least 0, found " << grain;
  return success();
}

LogicalResult PackAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> dims, ArrayRef<int64_t> sizes,
                               ArrayRef<int64_t> steps) {
  if (dims.size() != sizes.size() || dims.size() != steps.size())
    return emitError() << "expected as many sizes and steps as dims ("
                       << dims.size() << "), found " << sizes.size() << " and "
                       << steps.size();
  int64_t elements = 1;
  for (auto [dim, size, step] : llvm::zip(dims, sizes, steps)) {
    if (dim < 0)
      return emitError() << "expected dimensions of at least 0, found " << dim;
    if (size < 0 || step < 1)
      return emitError() << "expected sizes of at least 0 and steps of at "
                            "least 1, found "
                         << size << " and " << step;
    if (llvm::MulOverflow(elements, size, elements))
      return emitError() << "number of elements overflows 64 bits";
  }
  return success();
}

int64_t PackAttr::getNumElements() const {
  int64_t elements = 1;
  for (int64_t size : getSizes())
    elements *= size;
  return elements;
}

//===----------------------------------------------------------------------===//
// RegionOp
//===----------------------------------------------------------------------===//

LogicalResult RegionOp::verify() {
  Block &block = getBody().front();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return emitOpError("expected its body to end in 'aicc.yield'");
  size_t numIns = block.getNumArguments();
  if (getIns().size() != numIns)
    return emitOpError("expected ")
           << numIns << " operands, one for each body argument, found "
           << getIns().size();
  for (auto [operand, argument] : llvm::zip(getIns(), block.getArguments()))
    if (operand.getType() != argument.getType())
      return emitOpError("expected operand of type ")
             << argument.getType() << ", found " << operand.getType();
  if (yield.getValues().getTypes() != getResultTypes())
    return emitOpError("expected results of the yielded types ")
           << yield.getValues().getTypes() << ", found " << getResultTypes();
  size_t numOperands = numIns + getNumResults();
  if (getLayouts() && getLayouts()->size() != numOperands)
    return emitOpError("expected ")
           << numOperands << " layouts, one for each operand and result, found "
           << getLayouts()->size();
  return verifyLayouts();
}

LogicalResult RegionOp::verifyLayouts() {
  if (!getLayouts())
    return success();
  for (auto [index, attr] : llvm::enumerate(*getLayouts())) {
    Type type = index < getIns().size()
                    ? getIns()[index].getType()
                    : getResult(index - getIns().size()).getType();
    int64_t rank = cast<ShapedType>(type).getRank();
    if (auto layout = dyn_cast<LayoutAttr>(attr)) {
      if (static_cast<int64_t>(layout.getStrides().size()) != rank)
        return emitOpError("expected ")
               << rank << " strides in layout " << index << ", found "
               << layout.getStrides().size();
      continue;
    }
    auto pack = dyn_cast<PackAttr>(attr);
    if (!pack)
      return emitOpError("expected layout ")
             << index << " to be #aicc.layout or #aicc.pack, found " << attr;
    for (int64_t dim : pack.getDims())
      if (dim >= rank)
        return emitOpError("expected pack dimensions below the rank ")
               << rank << " in layout " << index << ", found " << dim;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// WeightOp, LaunchOp
//===----------------------------------------------------------------------===//

LogicalResult WeightOp::verify() {
  auto type = cast<ShapedType>(getValue().getType());
  if (getOffsetAttr().getInt() < 0)
    return emitOpError("expected an offset of at least 0, found ")
           << getOffsetAttr().getInt();
  for (int64_t dim : getPack().getDims())
    if (dim >= type.getRank())
      return emitOpError("expected pack dimensions below the rank ")
             << type.getRank() << ", found " << dim;
  return success();
}

LogicalResult LaunchOp::verify() {
  int64_t trip = getTripAttr().getInt(), grain = getGrainAttr().getInt();
  if (trip < 0 || grain < 0)
    return emitOpError("expected trip and grain of at least 0, found ")
           << trip << " and " << grain;
  auto kernel = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      *this, getKernelAttr());
  if (!kernel)
    return emitOpError("expected a kernel named ")
           << getKernelAttr() << ", found none";
  FunctionType type = kernel.getFunctionType();
  if (type.getNumInputs() != getArgs().size() + 2)
    return emitOpError("expected the kernel to take ")
           << getArgs().size() + 2
           << " arguments (the last two: begin and end), found "
           << type.getNumInputs();
  for (auto [index, arg] : llvm::enumerate(getArgs()))
    if (arg.getType() != type.getInput(index))
      return emitOpError("expected argument ")
             << index << " of type " << type.getInput(index) << ", found "
             << arg.getType();
  return success();
}
