//===- Cache.h - Artefacts of earlier compilations --------------*- C++ -*-===//

#ifndef LIB_COMPILER_CACHE_H
#define LIB_COMPILER_CACHE_H

#include "aicc/Compiler/Compiler.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>
#include <string>

namespace aicc {

/// A folder of artefacts, each named by the BLAKE3 of all that it depends on:
/// the compiler, the model's bytes, the machine, the processor, the options and
/// the names of the model and of the result. Nothing is ever invalid; what has
/// not been used for long is removed.
///
/// Not there are models with data in other files, quantisation with samples,
/// targets that were loaded, and compilations that had something to say or were
/// asked for more than their result.
class ArtifactCache {
public:
  /// Nothing if the compilation is none of those that are kept. `options`: the
  /// request's, with the machine found; `hashOfModel`: asked for if it is one.
  static std::optional<ArtifactCache>
  open(const CompileRequest &request, const CompileOptions &options,
       llvm::StringRef outputPath,
       llvm::function_ref<const std::string &()> hashOfModel);

  /// Copies the artefact to `path`. False if there is none, or on any failure.
  bool fetch(const std::string &path) const;
  /// Keeps the artefact at `path` and removes old ones. A failure is reported
  /// as a warning.
  void store(const std::string &path, DiagnosticSink &sink) const;

private:
  ArtifactCache(std::string folder, std::string file)
      : folder(std::move(folder)), file(std::move(file)) {}

  std::string folder, file;
};

} // namespace aicc

#endif // LIB_COMPILER_CACHE_H
