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

/// `[0 by 4, 1 by 1 on 0]`
static ParseResult parseMappingLoops(AsmParser &parser,
                                     SmallVector<Mapping::Loop> &loops) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        Mapping::Loop loop;
        if (parser.parseInteger(loop.dim) || parser.parseKeyword("by") ||
            parser.parseInteger(loop.tile))
          return failure();
        if (succeeded(parser.parseOptionalKeyword("on"))) {
          SMLoc at = parser.getCurrentLocation();
          if (parser.parseInteger(loop.axis))
            return failure();
          if (loop.axis < 0)
            return parser.emitError(at, "expected an axis of at least 0");
        }
        loops.push_back(loop);
        return success();
      });
}

static void printMappingLoops(AsmPrinter &printer,
                              ArrayRef<Mapping::Loop> loops) {
  printer << '[';
  llvm::interleaveComma(loops, printer, [&](const Mapping::Loop &loop) {
    printer << loop.dim << " by " << loop.tile;
    if (loop.isSpatial())
      printer << " on " << loop.axis;
  });
  printer << ']';
}

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
                                  ArrayRef<Mapping::Loop> loops,
                                  int64_t parallel, int64_t grain) {
  llvm::SmallDenseMap<unsigned, int64_t> left;
  for (const Mapping::Loop &loop : loops) {
    if (loop.tile < 1)
      return emitError() << "expected tiles of at least 1, found " << loop.tile;
    auto [outer, isFirst] = left.try_emplace(loop.dim, loop.tile);
    if (!isFirst && loop.tile > outer->second)
      return emitError() << "expected the tiles of dimension " << loop.dim
                         << " to shrink inwards, found " << loop.tile
                         << " inside " << outer->second;
    outer->second = loop.tile;
  }
  int64_t count = loops.size();
  if (parallel < 0 || parallel > count)
    return emitError() << "expected 'parallel' between 0 and " << count
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
