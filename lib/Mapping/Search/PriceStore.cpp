//===- PriceStore.cpp - Prices that several searches share ----------------===//

#include "lib/Mapping/Search/PriceStore.h"

using namespace aicc::search;

/// Entries of tables that are kept, some 200 bytes each: those of whole
/// networks' layers are a fifth of it.
static constexpr size_t kMostEntries = 1 << 18;

std::pair<Unrolling, PriceStore::Entry> &
PriceStore::entryOf(const Unrolling &unrolling) {
  auto [place, isNew] = entries.try_emplace(unrolling.factors);
  if (isNew)
    place->second.first = unrolling;
  return place->second;
}

const std::optional<Totals> &PriceStore::leastOf(const Unrolling &unrolling) {
  auto &[owned, entry] = entryOf(unrolling);
  if (entry.least)
    return *entry.least;
  entry.least.emplace();
  PriceTables tables(probes, owned, /*isPerfect=*/true, shared);
  if (tables.buildBase())
    *entry.least = {tables.leastPj + tables.leastCycles * tables.pjPerCycle,
                    tables.leastCycles};
  return *entry.least;
}

PriceTables *PriceStore::tablesOf(const Unrolling &unrolling, bool isPerfect) {
  if (last) {
    kept += (*last)->size();
    if (kept > kMostEntries) {
      kept -= (*last)->size();
      last->reset();
    }
    last = nullptr;
  }
  auto &[owned, entry] = entryOf(unrolling);
  std::unique_ptr<PriceTables> &tables = isPerfect ? entry.perfect : entry.all;
  if (tables) {
    kept -= tables->size();
  } else {
    tables = std::make_unique<PriceTables>(probes, owned, isPerfect, shared);
    if (!tables->buildBase()) {
      tables.reset();
      return nullptr;
    }
  }
  last = &tables;
  return tables.get();
}
