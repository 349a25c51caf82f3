//===- Npz.cpp - numpy's archives -----------------------------------------===//
//
// A zip file of .npy files, stored or deflated. Read through the central
// directory, ZIP64 included (numpy writes it for every entry).
//
//===----------------------------------------------------------------------===//

#include "aicc/Runtime/Npy.h"

#include "lib/Runtime/File.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

using namespace aicc;

namespace {

/// Little-endian reads at checked offsets; a read outside gives 0 and is
/// remembered.
class Reader {
public:
  Reader(const char *data, size_t size) : bytes(data), count(size) {}

  uint64_t read(size_t offset, unsigned width) {
    if (offset > count || width > count - offset) {
      good = false;
      return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value |=
          static_cast<uint64_t>(static_cast<unsigned char>(bytes[offset + i]))
          << (8 * i);
    return value;
  }
  /// Null if the range is not inside.
  const char *range(size_t offset, uint64_t size) {
    if (offset > count || size > count - offset) {
      good = false;
      return nullptr;
    }
    return bytes + offset;
  }
  size_t size() const { return count; }
  bool ok() const { return good; }

private:
  const char *bytes;
  size_t count;
  bool good = true;
};

struct Entry {
  std::string name;
  unsigned method = 0;
  uint64_t compressed = 0, size = 0, header = 0;
};

} // namespace

/// The values that the 32-bit fields of a central header could not hold.
static void readZip64(Reader &reader, size_t extra, size_t length,
                      Entry &entry) {
  size_t at = extra;
  while (reader.ok() && at + 4 <= extra + length) {
    uint64_t id = reader.read(at, 2), bytes = reader.read(at + 2, 2);
    if (id == 1) {
      size_t field = at + 4;
      for (uint64_t *value : {&entry.size, &entry.compressed, &entry.header})
        if (*value == 0xffffffff) {
          *value = reader.read(field, 8);
          field += 8;
        }
      return;
    }
    at += 4 + bytes;
  }
}

static bool readDirectory(Reader &reader, std::vector<Entry> &entries) {
  // The end record is 22 bytes and a comment, which numpy leaves empty.
  size_t end = reader.size();
  size_t record = std::string::npos;
  for (size_t back = 22; back <= end && back < 22 + 65536; ++back)
    if (reader.read(end - back, 4) == 0x06054b50) {
      record = end - back;
      break;
    }
  if (record == std::string::npos)
    return false;
  uint64_t count = reader.read(record + 10, 2);
  uint64_t at = reader.read(record + 16, 4);
  if ((count == 0xffff || at == 0xffffffff) && record >= 20 &&
      reader.read(record - 20, 4) == 0x07064b50) {
    uint64_t record64 = reader.read(record - 12, 8);
    count = reader.read(record64 + 32, 8);
    at = reader.read(record64 + 48, 8);
  }
  for (uint64_t i = 0; i < count; ++i) {
    if (reader.read(at, 4) != 0x02014b50)
      return false;
    Entry entry;
    entry.method = reader.read(at + 10, 2);
    entry.compressed = reader.read(at + 20, 4);
    entry.size = reader.read(at + 24, 4);
    size_t name = reader.read(at + 28, 2), extra = reader.read(at + 30, 2),
           comment = reader.read(at + 32, 2);
    entry.header = reader.read(at + 42, 4);
    const char *text = reader.range(at + 46, name);
    readZip64(reader, at + 46 + name, extra, entry);
    if (!reader.ok())
      return false;
    entry.name.assign(text, name);
    entries.push_back(std::move(entry));
    at += 46 + name + extra + comment;
  }
  return true;
}

static bool inflateAll(const char *data, uint64_t size,
                       std::vector<char> &out) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(data));
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  uint64_t inLeft = size, outLeft = out.size();
  int status = Z_OK;
  constexpr uint64_t most = 1u << 30; // zlib counts in 32 bits.
  while (status == Z_OK) {
    if (!stream.avail_in) {
      stream.avail_in = std::min(inLeft, most);
      inLeft -= stream.avail_in;
    }
    if (!stream.avail_out) {
      stream.avail_out = std::min(outLeft, most);
      outLeft -= stream.avail_out;
    }
    status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_BUF_ERROR || (!stream.avail_out && !outLeft))
      break;
  }
  bool whole = !stream.avail_out && !outLeft;
  inflateEnd(&stream);
  return whole && (status == Z_OK || status == Z_STREAM_END);
}

static bool readEntry(Reader &reader, const Entry &entry, HostTensor &tensor,
                      std::string &error) {
  size_t skip = 30 + reader.read(entry.header + 26, 2) +
                reader.read(entry.header + 28, 2);
  bool local = reader.read(entry.header, 4) == 0x04034b50;
  const char *data = reader.range(entry.header + skip, entry.compressed);
  if (!local || !data) {
    error = "the archive is damaged";
    return false;
  }
  if (entry.method == 0 && entry.compressed == entry.size)
    return parseNpy(data, entry.size, tensor, error);
  // Deflate expands at most 1032 times.
  if (entry.method != 8 || entry.size / 1032 > entry.compressed) {
    error = "compression method " + std::to_string(entry.method) +
            " is not supported";
    return false;
  }
  std::vector<char> inflated(entry.size);
  if (!inflateAll(data, entry.compressed, inflated)) {
    error = "the compressed data are damaged";
    return false;
  }
  return parseNpy(inflated.data(), inflated.size(), tensor, error);
}

bool aicc::readNpz(const std::string &path,
                   std::vector<std::pair<std::string, HostTensor>> &tensors,
                   std::string &error) {
  MappedInput file;
  if (!file.open(path, error))
    return false;
  Reader reader(file.data(), file.size());
  std::vector<Entry> entries;
  if (!readDirectory(reader, entries)) {
    error = "not an .npz file";
    return false;
  }
  for (const Entry &entry : entries) {
    std::string name = entry.name;
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0)
      name.resize(name.size() - 4);
    HostTensor tensor;
    if (!readEntry(reader, entry, tensor, error)) {
      error = "array '" + name + "': " + error;
      return false;
    }
    tensors.emplace_back(std::move(name), std::move(tensor));
  }
  return true;
}
