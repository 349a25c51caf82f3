//===- WireScanner.cpp - A look at the bytes before protobuf --------------===//

#include "WireScanner.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/JSON.h"

#include <cstring>

using namespace aicc;
using namespace aicc::import;

//===----------------------------------------------------------------------===//
// What is known of onnx.proto
//===----------------------------------------------------------------------===//

namespace {

/// The messages of onnx.proto that are looked into.
enum class Message : uint8_t {
  Model,
  Graph,
  Node,
  Attribute,
  Tensor,
  SparseTensor,
  ValueInfo,
  Type,
  TypeTensor,
  TypeElement, ///< Sequence and Optional: elem_type.
  TypeMap,
  Shape,
  Dimension,
  Function,
  OpsetId,
  StringEntry
};

enum class Field : uint8_t {
  Varint,
  Fixed32,
  Bytes,   ///< Kept as it is.
  String,  ///< Kept, must be UTF-8.
  Varints, ///< Repeated, packed or not.
  Floats,
  Doubles,
  Drop, ///< Length-delimited and of no use to a compiler.
  Child ///< A message that is looked into.
};

struct FieldInfo {
  Message message;
  uint8_t number;
  Field kind;
  Message child = Message::Model;
};

constexpr int kTensorDocString = 12;
constexpr int kMaxNesting = 100; // protobuf's own limit.

// onnx-ml.proto of ONNX 1.23. A field that is not here is skipped, as
// protobuf does with unknown ones.
const FieldInfo kFields[] = {
    {Message::Model, 1, Field::Varint},
    {Message::Model, 2, Field::String},
    {Message::Model, 3, Field::String},
    {Message::Model, 4, Field::String},
    {Message::Model, 5, Field::Varint},
    {Message::Model, 6, Field::Drop},
    {Message::Model, 7, Field::Child, Message::Graph},
    {Message::Model, 8, Field::Child, Message::OpsetId},
    {Message::Model, 14, Field::Drop},
    {Message::Model, 20, Field::Drop},
    {Message::Model, 25, Field::Child, Message::Function},
    {Message::Model, 26, Field::Drop},
    {Message::Graph, 1, Field::Child, Message::Node},
    {Message::Graph, 2, Field::String},
    {Message::Graph, 5, Field::Child, Message::Tensor},
    {Message::Graph, 10, Field::Drop},
    {Message::Graph, 11, Field::Child, Message::ValueInfo},
    {Message::Graph, 12, Field::Child, Message::ValueInfo},
    {Message::Graph, 13, Field::Child, Message::ValueInfo},
    {Message::Graph, 14, Field::Drop},
    {Message::Graph, 15, Field::Child, Message::SparseTensor},
    {Message::Graph, 16, Field::Drop},
    {Message::Node, 1, Field::String},
    {Message::Node, 2, Field::String},
    {Message::Node, 3, Field::String},
    {Message::Node, 4, Field::String},
    {Message::Node, 5, Field::Child, Message::Attribute},
    {Message::Node, 6, Field::Drop},
    {Message::Node, 7, Field::String},
    {Message::Node, 8, Field::String},
    {Message::Node, 9, Field::Drop},
    {Message::Node, 10, Field::Drop},
    {Message::Attribute, 1, Field::String},
    {Message::Attribute, 2, Field::Fixed32},
    {Message::Attribute, 3, Field::Varint},
    {Message::Attribute, 4, Field::Bytes},
    {Message::Attribute, 5, Field::Child, Message::Tensor},
    {Message::Attribute, 6, Field::Child, Message::Graph},
    {Message::Attribute, 7, Field::Floats},
    {Message::Attribute, 8, Field::Varints},
    {Message::Attribute, 9, Field::Bytes},
    {Message::Attribute, 10, Field::Child, Message::Tensor},
    {Message::Attribute, 11, Field::Child, Message::Graph},
    {Message::Attribute, 13, Field::Drop},
    {Message::Attribute, 14, Field::Child, Message::Type},
    {Message::Attribute, 15, Field::Child, Message::Type},
    {Message::Attribute, 20, Field::Varint},
    {Message::Attribute, 21, Field::String},
    {Message::Attribute, 22, Field::Child, Message::SparseTensor},
    {Message::Attribute, 23, Field::Child, Message::SparseTensor},
    {Message::Tensor, 1, Field::Varints},
    {Message::Tensor, 2, Field::Varint},
    {Message::Tensor, 3, Field::Bytes},
    {Message::Tensor, 4, Field::Floats},
    {Message::Tensor, 5, Field::Varints},
    {Message::Tensor, 6, Field::Bytes},
    {Message::Tensor, 7, Field::Varints},
    {Message::Tensor, 8, Field::String},
    {Message::Tensor, 9, Field::Bytes},
    {Message::Tensor, 10, Field::Doubles},
    {Message::Tensor, 11, Field::Varints},
    {Message::Tensor, kTensorDocString, Field::Drop},
    {Message::Tensor, 13, Field::Child, Message::StringEntry},
    {Message::Tensor, 14, Field::Varint},
    {Message::Tensor, 16, Field::Drop},
    {Message::SparseTensor, 1, Field::Child, Message::Tensor},
    {Message::SparseTensor, 2, Field::Child, Message::Tensor},
    {Message::SparseTensor, 3, Field::Varints},
    {Message::ValueInfo, 1, Field::String},
    {Message::ValueInfo, 2, Field::Child, Message::Type},
    {Message::ValueInfo, 3, Field::Drop},
    {Message::ValueInfo, 4, Field::Drop},
    {Message::Type, 1, Field::Child, Message::TypeTensor},
    {Message::Type, 4, Field::Child, Message::TypeElement},
    {Message::Type, 5, Field::Child, Message::TypeMap},
    {Message::Type, 6, Field::Drop},
    {Message::Type, 7, Field::Bytes},
    {Message::Type, 8, Field::Child, Message::TypeTensor},
    {Message::Type, 9, Field::Child, Message::TypeElement},
    {Message::TypeTensor, 1, Field::Varint},
    {Message::TypeTensor, 2, Field::Child, Message::Shape},
    {Message::TypeElement, 1, Field::Child, Message::Type},
    {Message::TypeMap, 1, Field::Varint},
    {Message::TypeMap, 2, Field::Child, Message::Type},
    {Message::Shape, 1, Field::Child, Message::Dimension},
    {Message::Dimension, 1, Field::Varint},
    {Message::Dimension, 2, Field::String},
    {Message::Dimension, 3, Field::Drop},
    {Message::Function, 1, Field::String},
    {Message::Function, 4, Field::String},
    {Message::Function, 5, Field::String},
    {Message::Function, 6, Field::String},
    {Message::Function, 7, Field::Child, Message::Node},
    {Message::Function, 8, Field::Drop},
    {Message::Function, 9, Field::Child, Message::OpsetId},
    {Message::Function, 10, Field::String},
    {Message::Function, 11, Field::Child, Message::Attribute},
    {Message::Function, 12, Field::Child, Message::ValueInfo},
    {Message::Function, 13, Field::String},
    {Message::Function, 14, Field::Drop},
    {Message::OpsetId, 1, Field::String},
    {Message::OpsetId, 2, Field::Varint},
    {Message::StringEntry, 1, Field::String},
    {Message::StringEntry, 2, Field::String},
};

/// kFields by message and number, in constant time.
class FieldTable {
public:
  FieldTable() {
    for (const FieldInfo &info : kFields)
      table[static_cast<size_t>(info.message)][info.number] = &info;
  }
  const FieldInfo *find(Message message, uint64_t number) const {
    return number < kNumbers ? table[static_cast<size_t>(message)][number]
                             : nullptr;
  }

private:
  static constexpr size_t kNumbers = 32;
  const FieldInfo
      *table[static_cast<size_t>(Message::StringEntry) + 1][kNumbers] = {};
};

enum WireType {
  VarintWire = 0,
  Fixed64Wire = 1,
  BytesWire = 2,
  Fixed32Wire = 5
};

bool wireTypeFits(Field kind, unsigned wire) {
  switch (kind) {
  case Field::Varint:
    return wire == VarintWire;
  case Field::Fixed32:
    return wire == Fixed32Wire;
  case Field::Varints:
    return wire == VarintWire || wire == BytesWire;
  case Field::Floats:
    return wire == Fixed32Wire || wire == BytesWire;
  case Field::Doubles:
    return wire == Fixed64Wire || wire == BytesWire;
  case Field::Bytes:
  case Field::String:
  case Field::Drop:
  case Field::Child:
    return wire == BytesWire;
  }
  return false;
}

/// One field of a message: where its tag and its value are.
struct WireField {
  uint64_t number;
  unsigned wire;
  const uint8_t *tag;
  const uint8_t *value; ///< After tag and length.
  const uint8_t *end;
};

//===----------------------------------------------------------------------===//
// The scan
//===----------------------------------------------------------------------===//

class Scanner {
public:
  Scanner(llvm::ArrayRef<uint8_t> bytes, const Limits &limits, ScanError &error)
      : start(bytes.begin()), limits(limits), error(error) {}

  /// Scans the message in [p, end) and appends what is kept to `out`.
  bool scan(Message message, const uint8_t *p, const uint8_t *end, int depth,
            std::string &out);

  std::vector<CutTensor> cuts;

private:
  bool fail(const uint8_t *where, const llvm::Twine &what,
            ErrorCode code = ErrorCode::Parse) {
    error = {code, (what + " (byte " + llvm::Twine(where - start) + ")").str()};
    return false;
  }
  bool readField(const uint8_t *&p, const uint8_t *end, WireField &field);
  bool checkValue(const FieldInfo &info, const WireField &field);
  void cut(const uint8_t *p, const uint8_t *end, std::string &out,
           const uint8_t *&cutTag);
  bool keep(const WireField &field, std::string &out);

  const uint8_t *start;
  const Limits &limits;
  ScanError &error;
  FieldTable table;
  size_t kept = 0;
};

} // namespace

bool import::readVarint(const uint8_t *&p, const uint8_t *end,
                        uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (p == end)
      return false;
    uint8_t byte = *p++;
    if (shift < 64)
      value |= uint64_t(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return true;
  }
  return false;
}

static void writeVarint(std::string &out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

static void writeBytes(std::string &out, unsigned number,
                       llvm::StringRef bytes) {
  writeVarint(out, (uint64_t(number) << 3) | BytesWire);
  writeVarint(out, bytes.size());
  out.append(bytes.data(), bytes.size());
}

bool Scanner::readField(const uint8_t *&p, const uint8_t *end,
                        WireField &field) {
  field.tag = p;
  uint64_t tag, length = 0;
  if (!readVarint(p, end, tag))
    return fail(field.tag, "truncated field");
  field.number = tag >> 3;
  field.wire = tag & 7;
  if (field.number == 0 || field.number > 0x1fffffff)
    return fail(field.tag, "invalid field number");
  field.value = p;
  switch (field.wire) {
  case VarintWire: {
    uint64_t value;
    if (!readVarint(p, end, value))
      return fail(field.tag, "truncated number");
    field.end = p;
    return true;
  }
  case Fixed64Wire:
    length = 8;
    break;
  case Fixed32Wire:
    length = 4;
    break;
  case BytesWire:
    if (!readVarint(p, end, length))
      return fail(field.tag, "truncated length");
    field.value = p;
    break;
  default:
    return fail(field.tag, "invalid wire type");
  }
  if (length > static_cast<uint64_t>(end - p))
    return fail(field.tag, "field of " + llvm::Twine(length) +
                               " bytes where only " + llvm::Twine(end - p) +
                               " are left: the file is truncated or not ONNX");
  p += length;
  field.end = p;
  return true;
}

bool Scanner::checkValue(const FieldInfo &info, const WireField &field) {
  if (!wireTypeFits(info.kind, field.wire))
    return fail(field.tag, "field " + llvm::Twine(field.number) +
                               " has the wrong wire type");
  if (field.wire != BytesWire)
    return true;
  size_t length = field.end - field.value;
  switch (info.kind) {
  case Field::String:
    if (!llvm::json::isUTF8(llvm::StringRef(
            reinterpret_cast<const char *>(field.value), length)))
      return fail(field.value, "a name is not UTF-8");
    return true;
  case Field::Floats:
  case Field::Doubles:
    if (length % (info.kind == Field::Floats ? 4 : 8))
      return fail(field.value, "packed numbers are truncated");
    return true;
  case Field::Varints:
    if (length && (field.end[-1] & 0x80))
      return fail(field.value, "packed numbers are truncated");
    return true;
  default:
    return true;
  }
}

bool Scanner::keep(const WireField &field, std::string &out) {
  size_t length = field.end - field.tag;
  kept += length;
  if (kept > static_cast<uint64_t>(limits.maxProtoBytes))
    return fail(field.tag,
                "the model has more than " + llvm::Twine(limits.maxProtoBytes) +
                    " bytes without its large tensors",
                ErrorCode::Limit);
  out.append(reinterpret_cast<const char *>(field.tag), length);
  return true;
}

/// Finds the one large data field of the TensorProto in [p, end), if there is
/// exactly one data field in all; records it as cut.
void Scanner::cut(const uint8_t *p, const uint8_t *end, std::string &out,
                  const uint8_t *&cutTag) {
  static const uint64_t dataFields[] = {4, 5, 7, 9, 10, 11};
  WireField field, data{};
  unsigned numData = 0;
  while (p != end) {
    if (!readField(p, end, field))
      return; // Reported by the scan that follows.
    for (uint64_t number : dataFields)
      if (field.number == number) {
        data = field;
        ++numData;
      }
  }
  if (numData != 1 || data.wire != BytesWire ||
      static_cast<size_t>(data.end - data.value) <= kInlineTensorBytes)
    return;
  cutTag = data.tag;
  writeBytes(out, kTensorDocString,
             (kCutMarker + llvm::Twine(cuts.size())).str());
  cuts.push_back({static_cast<int>(data.number),
                  llvm::ArrayRef(data.value, data.end - data.value)});
}

bool Scanner::scan(Message message, const uint8_t *p, const uint8_t *end,
                   int depth, std::string &out) {
  if (depth > kMaxNesting)
    return fail(p, "messages are nested more than " + llvm::Twine(kMaxNesting) +
                       " deep");
  const uint8_t *cutTag = nullptr;
  if (message == Message::Tensor)
    cut(p, end, out, cutTag);
  WireField field;
  while (p != end) {
    if (!readField(p, end, field))
      return false;
    const FieldInfo *info = table.find(message, field.number);
    if (!info)
      continue;
    if (!checkValue(*info, field))
      return false;
    if (info->kind == Field::Drop || field.tag == cutTag)
      continue;
    if (info->kind != Field::Child) {
      if (!keep(field, out))
        return false;
      continue;
    }
    std::string child;
    if (!scan(info->child, field.value, field.end, depth + 1, child))
      return false;
    writeBytes(out, static_cast<unsigned>(field.number), child);
  }
  return true;
}

std::optional<ScanResult> import::scanModel(llvm::ArrayRef<uint8_t> bytes,
                                            const Limits &limits,
                                            ScanError &error) {
  if (bytes.empty()) {
    error = {ErrorCode::Parse, "the file is empty"};
    return std::nullopt;
  }
  Scanner scanner(bytes, limits, error);
  ScanResult result;
  if (!scanner.scan(Message::Model, bytes.begin(), bytes.end(), 1,
                    result.proto))
    return std::nullopt;
  result.cuts = std::move(scanner.cuts);
  return result;
}
