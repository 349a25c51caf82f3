//===- ProcessScaling.h - Energies between processes ------------*- C++ -*-===//
//
// The one rule by which energies of one process are taken to another
// (docs/machines.md: formula, source, range and uncertainty).
//
//===----------------------------------------------------------------------===//

#ifndef AICC_ENERGY_PROCESSSCALING_H
#define AICC_ENERGY_PROCESSSCALING_H

#include <optional>

namespace aicc {

/// The processes that the rule covers, in nanometres.
inline constexpr double minProcessNm = 5, maxProcessNm = 130;

/// A process and the supply that a circuit runs at.
struct OperatingPoint {
  double processNm = 0;
  std::optional<double> supplyV = std::nullopt; ///< None: the nominal one.
};

/// Nominal supply of a process within the range, in volts.
double nominalSupplyV(double processNm);

/// Energy of a switching circuit at `point`, relative to the same circuit at
/// 65 nm and that process's nominal supply. The process must be in range.
double relativeEnergy(const OperatingPoint &point);

/// What an action of `energy` at `from` takes at `to`, in the same unit.
double scaleEnergy(double energy, const OperatingPoint &from,
                   const OperatingPoint &to);

} // namespace aicc

#endif // AICC_ENERGY_PROCESSSCALING_H
