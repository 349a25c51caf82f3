//===- KeptPlan.cpp - Which tensors could stay on the chip ----------------===//

#include "targets/systolic/Lowering/KeptPlan.h"
#include "aicc/Memory/BufferPlan.h"
#include "aicc/Memory/StorageOrder.h"
#include "targets/systolic/Lowering/Kept.h"
#include "targets/systolic/Lowering/VectorGroup.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;
using llvm::divideCeil;

namespace {

/// A group's access to a buffer: operand or result `number`.
struct Use {
  RegionOp op;
  unsigned number = 0;
  int64_t position = 0;
};

/// Who touches a buffer of the arena.
struct BufferUses {
  SmallVector<Use, 1> writers;
  SmallVector<Use, 4> readers;
  /// Something else does, or it is no such buffer.
  bool isShared = false;
  tensor::PadOp pad;
};

/// A buffer that can stay, and how its accesses find their first elements.
struct KeptBuffer {
  struct Access {
    Use use;
    int64_t row = 0; ///< From the first one of the buffer.
  };
  SmallVector<Access, 4> accesses; ///< The writer's first.
  int64_t positions = 0, rows = 0, fill = 0;
  bool isShifted = false;
};

class SystolicKeptPlan : public KeptPlan {
public:
  OnChipAttr onChip(RegionOp group, ArrayRef<int64_t> firstRows,
                    int64_t room) const override;

  std::vector<KeptBuffer> buffers; ///< As `tensors`.
  /// By group: its tensors, and its access to each.
  DenseMap<Operation *, SmallVector<std::pair<size_t, size_t>, 3>> touched;
};

class Planner {
public:
  Planner(func::FuncOp func, const MachineDesc &machine,
          const ArrayMachine &array, BufferPlan buffers)
      : func(func), machine(machine), array(array),
        buffers(std::move(buffers)) {}

  std::unique_ptr<KeptPlan> run();

private:
  void collect();
  void collectRegion(RegionOp op, int64_t position, bool isInLoop);
  void share(Value value);
  std::optional<KeptBuffer> keptBuffer(BufferUses &found);
  bool findFill(tensor::PadOp pad, int64_t &fill) const;
  bool findAccess(const Use &use, int64_t lanes, KeptBuffer &kept) const;
  bool takes(const Use &use, bool isShifted) const;
  using Signs = SmallVector<std::optional<bool>, 6>;
  static Signs signsOf(RegionOp op, const MachineDesc &machine,
                       const ArrayMachine &array);
  bool runsOnArray(RegionOp op) const {
    return op.getMachine() == llvm::StringRef(machine.name) &&
           op.getMappingAttr() && op.getMappingAttr().getResidence();
  }

  func::FuncOp func;
  const MachineDesc &machine;
  const ArrayMachine &array;
  BufferPlan buffers;
  std::vector<BufferUses> uses; ///< By root.
  std::unique_ptr<SystolicKeptPlan> plan;
  DenseMap<Operation *, Signs> signs;
};

} // namespace

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

OnChipAttr SystolicKeptPlan::onChip(RegionOp group, ArrayRef<int64_t> firstRows,
                                    int64_t room) const {
  size_t inputs = group.getIns().size();
  SmallVector<int64_t> rowOf(inputs + group.getNumResults(), -1), shifted;
  int64_t image = 0, positions = 0, fill = 0;
  bool isKept = room < rows;
  auto found = touched.find(group);
  if (found != touched.end())
    for (auto [tensor, access] : found->second) {
      if (firstRows[tensor] < 0)
        continue;
      const KeptBuffer &buffer = buffers[tensor];
      unsigned number = buffer.accesses[access].use.number;
      isKept = true;
      rowOf[number] = firstRows[tensor] + buffer.accesses[access].row;
      if (buffer.isShifted)
        shifted.push_back(number);
      if (number < inputs)
        continue;
      image = firstRows[tensor];
      positions = buffer.positions;
      fill = buffer.fill;
    }
  if (!isKept)
    return {};
  return OnChipAttr::get(group.getContext(), room, rowOf, shifted, image,
                         positions, fill);
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

void Planner::share(Value value) {
  if (buffers.contains(value))
    uses[buffers.lookup(value).root].isShared = true;
}

void Planner::collectRegion(RegionOp op, int64_t position, bool isInLoop) {
  bool isThere = runsOnArray(op) && !isInLoop && op.getNumResults() == 1;
  if (runsOnArray(op))
    plan->groups.push_back({op, position});
  for (auto [number, operand] : llvm::enumerate(op.getIns())) {
    if (!buffers.contains(operand))
      continue;
    if (isThere)
      uses[buffers.lookup(operand).root].readers.push_back(
          {op, unsigned(number), position});
    else
      share(operand);
  }
  for (auto [number, result] : llvm::enumerate(op.getResults())) {
    if (isThere)
      uses[buffers.lookup(result).root].writers.push_back(
          {op, unsigned(op.getIns().size() + number), position});
    else
      share(result);
  }
}

/// Views and borders move nothing themselves; whatever else touches a buffer
/// needs it in the host's memory.
void Planner::collect() {
  uses.resize(buffers.roots().size());
  for (auto [position, op] : llvm::enumerate(func.getBody().front())) {
    bool isInLoop = false;
    op.walk<WalkOrder::PreOrder>([&](Operation *nested) {
      isInLoop |= nested != &op;
      if (auto region = dyn_cast<RegionOp>(nested)) {
        collectRegion(region, int64_t(position), isInLoop);
        return WalkResult::skip();
      }
      if (auto pad = dyn_cast<tensor::PadOp>(nested)) {
        if (buffers.contains(pad.getResult())) {
          BufferUses &found = uses[buffers.lookup(pad.getResult()).root];
          found.isShared |= found.pad || isInLoop;
          found.pad = pad;
        }
        return WalkResult::skip();
      }
      if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
              linalg::TransposeOp, tensor::EmptyOp, arith::ConstantOp,
              linalg::FillOp>(nested) &&
          !isInLoop)
        return WalkResult::skip();
      for (Value value : nested->getOperands())
        share(value);
      for (Value value : nested->getResults())
        share(value);
      return WalkResult::advance();
    });
  }
}

/// The byte that a padding puts around its source.
bool Planner::findFill(tensor::PadOp pad, int64_t &fill) const {
  if (!pad)
    return true;
  IntegerAttr value;
  Value constant = pad.getConstantPaddingValue();
  if (!constant || !matchPattern(constant, m_Constant(&value)))
    return false;
  fill = value.getValue().getSExtValue();
  return true;
}

/// Elements of a value that lie side by side.
static int64_t lanesOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  std::optional<unsigned> dim = innermostDim(shape, strides);
  return dim ? shape[*dim] : 1;
}

/// An access sees whole positions of a buffer with `lanes` elements in each.
bool Planner::findAccess(const Use &use, int64_t lanes,
                         KeptBuffer &kept) const {
  RegionOp op = use.op;
  unsigned inputs = op.getIns().size();
  Value value = use.number < inputs ? op.getIns()[use.number]
                                    : Value(op.getResult(use.number - inputs));
  const BufferRef &ref = buffers.lookup(value);
  auto shape = cast<RankedTensorType>(value.getType()).getShape();
  if (!ref.dynamic.empty() || ref.offset % lanes ||
      lanesOf(shape, ref.strides) != lanes)
    return false;
  int64_t blocks = divideCeil(lanes, int64_t(array.config.lanes()));
  kept.accesses.push_back({use, ref.offset / lanes * blocks});
  return true;
}

/// Whether the group finds (or leaves) an operand in the scratchpad.
bool Planner::takes(const Use &use, bool isShifted) const {
  RegionOp op = use.op;
  SmallVector<int64_t> rows(op.getIns().size() + op.getNumResults(), -1),
      shifted;
  rows[use.number] = 0;
  if (isShifted)
    shifted.push_back(use.number);
  OnChipAttr before = op.getOnChipAttr();
  op.setOnChipAttr(OnChipAttr::get(op.getContext(), array.tileRows, rows,
                                   shifted, /*image=*/0, /*positions=*/0,
                                   /*fill=*/0));
  std::string why;
  FailureOr<RegionModel> model = RegionModel::build(op, why);
  bool can = succeeded(model) &&
             (contractionDims(*model) || channelsOf(*model)
                  ? Product::match(op, machine, array, why).has_value()
                  : VectorGroup::canKeep(op, array, why));
  if (before)
    op.setOnChipAttr(before);
  else
    op.removeOnChipAttr();
  return can;
}

/// By operand and result: whether the group takes (or gives) it as unsigned
/// bytes; nothing for one that it takes either way.
Planner::Signs Planner::signsOf(RegionOp op, const MachineDesc &machine,
                                const ArrayMachine &array) {
  std::string why;
  Signs signs(op.getIns().size() + op.getNumResults());
  if (std::optional<Product> product =
          Product::match(op, machine, array, why)) {
    signs[product->inputOperand] = product->isInputUnsigned;
    return signs;
  }
  std::optional<VectorGroup> group = VectorGroup::match(op, array, why);
  if (!group || group->kind == VectorKind::Map)
    return signs;
  for (const VectorInput &input : group->inputs)
    signs[input.operand] = input.isUnsigned;
  if (group->kind == VectorKind::Maximum)
    signs.back() = group->inputs[0].isUnsigned;
  return signs;
}

std::optional<KeptBuffer> Planner::keptBuffer(BufferUses &found) {
  if (found.isShared || found.writers.size() != 1 || found.readers.empty())
    return std::nullopt;
  RegionOp writer = found.writers.front().op;
  Value whole =
      found.pad ? Value(found.pad.getResult()) : Value(writer.getResult(0));
  const BufferRef &ref = buffers.lookup(whole);
  const RootBuffer &root = buffers.roots()[ref.root];
  if (root.kind != RootBuffer::Kind::Arena || !root.elementType.isInteger(8))
    return std::nullopt;
  KeptBuffer kept;
  int64_t lanes =
      lanesOf(cast<RankedTensorType>(whole.getType()).getShape(), ref.strides);
  kept.positions = root.elements / lanes;
  kept.rows = kept.positions * divideCeil(lanes, int64_t(array.config.lanes()));
  // Instructions name so many rows.
  if (root.elements % lanes || kept.rows > mostRows || kept.rows == 0 ||
      !findFill(found.pad, kept.fill))
    return std::nullopt;
  SmallVector<Use, 4> all(found.writers.begin(), found.writers.end());
  llvm::append_range(all, found.readers);
  std::optional<bool> sign;
  for (const Use &use : all) {
    if (use.op != writer && use.position <= found.writers.front().position)
      return std::nullopt;
    auto [entry, isNew] = signs.try_emplace(use.op);
    if (isNew)
      entry->second = signsOf(use.op, machine, array);
    std::optional<bool> own = entry->second[use.number];
    if ((sign && own && *sign != *own) || !findAccess(use, lanes, kept))
      return std::nullopt;
    sign = sign ? sign : own;
  }
  kept.isShifted = sign.value_or(false);
  for (const Use &use : all)
    if (!takes(use, kept.isShifted))
      return std::nullopt;
  return kept;
}

std::unique_ptr<KeptPlan> Planner::run() {
  plan = std::make_unique<SystolicKeptPlan>();
  plan->rows = array.config.scratchpadRows;
  collect();
  for (BufferUses &found : uses) {
    std::optional<KeptBuffer> kept = keptBuffer(found);
    if (!kept)
      continue;
    KeptPlan::Tensor tensor;
    tensor.rows = kept->rows;
    tensor.first = found.writers.front().position;
    RegionOp writer = found.writers.front().op;
    auto bytes = double(
        cast<RankedTensorType>(writer.getResult(0).getType()).getNumElements());
    for (auto [i, access] : llvm::enumerate(kept->accesses)) {
      tensor.last = std::max(tensor.last, access.use.position);
      tensor.savedBytes += bytes;
      tensor.groups.push_back(access.use.op);
      plan->touched[access.use.op].push_back({plan->tensors.size(), i});
    }
    plan->tensors.push_back(std::move(tensor));
    plan->buffers.push_back(std::move(*kept));
  }
  return std::move(plan);
}

std::unique_ptr<KeptPlan> aicc::systolic::planKept(func::FuncOp func,
                                                   const MachineDesc &machine) {
  std::string why;
  std::optional<ArrayMachine> array = ArrayMachine::get(machine, why);
  if (!array)
    return nullptr;
  FailureOr<BufferPlan> buffers = BufferPlan::build(func);
  if (failed(buffers))
    return nullptr;
  return Planner(func, machine, *array, std::move(*buffers)).run();
}
