//===- WireScanner.h - A look at the bytes before protobuf ------*- C++ -*-===//
//
// The protobuf library copies every tensor and recurses into whatever it is
// given. So the wire format is read here first, under limits: lengths, nesting,
// UTF-8, and the tensors over 1 KiB are left in the mapped file.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_IMPORT_WIRESCANNER_H
#define AICC_LIB_IMPORT_WIRESCANNER_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace aicc::import {

/// Tensors with more bytes of data than this stay in the file.
constexpr size_t kInlineTensorBytes = 1024;

/// Data of a TensorProto that were left in the file.
struct CutTensor {
  int field; ///< TensorProto's field: raw_data, float_data ...
  llvm::ArrayRef<uint8_t> data;
};

/// `doc_string` of a TensorProto whose data were cut: this and its index.
/// The scanner drops every doc_string of the model, so a model cannot forge
/// one.
constexpr llvm::StringLiteral kCutMarker = "aicc.cut:";

struct ScanResult {
  std::string proto; ///< A ModelProto without documentation and large tensors.
  std::vector<CutTensor> cuts;
};

struct ScanError {
  ErrorCode code; ///< Parse or Limit.
  std::string message;
};

/// Scans a ModelProto. On error returns nothing and fills `error`, whose
/// message says at which byte.
std::optional<ScanResult> scanModel(llvm::ArrayRef<uint8_t> bytes,
                                    const Limits &limits, ScanError &error);

/// Decodes one base-128 varint and advances `p`; false if it is truncated or
/// longer than ten bytes.
bool readVarint(const uint8_t *&p, const uint8_t *end, uint64_t &value);

} // namespace aicc::import

#endif // AICC_LIB_IMPORT_WIRESCANNER_H
