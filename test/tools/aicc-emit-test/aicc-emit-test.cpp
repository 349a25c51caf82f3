//===- aicc-emit-test.cpp - Loops stage in, artefact out, for tests -------===//
//
//   aicc-emit-test IN.mlir OUT [lib|obj|exe|asm|llvm] [CPU] [TRIPLE]
//
//===----------------------------------------------------------------------===//

#include "aicc/Codegen/Emit.h"
#include "aicc/Compiler/Registration.h"
#include "aicc/Support/Diagnostics.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringSwitch.h"

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  mlir::DialectRegistry registry;
  aicc::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  aicc::EmitInputs inputs;
  inputs.kind = llvm::StringSwitch<aicc::EmitKind>(argc > 3 ? argv[3] : "lib")
                    .Case("obj", aicc::EmitKind::Obj)
                    .Case("exe", aicc::EmitKind::Exe)
                    .Case("asm", aicc::EmitKind::Asm)
                    .Case("llvm", aicc::EmitKind::Llvm)
                    .Default(aicc::EmitKind::Lib);
  inputs.outputPath = argv[2];
  inputs.modelPath = argv[1];
  if (argc > 4)
    inputs.cpu = argv[4];
  if (argc > 5)
    inputs.triple = argv[5];
  aicc::TextDiagnosticSink sink(llvm::errs());
  if (failed(aicc::emitArtifact(*module, inputs, sink)))
    return aicc::exitCode(sink.firstError());
  return 0;
}
