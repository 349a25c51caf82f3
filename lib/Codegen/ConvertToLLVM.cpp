//===- ConvertToLLVM.cpp - Functions, launches and the entry --------------===//
//
// The program at the loops stage is a function on flat memrefs that launches
// kernels. Here it becomes LLVM functions on bare pointers and an entry with
// the C interface of aicc-c/runtime.h.
//
//===----------------------------------------------------------------------===//

#include "aicc/Codegen/Passes.h"

#include "dialects/aicc/IR/Aicc.h"
#include "lib/Codegen/Denormals.h"
#include "lib/Codegen/Offload.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/MapVector.h"

namespace aicc {
#define GEN_PASS_DEF_CONVERTTOLLVMPASS
#include "lib/Codegen/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using aicc::loadField;

namespace {

/// Element `index` of the array of pointers at `array`.
Value loadPointer(OpBuilder &b, Location loc, Value array, int32_t index) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value address = LLVM::GEPOp::create(b, loc, pointer, pointer, array,
                                      ArrayRef<LLVM::GEPArg>{index});
  return LLVM::LoadOp::create(b, loc, pointer, address);
}

std::string bodyName(StringRef kernel) { return (kernel + ".body").str(); }

/// The one function through which the program asks the host for workers.
constexpr StringLiteral launchHelper = "launch";

//===----------------------------------------------------------------------===//
// Preparation, on func
//===----------------------------------------------------------------------===//

/// Bytes that a memref of this static type covers, 0 if not known.
int64_t staticBytes(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref || !memref.hasStaticShape() || !memref.getLayout().isIdentity() ||
      !memref.getElementType().isIntOrFloat())
    return 0;
  int64_t bits = memref.getElementTypeBitWidth();
  return memref.getNumElements() * ((bits + 7) / 8);
}

/// What LLVM may know of the pointers that `function` takes.
void annotatePointers(func::FuncOp function) {
  Builder b(function.getContext());
  for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i) {
    bool noalias = bool(function.removeArgAttr(i, "aicc.noalias"));
    for (StringRef name : {"aicc.name", "aicc.dtype", "aicc.shape"})
      function.removeArgAttr(i, name);
    int64_t bytes = staticBytes(function.getArgument(i).getType());
    if (!bytes)
      continue;
    if (noalias)
      function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                          b.getUnitAttr());
    function.setArgAttr(i, LLVM::LLVMDialect::getNonNullAttrName(),
                        b.getUnitAttr());
    function.setArgAttr(i, LLVM::LLVMDialect::getDereferenceableAttrName(),
                        b.getI64IntegerAttr(bytes));
  }
}

/// How the entry's arguments are found in the invocation.
struct EntryShape {
  unsigned numInputs = 0;
  unsigned numOutputs = 0;
};

/// Arguments are inputs (as many as `aicc.num_inputs` says), outputs, the arena
/// and the weights.
FailureOr<EntryShape> entryShape(func::FuncOp entry) {
  unsigned numArgs = entry.getNumArguments();
  auto numInputs = entry->getAttrOfType<IntegerAttr>("aicc.num_inputs");
  if (numArgs < 2 || !numInputs || numInputs.getInt() < 0 ||
      numInputs.getInt() > numArgs - 2) {
    entry.emitOpError("expected the entry to take inputs, outputs, the arena "
                      "and the weights, and 'aicc.num_inputs' to say how many "
                      "of them are inputs");
    return failure();
  }
  if (entry.getNumResults() || entry.isDeclaration()) {
    entry.emitOpError("expected the entry to have a body and no results");
    return failure();
  }
  EntryShape shape;
  shape.numInputs = numInputs.getInt();
  shape.numOutputs = numArgs - 2 - shape.numInputs;
  return shape;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// The bits of `value` (at most 64) as a pointer, to pass it in the array of
/// arguments; null if its type does not fit.
Value toPointer(OpBuilder &b, Location loc, Value value) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  if (isa<LLVM::LLVMPointerType>(value.getType()))
    return value;
  if (isa<FloatType>(value.getType())) {
    unsigned bits = value.getType().getIntOrFloatBitWidth();
    value = LLVM::BitcastOp::create(b, loc, b.getIntegerType(bits), value);
  }
  auto integer = dyn_cast<IntegerType>(value.getType());
  if (!integer || integer.getWidth() > 64)
    return {};
  if (integer.getWidth() < 64)
    value = LLVM::ZExtOp::create(b, loc, b.getI64Type(), value);
  return LLVM::IntToPtrOp::create(b, loc, pointer, value);
}

/// The inverse of `toPointer`.
Value fromPointer(OpBuilder &b, Location loc, Value pointer, Type type) {
  if (isa<LLVM::LLVMPointerType>(type))
    return pointer;
  unsigned bits = type.getIntOrFloatBitWidth();
  Value value = LLVM::PtrToIntOp::create(b, loc, b.getI64Type(), pointer);
  if (bits < 64)
    value = LLVM::TruncOp::create(b, loc, b.getIntegerType(bits), value);
  if (isa<FloatType>(type))
    value = LLVM::BitcastOp::create(b, loc, type, value);
  return value;
}

/// `aicc.launch`: a call of the kernel, or of the launch helper with the
/// kernel's body and the arguments in an array on the stack.
struct LaunchLowering : public ConvertOpToLLVMPattern<aicc::LaunchOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(aicc::LaunchOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    SmallVector<Value> args;
    for (auto [operand, converted] :
         llvm::zip(op.getArgs(), adaptor.getArgs())) {
      if (isa<MemRefType>(operand.getType()))
        args.push_back(MemRefDescriptor(converted).alignedPtr(rewriter, loc));
      else
        args.push_back(converted);
    }
    Type i64 = rewriter.getI64Type();
    Value trip = LLVM::ConstantOp::create(rewriter, loc, i64, op.getTripAttr());
    if (op.getTrip() == 0) {
      rewriter.eraseOp(op);
      return success();
    }
    if (op.getGrain() == 0) {
      args.push_back(LLVM::ConstantOp::create(rewriter, loc, i64,
                                              rewriter.getI64IntegerAttr(0)));
      args.push_back(trip);
      rewriter.replaceOpWithNewOp<LLVM::CallOp>(op, TypeRange(), op.getKernel(),
                                                args);
      return success();
    }
    auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
    if (!function)
      return failure();
    return launchParallel(op, args, trip, function, rewriter);
  }

private:
  static LogicalResult launchParallel(aicc::LaunchOp op, ArrayRef<Value> args,
                                      Value trip, LLVM::LLVMFuncOp function,
                                      ConversionPatternRewriter &rewriter) {
    Location loc = op.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(rewriter.getContext());
    Type i64 = rewriter.getI64Type();
    Value array;
    {
      // In the entry block, so that launches in loops do not grow the stack.
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(&function.getBody().front());
      Value size = LLVM::ConstantOp::create(
          rewriter, loc, i64,
          rewriter.getI64IntegerAttr(std::max<int64_t>(args.size(), 1)));
      array = LLVM::AllocaOp::create(rewriter, loc, pointer, pointer, size);
    }
    for (auto [index, arg] : llvm::enumerate(args)) {
      Value bits = toPointer(rewriter, loc, arg);
      if (!bits)
        return op.emitOpError("argument ")
               << index << " is neither a memref nor a scalar of 64 bits";
      Value slot = LLVM::GEPOp::create(
          rewriter, loc, pointer, pointer, array,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
      LLVM::StoreOp::create(rewriter, loc, bits, slot);
    }
    Value body = LLVM::AddressOfOp::create(rewriter, loc, pointer,
                                           bodyName(op.getKernel()));
    Value grain =
        LLVM::ConstantOp::create(rewriter, loc, i64, op.getGrainAttr());
    Value invocation = function.getArguments().back();
    rewriter.replaceOpWithNewOp<LLVM::CallOp>(
        op, TypeRange(), launchHelper,
        ValueRange{invocation, body, array, trip, grain});
    return success();
  }
};

/// void launch(invocation, body, args, trip, grain)
void buildLaunchHelper(OpBuilder &b, Location loc) {
  MLIRContext *context = b.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = b.getI64Type();
  auto voidType = LLVM::LLVMVoidType::get(context);
  auto type = LLVM::LLVMFunctionType::get(
      voidType, {pointer, pointer, pointer, i64, i64});
  auto helper = LLVM::LLVMFuncOp::create(b, loc, launchHelper, type,
                                         LLVM::Linkage::Internal);
  OpBuilder::InsertionGuard guard(b);
  Block *entry = helper.addEntryBlock(b);
  Block *serial = b.createBlock(&helper.getBody());
  Block *parallel = b.createBlock(&helper.getBody());
  Value invocation = entry->getArgument(0), body = entry->getArgument(1),
        args = entry->getArgument(2), trip = entry->getArgument(3),
        grain = entry->getArgument(4);

  b.setInsertionPointToEnd(entry);
  Value parallelFor = loadField(b, loc, invocation, aicc::ParallelFor);
  Value null = LLVM::ZeroOp::create(b, loc, pointer);
  Value isNull =
      LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, parallelFor, null);
  LLVM::CondBrOp::create(b, loc, isNull, serial, parallel);

  b.setInsertionPointToEnd(serial);
  Value zero = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(0));
  LLVM::CallOp::create(
      b, loc, LLVM::LLVMFunctionType::get(voidType, {pointer, i64, i64}),
      ValueRange{body, args, zero, trip});
  LLVM::ReturnOp::create(b, loc, ValueRange());

  b.setInsertionPointToEnd(parallel);
  Value pool = loadField(b, loc, invocation, aicc::Pool);
  LLVM::CallOp::create(b, loc,
                       LLVM::LLVMFunctionType::get(
                           voidType, {pointer, pointer, pointer, i64, i64}),
                       ValueRange{parallelFor, pool, body, args, trip, grain});
  LLVM::ReturnOp::create(b, loc, ValueRange());
}

void markCalledByHost(LLVM::LLVMFuncOp function) {
  Builder b(function.getContext());
  function.setPassthroughAttr(
      b.getArrayAttr({b.getStringAttr(aicc::calledByHostAttrName)}));
}

/// void kernel.body(args, begin, end): the kernel, for the host.
void buildBody(OpBuilder &b, LLVM::LLVMFuncOp kernel) {
  MLIRContext *context = b.getContext();
  Location loc = kernel.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = b.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                          {pointer, i64, i64});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(kernel);
  auto body =
      LLVM::LLVMFuncOp::create(b, loc, bodyName(kernel.getName()), type);
  markCalledByHost(body);
  Block *block = body.addEntryBlock(b);
  b.setInsertionPointToEnd(block);
  SmallVector<Value> args;
  unsigned numArgs = kernel.getNumArguments();
  for (unsigned i = 0; i + 2 < numArgs; ++i)
    args.push_back(fromPointer(b, loc,
                               loadPointer(b, loc, block->getArgument(0), i),
                               kernel.getArgument(i).getType()));
  args.push_back(block->getArgument(1));
  args.push_back(block->getArgument(2));
  LLVM::CallOp::create(b, loc, kernel, args);
  LLVM::ReturnOp::create(b, loc, ValueRange());
}

/// int32 invoke(invocation): unpacks the invocation and calls the entry.
void buildInvoke(OpBuilder &b, LLVM::LLVMFuncOp entry, const EntryShape &shape,
                 StringRef name, bool needsDevice) {
  MLIRContext *context = b.getContext();
  Location loc = entry.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto type = LLVM::LLVMFunctionType::get(b.getI32Type(), {pointer});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(entry);
  auto invoke = LLVM::LLVMFuncOp::create(b, loc, name, type);
  markCalledByHost(invoke);
  Block *block = invoke.addEntryBlock(b);
  b.setInsertionPointToEnd(block);
  Value invocation = block->getArgument(0);
  if (needsDevice)
    aicc::buildDeviceCheck(b, loc, invocation);
  SmallVector<Value> args;
  Value inputs = loadField(b, loc, invocation, aicc::Inputs);
  for (unsigned i = 0; i < shape.numInputs; ++i)
    args.push_back(loadPointer(b, loc, inputs, i));
  Value outputs = loadField(b, loc, invocation, aicc::Outputs);
  for (unsigned i = 0; i < shape.numOutputs; ++i)
    args.push_back(loadPointer(b, loc, outputs, i));
  args.push_back(loadField(b, loc, invocation, aicc::Arena));
  args.push_back(loadField(b, loc, invocation, aicc::Weights));
  args.push_back(invocation);
  LLVM::CallOp::create(b, loc, entry, args);
  Value zero =
      LLVM::ConstantOp::create(b, loc, b.getI32Type(), b.getI32IntegerAttr(0));
  LLVM::ReturnOp::create(b, loc, zero);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct ConvertToLLVM : public aicc::impl::ConvertToLLVMPassBase<ConvertToLLVM> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::string prefix = aicc::symbolPrefix(module);
    func::FuncOp entry;
    EntryShape shape;
    if (failed(prepare(module, entry, shape)))
      return signalPassFailure();
    std::string entryName = entry ? entry.getName().str() : "";
    bool needsDevice =
        module.walk([](aicc::OffloadOp) { return WalkResult::interrupt(); })
            .wasInterrupted();
    llvm::SetVector<StringRef> parallel = parallelKernels(module);
    SmallVector<std::string> kernels;
    for (StringRef name : parallel)
      kernels.push_back(name.str());

    if (failed(convert(module)))
      return signalPassFailure();

    OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
    for (StringRef name : kernels)
      buildBody(b, module.lookupSymbol<LLVM::LLVMFuncOp>(name));
    if (!kernels.empty()) {
      b.setInsertionPointToStart(module.getBody());
      buildLaunchHelper(b, module.getLoc());
    }
    if (entry)
      buildInvoke(b, module.lookupSymbol<LLVM::LLVMFuncOp>(entryName), shape,
                  "invoke", needsDevice);
    if (failed(addPrefix(module, prefix)))
      return signalPassFailure();
  }

private:
  /// Pointer attributes, the invocation as a last argument of the entry, and
  /// no weights any more.
  static LogicalResult prepare(ModuleOp module, func::FuncOp &entry,
                               EntryShape &shape) {
    for (auto weight :
         llvm::make_early_inc_range(module.getOps<aicc::WeightOp>()))
      weight.erase();
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function.isDeclaration())
        annotatePointers(function);
      if (!function->hasAttr("aicc.entry"))
        continue;
      if (entry)
        return function.emitOpError("expected one function with 'aicc.entry'");
      entry = function;
    }
    bool launches = false;
    auto result = module.walk([&](Operation *launch) -> WalkResult {
      if (!isa<aicc::LaunchOp, aicc::OffloadOp>(launch))
        return WalkResult::advance();
      launches = true;
      if (!entry || launch->getParentOfType<func::FuncOp>() != entry)
        return launch->emitOpError("expected to be inside the function with "
                                   "'aicc.entry'");
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    if (!entry)
      return success();
    FailureOr<EntryShape> found = entryShape(entry);
    if (failed(found))
      return failure();
    shape = *found;
    return entry.insertArgument(entry.getNumArguments(),
                                LLVM::LLVMPointerType::get(entry.getContext()),
                                {}, entry.getLoc());
  }

  static llvm::SetVector<StringRef> parallelKernels(ModuleOp module) {
    llvm::SetVector<StringRef> names;
    module.walk([&](aicc::LaunchOp launch) {
      if (launch.getGrain() > 0 && launch.getTrip() > 0)
        names.insert(launch.getKernel());
    });
    return names;
  }

  LogicalResult convert(ModuleOp module) {
    MLIRContext *context = module.getContext();
    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    options.allocLowering = LowerToLLVMOptions::AllocLowering::None;
    LLVMTypeConverter converter(context, options);
    RewritePatternSet patterns(context);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    // libm only where LLVM has no intrinsic: it would split vectors.
    populateMathToLLVMConversionPatterns(converter, patterns,
                                         /*approximateLog1p=*/false,
                                         /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    patterns.add<LaunchLowering>(converter);
    aicc::populateOffloadLowering(converter, patterns);

    LLVMConversionTarget target(*context);
    // Casts left by convert-vector-to-llvm; reconciled right after this pass.
    target.addLegalOp<ModuleOp, UnrealizedConversionCastOp>();
    return applyFullConversion(module, target, std::move(patterns));
  }

  /// Only the entry is visible from outside the artefact.
  static LogicalResult addPrefix(ModuleOp module, StringRef prefix) {
    SymbolTableCollection tables;
    SymbolUserMap users(tables, module);
    Builder b(module.getContext());
    std::string invoke = (prefix + "_invoke").str();
    for (Operation &op : *module.getBody()) {
      auto symbol = dyn_cast<SymbolOpInterface>(op);
      if (!symbol)
        continue;
      auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (function && function.isExternal())
        continue; // libm, or the C library: not ours to rename.
      auto name = b.getStringAttr(prefix + "_" + symbol.getName());
      users.replaceAllUsesWith(&op, name);
      symbol.setName(name);
      if (function && name != invoke &&
          function.getLinkage() == LLVM::Linkage::External) {
        function.setVisibility_(LLVM::Visibility::Hidden);
        function.setDsoLocal(true);
      }
    }
    return success();
  }
};

} // namespace
