//===- Partition.cpp - Cut a module for parallel code generation ----------===//

#include "lib/Codegen/Partition.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

/// Operations of one part: enough to pay for a context and a pass pipeline of
/// its own, few enough to balance the threads.
static constexpr int64_t partOperations = 3000;

static int64_t countOperations(Operation *op) {
  int64_t count = 0;
  op->walk([&](Operation *) { ++count; });
  return count;
}

/// Declares in `part` what its functions refer to and `source` defines.
static void declareMissing(ModuleOp part, ModuleOp source) {
  llvm::StringSet<> defined;
  for (Operation &op : *part.getBody())
    if (auto symbol = dyn_cast<SymbolOpInterface>(op))
      defined.insert(symbol.getName());
  llvm::SetVector<StringAttr> missing;
  for (Operation &op : *part.getBody())
    op.walk([&](Operation *user) {
      for (NamedAttribute attribute : user->getAttrs())
        attribute.getValue().walk([&](FlatSymbolRefAttr reference) {
          if (!defined.contains(reference.getValue()))
            missing.insert(reference.getAttr());
        });
    });
  SymbolTable table(source);
  OpBuilder builder = OpBuilder::atBlockBegin(part.getBody());
  for (StringAttr name : missing) {
    Operation *definition = table.lookup(name);
    if (auto function = dyn_cast_or_null<LLVM::LLVMFuncOp>(definition)) {
      auto declaration = cast<LLVM::LLVMFuncOp>(
          builder.insert(function->cloneWithoutRegions()));
      declaration.setLinkage(LLVM::Linkage::External);
    } else if (auto global = dyn_cast_or_null<LLVM::GlobalOp>(definition)) {
      auto declaration =
          cast<LLVM::GlobalOp>(builder.insert(global->cloneWithoutRegions()));
      declaration.removeValueAttr();
      declaration.setLinkage(LLVM::Linkage::External);
    }
  }
}

std::vector<OwningOpRef<ModuleOp>> aicc::partitionModule(ModuleOp module) {
  std::vector<OwningOpRef<ModuleOp>> parts;
  auto addPart = [&]() -> ModuleOp {
    ModuleOp part = ModuleOp::create(module.getLoc());
    part->setAttrs(module->getAttrDictionary());
    parts.push_back(part);
    return part;
  };
  ModuleOp rest = addPart();
  ModuleOp current;
  int64_t currentOperations = 0;
  SymbolTable table(module);
  llvm::SmallPtrSet<Operation *, 16> placed;
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>()) {
    if (!kernel->hasAttr("aicc.kernel") || kernel.isExternal())
      continue;
    int64_t operations = countOperations(kernel);
    if (!current || currentOperations + operations > partOperations) {
      current = addPart();
      currentOperations = 0;
    }
    currentOperations += operations;
    current.push_back(kernel->clone());
    placed.insert(kernel);
    if (Operation *body = table.lookup((kernel.getName() + ".body").str())) {
      current.push_back(body->clone());
      placed.insert(body);
    }
  }
  for (Operation &op : *module.getBody())
    if (!placed.contains(&op))
      rest.push_back(op.clone());
  for (OwningOpRef<ModuleOp> &part : parts)
    declareMissing(*part, module);
  return parts;
}
