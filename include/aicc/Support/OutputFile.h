//===- OutputFile.h - A file that is whole or not there ---------*- C++ -*-===//

#ifndef AICC_SUPPORT_OUTPUTFILE_H
#define AICC_SUPPORT_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"

#include <memory>
#include <optional>
#include <string>

namespace aicc {

class DiagnosticSink;

/// Written under another name in the same folder and renamed at the end, so
/// that an error, a full disk or a signal leaves nothing behind. A path that
/// names a device or a pipe is written to directly, "-" is standard output.
/// Errors are E_IO diagnostics about `path`.
class OutputFile {
public:
  static std::unique_ptr<OutputFile>
  create(llvm::StringRef path, DiagnosticSink &sink, bool executable = false);
  /// Discards what was not committed.
  ~OutputFile();

  /// False after an error, which has been reported (once).
  bool write(llvm::ArrayRef<char> bytes);
  bool writeZeros(uint64_t count);

  /// Gives the file its name.
  bool commit();

private:
  OutputFile(llvm::StringRef path, DiagnosticSink &sink)
      : path(path), sink(sink) {}
  bool fail(std::error_code error);

  std::string path;
  DiagnosticSink &sink;
  std::optional<llvm::sys::fs::TempFile> temporary;
  int fd = -1;
  bool failed = false;
};

} // namespace aicc

#endif // AICC_SUPPORT_OUTPUTFILE_H
