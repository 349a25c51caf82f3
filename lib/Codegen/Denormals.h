//===- Denormals.h - The floating-point mode of a run -----------*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_DENORMALS_H
#define AICC_LIB_CODEGEN_DENORMALS_H

#include "llvm/ADT/StringRef.h"

namespace llvm {
class Module;
} // namespace llvm

namespace aicc {

/// The attribute of functions that the host calls, on whichever thread.
inline constexpr llvm::StringLiteral calledByHostAttrName =
    "aicc-called-by-host";

/// Makes every function with `calledByHostAttrName` run with subnormal numbers
/// read and written as zero, and leave the mode of its thread as it was: an
/// operation on a subnormal number takes over a hundred cycles on x86-64, and a
/// few channels of them are enough to make a model slow (measured on a Xeon of
/// the Cascade Lake kind: a text detector took 156 ms instead of 83). On
/// AArch64 FPCR has such a bit, too, so that results are alike; elsewhere
/// nothing is done.
void flushDenormals(llvm::Module &module);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_DENORMALS_H
