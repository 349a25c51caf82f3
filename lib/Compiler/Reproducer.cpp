//===- Reproducer.cpp - What a defect can be reported with ----------------===//

#include "lib/Compiler/Reproducer.h"

#include "lib/Compiler/ResultFile.h"

#include "mlir/IR/AsmState.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace aicc;

Reproducer::Reproducer(const CompileRequest &request, mlir::ModuleOp module,
                       const mlir::PassManager &pm)
    : path(request.reproducer), input(module.clone()) {
  llvm::raw_string_ostream os(pipeline);
  pm.printAsTextualPipeline(os);
  if (path.empty())
    return;
  // A path that cannot be written does not stop the compilation; keep() says
  // so if the file is needed.
  CollectingDiagnosticSink ignored;
  written = writeTextFile(path, ignored, [&](llvm::raw_ostream &file) {
    write(file, /*elide=*/false);
  });
}

Reproducer::~Reproducer() {
  if (written && !kept)
    llvm::sys::fs::remove(path);
}

void Reproducer::write(llvm::raw_ostream &os, bool elide) {
  mlir::OpPrintingFlags flags;
  flags.enableDebugInfo();
  if (elide) {
    // Too large to write unasked; the model has the constants.
    flags.elideLargeElementsAttrs();
    flags.elideLargeResourceString();
  }
  mlir::AsmState state(*input, flags);
  state.attachResourcePrinter(
      "mlir_reproducer",
      [&](mlir::Operation *, mlir::AsmResourceBuilder &builder) {
        builder.buildString("pipeline", pipeline);
        builder.buildBool("disable_threading", true);
        builder.buildBool("verify_each", true);
      });
  os << "// aicc " << version() << ": stage input; passes: " << pipeline
     << "\n";
  input->print(os, state);
  os << "\n";
}

void Reproducer::keep(DiagnosticSink &sink) {
  kept = true;
  if (!written) {
    if (path.empty()) {
      llvm::SmallString<128> file;
      if (llvm::sys::fs::createTemporaryFile("aicc-reproducer", "mlir", file))
        return;
      path = std::string(file);
    }
    written = writeTextFile(path, sink, [&](llvm::raw_ostream &file) {
      write(file, /*elide=*/true);
    });
  }
  if (!written)
    return;
  Diagnostic d;
  d.severity = Severity::Note;
  d.message = "this is a defect of aicc; reproducer: " + path;
  sink.report(std::move(d));
}
