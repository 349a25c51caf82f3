//===- EmitTesting.h - Programs compiled inside a test ----------*- C++ -*-===//

#ifndef AICC_TEST_UNIT_CODEGEN_EMITTESTING_H
#define AICC_TEST_UNIT_CODEGEN_EMITTESTING_H

#include "aicc-c/runtime.h"
#include "aicc/Codegen/Emit.h"
#include "aicc/Compiler/Registration.h"
#include "aicc/Support/Diagnostics.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <memory>
#include <string>

namespace aicc::testing {

/// A folder of its own, removed with what is in it.
class TemporaryFolder {
public:
  TemporaryFolder() { llvm::sys::fs::createUniqueDirectory("aicc-test", path); }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(path); }
  std::string file(llvm::StringRef name) const {
    llvm::SmallString<128> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  std::string folder() const { return path.str().str(); }

private:
  llvm::SmallString<128> path;
};

/// Parses `text` (loops stage) and emits it to `path`; true if that worked.
inline bool emitText(llvm::StringRef text, EmitInputs inputs,
                     DiagnosticSink &sink) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  return module && succeeded(emitArtifact(*module, inputs, sink));
}

inline std::string readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// A model and a context on it.
struct LoadedModel {
  aicc_model *model = nullptr;
  aicc_context *context = nullptr;

  explicit LoadedModel(const std::string &path) {
    if (aicc_model_load(path.c_str(), &model) == AICC_OK)
      aicc_context_create(model, &context);
  }
  ~LoadedModel() {
    aicc_context_free(context);
    aicc_model_free(model);
  }
};

} // namespace aicc::testing

#endif // AICC_TEST_UNIT_CODEGEN_EMITTESTING_H
