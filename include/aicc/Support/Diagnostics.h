//===- Diagnostics.h - Errors that speak ONNX -------------------*- C++ -*-===//
//
// What a user is told, and the exit code that goes with it (docs: DESIGN
// section 7). A diagnostic names the model file, the node, its op and opset;
// it never holds IR.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_SUPPORT_DIAGNOSTICS_H
#define AICC_SUPPORT_DIAGNOSTICS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <string>
#include <vector>

namespace aicc {

/// The class of an error. `Parse` .. `Unsupported` are the public `E_...`
/// names; the rest only choose an exit code.
enum class ErrorCode {
  Parse,       ///< E_PARSE: not a protobuf message of type ModelProto.
  Model,       ///< E_MODEL: header: IR version, opset imports, no graph.
  Graph,       ///< E_GRAPH: SSA form, order, arity, functions, sub-graphs.
  Type,        ///< E_TYPE: element types.
  Attr,        ///< E_ATTR: attributes.
  Shape,       ///< E_SHAPE: shapes, and values that decide shapes.
  Tensor,      ///< E_TENSOR: initialisers whose data do not fit their type.
  External,    ///< E_EXTERNAL: external data.
  Limit,       ///< E_LIMIT: a configurable limit was reached.
  Unsupported, ///< E_UNSUPPORTED: valid, but not compiled (yet).
  Io,          ///< E_IO: a file cannot be read or written.
  Usage,       ///< E_USAGE: the command line.
  Verify,      ///< E_VERIFY: outputs differ from the expected ones.
  Budget,      ///< E_BUDGET: a budget cannot be met.
  Internal     ///< E_INTERNAL: a defect of ours.
};

/// "E_PARSE" and so on.
llvm::StringRef errorCodeName(ErrorCode code);

/// Exit code of the command line tools: 1 bad model or input, 2 usage,
/// 3 unsupported, 4 verification failed, 5 budget, 70 internal error.
int exitCode(ErrorCode code);

enum class Severity { Error, Warning, Remark, Note };

/// One message about a model. Empty strings and opset 0 mean "not known".
struct Diagnostic {
  Severity severity = Severity::Error;
  ErrorCode code = ErrorCode::Internal;
  std::string file;
  std::string node; ///< ONNX node name, or "#<index>" where it has none.
  std::string op;   ///< Op type, with its domain unless that is ai.onnx.
  int64_t opset = 0;
  std::string message;
  std::vector<std::string> notes;
  std::string help;
};

/// Where diagnostics go.
class DiagnosticSink {
public:
  virtual ~DiagnosticSink() = default;

  void report(Diagnostic diagnostic);

  bool hasErrors() const { return numErrors != 0; }
  /// The code of the first error; only valid if `hasErrors()`.
  ErrorCode firstError() const { return firstErrorCode; }

protected:
  virtual void emit(const Diagnostic &diagnostic) = 0;

private:
  unsigned numErrors = 0;
  ErrorCode firstErrorCode = ErrorCode::Internal;
};

/// `model.onnx: error: node 'n' (MatMul, opset 17): ...`, notes and help on
/// lines of their own. Control characters in names are escaped.
class TextDiagnosticSink : public DiagnosticSink {
public:
  explicit TextDiagnosticSink(llvm::raw_ostream &os, bool quiet = false)
      : os(os), quiet(quiet) {}

protected:
  void emit(const Diagnostic &diagnostic) override;

private:
  llvm::raw_ostream &os;
  bool quiet; ///< Errors only.
};

/// One JSON object a line: severity, code, file, node, op, opset, message,
/// notes, help.
class JsonDiagnosticSink : public DiagnosticSink {
public:
  explicit JsonDiagnosticSink(llvm::raw_ostream &os) : os(os) {}

protected:
  void emit(const Diagnostic &diagnostic) override;

private:
  llvm::raw_ostream &os;
};

/// Keeps them, for the C API and for tests.
class CollectingDiagnosticSink : public DiagnosticSink {
public:
  const std::vector<Diagnostic> &diagnostics() const { return kept; }

protected:
  void emit(const Diagnostic &diagnostic) override {
    kept.push_back(diagnostic);
  }

private:
  std::vector<Diagnostic> kept;
};

} // namespace aicc

#endif // AICC_SUPPORT_DIAGNOSTICS_H
