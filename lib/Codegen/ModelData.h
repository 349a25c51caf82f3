//===- ModelData.h - The description of a model, as LLVM data ---*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_MODELDATA_H
#define AICC_LIB_CODEGEN_MODELDATA_H

#include "lib/Codegen/Program.h"

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

} // namespace aicc

#endif // AICC_LIB_CODEGEN_MODELDATA_H
