//===- MachineFile.h - Reading machine files --------------------*- C++ -*-===//

#ifndef AICC_ENERGY_MACHINEFILE_H
#define AICC_ENERGY_MACHINEFILE_H

#include "aicc/Energy/Machine.h"

namespace aicc {

/// Reads and checks the text of a machine file (docs/machines.md has the
/// schema). `path` names it in errors, which give nothing; all of a file are
/// reported, each as PATH:LINE:COLUMN with what was expected and found.
/// Unknown and repeated keys, missing sources and values out of range are
/// errors; so is a file of over 256 KiB or nested deeper than any machine
/// (YAML parsers recurse). Energies come scaled to the machine's process.
std::optional<MachineDesc>
parseMachine(llvm::StringRef text, llvm::StringRef path, DiagnosticSink &sink);

} // namespace aicc

#endif // AICC_ENERGY_MACHINEFILE_H
