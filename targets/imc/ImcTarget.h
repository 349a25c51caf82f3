//===- ImcTarget.h - Crossbars of memory cells that multiply ----*- C++ -*-===//

#ifndef TARGETS_IMC_IMCTARGET_H
#define TARGETS_IMC_IMCTARGET_H

#include "aicc/Target/Target.h"

namespace aicc::imc {

/// docs/targets/imc.md says what is priced.
std::unique_ptr<Target> createTarget();

} // namespace aicc::imc

#endif // TARGETS_IMC_IMCTARGET_H
