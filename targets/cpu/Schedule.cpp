//===- Schedule.cpp - Which regions run in turns --------------------------===//
//
// A chain of regions is cut into groups by dynamic programming; a group is
// priced by running its launches through the model of the caches.
//
//===----------------------------------------------------------------------===//

#include "targets/cpu/Schedule.h"
#include "aicc/Mapping/Workload.h"
#include "targets/cpu/Mapper.h"
#include "targets/cpu/ProgramTraffic.h"
#include "targets/cpu/Stripes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
/// A region in the order of the program.
struct Step {
  RegionModel model;
  KernelMapping mapping;
  std::optional<StripedRegion> striped;
  LaunchTrace whole;
  ExecutionCost execution;
};

/// Rows of each region of a group from stripe to stripe.
using Bounds = SmallVector<SmallVector<int64_t>>;

/// Time and energy of some launches, comparable by one number.
struct Price {
  double cycles = 0, picojoules = 0;
  void operator+=(const Price &other) {
    cycles += other.cycles;
    picojoules += other.picojoules;
  }
};

class Scheduler {
public:
  Scheduler(func::FuncOp func, BufferPlan plan, const MachineDesc &machine,
            int workers, const Goal &goal)
      : func(func), plan(std::move(plan)), machine(machine), workers(workers),
        goal(goal) {}

  /// Sets `stripes`.
  LogicalResult choose();
  /// Sets the costs; the plan is that of the regions in their turns.
  LogicalResult price();

private:
  /// A stripe of a step: where it lies does not matter, only its rows.
  struct Stripe {
    Workload workload;
    ExecutionCost execution;
  };

  LogicalResult collect();
  void chooseGroups();
  void chooseGroups(size_t begin, size_t end);
  LogicalResult readGroups();
  void priceProgram();

  // Launches.
  LaunchTrace traceOf(const Step &step) const;
  LaunchTrace traceOf(const Step &step, const StripeGroup &group, size_t k,
                      size_t s);
  LaunchTrace traceOf(const StripeGroup::Move &move) const;
  LaunchTrace::Window windowOf(const BufferRef &ref, int64_t begin,
                               int64_t end) const;
  const Stripe &stripeOf(const Step &step, int64_t rows);
  void addLaunch(LaunchTrace trace, const ExecutionCost &execution,
                 size_t step);
  void addWhole(size_t k) { addLaunch(steps[k].whole, steps[k].execution, k); }

  // Groups.
  std::optional<Bounds> boundsOf(size_t first, size_t last, int64_t stripes);
  SmallVector<int64_t> stripeCounts(size_t first, size_t last) const;
  int64_t rowsWanted(const StripedRegion &producer,
                     const StripedRegion &consumer, int64_t begin,
                     int64_t end) const;
  std::optional<StripeGroup> groupOf(size_t first, size_t last,
                                     const Bounds &bounds) const;
  void addLaunches(size_t first, const StripeGroup &group);
  Price priceOfLaunches(size_t before) const;
  Price priceOfGroup(size_t first, size_t last, const StripeGroup *group);
  double score(const Price &price) const;

  func::FuncOp func;
  BufferPlan plan;
  const MachineDesc &machine;
  int workers;
  Goal goal;
  int64_t arenaBytes = 0;
  bool isPlaced = false;
  std::vector<Step> steps;
  /// The launches that are being priced; of each what it executes, and the
  /// step that it belongs to.
  struct Part {
    ExecutionCost execution;
    size_t step = 0;
  };
  std::vector<LaunchTrace> launches;
  std::vector<Part> parts;
  std::map<size_t, StripeGroup> groups; ///< By their first step.
  /// Of the program one region after the other.
  Price baseline;
  std::map<std::pair<const Step *, int64_t>, Stripe> stripes; ///< By rows.
};
} // namespace

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// Arguments and constants each lie in a part of the address space of their
/// own; so do buffers of the arena until the regions have their turns.
LaunchTrace::Window Scheduler::windowOf(const BufferRef &ref, int64_t begin,
                                        int64_t end) const {
  constexpr int64_t apart = int64_t(1) << 40;
  const RootBuffer &root = plan.roots()[ref.root];
  int64_t width = storedBytes(root.elementType);
  int64_t base = ref.offset * width;
  if (isPlaced && root.kind == RootBuffer::Kind::Arena)
    base += root.byteOffset;
  else
    base += (ref.root + 1) * apart;
  return {base + begin * width, base + end * width};
}

LaunchTrace Scheduler::traceOf(const Step &step) const {
  LaunchTrace trace{toWorkload(step.model), step.mapping, {}};
  RegionOp region = step.model.region;
  unsigned inputs = region.getIns().size();
  for (const RegionAccess &access : step.model.accesses) {
    Value value = access.operand < inputs
                      ? region.getIns()[access.operand]
                      : region.getResults()[access.operand - inputs];
    const BufferRef &ref = plan.lookup(value);
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(value.getType()).getShape();
    trace.windows.push_back(windowOf(ref, 0, ref.span(shape)));
  }
  return trace;
}

/// Stripe s of region k of a group.
LaunchTrace Scheduler::traceOf(const Step &step, const StripeGroup &group,
                               size_t k, size_t s) {
  const StripedRegion &region = group.members()[k];
  int64_t rows = region.rowsOf(s);
  LaunchTrace trace{stripeOf(step, rows).workload, step.mapping, {}};
  for (const RegionAccess &access : step.model.accesses) {
    StripedRegion::Span span = region.span(access.operand, 0, rows);
    BufferRef ref = region.ref(access.operand);
    ref.offset = group.windowStart(k, access.operand, s);
    trace.windows.push_back(windowOf(ref, span.begin, span.end));
  }
  return trace;
}

/// Rows of a rolling buffer that are copied to its start.
LaunchTrace Scheduler::traceOf(const StripeGroup::Move &move) const {
  int64_t bits = storedBytes(plan.roots()[move.root].elementType) * 8;
  LaunchTrace trace;
  trace.workload.dims = {{move.elements, /*isReduction=*/false}};
  Workload::Operand from;
  from.index = {{{0, 1}}};
  from.bits = bits;
  from.strides = {1};
  Workload::Operand to = from;
  to.role = OperandRole::Output;
  trace.workload.operands = {from, to};
  int64_t lanes = std::max<int64_t>(1, machine.vector.bits / 32);
  trace.mapping = {{0}, {lanes}, /*vector=*/0, lanes, 0, 0};
  BufferRef ref;
  ref.root = move.root;
  trace.windows = {windowOf(ref, move.from, move.from + move.elements),
                   windowOf(ref, 0, move.elements)};
  return trace;
}

const Scheduler::Stripe &Scheduler::stripeOf(const Step &step, int64_t rows) {
  auto [found, isNew] = stripes.try_emplace({&step, rows});
  if (isNew) {
    Stripe &stripe = found->second;
    stripe.workload = toWorkload(step.striped->stripe(rows));
    stripe.execution = executionCost(stripe.workload, step.mapping, machine)
                           .value_or(step.execution);
  }
  return found->second;
}

void Scheduler::addLaunch(LaunchTrace trace, const ExecutionCost &execution,
                          size_t step) {
  launches.push_back(std::move(trace));
  parts.push_back({execution, step});
}

/// The regions of a group in turns, with what moves between them.
void Scheduler::addLaunches(size_t first, const StripeGroup &group) {
  for (size_t s = 0; s < group.numStripes(); ++s) {
    for (const StripeGroup::Move &move : group.movesBefore(s)) {
      LaunchTrace trace = traceOf(move);
      auto execution = executionCost(trace.workload, trace.mapping, machine);
      addLaunch(std::move(trace), execution.value_or(ExecutionCost()), first);
    }
    for (size_t k = 0; k < group.members().size(); ++k)
      if (int64_t rows = group.members()[k].rowsOf(s)) {
        const Step &step = steps[first + k];
        addLaunch(traceOf(step, group, k, s), stripeOf(step, rows).execution,
                  first + k);
      }
  }
}

/// Of all launches but the first `before`.
Price Scheduler::priceOfLaunches(size_t before) const {
  auto transfers = predictTraffic(launches, machine, arenaBytes);
  // An estimate of a call, its arguments and the loops around the first tile;
  // it was not measured.
  constexpr double launchCycles = 150;
  Price price;
  for (size_t i = before; i < launches.size(); ++i) {
    Cost cost = priceOf(launches[i].workload, parts[i].execution, transfers[i],
                        machine);
    double cycles = cost.cycles;
    if (workers > 1 && launches[i].mapping.grain > 0)
      cycles = cycles / workers + machine.forkJoinCycles.value;
    price += {cycles + launchCycles, cost.energyPj()};
  }
  return price;
}

/// For the product of energy and time the sum of their changes, each relative
/// to the whole program.
double Scheduler::score(const Price &price) const {
  if (goal.is(Objective::Edp))
    return price.cycles / std::max(baseline.cycles, 1.0) +
           price.picojoules / std::max(baseline.picojoules, 1.0);
  return valueOf(goal, price.picojoules, price.cycles);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// Rows of `producer` that rows [begin, end) of `consumer` read beyond, or 0.
int64_t Scheduler::rowsWanted(const StripedRegion &producer,
                              const StripedRegion &consumer, int64_t begin,
                              int64_t end) const {
  unsigned result = producer.result();
  const BufferRef &from = producer.ref(result);
  int64_t wanted = 0;
  for (unsigned o = 0; o < consumer.result(); ++o) {
    const BufferRef &to = consumer.ref(o);
    if (to.root != from.root)
      continue;
    int64_t last = to.offset + consumer.span(o, begin, end).end;
    int64_t first = from.offset + producer.span(result, 0, 1).begin;
    int64_t step = producer.step(result);
    if (last > first)
      wanted = std::max(wanted, (last - first + step - 1) / step);
  }
  return std::min(wanted, producer.rows());
}

/// The last region in equal stripes; the others as far as those that read them
/// need. Nothing if one of them would have to run whole first.
std::optional<Bounds> Scheduler::boundsOf(size_t first, size_t last,
                                          int64_t stripes) {
  Bounds bounds(last - first + 1);
  for (size_t k = last + 1; k-- > first;) {
    const StripedRegion &producer = *steps[k].striped;
    SmallVector<int64_t> &own = bounds[k - first];
    own.push_back(0);
    for (int64_t s = 0; s < stripes; ++s) {
      int64_t until = 0;
      for (size_t c = k + 1; c <= last; ++c) {
        ArrayRef<int64_t> read = bounds[c - first];
        if (read[s] < read[s + 1])
          until = std::max(until, rowsWanted(producer, *steps[c].striped,
                                             read[s], read[s + 1]));
      }
      // Nobody of the group reads it.
      bool isLast = s + 1 == stripes;
      if (until == 0)
        until = llvm::divideCeil(producer.rows() * (s + 1), stripes);
      own.push_back(
          isLast ? producer.rows()
                 : std::max(own.back(), std::min(until, producer.rows())));
    }
    if (own[1] == producer.rows())
      return std::nullopt;
  }
  return bounds;
}

/// Numbers of stripes with which a share of the group's results, beside its
/// constants, has room in a cache where the whole has not.
SmallVector<int64_t> Scheduler::stripeCounts(size_t first, size_t last) const {
  double results = 0, constants = 0;
  for (size_t k = first; k <= last; ++k)
    for (auto [o, operand] :
         llvm::enumerate(steps[k].whole.workload.operands)) {
      const LaunchTrace::Window &window = steps[k].whole.windows[o];
      double bytes = double(window.end - window.begin);
      if (operand.isPacked)
        constants += bytes;
      else if (operand.isOutput())
        results += bytes;
    }
  SmallVector<int64_t> counts;
  int64_t most = steps[last].striped->rows();
  for (const MemoryDesc &memory : machine.memories) {
    double room = 0.75 * double(memory.bytes) - constants;
    if (memory.bytes == 0 || room <= 0.25 * double(memory.bytes))
      continue;
    int64_t least = std::ceil(results / room);
    for (int64_t count : {least, 2 * least})
      if (count >= 2 && count <= most && !llvm::is_contained(counts, count))
        counts.push_back(count);
  }
  return counts;
}

/// Of steps [first, last], in turns if a group is given, after what the step
/// before them left in the caches.
Price Scheduler::priceOfGroup(size_t first, size_t last,
                              const StripeGroup *group) {
  launches.clear();
  parts.clear();
  if (first > 0)
    addWhole(first - 1);
  size_t before = launches.size();
  if (group)
    addLaunches(first, *group);
  else
    for (size_t k = first; k <= last; ++k)
      addWhole(k);
  return priceOfLaunches(before);
}

std::optional<StripeGroup> Scheduler::groupOf(size_t first, size_t last,
                                              const Bounds &bounds) const {
  std::vector<StripedRegion> regions;
  for (size_t k = first; k <= last; ++k) {
    regions.push_back(*steps[k].striped);
    regions.back().cutAt(bounds[k - first]);
  }
  std::string why;
  auto group = StripeGroup::build(std::move(regions), plan, why);
  return succeeded(group) ? std::optional(std::move(*group)) : std::nullopt;
}

/// The steps [begin, end) follow each other with nothing between.
void Scheduler::chooseGroups(size_t begin, size_t end) {
  // Longer groups keep more buffers alive at once.
  constexpr size_t longest = 8;
  // Streams that start anew in each stripe, and what prefetching hides of the
  // rest, are not in the model: groups that it calls up to a tenth faster are
  // not (docs/design/0007-depth-first.md has what was measured).
  constexpr double worthwhile = 0.8;
  struct Choice {
    double score = 0;
    double alone = 0; ///< All up to here one after the other.
    size_t first = 0;
    std::optional<StripeGroup> group;
  };
  std::vector<Choice> best(end - begin + 1);
  for (size_t last = begin; last < end; ++last) {
    Choice &choice = best[last - begin + 1];
    choice.first = last;
    double single = score(priceOfGroup(last, last, nullptr));
    choice.score = best[last - begin].score + single;
    choice.alone = best[last - begin].alone + single;
    for (size_t first = last; first > begin && last - first + 2 <= longest;) {
      --first;
      for (int64_t stripes : stripeCounts(first, last)) {
        std::optional<Bounds> bounds = boundsOf(first, last, stripes);
        std::optional<StripeGroup> group;
        if (bounds)
          group = groupOf(first, last, *bounds);
        if (!group)
          continue;
        double own = score(priceOfGroup(first, last, &*group));
        double alone = best[last - begin + 1].alone - best[first - begin].alone;
        double total = best[first - begin].score + own;
        if (own < worthwhile * alone && total < choice.score) {
          choice.score = total;
          choice.first = first;
          choice.group = std::move(group);
        }
      }
    }
  }
  for (size_t end = best.size() - 1; end > 0;) {
    Choice &choice = best[end];
    size_t last = begin + end - 1;
    for (size_t k = choice.first; choice.group && k <= last; ++k) {
      size_t member = k - choice.first;
      const StripedRegion &region = choice.group->members()[member];
      region.op().setStripesAttr(
          StripesAttr::get(func.getContext(), choice.first, region.dim(),
                           region.bounds(), choice.group->kept(member)));
    }
    end = choice.first - begin;
  }
}

void Scheduler::chooseGroups() {
  size_t begin = 0;
  for (size_t k = 0; k <= steps.size(); ++k) {
    auto follows = [&] {
      for (Operation *op = RegionOp(steps[k - 1].model.region); op;
           op = op->getNextNode()) {
        if (isa<scf::ForOp>(op))
          return false;
        if (op == steps[k].model.region.getOperation())
          return true;
      }
      return false;
    };
    bool joins = k < steps.size() && steps[k].striped && k > begin && follows();
    if (joins)
      continue;
    if (k > begin + 1)
      chooseGroups(begin, k);
    begin = k < steps.size() && !steps[k].striped ? k + 1 : k;
  }
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

LogicalResult Scheduler::collect() {
  WalkResult result = func.walk([&](RegionOp region) {
    // What makes no elements is not run.
    if (llvm::all_of(region.getResultTypes(), [](Type type) {
          return cast<RankedTensorType>(type).getNumElements() == 0;
        }))
      return WalkResult::advance();
    auto attribute = region.getMappingAttr();
    auto cost = region.getCostAttr();
    if (!attribute || !cost) {
      region.emitError("has no mapping or no cost");
      return WalkResult::interrupt();
    }
    std::string why;
    auto model = RegionModel::build(region, why);
    auto mapping = KernelMapping::from(
        attribute.getLoops(), attribute.getParallel(), attribute.getGrain());
    if (failed(model) || !mapping) {
      region.emitError("cannot be scheduled: ")
          << (mapping ? why : "its mapping is not a processor's");
      return WalkResult::interrupt();
    }
    Step step{std::move(*model), *mapping, {}, {}, {}};
    step.whole = traceOf(step);
    auto execution = executionCost(step.whole.workload, step.mapping, machine);
    if (!execution) {
      region.emitError("cannot be scheduled: the machine does not hold its "
                       "register tile");
      return WalkResult::interrupt();
    }
    step.execution = *execution;
    if (region->getParentOp() == func)
      if (auto striped = StripedRegion::build(region, plan, {}, why);
          succeeded(striped))
        step.striped = std::move(*striped);
    steps.push_back(std::move(step));
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// The groups that the regions' `stripes` describe.
LogicalResult Scheduler::readGroups() {
  auto stripesOf = [&](size_t k) {
    return RegionOp(steps[k].model.region).getStripesAttr();
  };
  for (size_t k = 0; k < steps.size(); ++k) {
    StripesAttr stripes = stripesOf(k);
    if (!stripes)
      continue;
    size_t first = k;
    Bounds bounds;
    for (; k < steps.size() && steps[k].striped && stripesOf(k) &&
           stripesOf(k).getGroup() == stripes.getGroup();
         ++k)
      bounds.emplace_back(stripesOf(k).getBounds());
    std::optional<StripeGroup> group;
    if (k > first)
      group = groupOf(first, k - 1, bounds);
    if (!group)
      return RegionOp(steps[first].model.region)
          .emitError("cannot be scheduled: its stripes are not a group");
    groups.insert({first, std::move(*group)});
    --k;
  }
  return success();
}

/// Every region costs what its launches take in their places.
void Scheduler::priceProgram() {
  for (size_t k = 0; k < steps.size();) {
    auto group = groups.find(k);
    if (group == groups.end()) {
      addWhole(k++);
      continue;
    }
    addLaunches(k, group->second);
    k += group->second.members().size();
  }
  auto transfers = predictTraffic(launches, machine);
  std::vector<SmallVector<Transfer, 4>> sums(steps.size());
  std::vector<ExecutionCost> executed(steps.size());
  for (auto [part, moved] : llvm::zip(parts, transfers)) {
    sums[part.step].resize(moved.size());
    for (auto [sum, transfer] : llvm::zip(sums[part.step], moved))
      sum += transfer;
    executed[part.step].add(part.execution, 1);
  }
  for (auto [k, step] : llvm::enumerate(steps)) {
    RegionOp op = step.model.region;
    Cost cost = priceOf(step.whole.workload, executed[k], sums[k], machine);
    op.setCostAttr(CostAttr::get(op.getContext(), cost));
    repriceAlternatives(op, step.whole.workload, step.mapping, sums[k],
                        machine);
  }
}

LogicalResult Scheduler::choose() {
  arenaBytes = plan.placeArena();
  if (failed(collect()))
    return failure();
  for (const Step &step : steps) {
    Cost alone = RegionOp(step.model.region).getCostAttr().toCost();
    baseline += {alone.cycles, alone.energyPj()};
  }
  chooseGroups();
  return success();
}

LogicalResult Scheduler::price() {
  arenaBytes = plan.placeArena();
  isPlaced = true;
  if (failed(collect()) || failed(readGroups()))
    return failure();
  priceProgram();
  return success();
}

LogicalResult cpu::chooseSchedule(func::FuncOp func, const MachineDesc &machine,
                                  int workers, const Goal &goal) {
  func.walk([](RegionOp region) { region.removeStripesAttr(); });
  for (bool toPrice : {false, true}) {
    FailureOr<BufferPlan> plan = BufferPlan::build(func);
    if (failed(plan))
      return failure();
    Scheduler scheduler(func, std::move(*plan), machine, workers, goal);
    if (failed(toPrice ? scheduler.price() : scheduler.choose()))
      return failure();
  }
  return success();
}
