//===- Machines.h - Which machines there are --------------------*- C++ -*-===//

#ifndef AICC_TARGET_MACHINES_H
#define AICC_TARGET_MACHINES_H

#include "aicc/Energy/Machine.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace aicc {

/// A machine file of the tree (targets/<family>/machines/<name>.yaml). The
/// text is built in, so that an installed compiler needs no files of its own.
struct BuiltinMachine {
  llvm::StringRef family;
  llvm::StringRef name;
  llvm::StringRef text;
};

/// The tree's machines, sorted by family and name.
llvm::ArrayRef<BuiltinMachine> builtinMachines();

/// "cpu/zen4": each of `machines`, as --target takes it.
std::vector<std::string> machineNames(llvm::ArrayRef<BuiltinMachine> machines);

/// The machine that `spec` (FAMILY, FAMILY/MACHINE or FILE.yaml) means.
/// FAMILY alone is its widest machine (vector bits) whose `required_feature`
/// is among `features` ("+avx2,+fma", as LLVM writes them) and whose
/// `newer_feature` is not. Errors go to `sink`: E_UNSUPPORTED for a machine
/// that does not exist, naming those that do; E_PARSE or E_IO for a file.
std::optional<MachineDesc>
findMachine(llvm::StringRef spec, llvm::StringRef features,
            DiagnosticSink &sink,
            llvm::ArrayRef<BuiltinMachine> machines = builtinMachines());

/// The same by name or file alone, on a processor without features: for options
/// of passes. Null, and in `why` the first error, if there is none.
std::shared_ptr<const MachineDesc> findMachine(llvm::StringRef spec,
                                               std::string &why);

/// The processor beside a device: that of --mcpu and --mtriple (empty: the one
/// that this runs on) among the machines of the tree. Null if none suits it.
std::shared_ptr<const MachineDesc> hostMachine(llvm::StringRef cpu,
                                               llvm::StringRef triple);

/// What the components of the processor's costs begin with where a device's
/// costs stand beside them: "cpu.l1.read".
inline constexpr llvm::StringLiteral hostComponentPrefix = "cpu.";

/// Features of a processor that some machine file names, or that are among
/// `more`, as `findMachine` takes them. An empty `cpu` is the one that this
/// runs on, if `triple` is empty too, else the least one of that platform.
/// Null, with an error (E_UNSUPPORTED), for what LLVM does not know.
std::optional<std::string>
machineFeatures(llvm::StringRef cpu, llvm::StringRef triple,
                DiagnosticSink &sink, llvm::ArrayRef<std::string> more = {});

/// Takes instructions from `machine` that a processor with `features` lacks, or
/// that no code is generated for.
void dropMissing(MachineDesc &machine, llvm::StringRef features);

/// Is `spec` a file, and not a name?
bool isMachineFile(llvm::StringRef spec);

} // namespace aicc

#endif // AICC_TARGET_MACHINES_H
