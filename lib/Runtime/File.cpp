//===- File.cpp - Files of the runtime's tools ----------------------------===//

#include "lib/Runtime/File.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace aicc;

MappedInput::~MappedInput() {
  if (address)
    munmap(const_cast<char *>(address), length);
}

bool MappedInput::open(const std::string &path, std::string &error) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    error = std::string("cannot be opened: ") + std::strerror(errno);
    return false;
  }
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    error = "is not a file";
    return false;
  }
  length = status.st_size;
  void *mapped =
      length ? mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd, 0) : nullptr;
  ::close(fd);
  if (mapped == MAP_FAILED) {
    error = std::string("cannot be read: ") + std::strerror(errno);
    return false;
  }
  address = static_cast<const char *>(mapped);
  return true;
}

static bool writeAll(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    data += written;
    size -= written;
  }
  return true;
}

bool aicc::writeWholeFile(
    const std::string &path,
    const std::vector<std::pair<const char *, size_t>> &pieces,
    std::string &error) {
  auto fail = [&] {
    error = std::string("cannot be written: ") + std::strerror(errno);
    return false;
  };
  struct stat status;
  bool direct = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  std::string temporary = path;
  int fd;
  if (direct) {
    fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    temporary += ".XXXXXX";
    fd = mkstemp(temporary.data());
    if (fd >= 0)
      fchmod(fd, 0644);
  }
  if (fd < 0)
    return fail();
  bool good = true;
  for (auto [data, size] : pieces)
    good = good && writeAll(fd, data, size);
  int problem = errno;
  if (::close(fd) != 0 && good) {
    good = false;
    problem = errno;
  }
  if (good && !direct && std::rename(temporary.c_str(), path.c_str()) != 0) {
    good = false;
    problem = errno;
  }
  if (good)
    return true;
  if (!direct)
    unlink(temporary.c_str());
  errno = problem;
  return fail();
}
