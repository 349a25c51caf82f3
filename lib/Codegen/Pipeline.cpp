//===- Pipeline.cpp - The passes from loops to the LLVM dialect -----------===//

#include "aicc/Codegen/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace aicc {
#define GEN_PASS_REGISTRATION
#include "lib/Codegen/Passes.h.inc"
} // namespace aicc

void aicc::buildLowerToLLVMPipeline(OpPassManager &pm) {
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // bf16 is a storage format: LLVM would compute each element by a call of
  // compiler-rt where the processor cannot convert.
  arith::ArithEmulateUnsupportedFloatsOptions bf16;
  bf16.sourceTypeStrs = {"bf16"};
  functions.addPass(arith::createArithEmulateUnsupportedFloats(bf16));
  functions.addPass(aicc::createApproximateMathPass());
  functions.addPass(createLowerAffinePass());
  VectorTransferToSCFOptions transfer;
  transfer.unroll = true;
  functions.addPass(createConvertVectorToSCFPass(transfer));
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createSCFToControlFlowPass());

  ConvertVectorToLLVMPassOptions vector;
  vector.vectorContractLowering = vector::VectorContractLowering::OuterProduct;
  vector.vectorTransposeLowering = vector::VectorTransposeLowering::Shuffle1D;
  functions.addPass(createConvertVectorToLLVMPass(vector));

  pm.addPass(aicc::createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void aicc::registerCodegenPasses() {
  registerApproximateMathPass();
  registerConvertToLLVMPass();
  PassPipelineRegistration<>(
      "aicc-lower-to-llvm",
      "From the loops stage to the LLVM dialect: math functions become "
      "polynomials, loops branches, memrefs bare pointers, launches calls.",
      buildLowerToLLVMPipeline);
}

std::string aicc::symbolPrefix(StringRef name) {
  std::string prefix;
  for (char c : name)
    prefix += llvm::isAlnum(c) ? c : '_';
  if (prefix.empty())
    return "model";
  if (llvm::isDigit(prefix.front()))
    prefix.insert(0, "m_");
  return prefix;
}

std::string aicc::symbolPrefix(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>("aicc.model");
  return symbolPrefix(name ? name.getValue() : StringRef());
}
