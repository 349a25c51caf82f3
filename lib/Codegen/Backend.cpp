//===- Backend.cpp - From the LLVM dialect to machine code ----------------===//

#include "aicc/Codegen/Backend.h"

#include "lib/Codegen/Denormals.h"
#include "lib/Codegen/Partition.h"

#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/AliasAnalysis.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/DeadStoreElimination.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/GVN.h"
#include "llvm/Transforms/Scalar/IndVarSimplify.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

#include <mutex>

using namespace mlir;
using namespace aicc;

static void initialiseTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();
  });
}

static std::string hostFeatures() {
  std::vector<std::string> names;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    names.push_back((feature.second ? "+" : "-") + feature.first().str());
  llvm::sort(names);
  return llvm::join(names, ",");
}

Backend::~Backend() = default;

std::unique_ptr<Backend> Backend::create(const MachineCode &machine,
                                         std::string &why) {
  initialiseTargets();
  std::unique_ptr<Backend> backend(new Backend());
  std::string host = llvm::sys::getProcessTriple();
  backend->tripleName =
      llvm::Triple::normalize(machine.triple.empty() ? host : machine.triple);
  llvm::Triple triple(backend->tripleName);
  bool forHost = triple.getArch() == llvm::Triple(host).getArch();
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    why = "no code generator for the triple '" + backend->tripleName + "'";
    return nullptr;
  }
  if (!triple.isOSBinFormatELF() || !triple.isArch64Bit() ||
      !triple.isLittleEndian()) {
    why = "the triple '" + backend->tripleName +
          "' is not a 64-bit little-endian ELF platform";
    return nullptr;
  }
  backend->cpuName = machine.cpu;
  if (machine.cpu.empty() || machine.cpu == "native") {
    if (forHost) {
      backend->cpuName = llvm::sys::getHostCPUName().str();
      backend->features = hostFeatures();
    } else {
      backend->cpuName = "generic";
    }
  }
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!info || !info->isCPUStringValid(backend->cpuName)) {
    why = "no processor '" + backend->cpuName + "' for the triple '" +
          backend->tripleName + "'";
    return nullptr;
  }
  backend->optLevel = machine.optLevel;
  backend->flushDenormals = machine.flushDenormals;
  return backend;
}

std::unique_ptr<llvm::TargetMachine> Backend::createMachine() const {
  llvm::Triple triple(tripleName);
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  llvm::TargetOptions options;
  options.MCOptions.AsmVerbose = false;
  llvm::CodeGenOptLevel level = optLevel == 0 ? llvm::CodeGenOptLevel::None
                                              : llvm::CodeGenOptLevel::Default;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, cpuName, features, options,
                                  llvm::Reloc::PIC_, std::nullopt, level));
}

void Backend::setAttributes(llvm::Module &module) const {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", cpuName);
    if (!features.empty())
      function.addFnAttr("target-features", features);
    // Vectors are as wide as the mapping chose: LLVM must not split them
    // because a processor's tuning prefers shorter ones.
    function.addFnAttr("prefer-vector-width", "512");
    function.setDoesNotThrow();
  }
}

/// Kernels come vectorised and unrolled to the register tile, so the loop and
/// SLP vectorisers and the inliner have nothing to do; what is left to find
/// are redundant loads and address arithmetic.
void Backend::optimise(llvm::Module &module,
                       llvm::TargetMachine &machine) const {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(mam);
  builder.registerCGSCCAnalyses(cgam);
  builder.registerFunctionAnalyses(fam);
  builder.registerLoopAnalyses(lam);
  builder.crossRegisterProxies(lam, fam, cgam, mam);

  llvm::FunctionPassManager fpm;
  fpm.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  fpm.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  fpm.addPass(llvm::InstCombinePass());
  fpm.addPass(llvm::SimplifyCFGPass());
  llvm::LoopPassManager rotate;
  rotate.addPass(llvm::LoopRotatePass());
  rotate.addPass(llvm::LICMPass(llvm::LICMOptions()));
  fpm.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(rotate),
                                                    /*UseMemorySSA=*/true));
  fpm.addPass(llvm::InstCombinePass());
  fpm.addPass(llvm::GVNPass());
  llvm::LoopPassManager late;
  late.addPass(llvm::LICMPass(llvm::LICMOptions()));
  late.addPass(llvm::IndVarSimplifyPass());
  fpm.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(late),
                                                    /*UseMemorySSA=*/true));
  fpm.addPass(llvm::DSEPass());
  fpm.addPass(llvm::ADCEPass());
  fpm.addPass(llvm::InstCombinePass());
  fpm.addPass(llvm::SimplifyCFGPass());

  llvm::ModulePassManager mpm;
  mpm.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(fpm)));
  mpm.run(module, mam);
}

bool Backend::compilePart(ModuleOp part, Form form, const Augment &augment,
                          llvm::SmallVector<char, 0> &out,
                          std::string &error) const {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(part, context, "aicc");
  std::unique_ptr<llvm::TargetMachine> machine = createMachine();
  if (!module || !machine) {
    error = "translation to LLVM IR failed";
    return false;
  }
  module->setTargetTriple(llvm::Triple(tripleName));
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  if (augment)
    augment(*module);
  setAttributes(*module);
  if (flushDenormals)
    aicc::flushDenormals(*module);
  if (optLevel > 0)
    optimise(*module, *machine);

  llvm::raw_svector_ostream os(out);
  if (form == Form::Llvm) {
    module->print(os, nullptr);
    return true;
  }
  llvm::legacy::PassManager codegen;
  auto fileType = form == Form::Assembly ? llvm::CodeGenFileType::AssemblyFile
                                         : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(codegen, os, nullptr, fileType,
                                   /*DisableVerify=*/true)) {
    error = "the code generator cannot write this kind of file";
    return false;
  }
  codegen.run(*module);
  return true;
}

FailureOr<std::vector<llvm::SmallVector<char, 0>>>
Backend::compile(ModuleOp module, Form form, const Augment &augment) const {
  std::vector<OwningOpRef<ModuleOp>> parts;
  if (form == Form::Object)
    parts = partitionModule(module);
  else
    parts.push_back(module.clone());

  std::vector<llvm::SmallVector<char, 0>> results(parts.size());
  std::vector<std::string> errors(parts.size());
  // The first part holds the entry, and what `augment` adds.
  parallelFor(module.getContext(), 0, parts.size(), [&](size_t i) {
    compilePart(*parts[i], form, i == 0 ? augment : Augment(), results[i],
                errors[i]);
  });
  for (const std::string &error : errors)
    if (!error.empty())
      return module.emitError(error);
  return results;
}
