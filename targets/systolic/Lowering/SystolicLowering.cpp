//===- SystolicLowering.cpp - Groups as programs of the array -------------===//

#include "targets/systolic/Lowering/SystolicLowering.h"
#include "aicc/Energy/SpatialCost.h"
#include "aicc/Memory/StorageOrder.h"
#include "dialects/systolic/IR/Systolic.h"
#include "targets/systolic/Isa/Roll.h"
#include "targets/systolic/Lowering/Kept.h"
#include "targets/systolic/Lowering/KeptPlan.h"
#include "targets/systolic/Lowering/Parameters.h"
#include "targets/systolic/Lowering/ProgramEmitter.h"
#include "targets/systolic/Lowering/VectorEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

//===----------------------------------------------------------------------===//
// What can be lowered
//===----------------------------------------------------------------------===//

/// Of the largest tile. Weights that wait in the scratchpad are never what a
/// pass waits for, but passes as short as small tiles of them are: sums leave
/// the array long after the next ones could start, and the queues fill up. In a
/// FIFO a tile has its place until then.
static int64_t weightRows(const ArrayMachine &machine, const Product &product) {
  int64_t rows = machine.config.rows, cols = machine.config.cols;
  if (!machine.streamsWeights)
    return rows;
  return std::clamp(product.size(product.rowDim),
                    std::min((rows + cols) / int64_t(TileSlots::most), rows),
                    rows);
}

namespace {
class Lowering : public SpatialLowering {
public:
  std::optional<Group> match(RegionOp region, const MachineDesc &machine,
                             double share, std::string &why) const override;
  std::optional<Mapping> accept(const Group &group, const Mapping &mapping,
                                std::string &why) const override;
  std::optional<Placed> place(RegionOp region, const MachineDesc &machine,
                              std::string &why) const override;
  std::unique_ptr<KeptPlan>
  planKept(func::FuncOp func, const MachineDesc &machine) const override {
    return systolic::planKept(func, machine);
  }
  void addBesides(const Group &group, const Mapping &mapping,
                  Cost &cost) const override;

private:
  struct State {
    State(const ArrayMachine &machine, Product product,
          const MachineDesc &whole)
        : machine(machine), product(std::move(product)),
          used(machine.restrict(whole, /*share=*/1,
                                weightRows(machine, this->product))),
          model(this->product.workload(), used) {}

    ArrayMachine machine;
    Product product;
    MachineDesc used; ///< By programs.
    AccessModel model;
  };
};
} // namespace

/// `machine` for the program of `region`, which leaves alone what is kept.
static std::optional<ArrayMachine>
arrayFor(RegionOp region, const MachineDesc &machine, std::string &why) {
  std::optional<ArrayMachine> array = ArrayMachine::get(machine, why);
  if (OnChipAttr kept = region.getOnChipAttr(); array && kept)
    array->tileRows = std::min(int64_t(kept.getRoom()), array->tileRows);
  return array;
}

/// The rows in which weights move: as the program has them, or as they lie in
/// memory.
static Workload::TileRows weightRowsOf(const ArrayMachine &machine,
                                       const Product &product,
                                       int64_t mostColumns) {
  Workload::TileRows weight;
  SmallVector<unsigned> inside(product.weightDims.begin(),
                               product.weightDims.end());
  if (product.rowDim >= 0 && !product.isDiagonal())
    inside.push_back(unsigned(product.rowDim));
  for (unsigned dim : inside)
    weight.axes.push_back(
        {product.isWeightComputed ? product.weightStrides[dim] : 0,
         {{dim, 1}}});
  weight.lane = product.colDim;
  weight.rowLanes = machine.config.cols;
  weight.mostJoined = product.isWeightComputed ? 1 : mostColumns;
  weight.isPacked = !product.isWeightComputed;
  weight.start = product.weightStart;
  return weight;
}

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

  operands[1].rows = weightRowsOf(machine, product, mostColumns);

  Workload::TileRows result;
  addAxes(product.resultAxes, result);
  result.lane = product.colDim;
  result.start = product.resultStart;
  result.rowLanes = cols;
  result.mostJoined = mostColumns;
  int64_t blocks = std::max<int64_t>(mostColumns / cols, 1);
  if (product.hasParameters())
    blocks = std::min(blocks, machine.parameterBlocks());
  result.mostLanes = blocks * cols;
  operands[2].rows = std::move(result);
}

std::optional<SpatialLowering::Group>
Lowering::match(RegionOp region, const MachineDesc &machine, double share,
                std::string &why) const {
  std::optional<ArrayMachine> array = arrayFor(region, machine, why);
  if (!array)
    return std::nullopt;
  std::optional<Product> product = Product::match(region, machine, *array, why);
  if (!product)
    return std::nullopt;
  describeRows(*array, *product);
  Group group;
  group.region = product->spatial;
  group.machine = array->restrict(machine, share, weightRows(*array, *product));
  group.room = array->tileRows;
  // Along the diagonal each column has one multiplier that counts.
  for (int dim :
       {product->isDiagonal() ? -1 : product->rowDim, product->colDim})
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

std::optional<SpatialLowering::Placed>
Lowering::place(RegionOp region, const MachineDesc &machine,
                std::string &why) const {
  std::string reason;
  std::optional<ArrayMachine> array = arrayFor(region, machine, reason);
  FailureOr<RegionModel> model = RegionModel::build(region, reason);
  // Sums of products are the array's or the host's.
  if (!array || failed(model) || contractionDims(*model))
    return std::nullopt;
  std::optional<VectorGroup> group = VectorGroup::match(region, *array, reason);
  std::optional<VectorChoice> choice;
  if (group)
    choice = chooseTiles(*group, *array, machine, reason);
  if (!choice) {
    why = "vector unit: " + reason;
    return std::nullopt;
  }
  return Placed{std::move(choice->mapping), std::move(choice->cost),
                "vector unit"};
}

/// The squares of the parts, summed, into which `tiles` (outermost first) cut
/// `extent`.
static double sumOfSquares(int64_t extent, ArrayRef<int64_t> tiles) {
  if (tiles.empty())
    return double(extent) * double(extent);
  int64_t tile = std::min(tiles.front(), extent), whole = extent / tile;
  double squares = double(whole) * sumOfSquares(tile, tiles.drop_front());
  if (int64_t rest = extent % tile)
    squares += sumOfSquares(rest, tiles.drop_front());
  return squares;
}

/// Zeros beside a diagonal are written into the multipliers and multiplied; the
/// workload has only what is not zero.
static void addZeros(const Product &product, const ArrayMachine &machine,
                     const MachineDesc &used, const Mapping &mapping,
                     Cost &cost) {
  SmallVector<int64_t> tiles;
  for (const Mapping::Loop &loop : mapping.loops)
    if (int(loop.dim) == product.colDim && !loop.isSpatial())
      tiles.push_back(loop.tile);
  double channels = double(product.size(product.colDim));
  double zeros =
      sumOfSquares(product.size(product.colDim), tiles) / channels - 1;
  const MemoryDesc &registers = used.memories[machine.weightRegisters];
  auto add = [&](const std::string &component, double pj) {
    if (const CostItem *item = cost.find(component))
      cost.add(component, item->unit, item->count * zeros, pj);
  };
  for (const char *direction : {".read", ".write"})
    add(registers.name + direction, 0);
  add("mac.i8", 0);
}

/// Cycles in which rows wait for weights that pass again: in the model of
/// transfers these stay.
static double waitsForRepeats(const Product &product,
                              const ArrayMachine &machine,
                              const Mapping &mapping, const TilePlan &plan) {
  if (product.repeatDim < 0)
    return 0;
  Extents pass = extentsAt(product, mapping, plan.computeLevel);
  double rows = 1, visits = 1;
  for (auto [d, dim] : llvm::enumerate(product.workload().dims)) {
    bool isLane = int(d) == product.rowDim || int(d) == product.colDim;
    if (int(d) == product.repeatDim)
      continue;
    visits *= double(llvm::divideCeil(dim.size, pass[d]));
    rows *= isLane ? 1 : double(pass[d]);
  }
  auto k = double(std::min(product.size(product.rowDim),
                           int64_t(machine.config.rows))),
       passes = double(product.size(product.repeatDim));
  return visits * (passes * std::max(rows, k) - std::max(passes * rows, k));
}

/// Adds what overlaps in the model of transfers, and in a program comes one
/// after the other: a first tile of weights is in the FIFO before it moves into
/// the array, and results that stay leave the accumulator row by row.
static void addAlone(const Product &product, const ArrayMachine &machine,
                     const MachineDesc &used, const Mapping &mapping,
                     const TilePlan &plan, Cost &cost) {
  double cycles = waitsForRepeats(product, machine, mapping, plan);
  if (machine.streamsWeights) {
    auto k = double(std::min(product.size(product.rowDim),
                             int64_t(machine.config.rows))),
         n = double(std::min(product.size(product.colDim),
                             int64_t(machine.config.cols)));
    double bytes = product.isDiagonal() ? n : k * n;
    cycles +=
        std::min(k, bytes / used.memories[machine.dram].bytesPerCycle.value);
  }
  const MemoryDesc &sums = used.memories[machine.accumulator];
  if (product.keptResult && sums.bytesPerCycle.value > 0) {
    // Of one column, or of a row of all.
    double words = sums.perAxes ? 1 : double(machine.config.cols);
    double rowCycles = 4 * words / sums.bytesPerCycle.value;
    cycles += double(plan.result.rows) * std::max(0.0, 1 - rowCycles);
  }
  addCycles(cycles, cost);
}

/// What writes the rows that hold shifts.
static void addShiftRows(const Product &product, const ArrayMachine &machine,
                         const MachineDesc &used, Cost &cost) {
  auto add = [&](int memory, int64_t rows) {
    if (rows > 0)
      cost.add(used.memories[memory].name + ".write", CountUnit::Bytes,
               double(rows * machine.config.lanes()),
               used.memories[memory].writePj());
  };
  add(machine.scratchpad, product.inputShiftRows());
  // A FIFO is not counted.
  if (!machine.streamsWeights)
    add(machine.weightHome(), product.weightShiftRows(machine.config.rows));
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
  double again =
      repeatedWeightBytes(state.product, state.machine, mapping, *plan);
  const MemoryDesc &registers =
      state.used.memories[state.machine.weightRegisters];
  cost.add(registers.name + ".write", CountUnit::Bytes, again,
           registers.writePj());
  if (int home = state.machine.weightHome();
      home != state.machine.weightRegisters)
    cost.add(state.used.memories[home].name + ".read", CountUnit::Bytes, again,
             state.used.memories[home].readPjPerByte.value);
  addShiftRows(state.product, state.machine, state.used, cost);
  addAlone(state.product, state.machine, state.used, mapping, *plan, cost);
  if (state.product.keptResult)
    addBorder(*state.product.keptResult, state.machine, state.used, cost);
  if (state.product.isDiagonal())
    addZeros(state.product, state.machine, state.used, mapping, cost);
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
  static std::string keyOf(const RegionModel &model);
  /// A program of the name that comes next.
  void create(Known &known, unsigned segments,
              const std::vector<Instruction> &instructions, OpBuilder &builder,
              Location loc);
  FailureOr<OffloadOp> lowerVector(RegionOp region, const ArrayMachine &array,
                                   cpu::HostBuffers &buffers,
                                   OpBuilder &builder);

  std::shared_ptr<const MachineDesc> machine;
  llvm::StringMap<Known> known;
};
} // namespace

std::string SystolicRegions::keyOf(const RegionModel &model) {
  std::string key;
  llvm::raw_string_ostream os(key);
  RegionOp region = model.region;
  os << region.getLayoutsAttr() << region.getMappingAttr()
     << region.getOnChipAttr();
  for (int64_t size : model.rootSizes)
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

void SystolicRegions::create(Known &known, unsigned segments,
                             const std::vector<Instruction> &instructions,
                             OpBuilder &builder, Location loc) {
  OpBuilder::InsertionGuard guard(builder);
  // Beside the function, which may hold loops around the region.
  Operation *function = builder.getInsertionBlock()->getParentOp();
  while (!isa<ModuleOp>(function->getParentOp()))
    function = function->getParentOp();
  builder.setInsertionPoint(function);
  known.entry = int64_t(this->known.size()) - 1;
  known.program = ProgramOp::create(
      builder, loc, "p" + std::to_string(known.entry), segments);
  builder.setInsertionPointToStart(&known.program.getBody().emplaceBlock());
  createInstructions(builder, loc, roll(instructions));
}

static LogicalResult refuse(RegionOp region, const llvm::Twine &why) {
  return region.emitError("cannot be generated: ") << why;
}

FailureOr<OffloadOp> SystolicRegions::lowerVector(RegionOp region,
                                                  const ArrayMachine &array,
                                                  cpu::HostBuffers &buffers,
                                                  OpBuilder &builder) {
  std::string why;
  Mapping mapping = region.getMappingAttr().toMapping();
  std::optional<VectorGroup> group = VectorGroup::match(region, array, why);
  std::optional<VectorPlan> plan;
  if (group)
    plan = VectorPlan::make(*group, array, mapping, why);
  if (!plan)
    return refuse(region, why);
  Location loc = region.getLoc();
  std::string key = keyOf(group->model);
  key += group->hasConstants() ? " with constants" : "";
  Known &found = known[key];
  if (!found.program) {
    auto instructions = VectorEmitter(*group, array, mapping, *plan).run(why);
    if (!instructions)
      return refuse(region, why);
    create(found, VectorEmitter::numSegments(*group), *instructions, builder,
           loc);
  }
  SmallVector<Value, 4> args;
  SmallVector<int64_t, 1> written;
  for (const VectorInput &input : group->inputs)
    if (!input.constant.empty())
      args.push_back(buffers.constant(
          bytesAttr(region.getContext(), input.constant), loc));
    else if (!input.kept)
      args.push_back(buffers.buffer(region.getIns()[input.operand]));
  if (group->hasConstants())
    args.push_back(buffers.constant(
        bytesAttr(region.getContext(), vectorConstants(*group, array)), loc));
  if (!group->keptResult) {
    written.push_back(VectorEmitter::resultSegment(*group));
    args.push_back(buffers.buffer(region.getResult(0)));
  }
  return OffloadOp::create(builder, loc, found.program.getSymName(),
                           found.entry, args, written);
}

FailureOr<OffloadOp> SystolicRegions::lower(RegionOp region,
                                            cpu::HostBuffers &buffers,
                                            OpBuilder &builder) {
  std::string why;
  std::optional<ArrayMachine> array = arrayFor(region, *machine, why);
  if (!array)
    return refuse(region, why);
  std::optional<Product> product =
      Product::match(region, *machine, *array, why);
  if (!product)
    return lowerVector(region, *array, buffers, builder);
  Mapping mapping = region.getMappingAttr().toMapping();
  std::optional<TilePlan> plan = TilePlan::make(*product, *array, mapping, why);
  Value weight = region.getIns()[product->weightOperand];
  std::optional<ConstantTensor> weights;
  if (!product->isWeightComputed) {
    auto constant = weight.getDefiningOp<arith::ConstantOp>();
    auto elements =
        constant ? dyn_cast<ElementsAttr>(constant.getValue()) : nullptr;
    weights = elements ? ConstantTensor::get(elements) : std::nullopt;
    if (!weights)
      return refuse(region, "its weights are no constant that can be read");
  }
  if (!plan)
    return refuse(region, why);

  Location loc = region.getLoc();
  ConstantBlob blob(*product, *array, weights ? &*weights : nullptr);
  Known &found = known[keyOf(product->model)];
  if (found.program) {
    blob.replay(found.requests);
  } else {
    auto instructions =
        ProgramEmitter(*product, *array, mapping, *plan, blob).run(why);
    if (!instructions)
      return refuse(region, why);
    create(found, product->numSegments(), *instructions, builder, loc);
    found.requests = blob.requests();
  }
  SmallVector<Value, 3> args;
  SmallVector<int64_t, 1> written;
  if (!product->keptInput)
    args.push_back(buffers.buffer(region.getIns()[product->inputOperand]));
  if (product->isWeightComputed)
    args.push_back(buffers.buffer(weight));
  if (product->hasConstants())
    args.push_back(
        buffers.constant(bytesAttr(region.getContext(), blob.take()), loc));
  if (!product->keptResult) {
    written.push_back(product->resultSegment());
    args.push_back(buffers.buffer(region.getResult(0)));
  }
  return OffloadOp::create(builder, loc, found.program.getSymName(),
                           found.entry, args, written);
}

std::shared_ptr<cpu::DeviceRegions> aicc::systolic::createDeviceRegions(
    std::shared_ptr<const MachineDesc> machine) {
  return std::make_shared<SystolicRegions>(std::move(machine));
}
