//===- CheckNodeMath.cpp - Casts, quantisation, recurrence, einsum --------===//

#include "CheckNode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace aicc;
using namespace aicc::import;

void import::checkCast(const NodeView &node) {
  const ::onnx::AttributeProto *to = node.attr("to");
  if (!to || to->type() != ::onnx::AttributeProto::INT)
    return; // Cast-1 names the type.
  if (to->i() == ::onnx::TensorProto::UNDEFINED || to->i() < 0 ||
      to->i() > INT32_MAX ||
      !::onnx::TensorProto_DataType_IsValid(static_cast<int>(to->i())))
    node.fail(ErrorCode::Attr, "attribute 'to' is " + llvm::Twine(to->i()) +
                                   ", which is no element type");
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

/// Letters, with at most one ellipsis.
static bool isTerm(llvm::StringRef term) {
  size_t dots = term.find("...");
  if (dots != llvm::StringRef::npos)
    return llvm::all_of(term.take_front(dots), llvm::isAlpha) &&
           llvm::all_of(term.drop_front(dots + 3), llvm::isAlpha);
  return llvm::all_of(term, llvm::isAlpha);
}

void import::checkEinsum(const NodeView &node) {
  std::string equation = node.stringAttr("equation", "");
  std::string text;
  for (char c : equation)
    if (c != ' ')
      text += c;
  auto bad = [&](const llvm::Twine &why) {
    node.fail(ErrorCode::Attr,
              "attribute 'equation' is '" + equation + "': " + why);
  };
  llvm::StringRef left = text, right;
  bool arrow = left.contains("->");
  std::tie(left, right) = left.split("->");
  llvm::SmallVector<llvm::StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != node.inputs.size())
    bad(llvm::Twine(terms.size()) + " terms for " +
        llvm::Twine(node.inputs.size()) + " inputs");
  for (llvm::StringRef term : terms)
    if (!isTerm(term))
      bad("'" + term + "' is not a list of letters");
  if (!isTerm(right))
    bad("'" + right + "' is not a list of letters");
  for (size_t i = 0; arrow && i < right.size(); ++i) {
    if (right[i] == '.')
      continue;
    if (!left.contains(right[i]))
      bad("output '" + llvm::Twine(right[i]) + "' is in no input");
    if (right.drop_front(i + 1).contains(right[i]))
      bad("output '" + llvm::Twine(right[i]) + "' is there twice");
  }
}

//===----------------------------------------------------------------------===//
// LSTM, GRU, RNN
//===----------------------------------------------------------------------===//

/// X [seq, batch, input]; W [dirs, gates * hidden, input]; R [dirs, gates *
/// hidden, hidden]; B [dirs, 2 * gates * hidden]; lengths [batch]; initial
/// states [dirs, batch, hidden]; P [dirs, 3 * hidden]. With layout 1 the batch
/// comes first.
void import::checkRecurrent(const NodeView &node) {
  const std::string &op = node.ref.node.op_type();
  int64_t gates = op == "LSTM" ? 4 : op == "GRU" ? 3 : 1;
  std::string direction = node.stringAttr("direction", "forward");
  if (direction != "forward" && direction != "reverse" &&
      direction != "bidirectional")
    node.fail(ErrorCode::Attr, "attribute 'direction' is '" + direction + "'");
  int64_t dirs = direction == "bidirectional" ? 2 : 1;
  checkRank(node, 0, 3);
  checkRank(node, 1, 3);
  checkRank(node, 2, 3);
  std::optional<int64_t> hidden = node.dim(2, 2);
  if (const auto *attr = node.attr("hidden_size")) {
    if (attr->i() < 1 || attr->i() > kMaxSize)
      node.fail(ErrorCode::Attr,
                "attribute 'hidden_size' is " + llvm::Twine(attr->i()));
    hidden = attr->i();
    checkDim(node, 2, 2, hidden, "as 'hidden_size' says");
  }
  std::optional<int64_t> all =
      hidden ? std::optional(*hidden * gates) : std::nullopt;
  std::string why = std::to_string(gates) + " gates of the hidden size";
  checkDim(node, 1, 0, dirs, "one for each direction");
  checkDim(node, 1, 1, all, why);
  checkDim(node, 1, 2, node.dim(0, 2), "the input size of X");
  checkDim(node, 2, 0, dirs, "one for each direction");
  checkDim(node, 2, 1, all, why);
  if (node.has(3) && all)
    checkDim(node, 3, 1, *all * 2, "two biases for " + why);
  bool batchFirst = node.intAttr("layout", 0) == 1;
  std::optional<int64_t> batch = node.dim(0, batchFirst ? 0 : 1);
  if (node.has(4))
    checkDim(node, 4, 0, batch, "the batch");
  for (unsigned state : {5u, 6u}) {
    if (!node.has(state) || (state == 6 && op != "LSTM"))
      continue;
    checkDim(node, state, batchFirst ? 0 : 1, batch, "the batch");
    checkDim(node, state, 2, hidden, "the hidden size");
  }
  if (op == "LSTM" && node.has(7) && hidden)
    checkDim(node, 7, 1, *hidden * 3, "three peepholes of the hidden size");
}

//===----------------------------------------------------------------------===//
// Quantisation, normalisation
//===----------------------------------------------------------------------===//

/// Scales of blocks of `block` values along `axis`.
static void checkBlockScales(const NodeView &node, int64_t axis,
                             int64_t block) {
  int64_t rank = *node.rank(0);
  checkRank(node, 1, rank);
  for (int64_t d = 0; d < rank; ++d) {
    std::optional<int64_t> size = node.dim(0, d);
    if (size && d == axis && *size > 0)
      size = (*size - 1) / block + 1;
    checkDim(node, 1, d, size,
             "for blocks of " + llvm::Twine(block) + " along dimension " +
                 llvm::Twine(axis) + " of " + node.shapeText(0));
  }
}

/// QuantizeLinear and DequantizeLinear: one scale, one for each index along
/// `axis`, or one for each block.
void import::checkQuantize(const NodeView &node) {
  int64_t block = node.intAttr("block_size", 0);
  if (block < 0 || block > kMaxSize)
    node.fail(ErrorCode::Attr,
              "attribute 'block_size' is " + llvm::Twine(block));
  std::optional<int64_t> rank = node.rank(0), scales = node.rank(1);
  if (!rank || !scales || *scales == 0)
    return;
  bool single = *scales == 1 && node.dim(1, 0) == std::optional<int64_t>(1);
  if (!single || block) {
    int64_t axis = node.intAttr("axis", 1);
    checkAxis(node, axis, -*rank, *rank - 1, ErrorCode::Attr,
              "attribute 'axis'");
    axis = axis < 0 ? axis + *rank : axis;
    if (block) {
      checkBlockScales(node, axis, block);
    } else {
      checkRank(node, 1, 1);
      checkDim(node, 1, 0, node.dim(0, axis),
               "one scale for each index of dimension " + llvm::Twine(axis) +
                   " of " + node.shapeText(0));
    }
  }
  // Quantisers write one scale as (1) and its zero point as a scalar.
  if (!node.has(2) || (single && !block && node.rank(2) == int64_t(0)))
    return;
  checkRank(node, 2, *scales);
  for (int64_t d = 0; d < *scales; ++d)
    checkDim(node, 2, d, node.dim(1, d), "as in the scales");
}

/// Parameters of normalisations: one for each channel.
void import::checkChannelParameters(const NodeView &node) {
  for (unsigned i = 1; i < node.inputs.size(); ++i) {
    if (!node.has(i) || node.schema.SinceVersion() < 7)
      continue;
    checkRank(node, i, 1);
    checkDim(node, i, 0, node.dim(0, 1),
             "the channels of the input, " + node.shapeText(0));
  }
}
