//===- Program.cpp - What the artefact says about the program -------------===//

#include "lib/Codegen/Program.h"

#include "aicc/Codegen/Passes.h"
#include "aicc/Support/MlirDiagnostics.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;

std::optional<aicc_dtype> aicc::parseDtype(StringRef name) {
  for (int dtype = AICC_BOOL; dtype <= AICC_UINT2; ++dtype)
    if (name == aicc_dtype_name(static_cast<aicc_dtype>(dtype)))
      return static_cast<aicc_dtype>(dtype);
  return std::nullopt;
}

int64_t aicc::storedElementBytes(Type type) {
  if (type.isInteger(1))
    return 1;
  if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() % 8)
    return 0;
  return type.getIntOrFloatBitWidth() / 8;
}

static FailureOr<TensorInfo> readTensor(func::FuncOp entry, unsigned index) {
  TensorInfo info;
  auto name = entry.getArgAttrOfType<StringAttr>(index, "aicc.name");
  auto dtype = entry.getArgAttrOfType<StringAttr>(index, "aicc.dtype");
  auto shape = entry.getArgAttrOfType<DenseI64ArrayAttr>(index, "aicc.shape");
  if (!name || !dtype || !shape)
    return entry.emitOpError("expected 'aicc.name', 'aicc.dtype' and "
                             "'aicc.shape' on argument ")
           << index;
  std::optional<aicc_dtype> parsed = parseDtype(dtype.getValue());
  if (!parsed)
    return entry.emitOpError("unknown element type '")
           << dtype.getValue() << "' of argument " << index;
  info.name = name.getValue().str();
  info.dtype = *parsed;
  int64_t elements = 1;
  for (int64_t extent : shape.asArrayRef()) {
    if (extent < 0 || llvm::MulOverflow(elements, extent, elements))
      return entry.emitOpError("expected a static shape of argument ") << index;
    info.shape.push_back(extent);
  }
  auto type = dyn_cast<MemRefType>(entry.getArgument(index).getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() != elements)
    return entry.emitOpError("expected argument ")
           << index << " to be a memref of " << elements << " elements";
  return info;
}

static LogicalResult readWeights(ModuleOp module, ProgramInfo &info) {
  for (auto op : module.getOps<WeightOp>())
    info.weights.push_back({static_cast<int64_t>(op.getOffset()), op.getPack(),
                            op.getValue(), op.getLoc()});
  llvm::stable_sort(info.weights, [](const WeightInfo &a, const WeightInfo &b) {
    return a.offset < b.offset;
  });
  int64_t end = 0;
  for (const WeightInfo &weight : info.weights) {
    int64_t bytes = storedElementBytes(weight.value.getElementType());
    if (!bytes || llvm::MulOverflow(bytes, weight.pack.getNumElements(), bytes))
      return emitError(weight.loc, "weight of type ")
             << weight.value.getType() << " cannot be stored";
    if (weight.offset < end)
      return emitError(weight.loc, "weight at offset ")
             << weight.offset << " overlaps the one before, which ends at "
             << end;
    end = weight.offset + bytes;
  }
  if (end > info.weightBytes)
    return module.emitError("weights end at byte ")
           << end << " of a section of " << info.weightBytes;
  return success();
}

/// How often the loops around `op` run it; 1 for a loop without known bounds.
static int64_t timesRun(Operation *op) {
  int64_t times = 1;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>()) {
    std::optional<int64_t> begin = getConstantIntValue(loop.getLowerBound()),
                           end = getConstantIntValue(loop.getUpperBound()),
                           step = getConstantIntValue(loop.getStep());
    if (begin && end && step && *step > 0 && *end > *begin)
      times *= (*end - *begin + *step - 1) / *step;
  }
  return times;
}

static void readLaunches(func::FuncOp entry, ProgramInfo &info) {
  entry.walk([&](Operation *op) {
    auto cost = op->getAttrOfType<CostAttr>("aicc.cost");
    if (!cost || !isa<LaunchOp, OffloadOp>(op))
      return;
    auto launch = dyn_cast<LaunchOp>(op);
    llvm::StringRef kernel =
        launch ? launch.getKernel() : cast<OffloadOp>(op).getProgram();
    NodeOrigin origin = nodeOrigin(op->getLoc());
    info.launches.push_back(
        {origin.node, origin.op, kernel.str(), timesRun(op), cost});
  });
}

static LogicalResult readDevice(ModuleOp module, ProgramInfo &info) {
  auto family = module->getAttrOfType<StringAttr>(deviceFamilyAttrName);
  auto program = module->getAttrOfType<DenseI8ArrayAttr>(deviceProgramAttrName);
  if (bool(family) != bool(program))
    return module.emitError("expected '")
           << deviceFamilyAttrName << "' and '" << deviceProgramAttrName
           << "' together";
  if (!family)
    return success();
  info.deviceFamily = family.str();
  info.deviceProgram.assign(program.asArrayRef().begin(),
                            program.asArrayRef().end());
  return success();
}

static int64_t integerOf(Operation *op, StringRef name) {
  auto attribute = op->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getInt() : 0;
}

FailureOr<ProgramInfo> aicc::readProgram(ModuleOp module) {
  ProgramInfo info;
  if (auto name = module->getAttrOfType<StringAttr>("aicc.model"))
    info.model = name.getValue().str();
  info.prefix = symbolPrefix(info.model);
  info.arenaBytes = integerOf(module, "aicc.arena_bytes");
  info.weightBytes = integerOf(module, "aicc.weight_bytes");
  if (failed(readDevice(module, info)))
    return failure();
  if (info.arenaBytes < 0 || info.weightBytes < 0)
    return module.emitError("expected arena and weights of at least 0 bytes");

  func::FuncOp entry;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr("aicc.entry"))
      entry = function;
  if (!entry)
    return module.emitError("expected a function with 'aicc.entry'");
  int64_t numInputs = integerOf(entry, "aicc.num_inputs");
  int64_t numTensors = static_cast<int64_t>(entry.getNumArguments()) - 2;
  if (numInputs < 0 || numTensors < numInputs)
    return entry.emitOpError("expected inputs, outputs, arena and weights");
  for (int64_t i = 0; i < numTensors; ++i) {
    FailureOr<TensorInfo> tensor = readTensor(entry, i);
    if (failed(tensor))
      return failure();
    (i < numInputs ? info.inputs : info.outputs).push_back(*tensor);
  }
  if (failed(readWeights(module, info)))
    return failure();
  readLaunches(entry, info);
  return info;
}
