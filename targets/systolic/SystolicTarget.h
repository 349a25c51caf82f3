//===- SystolicTarget.h - Arrays of multiply-accumulators -------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_SYSTOLICTARGET_H
#define TARGETS_SYSTOLIC_SYSTOLICTARGET_H

#include "aicc/Target/Target.h"

namespace aicc::systolic {

/// docs/targets/systolic.md says what is priced.
std::unique_ptr<Target> createTarget();

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SYSTOLICTARGET_H
