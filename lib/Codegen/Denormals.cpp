//===- Denormals.cpp - The floating-point mode of a run -------------------===//

#include "lib/Codegen/Denormals.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicsAArch64.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace {
/// The control register of one architecture.
class ControlRegister {
public:
  virtual ~ControlRegister() = default;
  virtual Value *read(IRBuilder<> &b) = 0;
  virtual void write(IRBuilder<> &b, Value *value) = 0;
  virtual uint64_t flushBits() const = 0;
};

/// MXCSR, which moves by way of memory.
class Mxcsr : public ControlRegister {
public:
  explicit Mxcsr(IRBuilder<> &b) : slot(b.CreateAlloca(b.getInt32Ty())) {}
  Value *read(IRBuilder<> &b) override {
    b.CreateIntrinsic(Intrinsic::x86_sse_stmxcsr, {slot});
    return b.CreateLoad(b.getInt32Ty(), slot);
  }
  void write(IRBuilder<> &b, Value *value) override {
    b.CreateStore(value, slot);
    b.CreateIntrinsic(Intrinsic::x86_sse_ldmxcsr, {slot});
  }
  /// Flush to zero and denormals are zeros: bits 15 and 6 (Intel 64 and IA-32
  /// Architectures Software Developer's Manual, volume 1, section 10.2.3).
  uint64_t flushBits() const override { return (1u << 15) | (1u << 6); }

private:
  AllocaInst *slot;
};

class Fpcr : public ControlRegister {
public:
  Value *read(IRBuilder<> &b) override {
    return b.CreateIntrinsic(Intrinsic::aarch64_get_fpcr, {});
  }
  void write(IRBuilder<> &b, Value *value) override {
    b.CreateIntrinsic(Intrinsic::aarch64_set_fpcr, {value});
  }
  /// FZ (Arm Architecture Reference Manual, DDI 0487, FPCR).
  uint64_t flushBits() const override { return 1u << 24; }
};
} // namespace

static bool hasControlRegister(const Triple &triple) {
  return triple.getArch() == Triple::x86_64 ||
         triple.getArch() == Triple::aarch64;
}

static std::unique_ptr<ControlRegister> controlRegister(const Triple &triple,
                                                        IRBuilder<> &b) {
  if (triple.getArch() == Triple::x86_64)
    return std::make_unique<Mxcsr>(b);
  return std::make_unique<Fpcr>();
}

static void flushWithin(Function &function, const Triple &triple) {
  IRBuilder<> b(&*function.getEntryBlock().getFirstInsertionPt());
  std::unique_ptr<ControlRegister> mode = controlRegister(triple, b);
  Value *before = mode->read(b);
  mode->write(b, b.CreateOr(before, ConstantInt::get(before->getType(),
                                                     mode->flushBits())));
  for (BasicBlock &block : function)
    if (auto *leave = dyn_cast<ReturnInst>(block.getTerminator())) {
      b.SetInsertPoint(leave);
      mode->write(b, before);
    }
}

void aicc::flushDenormals(Module &module) {
  const Triple &triple = module.getTargetTriple();
  if (!hasControlRegister(triple))
    return;
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("denormal-fp-math", "preserve-sign,preserve-sign");
    if (function.hasFnAttribute(calledByHostAttrName))
      flushWithin(function, triple);
  }
}
