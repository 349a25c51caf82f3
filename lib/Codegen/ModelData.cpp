//===- ModelData.cpp - The description of a model, as LLVM data -----------===//

#include "lib/Codegen/ModelData.h"

#include "aicc/Codegen/ElfImage.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Triple.h"

using namespace aicc;
using llvm::Constant;
using llvm::GlobalValue;
using llvm::GlobalVariable;

namespace {

/// Builds the constants of aicc-c/runtime.h, field by field.
class DataBuilder {
public:
  DataBuilder(llvm::Module &module, llvm::StringRef prefix)
      : module(module), prefix(prefix), context(module.getContext()),
        pointer(llvm::PointerType::getUnqual(context)) {}

  Constant *null() { return llvm::ConstantPointerNull::get(pointer); }
  Constant *i32(uint32_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value);
  }
  Constant *i64(uint64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value);
  }

  GlobalVariable *global(Constant *value, const llvm::Twine &name,
                         GlobalValue::LinkageTypes linkage) {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                              linkage, value, name);
  }

  Constant *string(llvm::StringRef text) {
    GlobalVariable *result =
        global(llvm::ConstantDataArray::getString(context, text), "",
               GlobalValue::PrivateLinkage);
    result->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    result->setAlignment(llvm::Align(1));
    return result;
  }

  Constant *tensors(llvm::ArrayRef<TensorInfo> infos) {
    if (infos.empty())
      return null();
    llvm::SmallVector<Constant *> descs;
    for (const TensorInfo &info : infos) {
      Constant *shape = null();
      if (!info.shape.empty()) {
        llvm::SmallVector<uint64_t> extents(info.shape.begin(),
                                            info.shape.end());
        shape = global(llvm::ConstantDataArray::get(context, extents), "",
                       GlobalValue::PrivateLinkage);
      }
      descs.push_back(llvm::ConstantStruct::getAnon(
          {string(info.name), i32(info.dtype), i32(info.shape.size()), shape}));
    }
    auto *type = llvm::ArrayType::get(descs.front()->getType(), descs.size());
    return global(llvm::ConstantArray::get(type, descs), "",
                  GlobalValue::PrivateLinkage);
  }

  Constant *device(llvm::ArrayRef<char> program) {
    GlobalVariable *result =
        global(llvm::ConstantDataArray::getString(
                   context, llvm::StringRef(program.data(), program.size()),
                   /*AddNull=*/false),
               prefix + "_device", GlobalValue::ExternalLinkage);
    result->setVisibility(GlobalValue::HiddenVisibility);
    result->setSection(".aicc.device");
    result->setAlignment(llvm::Align(16));
    return result;
  }

  Constant *manifest(llvm::StringRef text) {
    GlobalVariable *result = global(
        llvm::ConstantDataArray::getString(context, text, /*AddNull=*/false),
        prefix + "_manifest", GlobalValue::ExternalLinkage);
    result->setVisibility(GlobalValue::HiddenVisibility);
    result->setSection(".aicc.manifest");
    result->setAlignment(llvm::Align(1));
    return result;
  }

  /// Assembly, because LLVM has no constant without bytes.
  Constant *weights(uint64_t bytes) {
    std::string name = (prefix + "_weights").str();
    std::string text =
        ("\t.section\t" + weightsSection + ",\"a\",%nobits\n").str();
    if (llvm::Triple(module.getTargetTriple()).isX86())
      text = ("\t.section\t" + weightsSection + ",\"a\",@nobits\n").str();
    text += "\t.balign\t" + std::to_string(weightsAlignment) + "\n";
    text += "\t.globl\t" + name + "\n\t.hidden\t" + name + "\n";
    text += "\t.type\t" + name +
            (llvm::Triple(module.getTargetTriple()).isX86() ? ",@object\n"
                                                            : ",%object\n");
    text += "\t.size\t" + name + ", " + std::to_string(bytes) + "\n";
    text += name + ":\n\t.zero\t" + std::to_string(bytes) + "\n";
    module.appendModuleInlineAsm(text);
    auto *result = new GlobalVariable(
        module, llvm::Type::getInt8Ty(context), /*isConstant=*/true,
        GlobalValue::ExternalLinkage, nullptr, name);
    result->setVisibility(GlobalValue::HiddenVisibility);
    result->setDSOLocal(true);
    return result;
  }

private:
  llvm::Module &module;
  llvm::StringRef prefix;
  llvm::LLVMContext &context;
  llvm::PointerType *pointer;
};

} // namespace

void aicc::addModelData(llvm::Module &module, const ProgramInfo &program,
                        llvm::StringRef manifest, llvm::StringRef weightsFile) {
  DataBuilder b(module, program.prefix);
  bool inside = program.weightBytes > 0 && weightsFile.empty();
  bool hasDevice = !program.deviceFamily.empty();
  llvm::Function *invoke = module.getFunction(program.prefix + "_invoke");
  Constant *fields[] = {
      b.i32(AICC_ABI_VERSION),
      b.i32(sizeof(aicc_model_desc)),
      b.string(program.model),
      invoke ? static_cast<Constant *>(invoke) : b.null(),
      inside ? b.weights(program.weightBytes) : b.null(),
      weightsFile.empty() ? b.null() : b.string(weightsFile),
      b.i64(program.weightBytes),
      b.i64(program.arenaBytes),
      b.manifest(manifest),
      b.i64(manifest.size()),
      b.tensors(program.inputs),
      b.tensors(program.outputs),
      b.i32(program.inputs.size()),
      b.i32(program.outputs.size()),
      hasDevice ? b.string(program.deviceFamily) : b.null(),
      hasDevice ? b.device(program.deviceProgram) : b.null(),
      b.i64(program.deviceProgram.size()),
  };
  GlobalVariable *desc =
      b.global(llvm::ConstantStruct::getAnon(fields), program.prefix + "_model",
               GlobalValue::ExternalLinkage);
  desc->setAlignment(llvm::Align(8));
}

/// What the C library's own crt1.o does: the arguments that the kernel left on
/// the stack, and the loader's function to run at exit.
static const char startX86[] = R"(
	.text
	.globl	@_start
	.hidden	@_start
	.type	@_start,@function
@_start:
	xorl	%ebp, %ebp
	movq	%rdx, %r9
	popq	%rsi
	movq	%rsp, %rdx
	andq	$-16, %rsp
	pushq	%rax
	pushq	%rsp
	xorl	%r8d, %r8d
	xorl	%ecx, %ecx
	leaq	@_program(%rip), %rdi
	callq	*__libc_start_main@GOTPCREL(%rip)
	hlt
	.size	@_start, .-@_start
)";
static const char startAArch64[] = R"(
	.text
	.globl	@_start
	.hidden	@_start
	.type	@_start,%function
@_start:
	mov	x29, #0
	mov	x30, #0
	mov	x5, x0
	ldr	x1, [sp]
	add	x2, sp, #8
	mov	x6, sp
	adrp	x0, @_program
	add	x0, x0, :lo12:@_program
	mov	x3, #0
	mov	x4, #0
	bl	__libc_start_main
	brk	#0
	.size	@_start, .-@_start
)";

std::string aicc::addProgramStart(llvm::Module &module,
                                  llvm::StringRef prefix) {
  const llvm::Triple &triple = module.getTargetTriple();
  bool isX86 = triple.getArch() == llvm::Triple::x86_64;
  bool isAArch64 = triple.getArch() == llvm::Triple::aarch64;
  if (!triple.isOSLinux() || (!isX86 && !isAArch64))
    return "";
  // int program(int argc, char **argv)
  llvm::LLVMContext &context = module.getContext();
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *program = llvm::Function::Create(
      llvm::FunctionType::get(i32, {i32, pointer}, false),
      GlobalValue::ExternalLinkage, prefix + "_program", module);
  program->setVisibility(GlobalValue::HiddenVisibility);
  llvm::FunctionCallee run = module.getOrInsertFunction(
      "aicc_main",
      llvm::FunctionType::get(i32, {i32, pointer, pointer}, false));
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", program));
  b.CreateRet(
      b.CreateCall(run, {program->getArg(0), program->getArg(1),
                         module.getNamedGlobal((prefix + "_model").str())}));

  std::string text = isX86 ? startX86 : startAArch64;
  for (llvm::StringRef name : {"_start", "_program"}) {
    std::string placeholder = ("@" + name).str(),
                symbol = (prefix + name).str();
    for (size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos;
         at += symbol.size())
      text.replace(at, placeholder.size(), symbol);
  }
  module.appendModuleInlineAsm(text);
  return isX86 ? "/lib64/ld-linux-x86-64.so.2" : "/lib/ld-linux-aarch64.so.1";
}
