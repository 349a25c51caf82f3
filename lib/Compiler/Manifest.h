//===- Manifest.h - What an artefact says of its making ---------*- C++ -*-===//

#ifndef LIB_COMPILER_MANIFEST_H
#define LIB_COMPILER_MANIFEST_H

#include "aicc/Compiler/CompileOptions.h"

namespace aicc {

/// A JSON object with `model` (BLAKE3 of the file), `machine` (name, BLAKE3 of
/// all that it says) and `options` (those that change the code). Nothing in it
/// depends on when or where the compiler ran.
std::string makeManifest(const CompileOptions &options);

} // namespace aicc

#endif // LIB_COMPILER_MANIFEST_H
