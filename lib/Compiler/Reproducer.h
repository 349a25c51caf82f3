//===- Reproducer.h - What a defect can be reported with --------*- C++ -*-===//

#ifndef LIB_COMPILER_REPRODUCER_H
#define LIB_COMPILER_REPRODUCER_H

#include "aicc/Compiler/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include <string>

namespace aicc {

/// Holds the input of a stage while the stage runs. The file is one that
/// `aicc-opt --run-reproducer` takes.
///
/// With --reproducer the file is there while the stage runs, so that it
/// outlives a crash; it goes away when the stage succeeds.
class Reproducer {
public:
  Reproducer(const CompileRequest &request, mlir::ModuleOp module,
             const mlir::PassManager &pm);
  ~Reproducer();

  /// Writes the file if it is not there yet, and says where.
  void keep(DiagnosticSink &sink);

private:
  void write(llvm::raw_ostream &os, bool elide);

  std::string path;
  mlir::OwningOpRef<mlir::ModuleOp> input;
  std::string pipeline;
  bool written = false;
  bool kept = false;
};

} // namespace aicc

#endif // LIB_COMPILER_REPRODUCER_H
