//===- Mapper.cpp - The choice of a kernel's mapping ----------------------===//

#include "targets/cpu/Mapper.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
/// Enumerates the map space of one loop nest and keeps the best.
class Search {
public:
  Search(const Workload &workload, const MachineDesc &machine,
         const Target &target, const Goal &goal)
      : workload(workload), machine(machine), target(target), goal(goal) {}

  MappingChoice run();

private:
  void tryLanes(int64_t dim);
  void tryDots(KernelMapping mapping);
  void tryRows(KernelMapping mapping);
  void tryUnroll(KernelMapping mapping);
  bool unrollWindow(KernelMapping &mapping) const;
  void trySquare(KernelMapping mapping, int64_t outer, int64_t inner);
  void tryOrders(KernelMapping mapping);
  void unrollReduction();
  void consider(const KernelMapping &mapping);
  void searchDims();
  double score(const Cost &cost, const Goal &by) const;
  double score(const Cost &cost) const { return score(cost, goal); }
  /// Keeps `candidate` in `kept` if it is the first or scores less.
  void keepLeast(std::optional<MappedCost> &kept, const MappedCost &candidate,
                 const Goal &by) const;

  int64_t rank() const { return workload.dims.size(); }
  bool isContiguous(int64_t dim) const;
  bool isReduction(int64_t dim) const { return workload.dims[dim].isReduction; }

  const Workload &workload;
  const MachineDesc &machine;
  const Target &target;
  Goal goal;
  MappedCost best;
  bool found = false;
  /// The least of what was considered and is not `best`, and the least by the
  /// other objectives.
  std::optional<MappedCost> runnerUp, fastest, cheapest;
};
} // namespace

double Search::score(const Cost &cost, const Goal &by) const {
  return valueOf(by, cost.energyPj(), cost.cycles);
}

void Search::consider(const KernelMapping &mapping) {
  FailureOr<Cost> cost =
      target.estimate(workload, mapping.toMapping(), machine);
  if (failed(cost))
    return;
  MappedCost candidate{mapping, *std::move(cost)};
  keepLeast(fastest, candidate, Objective::Latency);
  keepLeast(cheapest, candidate, Objective::Energy);
  // Candidates come with the smaller tiles first: a larger one must be worth
  // its code.
  constexpr double worthwhile = 0.98;
  if (!found || score(candidate.cost) < worthwhile * score(best.cost))
    std::swap(best, candidate);
  if (found)
    keepLeast(runnerUp, candidate, goal);
  found = true;
}

void Search::keepLeast(std::optional<MappedCost> &kept,
                       const MappedCost &candidate, const Goal &by) const {
  if (!kept || score(candidate.cost, by) < score(kept->cost, by))
    kept = candidate;
}

/// All orders of the parallel loops, then the reductions with the longest
/// strides outermost, so that the innermost walks memory in order.
void Search::tryOrders(KernelMapping mapping) {
  SmallVector<int64_t> parallel, reductions;
  for (int64_t d = 0; d < rank(); ++d)
    (isReduction(d) ? reductions : parallel).push_back(d);
  auto longest = [&](int64_t d) {
    int64_t stride = 0;
    for (const Workload::Operand &operand : workload.operands)
      if (operand.inReduction && !operand.isPacked)
        stride = std::max(stride, std::abs(operand.strides[d]));
    return stride;
  };
  llvm::stable_sort(reductions, [&](int64_t a, int64_t b) {
    return longest(a) > longest(b);
  });
  // Beyond a handful of loops only rotations are tried: the space would grow
  // with the factorial.
  constexpr size_t exhaustive = 4;
  SmallVector<int64_t> permuted = parallel;
  auto withReductions = [&](ArrayRef<int64_t> outer) {
    mapping.order.assign(outer.begin(), outer.end());
    mapping.order.append(reductions.begin(), reductions.end());
    consider(mapping);
  };
  if (parallel.size() <= exhaustive) {
    do
      withReductions(permuted);
    while (std::next_permutation(permuted.begin(), permuted.end()));
    return;
  }
  for (size_t i = 0; i < parallel.size(); ++i) {
    withReductions(permuted);
    std::rotate(permuted.begin(), permuted.begin() + 1, permuted.end());
  }
}

/// Short windows are unrolled whole: neighbouring results share their inputs
/// in registers. False if the window is not one.
bool Search::unrollWindow(KernelMapping &mapping) const {
  if (mapping.dot >= 0)
    return false;
  int64_t window = 1;
  for (int64_t d = 0; d < rank(); ++d)
    if (isReduction(d) && d != mapping.vector)
      window *= workload.dims[d].size;
  // Code size: a tile of 8 with a 7x7 window is 392 steps.
  constexpr int64_t longestWindow = 25;
  if (window <= 1 || window > longestWindow)
    return false;
  for (int64_t d = 0; d < rank(); ++d)
    if (isReduction(d) && d != mapping.vector)
      mapping.tile[d] = workload.dims[d].size;
  return true;
}

void Search::tryUnroll(KernelMapping mapping) {
  tryOrders(mapping);
  if (unrollWindow(mapping))
    tryOrders(mapping);
}

/// Register tiles along one other parallel dimension; of equals the innermost
/// wins, whose rows lie closest together. Then along two, which share the
/// inputs of a window both ways.
void Search::tryRows(KernelMapping mapping) {
  tryUnroll(mapping);
  auto mayTile = [&](int64_t d) {
    return !isReduction(d) && d != mapping.vector && workload.dims[d].size > 1;
  };
  int64_t registers = machine.vector.registers;
  for (int64_t d = rank(); d-- > 0;) {
    if (!mayTile(d))
      continue;
    int64_t most = std::min(workload.dims[d].size, registers);
    for (int64_t rows = 2; rows <= most; ++rows) {
      mapping.tile[d] = rows;
      tryUnroll(mapping);
    }
    mapping.tile[d] = 1;
  }
  if (!unrollWindow(mapping))
    return;
  for (int64_t inner = rank(); inner-- > 0;)
    for (int64_t outer = inner; mayTile(inner) && outer-- > 0;)
      if (mayTile(outer))
        trySquare(mapping, outer, inner);
}

void Search::trySquare(KernelMapping mapping, int64_t outer, int64_t inner) {
  int64_t registers = machine.vector.registers;
  for (int64_t cols = 2; cols <= std::min(workload.dims[inner].size, registers);
       ++cols) {
    mapping.tile[inner] = cols;
    int64_t most = std::min(workload.dims[outer].size, registers / cols);
    for (int64_t rows = 2; rows <= most; ++rows) {
      mapping.tile[outer] = rows;
      tryOrders(mapping);
    }
  }
}

void Search::tryLanes(int64_t dim) {
  KernelMapping mapping;
  mapping.tile.assign(rank(), 1);
  // Lanes are counted for 32-bit elements; narrower ones use part of a
  // register, wider ones several.
  mapping.vector = dim;
  mapping.lanes = dim < 0 ? 1 : machine.vector.bits / 32;
  if (dim < 0)
    return tryRows(mapping);
  int64_t most = llvm::divideCeil(workload.dims[dim].size, mapping.lanes);
  for (int64_t vectors = 1; vectors <= std::min<int64_t>(most, 8); ++vectors) {
    mapping.tile[dim] = vectors * mapping.lanes;
    tryRows(mapping);
    tryDots(mapping);
  }
}

/// The same with instructions that add neighbouring products of bytes, along
/// any reduction in which both factors lie in order.
void Search::tryDots(KernelMapping mapping) {
  if (!workload.isByteProduct || !machine.vector.byteDotsPerCycle.isSet())
    return;
  for (int64_t d = 0; d < rank(); ++d) {
    auto isInOrder = [&](const Workload::Operand &operand) {
      bool acrossLanes = operand.strides[mapping.vector] != 0;
      return !operand.inReduction ||
             (operand.strides[d] == 1 && acrossLanes == operand.isPacked);
    };
    // A run of four must not go on in the next of the parts that were merged:
    // the weights are stored by parts.
    bool isCut = workload.dims[d].innermost % KernelMapping::dotWidth != 0;
    if (!isReduction(d) || d == mapping.vector || isCut ||
        !llvm::all_of(workload.operands, isInOrder))
      continue;
    mapping.dot = d;
    mapping.tile[d] = KernelMapping::dotWidth;
    tryRows(mapping);
    mapping.tile[d] = 1;
  }
}

/// Lanes gather and scatter along a dimension in which nothing is contiguous.
/// A packed constant can be in any order.
bool Search::isContiguous(int64_t dim) const {
  return llvm::any_of(workload.operands, [&](const Workload::Operand &operand) {
    return std::abs(operand.strides[dim]) == 1;
  });
}

void Search::searchDims() {
  for (bool contiguous : {true, false}) {
    for (int64_t d = 0; d < rank(); ++d)
      if ((!isReduction(d) || workload.lanesMayReduce) &&
          isContiguous(d) == contiguous)
        tryLanes(d);
    if (found)
      return;
  }
  tryLanes(-1);
}

/// Several steps of the innermost reduction in one iteration of its loop, as
/// long as that is worth their code. Steps of a window are unrolled already.
void Search::unrollReduction() {
  KernelMapping mapping = best.mapping;
  int64_t dim = mapping.order.empty() ? -1 : mapping.order.back();
  if (dim < 0 || !isReduction(dim) || mapping.dot >= 0)
    return;
  int64_t results = 1;
  for (int64_t d = 0; d < rank(); ++d) {
    if (isReduction(d) && (mapping.tile[d] != 1 || d == mapping.vector))
      return;
    results *= mapping.instructions(d, mapping.tile[d]);
  }
  constexpr int64_t mostSteps = 8, mostInstructions = 64;
  constexpr double worthwhile = 0.995;
  for (int64_t steps = 2; steps <= mostSteps; steps *= 2) {
    if (steps * results > mostInstructions ||
        workload.dims[dim].size < 2 * steps)
      return;
    mapping.tile[dim] = steps;
    FailureOr<Cost> cost =
        target.estimate(workload, mapping.toMapping(), machine);
    if (failed(cost) || score(*cost) >= worthwhile * score(best.cost))
      return;
    best = {mapping, *std::move(cost)};
  }
}

MappingChoice Search::run() {
  searchDims();
  unrollReduction();
  MappingChoice choice;
  static_cast<MappedCost &>(choice) = best;
  auto add = [&](const std::optional<MappedCost> &other, llvm::StringRef why) {
    auto isSame = [&](const MappedCost &known) {
      return known.mapping.toMapping() == other->mapping.toMapping();
    };
    if (other && !isSame(best) && llvm::none_of(choice.alternatives, isSame))
      choice.alternatives.push_back({*other, why.str()});
  };
  bool isBetter = runnerUp && score(runnerUp->cost) < score(best.cost);
  add(runnerUp, isBetter ? "better by too little to be worth a larger tile"
                         : "the second best");
  auto isLess = [&](const std::optional<MappedCost> &other, Objective by) {
    return other && score(other->cost, by) < score(best.cost, by);
  };
  if (isLess(fastest, Objective::Latency))
    add(fastest, "the fastest");
  if (isLess(cheapest, Objective::Energy))
    add(cheapest, "takes the least energy");
  return choice;
}

MappingChoice cpu::findMapping(const Workload &workload,
                               const MachineDesc &machine, const Target &target,
                               int workers, const Goal &goal) {
  MappingChoice best = Search(workload, machine, target, goal).run();
  // Enough iterations for the workers to share evenly, from the fewest loops.
  KernelMapping &mapping = best.mapping;
  constexpr int64_t iterationsPerWorker = 8;
  int64_t trip = 1;
  for (int64_t dim : mapping.order) {
    if (workload.dims[dim].isReduction)
      break;
    ++mapping.parallel;
    trip *= llvm::divideCeil(workload.dims[dim].size, mapping.tile[dim]);
    if (trip >= iterationsPerWorker * workers)
      break;
  }
  double forkJoin = machine.forkJoinCycles.value;
  if (workers > 1 && trip > 1 && best.cost.cycles > 2 * forkJoin)
    mapping.grain =
        std::max<int64_t>(1, std::ceil(forkJoin / (best.cost.cycles / trip)));
  return best;
}

//===----------------------------------------------------------------------===//
// Back to the IR
//===----------------------------------------------------------------------===//

/// Blocks of the dimension across the lanes outermost, then the loops in
/// their order, then the lanes.
static PackAttr packFor(const RegionModel &model, const RegionAccess &access,
                        const KernelMapping &mapping) {
  SmallVector<int64_t> dims, sizes, steps;
  auto add = [&](int64_t dim, int64_t size, int64_t step) {
    dims.push_back(dim);
    sizes.push_back(size);
    steps.push_back(step);
  };
  // The tensor dimension that is walked by a root dimension.
  auto walkedBy = [&](unsigned d) -> int64_t {
    for (auto [k, form] : llvm::enumerate(access.index))
      if (form.asDim() == d)
        return k;
    return -1;
  };
  int64_t lanesDim = -1, tile = 0;
  if (mapping.vector >= 0) {
    const RegionModel::Dim &dim = model.dims[mapping.vector];
    // Blocks are of one tensor dimension.
    if (dim.original.size() == 1 && !dim.isReduction)
      lanesDim = walkedBy(dim.original[0]);
    tile = mapping.tile[mapping.vector];
  }
  if (lanesDim >= 0)
    add(lanesDim, llvm::divideCeil(model.dims[mapping.vector].size, tile),
        tile);
  constexpr int64_t width = KernelMapping::dotWidth;
  int64_t dotDim = -1;
  for (int64_t d : mapping.order) {
    if (d == mapping.vector)
      continue;
    for (unsigned original : model.dims[d].original)
      if (int64_t k = walkedBy(original); k >= 0) {
        bool isCut =
            d == mapping.dot && original == model.dims[d].original.back();
        int64_t step = isCut ? width : 1;
        add(k, llvm::divideCeil(model.rootSizes[original], step), step);
        if (isCut)
          dotDim = k;
      }
  }
  if (lanesDim >= 0)
    add(lanesDim, tile, 1);
  else if (mapping.vector >= 0)
    for (unsigned original : model.dims[mapping.vector].original)
      if (int64_t k = walkedBy(original); k >= 0)
        add(k, model.rootSizes[original], 1);
  if (dotDim >= 0)
    add(dotDim, width, 1);
  return PackAttr::get(RegionOp(model.region).getContext(), dims, sizes, steps);
}

/// {mapping, cost, why}
static Attribute toAttribute(MLIRContext *context,
                             const MappingChoice::Alternative &alternative) {
  Builder builder(context);
  Mapping mapping = alternative.mapping.toMapping();
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("cost", CostAttr::get(context, alternative.cost)),
       builder.getNamedAttr("mapping",
                            MappingAttr::get(context, mapping.loops,
                                             mapping.parallel, mapping.grain)),
       builder.getNamedAttr("why", builder.getStringAttr(alternative.why))});
}

void cpu::applyMapping(const RegionModel &model, const MappingChoice &choice,
                       const MachineDesc &machine) {
  RegionOp region = model.region;
  MLIRContext *context = region.getContext();
  SmallVector<Attribute> layouts(region.getLayoutsAttr().getValue());
  for (const RegionAccess &access : model.accesses)
    if (isa<PackAttr>(layouts[access.operand]))
      layouts[access.operand] = packFor(model, access, choice.mapping);
  region.setLayoutsAttr(ArrayAttr::get(context, layouts));
  region.setMappingAttr(
      MappingAttr::get(context, choice.mapping.toMapping().loops,
                       choice.mapping.parallel, choice.mapping.grain));
  region.setCostAttr(CostAttr::get(context, choice.cost));
  region.setMachineAttr(StringAttr::get(context, machine.name));
  SmallVector<Attribute> alternatives;
  for (const MappingChoice::Alternative &alternative : choice.alternatives)
    alternatives.push_back(toAttribute(context, alternative));
  region->setAttr(alternativesAttrName, ArrayAttr::get(context, alternatives));
}

void cpu::repriceAlternatives(RegionOp region, const Workload &workload,
                              const KernelMapping &chosen,
                              ArrayRef<Transfer> transfers,
                              const MachineDesc &machine) {
  auto entries = region->getAttrOfType<ArrayAttr>(alternativesAttrName);
  if (!entries || entries.empty())
    return;
  SmallVector<Transfer, 4> own = transfersAlone(workload, chosen, machine);
  SmallVector<Attribute> priced;
  for (auto entry : entries.getAsRange<DictionaryAttr>()) {
    auto mapping = entry.getAs<MappingAttr>("mapping");
    auto why = entry.getAs<StringAttr>("why");
    auto kernel =
        mapping ? KernelMapping::from(mapping.getLoops(), mapping.getParallel(),
                                      mapping.getGrain())
                : std::nullopt;
    auto execution = kernel && kernel->order.size() == workload.dims.size()
                         ? executionCost(workload, *kernel, machine)
                         : std::nullopt;
    if (!execution || !why)
      continue;
    SmallVector<Transfer, 4> there(transfers);
    for (auto [at, alone, was] :
         llvm::zip(there, transfersAlone(workload, *kernel, machine), own)) {
      at.fetched = std::max(0.0, at.fetched + alone.fetched - was.fetched);
      at.writtenBack =
          std::max(0.0, at.writtenBack + alone.writtenBack - was.writtenBack);
      at.runs = std::max(0.0, at.runs + alone.runs - was.runs);
    }
    MappingChoice::Alternative alternative;
    alternative.mapping = *kernel;
    alternative.cost = priceOf(workload, *execution, there, machine);
    alternative.why = why.str();
    priced.push_back(toAttribute(region.getContext(), alternative));
  }
  region->setAttr(alternativesAttrName,
                  ArrayAttr::get(region.getContext(), priced));
}
