//===- ResultFile.h - Results appear whole or not at all --------*- C++ -*-===//

#ifndef LIB_COMPILER_RESULTFILE_H
#define LIB_COMPILER_RESULTFILE_H

#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <string>

namespace aicc {

/// A file that is written beside its final path and moved there by `commit`.
/// Destroyed before that, and on signals, it is removed. Devices and standard
/// output ("-") are written in one go by `commit`.
class ResultFile {
public:
  /// Null, with one E_IO error, if `path` is a folder, is read-only, or cannot
  /// be made.
  static std::unique_ptr<ResultFile> create(const std::string &path,
                                            DiagnosticSink &sink);
  ~ResultFile();
  ResultFile(const ResultFile &) = delete;
  ResultFile &operator=(const ResultFile &) = delete;

  /// Where to write.
  const std::string &temporaryPath() const { return temporary; }

  /// Moves the file to its place. False, with one E_IO error, if it cannot.
  bool commit(bool executable, DiagnosticSink &sink);

private:
  enum class Kind { Regular, Device, Stdout };
  ResultFile(std::string path, std::string temporary, Kind kind)
      : path(std::move(path)), temporary(std::move(temporary)), kind(kind) {}
  bool copyTo(int fd, DiagnosticSink &sink);

  std::string path;
  std::string temporary;
  Kind kind;
  bool committed = false;
};

/// Writes text to `path`; false, with one E_IO error, on any failure.
bool writeTextFile(const std::string &path, DiagnosticSink &sink,
                   llvm::function_ref<void(llvm::raw_ostream &)> write);

/// One error about a file.
void reportIoError(DiagnosticSink &sink, const std::string &path,
                   const std::string &message);

} // namespace aicc

#endif // LIB_COMPILER_RESULTFILE_H
