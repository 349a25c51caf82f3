//===- PriceStore.h - Prices that several searches share --------*- C++ -*-===//

#ifndef AICC_LIB_MAPPING_SEARCH_PRICESTORE_H
#define AICC_LIB_MAPPING_SEARCH_PRICESTORE_H

#include "lib/Mapping/Search/Boundaries.h"

#include <map>
#include <optional>

namespace aicc::search {

/// Energy and cycles of a sum of loads.
struct Totals {
  double energyPj = 0, cycles = 0;
};

/// What the unrollings of one workload cost on one machine. It does not depend
/// on the objective or the budgets, so a search that follows another one (for
/// a tie, or for what budgets are off by) finds it here.
class PriceStore {
public:
  PriceStore(const Workload &workload, const MachineDesc &machine)
      : probes(workload, machine) {}

  /// What no mapping with `unrolling` can undercut: everything crosses each
  /// boundary once, and nothing waits for the first tiles. Nothing if an
  /// operand's index cannot be counted.
  const std::optional<Totals> &leastOf(const Unrolling &unrolling);
  /// Its tables, with the base built, if it can be. Valid until the next call.
  PriceTables *tablesOf(const Unrolling &unrolling, bool isPerfect);

  const CostProbes probes;

private:
  struct Entry {
    std::optional<std::optional<Totals>> least;
    std::unique_ptr<PriceTables> perfect, all;
  };
  using Key = decltype(Unrolling::factors);

  SharedEntries shared;
  /// Tables hold a reference to their unrolling, the key's owner.
  std::map<Key, std::pair<Unrolling, Entry>> entries;
  std::pair<Unrolling, Entry> &entryOf(const Unrolling &unrolling);
  /// Of all tables but the last one's, which is kept once it is known to have
  /// room.
  size_t kept = 0;
  std::unique_ptr<PriceTables> *last = nullptr;
};

} // namespace aicc::search

#endif // AICC_LIB_MAPPING_SEARCH_PRICESTORE_H
