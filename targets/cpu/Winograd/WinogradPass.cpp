//===- WinogradPass.cpp - Which convolutions take fewer products ----------===//

#include "targets/cpu/Trial.h"
#include "targets/cpu/Winograd/Layer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

namespace aicc {
#define GEN_PASS_DEF_CPUWINOGRADPASS
#include "targets/cpu/Passes.h.inc"
} // namespace aicc

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
/// How a layer is computed.
struct Tiling {
  int64_t m = 0;    ///< Tiles of m x m results; 0: as it is.
  int64_t rows = 0; ///< Of tiles that are computed together; 0: all.
};

/// Decides for each layer of a function; layers of one shape once.
class Chooser {
public:
  Chooser(CompileOptions options, RegionMapper mapper, double maxError,
          int64_t constantBytes)
      : options(std::move(options)), mapper(std::move(mapper)),
        maxError(maxError), constantBytes(constantBytes) {}

  Tiling choose(linalg::GenericOp conv);

private:
  struct Choice {
    size_t chosen = 0; ///< Of `prices`.
    SmallVector<std::pair<Tiling, Trial::Price>> prices;
  };
  void ask(linalg::GenericOp conv, const Tiling &tiling, Choice &choice) const;
  Choice compare(linalg::GenericOp conv);
  void tell(linalg::GenericOp conv, const Choice &choice) const;

  CompileOptions options;
  RegionMapper mapper;
  double maxError;
  int64_t constantBytes; ///< Of the whole program.
  llvm::StringMap<Choice> known;
};
} // namespace

static void rewrite(Trial &trial, const Tiling &tiling) {
  if (tiling.m == 0)
    return;
  linalg::GenericOp conv;
  trial.function().walk([&](linalg::GenericOp op) {
    if (isWinogradConvolution(op))
      conv = op;
  });
  if (!conv)
    return;
  MinimalFilter filter(tiling.m);
  WinogradLayer layer = winogradLayer(conv, tiling.m);
  // What the weights are does not matter, and they are not made.
  replaceByWinograd(
      layer, filter, tiling.rows,
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

/// Rows of tiles whose matrices take half of each cache but the first, if those
/// are not all; the most first.
static SmallVector<int64_t> stripeRows(const WinogradLayer &layer,
                                       const MinimalFilter &filter,
                                       const MachineDesc &machine) {
  // Each stripe is three operations more to be compiled.
  constexpr int64_t mostStripes = 16;
  ArrayRef<int64_t> shape = layer.resultShape();
  int64_t all = llvm::divideCeil(shape[2], filter.results());
  int64_t columns = llvm::divideCeil(shape[3], filter.results());
  double rowBytes = double(filter.size() * filter.size() * shape[0] * columns) *
                    double(layer.channels() + shape[1]) * sizeof(float);
  SmallVector<int64_t> found;
  for (const MemoryDesc &memory :
       llvm::reverse(ArrayRef(machine.memories).drop_front())) {
    if (memory.bytes == 0)
      continue;
    int64_t rows = int64_t(0.5 * double(memory.bytes) / rowBytes);
    int64_t stripes =
        std::min(mostStripes,
                 int64_t(llvm::divideCeil(all, std::max<int64_t>(1, rows))));
    rows = llvm::divideCeil(all, stripes);
    if (rows < all && !llvm::is_contained(found, rows))
      found.push_back(rows);
  }
  return found;
}

/// Adds the price of `tiling`, and chooses it if it gains a tenth over what was
/// chosen before: what the model does not know (the code's size, the rounding)
/// must be paid for, too.
void Chooser::ask(linalg::GenericOp conv, const Tiling &tiling,
                  Choice &choice) const {
  constexpr double worthwhile = 0.9;
  Trial trial(operationsOf(conv), constantBytes);
  rewrite(trial, tiling);
  std::optional<Trial::Price> price = trial.price(options, mapper);
  if (!price)
    return;
  if (!choice.prices.empty() &&
      scoreOf(*price, options) <
          worthwhile * scoreOf(choice.prices[choice.chosen].second, options))
    choice.chosen = choice.prices.size();
  choice.prices.push_back({tiling, *price});
}

/// The layer as it is, by tiles of each size, and in stripes by those of the
/// size that costs least.
Chooser::Choice Chooser::compare(linalg::GenericOp conv) {
  Choice choice;
  ask(conv, {}, choice);
  for (int64_t m : {2, 4, 6})
    if (MinimalFilter(m).amplification() *
            std::numeric_limits<float>::epsilon() / 2 <=
        maxError)
      ask(conv, {m, 0}, choice);
  auto byTiles = llvm::make_filter_range(
      choice.prices, [](const auto &entry) { return entry.first.m != 0; });
  if (byTiles.empty())
    return choice;
  auto least = llvm::min_element(byTiles, [&](const auto &a, const auto &b) {
    return scoreOf(a.second, options) < scoreOf(b.second, options);
  });
  int64_t m = least->first.m;
  for (int64_t rows :
       stripeRows(winogradLayer(conv, m), MinimalFilter(m), *options.machine))
    ask(conv, {m, rows}, choice);
  return choice;
}

void Chooser::tell(linalg::GenericOp conv, const Choice &choice) const {
  auto options = remark::RemarkOpts::name("Winograd").category("cpu-winograd");
  for (const auto &[i, entry] : llvm::enumerate(choice.prices)) {
    auto add = [&, tiling = entry.first, price = entry.second](auto &&told) {
      told << remark::metric("Tile", tiling.m)
           << remark::metric("Rows", tiling.rows)
           << remark::metric("Cycles", int64_t(price.cycles))
           << remark::metric("Picojoules", int64_t(price.picojoules));
    };
    if (i == choice.chosen)
      add(remark::passed(conv.getLoc(), options));
    else
      add(remark::missed(conv.getLoc(), options));
  }
}

Tiling Chooser::choose(linalg::GenericOp conv) {
  auto [entry, isNew] = known.try_emplace(keyOf(conv));
  if (isNew)
    entry->second = compare(conv);
  tell(conv, entry->second);
  const Choice &choice = entry->second;
  return choice.prices.empty() ? Tiling() : choice.prices[choice.chosen].first;
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
  if (rows < 0) {
    getOperation().emitError("cpu-winograd: rows is ")
        << int(rows) << ", expected at least 0";
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
    Tiling tiling = tile ? Tiling{tile, rows} : chooser.choose(conv);
    if (tiling.m == 0)
      continue;
    MinimalFilter filter(tiling.m);
    WinogradLayer layer = winogradLayer(conv, tiling.m);
    if (ElementsAttr weights = transformWeights(layer, filter))
      replaceByWinograd(layer, filter, tiling.rows, weights);
  }
}

std::unique_ptr<Pass>
aicc::cpu::createWinogradPass(const CompileOptions &options,
                              RegionMapper mapper) {
  return std::make_unique<CpuWinogradPass>(options, std::move(mapper));
}
