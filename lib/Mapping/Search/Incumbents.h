//===- Incumbents.h - The best mappings so far ------------------*- C++ -*-===//

#ifndef AICC_LIB_MAPPING_SEARCH_INCUMBENTS_H
#define AICC_LIB_MAPPING_SEARCH_INCUMBENTS_H

#include "aicc/Mapping/SpatialMapper.h"

namespace aicc::search {

/// A bound this much below a known value is not worth a look: sums in another
/// order differ by as much.
constexpr double kRounding = 1e-12;

/// What the search has found, and what can no longer be of interest.
///
/// The search goes dataflow by dataflow (begin ... end). The best mapping of
/// each is a candidate; the best few of these are kept.
class BestOfDataflows {
public:
  BestOfDataflows(const SpatialMapperOptions &options) : options(options) {}

  void begin();
  void end();
  /// Nothing matters that is worse than all of `known`.
  void improveOn(llvm::ArrayRef<SpatialCandidate> known);
  /// No mapping that costs at least this much can matter.
  bool isHopeless(double energyPj, double cycles) const {
    return energyPj > options.budgets.energyPj * (1 + kRounding) ||
           cycles > options.budgets.cycles * (1 + kRounding) ||
           rank(energyPj, cycles) >= limit * (1 - kRounding);
  }
  /// Partial mappings with a smaller rank are looked at first.
  double rank(double energyPj, double cycles) const {
    return valueOf(options.objective, energyPj, cycles);
  }
  void offer(SpatialCandidate candidate);
  std::vector<SpatialCandidate> take() { return std::move(kept); }

private:
  const SpatialMapperOptions &options;
  double known = std::numeric_limits<double>::infinity();
  double limit = known;
  std::vector<SpatialCandidate> current; ///< Of this dataflow: none or one.
  std::vector<SpatialCandidate> kept;    ///< Best first.
};

/// Keeps every mapping that no other one beats in both energy and time.
class ParetoFront {
public:
  ParetoFront(const SpatialMapperOptions &options) : options(options) {}

  void begin() {}
  void end() {}
  void improveOn(llvm::ArrayRef<SpatialCandidate> known) {}
  bool isHopeless(double energyPj, double cycles) const;
  double rank(double energyPj, double cycles) const {
    return energyPj * cycles;
  }
  void offer(SpatialCandidate candidate);
  std::vector<SpatialCandidate> take() { return std::move(front); }

private:
  const SpatialMapperOptions &options;
  std::vector<SpatialCandidate> front; ///< By energy; cycles fall.
};

} // namespace aicc::search

#endif // AICC_LIB_MAPPING_SEARCH_INCUMBENTS_H
