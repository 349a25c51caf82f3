//===- Layer.cpp - Convolutions for minimal filtering ---------------------===//

#include "targets/cpu/Winograd/Layer.h"
#include "aicc/Graph/ConstantTensor.h"
#include "aicc/Mapping/RegionModel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

//===----------------------------------------------------------------------===//
// The convolution
//===----------------------------------------------------------------------===//

/// (n, k, h, w, c, i, j) -> (n, c, h + i, w + j), (k, c, i, j), (n, k, h, w)
static SmallVector<AffineMap> convolutionMaps(MLIRContext *context) {
  auto d = [&](unsigned i) { return getAffineDimExpr(i, context); };
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(7, 0, exprs, context);
  };
  return {map({d(0), d(4), d(2) + d(5), d(3) + d(6)}),
          map({d(1), d(4), d(5), d(6)}), map({d(0), d(1), d(2), d(3)})};
}

/// Sums x * w, from zero.
static bool sumsProducts(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  auto add = dyn_cast_or_null<arith::AddFOp>(findCombiner(op));
  if (!add || body.getOperations().size() != 3)
    return false;
  Value acc = body.getArgument(2);
  auto mul = (add.getLhs() == acc ? add.getRhs() : add.getLhs())
                 .getDefiningOp<arith::MulFOp>();
  Value x = body.getArgument(0), w = body.getArgument(1);
  if (!mul || !((mul.getLhs() == x && mul.getRhs() == w) ||
                (mul.getLhs() == w && mul.getRhs() == x)))
    return false;
  auto init = dyn_cast_or_null<FloatAttr>(getSplat(op.getDpsInits()[0]));
  return init && init.getValue().isZero();
}

bool aicc::cpu::isWinogradConvolution(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumLoops() != 7 || !op.hasPureTensorSemantics() ||
      op.hasDynamicShape())
    return false;
  for (Value operand : op->getOperands())
    if (!WinogradLayer::typeOf(operand).getElementType().isF32())
      return false;
  auto weights = op.getDpsInputs()[1].getDefiningOp<arith::ConstantOp>();
  ArrayRef<int64_t> filter =
      WinogradLayer::typeOf(op.getDpsInputs()[1]).getShape();
  return weights && filter.size() == 4 && filter[2] == MinimalFilter::taps &&
         filter[3] == MinimalFilter::taps &&
         op.getIndexingMapsArray() == convolutionMaps(op.getContext()) &&
         sumsProducts(op) &&
         WinogradLayer::typeOf(op->getResult(0)).getNumElements() > 0;
}

//===----------------------------------------------------------------------===//
// What follows
//===----------------------------------------------------------------------===//

/// Nothing but the elements of the inputs decides about those of the result.
static bool isFunctionOfElements(linalg::GenericOp op) {
  if (!isPointwise(op) || op.getNumDpsInits() != 1 ||
      !op.hasPureTensorSemantics() ||
      !op.getMatchingBlockArgument(op.getDpsInitOperand(0)).use_empty())
    return false;
  Block &body = op.getRegion().front();
  return llvm::all_of(body.getOperations(), [&](Operation &nested) {
    return nested.getNumRegions() == 0 &&
           !isa<linalg::IndexOp, tensor::ExtractOp>(nested);
  });
}

/// Does `op` read an operand that differs from pixel to pixel, other than
/// number `known`?
static bool readsPixels(linalg::GenericOp op, OpOperand &known) {
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    for (AffineExpr pixel : result.getResults().take_back(2))
      if (input != &known &&
          map.isFunctionOfDim(cast<AffineDimExpr>(pixel).getPosition()))
        return true;
  }
  return false;
}

WinogradLayer aicc::cpu::winogradLayer(linalg::GenericOp conv, int64_t m) {
  WinogradLayer layer{conv, {}};
  ArrayRef<int64_t> shape = layer.resultShape();
  bool isWhole = shape[2] % m == 0 && shape[3] % m == 0;
  while (true) {
    Value value = layer.last()->getResult(0);
    if (!value.hasOneUse())
      return layer;
    OpOperand &use = *value.use_begin();
    auto next = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!next || next->getBlock() != conv->getBlock() ||
        !next.isDpsInput(&use) || !isFunctionOfElements(next) ||
        next.getMatchingIndexingMap(&use) !=
            next.getMatchingIndexingMap(next.getDpsInitOperand(0)) ||
        (!isWhole && readsPixels(next, use)))
      return layer;
    layer.rest.push_back(next);
  }
}

//===----------------------------------------------------------------------===//
// The weights
//===----------------------------------------------------------------------===//

RankedTensorType aicc::cpu::transformedType(const WinogradLayer &layer,
                                            const MinimalFilter &filter) {
  int64_t n = filter.size();
  return RankedTensorType::get(
      {n * n, layer.channels(), layer.resultShape()[1]},
      WinogradLayer::typeOf(layer.weights()).getElementType());
}

namespace {
/// The transforms of one input channel's filters, all outputs side by side.
class FilterTransform {
public:
  FilterTransform(const MinimalFilter &filter, int64_t outputs)
      : n(filter.size()), outputs(outputs), taps(r * r * outputs),
        rows(n * r * outputs), sums(outputs) {
    for (int64_t t = 0; t < r; ++t) {
      SmallVector<double> unit(r, 0);
      unit[t] = 1;
      columns.push_back(filter.filter(unit));
    }
  }

  /// Tap `t` of all outputs.
  MutableArrayRef<double> tap(int64_t t) {
    return MutableArrayRef(taps).slice(t * outputs, outputs);
  }
  /// Writes element i of G g G^T of all outputs to `results` + i * `step`.
  void run(float *results, int64_t step);

private:
  static constexpr int64_t r = MinimalFilter::taps;

  void addMultiple(MutableArrayRef<double> sum, double factor,
                   ArrayRef<double> values) {
    for (int64_t k = 0; k < outputs; ++k)
      sum[k] += factor * values[k];
  }

  int64_t n, outputs;
  SmallVector<SmallVector<double>> columns; ///< Of G.
  std::vector<double> taps, rows, sums;
};
} // namespace

void FilterTransform::run(float *results, int64_t step) {
  llvm::fill(rows, 0);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < r; ++j)
      for (int64_t t = 0; t < r; ++t)
        addMultiple(MutableArrayRef(rows).slice((i * r + j) * outputs, outputs),
                    columns[t][i], tap(t * r + j));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      llvm::fill(sums, 0);
      for (int64_t t = 0; t < r; ++t)
        addMultiple(sums, columns[t][j],
                    ArrayRef(rows).slice((i * r + t) * outputs, outputs));
      llvm::copy(sums, results + (i * n + j) * step);
    }
}

ElementsAttr aicc::cpu::transformWeights(const WinogradLayer &layer,
                                         const MinimalFilter &filter) {
  auto constant = layer.weights().getDefiningOp<arith::ConstantOp>();
  auto elements = dyn_cast<ElementsAttr>(constant.getValue());
  auto weights = elements ? ConstantTensor::get(elements) : std::nullopt;
  if (!weights)
    return nullptr;
  RankedTensorType type = transformedType(layer, filter);
  int64_t c = type.getDimSize(1), k = type.getDimSize(2);
  constexpr int64_t area = MinimalFilter::taps * MinimalFilter::taps;
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(
      type.getNumElements() * sizeof(float), /*align=*/64,
      /*dataIsMutable=*/true);
  auto *results = reinterpret_cast<float *>(blob.getMutableData().data());
  FilterTransform transform(filter, k);
  for (int64_t in = 0; in < c; ++in) {
    for (int64_t t = 0; t < area; ++t)
      for (auto [out, value] : llvm::enumerate(transform.tap(t)))
        value = weights->real((int64_t(out) * c + in) * area + t);
    transform.run(results + in * k, c * k);
  }
  return DenseResourceElementsAttr::get(type, "winograd", std::move(blob));
}
