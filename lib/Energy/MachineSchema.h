//===- MachineSchema.h - What machine files may hold ------------*- C++ -*-===//
//
// The keys of machine files by family, as data. docs/machines.md explains
// them.
//
//===----------------------------------------------------------------------===//

#ifndef LIB_ENERGY_MACHINESCHEMA_H
#define LIB_ENERGY_MACHINESCHEMA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace aicc {

using KeyNames = llvm::ArrayRef<llvm::StringLiteral>;

/// What a family asks for besides the keys that every machine has.
struct FamilySchema {
  llvm::StringLiteral family;
  KeyNames required;
  KeyNames optional;
  /// Optional ones of a memory.
  KeyNames memoryKeys;
  /// Beginnings of `energy` keys of which one at least must be there.
  KeyNames energyNeeds;
};

/// Of a family that no table knows (one from --load-target), everything may be
/// there and nothing more must.
const FamilySchema &schemaOf(llvm::StringRef family);

/// Keys of every machine.
KeyNames commonKeys();
KeyNames commonOptionalKeys();

/// Keys that every memory must have.
KeyNames memoryRequiredKeys();

/// Every key that `energy` may have, with its unit ("mac_i8_pj").
const std::vector<std::string> &energyKeys();

/// "mac_i8" for "mac_i8_pj", "hop" for "hop_pj_per_byte".
llvm::StringRef withoutUnit(llvm::StringRef energyKey);

/// Element types of arithmetic: "i8", "f32".
KeyNames arithmeticNames();

/// The loop orders that a control unit can be limited to.
KeyNames dataflowNames();

/// Components that counts and costs name; no memory may be called so.
KeyNames reservedMemoryNames();

} // namespace aicc

#endif // LIB_ENERGY_MACHINESCHEMA_H
