//===- Remarks.h - What was chosen for a region, and what not ---*- C++ -*-===//

#ifndef AICC_MAPPING_REMARKS_H
#define AICC_MAPPING_REMARKS_H

#include "dialects/aicc/IR/Aicc.h"

namespace aicc {

/// Tells, where remarks of `category` (a pass's name) are wanted, the choice
/// that stands in the attributes of a mapped region: its mapping, stripes,
/// placement and cost as a passed remark, each alternative with what it would
/// have cost as a missed one, and why a region has no mapping as a failed one.
void remarkChoice(RegionOp region, llvm::StringRef category);

} // namespace aicc

#endif // AICC_MAPPING_REMARKS_H
