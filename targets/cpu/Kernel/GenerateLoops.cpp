//===- GenerateLoops.cpp - From mapped groups to a program ----------------===//
//
// Every region becomes a launch of a kernel on windows of the arena; equal
// regions share one kernel. Constants become weights in the order that their
// mapping asks for.
//
//===----------------------------------------------------------------------===//

#include "aicc/Mapping/Workload.h"
#include "targets/cpu/FlopCount.h"
#include "targets/cpu/Kernel/KernelEmitter.h"
#include "targets/cpu/Kernel/ProgramBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace aicc {
#define GEN_PASS_DEF_CPUGENERATELOOPSPASS
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

static Type storedType(Type elementType) {
  if (elementType.isInteger(1))
    return IntegerType::get(elementType.getContext(), 8);
  return elementType;
}

void ProgramBuilder::collectBorders() {
  source.walk([&](tensor::PadOp pad) {
    if (plan.contains(pad.getResult()))
      borders[plan.lookup(pad.getResult()).root].push_back(pad);
  });
}

/// Inputs and outputs keep their attributes and tell their shapes, which the
/// flat buffers no longer do.
void ProgramBuilder::createEntry() {
  FunctionType type = source.getFunctionType();
  SmallVector<Type> inputs;
  SmallVector<DictionaryAttr> attributes;
  auto add = [&](Type tensor, DictionaryAttr attrs) {
    auto ranked = cast<RankedTensorType>(tensor);
    inputs.push_back(MemRefType::get({ranked.getNumElements()},
                                     storedType(ranked.getElementType())));
    NamedAttrList list(attrs);
    list.set("aicc.shape", builder.getDenseI64ArrayAttr(ranked.getShape()));
    attributes.push_back(list.getDictionary(module.getContext()));
  };
  for (auto [i, input] : llvm::enumerate(type.getInputs()))
    add(input, source.getArgAttrDict(i));
  for (auto [i, result] : llvm::enumerate(type.getResults()))
    add(result, source.getResultAttrDict(i));
  arenaBytes = plan.placeArena();
  Type byte = builder.getI8Type();
  inputs.push_back(MemRefType::get({arenaBytes}, byte));
  // The size is known once all weights are.
  inputs.push_back(MemRefType::get({0}, byte));
  attributes.append(2, builder.getDictionaryAttr({}));

  builder.setInsertionPoint(source);
  entry = func::FuncOp::create(builder, source.getLoc(), "main",
                               builder.getFunctionType(inputs, {}));
  entry->setAttr("aicc.entry", builder.getUnitAttr());
  entry->setAttr("aicc.num_inputs",
                 builder.getI64IntegerAttr(type.getNumInputs()));
  entry.setAllArgAttrs(attributes);
  Block *body = entry.addEntryBlock();
  arena = body->getArgument(body->getNumArguments() - 2);
  weights = body->getArgument(body->getNumArguments() - 1);
  builder.setInsertionPointToStart(body);
}

Value ProgramBuilder::bufferFor(const BufferRef &ref, ArrayRef<int64_t> shape) {
  return bufferFor(ref, ref.span(shape));
}

/// The buffer of a kernel's argument: of the arena just the window of `span`
/// elements, else all.
Value ProgramBuilder::bufferFor(const BufferRef &ref, int64_t span) {
  const RootBuffer &root = plan.roots()[ref.root];
  if (root.kind == RootBuffer::Kind::Input)
    return entry.getArgument(root.number);
  if (root.kind == RootBuffer::Kind::Output)
    return entry.getArgument(source.getNumArguments() + root.number);
  int64_t width = storedBytes(root.elementType);
  Location loc = entry.getLoc();
  Value offset = arith::ConstantIndexOp::create(
      builder, loc, root.byteOffset + ref.offset * width);
  for (auto [value, step] : ref.dynamic) {
    Value index = scalars.lookupOrDefault(value);
    Value bytes = arith::MulIOp::create(
        builder, loc, index,
        arith::ConstantIndexOp::create(builder, loc, step * width));
    offset = arith::AddIOp::create(builder, loc, offset, bytes);
  }
  auto type = MemRefType::get({span}, storedType(root.elementType));
  return memref::ViewOp::create(builder, loc, type, arena, offset,
                                ValueRange());
}

/// Stored as it is, dimension by dimension.
static PackAttr unpacked(MLIRContext *context, ShapedType type) {
  SmallVector<int64_t> dims =
      llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  SmallVector<int64_t> ones(type.getRank(), 1);
  return PackAttr::get(context, dims, type.getShape(), ones);
}

Value ProgramBuilder::weightFor(Value constant, Attribute layout) {
  auto op = constant.getDefiningOp<arith::ConstantOp>();
  auto pack = dyn_cast<PackAttr>(layout);
  if (!pack)
    pack = unpacked(module.getContext(), cast<ShapedType>(constant.getType()));
  return weightFor(cast<ElementsAttr>(op.getValue()), pack, op.getLoc());
}

Value ProgramBuilder::weightFor(ElementsAttr value, PackAttr pack,
                                Location loc) {
  Type elementType = value.getShapedType().getElementType();
  int64_t elements = pack.getNumElements();
  auto [found, isNew] =
      weightOffsets.try_emplace({Attribute(value), pack}, weightBytes);
  int64_t byteOffset = found->second;
  if (isNew) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(source);
    std::string name = "w" + std::to_string(weightOffsets.size() - 1);
    WeightOp::create(builder, loc, name, byteOffset, pack, value);
    constexpr int64_t alignment = 64;
    weightBytes = llvm::alignTo(
        byteOffset + elements * storedBytes(elementType), alignment);
  }
  Value offset = arith::ConstantIndexOp::create(builder, loc, byteOffset);
  return memref::ViewOp::create(
      builder, loc, MemRefType::get({elements}, storedType(elementType)),
      weights, offset, ValueRange());
}

Value ProgramBuilder::buffer(Value tensor) {
  return bufferFor(plan.lookup(tensor),
                   cast<RankedTensorType>(tensor.getType()).getShape());
}

Value ProgramBuilder::constant(ElementsAttr bytes, Location loc) {
  return weightFor(bytes, unpacked(module.getContext(), bytes.getShapedType()),
                   loc);
}

/// Two regions are one kernel if they print alike without their locations.
FailureOr<func::FuncOp> ProgramBuilder::kernelFor(RegionModel &model,
                                                  const KernelMapping &mapping,
                                                  ArrayRef<Value> buffers,
                                                  ArrayRef<bool> isAlone) {
  RegionOp region = model.region;
  std::string key;
  llvm::raw_string_ostream os(key);
  for (auto [buffer, alone] : llvm::zip(buffers, isAlone))
    os << buffer.getType() << alone;
  os << region.getLayoutsAttr() << region.getMappingAttr();
  for (int64_t size : model.rootSizes)
    os << ' ' << size;
  OpPrintingFlags flags;
  flags.useLocalScope().printGenericOpForm();
  for (Operation &op : region.getBody().front())
    op.print(os, flags);
  func::FuncOp &kernel = kernels[key];
  if (kernel)
    return kernel;

  std::string why;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(entry);
  SmallVector<Type> types;
  for (Value buffer : buffers)
    types.push_back(buffer.getType());
  types.append(2, builder.getIndexType());
  kernel = func::FuncOp::create(builder, region.getLoc(),
                                "k" + std::to_string(kernels.size() - 1),
                                builder.getFunctionType(types, {}));
  kernel.setPrivate();
  kernel->setAttr("aicc.kernel", builder.getUnitAttr());
  for (auto [i, alone] : llvm::enumerate(isAlone))
    if (alone)
      kernel.setArgAttr(i, "aicc.noalias", builder.getUnitAttr());
  Block *body = kernel.addEntryBlock();
  builder.setInsertionPointToStart(body);
  unsigned count = buffers.size();
  KernelEmitter emitter(builder, model, mapping,
                        body->getArguments().take_front(count));
  if (failed(emitter.emit(body->getArgument(count),
                          body->getArgument(count + 1), why)))
    return region.emitError("cannot be generated: ") << why, failure();
  builder.setInsertionPointToEnd(body);
  func::ReturnOp::create(builder, region.getLoc());
  return kernel;
}

LogicalResult ProgramBuilder::emitLaunch(RegionOp region,
                                         ArrayRef<Value> buffers,
                                         ArrayRef<bool> isAlone) {
  std::string why;
  auto model = RegionModel::build(region, why);
  if (failed(model))
    return region.emitError("cannot be generated: ") << why;
  if (failed(emitLaunch(*model, buffers, isAlone)))
    return failure();
  // For the manifest.
  if (CostAttr cost = region.getCostAttr())
    launches.back()->setAttr("aicc.cost", cost);
  return success();
}

LogicalResult ProgramBuilder::emitLaunch(RegionModel &model,
                                         ArrayRef<Value> buffers,
                                         ArrayRef<bool> isAlone) {
  RegionOp region = model.region;
  MappingAttr attribute = region.getMappingAttr();
  if (!attribute)
    return region.emitError("has no mapping");
  auto mapping = KernelMapping::from(
      attribute.getLoops(), attribute.getParallel(), attribute.getGrain());
  if (!mapping)
    return region.emitError("cannot be generated: the mapping is not one loop "
                            "for each dimension around a register tile");
  auto kernel = kernelFor(model, *mapping, buffers, isAlone);
  if (failed(kernel))
    return failure();
  auto launch =
      LaunchOp::create(builder, region.getLoc(), kernel->getSymName(), buffers,
                       tripCount(model, *mapping), mapping->grain);
  if (std::optional<FlopCount> flops = countFlops(model, *mapping))
    launch->setAttr("aicc.flops", builder.getDenseI64ArrayAttr(
                                      {std::llround(flops->useful),
                                       std::llround(flops->executed)}));
  LaunchTrace record{toWorkload(model), *mapping, {}};
  for (const RegionAccess &access : model.accesses)
    record.windows.push_back(windowOf(buffers[access.operand]));
  trace.push_back(std::move(record));
  launches.push_back(launch);
  if (StringAttr machine = region.getMachineAttr())
    machineName = machine.str();
  return success();
}

/// The bytes that a launch's buffer takes: each argument of the program lies
/// in a part of the address space of its own. Where a buffer moves with a
/// loop, its first place.
LaunchTrace::Window ProgramBuilder::windowOf(Value buffer) const {
  constexpr int64_t apart = int64_t(1) << 40;
  auto type = cast<MemRefType>(buffer.getType());
  int64_t begin = 0;
  if (auto view = buffer.getDefiningOp<memref::ViewOp>()) {
    std::optional<int64_t> offset = getConstantIntValue(view.getByteShift());
    begin = offset.value_or(0);
    buffer = view.getSource();
  }
  begin += cast<BlockArgument>(buffer).getArgNumber() * apart;
  return {begin,
          begin + type.getNumElements() * storedBytes(type.getElementType())};
}

/// Tells each launch the bytes that it fetches into each cache.
void ProgramBuilder::predictTraffic() {
  std::shared_ptr<const MachineDesc> machine = namedMachine(machineName);
  if (!machine)
    return;
  auto traffic = aicc::cpu::predictTraffic(trace, *machine);
  for (auto [launch, bytes] : llvm::zip(launches, traffic)) {
    SmallVector<int64_t> rounded;
    for (const Transfer &transfer : bytes)
      rounded.push_back(std::llround(transfer.fetched));
    launch->setAttr("aicc.fetched", builder.getDenseI64ArrayAttr(rounded));
  }
}

LogicalResult ProgramBuilder::emitRegion(RegionOp region) {
  if (region.getNumResults() == 0)
    return success();
  for (Value result : region.getResults())
    if (cast<RankedTensorType>(result.getType()).getNumElements() == 0)
      return success();
  if (inStripes.contains(region))
    return success();
  if (region.getStripesAttr())
    return emitStripes(region);
  if (device && device->takes(region))
    return emitOffload(region);
  SmallVector<Value> buffers;
  SmallVector<unsigned> roots;
  SmallVector<Value> tensors(region.getIns());
  llvm::append_range(tensors, region.getResults());
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    const BufferRef &ref = plan.lookup(tensor);
    roots.push_back(ref.root);
    const RootBuffer &root = plan.roots()[ref.root];
    if (root.kind == RootBuffer::Kind::Constant)
      buffers.push_back(weightFor(root.constant, region.getLayoutsAttr()[i]));
    else
      buffers.push_back(
          bufferFor(ref, cast<RankedTensorType>(tensor.getType()).getShape()));
  }
  for (unsigned root : ArrayRef(roots).drop_front(region.getIns().size()))
    if (failed(emitBorders(root)))
      return failure();
  return emitLaunch(region, buffers, standAlone(region));
}

LogicalResult ProgramBuilder::emitOffload(RegionOp region) {
  for (OpResult result : region->getResults())
    if (!region.isKeptOnChip(result.getResultNumber()) &&
        failed(emitBorders(plan.lookup(result).root)))
      return failure();
  FailureOr<OffloadOp> offload = device->lower(region, *this, builder);
  if (failed(offload))
    return failure();
  if (CostAttr cost = region.getCostAttr())
    (*offload)->setAttr("aicc.cost", cost);
  return success();
}

/// By operand: what is written overlaps nothing else, and what is read is not
/// written.
SmallVector<bool> ProgramBuilder::standAlone(RegionOp region) const {
  SmallVector<Value> tensors(region.getIns());
  llvm::append_range(tensors, region.getResults());
  SmallVector<bool> isAlone;
  size_t inputs = region.getIns().size();
  for (size_t i = 0; i < tensors.size(); ++i) {
    bool alone = true;
    for (size_t j = 0; j < tensors.size(); ++j)
      alone &= i == j || (i < inputs && j < inputs) ||
               plan.lookup(tensors[i]).root != plan.lookup(tensors[j]).root;
    isAlone.push_back(alone);
  }
  return isAlone;
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

LogicalResult ProgramBuilder::emitBlock(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto region = dyn_cast<RegionOp>(op)) {
      if (failed(emitRegion(region)))
        return failure();
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      auto bound = [&](Value value) { return scalars.lookupOrDefault(value); };
      auto copy = scf::ForOp::create(
          builder, op.getLoc(), bound(loop.getLowerBound()),
          bound(loop.getUpperBound()), bound(loop.getStep()));
      scalars.map(loop.getInductionVar(), copy.getInductionVar());
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(copy.getBody());
      if (failed(emitBlock(*loop.getBody())))
        return failure();
    } else if (op.getNumResults() &&
               llvm::none_of(op.getResultTypes(), llvm::IsaPred<TensorType>)) {
      builder.clone(op, scalars);
    }
  }
  return success();
}

void ProgramBuilder::finish() {
  func::ReturnOp::create(builder, source.getLoc());
  SmallVector<Type> inputs(entry.getArgumentTypes());
  inputs.back() = MemRefType::get({weightBytes}, builder.getI8Type());
  entry.getArguments().back().setType(inputs.back());
  entry.setFunctionType(builder.getFunctionType(inputs, {}));
  module->setAttr("aicc.arena_bytes", builder.getI64IntegerAttr(arenaBytes));
  module->setAttr("aicc.weight_bytes", builder.getI64IntegerAttr(weightBytes));
  source.erase();
}

LogicalResult ProgramBuilder::run() {
  collectBorders();
  createEntry();
  if (failed(emitBlock(source.getBody().front())))
    return failure();
  predictTraffic();
  finish();
  return success();
}

namespace {
struct CpuGenerateLoopsPass
    : aicc::impl::CpuGenerateLoopsPassBase<CpuGenerateLoopsPass> {
  using CpuGenerateLoopsPassBase::CpuGenerateLoopsPassBase;
  CpuGenerateLoopsPass(RegionMapper mapper,
                       std::shared_ptr<DeviceRegions> device)
      : mapper(std::move(mapper)), device(std::move(device)) {}
  CpuGenerateLoopsPass(const CpuGenerateLoopsPass &other)
      : CpuGenerateLoopsPassBase(other), mapper(other.mapper),
        device(other.device) {}

  void getDependentDialects(DialectRegistry &registry) const override {
    CpuGenerateLoopsPassBase::getDependentDialects(registry);
    if (device)
      device->registerDialects(registry);
  }

  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!func) {
      getOperation().emitError("expected a function named 'main', found none");
      return signalPassFailure();
    }
    FailureOr<BufferPlan> plan = BufferPlan::build(func);
    if (failed(plan) ||
        failed(
            ProgramBuilder(getOperation(), func, std::move(*plan),
                           mapper ? mapper : makeRegionMapper(CompileOptions()),
                           device.get())
                .run()))
      signalPassFailure();
  }

  RegionMapper mapper;
  std::shared_ptr<DeviceRegions> device;
};
} // namespace

std::unique_ptr<Pass>
aicc::cpu::createGenerateLoopsPass(RegionMapper mapper,
                                   std::shared_ptr<DeviceRegions> device) {
  return std::make_unique<CpuGenerateLoopsPass>(std::move(mapper),
                                                std::move(device));
}
