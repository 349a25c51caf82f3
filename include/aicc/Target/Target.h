//===- Target.h - A family of machines --------------------------*- C++ -*-===//
//
// All that the shared code knows about a family of machines (cpu, systolic,
// imc, gpu ...): docs/design/0003-target-interface.md. A family is one folder
// under targets/, listed by `aicc_register_target`, or a shared library given
// to --load-target.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_TARGET_TARGET_H
#define AICC_TARGET_TARGET_H

#include "aicc/Compiler/CompileOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <string>
#include <vector>

namespace mlir {
class DialectRegistry;
class OpPassManager;
class Operation;
} // namespace mlir

namespace aicc {

struct BuiltinMachine;
struct Cost;
struct MachineDesc;
struct Mapping;
struct Workload;
class DiagnosticSink;

/// A dense, row-major tensor of the caller.
struct TensorView {
  std::string name;
  std::string dtype; ///< As numpy spells it: "float32".
  std::vector<int64_t> shape;
  void *data = nullptr;
};

/// Runs what a target emitted: a simulator, a driver, or the host itself.
class Executor {
public:
  virtual ~Executor() = default;
  /// Runs the artefact at `path`. Inputs and outputs are found by name; errors
  /// (a wrong shape, a missing input) go to `sink`.
  virtual mlir::LogicalResult run(llvm::StringRef path,
                                  llvm::ArrayRef<TensorView> inputs,
                                  llvm::ArrayRef<TensorView> outputs,
                                  DiagnosticSink &sink) = 0;
};

/// A family of machines that share a lowering, e.g. "systolic".
class Target {
public:
  virtual ~Target() = default;

  /// What stands after --target=, and the folder under targets/.
  virtual llvm::StringRef name() const = 0;

  /// Machines that come with a family loaded from a library; those of the tree
  /// are found in their folders.
  virtual llvm::ArrayRef<BuiltinMachine> machines() const { return {}; }

  /// Dialects and external models of this family alone. Must not assume that
  /// any other target is there.
  virtual void registerDialects(mlir::DialectRegistry &registry) const {}

  /// Can `op` (structured stage) run on `machine`? Otherwise `why` goes to the
  /// user as it is, after the node's name.
  virtual mlir::LogicalResult supports(mlir::Operation *op,
                                       const MachineDesc &machine,
                                       std::string &why) const = 0;

  /// The one place where energy and time come from. Pure: no IR, no globals,
  /// callable from any thread; the mapper calls it a million times. Fails for
  /// a mapping that the machine cannot hold.
  virtual mlir::FailureOr<Cost> estimate(const Workload &workload,
                                         const Mapping &mapping,
                                         const MachineDesc &machine) const = 0;

  /// Whether a model costs something else than the sum of what its groups cost
  /// alone (what caches keep between them). Then the best choice for each group
  /// need not be the best for the model, and what other objectives choose is
  /// compared.
  virtual bool pricesWholeModels() const { return false; }

  /// Adds the passes that take a module from the end of stage `from` to the
  /// end of stage `to`, where Structured <= from < to <= Llvm. Called once for
  /// each stage that the user can see.
  virtual void buildPipeline(mlir::OpPassManager &pm, Stage from, Stage to,
                             const CompileOptions &options) const = 0;

  /// Writes a module of the stage that `kind` starts from (Loops for all that
  /// holds machine code) to the file `path`, which the caller made and
  /// removes on failure. Errors go to `sink`.
  virtual mlir::LogicalResult emit(mlir::ModuleOp module, EmitKind kind,
                                   const CompileOptions &options,
                                   llvm::StringRef path,
                                   DiagnosticSink &sink) const = 0;

  /// Null if this build cannot run what `emit` wrote.
  virtual std::unique_ptr<Executor>
  createExecutor(const MachineDesc &machine) const {
    return nullptr;
  }
};

} // namespace aicc

#endif // AICC_TARGET_TARGET_H
