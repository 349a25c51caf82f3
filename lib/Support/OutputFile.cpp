//===- OutputFile.cpp - A file that is whole or not there -----------------===//

#include "aicc/Support/OutputFile.h"

#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <unistd.h>

using namespace aicc;
namespace fs = llvm::sys::fs;

bool OutputFile::fail(std::error_code error) {
  if (failed)
    return false;
  failed = true;
  Diagnostic diagnostic;
  diagnostic.code = ErrorCode::Io;
  diagnostic.file = path;
  diagnostic.message = "cannot write the output: " + error.message();
  sink.report(diagnostic);
  return false;
}

std::unique_ptr<OutputFile> OutputFile::create(llvm::StringRef path,
                                               DiagnosticSink &sink,
                                               bool executable) {
  std::unique_ptr<OutputFile> file(new OutputFile(path, sink));
  if (path == "-") {
    file->fd = STDOUT_FILENO;
    return file;
  }
  llvm::SmallString<256> target(path);
  fs::file_status status;
  if (!fs::status(path, status)) {
    if (fs::is_directory(status)) {
      file->fail(llvm::errc::is_a_directory);
      return nullptr;
    }
    if (!fs::is_regular_file(status)) {
      if (std::error_code error = fs::openFileForWrite(path, file->fd)) {
        file->fail(error);
        return nullptr;
      }
      return file;
    }
    if (!fs::can_write(path)) {
      file->fail(llvm::errc::permission_denied);
      return nullptr;
    }
    // Through a link, the file that it names is replaced, not the link.
    fs::real_path(path, target);
    file->path = target.str().str();
  }
  llvm::SmallString<256> model(llvm::sys::path::parent_path(target));
  llvm::sys::path::append(model, ".aicc-%%%%%%%%.tmp");
  unsigned mode = fs::all_read | fs::all_write;
  if (executable)
    mode |= fs::all_exe;
  llvm::Expected<fs::TempFile> created =
      fs::TempFile::create(model, static_cast<fs::perms>(mode));
  if (!created) {
    file->fail(llvm::errorToErrorCode(created.takeError()));
    return nullptr;
  }
  file->temporary.emplace(std::move(*created));
  file->fd = file->temporary->FD;
  return file;
}

OutputFile::~OutputFile() {
  if (temporary)
    llvm::consumeError(temporary->discard());
  else if (fd > STDERR_FILENO)
    ::close(fd);
}

bool OutputFile::write(llvm::ArrayRef<char> bytes) {
  while (!failed && !bytes.empty()) {
    // The kernel takes at most 2 GiB at once.
    size_t chunk = std::min<size_t>(bytes.size(), size_t(1) << 30);
    ssize_t written = ::write(fd, bytes.data(), chunk);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return fail(std::error_code(errno, std::generic_category()));
    bytes = bytes.drop_front(written);
  }
  return !failed;
}

bool OutputFile::writeZeros(uint64_t count) {
  static const char zeros[65536] = {};
  while (count > 0) {
    uint64_t now = std::min<uint64_t>(count, sizeof(zeros));
    if (!write({zeros, static_cast<size_t>(now)}))
      return false;
    count -= now;
  }
  return !failed;
}

bool OutputFile::commit() {
  if (failed || !temporary)
    return !failed;
  if (llvm::Error error = temporary->keep(path)) {
    // The file under its temporary name is already gone.
    temporary.reset();
    return fail(llvm::errorToErrorCode(std::move(error)));
  }
  temporary.reset();
  return true;
}
