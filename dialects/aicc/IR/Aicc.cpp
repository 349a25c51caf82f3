//===- Aicc.cpp - The aicc dialect ----------------------------------------===//

#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

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

/// `[[4, 2, 0], [-1, 3, 0]]`
static ParseResult parseMappingResidence(AsmParser &parser,
                                         ArrayAttr &residence) {
  SmallVector<Attribute> operands;
  auto parseOperand = [&]() -> ParseResult {
    SmallVector<int8_t> memories;
    auto parseMemory = [&] {
      return parser.parseInteger(memories.emplace_back());
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                       parseMemory))
      return failure();
    operands.push_back(DenseI8ArrayAttr::get(parser.getContext(), memories));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     parseOperand))
    return failure();
  residence = ArrayAttr::get(parser.getContext(), operands);
  return success();
}

static void printMappingResidence(AsmPrinter &printer, ArrayAttr residence) {
  printer << '[';
  llvm::interleaveComma(residence, printer, [&](Attribute operand) {
    printer << '[';
    llvm::interleaveComma(cast<DenseI8ArrayAttr>(operand).asArrayRef(), printer,
                          [&](int8_t at) { printer << int(at); });
    printer << ']';
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

/// One operand of `residence`: tiles grow outwards, up to all of it.
static LogicalResult
verifyResidence(function_ref<InFlightDiagnostic()> emitError,
                ArrayRef<int8_t> memories, int64_t numLoops) {
  int64_t inner = numLoops;
  for (int8_t at : memories) {
    if (at == Mapping::bypass)
      continue;
    if (at < 0 || at > inner)
      return emitError() << "expected 'residence' between 0 and " << inner
                         << ", or " << int(Mapping::bypass)
                         << " for a memory without the operand, found "
                         << int(at);
    inner = at;
  }
  if (memories.empty() || memories.back() != 0)
    return emitError() << "expected 'residence' to end in 0: the outermost "
                          "memory holds all of every operand";
  return success();
}

static LogicalResult
verifyResidences(function_ref<InFlightDiagnostic()> emitError,
                 ArrayAttr residence, int64_t numLoops) {
  std::optional<int64_t> numMemories;
  for (Attribute operand : residence) {
    auto memories = dyn_cast<DenseI8ArrayAttr>(operand);
    if (!memories)
      return emitError() << "expected 'residence' of 8-bit arrays, found "
                         << operand;
    if (memories.size() != numMemories.value_or(memories.size()))
      return emitError() << "expected 'residence' in " << *numMemories
                         << " memories for each operand, found "
                         << memories.size();
    numMemories = memories.size();
    if (failed(verifyResidence(emitError, memories.asArrayRef(), numLoops)))
      return failure();
  }
  return success();
}

MappingAttr MappingAttr::get(MLIRContext *context, const Mapping &mapping) {
  ArrayAttr residence;
  if (!mapping.residence.empty()) {
    SmallVector<Attribute> operands;
    for (ArrayRef<int8_t> memories : mapping.residence)
      operands.push_back(DenseI8ArrayAttr::get(context, memories));
    residence = ArrayAttr::get(context, operands);
  }
  return get(context, mapping.loops, mapping.parallel, mapping.grain,
             residence);
}

Mapping MappingAttr::toMapping() const {
  Mapping mapping;
  mapping.loops.assign(getLoops().begin(), getLoops().end());
  mapping.parallel = getParallel();
  mapping.grain = getGrain();
  if (getResidence())
    for (auto operand : getResidence().getAsRange<DenseI8ArrayAttr>())
      mapping.residence.emplace_back(operand.asArrayRef());
  return mapping;
}

LogicalResult MappingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<Mapping::Loop> loops,
                                  int64_t parallel, int64_t grain,
                                  ArrayAttr residence) {
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
  if (residence)
    return verifyResidences(emitError, residence, count);
  return success();
}

LogicalResult StripesAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t group, unsigned dim,
                                  ArrayRef<int64_t> bounds, int64_t kept) {
  if (bounds.size() < 2)
    return emitError() << "expected the bounds of at least one stripe, found "
                       << bounds.size() << " numbers";
  if (bounds.front() != 0)
    return emitError() << "expected bounds from 0, found " << bounds.front();
  if (!llvm::is_sorted(bounds))
    return emitError() << "expected bounds that do not fall, found [" << bounds
                       << "]";
  if (kept < 0)
    return emitError() << "expected 'kept' of at least 0, found " << kept;
  return success();
}

LogicalResult OnChipAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t room, ArrayRef<int64_t> rows,
                                 ArrayRef<int64_t> shifted, int64_t image,
                                 int64_t positions, int64_t fill) {
  for (auto [name, value] :
       {std::pair("room", room), {"image", image}, {"positions", positions}})
    if (value < 0)
      return emitError() << "expected '" << name << "' of at least 0, found "
                         << value;
  for (int64_t row : rows)
    if (row < -1)
      return emitError() << "expected rows of at least 0, or -1, found " << row;
  for (int64_t number : shifted)
    if (number < 0 || number >= int64_t(rows.size()))
      return emitError() << "expected 'shifted' to name one of " << rows.size()
                         << " operands and results, found " << number;
  if (fill < -128 || fill > 255)
    return emitError() << "expected 'fill' to be a byte, found " << fill;
  return success();
}

/// `["operations", 8.0, 2.0]`
static FailureOr<CostItem> readCostItem(NamedAttribute named) {
  auto entry = dyn_cast<ArrayAttr>(named.getValue());
  if (!entry || entry.size() != 3)
    return failure();
  auto unit = dyn_cast<StringAttr>(entry[0]);
  auto count = dyn_cast<FloatAttr>(entry[1]);
  auto each = dyn_cast<FloatAttr>(entry[2]);
  if (!unit || !count || !each || !count.getType().isF64() ||
      !each.getType().isF64())
    return failure();
  std::optional<CountUnit> parsed = parseCountUnit(unit.getValue());
  if (!parsed)
    return failure();
  return CostItem{named.getName().str(), *parsed, count.getValueAsDouble(),
                  each.getValueAsDouble()};
}

LogicalResult CostAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t, int64_t, int64_t, int64_t, int64_t,
                               DictionaryAttr items) {
  if (!items)
    return success();
  for (NamedAttribute named : items)
    if (failed(readCostItem(named)))
      return emitError() << "expected the item '" << named.getName().strref()
                         << "' to be [unit, count : f64, picojoules : f64], "
                            "found "
                         << named.getValue();
  return success();
}

CostAttr CostAttr::get(MLIRContext *context, const Cost &cost,
                       StringRef outermost) {
  Builder builder(context);
  SmallVector<NamedAttribute> items;
  for (const CostItem &item : cost.items)
    items.push_back(builder.getNamedAttr(
        item.component,
        builder.getArrayAttr({builder.getStringAttr(countUnitName(item.unit)),
                              builder.getF64FloatAttr(item.count),
                              builder.getF64FloatAttr(item.pjEach)})));
  bool isNamed = !outermost.empty();
  for (const CostItem &item : cost.items)
    if (item.unit == CountUnit::Bytes && !isNamed)
      outermost = StringRef(item.component).split('.').first;
  double bytes = 0;
  for (const CostItem &item : cost.items)
    if (item.unit == CountUnit::Bytes &&
        StringRef(item.component).split('.').first == outermost)
      bytes += item.count;
  return get(context, std::llround(cost.cycles), std::llround(cost.energyPj()),
             std::llround(cost.macs), std::llround(bytes),
             std::llround(cost.computeCycles),
             builder.getDictionaryAttr(items));
}

Cost CostAttr::toCost() const {
  Cost cost;
  cost.cycles = getCycles();
  cost.computeCycles = getCompute();
  cost.macs = getMacs();
  if (getItems())
    for (NamedAttribute named : getItems())
      if (FailureOr<CostItem> item = readCostItem(named); succeeded(item))
        cost.items.push_back(*item);
  return cost;
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
  if (OnChipAttr kept = getOnChipAttr()) {
    size_t wanted = getIns().size() + getNumResults();
    if (kept.getRows().size() != wanted)
      return emitOpError("expected ")
             << wanted << " rows on the chip, one for each operand and result,"
             << " found " << kept.getRows().size();
  }
  return verifyLayouts();
}

bool RegionOp::isKeptOnChip(unsigned number) {
  OnChipAttr kept = getOnChipAttr();
  return kept && kept.isKept(unsigned(getIns().size()) + number);
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

LogicalResult OffloadOp::verify() {
  if (int64_t(getEntry()) < 0)
    return emitOpError("expected an entry of at least 0, found ")
           << int64_t(getEntry());
  for (int64_t written : getWrites())
    if (written < 0 || written >= int64_t(getArgs().size()))
      return emitOpError("expected 'writes' to name arguments 0 to ")
             << int64_t(getArgs().size()) - 1 << ", found " << written;
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
