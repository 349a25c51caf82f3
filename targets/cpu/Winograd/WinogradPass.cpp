//===- WinogradPass.cpp - Which convolutions take fewer products ----------===//

#include "targets/cpu/Trial.h"
#include "targets/cpu/Winograd/Layer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Remarks.h"
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
    llvm::MapVector<int64_t, Trial::Price> prices; ///< By m.
  };
  Choice compare(linalg::GenericOp conv);
  void tell(linalg::GenericOp conv, const Choice &choice) const;

  CompileOptions options;
  RegionMapper mapper;
  double maxError;
  int64_t constantBytes; ///< Of the whole program.
  llvm::StringMap<Choice> known;
};
} // namespace

/// By tiles of m x m results; 0: as it is.
static void rewrite(Trial &trial, int64_t m) {
  if (m == 0)
    return;
  linalg::GenericOp conv;
  trial.function().walk([&](linalg::GenericOp op) {
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

/// The padding before a layer, the layer, and what is computed elementwise from
/// it.
static SmallVector<Operation *> operationsOf(linalg::GenericOp conv) {
  WinogradLayer layer = winogradLayer(conv, /*m=*/1);
  SmallVector<Operation *> ops{conv};
  ops.append(layer.rest.begin(), layer.rest.end());
  if (auto pad = layer.image().getDefiningOp<tensor::PadOp>())
    ops.insert(ops.begin(), pad);
  return ops;
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
    Trial trial(operationsOf(conv), constantBytes);
    rewrite(trial, m);
    std::optional<Trial::Price> price = trial.price(options, mapper);
    if (!price)
      continue;
    choice.prices.insert({m, *price});
    // The first m must gain a tenth over the layer as it is, a larger one over
    // a smaller.
    if (double wanted = scoreOf(*price, options); wanted < worthwhile * best) {
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
  getOperation().walk([&](linalg::GenericOp generic) {
    if (isWinogradConvolution(generic))
      layers.push_back(generic);
  });
  if (layers.empty())
    return;
  if (!mapper)
    mapper = makeRegionMapper(*options);
  Chooser chooser(*options, mapper, maxError, constantBytesOf(getOperation()));
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
