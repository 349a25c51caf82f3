//===- Npy.cpp - numpy's array files --------------------------------------===//
//
// Format: numpy/lib/format.py. A magic string, a version, the length of a
// header, the header (a Python dictionary literal with the keys 'descr',
// 'fortran_order' and 'shape'), and the elements.
//
//===----------------------------------------------------------------------===//

#include "aicc/Runtime/Npy.h"

#include "lib/Runtime/File.h"

#include <cstring>

using namespace aicc;

namespace {

constexpr size_t maxHeaderBytes = 65536;
constexpr size_t maxRank = 64;

/// The part of Python's literals that the header uses.
class HeaderParser {
public:
  explicit HeaderParser(std::string text) : text(std::move(text)) {}

  bool parse(std::string &descr, bool &fortran, std::vector<int64_t> &shape) {
    bool hasDescr = false, hasOrder = false, hasShape = false;
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!string(key) || !take(':'))
        return false;
      bool good = true;
      if (key == "descr")
        good = hasDescr = string(descr);
      else if (key == "fortran_order")
        good = hasOrder = boolean(fortran);
      else if (key == "shape")
        good = hasShape = tuple(shape);
      else
        return false;
      if (!good)
        return false;
      if (!take(',') && !peek('}'))
        return false;
    }
    return hasDescr && hasOrder && hasShape;
  }

private:
  void skip() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n'))
      ++at;
  }
  bool peek(char c) {
    skip();
    return at < text.size() && text[at] == c;
  }
  bool take(char c) {
    if (!peek(c))
      return false;
    ++at;
    return true;
  }
  bool word(const char *expected) {
    skip();
    size_t length = std::strlen(expected);
    if (text.compare(at, length, expected) != 0)
      return false;
    at += length;
    return true;
  }
  bool boolean(bool &value) {
    value = word("True");
    return value || word("False");
  }
  bool string(std::string &value) {
    char quote = peek('"') ? '"' : '\'';
    if (!take(quote))
      return false;
    size_t end = text.find(quote, at);
    if (end == std::string::npos)
      return false;
    value = text.substr(at, end - at);
    at = end + 1;
    return true;
  }
  bool integer(int64_t &value) {
    skip();
    size_t start = at;
    value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, text[at] - '0', &value))
        return false;
    return at > start;
  }
  bool tuple(std::vector<int64_t> &shape) {
    if (!take('('))
      return false;
    while (!take(')')) {
      int64_t extent;
      if (!integer(extent) || shape.size() == maxRank)
        return false;
      shape.push_back(extent);
      if (!take(',') && !peek(')'))
        return false;
    }
    return true;
  }

  std::string text;
  size_t at = 0;
};

struct DescrName {
  const char *descr;
  aicc_dtype dtype;
};

} // namespace

static constexpr DescrName descrNames[] = {
    {"?", AICC_BOOL},     {"b1", AICC_BOOL},    {"i1", AICC_INT8},
    {"u1", AICC_UINT8},   {"i2", AICC_INT16},   {"u2", AICC_UINT16},
    {"i4", AICC_INT32},   {"u4", AICC_UINT32},  {"i8", AICC_INT64},
    {"u8", AICC_UINT64},  {"f2", AICC_FLOAT16}, {"V2", AICC_BFLOAT16},
    {"f4", AICC_FLOAT32}, {"f8", AICC_FLOAT64}};

/// What numpy says of all types of ml_dtypes of one byte.
static constexpr const char *oneByteDescr = "V1";

static bool isOneByteExtension(aicc_dtype dtype) {
  return dtype >= AICC_FLOAT8E4M3FN && dtype <= AICC_UINT2;
}

bool aicc::readAs(HostTensor &tensor, aicc_dtype dtype) {
  if (isOneByteExtension(tensor.dtype) && isOneByteExtension(dtype))
    tensor.dtype = dtype;
  return tensor.dtype == dtype;
}

static bool parseDescr(const std::string &descr, aicc_dtype &dtype,
                       std::string &error) {
  std::string code = descr;
  char order = '|';
  if (!code.empty() && std::strchr("<>|=", code[0])) {
    order = code[0];
    code.erase(0, 1);
  }
  if (code == oneByteDescr) {
    dtype = AICC_FLOAT8E4M3FN; // Or any other of them: `readAs`.
    return true;
  }
  for (const DescrName &name : descrNames) {
    if (code != name.descr)
      continue;
    dtype = name.dtype;
    if (order == '>' && aicc_dtype_size(dtype) > 1) {
      error = "big-endian elements ('" + descr + "') are not supported";
      return false;
    }
    return true;
  }
  error = "element type '" + descr + "' is not supported";
  return false;
}

/// Copies column-major `source` into row-major `tensor`.
static void copyFortran(const char *source, HostTensor &tensor) {
  size_t size = aicc_dtype_size(tensor.dtype);
  size_t rank = tensor.shape.size();
  std::vector<int64_t> index(rank, 0), stride(rank, 1);
  for (size_t d = 1; d < rank; ++d)
    stride[d] = stride[d - 1] * tensor.shape[d - 1];
  int64_t count = tensor.elements(), from = 0;
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(tensor.data() + i * size, source + from * size, size);
    for (size_t d = rank; d-- > 0;) {
      from += stride[d];
      if (++index[d] < tensor.shape[d])
        break;
      from -= stride[d] * tensor.shape[d];
      index[d] = 0;
    }
  }
}

bool aicc::parseNpy(const char *data, size_t size, HostTensor &tensor,
                    std::string &error) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(data[i]); };
  if (size < 10 || std::memcmp(data, "\x93NUMPY", 6) != 0) {
    error = "not an .npy file";
    return false;
  }
  unsigned major = byte(6);
  size_t start = major == 1 ? 10 : 12;
  if (major < 1 || major > 3 || size < start) {
    error = "version " + std::to_string(major) + " of .npy is not supported";
    return false;
  }
  size_t length = byte(8) | byte(9) << 8;
  if (major > 1)
    length |= static_cast<size_t>(byte(10)) << 16 |
              static_cast<size_t>(byte(11)) << 24;
  if (length > maxHeaderBytes || length > size - start) {
    error = "the header is truncated or too long";
    return false;
  }
  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;
  if (!HeaderParser(std::string(data + start, length))
           .parse(descr, fortran, shape)) {
    error = "the header cannot be read";
    return false;
  }
  aicc_dtype dtype;
  if (!parseDescr(descr, dtype, error))
    return false;
  size_t left = size - start - length;
  int64_t bytes = static_cast<int64_t>(aicc_dtype_size(dtype));
  for (int64_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      error = "the shape is too large";
      return false;
    }
  if (static_cast<uint64_t>(bytes) != left) {
    error = "holds " + std::to_string(left) +
            " bytes of elements, its shape "
            "needs " +
            std::to_string(bytes);
    return false;
  }
  if (!tensor.allocate(dtype, std::move(shape))) {
    error = "the shape is too large";
    return false;
  }
  const char *source = data + start + length;
  if (fortran)
    copyFortran(source, tensor);
  else if (bytes)
    std::memcpy(tensor.data(), source, bytes);
  return true;
}

bool aicc::readNpy(const std::string &path, HostTensor &tensor,
                   std::string &error) {
  MappedInput file;
  return file.open(path, error) &&
         parseNpy(file.data(), file.size(), tensor, error);
}

bool aicc::writeNpy(const std::string &path, const HostTensor &tensor,
                    std::string &error) {
  const char *code = isOneByteExtension(tensor.dtype) ? oneByteDescr : "f4";
  for (const DescrName &name : descrNames)
    if (name.dtype == tensor.dtype)
      code = name.descr; // The last one: "b1", not "?".
  char order = aicc_dtype_size(tensor.dtype) == 1 ? '|' : '<';
  std::string header = std::string("{'descr': '") + order + code +
                       "', 'fortran_order': False, 'shape': (";
  for (size_t d = 0; d < tensor.shape.size(); ++d)
    header += (d ? ", " : "") + std::to_string(tensor.shape[d]);
  header += tensor.shape.size() == 1 ? ",), }" : "), }";
  // Elements start at a multiple of 64 bytes.
  size_t total = (10 + header.size() + 1 + 63) / 64 * 64;
  header.resize(total - 10 - 1, ' ');
  header += '\n';
  std::string head("\x93NUMPY\x01\x00", 8);
  head += static_cast<char>(header.size() & 255);
  head += static_cast<char>(header.size() >> 8);
  return writeWholeFile(path,
                        {{head.data(), head.size()},
                         {header.data(), header.size()},
                         {tensor.data(), tensor.bytes()}},
                        error);
}
