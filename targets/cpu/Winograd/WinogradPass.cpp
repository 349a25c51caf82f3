//===- WinogradPass.cpp - Which convolutions take fewer products ----------===//

#include "aicc/Memory/BufferPlan.h"
#include "targets/cpu/Passes.h"
#include "targets/cpu/Winograd/Layer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"

#include <limits>

namespace aicc {
#define GEN_PASS_DEF_CPUWINOGRADPASS
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
struct Price {
  double cycles = 0, picojoules = 0;
};

/// A function of one layer alone, to ask what it costs.
class Trial {
public:
  /// `others`: bytes of constants that the program reads from one run of the
  /// layer to the next.
  Trial(linalg::GenericOp conv, int64_t others)
      : builder(conv.getContext()),
        othersLoc(NameLoc::get(builder.getStringAttr("others"))),
        module(ModuleOp::create(builder, conv.getLoc())) {
    build(conv, others);
  }

  /// By tiles of m x m results; 0: as it is.
  void rewrite(int64_t m);
  /// Nothing where it cannot be mapped.
  std::optional<Price> price(const CompileOptions &options,
                             const RegionMapper &mapper);

private:
  void build(linalg::GenericOp conv, int64_t others);
  void bring(Value value);
  Value sumOthers(int64_t bytes);

  OpBuilder builder;
  Location othersLoc;
  OwningOpRef<ModuleOp> module;
  func::FuncOp func;
  IRMapping mapping;
};

/// Decides for each layer of a function; layers of one shape once.
class Chooser {
public:
  Chooser(CompileOptions options, RegionMapper mapper, double maxError,
          int64_t constantBytes)
      : options(std::move(options)), mapper(std::move(mapper)),
        maxError(maxError), constantBytes(constantBytes) {}

  /// The m of a convolution's tiles; 0 leaves it as it is.
  int64_t choose(linalg::GenericOp conv);

private:
  struct Choice {
    int64_t m = 0;
    llvm::MapVector<int64_t, Price> prices; ///< By m.
  };
  Choice compare(linalg::GenericOp conv);
  double score(const Price &price) const {
    return valueOf(options.goalAt(options.machine->clockMhz.value),
                   price.picojoules, price.cycles);
  }
  void tell(linalg::GenericOp conv, const Choice &choice) const;

  CompileOptions options;
  RegionMapper mapper;
  double maxError;
  int64_t constantBytes; ///< Of the whole program.
  llvm::StringMap<Choice> known;
};
} // namespace

/// Makes `value` known in the trial: cheap things are copied, all else becomes
/// an argument.
void Trial::bring(Value value) {
  if (mapping.contains(value))
    return;
  Operation *def = value.getDefiningOp();
  if (def && (isa<arith::ConstantOp, tensor::EmptyOp, linalg::FillOp>(def))) {
    for (Value operand : def->getOperands())
      bring(operand);
    builder.clone(*def, mapping);
    return;
  }
  Block &entry = func.getBody().front();
  mapping.map(value, entry.addArgument(value.getType(), value.getLoc()));
}

/// What the caches lose to the rest of the program: the sum of an argument.
Value Trial::sumOthers(int64_t bytes) {
  Type element = builder.getF32Type();
  auto type = RankedTensorType::get({std::max<int64_t>(1, bytes / 4)}, element);
  Value values = func.getBody().front().addArgument(type, othersLoc);
  Value zero =
      arith::ConstantOp::create(builder, othersLoc, builder.getF32FloatAttr(0));
  Value init =
      tensor::EmptyOp::create(builder, othersLoc, ArrayRef<int64_t>(), element);
  init = linalg::FillOp::create(builder, othersLoc, zero, init).getResult(0);
  auto scalar = AffineMap::get(1, 0, builder.getContext());
  return linalg::GenericOp::create(
             builder, othersLoc, init.getType(), values, init,
             ArrayRef<AffineMap>{builder.getMultiDimIdentityMap(1), scalar},
             utils::IteratorType::reduction,
             [](OpBuilder &b, Location loc, ValueRange arguments) {
               Value sum =
                   arith::AddFOp::create(b, loc, arguments[0], arguments[1]);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

void Trial::build(linalg::GenericOp conv, int64_t others) {
  WinogradLayer layer = winogradLayer(conv, /*m=*/1);
  SmallVector<Operation *> ops{conv};
  ops.append(layer.rest.begin(), layer.rest.end());
  if (auto pad = layer.image().getDefiningOp<tensor::PadOp>())
    ops.insert(ops.begin(), pad);
  builder.setInsertionPointToEnd(module->getBody());
  func = func::FuncOp::create(builder, conv.getLoc(), "main",
                              builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(func.addEntryBlock());
  for (Operation *op : ops) {
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (!op->isAncestor(operand.getParentBlock()->getParentOp()))
          bring(operand);
    });
    builder.clone(*op, mapping);
  }
  SmallVector<Value> results{mapping.lookup(layer.last()->getResult(0)),
                             sumOthers(others)};
  func::ReturnOp::create(builder, conv.getLoc(), results);
  func.setFunctionType(builder.getFunctionType(
      func.getBody().getArgumentTypes(), TypeRange(ValueRange(results))));
}

void Trial::rewrite(int64_t m) {
  if (m == 0)
    return;
  linalg::GenericOp conv;
  func.walk([&](linalg::GenericOp op) {
    if (isWinogradConvolution(op))
      conv = op;
  });
  if (!conv)
    return;
  MinimalFilter filter(m);
  WinogradLayer layer = winogradLayer(conv, m);
  // What the weights are does not matter, and they are not made.
  replaceByWinograd(
      layer, filter,
      DenseResourceElementsAttr::get(
          transformedType(layer, filter), "trial",
          UnmanagedAsmResourceBlob::allocateInferAlign(ArrayRef<float>())));
}

std::optional<Price> Trial::price(const CompileOptions &options,
                                  const RegionMapper &mapper) {
  PassManager pm(module->getContext(), ModuleOp::getOperationName());
  buildMappingPipeline(pm, options, mapper);
  // A trial that fails is no error.
  ScopedDiagnosticHandler quiet(module->getContext(),
                                [](mlir::Diagnostic &) { return success(); });
  if (failed(pm.run(*module)))
    return std::nullopt;
  Price price;
  bool complete = true;
  func.walk([&](RegionOp region) {
    if (region.getLoc() == othersLoc)
      return;
    CostAttr cost = region.getCostAttr();
    complete &= bool(cost);
    if (cost) {
      price.cycles += double(cost.getCycles());
      price.picojoules += double(cost.getPicojoules());
    }
  });
  return complete ? std::optional(price) : std::nullopt;
}

/// Layers with one key cost the same.
static std::string keyOf(linalg::GenericOp conv) {
  std::string key;
  llvm::raw_string_ostream os(key);
  WinogradLayer layer = winogradLayer(conv, /*m=*/1);
  os << layer.image().getType() << layer.weights().getType();
  if (auto pad = layer.image().getDefiningOp<tensor::PadOp>())
    os << pad.getSourceType();
  for (linalg::GenericOp op : layer.rest) {
    os << op.getIndexingMaps() << op->getResultTypes();
    for (Operation &nested : op.getRegion().front())
      os << nested.getName();
  }
  return key;
}

Chooser::Choice Chooser::compare(linalg::GenericOp conv) {
  Choice choice;
  // What the model does not know (the code's size, the rounding) must be paid
  // for, too.
  constexpr double worthwhile = 0.9;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t m : {0, 2, 4, 6}) {
    if (m != 0 && MinimalFilter(m).amplification() *
                          std::numeric_limits<float>::epsilon() / 2 >
                      maxError)
      continue;
    Trial trial(conv, constantBytes);
    trial.rewrite(m);
    std::optional<Price> price = trial.price(options, mapper);
    if (!price)
      continue;
    choice.prices.insert({m, *price});
    // The first m must gain a tenth over the layer as it is, a larger one over
    // a smaller.
    if (double wanted = score(*price); wanted < worthwhile * best) {
      best = wanted;
      choice.m = m;
    }
  }
  return choice;
}

void Chooser::tell(linalg::GenericOp conv, const Choice &choice) const {
  auto options = remark::RemarkOpts::name("Winograd").category("cpu-winograd");
  for (const auto &[m, price] : choice.prices) {
    auto add = [&, m = m, price = price](auto &&told) {
      told << remark::metric("Tile", m)
           << remark::metric("Cycles", int64_t(price.cycles))
           << remark::metric("Picojoules", int64_t(price.picojoules));
    };
    if (m == choice.m)
      add(remark::passed(conv.getLoc(), options));
    else
      add(remark::missed(conv.getLoc(), options));
  }
}

int64_t Chooser::choose(linalg::GenericOp conv) {
  auto [entry, isNew] = known.try_emplace(keyOf(conv));
  if (isNew)
    entry->second = compare(conv);
  tell(conv, entry->second);
  return entry->second.m;
}

namespace {
struct CpuWinogradPass : aicc::impl::CpuWinogradPassBase<CpuWinogradPass> {
  using CpuWinogradPassBase::CpuWinogradPassBase;
  CpuWinogradPass(const CompileOptions &options, RegionMapper mapper)
      : given(options), mapper(std::move(mapper)) {}
  CpuWinogradPass(const CpuWinogradPass &other)
      : CpuWinogradPassBase(other), given(other.given), mapper(other.mapper) {}

  void runOnOperation() override;
  FailureOr<CompileOptions> optionsOfPass();

  std::optional<CompileOptions> given;
  RegionMapper mapper;
};
} // namespace

/// Those of the driver, or of the command line of aicc-opt.
FailureOr<CompileOptions> CpuWinogradPass::optionsOfPass() {
  if (given) {
    CompileOptions options = *given;
    options.machine = machineFor(options);
    return options;
  }
  if (tile != 0 && (tile < 2 || tile > 6 || tile % 2)) {
    getOperation().emitError("cpu-winograd: tile is ")
        << int(tile) << ", expected 0, 2, 4 or 6";
    return failure();
  }
  CompileOptions options;
  options.threads = workers;
  options.objective = objective;
  options.machine = machineOf(getOperation(), machineName);
  if (!options.machine)
    return failure();
  return options;
}

void CpuWinogradPass::runOnOperation() {
  FailureOr<CompileOptions> options = optionsOfPass();
  if (failed(options))
    return signalPassFailure();
  SmallVector<linalg::GenericOp> layers;
  int64_t constantBytes = 0;
  getOperation().walk([&](Operation *op) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      if (isWinogradConvolution(generic))
        layers.push_back(generic);
    } else if (isa<arith::ConstantOp>(op)) {
      if (auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType()))
        constantBytes +=
            type.getNumElements() * storedBytes(type.getElementType());
    }
  });
  if (layers.empty())
    return;
  if (!mapper)
    mapper = makeRegionMapper(*options);
  Chooser chooser(*options, mapper, maxError, constantBytes);
  for (linalg::GenericOp conv : layers) {
    int64_t m = tile ? int64_t(tile) : chooser.choose(conv);
    if (m == 0)
      continue;
    MinimalFilter filter(m);
    WinogradLayer layer = winogradLayer(conv, m);
    if (ElementsAttr weights = transformWeights(layer, filter))
      replaceByWinograd(layer, filter, weights);
  }
}

std::unique_ptr<Pass>
aicc::cpu::createWinogradPass(const CompileOptions &options,
                              RegionMapper mapper) {
  return std::make_unique<CpuWinogradPass>(options, std::move(mapper));
}
