//===- ModelData.cpp - The description of a model, as LLVM data -----------===//

#include "lib/Codegen/ModelData.h"

#include "aicc/Codegen/ElfImage.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/GlobalVariable.h"
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
  };
  GlobalVariable *desc =
      b.global(llvm::ConstantStruct::getAnon(fields), program.prefix + "_model",
               GlobalValue::ExternalLinkage);
  desc->setAlignment(llvm::Align(8));
}
