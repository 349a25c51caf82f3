//===- SpatialRegion.h - What an array does for a group ---------*- C++ -*-===//
//
// From an `aicc.region` to what the spatial cost model prices: the loop nest
// that the array runs, in a type that the machine has, and what goes past the
// array. docs/targets/systolic.md says what is priced and what is not.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_MAPPING_SPATIALREGION_H
#define AICC_MAPPING_SPATIALREGION_H

#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Machine.h"
#include "aicc/Energy/Workload.h"
#include "aicc/Mapping/RegionModel.h"

#include <optional>
#include <string>

namespace aicc {

/// What the positions of an array can do.
enum class ArrayKind {
  Multiplies,  ///< Sums of products of two operands, and nothing else.
  Programmable ///< Any operation; one counts as a multiply-accumulate.
};

/// A group on a machine with an array.
struct SpatialRegion {
  /// What the array runs: the two factors (or, where the array is
  /// programmable, everything that is read) and the result.
  Workload workload;
  /// What other operands of the group (residuals, biases) move from and to the
  /// outermost memory, once.
  double readBytes = 0, writtenBytes = 0;
  /// Where this is not what the model asks for: "priced as i8: the machine has
  /// no f32". Parts joined by "; ", empty if there is nothing to say.
  std::string note;
};

/// Nothing, and `why` for the user, for what the array cannot run. Of two
/// factors that are both computed, the second is held where the array keeps
/// weights. The group needs its `layouts`.
std::optional<SpatialRegion> toSpatialRegion(const RegionModel &model,
                                             const MachineDesc &machine,
                                             ArrayKind kind, std::string &why);

/// Adds what goes past the array to the cost of `region.workload`: bytes of the
/// outermost memory, and the time that they take, as if nothing overlapped.
void addPastArray(const SpatialRegion &region, const MachineDesc &machine,
                  Cost &cost);

} // namespace aicc

#endif // AICC_MAPPING_SPATIALREGION_H
