//===- Incumbents.cpp - The best mappings so far --------------------------===//

#include "lib/Mapping/Search/Incumbents.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace llvm;

namespace aicc {

double SpatialCandidate::value(const Goal &goal) const {
  return valueOf(goal, energyPj, cycles);
}

namespace search {

void BestOfDataflows::begin() {
  current.clear();
  limit = known;
  if (kept.size() > options.alternatives)
    limit = kept.back().value(options.objective);
}

void BestOfDataflows::improveOn(ArrayRef<SpatialCandidate> candidates) {
  // What is as good stays of interest, whatever its sums are rounded to.
  constexpr double asGood = 1 + 1e-9;
  if (candidates.size() > options.alternatives)
    known = candidates.back().value(options.objective) * asGood;
}

void BestOfDataflows::offer(SpatialCandidate candidate) {
  if (isHopeless(candidate.energyPj, candidate.cycles))
    return;
  limit = candidate.value(options.objective);
  current.clear();
  current.push_back(std::move(candidate));
}

void BestOfDataflows::end() {
  if (current.empty())
    return;
  double value = current[0].value(options.objective);
  auto place = llvm::partition_point(kept, [&](const SpatialCandidate &other) {
    return other.value(options.objective) <= value;
  });
  kept.insert(place, std::move(current[0]));
  current.clear();
  if (kept.size() > options.alternatives + 1)
    kept.pop_back();
}

bool ParetoFront::isHopeless(double energyPj, double cycles) const {
  if (energyPj > options.budgets.energyPj * (1 + kRounding) ||
      cycles > options.budgets.cycles * (1 + kRounding))
    return true;
  // The last one that takes no more energy is the fastest of those.
  auto after = llvm::partition_point(front, [&](const SpatialCandidate &other) {
    return other.energyPj * (1 - kRounding) <= energyPj;
  });
  return after != front.begin() &&
         std::prev(after)->cycles * (1 - kRounding) <= cycles;
}

void ParetoFront::offer(SpatialCandidate candidate) {
  if (isHopeless(candidate.energyPj, candidate.cycles))
    return;
  llvm::erase_if(front, [&](const SpatialCandidate &other) {
    return other.energyPj >= candidate.energyPj &&
           other.cycles >= candidate.cycles;
  });
  auto place = llvm::partition_point(front, [&](const SpatialCandidate &other) {
    return other.energyPj < candidate.energyPj;
  });
  front.insert(place, std::move(candidate));
}

} // namespace search
} // namespace aicc
