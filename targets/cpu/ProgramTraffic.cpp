//===- ProgramTraffic.cpp - What the caches keep between kernels ----------===//
//
// What a launch finds in a cache depends on how many other lines were touched
// since its data was touched last. This is counted over the windows of the
// buffers, not over single lines.
//
//===----------------------------------------------------------------------===//

#include "targets/cpu/ProgramTraffic.h"
#include "targets/cpu/Traffic.h"

#include "llvm/ADT/STLExtras.h"

using namespace aicc;
using namespace aicc::cpu;

namespace {
/// Windows by when they were touched last.
class LastTouches {
public:
  struct Touch {
    LaunchTrace::Window window;
    double lines = 0; ///< Of the window, not touched again since.
    size_t time = 0;  ///< Number of the launch.
    unsigned operand = 0;
  };

  llvm::ArrayRef<Touch> all() const { return touches; }

  /// `density`: lines touched, as a share of those in the window.
  void add(const Touch &touch, double density) {
    for (Touch &old : touches) {
      int64_t shared = overlap(old.window, touch.window);
      if (shared <= 0)
        continue;
      double again = share(shared, old.window) * density;
      if (old.window == touch.window)
        again = 1;
      byTime[old.time] -= old.lines * again;
      old.lines *= 1 - again;
    }
    llvm::erase_if(touches, [](const Touch &old) { return old.lines < 1; });
    byTime.resize(std::max(byTime.size(), touch.time + 1), 0);
    byTime[touch.time] += touch.lines;
    touches.push_back(touch);
  }

  /// Different lines touched last by the launches in (after, before).
  double between(size_t after, size_t before) const {
    double sum = 0;
    for (size_t t = after + 1; t < std::min(before, byTime.size()); ++t)
      sum += byTime[t];
    return sum;
  }

  static int64_t overlap(const LaunchTrace::Window &a,
                         const LaunchTrace::Window &b) {
    return std::min(a.end, b.end) - std::max(a.begin, b.begin);
  }
  static double share(int64_t bytes, const LaunchTrace::Window &of) {
    return double(bytes) / double(of.end - of.begin);
  }

private:
  std::vector<Touch> touches;
  std::vector<double> byTime;
};

class Program {
public:
  Program(llvm::ArrayRef<LaunchTrace> launches, int64_t lineBytes)
      : launches(launches), lineBytes(lineBytes) {
    for (const LaunchTrace &launch : launches)
      models.emplace_back(launch.workload, launch.mapping, lineBytes);
  }

  /// What each launch misses in the last of `rounds`.
  std::vector<Transfer> misses(const CacheShape &cache, size_t rounds);

private:
  double found(size_t time, size_t o, double capacityLines) const;
  void touchAll(size_t time);
  bool isAgain(size_t launch, size_t o) const;

  llvm::ArrayRef<LaunchTrace> launches;
  int64_t lineBytes;
  std::vector<TrafficModel> models;
  LastTouches touches;
};
} // namespace

/// An operand that walks the window of an earlier one.
bool Program::isAgain(size_t launch, size_t o) const {
  const LaunchTrace &trace = launches[launch];
  for (size_t other = 0; other < o; ++other)
    if (trace.windows[other].begin == trace.windows[o].begin &&
        trace.workload.operands[other].strides ==
            trace.workload.operands[o].strides)
      return true;
  return false;
}

/// Share of the ages from `first` to `last`, evenly spread, that are at most
/// `limit`.
static double shareYounger(double first, double last, double limit) {
  if (first > last)
    std::swap(first, last);
  if (first == last)
    return first <= limit;
  return std::clamp((limit - first) / (last - first), 0.0, 1.0);
}

/// Lines of an operand that are still there when they are wanted first. Their
/// age is what was touched since: the rest of the launch that touched them,
/// the launches between, and this one so far. Both launches are taken to walk
/// the window at even speed in the same order, or to hold all of it at once.
double Program::found(size_t time, size_t o, double capacityLines) const {
  size_t launch = time % launches.size();
  const TrafficModel &model = models[launch];
  const LaunchTrace::Window &window = launches[launch].windows[o];
  double known = 0, sum = 0;
  // A line is as old as its last touch. Where windows overlap in part, what is
  // left of an old touch is not known by place: newer ones account first.
  for (const LastTouches::Touch &touch : llvm::reverse(touches.all())) {
    int64_t shared = LastTouches::overlap(touch.window, window);
    if (shared <= 0)
      continue;
    const TrafficModel &before = models[touch.time % launches.size()];
    double lines =
        std::min({touch.lines * LastTouches::share(shared, touch.window),
                  model.lines(o) * LastTouches::share(shared, window),
                  model.lines(o) - known});
    double age = std::min(model.lines(o), before.lines(touch.operand)) +
                 touches.between(touch.time, time);
    double rest = before.isSwept(touch.operand)
                      ? before.totalLines() - before.lines(touch.operand)
                      : 0;
    double soFar = std::max(0.0, model.linesUntilSeen(o) - model.lines(o));
    known += lines;
    sum += lines * shareYounger(age + rest, age + soFar, capacityLines);
  }
  // What the windows do not account for is as old as the rest, on average.
  return known > 0 ? sum / known * model.lines(o) : 0;
}

void Program::touchAll(size_t time) {
  size_t launch = time % launches.size();
  for (auto [o, window] : llvm::enumerate(launches[launch].windows)) {
    double lines = models[launch].lines(o);
    if (window.begin == window.end || lines == 0 || isAgain(launch, o))
      continue;
    double inWindow =
        std::max(1.0, double(window.end - window.begin) / lineBytes);
    touches.add({window, lines, time, unsigned(o)},
                std::min(1.0, lines / inWindow));
  }
}

std::vector<Transfer> Program::misses(const CacheShape &cache, size_t rounds) {
  touches = {};
  std::vector<Transfer> result(launches.size());
  for (size_t time = 0; time < rounds * launches.size(); ++time) {
    size_t launch = time % launches.size();
    const LaunchTrace &trace = launches[launch];
    if (time >= (rounds - 1) * launches.size())
      for (size_t o = 0; o < trace.windows.size(); ++o) {
        if (isAgain(launch, o))
          continue;
        double count = std::max(0.0, models[launch].misses(o, cache) -
                                         found(time, o, cache.lines));
        result[launch] += models[launch].transferOf(o, count);
      }
    touchAll(time);
  }
  return result;
}

std::vector<llvm::SmallVector<Transfer, 4>>
aicc::cpu::predictTraffic(llvm::ArrayRef<LaunchTrace> program,
                          const MachineDesc &machine, int64_t alive) {
  std::vector<llvm::SmallVector<Transfer, 4>> result(program.size());
  for (const MemoryDesc &memory : machine.memories) {
    if (memory.bytes == 0)
      continue;
    int64_t lineBytes = std::max<int64_t>(1, memory.lineBytes);
    int64_t ways = memory.ways ? memory.ways * lineBytes : memory.bytes;
    CacheShape cache{double(memory.bytes) / double(lineBytes),
                     memory.bytes / ways};
    std::vector<Transfer> missed =
        Program(program, lineBytes)
            .misses(cache, memory.bytes >= alive ? 2 : 1);
    for (auto [launch, transfer] : llvm::enumerate(missed))
      result[launch].push_back(transfer);
  }
  return result;
}
