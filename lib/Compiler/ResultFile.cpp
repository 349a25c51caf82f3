//===- ResultFile.cpp - Results appear whole or not at all ----------------===//

#include "lib/Compiler/ResultFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace aicc;
namespace fs = llvm::sys::fs;

void aicc::reportIoError(DiagnosticSink &sink, const std::string &path,
                         const std::string &message) {
  Diagnostic d;
  d.code = ErrorCode::Io;
  d.file = path;
  d.message = message;
  sink.report(std::move(d));
}

/// Has nobody a right to write? Asked of the mode, so that the superuser, who
/// may write anything, does not overwrite what was protected by intent.
static bool isReadOnly(const fs::file_status &status) {
  return (status.permissions() & fs::perms::all_write) == 0;
}

std::unique_ptr<ResultFile> ResultFile::create(const std::string &path,
                                               DiagnosticSink &sink) {
  auto fail = [&](const std::string &why) {
    reportIoError(sink, path, "cannot be written: " + why);
    return nullptr;
  };
  llvm::SmallString<128> temporary;
  Kind kind = Kind::Regular;
  fs::file_status status;
  if (path == "-") {
    kind = Kind::Stdout;
  } else if (!fs::status(path, status)) {
    if (status.type() == fs::file_type::directory_file)
      return fail("it is a folder");
    if (isReadOnly(status) || fs::access(path, fs::AccessMode::Write))
      return fail("it is read-only");
    if (status.type() != fs::file_type::regular_file)
      kind = Kind::Device;
  }
  std::error_code error;
  int fd = -1;
  if (kind == Kind::Regular) {
    llvm::StringRef folder = llvm::sys::path::parent_path(path);
    if (llvm::sys::path::filename(path) == "." || path.back() == '/')
      return fail("it is a folder");
    if (!fs::status(folder.empty() ? "." : folder, status) &&
        status.type() == fs::file_type::directory_file && isReadOnly(status))
      return fail("its folder is read-only");
    error = fs::createUniqueFile(path + ".%%%%%%%%.tmp", fd, temporary);
  } else {
    error = fs::createTemporaryFile("aicc", "out", fd, temporary);
  }
  if (error)
    return fail(error.message());
  llvm::sys::Process::SafelyCloseFileDescriptor(fd);
  llvm::sys::RemoveFileOnSignal(temporary);
  return std::unique_ptr<ResultFile>(
      new ResultFile(path, std::string(temporary), kind));
}

ResultFile::~ResultFile() {
  if (!committed || kind != Kind::Regular)
    fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
}

bool ResultFile::copyTo(int fd, DiagnosticSink &sink) {
  auto buffer = llvm::MemoryBuffer::getFile(temporary);
  std::error_code error = buffer.getError();
  if (!error) {
    llvm::raw_fd_ostream os(fd, /*shouldClose=*/false, /*unbuffered=*/true);
    os << (*buffer)->getBuffer();
    error = os.error();
    os.clear_error();
  }
  if (error)
    reportIoError(sink, path == "-" ? "standard output" : path,
                  "cannot be written: " + error.message());
  return !error;
}

bool ResultFile::commit(bool executable, DiagnosticSink &sink) {
  if (kind == Kind::Stdout)
    return committed = copyTo(STDOUT_FILENO, sink);
  std::error_code error;
  if (kind == Kind::Device) {
    int fd;
    if (!(error = fs::openFileForWrite(path, fd, fs::CD_OpenExisting))) {
      committed = copyTo(fd, sink);
      llvm::sys::Process::SafelyCloseFileDescriptor(fd);
      return committed;
    }
  } else {
    unsigned mode = (executable ? 0777 : 0666) & ~fs::getUmask();
    error = fs::setPermissions(temporary, static_cast<fs::perms>(mode));
    if (!error)
      error = fs::rename(temporary, path);
  }
  if (error) {
    reportIoError(sink, path, "cannot be written: " + error.message());
    return false;
  }
  return committed = true;
}

bool aicc::writeTextFile(const std::string &path, DiagnosticSink &sink,
                         llvm::function_ref<void(llvm::raw_ostream &)> write) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    write(os);
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    reportIoError(sink, path, "cannot be written: " + error.message());
  return !error;
}
