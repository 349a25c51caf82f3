//===- Trial.h - What a few operations would cost ---------------*- C++ -*-===//

#ifndef TARGETS_CPU_TRIAL_H
#define TARGETS_CPU_TRIAL_H

#include "targets/cpu/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

namespace aicc::cpu {

/// A function of some operations alone, to ask what they cost.
class Trial {
public:
  struct Price {
    double cycles = 0, picojoules = 0;
  };

  /// `ops`: in their order; the first result of the last one is what the
  /// function returns. `others`: bytes of constants that the program reads from
  /// one run of them to the next.
  Trial(llvm::ArrayRef<mlir::Operation *> ops, int64_t others);

  mlir::func::FuncOp function() { return func; }
  /// To be asked once. Nothing where it cannot be mapped.
  std::optional<Price> price(const CompileOptions &options,
                             const RegionMapper &mapper);

private:
  void build(llvm::ArrayRef<mlir::Operation *> ops, int64_t others);
  void bring(mlir::Value value);
  void addRest();
  mlir::Value addFloats(int64_t bytes);
  mlir::Value sum(mlir::Value values, unsigned along);
  mlir::Value doubled(mlir::Value tensor);

  mlir::OpBuilder builder;
  mlir::Location othersLoc;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp func;
  mlir::IRMapping mapping;
};

/// What `price` is worth to `options`: less is better.
double scoreOf(const Trial::Price &price, const CompileOptions &options);

/// Bytes of all constants of a module.
int64_t constantBytesOf(mlir::ModuleOp module);

} // namespace aicc::cpu

#endif // TARGETS_CPU_TRIAL_H
