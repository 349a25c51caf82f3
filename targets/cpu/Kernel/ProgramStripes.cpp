//===- ProgramStripes.cpp - Turns, and the borders of buffers -------------===//
//
// Regions that run in turns become launches stripe by stripe; the padding of
// buffers is filled before they are written, that of rolling buffers as its
// rows come.
//
//===----------------------------------------------------------------------===//

#include "lib/Memory/CopyRegion.h"
#include "targets/cpu/Kernel/ProgramBuilder.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

/// The regions of the group of `first`, stripe by stripe.
LogicalResult ProgramBuilder::emitStripes(RegionOp first) {
  std::vector<StripedRegion> regions;
  int64_t group = first.getStripesAttr().getGroup();
  std::string why;
  for (Operation *op = first; op; op = op->getNextNode()) {
    auto region = dyn_cast<RegionOp>(op);
    if (!region && !isa<scf::ForOp>(op))
      continue;
    if (!region || !region.getStripesAttr() ||
        region.getStripesAttr().getGroup() != group)
      break;
    auto striped = StripedRegion::build(region, plan,
                                        region.getStripesAttr().getDim(), why);
    if (failed(striped))
      return region.emitError("cannot run in stripes: ") << why;
    striped->cutAt(region.getStripesAttr().getBounds());
    regions.push_back(std::move(*striped));
    inStripes.insert(op);
  }
  auto turns = StripeGroup::build(std::move(regions), plan, why);
  if (failed(turns))
    return first.emitError("cannot run in stripes: ") << why;
  for (auto [k, region] : llvm::enumerate(turns->members()))
    if (int64_t kept = turns->kept(k);
        kept != region.op().getStripesAttr().getKept())
      return region.op().emitError("cannot run in stripes: expected ")
             << kept << " elements to be kept, found "
             << region.op().getStripesAttr().getKept();
  for (size_t k = 0; k < turns->members().size(); ++k)
    if (failed(emitBordersOf(*turns, k)))
      return failure();
  for (size_t s = 0; s < turns->numStripes(); ++s)
    if (failed(emitTurn(*turns, s)))
      return failure();
  return success();
}

LogicalResult ProgramBuilder::emitTurn(const StripeGroup &group, size_t s) {
  for (const StripeGroup::Move &move : group.movesBefore(s))
    if (failed(emitMove(move)))
      return failure();
  for (const RollingBuffer &buffer : group.rolling())
    if (failed(emitRowsOfPadding(buffer, s)))
      return failure();
  for (size_t k = 0; k < group.members().size(); ++k)
    if (group.members()[k].rowsOf(s) && failed(emitStripe(group, k, s)))
      return failure();
  return success();
}

LogicalResult ProgramBuilder::emitStripe(const StripeGroup &group, size_t k,
                                         size_t s) {
  const StripedRegion &region = group.members()[k];
  RegionOp op = region.op();
  int64_t rows = region.rowsOf(s);
  SmallVector<Value> buffers;
  for (unsigned o = 0; o < region.numOperands(); ++o) {
    BufferRef ref = region.ref(o);
    const RootBuffer &root = plan.roots()[ref.root];
    if (root.kind == RootBuffer::Kind::Constant) {
      buffers.push_back(weightFor(root.constant, op.getLayoutsAttr()[o]));
      continue;
    }
    ref.offset = group.windowStart(k, o, s);
    buffers.push_back(bufferFor(ref, region.span(o, 0, rows).end));
  }
  RegionModel model = region.stripe(rows);
  if (failed(emitLaunch(model, buffers, standAlone(op))))
    return failure();
  // The cost is that of all stripes.
  if (CostAttr cost = op.getCostAttr(); cost && region.bounds()[s] == 0)
    launches.back()->setAttr("aicc.cost", cost);
  return success();
}

/// Copies rows of a rolling buffer to its start.
LogicalResult ProgramBuilder::emitMove(const StripeGroup::Move &move) {
  Type elementType = plan.roots()[move.root].elementType;
  auto type = RankedTensorType::get({move.elements}, elementType);
  OpBuilder scratch(source.getBody().front().getTerminator());
  Value from = tensor::EmptyOp::create(scratch, source.getLoc(),
                                       type.getShape(), elementType);
  auto copy = createCopyRegion(scratch, source.getLoc(), from)
                  .getDefiningOp<RegionOp>();
  Attribute layout = LayoutAttr::get(module.getContext(), 0, {1});
  copy.setLayoutsAttr(scratch.getArrayAttr({layout, layout}));
  BufferRef at;
  at.root = move.root;
  at.strides = {1};
  Value target = bufferFor(at, move.elements);
  at.offset = move.from;
  LogicalResult result = mapper(copy);
  if (succeeded(result))
    result =
        emitLaunch(copy, {bufferFor(at, move.elements), target}, {true, true});
  copy.erase();
  from.getDefiningOp()->erase();
  return result;
}

//===----------------------------------------------------------------------===//
// Borders of padded buffers
//===----------------------------------------------------------------------===//

/// One box of a border, as a region that fills it.
LogicalResult ProgramBuilder::emitSlab(tensor::PadOp pad,
                                       ArrayRef<int64_t> offsets,
                                       ArrayRef<int64_t> sizes) {
  auto type =
      RankedTensorType::get(sizes, pad.getResultType().getElementType());
  Attribute value;
  if (!matchPattern(pad.getConstantPaddingValue(), m_Constant(&value)))
    return pad.emitError("pads with a value that is not constant");
  OpBuilder scratch(pad);
  auto splat = arith::ConstantOp::create(scratch, pad.getLoc(),
                                         DenseElementsAttr::get(type, value));
  auto fill =
      createCopyRegion(scratch, pad.getLoc(), splat).getDefiningOp<RegionOp>();
  BufferRef ref = plan.lookup(pad.getResult());
  for (auto [offset, stride] : llvm::zip(offsets, ref.strides))
    ref.offset += offset * stride;
  bool inArena = plan.roots()[ref.root].kind == RootBuffer::Kind::Arena;
  fill.setLayoutsAttr(scratch.getArrayAttr(LayoutAttr::get(
      module.getContext(), inArena ? 0 : ref.offset, ref.strides)));
  LogicalResult result = mapper(fill);
  if (succeeded(result))
    result = emitLaunch(fill, bufferFor(ref, sizes), true);
  fill.erase();
  splat.erase();
  return result;
}

/// Of a rolling buffer the padding beside the rows, which stays where it is.
LogicalResult ProgramBuilder::emitBordersOf(const StripeGroup &group,
                                            size_t k) {
  const StripedRegion &region = group.members()[k];
  unsigned root = region.ref(region.result()).root;
  const RollingBuffer *rolling = group.rollingOf(root);
  if (!rolling)
    return emitBorders(root);
  borders.erase(root);
  tensor::PadOp pad = rolling->pad;
  if (!pad)
    return success();
  SmallVector<int64_t> offsets(pad.getSourceType().getRank(), 0);
  SmallVector<int64_t> sizes(pad.getResultType().getShape());
  sizes[rolling->padDim] = rolling->rows;
  return emitSides(pad, offsets, sizes, rolling->padDim);
}

/// The rows of padding that a rolling buffer holds from stripe s on.
LogicalResult ProgramBuilder::emitRowsOfPadding(const RollingBuffer &buffer,
                                                size_t s) {
  tensor::PadOp pad = buffer.pad;
  if (!pad)
    return success();
  unsigned dim = buffer.padDim;
  int64_t low = pad.getStaticLow()[dim], high = pad.getStaticHigh()[dim];
  int64_t all = pad.getResultType().getDimSize(dim);
  auto emitRows = [&](int64_t begin, int64_t count) {
    if (count == 0)
      return success();
    SmallVector<int64_t> offsets(pad.getSourceType().getRank(), 0);
    SmallVector<int64_t> sizes(pad.getResultType().getShape());
    offsets[dim] = begin - buffer.first[s];
    sizes[dim] = count;
    return emitSlab(pad, offsets, sizes);
  };
  int64_t before = s == 0 ? 0 : buffer.end[s - 1];
  if (s == 0 && failed(emitRows(0, low)))
    return failure();
  int64_t begin = std::max(before, all - high);
  return emitRows(begin, std::max<int64_t>(0, buffer.end[s] - begin));
}

LogicalResult ProgramBuilder::emitBorders(unsigned root) {
  auto found = borders.find(root);
  if (found == borders.end())
    return success();
  SmallVector<tensor::PadOp> pads = found->second;
  borders.erase(found);
  for (tensor::PadOp pad : pads) {
    SmallVector<int64_t> offsets(pad.getSourceType().getRank(), 0);
    SmallVector<int64_t> sizes(pad.getResultType().getShape());
    if (failed(emitSides(pad, offsets, sizes, std::nullopt)))
      return failure();
  }
  return success();
}

/// The border inside the box at `offsets` in all dimensions but `except`: below
/// and above in each; the earlier ones are then narrowed to the inside.
LogicalResult ProgramBuilder::emitSides(tensor::PadOp pad,
                                        SmallVector<int64_t> offsets,
                                        SmallVector<int64_t> sizes,
                                        std::optional<unsigned> except) {
  ArrayRef<int64_t> inner = pad.getSourceType().getShape();
  ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
  for (size_t d = 0; d < inner.size(); ++d) {
    if (except == d)
      continue;
    auto emitPart = [&](int64_t offset, int64_t size) {
      if (size == 0)
        return success();
      SmallVector<int64_t> at = offsets, extent = sizes;
      at[d] = offset;
      extent[d] = size;
      return emitSlab(pad, at, extent);
    };
    if (failed(emitPart(0, low[d])) ||
        failed(emitPart(low[d] + inner[d], high[d])))
      return failure();
    offsets[d] = low[d];
    sizes[d] = inner[d];
  }
  return success();
}
