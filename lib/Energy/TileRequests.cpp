//===- TileRequests.cpp - What it takes to move a tile --------------------===//

#include "lib/Energy/TileRequests.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace aicc;
using llvm::ArrayRef;
using llvm::SmallVector;

using Axis = Workload::TileRows::Axis;

namespace {

/// Rows that are `stride` bytes apart.
struct RowLoop {
  int64_t count = 1, stride = 0;
};
using RowLoops = SmallVector<RowLoop, 6>;

/// `loops` times a request of `bytes`.
struct Requests {
  RowLoops loops;
  int64_t bytes = 0;
};

/// Where requests may begin: `start` and every multiple of `step` from there.
struct Places {
  int64_t start = 0, step = 0;
  void add(int64_t stride) { step = std::gcd(step, stride); }
};

} // namespace

static int64_t positionsOf(const Axis &axis, ArrayRef<int64_t> extents) {
  int64_t count = 1;
  for (const Workload::Term &term : axis.terms)
    count += term.coefficient * (extents[term.dim] - 1);
  return count;
}

/// The loops over the rows of a tile. One that goes on where the next inner one
/// ends is none of its own.
static RowLoops loopsOf(const Workload::TileRows &rows,
                        ArrayRef<int64_t> extents, int64_t rowBytes) {
  RowLoops loops;
  if (rows.isPacked) {
    int64_t count = 1;
    for (const Axis &axis : rows.axes)
      count *= positionsOf(axis, extents);
    loops.push_back({count, rowBytes});
    return loops;
  }
  for (const Axis &axis : rows.axes) {
    int64_t count = positionsOf(axis, extents);
    if (count == 1)
      continue;
    if (!loops.empty() && loops.back().stride == axis.stride * count)
      loops.back() = {loops.back().count * count, axis.stride};
    else
      loops.push_back({count, axis.stride});
  }
  return loops;
}

/// Rows of `lanes` elements each, of `bytes` together.
static SmallVector<Requests, 2> join(const Workload::TileRows &rows,
                                     RowLoops loops, int64_t lanes,
                                     int64_t bytes) {
  bool fills =
      rows.joinsSeveral ? lanes % rows.rowLanes == 0 : lanes == rows.rowLanes;
  if (!fills || loops.empty() || loops.back().stride != bytes)
    return {{std::move(loops), bytes}};
  int64_t together = std::max<int64_t>(rows.mostJoined / lanes, 1);
  int64_t count = loops.pop_back_val().count;
  if (count <= together)
    return {{std::move(loops), count * bytes}};
  // A packed tile is cut as often as it takes, others stay as they are.
  if (!rows.isPacked) {
    loops.push_back({count, bytes});
    return {{std::move(loops), bytes}};
  }
  SmallVector<Requests, 2> cut;
  cut.push_back({{{count / together, together * bytes}}, together * bytes});
  if (count % together != 0)
    cut.push_back({{}, count % together * bytes});
  return cut;
}

/// Adds `times` requests of `bytes` that begin at `at`.
static void addAt(int64_t at, int64_t bytes, double times,
                  const MemoryDesc &memory, TileRequests &sum) {
  int64_t access = std::max<int64_t>(memory.accessBytes, 1);
  double moved =
             double(llvm::alignTo(at % access + bytes, access)), // From 0 on.
      rate = memory.bytesPerCycle.value;
  sum.bytes += moved * times;
  sum.cycles += rate > 0 ? std::ceil(moved / rate) * times : 0;
}

/// Adds `requests`. Of one tile with one loop of rows it is known where they
/// begin; otherwise the mean of the places where they may.
static void add(const Requests &requests, Places places,
                const MemoryDesc &memory, TileRequests &sum) {
  int64_t access = std::max<int64_t>(memory.accessBytes, 1);
  double count = 1;
  for (const RowLoop &loop : requests.loops)
    count *= double(loop.count);
  sum.carried += double(requests.bytes) * count;
  if (places.step == 0 && requests.loops.size() <= 1) {
    RowLoop loop = requests.loops.empty() ? RowLoop() : requests.loops.front();
    int64_t period = access / std::gcd(loop.stride, access);
    for (int64_t i = 0; i < std::min(period, loop.count); ++i) {
      int64_t times = (loop.count - i - 1) / period + 1;
      addAt(places.start + i * loop.stride, requests.bytes, double(times),
            memory, sum);
    }
    return;
  }
  for (const RowLoop &loop : requests.loops)
    if (loop.count > 1)
      places.add(loop.stride);
  int64_t step = std::gcd(places.step, access), starts = access / step;
  for (int64_t at = places.start % step; at < access; at += step)
    addAt(at, requests.bytes, count / double(starts), memory, sum);
}

TileRequests aicc::requestsOf(const Workload::TileRows &rows,
                              int64_t elementBits, ArrayRef<int64_t> extents,
                              ArrayRef<int64_t> steps,
                              const MemoryDesc &memory) {
  auto bytesOf = [&](int64_t elements) {
    return int64_t(llvm::divideCeil(elements * elementBits, 8));
  };
  Places places;
  if (!rows.isPacked) {
    places.start = rows.start;
    for (const Axis &axis : rows.axes)
      for (const Workload::Term &term : axis.terms)
        places.add(axis.stride * term.coefficient * steps[term.dim]);
    if (rows.lane >= 0)
      places.add(bytesOf(steps[rows.lane]));
  }
  TileRequests sum;
  int64_t lanes = rows.lane < 0 ? 1 : extents[rows.lane];
  int64_t most = rows.mostLanes > 0 ? rows.mostLanes : lanes;
  auto addRows = [&](int64_t now, int64_t times) {
    if (now == 0 || times == 0)
      return;
    TileRequests one;
    for (const Requests &requests :
         join(rows, loopsOf(rows, extents, bytesOf(now)), now, bytesOf(now)))
      add(requests, places, memory, one);
    sum.bytes += one.bytes * double(times);
    sum.carried += one.carried * double(times);
    sum.cycles += one.cycles * double(times);
  };
  if (lanes > most)
    places.add(bytesOf(most));
  addRows(most, lanes / most);
  addRows(lanes % most, 1);
  return sum;
}
