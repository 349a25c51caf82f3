//===- Frontend.cpp - Reading what is to be compiled ----------------------===//

#include "lib/Compiler/Frontend.h"

#include "aicc/Import/Import.h"
#include "lib/Compiler/ResultFile.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace aicc;

bool aicc::isMlirFile(llvm::StringRef path) {
  return path.ends_with(".mlir") || path.ends_with(".mlirbc");
}

mlir::OwningOpRef<mlir::ModuleOp>
aicc::parseMlirModel(const std::string &path, mlir::MLIRContext &context,
                     MlirDiagnosticHandler &handler, DiagnosticSink &sink) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    reportIoError(sink, path, "cannot be read: " + buffer.getError().message());
    return {};
  }
  handler.setDefaultCode(ErrorCode::Parse);
  handler.setCodeWithoutNode(ErrorCode::Parse);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  return mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
}

mlir::OwningOpRef<mlir::ModuleOp>
aicc::readOnnxModel(const CompileOptions &options, mlir::MLIRContext &context,
                    DiagnosticSink &sink) {
  return importModel(options, context, sink);
}
