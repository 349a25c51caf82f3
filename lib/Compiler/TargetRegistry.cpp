//===- TargetRegistry.cpp - Which targets there are -----------------------===//

#include "aicc/Target/TargetRegistry.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/DynamicLibrary.h"

using namespace aicc;

TargetRegistry::TargetRegistry() {
  for (const std::unique_ptr<Target> &target : builtinTargets())
    targets.push_back(target.get());
}

mlir::LogicalResult TargetRegistry::load(const std::string &path,
                                         std::string &error) {
  llvm::sys::DynamicLibrary library =
      llvm::sys::DynamicLibrary::getPermanentLibrary(path.c_str(), &error);
  if (!library.isValid())
    return mlir::failure();
  auto *create = reinterpret_cast<Target *(*)(unsigned)>(
      library.getAddressOfSymbol("aiccCreateTarget"));
  if (!create) {
    error = "it does not export 'aiccCreateTarget'";
    return mlir::failure();
  }
  Target *target = create(targetAbiVersion);
  if (!target) {
    error = "it was built for another version of aicc";
    return mlir::failure();
  }
  if (lookup(target->name())) {
    error = "there is a target '" + target->name().str() + "' already";
    return mlir::failure();
  }
  targets.push_back(target);
  return mlir::success();
}

const Target *TargetRegistry::lookup(llvm::StringRef family) const {
  auto *it = llvm::find_if(
      targets, [&](const Target *target) { return target->name() == family; });
  return it == targets.end() ? nullptr : *it;
}

std::string TargetRegistry::names() const {
  return llvm::join(
      llvm::map_range(targets, [](const Target *t) { return t->name().str(); }),
      ", ");
}
