//===- OracleSimulator.cpp - Runs a mapping literally ---------------------===//

#include "test/unit/Energy/OracleSimulator.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <utility>

using namespace aicc;
using namespace aicc::oracle;

static bool isZero(const Tuple &tuple) {
  return std::all_of(tuple.begin(), tuple.end(),
                     [](int64_t value) { return value == 0; });
}

Simulator::Simulator(const Workload &workload, const Mapping &mapping,
                     const MachineDesc &machine)
    : workload(workload), mapping(mapping), machine(machine) {
  Work work;
  work.time.assign(mapping.loops.size(), 0);
  work.position.assign(mapping.loops.size(), 0);
  Tuple begin(workload.dims.size(), 0), extent;
  for (const Workload::Dim &dim : workload.dims)
    extent.push_back(dim.size);
  list(0, work, begin, extent);
  std::sort(works.begin(), works.end(), [](const Work &a, const Work &b) {
    return a.time != b.time ? a.time < b.time : a.position < b.position;
  });
}

void Simulator::list(size_t loop, Work work, Tuple begin, Tuple extent) {
  if (loop == mapping.loops.size()) {
    work.point = begin;
    works.push_back(work);
    return;
  }
  const Mapping::Loop &walked = mapping.loops[loop];
  int64_t end = begin[walked.dim] + extent[walked.dim];
  for (int64_t i = 0; begin[walked.dim] < end; ++i) {
    (walked.isSpatial() ? work.position : work.time)[loop] = i;
    extent[walked.dim] = std::min(walked.tile, end - begin[walked.dim]);
    list(loop + 1, work, begin, extent);
    begin[walked.dim] += walked.tile;
  }
}

Tuple Simulator::element(unsigned operand, const Tuple &point) const {
  Tuple name;
  for (const auto &terms : workload.operands[operand].index) {
    int64_t sum = 0;
    for (const Workload::Term &term : terms)
      sum += term.coefficient * point[term.dim];
    name.push_back(sum);
  }
  return name;
}

Tuple Simulator::restrict(const Tuple &position, uint32_t axes) const {
  Tuple result = position;
  for (size_t i = 0; i < result.size(); ++i)
    if (mapping.loops[i].axis < 0 || !(axes >> mapping.loops[i].axis & 1))
      result[i] = 0;
  return result;
}

Tuple Simulator::moversOf(unsigned operand, const Tuple &point) const {
  Tuple result(point.size(), 0);
  for (const auto &terms : workload.operands[operand].index) {
    std::map<unsigned, int64_t> sums;
    for (const Workload::Term &term : terms)
      sums[term.dim] += term.coefficient;
    for (auto [dim, coefficient] : sums)
      if (coefficient != 0)
        result[dim] = point[dim];
  }
  return result;
}

std::vector<Simulator::Period> Simulator::periodsOf(unsigned operand,
                                                    const Level &level) const {
  std::vector<Period> periods;
  std::set<Tuple> last; // What position 0 worked on.
  for (size_t begin = 0, end = 0; begin < works.size(); begin = end) {
    Tuple prefix = works[begin].time;
    auto isInside = [&](const Work &work) {
      return level.memory < 0
                 ? work.time == prefix
                 : std::equal(prefix.begin(), prefix.begin() + level.residence,
                              work.time.begin());
    };
    std::set<Tuple> box;
    Tiles tiles;
    for (end = begin; end < works.size() && isInside(works[end]); ++end) {
      const Work &work = works[end];
      if (isZero(work.position))
        box.insert(moversOf(operand, work.point));
      tiles[restrict(work.position, level.perAxes)].insert(
          element(operand, work.point));
    }
    if (level.memory < 0 || box != last)
      periods.push_back({begin, std::move(tiles)});
    last = std::move(box);
  }
  return periods;
}

std::vector<Simulator::Level> Simulator::levelsOf(unsigned operand) const {
  std::vector<Level> levels(1);
  levels[0].perAxes = ~uint32_t(0);
  for (size_t m = 0; m < machine.memories.size(); ++m) {
    int residence = mapping.residence[operand][m];
    if (residence == Mapping::bypass)
      continue;
    levels.emplace_back();
    levels.back().memory = int(m);
    levels.back().residence = residence;
    levels.back().perAxes = machine.memories[m].perAxes;
  }
  for (Level &level : levels)
    level.periods = periodsOf(operand, level);
  return levels;
}

uint32_t Simulator::groupAxes(unsigned operand, const Level &inner,
                              const Level &outer) const {
  uint32_t axes = outer.perAxes;
  for (size_t i = 0; i < machine.array.axes.size(); ++i) {
    const ArrayDesc::Axis &axis = machine.array.axes[i];
    bool joins =
        workload.operands[operand].isOutput() ? axis.reduces : axis.multicasts;
    if (!joins && (inner.perAxes >> i & 1))
      axes |= uint32_t(1) << i;
  }
  return axes;
}

double Simulator::bytesOf(unsigned operand, double elements, int64_t bits,
                          int memory) const {
  double share = machine.memories[memory].keepsZeros
                     ? 1
                     : workload.operands[operand].density;
  return elements * share * double(bits) / 8;
}

/// Whether the tiles of a period are those of the one before, moved on by one
/// iteration of one loop over windows that are not spread over the array.
bool Simulator::isMovedOn(unsigned operand, const Level &level,
                          size_t period) const {
  if (period == 0 || level.memory < 0 || !machine.memories[level.memory].slides)
    return false;
  const Tuple &now = works[level.periods[period].begin].time;
  const Tuple &before = works[level.periods[period - 1].begin].time;
  int moved = -1;
  for (int i = 0; i < level.residence; ++i) {
    Tuple unit(workload.dims.size(), 0);
    unit[mapping.loops[i].dim] = 1;
    bool moves = moversOf(operand, unit) != Tuple(unit.size(), 0) &&
                 workload.dims[mapping.loops[i].dim].size > 1;
    if (!moves || now[i] == before[i])
      continue;
    if (moved >= 0 || now[i] != before[i] + 1)
      return false;
    moved = i;
  }
  return isInTimeAlone(operand, mapping.loops[moved].dim);
}

/// Whether no dimension that shares an index with `dim`, through others too,
/// has several positions.
bool Simulator::isInTimeAlone(unsigned operand, unsigned dim) const {
  std::set<unsigned> connected{dim};
  for (size_t last = 0; last != connected.size();) {
    last = connected.size();
    for (const auto &terms : workload.operands[operand].index) {
      bool touches = llvm::any_of(terms, [&](const Workload::Term &term) {
        return connected.count(term.dim);
      });
      for (const Workload::Term &term : terms)
        if (touches && workload.dims[term.dim].size > 1)
          connected.insert(term.dim);
    }
  }
  return llvm::all_of(works, [&](const Work &work) {
    for (size_t i = 0; i < work.position.size(); ++i)
      if (work.position[i] > 0 && connected.count(mapping.loops[i].dim))
        return false;
    return true;
  });
}

std::vector<SeenTraffic> Simulator::run(unsigned operand) const {
  return workload.operands[operand].isOutput() ? runResults(operand)
                                               : runReads(operand);
}

std::vector<SeenTraffic> Simulator::runReads(unsigned operand) const {
  std::vector<SeenTraffic> seen(machine.memories.size());
  std::vector<Level> levels = levelsOf(operand);
  auto record = [&](Seen &flow, int m, size_t elements, bool isFirst) {
    double bytes =
        bytesOf(operand, double(elements), workload.operands[operand].bits, m);
    if (int64_t access = machine.memories[m].accessBytes)
      bytes = std::ceil(bytes / double(access)) * double(access);
    flow.elements += double(elements);
    flow.bytes += bytes;
    flow.busiestBytes += isFirst ? bytes : 0;
  };
  for (size_t i = 1; i < levels.size(); ++i) {
    const Level &inner = levels[i - 1], &outer = levels[i];
    uint32_t axes = groupAxes(operand, inner, outer);
    for (size_t p = 0; p < inner.periods.size(); ++p) {
      Tiles requests, tiles = inner.periods[p].tiles;
      if (isMovedOn(operand, inner, p))
        for (const auto &[instance, old] : inner.periods[p - 1].tiles)
          for (const Tuple &name : old)
            tiles[instance].erase(name);
      for (const auto &[instance, tile] : tiles) {
        requests[restrict(instance, axes)].insert(tile.begin(), tile.end());
        if (inner.memory >= 0)
          record(seen[inner.memory].fills, inner.memory, tile.size(),
                 isZero(instance));
      }
      for (const auto &[request, elements] : requests)
        record(seen[outer.memory].reads, outer.memory, elements.size(),
               isZero(restrict(request, outer.perAxes)));
    }
  }
  for (const Level &level : levels)
    for (const Period &period : level.periods)
      for (const auto &[instance, tile] : period.tiles)
        if (level.memory >= 0)
          seen[level.memory].tileElements =
              std::max(seen[level.memory].tileElements, double(tile.size()));
  return seen;
}

/// Fetches the partial sums of the next tiles; the others begin at zero.
void Simulator::load(Level &inner, Level &outer,
                     std::vector<SeenTraffic> &seen) const {
  std::map<Tuple, std::map<Tuple, Tuple>> places; // Element to an instance.
  for (const auto &[instance, tile] : inner.periods[inner.current].tiles)
    for (const Tuple &name : tile)
      places[restrict(instance, outer.perAxes)].emplace(name, instance);
  for (const auto &[place, wanted] : places) {
    Values &stored = outer.stored[place];
    for (const auto &[name, instance] : wanted) {
      auto found = stored.find(name);
      if (found == stored.end())
        continue;
      seen[outer.memory].reads.elements += 1;
      seen[outer.memory].reads.busiestBytes += isZero(place);
      seen[inner.memory].fills.elements += 1;
      seen[inner.memory].fills.busiestBytes += isZero(instance);
      inner.stored[instance][name] = found->second;
      stored.erase(found);
    }
  }
}

void Simulator::update(Level &outer, const Tuple &instance, const Tuple &name,
                       double value, std::vector<SeenTraffic> &seen) const {
  auto [found, isNew] = outer.stored[instance].emplace(name, 0);
  double &sum = found->second;
  sum += value;
  seen[outer.memory].reads.elements += !isNew;
  seen[outer.memory].reads.busiestBytes += !isNew && isZero(instance);
  Seen &updates = seen[outer.memory].updates;
  updates.elements += 1;
  updates.busiestBytes += isZero(instance);
  outer.finals[0] += sum == totals[name];
  outer.busiestFinals[0] += sum == totals[name] && isZero(instance);
}

/// The tiles at hand leave for the next outer memory.
void Simulator::drain(unsigned operand, Level &inner, Level &outer,
                      std::vector<SeenTraffic> &seen) const {
  uint32_t axes = groupAxes(operand, inner, outer);
  std::map<Tuple, Values> groups;
  for (const auto &[instance, values] : inner.stored) {
    for (const auto &[name, value] : values) {
      Seen &drains = seen[inner.memory].drains;
      drains.elements += 1;
      drains.busiestBytes += isZero(instance);
      inner.finals[1] += value == totals[name];
      inner.busiestFinals[1] += value == totals[name] && isZero(instance);
      groups[restrict(instance, axes)][name] += value;
    }
  }
  inner.stored.clear();
  for (const auto &[group, values] : groups)
    for (const auto &[name, value] : values)
      update(outer, restrict(group, outer.perAxes), name, value, seen);
}

/// One step of all positions.
void Simulator::multiply(unsigned operand, Level &inner, Level &outer,
                         std::vector<SeenTraffic> &seen) const {
  uint32_t axes = groupAxes(operand, inner, outer);
  std::map<Tuple, Values> groups;
  for (const auto &[position, names] : inner.periods[inner.current].tiles)
    for (const Tuple &name : names)
      groups[restrict(position, axes)][name] += 1;
  for (const auto &[group, products] : groups) {
    Tuple place = restrict(group, outer.perAxes);
    for (const auto &[name, count] : products)
      update(outer, place, name, count, seen);
  }
}

std::vector<SeenTraffic> Simulator::runResults(unsigned operand) const {
  std::vector<SeenTraffic> seen(machine.memories.size());
  std::vector<Level> levels = levelsOf(operand);
  totals.clear();
  for (const Work &work : works)
    totals[element(operand, work.point)] += 1;
  for (size_t step = 0; step < levels[0].periods.size(); ++step) {
    size_t begin = levels[0].periods[step].begin;
    levels[0].current = step;
    auto isNext = [&](const Level &level) {
      return level.current + 1 < level.periods.size() &&
             level.periods[level.current + 1].begin == begin;
    };
    std::vector<size_t> changed;
    for (size_t i = 1; i + 1 < levels.size(); ++i) {
      if (step > 0 && !isNext(levels[i]))
        continue;
      changed.push_back(i);
      if (step == 0)
        continue;
      drain(operand, levels[i], levels[i + 1], seen);
      ++levels[i].current;
    }
    for (size_t i : llvm::reverse(changed))
      load(levels[i], levels[i + 1], seen);
    multiply(operand, levels[0], levels[1], seen);
  }
  for (size_t i = 1; i + 1 < levels.size(); ++i)
    drain(operand, levels[i], levels[i + 1], seen);
  priceResults(operand, levels, seen);
  return seen;
}

/// Whether several instances ever hold partial sums of one element.
static bool hasCopies(const std::map<Tuple, Elements> &tiles) {
  std::set<Tuple> held;
  for (const auto &[instance, tile] : tiles)
    for (const Tuple &name : tile)
      if (!held.insert(name).second)
        return true;
  return false;
}

/// Elements become bytes: complete values are narrow, but not where they were
/// accumulated, nor in a memory made for copies; everything else is wide.
void Simulator::priceResults(unsigned operand, const std::vector<Level> &levels,
                             std::vector<SeenTraffic> &seen) const {
  int64_t narrow = workload.operands[operand].bits;
  int64_t wide = workload.operands[operand].bitsOfPartial();
  for (size_t i = 1; i < levels.size(); ++i) {
    const Level &level = levels[i];
    SeenTraffic &traffic = seen[level.memory];
    bool isOnce = traffic.updates.elements == double(totals.size());
    bool accumulates = (i == 1 && !isOnce) ||
                       llvm::any_of(level.periods, [](const Period &period) {
                         return hasCopies(period.tiles);
                       });
    auto price = [&](Seen &flow, double finals, double busiestFinals) {
      if (accumulates)
        finals = busiestFinals = 0;
      flow.bytes = bytesOf(operand, finals, narrow, level.memory) +
                   bytesOf(operand, flow.elements - finals, wide, level.memory);
      flow.busiestBytes =
          bytesOf(operand, busiestFinals, narrow, level.memory) +
          bytesOf(operand, flow.busiestBytes - busiestFinals, wide,
                  level.memory);
    };
    price(traffic.updates, level.finals[0], level.busiestFinals[0]);
    price(traffic.drains, level.finals[1], level.busiestFinals[1]);
    price(traffic.fills, 0, 0);
    price(traffic.reads, 0, 0);
    for (const Period &period : level.periods)
      for (const auto &[instance, tile] : period.tiles)
        traffic.tileElements =
            std::max(traffic.tileElements, double(tile.size()));
  }
}

double Simulator::steps() const {
  std::set<Tuple> times;
  for (const Work &work : works)
    times.insert(work.time);
  return double(times.size());
}

double Simulator::resultSteps() const {
  std::set<Tuple> times;
  for (const Work &work : works) {
    Tuple time = work.time;
    for (size_t i = 0; i < time.size(); ++i)
      if (workload.dims[mapping.loops[i].dim].isReduction)
        time[i] = 0;
    times.insert(time);
  }
  return double(times.size());
}
