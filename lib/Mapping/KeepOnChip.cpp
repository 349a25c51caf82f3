//===- KeepOnChip.cpp - Which tensors stay on the chip --------------------===//

#include "lib/Mapping/KeepOnChip.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>

using namespace mlir;
using namespace aicc;

namespace {

/// First rows of the tensors, -1 for those that do not stay.
using FirstRows = std::vector<int64_t>;

/// Rows of the memory for those tensors that may stay: those that save the most
/// for the rows and the time that they take first, each as far up as it goes.
class RowAllocator {
public:
  RowAllocator(const KeptPlan &plan);

  /// Of the memory `least` rows stay free.
  FirstRows allocate(const std::vector<bool> &mayStay, int64_t least) const;
  /// Rows that are free at each position.
  std::vector<int64_t> rooms(const FirstRows &rows) const;

private:
  int64_t place(size_t tensor, const FirstRows &rows,
                const std::vector<SmallVector<size_t, 4>> &there) const;

  const KeptPlan &plan;
  std::vector<size_t> order;
  int64_t positions = 0;
};

class KeptChoice {
public:
  KeptChoice(const KeptPlan &plan, const Goal &goal,
             llvm::function_ref<void(ArrayRef<RegionOp>)> remap);

  void run();

private:
  /// All attributes of the groups, and the worth of it.
  struct State {
    std::vector<DictionaryAttr> attributes;
    FirstRows rows;
    double value = 0;
  };
  double valueOf(size_t group) const;
  State current(const FirstRows &rows) const;
  void restore(const State &state);
  void apply(const FirstRows &rows);
  bool drop(const FirstRows &rows, std::vector<bool> &mayStay) const;
  void revertWorse(FirstRows &rows);
  State improve(int64_t least);

  const KeptPlan &plan;
  const Goal &goal;
  llvm::function_ref<void(ArrayRef<RegionOp>)> remap;
  RowAllocator allocator;
  /// The groups as if nothing was kept.
  State base;
  std::vector<double> baseValues;
  double cycles = 0, energyPj = 0; ///< Of all of them.
  llvm::DenseMap<Operation *, size_t> numberOf;
};

} // namespace

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

RowAllocator::RowAllocator(const KeptPlan &plan) : plan(plan) {
  std::vector<double> worth;
  for (auto [i, tensor] : llvm::enumerate(plan.tensors)) {
    order.push_back(i);
    worth.push_back(tensor.savedBytes / double(tensor.rows) /
                    double(tensor.last - tensor.first + 1));
    positions = std::max(positions, tensor.last + 1);
  }
  for (const auto &[group, position] : plan.groups)
    positions = std::max(positions, position + 1);
  llvm::stable_sort(order,
                    [&](size_t a, size_t b) { return worth[a] > worth[b]; });
}

/// The highest place where nothing lies meanwhile; negative if there is none.
int64_t
RowAllocator::place(size_t tensor, const FirstRows &rows,
                    const std::vector<SmallVector<size_t, 4>> &there) const {
  const KeptPlan::Tensor &wanted = plan.tensors[tensor];
  SmallVector<size_t, 8> others;
  for (int64_t at = wanted.first; at <= wanted.last; ++at)
    for (size_t other : there[size_t(at)])
      if (!llvm::is_contained(others, other))
        others.push_back(other);
  // Others may lie in the same rows at different times: any may be next.
  int64_t end = plan.rows;
  auto overlaps = [&](size_t other) {
    return rows[other] < end &&
           rows[other] + plan.tensors[other].rows > end - wanted.rows;
  };
  for (auto *found = llvm::find_if(others, overlaps); found != others.end();
       found = llvm::find_if(others, overlaps))
    end = rows[*found];
  return end - wanted.rows;
}

FirstRows RowAllocator::allocate(const std::vector<bool> &mayStay,
                                 int64_t least) const {
  FirstRows rows(plan.tensors.size(), -1);
  std::vector<SmallVector<size_t, 4>> there(static_cast<size_t>(positions));
  for (size_t tensor : order) {
    if (!mayStay[tensor])
      continue;
    int64_t row = place(tensor, rows, there);
    if (row < least)
      continue;
    rows[tensor] = row;
    for (int64_t at = plan.tensors[tensor].first;
         at <= plan.tensors[tensor].last; ++at)
      there[size_t(at)].push_back(tensor);
  }
  return rows;
}

std::vector<int64_t> RowAllocator::rooms(const FirstRows &rows) const {
  std::vector<int64_t> room(size_t(positions), plan.rows);
  for (auto [tensor, row] : llvm::zip(plan.tensors, rows))
    if (row >= 0)
      for (int64_t at = tensor.first; at <= tensor.last; ++at)
        room[size_t(at)] = std::min(room[size_t(at)], row);
  return room;
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

KeptChoice::KeptChoice(const KeptPlan &plan, const Goal &goal,
                       llvm::function_ref<void(ArrayRef<RegionOp>)> remap)
    : plan(plan), goal(goal), remap(remap), allocator(plan) {
  for (auto [i, group] : llvm::enumerate(plan.groups)) {
    RegionOp op = group.first;
    numberOf[op] = i;
    Cost cost = op.getCostAttr().toCost();
    cycles += cost.cycles;
    energyPj += cost.energyPj();
  }
  for (size_t i = 0; i < plan.groups.size(); ++i)
    baseValues.push_back(valueOf(i));
  base = current(FirstRows(plan.tensors.size(), -1));
}

/// As a share of the whole program's. Of the least time, what the mapper may
/// give up for energy, is given up here, too; a product of energy and time
/// changes by the sum of their relative changes.
double KeptChoice::valueOf(size_t group) const {
  RegionOp op = plan.groups[group].first;
  if (!op.getMachineAttr() || !op.getCostAttr())
    return std::numeric_limits<double>::infinity();
  Cost cost = op.getCostAttr().toCost();
  if (goal.timePrice > 0)
    return (cost.energyPj() + goal.timePrice * cost.cycles) /
           std::max(energyPj + goal.timePrice * cycles, 1.0);
  double time = cost.cycles / std::max(cycles, 1.0),
         energy = cost.energyPj() / std::max(energyPj, 1.0);
  constexpr double slack = 0.01;
  if (goal.is(Objective::Latency))
    return time + slack * energy;
  return goal.is(Objective::Energy) ? energy + slack * time : energy + time;
}

static void setAttributes(RegionOp op, DictionaryAttr attributes) {
  op.removeOnChipAttr(); // It stays if it is not named.
  op->setAttrs(attributes);
}

KeptChoice::State KeptChoice::current(const FirstRows &rows) const {
  State state;
  state.rows = rows;
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    RegionOp op = plan.groups[i].first;
    state.attributes.push_back(op->getAttrDictionary());
    state.value += valueOf(i);
  }
  return state;
}

void KeptChoice::restore(const State &state) {
  for (auto [group, attributes] : llvm::zip(plan.groups, state.attributes))
    setAttributes(group.first, attributes);
}

/// Groups that get another `on_chip` are mapped by it; those that lose it are
/// as they were at first.
void KeptChoice::apply(const FirstRows &rows) {
  std::vector<int64_t> rooms = allocator.rooms(rows);
  SmallVector<RegionOp> changed;
  for (auto [i, group] : llvm::enumerate(plan.groups)) {
    auto [op, position] = group;
    OnChipAttr wanted = plan.onChip(op, rows, rooms[size_t(position)]);
    if (wanted == op.getOnChipAttr())
      continue;
    setAttributes(op, base.attributes[i]);
    if (!wanted)
      continue;
    op.setOnChipAttr(wanted);
    changed.push_back(op);
  }
  if (!changed.empty())
    remap(changed);
}

/// Tensors no longer stay whose groups together are worse off, or one of whose
/// groups has no mapping. False if there are none.
bool KeptChoice::drop(const FirstRows &rows, std::vector<bool> &mayStay) const {
  bool drops = false;
  for (auto [i, tensor] : llvm::enumerate(plan.tensors)) {
    if (rows[i] < 0)
      continue;
    double change = 0;
    for (RegionOp op : tensor.groups) {
      size_t group = numberOf.lookup(op);
      change += valueOf(group) - baseValues[group];
    }
    if (change <= 0)
      continue;
    mayStay[i] = false;
    drops = true;
  }
  return drops;
}

/// Where tensors lie at the same time, they stay together or not at all: parts
/// of the program that are worse off than without are as they were.
void KeptChoice::revertWorse(FirstRows &rows) {
  std::vector<int64_t> rooms = allocator.rooms(rows);
  std::vector<double> change(rooms.size(), 0);
  for (size_t i = 0; i < plan.groups.size(); ++i)
    change[size_t(plan.groups[i].second)] += valueOf(i) - baseValues[i];
  std::vector<bool> isWorse(rooms.size(), false);
  for (size_t begin = 0; begin < rooms.size(); ++begin) {
    double sum = 0;
    size_t end = begin;
    for (; end < rooms.size() && rooms[end] < plan.rows; ++end)
      sum += change[end];
    std::fill(isWorse.begin() + ptrdiff_t(begin),
              isWorse.begin() + ptrdiff_t(end), sum > 0);
    begin = end;
  }
  bool reverts = false;
  for (auto [tensor, row] : llvm::zip(plan.tensors, rows))
    if (row >= 0 && isWorse[size_t(tensor.first)]) {
      row = -1;
      reverts = true;
    }
  if (reverts)
    apply(rows);
}

/// The best that was found with `least` rows for tiles.
KeptChoice::State KeptChoice::improve(int64_t least) {
  constexpr int rounds = 4;
  std::vector<bool> mayStay(plan.tensors.size(), true);
  FirstRows rows;
  for (int round = 0; round < rounds; ++round) {
    rows = allocator.allocate(mayStay, least);
    apply(rows);
    if (!drop(rows, mayStay))
      break;
  }
  revertWorse(rows);
  return current(rows);
}

void KeptChoice::run() {
  State best = base;
  FirstRows before;
  // Shares of the memory for what stays. More of it leaves less for tiles.
  for (double share : {0.75, 0.5, 0.25}) {
    FirstRows first =
        allocator.allocate(std::vector<bool>(plan.tensors.size(), true),
                           int64_t(double(plan.rows) * (1 - share)));
    bool isKnown = first == before ||
                   llvm::all_of(first, [](int64_t row) { return row < 0; });
    before = first;
    if (isKnown)
      continue;
    State found = improve(int64_t(double(plan.rows) * (1 - share)));
    if (found.value < best.value)
      best = std::move(found);
  }
  restore(best);
}

void aicc::chooseKept(const KeptPlan &plan, const Goal &goal,
                      llvm::function_ref<void(ArrayRef<RegionOp>)> remap) {
  KeptChoice(plan, goal, remap).run();
}
