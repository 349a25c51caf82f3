//===- ModelData.h - The description of a model, as LLVM data ---*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_MODELDATA_H
#define AICC_LIB_CODEGEN_MODELDATA_H

#include "lib/Codegen/Program.h"

#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace aicc {

/// Adds to `module` (which defines the entry) the exported constant
/// `<prefix>_model` of type aicc_model_desc, the manifest in the section
/// `.aicc.manifest`, and `<prefix>_weights` in a NOBITS section
/// `.aicc.weights`. With `weightsFile` not empty the weights are in that file
/// beside the artefact instead.
void addModelData(llvm::Module &module, const ProgramInfo &program,
                  llvm::StringRef manifest, llvm::StringRef weightsFile);

/// Adds the start of a program, `<prefix>_start`, which hands the command line
/// and the model to aicc_main (aicc-c/runtime.h). Returns the path of the
/// program interpreter, empty if there is no such start for the architecture.
std::string addProgramStart(llvm::Module &module, llvm::StringRef prefix);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_MODELDATA_H
