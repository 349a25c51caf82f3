//===- Registration.cpp - Everything that aicc is made of -----------------===//

#include "aicc/Compiler/Registration.h"

#include "aicc/Target/Machines.h"
#include "aicc/Target/Target.h"
#include "aicc/Target/TargetRegistry.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

#include <memory>
#include <vector>

#include "lib/Compiler/Components.inc"

void aicc::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registerComponentDialects(registry);
  for (const std::unique_ptr<Target> &target : builtinTargets())
    target->registerDialects(registry);
}

void aicc::registerAllPasses() {
  static bool once = [] {
    mlir::registerAllPasses();
    registerComponentPasses();
    return true;
  }();
  (void)once;
}

const std::vector<std::unique_ptr<aicc::Target>> &aicc::builtinTargets() {
  static const std::vector<std::unique_ptr<Target>> targets = [] {
    std::vector<std::unique_ptr<Target>> list;
    createComponentTargets(list);
    return list;
  }();
  return targets;
}

llvm::ArrayRef<aicc::BuiltinMachine> aicc::builtinMachines() {
  return llvm::ArrayRef(componentMachines).drop_back();
}
