//===- MlirDiagnostics.cpp - From MLIR's diagnostics to ours --------------===//

#include "aicc/Support/MlirDiagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <optional>

using namespace aicc;
using namespace mlir;

/// The metadata that the importer fuses into a node's location.
static void readMetadata(DictionaryAttr metadata, NodeOrigin &origin) {
  if (auto op = metadata.getAs<StringAttr>("op_type"))
    origin.op = op.str();
  if (auto opset = metadata.getAs<IntegerAttr>("opset"))
    origin.opset = opset.getInt();
  if (auto index = metadata.getAs<IntegerAttr>("index"))
    if (origin.node.empty())
      origin.node = "#" + std::to_string(index.getInt());
}

NodeOrigin aicc::nodeOrigin(Location loc) {
  NodeOrigin origin;
  StringRef name;
  // Outside in: a name comes before the fusion that holds its metadata.
  loc->walk([&](Location part) {
    if (auto named = dyn_cast<NameLoc>(part)) {
      name = named.getName().strref();
    } else if (auto fused = dyn_cast<FusedLoc>(part)) {
      if (auto metadata =
              dyn_cast_if_present<DictionaryAttr>(fused.getMetadata())) {
        origin.node = name.str();
        readMetadata(metadata, origin);
      }
    } else if (auto file = dyn_cast<FileLineColLoc>(part)) {
      origin.file = file.getFilename().str();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return origin;
}

/// The inverse of `errorCodeName`, for the codes that a model can cause.
static std::optional<ErrorCode> codeOfName(StringRef name) {
  for (ErrorCode code :
       {ErrorCode::Parse, ErrorCode::Model, ErrorCode::Graph, ErrorCode::Type,
        ErrorCode::Attr, ErrorCode::Shape, ErrorCode::Tensor,
        ErrorCode::External, ErrorCode::Limit, ErrorCode::Unsupported,
        ErrorCode::Io, ErrorCode::Budget, ErrorCode::Internal})
    if (errorCodeName(code) == name)
      return code;
  return std::nullopt;
}

InFlightDiagnostic aicc::withCode(InFlightDiagnostic diagnostic,
                                  ErrorCode code) {
  if (mlir::Diagnostic *inner = diagnostic.getUnderlyingDiagnostic())
    inner->getMetadata().push_back(DiagnosticArgument(errorCodeName(code)));
  return diagnostic;
}

static std::optional<ErrorCode> codeOf(mlir::Diagnostic &diagnostic) {
  for (DiagnosticArgument &argument : diagnostic.getMetadata())
    if (argument.getKind() ==
        DiagnosticArgument::DiagnosticArgumentKind::String)
      if (std::optional<ErrorCode> code = codeOfName(argument.getAsString()))
        return code;
  return std::nullopt;
}

static Severity severityOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return Severity::Error;
  case DiagnosticSeverity::Warning:
    return Severity::Warning;
  case DiagnosticSeverity::Remark:
    return Severity::Remark;
  case DiagnosticSeverity::Note:
    break;
  }
  return Severity::Note;
}

/// The message alone. MLIR attaches the offending operation on demand ("see
/// current operation: ..."): that is IR, and not for users.
static bool isIrDump(StringRef note) {
  return note.starts_with("see current operation");
}

MlirDiagnosticHandler::MlirDiagnosticHandler(MLIRContext *context,
                                             DiagnosticSink &sink,
                                             std::string file)
    : ScopedDiagnosticHandler(context), sink(sink), file(std::move(file)) {
  context->printOpOnDiagnostic(false);
  setHandler([this](mlir::Diagnostic &diagnostic) {
    handle(diagnostic);
    return success();
  });
}

void MlirDiagnosticHandler::handle(mlir::Diagnostic &diagnostic) {
  NodeOrigin origin = nodeOrigin(diagnostic.getLocation());
  Diagnostic result;
  result.severity = severityOf(diagnostic.getSeverity());
  result.file = origin.file.empty() ? file : origin.file;
  result.node = origin.node;
  result.op = origin.op;
  result.opset = origin.opset;
  result.message = diagnostic.str();
  bool hasNode = !origin.op.empty() || !origin.node.empty();
  result.code =
      codeOf(diagnostic).value_or(hasNode ? defaultCode : codeWithoutNode);
  // In IR that a user wrote, the position is the only name an error has.
  if (!hasNode)
    if (auto loc = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      if (loc.getLine())
        result.file += ":" + std::to_string(loc.getLine()) + ":" +
                       std::to_string(loc.getColumn());
  for (mlir::Diagnostic &note : diagnostic.getNotes()) {
    std::string text = note.str();
    if (!isIrDump(text))
      result.notes.push_back(std::move(text));
  }
  sink.report(std::move(result));
}
