//===- Diagnostics.cpp - Errors that speak ONNX ---------------------------===//

#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace aicc;

llvm::StringRef aicc::errorCodeName(ErrorCode code) {
  switch (code) {
  case ErrorCode::Parse:
    return "E_PARSE";
  case ErrorCode::Model:
    return "E_MODEL";
  case ErrorCode::Graph:
    return "E_GRAPH";
  case ErrorCode::Type:
    return "E_TYPE";
  case ErrorCode::Attr:
    return "E_ATTR";
  case ErrorCode::Shape:
    return "E_SHAPE";
  case ErrorCode::Tensor:
    return "E_TENSOR";
  case ErrorCode::External:
    return "E_EXTERNAL";
  case ErrorCode::Limit:
    return "E_LIMIT";
  case ErrorCode::Unsupported:
    return "E_UNSUPPORTED";
  case ErrorCode::Io:
    return "E_IO";
  case ErrorCode::Usage:
    return "E_USAGE";
  case ErrorCode::Verify:
    return "E_VERIFY";
  case ErrorCode::Budget:
    return "E_BUDGET";
  case ErrorCode::Internal:
    break;
  }
  return "E_INTERNAL";
}

int aicc::exitCode(ErrorCode code) {
  switch (code) {
  case ErrorCode::Usage:
    return 2;
  case ErrorCode::Unsupported:
    return 3;
  case ErrorCode::Verify:
    return 4;
  case ErrorCode::Budget:
    return 5;
  case ErrorCode::Internal:
    return 70;
  default:
    return 1;
  }
}

static llvm::StringRef severityName(Severity severity) {
  switch (severity) {
  case Severity::Error:
    return "error";
  case Severity::Warning:
    return "warning";
  case Severity::Remark:
    return "remark";
  case Severity::Note:
    break;
  }
  return "note";
}

void DiagnosticSink::report(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::Error) {
    if (numErrors == 0)
      firstErrorCode = diagnostic.code;
    ++numErrors;
  }
  emit(diagnostic);
}

/// Text of the model (names, messages) on one line, and nothing in it that a
/// terminal would obey.
static std::string printable(llvm::StringRef text) {
  std::string result;
  for (unsigned char c : text) {
    if (c >= 0x20 && c != 0x7f) {
      result += static_cast<char>(c);
      continue;
    }
    result += "\\x";
    result += llvm::hexdigit(c >> 4, /*LowerCase=*/true);
    result += llvm::hexdigit(c & 15, /*LowerCase=*/true);
  }
  return result;
}

void TextDiagnosticSink::emit(const Diagnostic &diagnostic) {
  if (quiet && diagnostic.severity != Severity::Error)
    return;
  std::string origin =
      diagnostic.file.empty() ? "aicc" : printable(diagnostic.file);
  // One write a diagnostic, so that those of several processes do not mix.
  std::string text;
  llvm::raw_string_ostream line(text);
  line << origin << ": " << severityName(diagnostic.severity) << ": ";
  if (!diagnostic.node.empty() || !diagnostic.op.empty()) {
    line << "node";
    if (!diagnostic.node.empty())
      line << " '" << printable(diagnostic.node) << "'";
    if (!diagnostic.op.empty()) {
      line << " (" << printable(diagnostic.op);
      if (diagnostic.opset)
        line << ", opset " << diagnostic.opset;
      line << ")";
    }
    line << ": ";
  }
  line << printable(diagnostic.message) << "\n";
  for (const std::string &note : diagnostic.notes)
    line << origin << ": note: " << printable(note) << "\n";
  if (!diagnostic.help.empty())
    line << "help: " << printable(diagnostic.help) << "\n";
  os << text;
  os.flush();
}

void JsonDiagnosticSink::emit(const Diagnostic &diagnostic) {
  std::string text;
  llvm::raw_string_ostream line(text);
  llvm::json::OStream json(line);
  auto string = [&](llvm::StringRef key, llvm::StringRef value) {
    json.attribute(key, llvm::json::fixUTF8(value));
  };
  json.object([&] {
    string("severity", severityName(diagnostic.severity));
    string("code", diagnostic.severity == Severity::Error
                       ? errorCodeName(diagnostic.code)
                       : llvm::StringRef());
    string("file", diagnostic.file);
    string("node", diagnostic.node);
    string("op", diagnostic.op);
    json.attribute("opset", diagnostic.opset);
    string("message", diagnostic.message);
    json.attributeArray("notes", [&] {
      for (const std::string &note : diagnostic.notes)
        json.value(llvm::json::fixUTF8(note));
    });
    string("help", diagnostic.help);
  });
  line << "\n";
  os << text;
  os.flush();
}
