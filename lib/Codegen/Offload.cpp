//===- Offload.cpp - Calls of device programs -----------------------------===//

#include "lib/Codegen/Offload.h"
#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace aicc;

static LLVM::LLVMStructType invocationType(MLIRContext *context) {
  SmallVector<Type> fields(NumInvocationFields,
                           LLVM::LLVMPointerType::get(context));
  return LLVM::LLVMStructType::getLiteral(context, fields);
}

Value aicc::loadField(OpBuilder &b, Location loc, Value invocation,
                      InvocationField field) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value address = LLVM::GEPOp::create(
      b, loc, pointer, invocationType(b.getContext()), invocation,
      ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(field)});
  return LLVM::LoadOp::create(b, loc, pointer, address);
}

/// aicc_buffer of aicc-c/runtime.h.
static LLVM::LLVMStructType bufferType(MLIRContext *context) {
  Type i64 = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(
      context, {LLVM::LLVMPointerType::get(context), i64, i64});
}

static int64_t bytesOf(Type type) {
  auto memref = cast<MemRefType>(type);
  return memref.getNumElements() *
         llvm::divideCeil(memref.getElementTypeBitWidth(), 8);
}

namespace {
struct OffloadLowering : public ConvertOpToLLVMPattern<OffloadOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(OffloadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override;

private:
  Value buildBuffers(OffloadOp op, OpAdaptor adaptor, Value array,
                     ConversionPatternRewriter &rewriter) const;
};
} // namespace

Value OffloadLowering::buildBuffers(OffloadOp op, OpAdaptor adaptor,
                                    Value array,
                                    ConversionPatternRewriter &b) const {
  Location loc = op.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto store = [&](Value value, size_t index, int32_t field) {
    Value slot = LLVM::GEPOp::create(
        b, loc, pointer, bufferType(b.getContext()), array,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index), field});
    LLVM::StoreOp::create(b, loc, value, slot);
  };
  auto constant = [&](int64_t value) {
    return LLVM::ConstantOp::create(b, loc, b.getI64Type(),
                                    b.getI64IntegerAttr(value));
  };
  for (auto [i, converted] : llvm::enumerate(adaptor.getArgs())) {
    store(MemRefDescriptor(converted).alignedPtr(b, loc), i, 0);
    store(constant(bytesOf(op.getArgs()[i].getType())), i, 1);
    store(constant(llvm::is_contained(op.getWrites(), int64_t(i))), i, 2);
  }
  return constant(op.getArgs().size());
}

LogicalResult
OffloadLowering::matchAndRewrite(OffloadOp op, OpAdaptor adaptor,
                                 ConversionPatternRewriter &rewriter) const {
  auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
  if (!function || function.getNumArguments() == 0)
    return rewriter.notifyMatchFailure(op, "not in the entry");
  Location loc = op.getLoc();
  MLIRContext *context = rewriter.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  Value array;
  {
    // In the entry block, so that offloads in loops do not grow the stack.
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(&function.getBody().front());
    int64_t count = std::max<int64_t>(op.getArgs().size(), 1);
    Value size = LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(),
                                          rewriter.getI64IntegerAttr(count));
    array = LLVM::AllocaOp::create(rewriter, loc, pointer, bufferType(context),
                                   size);
  }
  Value count = buildBuffers(op, adaptor, array, rewriter);
  Value invocation = function.getArguments().back();
  Value callee = loadField(rewriter, loc, invocation, Offload);
  Value device = loadField(rewriter, loc, invocation, Device);
  Value entry = LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(),
                                         op.getEntryAttr());
  Type i64 = rewriter.getI64Type();
  LLVM::CallOp::create(
      rewriter, loc,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                  {pointer, i64, pointer, i64}),
      ValueRange{callee, device, entry, array, count});
  rewriter.eraseOp(op);
  return success();
}

void aicc::populateOffloadLowering(const LLVMTypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<OffloadLowering>(converter);
}

void aicc::buildDeviceCheck(OpBuilder &b, Location loc, Value invocation) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Block *start = b.getInsertionBlock();
  Block *refuse = b.createBlock(start->getParent());
  Block *run = b.createBlock(start->getParent());
  b.setInsertionPointToEnd(start);
  Value callee = loadField(b, loc, invocation, Offload);
  Value null = LLVM::ZeroOp::create(b, loc, pointer);
  Value isNull =
      LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, callee, null);
  LLVM::CondBrOp::create(b, loc, isNull, refuse, run);
  b.setInsertionPointToEnd(refuse);
  Value one =
      LLVM::ConstantOp::create(b, loc, b.getI32Type(), b.getI32IntegerAttr(1));
  LLVM::ReturnOp::create(b, loc, one);
  b.setInsertionPointToEnd(run);
}
