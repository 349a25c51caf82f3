//===- Verify.h - Does the artefact compute the right numbers? --*- C++ -*-===//

#ifndef LIB_COMPILER_VERIFY_H
#define LIB_COMPILER_VERIFY_H

#include "aicc/Compiler/Compiler.h"

namespace aicc {

/// Runs the library at `path` on the inputs in `request.verifyFile` and
/// compares its outputs with those in the same file; inputs and outputs go by
/// name. False after errors: E_VERIFY for numbers that differ by more than the
/// tolerances, E_IO or E_TYPE for a file that does not fit the model.
bool verifyArtifact(const std::string &path, const CompileRequest &request,
                    DiagnosticSink &sink);

} // namespace aicc

#endif // LIB_COMPILER_VERIFY_H
