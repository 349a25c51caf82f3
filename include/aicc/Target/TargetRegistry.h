//===- TargetRegistry.h - Which targets there are ---------------*- C++ -*-===//

#ifndef AICC_TARGET_TARGETREGISTRY_H
#define AICC_TARGET_TARGETREGISTRY_H

#include "aicc/Target/Machines.h"
#include "aicc/Target/Target.h"

#include "llvm/ADT/SmallVector.h"

#include <memory>
#include <string>
#include <vector>

namespace aicc {

/// The families of the tree, in the order of their folders' names.
const std::vector<std::unique_ptr<Target>> &builtinTargets();

/// The families that one compilation may use: the tree's and those loaded.
/// Targets loaded from a library live as long as the process (their code and
/// type ids may still be referenced by an MLIRContext).
class TargetRegistry {
public:
  TargetRegistry();

  /// Loads a family from a shared library that exports
  /// `aicc::Target *aiccCreateTarget(unsigned abiVersion)` with C linkage.
  /// Fails with one E_USAGE error that says what is wrong with the file.
  mlir::LogicalResult load(const std::string &path, DiagnosticSink &sink);

  /// Adds a family that the caller owns (unit tests).
  void add(const Target &target) { targets.push_back(&target); }

  /// Null if there is none of that name.
  const Target *lookup(llvm::StringRef family) const;

  llvm::ArrayRef<const Target *> all() const { return targets; }

  /// The machines of the tree and of the families that were loaded.
  std::vector<BuiltinMachine> machines() const;

  /// "cpu, systolic": for messages.
  std::string names() const;

private:
  llvm::SmallVector<const Target *> targets;
};

/// Changes whenever Target.h does, so that a library built against another
/// version is refused instead of crashing.
inline constexpr unsigned targetAbiVersion = 1;

} // namespace aicc

#endif // AICC_TARGET_TARGETREGISTRY_H
