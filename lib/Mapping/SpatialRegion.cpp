//===- SpatialRegion.cpp - What an array does for a group -----------------===//

#include "aicc/Mapping/SpatialRegion.h"
#include "aicc/Energy/SpatialCost.h"
#include "aicc/Mapping/Workload.h"
#include "aicc/Memory/BufferPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CastInterfaces.h"

#include <algorithm>

using namespace mlir;
using namespace aicc;

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

/// The input of `root` that `value` of its body is, but for casts and the
/// subtraction of a zero point.
static std::optional<unsigned> inputBehind(linalg::GenericOp root,
                                           Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<CastOpInterface, arith::SubIOp, arith::SubFOp>(op))
      return std::nullopt;
    value = op->getOperand(0);
  }
  auto argument = cast<BlockArgument>(value);
  if (argument.getOwner() != root.getBody() ||
      argument.getArgNumber() >= unsigned(root.getNumDpsInputs()))
    return std::nullopt;
  return argument.getArgNumber();
}

/// The numbers of the two inputs whose products `root` sums up.
static std::optional<std::pair<unsigned, unsigned>>
findFactors(linalg::GenericOp root) {
  Operation *sum = findCombiner(root);
  if (!sum || !isa<arith::AddFOp, arith::AddIOp>(sum))
    return std::nullopt;
  for (Value operand : sum->getOperands()) {
    Operation *product = operand.getDefiningOp();
    if (!product || !isa<arith::MulFOp, arith::MulIOp>(product))
      continue;
    auto first = inputBehind(root, product->getOperand(0));
    auto second = inputBehind(root, product->getOperand(1));
    if (first && second)
      return std::pair(*first, *second);
  }
  return std::nullopt;
}

/// The access by which the root reads its input `input`, other than `taken`.
static std::optional<unsigned> accessOf(const RegionModel &model,
                                        unsigned input,
                                        std::optional<unsigned> taken) {
  linalg::GenericOp root = model.root;
  Value value = root.getDpsInputs()[input];
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  auto argument = dyn_cast<BlockArgument>(value);
  for (auto [number, access] : llvm::enumerate(model.accesses))
    if (argument && access.inReduction && !access.isStore &&
        access.operand == argument.getArgNumber() && number != taken)
      return number;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

namespace {
/// What a type is computed with.
struct Precision {
  Arithmetic arithmetic = Arithmetic::F32;
  int64_t bits = 32;
  std::string name; ///< "f32"; "i64" has no arithmetic of its own.
};
} // namespace

static int64_t widthOf(Arithmetic arithmetic) {
  switch (arithmetic) {
  case Arithmetic::I4:
    return 4;
  case Arithmetic::I8:
  case Arithmetic::F8:
    return 8;
  case Arithmetic::I16:
  case Arithmetic::F16:
  case Arithmetic::BF16:
    return 16;
  case Arithmetic::I32:
  case Arithmetic::F32:
    return 32;
  case Arithmetic::F64:
    break;
  }
  return 64;
}

static Arithmetic integerOf(int64_t bits) {
  return bits <= 4    ? Arithmetic::I4
         : bits <= 8  ? Arithmetic::I8
         : bits <= 16 ? Arithmetic::I16
                      : Arithmetic::I32;
}

static Precision precisionOf(Type type) {
  Precision precision;
  llvm::raw_string_ostream(precision.name) << type;
  precision.bits = storedBytes(type) * 8;
  if (type.isF64())
    precision.arithmetic = Arithmetic::F64;
  else if (type.isBF16())
    precision.arithmetic = Arithmetic::BF16;
  else if (type.isF16())
    precision.arithmetic = Arithmetic::F16;
  else if (isa<FloatType>(type) && precision.bits == 8)
    precision.arithmetic = Arithmetic::F8;
  else if (!isa<FloatType>(type))
    precision.arithmetic = integerOf(precision.bits);
  return precision;
}

/// By width, widest first; of equals the one of the larger range.
static constexpr Arithmetic byWidth[] = {
    Arithmetic::F64,  Arithmetic::F32, Arithmetic::I32,
    Arithmetic::BF16, Arithmetic::F16, Arithmetic::I16,
    Arithmetic::F8,   Arithmetic::I8,  Arithmetic::I4};

/// `wanted` if the machine has it, else the widest that is no wider, else the
/// narrowest. Null for a machine that states no multiply-accumulate.
static std::optional<Arithmetic> arithmeticOn(const MachineDesc &machine,
                                              Arithmetic wanted) {
  if (machine.crossbar)
    return integerOf(
        std::max(machine.crossbar->weightBits, machine.crossbar->inputBits));
  auto has = [&](Arithmetic arithmetic) {
    return machine.action(("mac_" + stringify(arithmetic)).str()) != nullptr;
  };
  if (has(wanted))
    return wanted;
  std::optional<Arithmetic> narrowest;
  for (Arithmetic arithmetic : byWidth) {
    if (!has(arithmetic))
      continue;
    if (widthOf(arithmetic) <= widthOf(wanted))
      return arithmetic;
    narrowest = arithmetic;
  }
  return narrowest;
}

//===----------------------------------------------------------------------===//
// The loop nest
//===----------------------------------------------------------------------===//

namespace {
class RegionBuilder {
public:
  RegionBuilder(const RegionModel &model, const MachineDesc &machine,
                ArrayKind kind, std::string &why)
      : model(model), machine(machine), kind(kind), why(why),
        all(toWorkload(model)) {}

  std::optional<SpatialRegion> run();

private:
  bool chooseOperands();
  bool choosePrecision();
  void setWidths(Workload::Operand &operand);
  void capSums(Workload::Operand &result);
  void nameByAddress(unsigned access);
  void addPast(unsigned access);
  void say(const llvm::Twine &text);

  const RegionModel &model;
  const MachineDesc &machine;
  ArrayKind kind;
  std::string &why;
  Workload all; ///< With every access of the group.
  SmallVector<unsigned, 4> inArray;
  bool isContraction = false;
  bool isAsModel = true; ///< The machine has the model's type.
  SpatialRegion region;
};
} // namespace

void RegionBuilder::say(const llvm::Twine &text) {
  if (!region.note.empty())
    region.note += "; ";
  region.note += text.str();
}

/// The accesses that the array makes, the one of its result last.
bool RegionBuilder::chooseOperands() {
  auto firstStore =
      llvm::find_if(model.accesses,
                    [](const RegionAccess &access) { return access.isStore; });
  if (firstStore == model.accesses.end()) {
    why = "it has no result";
    return false;
  }
  if (auto factors = findFactors(model.root)) {
    auto first = accessOf(model, factors->first, std::nullopt);
    auto second = accessOf(model, factors->second, first);
    if (first && second) {
      isContraction = true;
      if (all.operands[*first].isPacked && !all.operands[*second].isPacked)
        std::swap(first, second);
      all.operands[*first].role = OperandRole::Input;
      all.operands[*second].role = OperandRole::Weight;
      inArray = {*first, *second};
    }
  }
  if (!isContraction && kind == ArrayKind::Multiplies) {
    why = "the array sums products of two operands, and nothing else";
    return false;
  }
  if (!isContraction)
    for (auto [number, access] : llvm::enumerate(model.accesses))
      if (!access.isStore && (access.inReduction || !model.hasReduction()))
        inArray.push_back(number);
  inArray.push_back(firstStore - model.accesses.begin());
  return true;
}

bool RegionBuilder::choosePrecision() {
  Precision wanted;
  wanted.bits = 0;
  // A result may be narrower (a comparison) or wider (a sum) than what it is
  // computed from; only what reads nothing is known by its result.
  for (unsigned access : inArray) {
    if (wanted.bits && model.accesses[access].isStore)
      continue;
    Precision precision =
        precisionOf(model.elementType(model.accesses[access].operand));
    if (precision.bits > wanted.bits)
      wanted = precision;
  }
  auto found = arithmeticOn(machine, wanted.arithmetic);
  if (!found) {
    why = "machine '" + machine.name +
          "' states no energy of a multiply-accumulate";
    return false;
  }
  region.workload.arithmetic = *found;
  isAsModel = *found == wanted.arithmetic && wanted.bits <= widthOf(*found);
  if (machine.crossbar &&
      (machine.crossbar->weightBits != wanted.bits ||
       machine.crossbar->inputBits != wanted.bits || !isAsModel))
    say("priced as integers, weights of " +
        llvm::Twine(machine.crossbar->weightBits) + " and inputs of " +
        llvm::Twine(machine.crossbar->inputBits) + " bit: the machine has no " +
        wanted.name);
  else if (!isAsModel)
    say("priced as " + stringify(*found) + ": the machine has no " +
        wanted.name);
  return true;
}

void RegionBuilder::setWidths(Workload::Operand &operand) {
  int64_t width = widthOf(region.workload.arithmetic);
  if (machine.crossbar)
    operand.bits = operand.role == OperandRole::Weight
                       ? machine.crossbar->weightBits
                   : operand.role == OperandRole::Input || !isAsModel
                       ? machine.crossbar->inputBits
                       : operand.bits;
  else if (!isAsModel)
    operand.bits = width;
  if (operand.isOutput())
    operand.partialBits = std::max<int64_t>({32, width, operand.bits});
}

/// Sums are as wide as the narrowest memory that one must fit into.
void RegionBuilder::capSums(Workload::Operand &result) {
  int64_t widest = result.partialBits;
  for (const MemoryDesc &memory : machine.memories)
    if (memory.bytes > 0 && memory.holdsRole(OperandRole::Output))
      widest =
          std::min(widest, memory.bytes * 8 / (memory.doubleBuffered ? 2 : 1));
  if (widest == result.partialBits)
    return;
  say("sums of " + llvm::Twine(widest) + " bit");
  result.partialBits = widest;
  result.bits = std::min(result.bits, widest);
}

/// Dimensions of the group are merged where each operand walks them as one, in
/// memory. Where such an index has other terms too (a window of Rx1), only the
/// address still names an element.
void RegionBuilder::nameByAddress(unsigned access) {
  const RegionAccess &moved = model.accesses[access];
  Workload::Operand &operand = all.operands[access];
  auto isMixed = [&](const LinearForm &form) {
    auto isOuterPart = [&](const RegionModel::Dim &dim) {
      return llvm::any_of(llvm::ArrayRef(dim.original).drop_back(),
                          [&](unsigned d) { return form.coeffs[d] != 0; });
    };
    return llvm::any_of(model.dims, isOuterPart) &&
           llvm::any_of(model.overDims(form).coeffs,
                        [](int64_t coefficient) { return coefficient != 0; });
  };
  if (operand.isPacked || llvm::none_of(moved.index, isMixed))
    return;
  SmallVector<Workload::Term, 2> terms;
  for (auto [dim, stride] : llvm::enumerate(operand.strides))
    if (stride != 0)
      terms.push_back({unsigned(dim), stride});
  operand.index.assign(1, terms);
}

/// An operand that the array does not see.
void RegionBuilder::addPast(unsigned access) {
  const RegionAccess &moved = model.accesses[access];
  Workload::Operand operand = all.operands[access];
  // Constants after the sums (biases) are as wide as these.
  if (operand.role != OperandRole::Weight)
    setWidths(operand);
  RegionOp op = model.region;
  auto type = cast<ShapedType>(
      moved.isStore
          ? op.getResult(moved.operand - model.numArguments()).getType()
          : op.getIns()[moved.operand].getType());
  (moved.isStore ? region.writtenBytes : region.readBytes) +=
      double(type.getNumElements()) * double(operand.bits) / 8;
}

std::optional<SpatialRegion> RegionBuilder::run() {
  if (!chooseOperands() || !choosePrecision())
    return std::nullopt;
  Workload &workload = region.workload;
  workload.dims = all.dims;
  if (workload.dims.empty())
    workload.dims.push_back({});
  for (unsigned access : inArray) {
    nameByAddress(access);
    workload.operands.push_back(all.operands[access]);
    setWidths(workload.operands.back());
  }
  capSums(workload.operands.back());
  workload.opsPerPoint = isContraction ? 1 : all.opsPerPoint;
  if (kind == ArrayKind::Programmable)
    workload.opsPerResult = all.opsPerResult;
  else if (all.opsPerResult > 0)
    say("operations after the sums are not priced");
  for (unsigned access = 0; access < model.accesses.size(); ++access)
    if (!llvm::is_contained(inArray, access))
      addPast(access);
  return std::move(region);
}

std::optional<SpatialRegion> aicc::toSpatialRegion(const RegionModel &model,
                                                   const MachineDesc &machine,
                                                   ArrayKind kind,
                                                   std::string &why) {
  bool gathers = false;
  RegionOp(model.region).walk([&](tensor::ExtractOp) { gathers = true; });
  if (gathers) {
    why = "it reads at indices that are known at run time only";
    return std::nullopt;
  }
  return RegionBuilder(model, machine, kind, why).run();
}

//===----------------------------------------------------------------------===//
// Past the array
//===----------------------------------------------------------------------===//

void aicc::addPastArray(const SpatialRegion &region, const MachineDesc &machine,
                        Cost &cost) {
  const MemoryDesc &memory = machine.memories.back();
  cost.add(memory.name + ".read", CountUnit::Bytes, region.readBytes,
           memory.readPjPerByte.value);
  cost.add(memory.name + ".write", CountUnit::Bytes, region.writtenBytes,
           memory.writePj());
  double bytes = memory.sharedPort
                     ? region.readBytes + region.writtenBytes
                     : std::max(region.readBytes, region.writtenBytes);
  if (bytes <= 0 || !memory.bytesPerCycle.isSet() ||
      memory.bytesPerCycle.value <= 0)
    return;
  addCycles(bytes / memory.bytesPerCycle.value, cost);
}
