//===- FoldMovement.cpp - Moving the elements of constants ----------------===//
//
// Elements move as bits. Reshapes share the elements of their operand, and
// splats stay splats, so neither costs memory.
//
//===----------------------------------------------------------------------===//

#include "Folding.h"

#include "ShapeInference.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include <algorithm>

using namespace mlir;

namespace aicc::graph {

/// True if base + i0 * strides[0] + ... stays in [0, count) for all indices of
/// a non-empty `shape`.
static bool staysInside(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides,
                        int64_t base, int64_t count) {
  __int128 low = base, high = base;
  for (auto [dim, stride] : llvm::zip(shape, strides))
    (stride < 0 ? low : high) += __int128(dim - 1) * stride;
  return low >= 0 && high < count;
}

/// out[i0, i1, ...] = in[base + i0 * strides[0] + ...]; a splat stays one.
static FoldResults copyStrided(FoldContext &context, const ConstantTensor &in,
                               RankedTensorType type,
                               const SmallVector<int64_t> &strides,
                               int64_t base) {
  if (in.isSplat())
    return {in.withSplatShape(type.getShape())};
  auto out = context.make(type);
  if (!out || (out->numElements() != 0 &&
               !staysInside(type.getShape(), strides, base, in.numElements())))
    return {};
  for (Odometer at(type.getShape(), {strides}); !at.done(); at.next())
    out->setRaw(at.linear(), in.raw(base + at.offset(0)));
  return {*out};
}

/// A non-negative axis; the shapes were inferred, so it is in range.
static int64_t wrapAxis(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

//===----------------------------------------------------------------------===//
// Shapes as data
//===----------------------------------------------------------------------===//

static FoldResults foldShape(FoldContext &context) {
  auto op = cast<onnx::ShapeOp>(context.op);
  auto type = dyn_cast<RankedTensorType>(op.getData().getType());
  if (!type || !type.hasStaticShape())
    return {};
  int64_t rank = type.getRank();
  auto clamp = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = clamp(static_cast<int64_t>(op.getStart()));
  int64_t end = op.getEnd() ? clamp(static_cast<int64_t>(*op.getEnd())) : rank;
  ArrayRef<int64_t> dims = type.getShape();
  if (start < end)
    dims = dims.slice(start, end - start);
  else
    dims = {};
  return {ConstantTensor::makeInts(op.getContext(), dims)};
}

static FoldResults foldSize(FoldContext &context) {
  auto type = dyn_cast<RankedTensorType>(context.op->getOperand(0).getType());
  if (!type)
    return {};
  std::optional<int64_t> count = countElements(type.getShape());
  if (!count)
    return {};
  return {ConstantTensor::makeInts(context.op->getContext(), {*count})
              .withShape({})};
}

//===----------------------------------------------------------------------===//
// The same elements under another shape
//===----------------------------------------------------------------------===//

static FoldResults foldReshape(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || countElements(type.getShape()) != in->numElements())
    return {};
  return {in->withShape(type.getShape())};
}

static FoldResults foldTranspose(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type)
    return {};
  int64_t rank = type.getRank();
  SmallVector<int64_t> perm;
  if (auto attr = cast<onnx::TransposeOp>(context.op).getPerm())
    perm.assign(attr->begin(), attr->end());
  else
    for (int64_t i = rank; i-- > 0;)
      perm.push_back(i);
  SmallVector<int64_t> own = rowMajorStrides(in->shape()), strides;
  SmallVector<int64_t> moved;
  for (int64_t i = 0; i < rank; ++i) {
    strides.push_back(own[perm[i]]);
    if (in->shape()[perm[i]] != 1)
      moved.push_back(perm[i]);
  }
  // Only dimensions of size 1 change place: the elements stay where they are.
  if (llvm::is_sorted(moved))
    return {in->withShape(type.getShape())};
  return copyStrided(context, *in, type, strides, 0);
}

static FoldResults foldExpand(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || !broadcastsTo(in->shape(), type.getShape()))
    return {};
  if (countElements(type.getShape()) == in->numElements())
    return {in->withShape(type.getShape())};
  return copyStrided(context, *in, type,
                     broadcastStrides(in->shape(), type.getShape()), 0);
}

static FoldResults foldTile(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || in->type().getRank() != type.getRank())
    return {};
  if (in->isSplat())
    return {in->withSplatShape(type.getShape())};
  auto out = context.make(type);
  if (!out)
    return {};
  SmallVector<int64_t> strides = rowMajorStrides(in->shape());
  for (Odometer at(type.getShape(), {}); !at.done(); at.next()) {
    int64_t from = 0;
    for (auto [index, dim, stride] :
         llvm::zip(at.indices(), in->shape(), strides))
      from += index % dim * stride;
    out->setRaw(at.linear(), in->raw(from));
  }
  return {*out};
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

static FoldResults foldSlice(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  RankedTensorType type = context.resultType();
  if (!in || !type || !context.allConstant() || !context.operand(1) ||
      !context.operand(2))
    return {};
  auto starts = context.operand(1)->integers();
  auto ends = context.operand(2)->integers();
  if (!starts || !ends)
    return {};
  int64_t rank = in->type().getRank();
  SmallVector<int64_t> axes, steps(starts->size(), 1);
  for (size_t i = 0; i < starts->size(); ++i)
    axes.push_back(i);
  if (context.operand(3))
    axes = context.operand(3)->integers().value_or(axes);
  if (context.operand(4))
    steps = context.operand(4)->integers().value_or(steps);
  SmallVector<int64_t> strides = rowMajorStrides(in->shape());
  int64_t base = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = wrapAxis(axes[i], rank);
    SliceAxis slice =
        resolveSlice((*starts)[i], (*ends)[i], steps[i], in->shape()[axis]);
    if (slice.count == 0) // The result is empty: nothing is read.
      break;
    base += slice.start * strides[axis];
    // A single element needs no step, which may be as large as int64 is.
    if (slice.count == 1)
      strides[axis] = 0;
    else
      strides[axis] *= slice.step;
  }
  return copyStrided(context, *in, type, strides, base);
}

static FoldResults foldSplit(FoldContext &context) {
  auto op = cast<onnx::SplitOp>(context.op);
  const ConstantTensor *in = context.operand(0);
  if (!in)
    return {};
  int64_t axis =
      wrapAxis(static_cast<int64_t>(op.getAxis()), in->type().getRank());
  SmallVector<int64_t> strides = rowMajorStrides(in->shape());
  FoldResults results;
  int64_t begin = 0;
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    RankedTensorType type = context.resultType(i);
    if (!type)
      return {};
    FoldResults part =
        copyStrided(context, *in, type, strides, begin * strides[axis]);
    if (part.empty())
      return {};
    results.push_back(part.front());
    begin += type.getShape()[axis];
  }
  return results;
}

static FoldResults foldConcat(FoldContext &context) {
  RankedTensorType type = context.resultType();
  if (!type || !context.allConstant())
    return {};
  int64_t axis =
      wrapAxis(static_cast<int64_t>(cast<onnx::ConcatOp>(context.op).getAxis()),
               type.getRank());
  auto out = context.make(type);
  if (!out)
    return {};
  SmallVector<int64_t> strides = rowMajorStrides(type.getShape());
  int64_t base = 0;
  for (const ConstantTensor *in : context.operands) {
    if (!in || in->type().getRank() != type.getRank() ||
        !staysInside(in->shape(), strides, base, out->numElements()))
      return {};
    for (Odometer at(in->shape(), {strides}); !at.done(); at.next())
      out->setRaw(base + at.offset(0), in->raw(at.linear()));
    base += in->shape()[axis] * strides[axis];
  }
  return {*out};
}

static FoldResults foldGather(FoldContext &context) {
  const ConstantTensor *in = context.operand(0), *at = context.operand(1);
  RankedTensorType type = context.resultType();
  if (!in || !at || !type || !context.canScan(*at))
    return {};
  if (in->isSplat())
    return {in->withSplatShape(type.getShape())};
  int64_t axis =
      wrapAxis(static_cast<int64_t>(cast<onnx::GatherOp>(context.op).getAxis()),
               in->type().getRank());
  int64_t dim = in->shape()[axis];
  auto out = context.make(type);
  if (!out)
    return {};
  int64_t outer = *countElements(in->shape().take_front(axis));
  int64_t inner = *countElements(in->shape().drop_front(axis + 1));
  if (out->numElements() != outer * at->numElements() * inner)
    return {};
  int64_t to = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < at->numElements(); ++i) {
      int64_t index = at->integer(i);
      if (index < -dim || index >= dim)
        return {};
      int64_t from = (o * dim + wrapAxis(index, dim)) * inner;
      for (int64_t k = 0; k < inner; ++k)
        out->setRaw(to++, in->raw(from + k));
    }
  return {*out};
}

static FoldResults foldGatherND(FoldContext &context) {
  const ConstantTensor *in = context.operand(0), *at = context.operand(1);
  RankedTensorType type = context.resultType();
  if (!in || !at || !type || at->shape().empty() ||
      cast<onnx::GatherNDOp>(context.op).getBatchDims() != 0)
    return {};
  int64_t depth = at->shape().back();
  if (depth < 0 || depth > in->type().getRank())
    return {};
  auto out = context.make(type);
  if (!out)
    return {};
  SmallVector<int64_t> strides = rowMajorStrides(in->shape());
  int64_t inner = *countElements(in->shape().drop_front(depth));
  int64_t tuples = *countElements(at->shape().drop_back());
  if (out->numElements() != tuples * inner)
    return {};
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t from = 0;
    for (int64_t d = 0; d < depth; ++d) {
      int64_t index = at->integer(t * depth + d), dim = in->shape()[d];
      if (index < -dim || index >= dim)
        return {};
      from += wrapAxis(index, dim) * strides[d];
    }
    for (int64_t k = 0; k < inner; ++k)
      out->setRaw(t * inner + k, in->raw(from + k));
  }
  return {*out};
}

static FoldResults foldScatterND(FoldContext &context) {
  const ConstantTensor *in = context.operand(0), *at = context.operand(1);
  const ConstantTensor *updates = context.operand(2);
  RankedTensorType type = context.resultType();
  auto op = cast<onnx::ScatterNDOp>(context.op);
  if (!in || !at || !updates || !type || at->shape().empty() ||
      !context.canScan(*in) || !context.canScan(*updates) ||
      op.getReduction() != "none" || in->shape() != type.getShape())
    return {};
  int64_t depth = at->shape().back();
  if (depth < 0 || depth > in->type().getRank())
    return {};
  int64_t inner = *countElements(in->shape().drop_front(depth));
  int64_t tuples = *countElements(at->shape().drop_back());
  auto out = context.make(type);
  if (!out || updates->numElements() != tuples * inner)
    return {};
  SmallVector<int64_t> strides = rowMajorStrides(in->shape());
  for (int64_t i = 0; i < in->numElements(); ++i)
    out->setRaw(i, in->raw(i));
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t to = 0;
    for (int64_t d = 0; d < depth; ++d) {
      int64_t index = at->integer(t * depth + d), dim = in->shape()[d];
      if (index < -dim || index >= dim)
        return {};
      to += wrapAxis(index, dim) * strides[d];
    }
    for (int64_t k = 0; k < inner; ++k)
      out->setRaw(to + k, updates->raw(t * inner + k));
  }
  return {*out};
}

static FoldResults foldPad(FoldContext &context) {
  auto op = cast<onnx::PadOp>(context.op);
  const ConstantTensor *in = context.operand(0), *pads = context.operand(1);
  const ConstantTensor *fill = context.operand(2);
  RankedTensorType type = context.resultType();
  if (!in || !pads || !type || !context.allConstant() ||
      !context.canScan(*in) || op.getMode() != "constant" ||
      isPresent(op.getAxes()) || (fill && fill->numElements() != 1))
    return {};
  auto amounts = pads->integers();
  if (!amounts || int64_t(amounts->size()) != 2 * type.getRank() ||
      llvm::any_of(*amounts, [](int64_t pad) { return pad < 0; }))
    return {};
  auto out = context.make(type);
  // `type` was inferred from these pads, so the data fit into it.
  if (!out || in->type().getRank() != type.getRank())
    return {};
  if (fill)
    for (int64_t i = 0; i < out->numElements(); ++i)
      out->setRaw(i, fill->raw(0));
  SmallVector<int64_t> strides = rowMajorStrides(type.getShape());
  int64_t base = 0;
  for (auto [stride, pad] : llvm::zip(strides, *amounts))
    base += stride * pad;
  for (Odometer at(in->shape(), {strides}); !at.done(); at.next())
    out->setRaw(base + at.offset(0), in->raw(at.linear()));
  return {*out};
}

//===----------------------------------------------------------------------===//
// From nothing but numbers
//===----------------------------------------------------------------------===//

static FoldResults foldConstantOfShape(FoldContext &context) {
  auto op = cast<onnx::ConstantOfShapeOp>(context.op);
  RankedTensorType type = context.resultType();
  if (!type)
    return {};
  if (ElementsAttr value = op.getValueAttr()) {
    auto element = ConstantTensor::get(value);
    if (!element || element->numElements() != 1 ||
        element->type().getElementType() != type.getElementType())
      return {};
    auto out = context.make(type, /*splat=*/true);
    if (out && out->numElements() != 0)
      out->setRaw(0, element->raw(0));
    return out ? FoldResults{*out} : FoldResults();
  }
  auto out = context.make(type, /*splat=*/true);
  return out ? FoldResults{*out} : FoldResults();
}

static FoldResults foldRange(FoldContext &context) {
  const ConstantTensor *start = context.operand(0), *delta = context.operand(2);
  RankedTensorType type = context.resultType();
  if (!start || !delta || !context.operand(1) || !type ||
      start->numElements() != 1 || delta->numElements() != 1)
    return {};
  auto out = context.make(type);
  if (!out)
    return {};
  if (out->format().isFloat()) {
    double first = start->real(0), step = delta->real(0);
    for (int64_t i = 0; i < out->numElements(); ++i)
      out->setReal(i, first + static_cast<double>(i) * step);
    return {*out};
  }
  uint64_t value = static_cast<uint64_t>(start->integer(0));
  uint64_t step = static_cast<uint64_t>(delta->integer(0));
  for (int64_t i = 0; i < out->numElements(); ++i, value += step)
    out->setInteger(i, static_cast<int64_t>(value));
  return {*out};
}

static FoldResults foldEyeLike(FoldContext &context) {
  RankedTensorType type = context.resultType();
  if (!type || type.getRank() != 2)
    return {};
  auto out = context.make(type);
  if (!out)
    return {};
  int64_t rows = type.getShape()[0], columns = type.getShape()[1];
  int64_t k = static_cast<int64_t>(cast<onnx::EyeLikeOp>(context.op).getK());
  if (k <= -rows || k >= columns)
    return {*out};
  for (int64_t row = 0; row < rows; ++row) {
    int64_t column = row + k;
    if (column < 0 || column >= columns)
      continue;
    if (out->format().isFloat())
      out->setReal(row * columns + column, 1);
    else
      out->setInteger(row * columns + column, 1);
  }
  return {*out};
}

static FoldResults foldTrilu(FoldContext &context) {
  auto op = cast<onnx::TriluOp>(context.op);
  const ConstantTensor *in = context.operand(0), *offset = context.operand(1);
  RankedTensorType type = context.resultType();
  if (!in || !type || !context.allConstant() || type.getRank() < 2 ||
      (offset && offset->numElements() != 1))
    return {};
  auto out = context.make(type);
  if (!out)
    return {};
  __int128 k = offset ? offset->integer(0) : 0;
  bool upper = op.getUpper() != 0;
  int64_t rows = type.getShape()[type.getRank() - 2];
  int64_t columns = type.getShape().back();
  for (int64_t i = 0; i < out->numElements(); ++i) {
    int64_t row = i / columns % rows, column = i % columns;
    __int128 diagonal = __int128(column) - row;
    if (upper ? diagonal >= k : diagonal <= k)
      out->setRaw(i, in->raw(i));
  }
  return {*out};
}

/// The only operation here whose result shape depends on all of its data.
static FoldResults foldNonZero(FoldContext &context) {
  const ConstantTensor *in = context.operand(0);
  if (!in || !context.canScan(*in) || in->shape().empty())
    return {};
  auto isSet = [&](int64_t i) {
    return in->format().isFloat() ? in->real(i) != 0 : in->integer(i) != 0;
  };
  int64_t found = 0;
  for (int64_t i = 0; i < in->numElements(); ++i)
    found += isSet(i);
  int64_t rank = in->type().getRank();
  auto out = context.make(RankedTensorType::get(
      {rank, found}, IntegerType::get(context.op->getContext(), 64)));
  if (!out)
    return {};
  int64_t column = 0;
  for (Odometer at(in->shape(), {}); !at.done(); at.next()) {
    if (!isSet(at.linear()))
      continue;
    for (int64_t d = 0; d < rank; ++d)
      out->setInteger(d * found + column, at.indices()[d]);
    ++column;
  }
  return {*out};
}

void addMovementFolds(FoldTable &t) {
  t["onnx.Shape"] = foldShape;
  t["onnx.Size"] = foldSize;
  for (const char *name : {"onnx.Reshape", "onnx.Flatten", "onnx.Squeeze",
                           "onnx.Unsqueeze", "onnx.Identity"})
    t[name] = foldReshape;
  t["onnx.Transpose"] = foldTranspose;
  t["onnx.Expand"] = foldExpand;
  t["onnx.Tile"] = foldTile;
  t["onnx.Slice"] = foldSlice;
  t["onnx.Split"] = foldSplit;
  t["onnx.Concat"] = foldConcat;
  t["onnx.Gather"] = foldGather;
  t["onnx.GatherND"] = foldGatherND;
  t["onnx.ScatterND"] = foldScatterND;
  t["onnx.Pad"] = foldPad;
  t["onnx.ConstantOfShape"] = foldConstantOfShape;
  t["onnx.Range"] = foldRange;
  t["onnx.EyeLike"] = foldEyeLike;
  t["onnx.Trilu"] = foldTrilu;
  t["onnx.NonZero"] = foldNonZero;
}

} // namespace aicc::graph
