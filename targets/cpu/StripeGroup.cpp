//===- StripeGroup.cpp - Regions that run in turns ------------------------===//

#include "targets/cpu/Stripes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

//===----------------------------------------------------------------------===//
// What must hold
//===----------------------------------------------------------------------===//

/// The first stripe of `consumer` that reads through operand `o` what
/// `producer` writes in a later turn, if any.
static std::optional<size_t> findTooEarly(const StripedRegion &producer,
                                          const StripedRegion &consumer,
                                          unsigned o) {
  unsigned result = producer.result();
  ArrayRef<int64_t> bounds = consumer.bounds();
  for (size_t s = 0; s + 1 < bounds.size(); ++s) {
    int64_t written = producer.bounds()[s + 1];
    if (consumer.rowsOf(s) == 0 || written == producer.rows())
      continue;
    int64_t wanted =
        consumer.ref(o).offset + consumer.span(o, bounds[s], bounds[s + 1]).end;
    int64_t next = producer.ref(result).offset +
                   producer.span(result, written, written + 1).begin;
    if (next < wanted)
      return s;
  }
  return std::nullopt;
}

static bool overlap(const StripedRegion &a, unsigned number,
                    const StripedRegion &b, unsigned other) {
  if (a.ref(number).root != b.ref(other).root)
    return false;
  StripedRegion::Span x = a.span(number, 0, a.rows());
  StripedRegion::Span y = b.span(other, 0, b.rows());
  return a.ref(number).offset + x.begin < b.ref(other).offset + y.end &&
         b.ref(other).offset + y.begin < a.ref(number).offset + x.end;
}

bool StripeGroup::mayRun(std::string &why) const {
  size_t count = regions.front().bounds().size();
  for (const StripedRegion &region : regions) {
    ArrayRef<int64_t> bounds = region.bounds();
    if (bounds.size() == count && bounds.back() == region.rows())
      continue;
    why = "expected " + std::to_string(count - 1) +
          " stripes, as the others of its group have, up to row " +
          std::to_string(region.rows()) + ", found " +
          std::to_string(bounds.size() - 1) + " up to row " +
          std::to_string(bounds.back());
    return false;
  }
  for (size_t later = 0; later < regions.size(); ++later)
    for (size_t earlier = 0; earlier <= later; ++earlier) {
      const StripedRegion &first = regions[earlier], &second = regions[later];
      // What an earlier region still reads must not be overwritten.
      for (unsigned o = 0; o < first.result(); ++o)
        if (overlap(first, o, second, second.result())) {
          why = "it writes where its group reads";
          return false;
        }
      if (earlier == later)
        continue;
      for (unsigned o = 0; o < second.result(); ++o) {
        if (!overlap(second, o, first, first.result()))
          continue;
        if (auto stripe = findTooEarly(first, second, o)) {
          why = "stripe " + std::to_string(*stripe) +
                " reads rows that are written after it";
          return false;
        }
      }
    }
  return true;
}

//===----------------------------------------------------------------------===//
// Rolling buffers
//===----------------------------------------------------------------------===//

/// Do only regions of the group read `value`, itself or through views and one
/// padding of the same buffer?
bool StripeGroup::isOfGroupOnly(Value value, unsigned root,
                                const BufferPlan &plan,
                                RollingBuffer &buffer) const {
  for (Operation *user : value.getUsers()) {
    if (isa<RegionOp>(user)) {
      if (llvm::none_of(regions, [&](const StripedRegion &region) {
            return region.op() == user;
          }))
        return false;
      continue;
    }
    if (auto pad = dyn_cast<tensor::PadOp>(user)) {
      if (buffer.pad)
        return false;
      buffer.pad = pad;
    } else if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                    tensor::ExtractSliceOp, linalg::TransposeOp>(user)) {
      return false;
    }
    Value view = user->getResult(0);
    if (!plan.contains(view) || plan.lookup(view).root != root ||
        !isOfGroupOnly(view, root, plan, buffer))
      return false;
  }
  return true;
}

/// Keeps of the result of region k only what stripes still want, where nothing
/// outside of the group wants any of it.
void StripeGroup::roll(size_t k, const BufferPlan &plan) {
  const StripedRegion &producer = regions[k];
  unsigned result = producer.result();
  RollingBuffer buffer;
  buffer.root = producer.ref(result).root;
  buffer.rowElements = producer.step(result);
  if (plan.roots()[buffer.root].kind != RootBuffer::Kind::Arena ||
      !isOfGroupOnly(producer.operand(result), buffer.root, plan, buffer))
    return;
  int64_t row = buffer.rowElements;
  Value outermost =
      buffer.pad ? Value(buffer.pad.getResult()) : producer.operand(result);
  int64_t whole = plan.lookup(outermost).span(
      cast<RankedTensorType>(outermost.getType()).getShape());
  if (buffer.pad) {
    const BufferRef &ref = plan.lookup(buffer.pad.getResult());
    auto *dim = llvm::find(ref.strides, row);
    if (ref.offset != 0 || dim == ref.strides.end() ||
        buffer.pad.getResultType().getDimSize(dim - ref.strides.begin()) == 1)
      return;
    buffer.padDim = dim - ref.strides.begin();
  }
  // Rows of the buffer that are written up to the end of a turn, and the first
  // that is read in it or later.
  size_t count = numStripes();
  SmallVector<int64_t, 8> wanted(count + 1, llvm::divideCeil(whole, row));
  buffer.end.assign(count, 0);
  auto touch = [&](const StripedRegion &region, unsigned o) {
    for (size_t s = 0; s < count; ++s) {
      if (region.rowsOf(s) == 0)
        continue;
      StripedRegion::Span span =
          region.span(o, region.bounds()[s], region.bounds()[s + 1]);
      int64_t offset = region.ref(o).offset;
      wanted[s] = std::min(wanted[s], (offset + span.begin) / row);
      buffer.end[s] = std::max<int64_t>(
          buffer.end[s], llvm::divideCeil(offset + span.end, row));
    }
  };
  for (const StripedRegion &region : regions)
    for (unsigned o = 0; o < region.numOperands(); ++o)
      if (region.ref(o).root == buffer.root)
        touch(region, o);
  for (size_t s = count; s-- > 0;)
    wanted[s] = std::min(wanted[s], wanted[s + 1]);
  // What moves must not move onto itself; it then stays for another turn.
  for (size_t s = 0; s < count; ++s) {
    if (s == 0) {
      buffer.first.push_back(buffer.pad ? 0 : wanted[0]);
    } else {
      buffer.end[s] = std::max(buffer.end[s], buffer.end[s - 1]);
      int64_t shift = wanted[s] - buffer.first[s - 1];
      int64_t moved = buffer.end[s - 1] - wanted[s];
      buffer.first.push_back(moved <= shift ? wanted[s] : buffer.first[s - 1]);
    }
    buffer.rows = std::max(buffer.rows, buffer.end[s] - buffer.first[s]);
  }
  if (buffer.rows < int64_t(llvm::divideCeil(whole, row)))
    buffers.push_back(std::move(buffer));
}

const RollingBuffer *StripeGroup::rollingOf(unsigned root) const {
  const auto *found = llvm::find_if(
      buffers, [&](const RollingBuffer &b) { return b.root == root; });
  return found == buffers.end() ? nullptr : found;
}

int64_t StripeGroup::kept(size_t k) const {
  const RollingBuffer *buffer =
      rollingOf(regions[k].ref(regions[k].result()).root);
  return buffer ? buffer->rows * buffer->rowElements : 0;
}

int64_t StripeGroup::windowStart(size_t k, unsigned number, size_t s) const {
  const StripedRegion &region = regions[k];
  const BufferRef &ref = region.ref(number);
  int64_t start = ref.offset + region.step(number) * region.bounds()[s];
  if (const RollingBuffer *buffer = rollingOf(ref.root))
    start -= buffer->first[s] * buffer->rowElements;
  return start;
}

SmallVector<StripeGroup::Move> StripeGroup::movesBefore(size_t s) const {
  SmallVector<Move> moves;
  for (const RollingBuffer &buffer : buffers) {
    if (s == 0 || buffer.first[s] == buffer.first[s - 1])
      continue;
    int64_t from = buffer.first[s] - buffer.first[s - 1];
    int64_t rows = buffer.end[s - 1] - buffer.first[s];
    if (rows > 0)
      moves.push_back(
          {buffer.root, from * buffer.rowElements, rows * buffer.rowElements});
  }
  return moves;
}

FailureOr<StripeGroup> StripeGroup::build(std::vector<StripedRegion> regions,
                                          const BufferPlan &plan,
                                          std::string &why) {
  StripeGroup group;
  group.regions = std::move(regions);
  if (!group.mayRun(why))
    return failure();
  for (size_t k = 0; k < group.regions.size(); ++k)
    group.roll(k, plan);
  return group;
}
