//===- Traffic.cpp - Lines that a kernel fetches into a cache -------------===//

#include "targets/cpu/Traffic.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace aicc;
using namespace aicc::cpu;

TrafficModel::TrafficModel(const Workload &workload,
                           const KernelMapping &mapping, int64_t lineBytes)
    : workload(workload), lineBytes(std::max<int64_t>(1, lineBytes)),
      vector(mapping.vector), lanes(mapping.lanes) {
  llvm::SmallVector<int64_t, 8> extents;
  for (size_t d = 0; d < workload.dims.size(); ++d)
    extents.push_back(std::min(mapping.tile[d], workload.dims[d].size));
  for (int64_t d : mapping.order) {
    int64_t size = workload.dims[d].size;
    if (size > mapping.tile[d])
      loops.push_back(
          {unsigned(d), double(llvm::divideCeil(size, mapping.tile[d]))});
  }
  touched.resize(workload.operands.size());
  moves.resize(workload.operands.size());
  totals.assign(loops.size() + 1, 0);
  for (auto [o, operand] : llvm::enumerate(workload.operands)) {
    touched[o].resize(loops.size() + 1);
    for (const Loop &loop : loops)
      moves[o].push_back(operand.strides[loop.dim] != 0);
    moves[o].push_back(false);
    llvm::SmallVector<int64_t, 8> inside = extents;
    for (size_t l = loops.size() + 1; l-- > 0;) {
      if (l < loops.size())
        inside[loops[l].dim] = workload.dims[loops[l].dim].size;
      touched[o][l] = operand.isPacked ? Footprint{packedLines(operand, inside)}
                                       : footprintOf(operand, inside);
      totals[l] += touched[o][l].lines;
    }
    runLengths.push_back(operand.isPacked ? std::max(1.0, lines(o))
                                          : runLength(operand, extents));
  }
}

/// Packed constants lie in the order of the loops: no line holds anything that
/// is not used. Blocks of lanes are filled up.
double TrafficModel::packedLines(const Workload::Operand &operand,
                                 llvm::ArrayRef<int64_t> extents) const {
  double elements = 1;
  for (auto [d, extent] : llvm::enumerate(extents))
    if (operand.strides[d])
      elements *= int64_t(d) == vector && !workload.dims[d].isReduction
                      ? llvm::alignTo(extent, lanes)
                      : extent;
  return std::ceil(elements * operand.bits / 8 / lineBytes);
}

/// Lines of the runs of `run` bytes that start at all multiples of `apart`
/// bytes: a mean over where in its line a run may start.
static double linesPerRun(int64_t run, int64_t apart, int64_t lineBytes) {
  int64_t step = std::gcd(apart, lineBytes);
  double sum = 0;
  for (int64_t start = 0; start < lineBytes; start += step)
    sum += llvm::divideCeil(start + run, lineBytes);
  return sum * step / lineBytes;
}

namespace {
/// `length` addresses, `stride` bytes apart.
struct Span {
  int64_t stride, length;
};
/// Bytes that follow one another.
struct Run {
  int64_t bytes, lineBytes;
  /// Steps shorter than a line, or than what they step over, leave no line out.
  bool extend(const Span &step) {
    if (step.stride > std::max(bytes, lineBytes))
      return false;
    bytes += step.stride * (step.length - 1);
    return true;
  }
};
} // namespace

/// The steps by which `operand` is walked within `extents`, shortest first.
static llvm::SmallVector<Span, 8> stepsOf(const Workload::Operand &operand,
                                          llvm::ArrayRef<int64_t> extents) {
  llvm::SmallVector<Span, 8> steps;
  for (auto [d, extent] : llvm::enumerate(extents))
    if (operand.strides[d] && extent > 1)
      steps.push_back(
          {std::abs(operand.strides[d]) * (operand.bits / 8), extent});
  llvm::sort(steps, [](const Span &a, const Span &b) {
    return std::pair(a.stride, a.length) < std::pair(b.stride, b.length);
  });
  return steps;
}

/// Different lines under the addresses sum(stride * i), i < extent.
TrafficModel::Footprint
TrafficModel::footprintOf(const Workload::Operand &operand,
                          llvm::ArrayRef<int64_t> extents) const {
  if (llvm::is_contained(extents, 0))
    return {};
  llvm::SmallVector<Span, 8> spans;
  Run run{operand.bits / 8, lineBytes};
  for (const Span &step : stepsOf(operand, extents)) {
    if (spans.empty() && run.extend(step))
      continue;
    // Windows slide: what overlaps adds up instead.
    auto *span = llvm::find_if(spans, [&](const Span &other) {
      return step.stride % other.stride == 0 &&
             step.stride / other.stride <= other.length;
    });
    if (span == spans.end())
      spans.push_back(step);
    else
      span->length += step.stride / span->stride * (step.length - 1);
  }
  double runs = 1;
  int64_t apart = 0;
  for (const Span &span : spans) {
    if (apart == 0 && run.extend(span))
      continue;
    runs *= span.length;
    apart = std::gcd(apart, span.stride);
  }
  if (runs == 1)
    return {double(llvm::divideCeil(run.bytes, lineBytes)), 0, run.bytes};
  return {runs * linesPerRun(run.bytes, apart, lineBytes), apart, run.bytes};
}

/// Lines that follow one another, as the loops from the innermost outwards walk
/// them. What is unrolled and lies elsewhere is another run beside this one.
double TrafficModel::runLength(const Workload::Operand &operand,
                               llvm::ArrayRef<int64_t> tile) const {
  Run run{operand.bits / 8, lineBytes};
  for (const Span &step : stepsOf(operand, tile))
    run.extend(step);
  for (const Loop &loop : llvm::reverse(loops)) {
    int64_t step = operand.strides[loop.dim] * tile[loop.dim];
    if (step &&
        !run.extend({std::abs(step) * (operand.bits / 8), int64_t(loop.trip)}))
      break;
  }
  return std::max(1.0, double(run.bytes) / double(lineBytes));
}

/// Fetches of operand `o` if what one iteration of loop `level` - 1 and inwards
/// touches is not found again, and all inside of loop `level` is.
double TrafficModel::fetchesAt(size_t o, size_t level) const {
  const Workload::Operand &operand = workload.operands[o];
  double count = touched[o][level].lines;
  while (level-- > 0) {
    // Results are touched after their reduction.
    bool runs =
        operand.inReduction || !workload.dims[loops[level].dim].isReduction;
    count *= runs ? loops[level].trip : 1;
  }
  return count;
}

/// Share of the lines of operand `o` inside loop `level` that are still there
/// when the next iteration wants them. Runs that lie a multiple of a large
/// power of two apart fall into a part of the sets only; other operands are
/// spread over all of them. Both are taken to be spread evenly.
double TrafficModel::shareKept(size_t o, size_t level,
                               const CacheShape &cache) const {
  if (totals[level] > cache.lines)
    return 0;
  const Footprint &own = touched[o][level];
  if (cache.sets <= 1 || own.pitch == 0)
    return 1;
  int64_t wayBytes = cache.sets * lineBytes;
  int64_t starts = wayBytes / std::gcd(own.pitch, wayBytes);
  double reached =
      double(starts) * double(llvm::divideCeil(own.runBytes, lineBytes));
  if (reached >= double(cache.sets))
    return 1;
  double ways = cache.lines / double(cache.sets);
  double mine = own.lines / reached;
  double others = (totals[level] - own.lines) / double(cache.sets);
  double share = 0;
  for (double more : {0.0, 1.0})
    for (double otherMore : {0.0, 1.0}) {
      double inSet = std::floor(mine) + more;
      double partOfSets =
          more > 0 ? mine - std::floor(mine) : 1 - (mine - std::floor(mine));
      double partOfOthers = otherMore > 0 ? others - std::floor(others)
                                          : 1 - (others - std::floor(others));
      if (inSet + std::floor(others) + otherMore <= ways)
        share += partOfSets * inSet / mine * partOfOthers;
    }
  return share;
}

double TrafficModel::misses(size_t o, const CacheShape &cache) const {
  // One iteration of loop l and the next share lines; they are found again if
  // all that one iteration touches has room.
  double count = 0, kept = 1;
  for (size_t level = loops.size();; --level) {
    double next = level > 0 ? std::min(kept, shareKept(o, level, cache)) : 0;
    if (kept > next)
      count += (kept - next) * fetchesAt(o, level);
    if (next == 0)
      return count;
    kept = next;
  }
}

Transfer TrafficModel::transferOf(size_t o, double fetched) const {
  double bytes = fetched * double(lineBytes);
  return {bytes, workload.operands[o].isOutput() ? bytes : 0,
          fetched / linesOfRun(o)};
}

double TrafficModel::linesUntilSeen(size_t o) const {
  size_t level = 0;
  while (level < loops.size() && !moves[o][level])
    ++level;
  return totals[level];
}
