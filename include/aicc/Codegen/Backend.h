//===- Backend.h - From the LLVM dialect to machine code --------*- C++ -*-===//

#ifndef AICC_CODEGEN_BACKEND_H
#define AICC_CODEGEN_BACKEND_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace aicc {

/// The processor that code is made for. Empty strings: that of the host.
struct MachineCode {
  std::string triple;
  std::string cpu;
  unsigned optLevel = 3;
  /// Subnormal numbers are read and written as zero.
  bool flushDenormals = false;
};

/// Makes machine code for one processor.
class Backend {
public:
  /// Null if LLVM does not know the triple or the processor; then `why` says
  /// so in words for the user.
  static std::unique_ptr<Backend> create(const MachineCode &machine,
                                         std::string &why);
  ~Backend();

  llvm::StringRef triple() const { return tripleName; }
  llvm::StringRef cpu() const { return cpuName; }

  /// Adds to the LLVM module that holds the entry what is not in the MLIR
  /// module: the model's description.
  using Augment = std::function<void(llvm::Module &)>;

  /// What to make of a module.
  enum class Form { Object, Assembly, Llvm };

  /// Translates `module` (LLVM dialect), optimises and emits it. For objects
  /// the module is cut into parts of similar size that are compiled in
  /// parallel; the cut depends on the module alone, so that the bytes do not
  /// depend on the number of threads. Errors are reported on the module.
  mlir::FailureOr<std::vector<llvm::SmallVector<char, 0>>>
  compile(mlir::ModuleOp module, Form form, const Augment &augment) const;

private:
  Backend() = default;
  std::unique_ptr<llvm::TargetMachine> createMachine() const;
  bool compilePart(mlir::ModuleOp part, Form form, const Augment &augment,
                   llvm::SmallVector<char, 0> &out, std::string &error) const;
  void setAttributes(llvm::Module &module) const;
  void optimise(llvm::Module &module, llvm::TargetMachine &machine) const;

  std::string tripleName, cpuName, features;
  unsigned optLevel = 3;
  bool flushDenormals = false;
};

} // namespace aicc

#endif // AICC_CODEGEN_BACKEND_H
