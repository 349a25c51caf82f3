//===- SpatialMapper.cpp - The best mapping on a spatial machine ----------===//

#include "aicc/Mapping/SpatialMapper.h"

#include "lib/Mapping/Search/Walk.h"

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
  Search(const Workload &workload, const MachineDesc &machine,
         const SpatialMapperOptions &options)
      : workload(workload), machine(machine), options(options),
        probes(workload, machine), incumbents(options) {}

  SpatialMapperResult run();

private:
  struct Choice {
    double promise = 0;
    Totals least;
    size_t index = 0;
  };
  std::vector<Choice> rankUnrollings();
  bool leastOf(const Unrolling &unrolling, Totals &least) const;

  const Workload &workload;
  const MachineDesc &machine;
  const SpatialMapperOptions &options;
  CostProbes probes;
  Incumbents incumbents;
  std::vector<Unrolling> all;
};

} // namespace

/// What no mapping with `unrolling` can undercut: everything crosses each
/// boundary once, and nothing waits for the first tiles.
template <typename Incumbents>
bool Search<Incumbents>::leastOf(const Unrolling &unrolling,
                                 Totals &least) const {
  PriceTables tables(probes, unrolling, options.perfectFactors);
  if (!tables.buildBase())
    return false;
  least.cycles = tables.leastCycles;
  least.energyPj = tables.base.energyPj + least.cycles * tables.pjPerCycle;
  return true;
}

template <typename Incumbents>
std::vector<typename Search<Incumbents>::Choice>
Search<Incumbents>::rankUnrollings() {
  std::vector<Choice> choices;
  for (auto [index, unrolling] : enumerate(all)) {
    Choice choice;
    choice.index = index;
    if (!leastOf(unrolling, choice.least))
      continue;
    choice.promise =
        incumbents.rank(choice.least.energyPj, choice.least.cycles);
    choices.push_back(choice);
  }
  llvm::sort(choices, [](const Choice &a, const Choice &b) {
    return std::tie(a.promise, a.index) < std::tie(b.promise, b.index);
  });
  return choices;
}

template <typename Incumbents> SpatialMapperResult Search<Incumbents>::run() {
  SpatialMapperResult result;
  all = unrollings(workload, machine, options.axisDims);
  result.stats.unrollings = all.size();
  NodeBudget nodes{result.stats, options.nodeLimit};
  double least = std::numeric_limits<double>::infinity();
  bool isExact = isOrderFree(machine);
  uint64_t opened = 0;
  for (const Choice &choice : rankUnrollings()) {
    least = std::min(least, choice.promise);
    incumbents.begin();
    if (incumbents.isHopeless(choice.least.energyPj, choice.least.cycles))
      continue;
    if (nodes.isSpent() || opened++ >= options.unrollingLimit) {
      nodes.open = std::min(nodes.open, choice.promise);
      continue;
    }
    PriceTables tables(probes, all[choice.index], options.perfectFactors);
    auto isHopeless = [&](double energyPj, double cycles) {
      return incumbents.isHopeless(energyPj, cycles);
    };
    if (tables.buildBase() && tables.buildBoundaries(isHopeless))
      Walk<Incumbents>(tables, options.budgets.memoryBytes, incumbents, nodes)
          .run();
    isExact &= tables.isMonotone;
  }
  result.candidates = incumbents.take();
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

std::string SpatialMapperResult::boundText(Objective objective) const {
  return llvm::formatv("not proved optimal, {0:f0} % above the bound",
                       100 * gap(objective));
}

namespace {

/// A search under limits so wide that every mapping that fits keeps them.
SpatialMapperResult withoutBudgets(const Workload &workload,
                                   const MachineDesc &machine,
                                   SpatialMapperOptions options,
                                   Objective objective) {
  options.budgets = SpatialBudgets();
  options.alternatives = 0;
  options.objective = objective;
  return Search<BestOfDataflows>(workload, machine, options).run();
}

} // namespace

/// Why there is no mapping, and how far the budgets are off.
static std::string explainNothing(const Workload &workload,
                                  const MachineDesc &machine,
                                  const SpatialMapperOptions &options) {
  SpatialMapperResult energy =
      withoutBudgets(workload, machine, options, Objective::Energy);
  if (energy.candidates.empty())
    return "no tile of the workload fits the memories of machine '" +
           machine.name + "'";
  SpatialMapperResult latency =
      withoutBudgets(workload, machine, options, Objective::Latency);
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
static void breakTie(const Workload &workload, const MachineDesc &machine,
                     const SpatialMapperOptions &options,
                     SpatialMapperResult &result) {
  if (options.objective == Objective::Edp || result.candidates.empty() ||
      !result.isOptimal)
    return;
  SpatialCandidate &best = result.candidates[0];
  SpatialMapperOptions second = options;
  second.alternatives = 0;
  if (options.objective == Objective::Latency) {
    second.objective = Objective::Energy;
    second.budgets.cycles = best.cycles;
  } else {
    second.objective = Objective::Latency;
    second.budgets.energyPj = best.energyPj;
  }
  SpatialMapperResult tied =
      Search<BestOfDataflows>(workload, machine, second).run();
  result.stats.nodes += tied.stats.nodes;
  result.stats.pruned += tied.stats.pruned;
  result.stats.evaluated += tied.stats.evaluated;
  if (!tied.candidates.empty())
    best = std::move(tied.candidates[0]);
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
  result = Search<BestOfDataflows>(workload, machine, options).run();
  breakTie(workload, machine, options, result);
  if (result.candidates.empty())
    result.why = result.isOptimal
                     ? explainNothing(workload, machine, options)
                     : "no mapping found among those that were looked at";
  return result;
}

SpatialMapperResult aicc::paretoSpatial(const Workload &workload,
                                        const MachineDesc &machine,
                                        const SpatialMapperOptions &options) {
  SpatialMapperResult result;
  if (!isSearchable(workload, machine, result.why))
    return result;
  result = Search<ParetoFront>(workload, machine, options).run();
  if (result.candidates.empty())
    result.why = explainNothing(workload, machine, options);
  return result;
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
