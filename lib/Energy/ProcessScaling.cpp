//===- ProcessScaling.cpp - Energies between processes --------------------===//

#include "aicc/Energy/ProcessScaling.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <iterator>

using namespace aicc;

namespace {
struct Process {
  double nm;
  double energy; ///< Of one switching action, relative to 65 nm.
  double supplyV;
};

// Energies: Sarangi and Baas, "DeepScaleTool", ISCAS 2021 (doi
// 10.1109/ISCAS51556.2021.9401196): fitted to published silicon of 130 to
// 7 nm. 5 nm: 30 % less power than 7 nm at the same speed (Yeap et al., IEDM
// 2019, TSMC N5). Supplies: nominal ones of the Predictive Technology Model
// (ptm.asu.edu), interpolated at 40, 28 and 22 nm, at 5 nm as at 7 nm.
constexpr Process processes[] = {
    {5, 0.077, 0.7}, {7, 0.11, 0.7},  {10, 0.15, 0.75}, {14, 0.19, 0.8},
    {22, 0.30, 0.9}, {28, 0.37, 0.9}, {32, 0.44, 0.9},  {40, 0.55, 0.96},
    {45, 0.63, 1.0}, {65, 1.0, 1.1},  {90, 1.51, 1.2},  {130, 2.52, 1.3}};
static_assert(processes[0].nm == minProcessNm &&
              std::end(processes)[-1].nm == maxProcessNm);
} // namespace

/// The rows on either side of a process; the same one twice on a row.
static std::pair<const Process *, const Process *> around(double nm) {
  nm = std::clamp(nm, minProcessNm, maxProcessNm);
  const Process *above =
      llvm::lower_bound(processes, nm, [](const Process &p, double value) {
        return p.nm < value;
      });
  return {above->nm == nm ? above : above - 1, above};
}

double aicc::nominalSupplyV(double processNm) {
  auto [below, above] = around(processNm);
  if (below == above)
    return below->supplyV;
  double t = (processNm - below->nm) / (above->nm - below->nm);
  return below->supplyV + t * (above->supplyV - below->supplyV);
}

double aicc::relativeEnergy(const OperatingPoint &point) {
  auto [below, above] = around(point.processNm);
  double energy = below->energy;
  if (below != above) {
    double t =
        std::log(point.processNm / below->nm) / std::log(above->nm / below->nm);
    energy *= std::pow(above->energy / below->energy, t);
  }
  if (point.supplyV) {
    double ratio = *point.supplyV / nominalSupplyV(point.processNm);
    energy *= ratio * ratio;
  }
  return energy;
}

double aicc::scaleEnergy(double energy, const OperatingPoint &from,
                         const OperatingPoint &to) {
  return energy * relativeEnergy(to) / relativeEnergy(from);
}
