//===- CheckNodeIndex.cpp - Operators that move elements ------------------===//

#include "CheckNode.h"

#include "llvm/Support/MathExtras.h"

using namespace aicc;
using namespace aicc::import;

/// Refuses constant indices outside of a dimension of `size`.
static void checkIndices(const NodeView &node, unsigned input,
                         std::optional<int64_t> size) {
  auto indices = node.ints(input);
  if (!indices || !size)
    return;
  for (int64_t index : *indices)
    if (index < -*size || index >= *size)
      node.fail(ErrorCode::Shape, "index " + llvm::Twine(index) +
                                      " is out of range for " +
                                      llvm::Twine(*size) + " elements");
}

/// Attribute `axis` counted from the front, checked; none without a rank.
static std::optional<int64_t> axisOf(const NodeView &node) {
  std::optional<int64_t> rank = node.rank(0);
  if (!rank)
    return std::nullopt;
  int64_t axis = node.intAttr("axis", 0);
  checkAxis(node, axis, -*rank, *rank - 1, ErrorCode::Attr, "attribute 'axis'");
  return axis < 0 ? axis + *rank : axis;
}

void import::checkGather(const NodeView &node) {
  if (auto axis = axisOf(node))
    checkIndices(node, 1, node.dim(0, *axis));
}

/// Indices lie along `axis`; the other dimensions must not exceed the data's.
static void checkAlongAxis(const NodeView &node) {
  std::optional<int64_t> axis = axisOf(node);
  if (!axis)
    return;
  checkRank(node, 1, *node.rank(0));
  checkIndices(node, 1, node.dim(0, *axis));
  for (int64_t d = 0; d < *node.rank(0); ++d) {
    auto data = node.dim(0, d), indices = node.dim(1, d);
    if (d != *axis && data && indices && *indices > *data)
      node.fail(ErrorCode::Shape, "the indices (" + node.shapeText(1) +
                                      ") reach beyond the data (" +
                                      node.shapeText(0) + ") in dimension " +
                                      llvm::Twine(d));
  }
}

void import::checkGatherElements(const NodeView &node) { checkAlongAxis(node); }

void import::checkScatterElements(const NodeView &node) {
  checkAlongAxis(node);
  if (auto rank = node.rank(1)) {
    checkRank(node, 2, *rank);
    for (int64_t d = 0; d < *rank; ++d)
      checkDim(node, 2, d, node.dim(1, d), "as in the indices");
  }
}

/// Index tuples in the last dimension of input 1 address the dimensions of
/// the data from `first` on.
static void checkTuples(const NodeView &node, int64_t first) {
  std::optional<int64_t> rank = node.rank(0);
  std::optional<int64_t> width = node.dim(1, -1);
  if (!rank || !width)
    return;
  if (*width < 1 || *width > *rank - first)
    node.fail(ErrorCode::Shape, "indices of " + llvm::Twine(*width) +
                                    " coordinates do not fit the data (" +
                                    node.shapeText(0) + ")");
  auto indices = node.ints(1);
  if (!indices)
    return;
  for (size_t i = 0; i < indices->size(); ++i) {
    int64_t d = first + static_cast<int64_t>(i) % *width;
    int64_t index = (*indices)[i];
    std::optional<int64_t> size = node.dim(0, d);
    if (size && (index < -*size || index >= *size))
      node.fail(ErrorCode::Shape,
                "index " + llvm::Twine(index) + " is out of range for the " +
                    llvm::Twine(*size) + " elements of dimension " +
                    llvm::Twine(d));
  }
}

void import::checkGatherND(const NodeView &node) {
  int64_t batch = node.intAttr("batch_dims", 0);
  std::optional<int64_t> rank = node.rank(0);
  if (batch < 0 || (rank && batch >= *rank))
    node.fail(ErrorCode::Attr,
              "attribute 'batch_dims' is " + llvm::Twine(batch));
  checkTuples(node, batch);
}

void import::checkScatterND(const NodeView &node) { checkTuples(node, 0); }

void import::checkTranspose(const NodeView &node) {
  auto perm = node.intsAttr("perm");
  std::optional<int64_t> rank = node.rank(0);
  if (!perm || !rank)
    return;
  if (static_cast<int64_t>(perm->size()) != *rank)
    node.fail(ErrorCode::Attr, "attribute 'perm' must have " +
                                   llvm::Twine(*rank) + " values, found " +
                                   llvm::Twine(perm->size()));
  std::vector<bool> seen(perm->size());
  for (int64_t d : *perm) {
    if (d < 0 || d >= *rank || seen[static_cast<size_t>(d)])
      node.fail(ErrorCode::Attr,
                "attribute 'perm' is not a permutation of the dimensions");
    seen[static_cast<size_t>(d)] = true;
  }
}

/// The number of elements must not change.
void import::checkReshape(const NodeView &node) {
  auto input = node.shape(0);
  auto shape = node.has(1) ? node.ints(1) : node.intsAttr("shape");
  if (!input || !shape || node.intAttr("allowzero", 0))
    return;
  int64_t before = 1, after = 1;
  bool inferred = false;
  for (int64_t dim : *input)
    if (llvm::MulOverflow(before, dim, before))
      return;
  for (size_t i = 0; i < shape->size(); ++i) {
    int64_t dim = (*shape)[i];
    if (dim == 0 && i < input->size())
      dim = (*input)[i];
    else if (dim == -1 && !inferred) {
      inferred = true;
      continue;
    }
    if (dim < 0 || llvm::MulOverflow(after, dim, after))
      return; // Reported by the inference of ONNX.
  }
  if (inferred ? (after == 0 || before % after) : before != after)
    node.fail(ErrorCode::Shape,
              "the input (" + node.shapeText(0) + ") has " +
                  llvm::Twine(before) + " elements, the new shape " +
                  (inferred ? "needs a multiple of " : "has ") +
                  llvm::Twine(after));
}

void import::checkPad(const NodeView &node) {
  auto pads = node.schema.SinceVersion() < 11
                  ? node.intsAttr(node.attr("pads") ? "pads" : "paddings")
                  : node.ints(1);
  if (!pads)
    return;
  for (int64_t pad : *pads)
    if (pad > kMaxSize || pad < -kMaxSize)
      node.fail(ErrorCode::Limit, "padding of " + llvm::Twine(pad) +
                                      ", more than " + llvm::Twine(kMaxSize));
}

void import::checkSlice(const NodeView &node) {
  auto steps = node.ints(4);
  if (!steps)
    return;
  for (int64_t step : *steps)
    if (step == 0)
      node.fail(ErrorCode::Shape, "a step is 0");
}

void import::checkTile(const NodeView &node) {
  auto repeats = node.ints(1);
  if (!repeats || node.schema.SinceVersion() < 6)
    return;
  for (int64_t repeat : *repeats)
    if (repeat < 0)
      node.fail(ErrorCode::Shape, "repeats " + llvm::Twine(repeat) + " times");
}

/// Inputs: X, roi, scales, sizes; X, scales before 11; attribute before 9.
void import::checkResize(const NodeView &node) {
  unsigned at = node.schema.SinceVersion() < 11 ? 1 : 2;
  if (auto scales = node.floats(at))
    for (double scale : *scales)
      if (!(scale > 0))
        node.fail(ErrorCode::Shape,
                  "scales must be positive, found " + std::to_string(scale));
  if (at == 1)
    return;
  if (auto sizes = node.ints(3))
    for (int64_t size : *sizes)
      if (size < 0 || size > kMaxSize)
        node.fail(ErrorCode::Shape, "a size is " + llvm::Twine(size));
}

void import::checkRange(const NodeView &node) {
  auto delta = node.floats(2);
  if (delta && delta->size() == 1 && (*delta)[0] == 0)
    node.fail(ErrorCode::Shape, "delta is 0");
}

/// DepthToSpace and SpaceToDepth.
void import::checkBlocks(const NodeView &node) {
  int64_t block = node.intAttr("blocksize", 0);
  if (block < 1 || block > kMaxSize)
    node.fail(ErrorCode::Attr,
              "attribute 'blocksize' is " + llvm::Twine(block));
  bool toSpace = node.ref.node.op_type() == "DepthToSpace";
  auto channels = node.dim(0, 1), height = node.dim(0, 2),
       width = node.dim(0, 3);
  bool fits = toSpace ? !channels || *channels % (block * block) == 0
                      : (!height || *height % block == 0) &&
                            (!width || *width % block == 0);
  if (!fits)
    node.fail(ErrorCode::Shape, "the input (" + node.shapeText(0) +
                                    ") cannot be cut into blocks of " +
                                    llvm::Twine(block));
}
