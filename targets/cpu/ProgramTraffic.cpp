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

#include <map>

using namespace aicc;
using namespace aicc::cpu;

namespace {
/// Which bytes were touched last by which launch.
class LastTouches {
public:
  struct Piece {
    int64_t end = 0;
    size_t time = 0; ///< Number of the launch.
    unsigned operand = 0;
    double lines = 0; ///< Touched, of [begin, end).
  };

  /// Calls back for each piece of [begin, end) that was touched before.
  void
  forEach(int64_t begin, int64_t end,
          llvm::function_ref<void(const Piece &, double lines)> use) const {
    auto it = pieces.upper_bound(begin);
    if (it != pieces.begin())
      --it;
    for (; it != pieces.end() && it->first < end; ++it) {
      int64_t from = std::max(begin, it->first);
      int64_t to = std::min(end, it->second.end);
      if (from < to)
        use(it->second, it->second.lines * double(to - from) /
                            double(it->second.end - it->first));
    }
  }

  void touch(int64_t begin, int64_t end, Piece piece) {
    split(begin);
    split(end);
    for (auto it = pieces.lower_bound(begin);
         it != pieces.end() && it->first < end; it = pieces.erase(it))
      byTime[it->second.time] -= it->second.lines;
    byTime.resize(std::max(byTime.size(), piece.time + 1), 0);
    byTime[piece.time] += piece.lines;
    piece.end = end;
    pieces[begin] = piece;
  }

  /// Different lines touched last by the launches in (after, before).
  double between(size_t after, size_t before) const {
    double sum = 0;
    for (size_t t = after + 1; t < std::min(before, byTime.size()); ++t)
      sum += byTime[t];
    return sum;
  }

private:
  void split(int64_t at) {
    auto it = pieces.upper_bound(at);
    if (it == pieces.begin())
      return;
    --it;
    if (it->first >= at || it->second.end <= at)
      return;
    Piece rest = it->second;
    double share = double(at - it->first) / double(rest.end - it->first);
    it->second.lines *= share;
    it->second.end = at;
    rest.lines *= 1 - share;
    pieces[at] = rest;
  }

  std::map<int64_t, Piece> pieces; ///< By first byte.
  std::vector<double> byTime;
};

class Program {
public:
  Program(llvm::ArrayRef<LaunchTrace> launches, int64_t lineBytes)
      : launches(launches), lineBytes(lineBytes) {
    for (const LaunchTrace &launch : launches)
      models.emplace_back(launch.workload, launch.mapping, lineBytes);
  }

  std::vector<double> misses(double capacityLines);

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

/// Lines of an operand that are still there when they are wanted first. Their
/// age is what was touched since: the rest of the launch that touched them,
/// the launches between, and this one so far. Both launches are taken to walk
/// the window at even speed in the same order, or to hold all of it at once.
double Program::found(size_t time, size_t o, double capacityLines) const {
  size_t launch = time % launches.size();
  const TrafficModel &model = models[launch];
  const LaunchTrace::Window &window = launches[launch].windows[o];
  double sum = 0;
  touches.forEach(
      window.begin, window.end,
      [&](const LastTouches::Piece &piece, double lines) {
        const TrafficModel &before = models[piece.time % launches.size()];
        double own = std::min(model.lines(o), before.lines(piece.operand));
        double age = own + touches.between(piece.time, time);
        double rest = before.isSwept(piece.operand)
                          ? before.totalLines() - before.lines(piece.operand)
                          : 0;
        double soFar = std::max(0.0, model.linesUntilSeen(o) - model.lines(o));
        // age + (1 - f) rest + f soFar <= capacity, for f in [0, 1].
        double slack = capacityLines - age - rest, slope = soFar - rest;
        double share;
        if (slope == 0)
          share = slack >= 0;
        else if (slope > 0)
          share = std::clamp(slack / slope, 0.0, 1.0);
        else
          share = 1 - std::clamp(slack / slope, 0.0, 1.0);
        sum += share * std::min(lines, model.lines(o));
      });
  return std::min(sum, model.lines(o));
}

void Program::touchAll(size_t time) {
  size_t launch = time % launches.size();
  for (auto [o, window] : llvm::enumerate(launches[launch].windows))
    if (window.begin < window.end && !isAgain(launch, o))
      touches.touch(window.begin, window.end,
                    {window.end, time, unsigned(o), models[launch].lines(o)});
}

/// Of the second run: the first one starts with nothing.
std::vector<double> Program::misses(double capacityLines) {
  touches = {};
  std::vector<double> result(launches.size(), 0);
  for (size_t time = 0; time < 2 * launches.size(); ++time) {
    size_t launch = time % launches.size();
    if (time >= launches.size())
      for (size_t o = 0; o < launches[launch].windows.size(); ++o)
        if (!isAgain(launch, o))
          result[launch] +=
              std::max(0.0, models[launch].misses(o, capacityLines) -
                                found(time, o, capacityLines));
    touchAll(time);
  }
  return result;
}

std::vector<llvm::SmallVector<double, 4>>
aicc::cpu::predictTraffic(llvm::ArrayRef<LaunchTrace> program,
                          const MachineDesc &machine) {
  std::vector<llvm::SmallVector<double, 4>> result(program.size());
  for (const MemoryDesc &memory : machine.memories) {
    if (memory.bytes == 0 || memory.lineBytes == 0)
      continue;
    std::vector<double> lines =
        Program(program, memory.lineBytes)
            .misses(double(memory.bytes) / memory.lineBytes);
    for (auto [launch, count] : llvm::enumerate(lines))
      result[launch].push_back(count * memory.lineBytes);
  }
  return result;
}
