//===- Emit.h - The artefact ------------------------------------*- C++ -*-===//
//
// docs/design/0002-artefact.md.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_CODEGEN_EMIT_H
#define AICC_CODEGEN_EMIT_H

#include "aicc/Compiler/CompileOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include "llvm/Support/JSON.h"

#include <string>

namespace aicc {

class DiagnosticSink;

struct EmitInputs {
  EmitKind kind = EmitKind::Lib; ///< Llvm, Asm, Obj, Lib or Exe.
  std::string outputPath;        ///< "-": standard output.
  /// The artefact's name in the end, if that is not `outputPath`: weights that
  /// are not inside it are found by that name.
  std::string finalPath;
  std::string modelPath;   ///< Named in diagnostics.
  std::string triple, cpu; ///< Empty: those of the host.
  unsigned optLevel = 3;
  bool flushDenormals = true; ///< Subnormal numbers are taken as zero.
  /// Members added to the manifest: hashes, options.
  /// Nothing that changes from one compilation of the same input to the next.
  llvm::json::Object manifest;
  /// What a compilation asks for: `kind` of its module, written to `path`.
  static EmitInputs get(const CompileOptions &options, EmitKind kind,
                        llvm::StringRef path);

  /// Largest section of weights inside an artefact; above it they go to a side
  /// file, `<artefact>.weights`.
  int64_t maxInlineWeightBytes = int64_t(1) << 30;
};

/// Makes machine code from `module`, a program at the loops stage (which stays
/// as it is), and writes it. Errors go to `sink`; then nothing is left of the
/// output. Needs a context with the dialects and translations of
/// `registerAllDialects`.
llvm::LogicalResult emitArtifact(mlir::ModuleOp module,
                                 const EmitInputs &inputs,
                                 DiagnosticSink &sink);

} // namespace aicc

#endif // AICC_CODEGEN_EMIT_H
