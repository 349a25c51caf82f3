//===- FoldTables.cpp - Functions of one quantised value ------------------===//
//
// Whatever is calculated between the dequantisation of one tensor and the next
// quantisation has 256 results, which are calculated here, in the order and
// with the roundings of the model.
//
//===----------------------------------------------------------------------===//

#include "dialects/qnn/Transforms/Parameters.h"

#include "lib/Graph/Folding.h"
#include "lib/Graph/ShapeInference.h"

using namespace mlir;

namespace aicc::qnn {

/// The most bytes of a constant that is quantised here.
static constexpr int64_t maxConstantBytes = int64_t(256) << 20;

/// Operators that calculate each element from those at its place.
static bool isElementwise(Operation *op) {
  return isa<onnx::AbsOp, onnx::NegOp, onnx::SignOp, onnx::ReluOp,
             onnx::LeakyReluOp, onnx::FloorOp, onnx::CeilOp, onnx::RoundOp,
             onnx::SqrtOp, onnx::ExpOp, onnx::LogOp, onnx::ErfOp, onnx::SinOp,
             onnx::CosOp, onnx::TanOp, onnx::AtanOp, onnx::TanhOp,
             onnx::ReciprocalOp, onnx::SigmoidOp, onnx::HardSigmoidOp,
             onnx::HardSwishOp, onnx::EluOp, onnx::SoftplusOp, onnx::GeluOp,
             onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::MinOp,
             onnx::MaxOp, onnx::PowOp, onnx::ClipOp>(op);
}

namespace {
/// Calculates expressions of one quantised tensor for all of its values.
class Tabulator {
public:
  explicit Tabulator(ArrayRef<int64_t> shape) : shape(shape) {}

  /// The 256 values of `value`; nothing if it is no function of one tensor.
  const ConstantTensor *tabulate(Value value);

  std::optional<Quantized> leaf;

private:
  std::optional<ConstantTensor> calculate(Value value);
  std::optional<ConstantTensor> leafValues(const Quantized &x);
  std::optional<ConstantTensor> apply(Operation *op);

  ArrayRef<int64_t> shape;
  llvm::DenseMap<Value, std::unique_ptr<ConstantTensor>> known;
  /// Bounds the time for long chains that lead nowhere.
  unsigned budget = 32;
};
} // namespace

std::optional<ConstantTensor> Tabulator::leafValues(const Quantized &x) {
  if (leaf && (leaf->value != x.value || !(leaf->affine == x.affine)))
    return std::nullopt;
  leaf = x;
  ConstantTensor values = ConstantTensor::make(
      RankedTensorType::get({256}, Float32Type::get(x.value.getContext())));
  ByteRange range = rangeOf(x.type());
  for (int64_t i = 0; i < 256; ++i) {
    auto difference = float(range.low + i - x.affine.zeros.front());
    values.setReal(i, difference * x.affine.scales.front());
  }
  return values;
}

std::optional<ConstantTensor> Tabulator::apply(Operation *op) {
  graph::FoldFn fold = graph::foldTable().lookup(op->getName().getStringRef());
  if (!fold || !isElementwise(op))
    return std::nullopt;
  SmallVector<const ConstantTensor *> operands;
  for (Value operand : op->getOperands()) {
    if (!graph::isPresent(operand)) {
      operands.push_back(nullptr);
      continue;
    }
    operands.push_back(tabulate(operand));
    if (!operands.back())
      return std::nullopt;
  }
  // The same operator on a vector of all values.
  Operation *onTable = op->cloneWithoutRegions();
  Value result = onTable->getResult(0);
  result.setType(
      RankedTensorType::get({256}, getElementTypeOrSelf(result.getType())));
  graph::FoldBudget space{int64_t(1) << 16, int64_t(1) << 16};
  graph::FoldContext context(onTable, operands, space);
  graph::FoldResults results = fold(context);
  onTable->erase();
  if (results.size() != 1)
    return std::nullopt;
  return results.front();
}

std::optional<ConstantTensor> Tabulator::calculate(Value value) {
  if (auto constant = graph::constantOf(value)) {
    if (constant->numElements() != 1)
      return std::nullopt;
    return constant->withShape({});
  }
  auto type = graph::staticType(value);
  if (!type || type.getShape() != shape || budget-- == 0)
    return std::nullopt;
  if (std::optional<Quantized> x = byteFrom(value))
    return leafValues(*x);
  Operation *op = value.getDefiningOp();
  return op && op->getNumResults() == 1 ? apply(op) : std::nullopt;
}

const ConstantTensor *Tabulator::tabulate(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second.get();
  std::unique_ptr<ConstantTensor> result;
  if (std::optional<ConstantTensor> values = calculate(value))
    result = std::make_unique<ConstantTensor>(std::move(*values));
  return (known[value] = std::move(result)).get();
}

/// A function of one dequantised tensor, quantised.
static LogicalResult foldLookup(onnx::QuantizeLinearOp op,
                                PatternRewriter &rewriter) {
  std::optional<Affine> to = affineOf(op);
  auto type = graph::staticType(op.getY());
  if (!to)
    return failure();
  Tabulator tabulator(type.getShape());
  const ConstantTensor *reals = tabulator.tabulate(op.getX());
  if (!reals || !tabulator.leaf || reals->numElements() != 256)
    return failure();
  const Quantized &x = *tabulator.leaf;
  ByteRange from = rangeOf(x.type()), range = rangeOf(type);
  ConstantTensor table =
      ConstantTensor::make(RankedTensorType::get({256}, type.getElementType()));
  bool isIdentity = x.type() == type;
  for (int64_t i = 0; i < 256; ++i) {
    int64_t y = to->quantize(static_cast<float>(reals->real(i)), range);
    table.setInteger(i, y);
    isIdentity &= y == from.low + i;
  }
  if (isIdentity)
    rewriter.replaceOp(op, x.value);
  else
    rewriter.replaceOpWithNewOp<LookupOp>(op, type, x.value,
                                          table.attr("table"));
  return success();
}

/// The parts of a Concat are quantised one by one.
static LogicalResult quantizeParts(onnx::QuantizeLinearOp op,
                                   PatternRewriter &rewriter) {
  auto concat = op.getX().getDefiningOp<onnx::ConcatOp>();
  if (!concat || !affineOf(op))
    return failure();
  for (Value part : concat->getOperands())
    if (!byteFrom(part))
      return failure();
  Type element = getElementTypeOrSelf(op.getY().getType());
  SmallVector<Value> parts;
  for (Value part : concat->getOperands()) {
    auto type = cast<RankedTensorType>(part.getType()).clone(element);
    parts.push_back(onnx::QuantizeLinearOp::create(
        rewriter, op.getLoc(), TypeRange{type},
        ValueRange{part, op.getYScale(), op.getYZeroPoint()}, op->getAttrs()));
  }
  rewriter.replaceOpWithNewOp<onnx::ConcatOp>(op, op.getY().getType(), parts,
                                              concat.getAxisAttr());
  return success();
}

/// Weights that a model quantises anew.
static LogicalResult quantizeConstant(onnx::QuantizeLinearOp op,
                                      PatternRewriter &rewriter) {
  auto type = graph::staticType(op.getY());
  if (!type || !type.getElementType().isInteger(8))
    return failure();
  auto real = graph::constantOf(op.getX());
  if (!real || !real->type().getElementType().isF32() ||
      real->numElements() > maxConstantBytes)
    return failure();
  std::optional<Affine> to =
      readAffine(type, op.getYScale(), op.getYZeroPoint(), op.getAxis(),
                 op.getBlockSize());
  if (!to)
    return failure();
  int64_t inner = 1;
  for (int64_t size : type.getShape().drop_front(
           to->isPerTensor() ? type.getRank() : to->axis + 1))
    inner *= size;
  auto channels = static_cast<int64_t>(to->scales.size());
  ConstantTensor values = ConstantTensor::make(type);
  for (int64_t i = 0; i < values.numElements(); ++i)
    values.setInteger(i, to->quantize(static_cast<float>(real->real(i)),
                                      rangeOf(type), i / inner % channels));
  rewriter.replaceOp(op, graph::makeConstant(rewriter, op.getLoc(), values));
  return success();
}

void populateTablePatterns(RewritePatternSet &patterns) {
  patterns.add(foldLookup);
  patterns.add(quantizeParts);
  patterns.add(quantizeConstant);
}

} // namespace aicc::qnn
