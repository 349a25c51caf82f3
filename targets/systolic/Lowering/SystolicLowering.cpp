//===- SystolicLowering.cpp - Groups as programs of the array -------------===//

#include "targets/systolic/Lowering/SystolicLowering.h"
#include "targets/systolic/Lowering/Parameters.h"
#include "targets/systolic/Lowering/ProgramEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

//===----------------------------------------------------------------------===//
// What can be lowered
//===----------------------------------------------------------------------===//

namespace {
class Lowering : public SpatialLowering {
public:
  std::optional<Group> match(RegionOp region, const MachineDesc &machine,
                             double share, std::string &why) const override;
  std::optional<Mapping> accept(const Group &group, const Mapping &mapping,
                                std::string &why) const override;
  void addBesides(const Group &group, const Mapping &mapping,
                  Cost &cost) const override;

private:
  struct State {
    State(const ArrayMachine &machine, Product product,
          const MachineDesc &whole)
        : machine(machine), product(std::move(product)),
          used(machine.restrict(whole, /*share=*/1)),
          model(this->product.workload(), used) {}

    ArrayMachine machine;
    Product product;
    MachineDesc used; ///< By programs.
    AccessModel model;
  };
};
} // namespace

static void addAxes(ArrayRef<Axis> axes, Workload::TileRows &rows) {
  for (const Axis &axis : axes)
    rows.axes.push_back({axis.stride, axis.terms});
}

/// The rows in which the emitter moves tiles between DRAM and the chip.
static void describeRows(const ArrayMachine &machine, Product &product) {
  constexpr int64_t mostColumns = 65535; // 16 bits.
  auto &operands = product.spatial.workload.operands;
  int64_t cols = machine.config.cols;
  Workload::TileRows input;
  addAxes(product.inputAxes, input);
  input.lane = product.rowDim;
  input.start = product.inputStart;
  input.rowLanes = machine.config.rows;
  input.joinsSeveral = true;
  input.mostJoined = mostColumns;
  operands[0].rows = std::move(input);

  Workload::TileRows weight;
  SmallVector<unsigned> inside(product.weightDims.begin(),
                               product.weightDims.end());
  if (product.rowDim >= 0)
    inside.push_back(unsigned(product.rowDim));
  for (unsigned dim : inside)
    weight.axes.push_back({0, {{dim, 1}}});
  weight.lane = product.colDim;
  weight.rowLanes = cols;
  weight.mostJoined = mostColumns;
  weight.isPacked = true;
  operands[1].rows = std::move(weight);

  Workload::TileRows result;
  addAxes(product.resultAxes, result);
  result.lane = product.colDim;
  result.start = product.resultStart;
  result.rowLanes = cols;
  result.mostJoined = mostColumns;
  int64_t blocks = std::max<int64_t>(mostColumns / cols, 1);
  if (!product.epilogue.isRaw)
    blocks = std::min(blocks, machine.parameterBlocks());
  result.mostLanes = blocks * cols;
  operands[2].rows = std::move(result);
}

std::optional<SpatialLowering::Group>
Lowering::match(RegionOp region, const MachineDesc &machine, double share,
                std::string &why) const {
  std::optional<ArrayMachine> array = ArrayMachine::get(machine, why);
  if (!array)
    return std::nullopt;
  std::optional<Product> product = Product::match(region, machine, why);
  if (!product)
    return std::nullopt;
  describeRows(*array, *product);
  Group group;
  group.region = product->spatial;
  group.machine = array->restrict(machine, share);
  for (int dim : {product->rowDim, product->colDim})
    group.axisDims.push_back(dim < 0 ? 0 : uint64_t(1) << dim);
  auto state = std::make_shared<State>(*array, std::move(*product), machine);
  group.priced = {state, &state->used};
  group.state = std::move(state);
  return group;
}

std::optional<Mapping> Lowering::accept(const Group &group,
                                        const Mapping &mapping,
                                        std::string &why) const {
  const State &state = *static_cast<const State *>(group.state.get());
  Mapping aligned =
      toLowered(state.product, state.machine, state.model, mapping);
  if (!canRun(state.product, state.machine, state.model, aligned, why))
    return std::nullopt;
  return aligned;
}

void Lowering::addBesides(const Group &group, const Mapping &mapping,
                          Cost &cost) const {
  const State &state = *static_cast<const State *>(group.state.get());
  std::string why;
  auto plan = TilePlan::make(state.product, state.machine, mapping, why);
  if (!plan)
    return;
  ParameterBytes bytes =
      parameterBytes(state.product, state.machine, mapping, *plan);
  const MemoryDesc &dram = state.used.memories[state.machine.dram];
  const MemoryDesc &sums = state.used.memories[state.machine.accumulator];
  cost.add(dram.name + ".read", CountUnit::Bytes, bytes.fromDram,
           dram.readPjPerByte.value);
  cost.add(sums.name + ".write", CountUnit::Bytes, bytes.loaded,
           sums.writePj());
  cost.add(sums.name + ".read", CountUnit::Bytes, bytes.read,
           sums.readPjPerByte.value);
}

std::shared_ptr<const SpatialLowering> aicc::systolic::createLowering() {
  return std::make_shared<Lowering>();
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

namespace {
class SystolicRegions : public cpu::DeviceRegions {
public:
  explicit SystolicRegions(std::shared_ptr<const MachineDesc> machine)
      : machine(std::move(machine)) {}

  void registerDialects(DialectRegistry &registry) const override {
    registerSystolicDialect(registry);
  }
  bool takes(RegionOp region) const override {
    return region.getMachine() == llvm::StringRef(machine->name) &&
           region.getMappingAttr() && region.getMappingAttr().getResidence();
  }
  FailureOr<OffloadOp> lower(RegionOp region, cpu::HostBuffers &buffers,
                             OpBuilder &builder) override;

private:
  /// Programs of equal regions differ in their constants only.
  struct Known {
    ProgramOp program;
    int64_t entry = 0;
    std::vector<ConstantBlob::Request> requests;
  };
  static std::string keyOf(const Product &product);

  std::shared_ptr<const MachineDesc> machine;
  llvm::StringMap<Known> known;
};
} // namespace

std::string SystolicRegions::keyOf(const Product &product) {
  std::string key;
  llvm::raw_string_ostream os(key);
  RegionOp region = product.model.region;
  os << region.getLayoutsAttr() << region.getMappingAttr();
  for (int64_t size : product.model.rootSizes)
    os << ' ' << size;
  OpPrintingFlags flags;
  flags.useLocalScope().printGenericOpForm();
  for (Operation &op : region.getBody().front())
    op.print(os, flags);
  return key;
}

static ElementsAttr bytesAttr(MLIRContext *context, std::vector<char> bytes) {
  auto type = RankedTensorType::get({int64_t(bytes.size())},
                                    IntegerType::get(context, 8));
  return DenseResourceElementsAttr::get(
      type, "systolic_constants",
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, /*align=*/64,
                                                    /*dataIsMutable=*/false));
}

FailureOr<OffloadOp> SystolicRegions::lower(RegionOp region,
                                            cpu::HostBuffers &buffers,
                                            OpBuilder &builder) {
  std::string why;
  auto refuse = [&]() -> LogicalResult {
    return region.emitError("cannot be generated: ") << why;
  };
  std::optional<ArrayMachine> array = ArrayMachine::get(*machine, why);
  std::optional<Product> product =
      array ? Product::match(region, *machine, why) : std::nullopt;
  if (!product)
    return refuse();
  Mapping mapping = region.getMappingAttr().toMapping();
  std::optional<TilePlan> plan = TilePlan::make(*product, *array, mapping, why);
  auto constant = region.getIns()[product->weightOperand]
                      .getDefiningOp<arith::ConstantOp>();
  auto elements =
      constant ? dyn_cast<ElementsAttr>(constant.getValue()) : nullptr;
  std::optional<ConstantTensor> weights =
      elements ? ConstantTensor::get(elements) : std::nullopt;
  if (!weights)
    why = "its weights are no constant that can be read";
  if (!plan || !weights)
    return refuse();

  Location loc = region.getLoc();
  ConstantBlob blob(*product, *array, *weights);
  Known &found = known[keyOf(*product)];
  if (found.program) {
    blob.replay(found.requests);
  } else {
    OpBuilder::InsertionGuard guard(builder);
    // Beside the function, which may hold loops around the region.
    Operation *function = builder.getInsertionBlock()->getParentOp();
    while (!isa<ModuleOp>(function->getParentOp()))
      function = function->getParentOp();
    builder.setInsertionPoint(function);
    found.entry = int64_t(known.size()) - 1;
    found.program = ProgramOp::create(
        builder, loc, "p" + std::to_string(found.entry), numProductSegments);
    builder.setInsertionPointToStart(&found.program.getBody().emplaceBlock());
    ProgramEmitter(*product, *array, mapping, *plan, blob, builder, loc).run();
    found.requests = blob.requests();
  }
  Value args[] = {
      buffers.buffer(region.getIns()[product->inputOperand]),
      buffers.constant(bytesAttr(region.getContext(), blob.take()), loc),
      buffers.buffer(region.getResult(0))};
  return OffloadOp::create(builder, loc, found.program.getSymName(),
                           found.entry, args, ArrayRef<int64_t>{resultSegment});
}

std::shared_ptr<cpu::DeviceRegions> aicc::systolic::createDeviceRegions(
    std::shared_ptr<const MachineDesc> machine) {
  return std::make_shared<SystolicRegions>(std::move(machine));
}
