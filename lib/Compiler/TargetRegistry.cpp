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
                                         DiagnosticSink &sink) {
  auto fail = [&](const std::string &why) {
    Diagnostic d;
    d.code = ErrorCode::Usage;
    d.file = path;
    d.message = "cannot be loaded as a target: " + why;
    sink.report(std::move(d));
    return mlir::failure();
  };
  std::string error;
  llvm::sys::DynamicLibrary library =
      llvm::sys::DynamicLibrary::getPermanentLibrary(path.c_str(), &error);
  if (!library.isValid())
    return fail(error);
  auto *create = reinterpret_cast<Target *(*)(unsigned)>(
      library.getAddressOfSymbol("aiccCreateTarget"));
  if (!create)
    return fail("it does not export 'aiccCreateTarget'");
  Target *target = create(targetAbiVersion);
  if (!target)
    return fail("it was built for another version of aicc");
  if (lookup(target->name()))
    return fail("there is a target '" + target->name().str() + "' already");
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

std::vector<BuiltinMachine> TargetRegistry::machines() const {
  std::vector<BuiltinMachine> result = builtinMachines();
  for (const Target *target : targets)
    llvm::append_range(result, target->machines());
  return result;
}
