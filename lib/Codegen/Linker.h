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
  Relocatable,   ///< One object for an embedder.
  SharedLibrary, ///< With `aicc_model` as a second name of <prefix>_model.
  Executable     ///< Starts at <prefix>_start; runs by libaicc_runtime.
};

struct LinkRequest {
  LinkKind kind = LinkKind::SharedLibrary;
  std::string prefix; ///< Of the model's symbols.
  Externals externals;
  /// Of an executable: its program interpreter, and where libaicc_runtime is
  /// if it is not beside it.
  std::string interpreter, runtimeFolder;
};

/// Links `objects` with lld. No system library takes part: what stays
/// undefined is resolved when the result is loaded or linked; a shared library
/// or executable says which libraries it needs.
/// Returns false and says in `why` what the linker said.
bool linkObjects(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects,
                 const LinkRequest &request, std::vector<char> &result,
                 std::string &why);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_LINKER_H
