//===- NarrowWeights.cpp - Weights as bf16 where that is faster -----------===//

#include "aicc/Graph/ConstantTensor.h"
#include "aicc/Mapping/RegionModel.h"
#include "targets/cpu/Trial.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/bit.h"

namespace aicc {
#define GEN_PASS_DEF_CPUNARROWWEIGHTSPASS
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

/// The number of the factor that is a constant of f32, of a sum of products of
/// two; nothing for any other operation.
static std::optional<unsigned> constantFactor(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2)
    return std::nullopt;
  auto add = dyn_cast_or_null<arith::AddFOp>(findCombiner(op));
  if (isPointwise(op) || !add || !add.getType().isF32())
    return std::nullopt;
  Block &body = op.getRegion().front();
  auto mul = (add.getLhs() == body.getArgument(2) ? add.getRhs() : add.getLhs())
                 .getDefiningOp<arith::MulFOp>();
  for (unsigned factor : {1u, 0u}) {
    Value weight = body.getArgument(factor),
          other = body.getArgument(1 - factor);
    bool isProduct =
        mul && ((mul.getLhs() == weight && mul.getRhs() == other) ||
                (mul.getRhs() == weight && mul.getLhs() == other));
    auto constant =
        op.getDpsInputs()[factor].getDefiningOp<arith::ConstantOp>();
    auto elements =
        constant ? dyn_cast<ElementsAttr>(constant.getValue()) : nullptr;
    if (isProduct && elements && elements.getElementType().isF32() &&
        !elements.isSplat())
      return factor;
  }
  return std::nullopt;
}

/// Nearest, ties to even; what is no number stays none.
static uint16_t toBF16(float value) {
  auto bits = llvm::bit_cast<uint32_t>(value);
  if (value != value)
    return uint16_t(bits >> 16) | 0x40;
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static ElementsAttr narrowed(ElementsAttr elements) {
  auto type = cast<RankedTensorType>(elements.getShapedType());
  std::optional<ConstantTensor> tensor = ConstantTensor::get(elements);
  if (!tensor)
    return {};
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(
      type.getNumElements() * sizeof(uint16_t), /*align=*/64,
      /*dataIsMutable=*/true);
  auto *values = reinterpret_cast<uint16_t *>(blob.getMutableData().data());
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    values[i] = toBF16(float(tensor->real(i)));
  return DenseResourceElementsAttr::get(
      type.clone(BFloat16Type::get(type.getContext())), "bf16",
      std::move(blob));
}

/// The factor's elements are widened where they are read.
static void replaceFactor(linalg::GenericOp op, unsigned factor,
                          ElementsAttr values) {
  OpBuilder builder(op);
  Value constant = arith::ConstantOp::create(
      builder, op.getDpsInputs()[factor].getLoc(), values);
  op->setOperand(factor, constant);
  BlockArgument argument = op.getRegion().front().getArgument(factor);
  Type wide = argument.getType();
  argument.setType(values.getElementType());
  builder.setInsertionPointToStart(&op.getRegion().front());
  auto widened = arith::ExtFOp::create(builder, op.getLoc(), wide, argument);
  argument.replaceAllUsesExcept(widened, widened);
}

namespace {
struct CpuNarrowWeightsPass
    : aicc::impl::CpuNarrowWeightsPassBase<CpuNarrowWeightsPass> {
  using CpuNarrowWeightsPassBase::CpuNarrowWeightsPassBase;
  CpuNarrowWeightsPass(const CompileOptions &options, RegionMapper mapper)
      : given(options), mapper(std::move(mapper)) {}
  CpuNarrowWeightsPass(const CpuNarrowWeightsPass &other)
      : CpuNarrowWeightsPassBase(other), given(other.given),
        mapper(other.mapper) {}

  void runOnOperation() override;

private:
  bool isWorthIt(linalg::GenericOp op, unsigned factor,
                 const CompileOptions &options, int64_t constantBytes);

  std::optional<CompileOptions> given;
  RegionMapper mapper;
  /// By the product's shapes and maps.
  llvm::StringMap<bool> known;
};
} // namespace

bool CpuNarrowWeightsPass::isWorthIt(linalg::GenericOp op, unsigned factor,
                                     const CompileOptions &options,
                                     int64_t constantBytes) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op.getIndexingMaps() << factor;
  for (Type type : op->getOperandTypes())
    os << type;
  auto [entry, isNew] = known.try_emplace(key);
  if (!isNew)
    return entry->second;
  auto priceOf = [&](bool isNarrow) {
    Trial trial(op.getOperation(), constantBytes);
    auto type = cast<RankedTensorType>(op->getOperand(factor).getType());
    // What the weights are does not matter, and they are not made.
    auto unmade = DenseResourceElementsAttr::get(
        type.clone(BFloat16Type::get(&getContext())), "trial",
        UnmanagedAsmResourceBlob::allocateInferAlign(ArrayRef<uint16_t>()));
    if (isNarrow)
      trial.function().walk([&](linalg::GenericOp copy) {
        if (copy.getIndexingMaps() == op.getIndexingMaps() &&
            copy->getOperandTypes() == op->getOperandTypes())
          replaceFactor(copy, factor, unmade);
      });
    return trial.price(options, mapper);
  };
  auto wide = priceOf(false), narrow = priceOf(true);
  entry->second =
      wide && narrow && scoreOf(*narrow, options) < scoreOf(*wide, options);
  if (!wide || !narrow)
    return false;
  auto told = remark::RemarkOpts::name("NarrowWeights").category("cpu-narrow");
  auto tell = [&](auto &&remark) {
    remark << remark::metric("Cycles", int64_t(wide->cycles))
           << remark::metric("CyclesOfBF16", int64_t(narrow->cycles));
  };
  if (entry->second)
    tell(remark::passed(op.getLoc(), told));
  else
    tell(remark::missed(op.getLoc(), told));
  return entry->second;
}

void CpuNarrowWeightsPass::runOnOperation() {
  CompileOptions options = given.value_or(CompileOptions());
  options.machine =
      given ? machineFor(options) : machineOf(getOperation(), machineName);
  if (!options.machine)
    return signalPassFailure();
  if (!mapper)
    mapper = makeRegionMapper(options);
  int64_t constantBytes = constantBytesOf(getOperation());
  SmallVector<std::pair<linalg::GenericOp, unsigned>> products;
  getOperation().walk([&](linalg::GenericOp op) {
    if (auto factor = constantFactor(op))
      products.push_back({op, *factor});
  });
  DenseMap<Attribute, ElementsAttr> made;
  for (auto [op, factor] : products) {
    if (!everywhere && !isWorthIt(op, factor, options, constantBytes))
      continue;
    auto constant = op->getOperand(factor).getDefiningOp<arith::ConstantOp>();
    ElementsAttr &values = made[constant.getValue()];
    if (!values)
      values = narrowed(cast<ElementsAttr>(constant.getValue()));
    if (values)
      replaceFactor(op, factor, values);
  }
}

std::unique_ptr<Pass>
aicc::cpu::createNarrowWeightsPass(const CompileOptions &options,
                                   RegionMapper mapper) {
  return std::make_unique<CpuNarrowWeightsPass>(options, std::move(mapper));
}
