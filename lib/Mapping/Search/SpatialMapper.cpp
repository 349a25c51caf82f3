//===- SpatialMapper.cpp - The best mapping on a spatial machine ----------===//

#include "aicc/Mapping/SpatialMapper.h"

#include "lib/Mapping/Search/PriceStore.h"
#include "lib/Mapping/Search/Walk.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace llvm;
using namespace aicc;
using namespace aicc::search;

namespace {

/// One search over all unrollings.
template <typename Incumbents> class Search {
public:
  Search(PriceStore &prices, const SpatialMapperOptions &options)
      : prices(prices), workload(prices.probes.real.workload),
        machine(prices.probes.real.machine), options(options),
        incumbents(options),
        isExact(
            isOrderFree(machine) &&
            none_of(workload.operands, [](const Workload::Operand &operand) {
              return operand.rows.has_value();
            })) {}

  SpatialMapperResult run();

private:
  struct Choice {
    double promise = 0;
    Totals least;
    size_t index = 0;
    double product() const { return least.energyPj * least.cycles; }
  };
  void collectUnrollings();
  double footprint(const Unrolling &unrolling) const;
  double leastOfAll();
  std::vector<Choice> rankUnrollings();
  std::vector<Choice> mostPromising(ArrayRef<Choice> choices) const;
  bool searchTiles(const Choice &choice, bool isPerfect, Incumbents &found,
                   NodeBudget &nodes);
  std::vector<SpatialCandidate> searchMostPromising(ArrayRef<Choice> choices,
                                                    NodeBudget &nodes);

  PriceStore &prices;
  const Workload &workload;
  const MachineDesc &machine;
  const SpatialMapperOptions &options;
  Incumbents incumbents;
  /// Those that are priced; all of the space, or the most promising ones.
  std::vector<Unrolling> all;
  uint64_t inSpace = 0;
  /// Costs depend on tiles alone, and repeats never save anything.
  bool isExact;
};

} // namespace

/// Bytes that the arithmetic asks for in one step, each element once.
template <typename Incumbents>
double Search<Incumbents>::footprint(const Unrolling &unrolling) const {
  double bytes = 0;
  for (auto [o, operand] : enumerate(workload.operands)) {
    double elements = 1;
    for (unsigned d = 0; d != workload.dims.size(); ++d)
      if (prices.probes.real.shapeOf(o).moves(d))
        elements *= double(unrolling.extent[d]);
    bytes += elements * double(operand.bits) / 8;
  }
  return bytes;
}

/// The unrollings that will be priced: all, or where only a few will be
/// searched, those that take the fewest steps and bytes.
template <typename Incumbents> void Search<Incumbents>::collectUnrollings() {
  constexpr uint64_t pricedForEach = 64;
  uint64_t most = options.unrollingLimit;
  most = most > std::numeric_limits<uint64_t>::max() / pricedForEach
             ? most
             : most * pricedForEach;
  struct Entry {
    std::tuple<double, double, uint64_t> key; ///< Rank, bytes, number.
    Unrolling unrolling;
    uint64_t number() const { return std::get<2>(key); }
    bool operator<(const Entry &other) const { return key < other.key; }
  };
  std::vector<Entry> heap; // The least promising one first.
  forEachUnrolling(
      workload, machine, options.axisDims, [&](const Unrolling &unrolling) {
        double steps = unrolling.totalSteps(workload);
        double bytes = steps * footprint(unrolling);
        std::tuple key(incumbents.rank(bytes, steps), bytes, inSpace++);
        if (heap.size() == most) {
          if (key >= heap.front().key)
            return;
          std::pop_heap(heap.begin(), heap.end());
          heap.pop_back();
        }
        heap.push_back({key, unrolling});
        std::push_heap(heap.begin(), heap.end());
      });
  llvm::sort(heap, [](const Entry &a, const Entry &b) {
    return a.number() < b.number();
  });
  for (Entry &entry : heap)
    all.push_back(std::move(entry.unrolling));
}

/// A rank that no mapping of the space can undercut: the arithmetic with all of
/// the array at work, and the outermost memory that moves everything once.
template <typename Incumbents> double Search<Incumbents>::leastOfAll() {
  if (all.empty())
    return 0;
  const PriceTables *tables =
      prices.tablesOf(all.front(), options.perfectFactors);
  if (!tables)
    return 0;
  double points = workload.points(), positions = 1;
  for (const ArrayDesc::Axis &axis : machine.array.axes)
    positions *= double(axis.size);
  double stepCycles = tables->computeCycles / all.front().totalSteps(workload);
  // How many rows and columns a crossbar drives depends on the unrolling.
  double energy = machine.crossbar ? 0 : tables->arithmeticPj;
  const MemoryDesc &outermost = machine.memories.back();
  double read = 0, written = 0;
  for (auto [o, operand] : enumerate(workload.operands)) {
    if (!prices.probes.real.isOutermost(prices.probes.real.homeOf(o)))
      continue;
    double bytes =
        prices.probes.real.wholeElements(o) * double(operand.bits) / 8;
    if (!outermost.keepsZeros)
      bytes *= operand.density;
    (operand.isOutput() ? written : read) += bytes;
  }
  energy +=
      read * outermost.readPjPerByte.value + written * outermost.writePj();
  double busy = outermost.sharedPort ? read + written : std::max(read, written);
  double cycles = points / positions * stepCycles;
  if (outermost.bytesPerCycle.value > 0)
    cycles = std::max(cycles, busy / outermost.bytesPerCycle.value);
  return incumbents.rank(energy + cycles * tables->pjPerCycle, cycles);
}

template <typename Incumbents>
std::vector<typename Search<Incumbents>::Choice>
Search<Incumbents>::rankUnrollings() {
  std::vector<Choice> choices;
  for (auto [index, unrolling] : enumerate(all)) {
    Choice choice;
    choice.index = index;
    const std::optional<Totals> &least = prices.leastOf(unrolling);
    if (!least)
      continue;
    choice.least = *least;
    choice.promise =
        incumbents.rank(choice.least.energyPj, choice.least.cycles);
    choices.push_back(choice);
  }
  llvm::sort(choices, [](const Choice &a, const Choice &b) {
    double x = a.product(), y = b.product();
    return std::tie(a.promise, x, a.index) < std::tie(b.promise, y, b.index);
  });
  return choices;
}

/// The order in which to look at `choices` where not all can be: half of them
/// as they are ranked, half by the product of energy and time. A bound that a
/// single objective ranks by is the same for many.
template <typename Incumbents>
std::vector<typename Search<Incumbents>::Choice>
Search<Incumbents>::mostPromising(ArrayRef<Choice> choices) const {
  std::vector<Choice> byProduct = choices, ordered;
  llvm::sort(byProduct, [](const Choice &a, const Choice &b) {
    double x = a.product(), y = b.product();
    return std::tie(x, a.promise, a.index) < std::tie(y, b.promise, b.index);
  });
  DenseSet<uint64_t> seen;
  auto take = [&](const Choice &choice) {
    if (seen.insert(choice.index).second)
      ordered.push_back(choice);
  };
  for (auto [own, other] : zip(choices, byProduct)) {
    take(own);
    take(other);
  }
  return ordered;
}

/// All mappings of one unrolling; notes the least rank of what was given up.
/// False if it can have none.
template <typename Incumbents>
bool Search<Incumbents>::searchTiles(const Choice &choice, bool isPerfect,
                                     Incumbents &found, NodeBudget &nodes) {
  found.begin();
  if (found.isHopeless(choice.least.energyPj, choice.least.cycles))
    return true;
  if (nodes.isSpent()) {
    nodes.open = std::min(nodes.open, choice.promise);
    return true;
  }
  PriceTables *tables = prices.tablesOf(all[choice.index], isPerfect);
  if (!tables)
    return false;
  auto isHopeless = [&](double energyPj, double cycles) {
    return found.isHopeless(energyPj, cycles);
  };
  if (tables->buildBoundaries(isHopeless))
    Walk<Incumbents>(*tables, options.budgets.memoryBytes, found, nodes).run();
  isExact &= tables->isMonotone;
  return tables->isUsable;
}

/// Some of the unrollings with tiles that divide, a small part of all tiles;
/// then all tiles of those that have the best mappings.
template <typename Incumbents>
std::vector<SpatialCandidate>
Search<Incumbents>::searchMostPromising(ArrayRef<Choice> choices,
                                        NodeBudget &nodes) {
  nodes.open = std::min(nodes.open, choices.front().promise);
  std::vector<Choice> picked;
  for (const Choice &choice : mostPromising(choices)) {
    if (picked.size() == options.unrollingLimit)
      break;
    if (searchTiles(choice, /*isPerfect=*/true, incumbents, nodes))
      picked.push_back(choice);
  }
  std::vector<SpatialCandidate> divided = incumbents.take();
  if (options.perfectFactors)
    return divided;
  Incumbents refined(options);
  refined.improveOn(divided);
  for (const Choice &choice : picked)
    if (any_of(divided, [&](const SpatialCandidate &candidate) {
          return isUnrollingOf(workload, all[choice.index], candidate.mapping);
        }))
      searchTiles(choice, /*isPerfect=*/false, refined, nodes);
  std::vector<SpatialCandidate> best = refined.take();
  return best.empty() ? divided : best;
}

template <typename Incumbents> SpatialMapperResult Search<Incumbents>::run() {
  SpatialMapperResult result;
  collectUnrollings();
  result.stats.unrollings = inSpace;
  NodeBudget nodes{result.stats, options.nodeLimit};
  double least = std::numeric_limits<double>::infinity();
  if (inSpace > all.size())
    nodes.open = least = leastOfAll();
  std::vector<Choice> choices = rankUnrollings();
  if (!choices.empty())
    least = std::min(least, choices.front().promise);
  if (choices.size() > options.unrollingLimit) {
    result.candidates = searchMostPromising(choices, nodes);
  } else {
    for (const Choice &choice : choices)
      searchTiles(choice, options.perfectFactors, incumbents, nodes);
    result.candidates = incumbents.take();
  }
  double best = result.candidates.empty()
                    ? std::numeric_limits<double>::infinity()
                    : incumbents.rank(result.candidates[0].energyPj,
                                      result.candidates[0].cycles);
  // Where the order of loops matters, only what every mapping pays is certain.
  if (!isExact)
    nodes.open = least;
  result.lowerBound = std::min(nodes.open, best);
  result.isOptimal = isExact && nodes.open >= best;
  return result;
}

std::string SpatialMapperResult::boundText(const Goal &goal) const {
  return llvm::formatv("not proved optimal, {0:f0} % above the bound",
                       100 * gap(goal));
}

namespace {

/// A search under limits so wide that every mapping that fits keeps them.
SpatialMapperResult withoutBudgets(PriceStore &prices,
                                   SpatialMapperOptions options,
                                   Objective objective) {
  options.budgets = SpatialBudgets();
  options.alternatives = 0;
  options.objective = objective;
  return Search<BestOfDataflows>(prices, options).run();
}

} // namespace

/// Why there is no mapping, and how far the budgets are off.
static std::string explainNothing(PriceStore &prices,
                                  const SpatialMapperOptions &options) {
  SpatialMapperResult energy =
      withoutBudgets(prices, options, Objective::Energy);
  if (energy.candidates.empty())
    return "no tile of the workload fits the memories of machine '" +
           prices.probes.real.machine.name + "'";
  SpatialMapperResult latency =
      withoutBudgets(prices, options, Objective::Latency);
  return formatv("no mapping keeps the budgets: without them the least energy "
                 "is {0:f3} pJ (at {1:f0} cycles and {2:f0} bytes), the least "
                 "time {3:f0} cycles (at {4:f3} pJ and {5:f0} bytes)",
                 energy.candidates[0].energyPj, energy.candidates[0].cycles,
                 energy.candidates[0].memoryBytes, latency.candidates[0].cycles,
                 latency.candidates[0].energyPj,
                 latency.candidates[0].memoryBytes)
      .str();
}

/// Among equally fast (or frugal) mappings, the most frugal (or fastest) one.
/// With a slack in time, the found time stands for the least one: as much of it
/// may be given up where it is not proved to be that.
static void breakTie(PriceStore &prices, const SpatialMapperOptions &options,
                     SpatialMapperResult &result) {
  const Goal &goal = options.objective;
  bool isLatency = goal.is(Objective::Latency);
  bool isSlack = isLatency && options.latencySlack > 0;
  // Where both count, of equals none is better.
  bool countsBoth = !isLatency && !goal.is(Objective::Energy);
  if (countsBoth || result.candidates.empty() ||
      (!result.isOptimal && !isSlack))
    return;
  SpatialCandidate &best = result.candidates[0];
  SpatialMapperOptions second = options;
  second.alternatives = 0;
  if (isLatency) {
    second.objective = Objective::Energy;
    second.budgets.cycles = std::min(options.budgets.cycles,
                                     best.cycles * (1 + options.latencySlack));
  } else {
    second.objective = Objective::Latency;
    second.budgets.energyPj = best.energyPj;
  }
  SpatialMapperResult tied = Search<BestOfDataflows>(prices, second).run();
  result.stats.nodes += tied.stats.nodes;
  result.stats.pruned += tied.stats.pruned;
  result.stats.evaluated += tied.stats.evaluated;
  if (!tied.candidates.empty())
    best = std::move(tied.candidates[0]);
}

/// What is fast wastes little: where the least energy is not proved, the search
/// for the least time may have come upon less.
static void compareFastest(PriceStore &prices, SpatialMapperOptions options,
                           SpatialMapperResult &result) {
  if (result.isOptimal || !options.objective.is(Objective::Energy))
    return;
  options.objective = Objective::Latency;
  options.alternatives = 0;
  SpatialMapperResult fastest = Search<BestOfDataflows>(prices, options).run();
  breakTie(prices, options, fastest);
  std::vector<SpatialCandidate> &best = result.candidates;
  if (fastest.candidates.empty() ||
      (!best.empty() &&
       best[0].energyPj <= fastest.candidates[0].energyPj * (1 + kRounding)))
    return;
  best.insert(best.begin(), std::move(fastest.candidates[0]));
}

static bool isSearchable(const Workload &workload, const MachineDesc &machine,
                         std::string &why) {
  if (workload.dims.size() > kMaxDims)
    why = formatv("{0} loop dimensions, and the mapper takes {1}",
                  workload.dims.size(), kMaxDims);
  else if (machine.memories.empty())
    why = "machine '" + machine.name + "' has no memories";
  else if (any_of(workload.dims,
                  [](const Workload::Dim &dim) { return dim.size < 1; }))
    why = "a loop dimension has no iterations";
  return why.empty();
}

SpatialMapperResult aicc::mapSpatial(const Workload &workload,
                                     const MachineDesc &machine,
                                     const SpatialMapperOptions &options) {
  SpatialMapperResult result;
  if (!isSearchable(workload, machine, result.why))
    return result;
  PriceStore prices(workload, machine);
  result = Search<BestOfDataflows>(prices, options).run();
  breakTie(prices, options, result);
  compareFastest(prices, options, result);
  if (result.candidates.empty())
    result.why = result.isOptimal
                     ? explainNothing(prices, options)
                     : "no mapping found among those that were looked at";
  return result;
}

SpatialMapperResult aicc::paretoSpatial(const Workload &workload,
                                        const MachineDesc &machine,
                                        const SpatialMapperOptions &options) {
  SpatialMapperResult result;
  if (!isSearchable(workload, machine, result.why))
    return result;
  PriceStore prices(workload, machine);
  result = Search<ParetoFront>(prices, options).run();
  if (result.candidates.empty())
    result.why = explainNothing(prices, options);
  return result;
}

/// What Workload::TileRows adds to a key.
template <typename Add>
static void addRows(const Workload::Operand &operand, Add add) {
  add(operand.rows.has_value());
  if (!operand.rows)
    return;
  const Workload::TileRows &rows = *operand.rows;
  for (int64_t value :
       {int64_t(rows.lane), rows.start, rows.rowLanes,
        int64_t(rows.joinsSeveral), rows.mostLanes, rows.mostJoined,
        int64_t(rows.isPacked), int64_t(rows.axes.size())})
    add(value);
  for (const Workload::TileRows::Axis &axis : rows.axes) {
    add(axis.stride);
    add(axis.terms.size());
    for (const Workload::Term &term : axis.terms) {
      add(term.dim);
      add(term.coefficient);
    }
  }
}

/// Everything about a workload that a cost depends on, as words.
static std::vector<uint64_t> keyOf(const Workload &workload) {
  std::vector<uint64_t> key;
  auto add = [&](auto value) {
    key.push_back(bit_cast<uint64_t>(double(value)));
  };
  add(unsigned(workload.arithmetic));
  add(workload.opsPerPoint);
  add(workload.opsPerResult);
  add(workload.dims.size());
  for (const Workload::Dim &dim : workload.dims) {
    key.push_back(uint64_t(dim.size));
    add(dim.isReduction);
  }
  for (const Workload::Operand &operand : workload.operands) {
    add(unsigned(operand.role));
    add(operand.bits);
    add(operand.partialBits);
    add(operand.density);
    add(operand.home);
    addRows(operand, add);
    add(operand.index.size());
    for (ArrayRef<Workload::Term> index : operand.index) {
      add(index.size());
      for (const Workload::Term &term : index) {
        add(term.dim);
        key.push_back(uint64_t(term.coefficient));
      }
    }
  }
  return key;
}

std::vector<SpatialMapperResult>
aicc::mapSpatial(ArrayRef<Workload> workloads, const MachineDesc &machine,
                 const SpatialMapperOptions &options) {
  std::map<std::vector<uint64_t>, size_t> firstOf;
  std::vector<size_t> sourceOf, distinct;
  for (auto [index, workload] : enumerate(workloads)) {
    auto [found, isNew] = firstOf.try_emplace(keyOf(workload), index);
    sourceOf.push_back(found->second);
    if (isNew)
      distinct.push_back(index);
  }
  std::vector<SpatialMapperResult> results(workloads.size());
  auto search = [&](size_t index) {
    results[index] = mapSpatial(workloads[index], machine, options);
  };
  if (options.threads <= 1) {
    for (size_t index : distinct)
      search(index);
  } else {
    DefaultThreadPool pool(hardware_concurrency(options.threads));
    for (size_t index : distinct)
      pool.async(search, index);
    pool.wait();
  }
  for (auto [index, source] : enumerate(sourceOf))
    if (source != index)
      results[index] = results[source];
  return results;
}

bool aicc::isInMapSpace(const Workload &workload, const MachineDesc &machine,
                        const SpatialMapperOptions &options,
                        const Mapping &mapping) {
  return contains(workload, machine, options.axisDims, options.perfectFactors,
                  mapping);
}
