//===- WeightStream.h - The weights section, byte by byte -------*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_WEIGHTSTREAM_H
#define AICC_LIB_CODEGEN_WEIGHTSTREAM_H

#include "aicc/Codegen/Pack.h"
#include "lib/Codegen/Program.h"

namespace aicc {

/// Hands the `weightBytes` bytes of the section to `consume`, in order, with
/// zeros between weights. False if it stopped, or if a constant's data are not
/// there (reported on its location).
bool streamWeights(const ProgramInfo &program, ByteConsumer consume);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_WEIGHTSTREAM_H
