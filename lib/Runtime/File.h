//===- File.h - Files of the runtime's tools --------------------*- C++ -*-===//

#ifndef AICC_LIB_RUNTIME_FILE_H
#define AICC_LIB_RUNTIME_FILE_H

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace aicc {

/// A file mapped for reading.
class MappedInput {
public:
  MappedInput() = default;
  ~MappedInput();
  MappedInput(const MappedInput &) = delete;
  MappedInput &operator=(const MappedInput &) = delete;

  bool open(const std::string &path, std::string &error);
  const char *data() const { return address; }
  size_t size() const { return length; }

private:
  const char *address = nullptr;
  size_t length = 0;
};

/// Writes the pieces one after the other to a temporary file beside `path`
/// and renames it; a device is written to directly.
bool writeWholeFile(const std::string &path,
                    const std::vector<std::pair<const char *, size_t>> &pieces,
                    std::string &error);

} // namespace aicc

#endif // AICC_LIB_RUNTIME_FILE_H
