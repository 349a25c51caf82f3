//===- MappedFile.cpp - Read-only files in memory -------------------------===//

#include "aicc/Support/MappedFile.h"

#include "llvm/Support/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace aicc;

MappedFile::~MappedFile() {
  if (size)
    munmap(const_cast<uint8_t *>(data), size);
}

std::shared_ptr<MappedFile> MappedFile::map(int fd, int64_t maxBytes,
                                            bool singleLink, std::string &error,
                                            bool *tooLarge) {
  struct stat info;
  if (fstat(fd, &info) != 0) {
    error = std::string("cannot be read: ") + std::strerror(errno);
    return nullptr;
  }
  if (!S_ISREG(info.st_mode)) {
    error = S_ISDIR(info.st_mode) ? "is a directory" : "is not a regular file";
    return nullptr;
  }
  if (singleLink && info.st_nlink != 1) {
    error = "has more than one hard link";
    return nullptr;
  }
  if (info.st_size > maxBytes) {
    error = "has " + std::to_string(info.st_size) + " bytes, more than the " +
            std::to_string(maxBytes) + " allowed";
    if (tooLarge)
      *tooLarge = true;
    return nullptr;
  }
  size_t size = static_cast<size_t>(info.st_size);
  void *address = nullptr;
  if (size) {
    address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (address == MAP_FAILED) {
      error = std::string("cannot be read: ") + std::strerror(errno);
      return nullptr;
    }
  }
  return std::shared_ptr<MappedFile>(
      new MappedFile(static_cast<const uint8_t *>(address), size));
}

std::shared_ptr<MappedFile> MappedFile::open(const std::string &path,
                                             int64_t maxBytes,
                                             std::string &error,
                                             bool *tooLarge) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    error = std::string("cannot be read: ") + std::strerror(errno);
    return nullptr;
  }
  auto file = map(fd, maxBytes, /*singleLink=*/false, error, tooLarge);
  ::close(fd);
  return file;
}

std::shared_ptr<MappedFile> MappedFile::openBeneath(const std::string &folder,
                                                    const std::string &name,
                                                    int64_t maxBytes,
                                                    std::string &error) {
  if (name.find('\0') != std::string::npos) {
    error = "its name holds a NUL character";
    return nullptr;
  }
  int dir = ::open(folder.empty() ? "." : folder.c_str(),
                   O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) {
    error = std::string("cannot be read: ") + std::strerror(errno);
    return nullptr;
  }
  struct open_how how;
  std::memset(&how, 0, sizeof(how));
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  int fd = static_cast<int>(
      syscall(SYS_openat2, dir, name.c_str(), &how, sizeof(how)));
  int openError = errno;
  ::close(dir);
  if (fd < 0) {
    if (openError == EXDEV)
      error = "leaves the folder of the model";
    else if (openError == ELOOP)
      error = "is reached through a symbolic link";
    else
      error = std::string("cannot be read: ") + std::strerror(openError);
    return nullptr;
  }
  auto file = map(fd, maxBytes, /*singleLink=*/true, error, nullptr);
  ::close(fd);
  return file;
}

void MappedFile::release(size_t offset, size_t length) const {
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t begin = (offset + page - 1) / page * page;
  size_t end = std::min(offset + length, size) / page * page;
  if (begin < end)
    madvise(const_cast<uint8_t *>(data) + begin, end - begin, MADV_DONTNEED);
}
