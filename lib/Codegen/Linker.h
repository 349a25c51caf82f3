//===- Linker.h - Objects into one file, in this process --------*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_LINKER_H
#define AICC_LIB_CODEGEN_LINKER_H

#include "lib/Codegen/Externals.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace aicc {

enum class LinkKind {
  Relocatable,  ///< One object for an embedder.
  SharedLibrary ///< With `aicc_model` as a second name of <prefix>_model.
};

/// Links `objects` with lld. No system library takes part: what stays
/// undefined is resolved when the result is loaded or linked; a shared library
/// that needs libm says so.
/// Returns false and says in `why` what the linker said.
bool linkObjects(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects,
                 LinkKind kind, llvm::StringRef prefix,
                 const Externals &externals, std::vector<char> &result,
                 std::string &why);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_LINKER_H
