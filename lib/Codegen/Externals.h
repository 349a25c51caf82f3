//===- Externals.h - What objects need of other libraries -------*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_EXTERNALS_H
#define AICC_LIB_CODEGEN_EXTERNALS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace aicc {

/// Symbols that objects use and none of them defines, sorted. Copying and
/// clearing memory is not listed: every process has that.
struct Externals {
  uint16_t machine = 0;             ///< ELF's number of the architecture.
  std::vector<std::string> libm;    ///< Of the mathematics library.
  std::vector<std::string> unknown; ///< Of nothing that we link with.
};

/// False if an object cannot be read.
bool findExternals(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects,
                   Externals &externals);

/// Writes a shared library for `machine` that only declares `symbols` and is
/// called `soname`, so that what is linked with it asks the loader for the real
/// one. No C library is needed where models are compiled.
bool writeStub(const std::string &path, llvm::StringRef soname,
               uint16_t machine, llvm::ArrayRef<std::string> symbols);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_EXTERNALS_H
