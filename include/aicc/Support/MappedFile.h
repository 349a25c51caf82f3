//===- MappedFile.h - Read-only files in memory -----------------*- C++ -*-===//
//
// Opens what a model names without trusting it: only regular files, and below
// a folder only what lies in it, whatever links or dots the name holds.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_SUPPORT_MAPPEDFILE_H
#define AICC_SUPPORT_MAPPEDFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <string>

namespace aicc {

/// The bytes of a regular file, mapped privately and read-only. Pages are
/// loaded as they are touched; the file must not be truncated meanwhile.
class MappedFile {
public:
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  /// Maps `path`. Returns null and says why in `error` if it cannot be read,
  /// is not a regular file (a FIFO or a device is not even opened for
  /// reading), or has more than `maxBytes` bytes (`tooLarge` is then set).
  static std::shared_ptr<MappedFile> open(const std::string &path,
                                          int64_t maxBytes, std::string &error,
                                          bool *tooLarge = nullptr);

  /// Maps the file `name` below `folder`. Refused: absolute names, names that
  /// leave the folder, symbolic links on the way, files with more than one
  /// hard link, and everything `open` refuses.
  static std::shared_ptr<MappedFile> openBeneath(const std::string &folder,
                                                 const std::string &name,
                                                 int64_t maxBytes,
                                                 std::string &error);

  llvm::ArrayRef<uint8_t> bytes() const { return {data, size}; }

  /// Tells the system that the pages of [offset, offset + length) that were
  /// read are not needed for now (they can be read again from the file).
  void release(size_t offset, size_t length) const;

private:
  MappedFile(const uint8_t *data, size_t size) : data(data), size(size) {}
  static std::shared_ptr<MappedFile> map(int fd, int64_t maxBytes,
                                         bool singleLink, std::string &error,
                                         bool *tooLarge);

  const uint8_t *data;
  size_t size;
};

} // namespace aicc

#endif // AICC_SUPPORT_MAPPEDFILE_H
