//===- FoldReduction.cpp - Reductions of constants ------------------------===//

#include "Folding.h"

#include "ShapeInference.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include "aicc/Graph/IntegerSemantics.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace aicc::graph {

namespace {
enum class Reduction { Sum, Mean, Max, Min, Prod, L1, L2, SumSquare };

/// The two accumulators; which one counts depends on the element type.
struct Accumulator {
  double real;
  uint64_t bits;
};
} // namespace

/// Accumulators take 16 bytes each; shape arithmetic has few.
static constexpr int64_t maxResults = int64_t(1) << 22;

static Accumulator initial(Reduction kind, const ElementFormat &format) {
  double infinity = std::numeric_limits<double>::infinity();
  bool isUnsigned = format.kind == ElementFormat::Class::Unsigned;
  uint64_t top = uint64_t(1) << (format.bits - 1);
  switch (kind) {
  case Reduction::Prod:
    return {1, 1};
  case Reduction::Max:
    return {-infinity, isUnsigned || format.isBool() ? 0 : -top};
  case Reduction::Min:
    return {infinity, format.isBool() ? 1
                      : isUnsigned    ? top - 1 + top
                                      : top - 1};
  default:
    return {0, 0};
  }
}

static double accumulate(Reduction kind, double sum, double value) {
  switch (kind) {
  case Reduction::Sum:
  case Reduction::Mean:
    return sum + value;
  case Reduction::Prod:
    return sum * value;
  case Reduction::Max:
    return std::isnan(value) || value > sum ? value : sum;
  case Reduction::Min:
    return std::isnan(value) || value < sum ? value : sum;
  case Reduction::L1:
    return sum + std::fabs(value);
  case Reduction::L2:
  case Reduction::SumSquare:
    return sum + value * value;
  }
  return sum;
}

static uint64_t accumulate(Reduction kind, uint64_t sum, int64_t value,
                           bool isUnsigned) {
  uint64_t bits = static_cast<uint64_t>(value);
  bool less = isUnsigned ? bits < sum : value < static_cast<int64_t>(sum);
  switch (kind) {
  case Reduction::Sum:
  case Reduction::Mean:
    return sum + bits;
  case Reduction::Prod:
    return sum * bits;
  case Reduction::Max:
    return less ? sum : bits;
  case Reduction::Min:
    return less ? bits : sum;
  case Reduction::L1:
    return sum + (!isUnsigned && value < 0 ? -bits : bits);
  case Reduction::L2:
  case Reduction::SumSquare:
    return sum + bits * bits;
  }
  return sum;
}

/// Which dimensions are reduced; nothing if the axes are not constant.
template <typename OpT>
static std::optional<SmallVector<bool>>
reducedDims(OpT op, FoldContext &context, int64_t rank) {
  SmallVector<int64_t> axes;
  if (isPresent(op.getAxes())) {
    const ConstantTensor *tensor = context.operand(1);
    if (!tensor || !tensor->integers())
      return std::nullopt;
    axes = *tensor->integers();
  }
  if (axes.empty())
    return SmallVector<bool>(rank, op.getNoopWithEmptyAxes() == 0);
  SmallVector<bool> reduced(rank, false);
  for (int64_t axis : axes) {
    int64_t at = axis < 0 ? axis + rank : axis;
    if (at < 0 || at >= rank)
      return std::nullopt;
    reduced[at] = true;
  }
  return reduced;
}

static void finish(Reduction kind, ConstantTensor &out, int64_t i,
                   Accumulator value, int64_t perResult) {
  const ElementFormat &format = out.format();
  double count = static_cast<double>(perResult);
  if (format.isFloat()) {
    if (kind == Reduction::Mean)
      value.real /= count;
    else if (kind == Reduction::L2)
      value.real = std::sqrt(value.real);
    return out.setReal(i, value.real);
  }
  int64_t bits = static_cast<int64_t>(value.bits);
  if (kind == Reduction::Mean)
    bits = divInteger(bits, perResult, format);
  else if (kind == Reduction::L2)
    bits = realToInteger(std::sqrt(static_cast<double>(value.bits)), format);
  out.setInteger(i, bits);
}

template <typename OpT, Reduction Kind>
static FoldResults foldReduce(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || !context.canScan(*in))
    return {};
  int64_t rank = in->type().getRank();
  auto reduced = reducedDims(cast<OpT>(context.op), context, rank);
  if (!reduced)
    return {};
  // The result's dimensions, in order, are those that stay (and ones).
  SmallVector<int64_t> kept;
  for (int64_t i = 0; i < rank; ++i)
    kept.push_back((*reduced)[i] ? 1 : in->shape()[i]);
  int64_t results = *countElements(kept);
  if (results > maxResults)
    return {};
  auto out = context.make(type);
  if (!out || out->numElements() != results)
    return {};
  SmallVector<Accumulator> sums(results, initial(Kind, in->format()));
  SmallVector<int64_t> strides = broadcastStrides(kept, in->shape());
  bool isUnsigned = in->format().kind != ElementFormat::Class::Signed;
  for (Odometer at(in->shape(), {strides}); !at.done(); at.next()) {
    Accumulator &sum = sums[at.offset(0)];
    if (in->format().isFloat())
      sum.real = accumulate(Kind, sum.real, in->real(at.linear()));
    else
      sum.bits =
          accumulate(Kind, sum.bits, in->integer(at.linear()), isUnsigned);
  }
  for (int64_t i = 0; i < results; ++i)
    finish(Kind, *out, i, sums[i], in->numElements() / results);
  return {*out};
}

static FoldResults foldCumSum(FoldContext &context) {
  auto op = cast<onnx::CumSumOp>(context.op);
  const ConstantTensor *in = context.operand(0),
                       *axisTensor = context.operand(1);
  RankedTensorType type = context.resultType();
  if (!in || !axisTensor || !type || axisTensor->numElements() != 1 ||
      in->shape() != type.getShape() || op.getExclusive() != 0 ||
      op.getReverse() != 0)
    return {};
  int64_t rank = type.getRank(), axis = axisTensor->integer(0);
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank)
    return {};
  auto out = context.make(type);
  if (!out)
    return {};
  int64_t stride = rowMajorStrides(type.getShape())[axis];
  int64_t dim = type.getShape()[axis];
  for (int64_t i = 0; i < out->numElements(); ++i) {
    bool first = i / stride % dim == 0;
    if (out->format().isFloat())
      out->setReal(i, (first ? 0 : out->real(i - stride)) + in->real(i));
    else
      out->setInteger(
          i, static_cast<int64_t>(
                 static_cast<uint64_t>(first ? 0 : out->integer(i - stride)) +
                 static_cast<uint64_t>(in->integer(i))));
  }
  return {*out};
}

void addReductionFolds(FoldTable &t) {
  t["onnx.ReduceSum"] = foldReduce<onnx::ReduceSumOp, Reduction::Sum>;
  t["onnx.ReduceMean"] = foldReduce<onnx::ReduceMeanOp, Reduction::Mean>;
  t["onnx.ReduceMax"] = foldReduce<onnx::ReduceMaxOp, Reduction::Max>;
  t["onnx.ReduceMin"] = foldReduce<onnx::ReduceMinOp, Reduction::Min>;
  t["onnx.ReduceProd"] = foldReduce<onnx::ReduceProdOp, Reduction::Prod>;
  t["onnx.ReduceL1"] = foldReduce<onnx::ReduceL1Op, Reduction::L1>;
  t["onnx.ReduceL2"] = foldReduce<onnx::ReduceL2Op, Reduction::L2>;
  t["onnx.ReduceSumSquare"] =
      foldReduce<onnx::ReduceSumSquareOp, Reduction::SumSquare>;
  t["onnx.CumSum"] = foldCumSum;
}

} // namespace aicc::graph
