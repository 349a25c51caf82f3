//===- Kept.cpp - Tensors that stay in the scratchpad ---------------------===//

#include "targets/systolic/Lowering/Kept.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;
using llvm::divideCeil;

static constexpr uint8_t signBit = 0x80;

int64_t KeptTensor::rowAt(ArrayRef<Axis> axes,
                          ArrayRef<int64_t> offsets) const {
  int64_t sum = row;
  for (auto [axis, stride] : llvm::zip(axes, strides))
    sum += axis.start(offsets) * stride;
  return sum;
}

int64_t KeptTensor::borderRows() const {
  int64_t sum = 0;
  for (auto [first, rows] : border)
    sum += rows;
  return sum;
}

static ShapedType typeOf(const RegionModel &model, unsigned number) {
  RegionOp region = model.region;
  unsigned inputs = region.getIns().size();
  return cast<ShapedType>(number < inputs
                              ? region.getIns()[number].getType()
                              : region.getResult(number - inputs).getType());
}

static LayoutAttr layoutOf(const RegionModel &model, unsigned number) {
  RegionOp region = model.region;
  return dyn_cast<LayoutAttr>(region.getLayoutsAttr()[number]);
}

std::optional<unsigned>
aicc::systolic::innermostDim(ArrayRef<int64_t> shape,
                             ArrayRef<int64_t> strides) {
  for (auto [k, stride] : llvm::enumerate(strides))
    if (stride == 1 && shape[k] > 1)
      return unsigned(k);
  return std::nullopt;
}

static std::optional<unsigned> laneOf(const RegionModel &model,
                                      unsigned number) {
  return innermostDim(typeOf(model, number).getShape(),
                      layoutOf(model, number).getStrides());
}

SmallVector<unsigned, 2> aicc::systolic::keptLanes(const RegionModel &model) {
  SmallVector<unsigned, 2> dims;
  OnChipAttr kept = RegionOp(model.region).getOnChipAttr();
  if (!kept)
    return dims;
  for (const RegionAccess &access : model.accesses) {
    if (!kept.isKept(access.operand) || !layoutOf(model, access.operand))
      continue;
    std::optional<unsigned> lane = laneOf(model, access.operand);
    if (!lane)
      continue;
    for (auto [d, coefficient] : llvm::enumerate(access.index[*lane].coeffs))
      if (coefficient != 0 && !llvm::is_contained(dims, d))
        dims.push_back(unsigned(d));
  }
  return dims;
}

FailureOr<RegionModel> aicc::systolic::buildKept(RegionOp region,
                                                 std::string &why) {
  FailureOr<RegionModel> model = RegionModel::build(region, why);
  if (failed(model))
    return failure();
  SmallVector<unsigned, 2> lanes = keptLanes(*model);
  return lanes.empty() ? std::move(model)
                       : RegionModel::build(region, why, lanes);
}

/// The rows of a result's buffer that no position of `axes` is in.
static void findBorder(OnChipAttr attribute, ArrayRef<Axis> axes,
                       const RegionModel &model, KeptTensor &kept) {
  std::vector<bool> written(size_t(attribute.getPositions()), false);
  SmallVector<int64_t, 8> sizes;
  for (const RegionModel::Dim &dim : model.dims)
    sizes.push_back(dim.size);
  RowLoops loops;
  for (auto [axis, stride] : llvm::zip(axes, kept.strides))
    loops.push_back({axis.extent(sizes), 0, stride / kept.blocks});
  int64_t first = (kept.row - attribute.getImage()) / kept.blocks;
  forRows(loops, 0, first, [&](int64_t, int64_t position) {
    if (position >= 0 && position < int64_t(written.size()))
      written[size_t(position)] = true;
  });
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i])
      continue;
    size_t begin = i;
    while (i < written.size() && !written[i])
      ++i;
    kept.border.push_back({attribute.getImage() + int64_t(begin) * kept.blocks,
                           int64_t(i - begin) * kept.blocks});
  }
  kept.fill = uint8_t(attribute.getFill()) ^ (kept.isShifted ? signBit : 0);
}

bool aicc::systolic::findKept(const RegionModel &model,
                              const RegionAccess &access, int laneDim,
                              ArrayRef<Axis> axes, const ArrayMachine &machine,
                              std::optional<KeptTensor> &kept,
                              std::string &why) {
  OnChipAttr attribute = RegionOp(model.region).getOnChipAttr();
  if (!attribute || !attribute.isKept(access.operand))
    return true;
  auto fail = [&](const char *text) {
    why = text;
    return false;
  };
  std::optional<unsigned> lane = laneOf(model, access.operand);
  int64_t lanes = lane ? typeOf(model, access.operand).getShape()[*lane] : 1;
  if (lanes != (laneDim < 0 ? 1 : model.dims[laneDim].size))
    return fail("what is kept is not taken in its whole innermost dimension");
  if (!model.elementType(access.operand).isInteger(8))
    return fail("only bytes are kept on the chip");
  int64_t start =
      model.address(access, layoutOf(model, access.operand)).constant;
  if (start % lanes)
    return fail("what is kept does not begin with a position");
  KeptTensor found;
  found.blocks = divideCeil(lanes, int64_t(machine.config.lanes()));
  found.row =
      attribute.getRows()[access.operand] + start / lanes * found.blocks;
  found.isShifted = attribute.isShifted(access.operand);
  for (const Axis &axis : axes) {
    if (axis.stride % lanes)
      return fail("what is kept is not walked by whole positions");
    found.strides.push_back(axis.stride / lanes * found.blocks);
    if (found.strides.back() > mostRows)
      return fail("what is kept has more rows than strides can name");
  }
  if (access.isStore)
    findBorder(attribute, axes, model, found);
  kept = std::move(found);
  return true;
}

RowLoops aicc::systolic::keptLoops(const Product &product,
                                   ArrayRef<int64_t> extents,
                                   ArrayRef<int64_t> tile) {
  RowLoops loops;
  for (auto [axis, kept, local] :
       llvm::zip(product.resultAxes, product.keptResult->strides,
                 axisRows(product.resultAxes, tile, 1)))
    loops.push_back({axis.extent(extents), kept, local});
  return loops;
}

KeptRows::KeptRows(RowLoops all) : loops(foldLoops(all)) {
  if (!loops.empty() && loops.back().localStride == 1 &&
      loops.back().dramStride == 1 && loops.back().count <= mostRows)
    pattern.inner = loops.pop_back_val();
  if (!loops.empty() && loops.back().count <= mostRows)
    pattern.outer = loops.pop_back_val();
}

void aicc::systolic::addBorder(const KeptTensor &kept,
                               const ArrayMachine &machine,
                               const MachineDesc &desc, Cost &cost) {
  const MemoryDesc &scratchpad = desc.memories[machine.scratchpad];
  if (int64_t rows = kept.borderRows())
    cost.add(scratchpad.name + ".write", CountUnit::Bytes,
             double(rows * machine.config.lanes()), scratchpad.writePj());
}

void aicc::systolic::fillBorder(const KeptTensor &kept, unsigned channel,
                                Encoder &make, InstructionOrder &order) {
  if (kept.border.empty())
    return;
  order.addLast(make.loadConfig(channel, /*segment=*/0, 0, 0, kept.fill,
                                /*flip=*/false, /*wide=*/false));
  for (auto [first, rows] : kept.border)
    for (int64_t done = 0; done < rows; done += mostRows)
      order.addLast(make.loadFill(
          channel,
          LocalAddress::make(Space::Scratchpad, uint32_t(first + done)),
          std::min(rows - done, mostRows), 1));
}
