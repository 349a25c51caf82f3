//===- KeepOnChip.h - Which tensors stay on the chip ------------*- C++ -*-===//

#ifndef AICC_LIB_MAPPING_KEEPONCHIP_H
#define AICC_LIB_MAPPING_KEEPONCHIP_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Mapping/SpatialTarget.h"

namespace aicc {

/// Sets `on_chip` where it makes the program better by `goal`, as the groups
/// are mapped then (docs/design/0013-residence.md). All groups of `plan` are
/// mapped as if nothing was kept; `remap` maps some of them anew, by their
/// `on_chip`, and leaves those without a `machine` that it cannot map.
void chooseKept(const KeptPlan &plan, const Goal &goal,
                llvm::function_ref<void(llvm::ArrayRef<RegionOp>)> remap);

} // namespace aicc

#endif // AICC_LIB_MAPPING_KEEPONCHIP_H
