//===- Machines.h - Which machines there are --------------------*- C++ -*-===//

#ifndef AICC_TARGET_MACHINES_H
#define AICC_TARGET_MACHINES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace aicc {

/// A machine file of the tree (targets/<family>/machines/<name>.yaml). The
/// text is built in, so that an installed compiler needs no files of its own.
struct BuiltinMachine {
  llvm::StringLiteral family;
  llvm::StringLiteral name;
  llvm::StringLiteral text;
};

/// Sorted by family and name.
llvm::ArrayRef<BuiltinMachine> builtinMachines();

/// "cpu/zen4": every built-in machine, as --target takes it.
std::vector<std::string> machineNames();

} // namespace aicc

#endif // AICC_TARGET_MACHINES_H
