//===- CheckNode.cpp - Which check for which operator ---------------------===//

#include "CheckNode.h"

#include "llvm/ADT/StringRef.h"

using namespace aicc;
using namespace aicc::import;

void import::checkAxis(const NodeView &node, int64_t axis, int64_t low,
                       int64_t high, ErrorCode code, const llvm::Twine &what) {
  if (axis < low || axis > high)
    node.fail(code, what + " is " + llvm::Twine(axis) +
                        ", expected a dimension from " + llvm::Twine(low) +
                        " to " + llvm::Twine(high) + " of the input, " +
                        node.shapeText(0));
}

void import::checkDim(const NodeView &node, unsigned i, int64_t d,
                      std::optional<int64_t> expected, const llvm::Twine &why) {
  std::optional<int64_t> found = node.dim(i, d);
  if (found && expected && *found != *expected)
    node.fail(ErrorCode::Shape, "dimension " + llvm::Twine(d) + " of input '" +
                                    node.schema.inputs()[i].GetName() + "' (" +
                                    node.shapeText(i) + ") must be " +
                                    llvm::Twine(*expected) + ", " + why);
}

void import::checkRank(const NodeView &node, unsigned i, int64_t expected) {
  std::optional<int64_t> found = node.rank(i);
  if (found && *found != expected)
    node.fail(ErrorCode::Shape, "input '" + node.schema.inputs()[i].GetName() +
                                    "' (" + node.shapeText(i) + ") must have " +
                                    llvm::Twine(expected) + " dimensions");
}

namespace {

/// Attribute `axis` counts dimensions of the (first) input.
void checkAxisAttr(const NodeView &node) {
  std::optional<int64_t> rank = node.rank(0);
  const ::onnx::AttributeProto *axis = node.attr("axis");
  if (rank && *rank > 0 && axis)
    checkAxis(node, axis->i(), -*rank, *rank - 1, ErrorCode::Attr,
              "attribute 'axis'");
}

/// Attribute `axis` may stand past the last dimension.
void checkAxisUpToRank(const NodeView &node) {
  std::optional<int64_t> rank = node.rank(0);
  const ::onnx::AttributeProto *axis = node.attr("axis");
  if (rank && axis)
    checkAxis(node, axis->i(), -*rank - 1, *rank, ErrorCode::Attr,
              "attribute 'axis'");
}

/// Before 13 `axis` cut the dimensions in two.
void checkSoftmax(const NodeView &node) {
  if (node.schema.SinceVersion() >= 13)
    checkAxisAttr(node);
  else
    checkAxisUpToRank(node);
}

/// The axes of a reduction, as an attribute or as input 1.
void checkAxes(const NodeView &node) {
  std::optional<int64_t> rank = node.rank(0);
  if (!rank)
    return;
  if (auto axes = node.intsAttr("axes"))
    for (int64_t axis : *axes)
      checkAxis(node, axis, -*rank, *rank - 1, ErrorCode::Attr,
                "attribute 'axes'");
  else if (auto values = node.ints(1))
    for (int64_t axis : *values)
      checkAxis(node, axis, -*rank, *rank - 1, ErrorCode::Shape,
                "input 'axes'");
}

struct Check {
  llvm::StringLiteral op;
  void (*check)(const NodeView &);
};

const Check kChecks[] = {
    {"ArgMax", checkAxisAttr},
    {"ArgMin", checkAxisAttr},
    {"AveragePool", checkPool},
    {"BatchNormalization", checkChannelParameters},
    {"Cast", checkCast},
    {"Compress", checkAxisAttr},
    {"Concat", checkAxisAttr},
    {"Conv", checkConv},
    {"ConvInteger", checkConv},
    {"ConvTranspose", checkConvTranspose},
    {"DepthToSpace", checkBlocks},
    {"DequantizeLinear", checkQuantize},
    {"Einsum", checkEinsum},
    {"Flatten", checkAxisUpToRank},
    {"GRU", checkRecurrent},
    {"Gather", checkGather},
    {"GatherElements", checkGatherElements},
    {"GatherND", checkGatherND},
    {"Hardmax", checkSoftmax},
    {"InstanceNormalization", checkChannelParameters},
    {"LSTM", checkRecurrent},
    {"LayerNormalization", checkAxisAttr},
    {"LogSoftmax", checkSoftmax},
    {"LpNormalization", checkAxisAttr},
    {"LpPool", checkPool},
    {"MaxPool", checkPool},
    {"OneHot", checkAxisUpToRank},
    {"Pad", checkPad},
    {"QLinearConv", checkQLinearConv},
    {"QuantizeLinear", checkQuantize},
    {"RNN", checkRecurrent},
    {"Range", checkRange},
    {"ReduceL1", checkAxes},
    {"ReduceL2", checkAxes},
    {"ReduceLogSum", checkAxes},
    {"ReduceLogSumExp", checkAxes},
    {"ReduceMax", checkAxes},
    {"ReduceMean", checkAxes},
    {"ReduceMin", checkAxes},
    {"ReduceProd", checkAxes},
    {"ReduceSum", checkAxes},
    {"ReduceSumSquare", checkAxes},
    {"Reshape", checkReshape},
    {"Resize", checkResize},
    {"Scatter", checkScatterElements},
    {"ScatterElements", checkScatterElements},
    {"ScatterND", checkScatterND},
    {"Slice", checkSlice},
    {"Softmax", checkSoftmax},
    {"SpaceToDepth", checkBlocks},
    {"Split", checkAxisAttr},
    {"Squeeze", checkAxes},
    {"Tile", checkTile},
    {"TopK", checkAxisAttr},
    {"Transpose", checkTranspose},
    {"Unique", checkAxisAttr},
    {"Upsample", checkResize},
};

} // namespace

void import::checkNode(Importer &, const NodeView &node) {
  if (!node.ref.node.domain().empty())
    return;
  for (const Check &check : kChecks)
    if (node.ref.node.op_type() == check.op)
      return check.check(node);
}
