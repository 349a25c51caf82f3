//===- CheckNodeConv.cpp - Convolutions and pools -------------------------===//

#include "CheckNode.h"

#include "llvm/ADT/StringSet.h"

using namespace aicc;
using namespace aicc::import;

/// Refuses attribute `name` unless it has `count` values from 1 on.
static void checkPositive(const NodeView &node, const char *name,
                          std::optional<int64_t> count) {
  auto values = node.intsAttr(name);
  if (!values)
    return;
  std::string what = std::string("attribute '") + name + "'";
  if (count && static_cast<int64_t>(values->size()) != *count)
    node.fail(ErrorCode::Attr, what + " must have " + llvm::Twine(*count) +
                                   " values, found " +
                                   llvm::Twine(values->size()));
  for (int64_t value : *values)
    if (value < 1 || value > kMaxSize)
      node.fail(ErrorCode::Attr, what + " holds " + llvm::Twine(value) +
                                     ", expected sizes from 1 to " +
                                     llvm::Twine(kMaxSize));
}

static void checkPads(const NodeView &node, std::optional<int64_t> spatial) {
  auto pads = node.intsAttr("pads");
  if (!pads)
    return;
  if (spatial && static_cast<int64_t>(pads->size()) != 2 * *spatial)
    node.fail(ErrorCode::Attr,
              "attribute 'pads' must have " + llvm::Twine(2 * *spatial) +
                  " values, found " + llvm::Twine(pads->size()));
  for (int64_t pad : *pads) {
    if (pad > kMaxSize)
      node.fail(ErrorCode::Limit, "attribute 'pads' holds " + llvm::Twine(pad) +
                                      ", more than " + llvm::Twine(kMaxSize));
    if (pad < -kMaxSize)
      node.fail(ErrorCode::Attr, "attribute 'pads' holds " + llvm::Twine(pad));
  }
}

static void checkAutoPad(const NodeView &node) {
  static const llvm::StringSet<> known = {"NOTSET", "SAME_UPPER", "SAME_LOWER",
                                          "VALID"};
  std::string value = node.stringAttr("auto_pad", "NOTSET");
  if (!known.contains(value))
    node.fail(ErrorCode::Attr, "attribute 'auto_pad' is '" + value + "'");
}

/// What convolutions and pools have in common; `spatial`: dimensions they
/// slide along.
static void checkWindow(const NodeView &node, std::optional<int64_t> spatial) {
  checkAutoPad(node);
  checkPositive(node, "kernel_shape", spatial);
  checkPositive(node, "strides", spatial);
  checkPositive(node, "dilations", spatial);
  checkPads(node, spatial);
}

/// Rank of the data less batch and channels, if it is known.
static std::optional<int64_t> spatialRank(const NodeView &node) {
  std::optional<int64_t> rank = node.rank(0);
  if (!rank)
    return std::nullopt;
  if (*rank < 3)
    node.fail(ErrorCode::Shape,
              "input 'X' (" + node.shapeText(0) +
                  ") must have at least 3 dimensions: batch, channels, space");
  return *rank - 2;
}

/// Attribute `group` must divide `channels`.
static int64_t checkGroup(const NodeView &node, std::optional<int64_t> channels,
                          const llvm::Twine &what) {
  int64_t group = node.intAttr("group", 1);
  if (group < 1)
    node.fail(ErrorCode::Attr, "attribute 'group' is " + llvm::Twine(group));
  if (channels && *channels % group)
    node.fail(ErrorCode::Attr, "attribute 'group' is " + llvm::Twine(group) +
                                   ", which does not divide the " +
                                   llvm::Twine(*channels) + " " + what);
  return group;
}

/// The effective kernel must fit into the padded input.
static void checkFits(const NodeView &node, int64_t spatial, unsigned weights,
                      ErrorCode code) {
  if (node.stringAttr("auto_pad", "NOTSET") != "NOTSET" &&
      node.stringAttr("auto_pad", "NOTSET") != "VALID")
    return;
  auto kernel = node.intsAttr("kernel_shape"), pads = node.intsAttr("pads"),
       dilations = node.intsAttr("dilations");
  for (int64_t d = 0; d < spatial; ++d) {
    size_t i = static_cast<size_t>(d);
    std::optional<int64_t> size = node.dim(0, d + 2);
    std::optional<int64_t> taps =
        kernel ? std::optional((*kernel)[i]) : node.dim(weights, d + 2);
    if (!size || !taps)
      continue;
    int64_t padded = *size + (pads ? (*pads)[i] + (*pads)[i + spatial] : 0);
    int64_t extent = (*taps - 1) * (dilations ? (*dilations)[i] : 1) + 1;
    if (extent > padded)
      node.fail(code, "the kernel needs " + llvm::Twine(extent) +
                          " values along dimension " + llvm::Twine(d + 2) +
                          ", the padded input has " + llvm::Twine(padded));
  }
}

/// Shapes of data and weights (inputs 0 and `w`) of a convolution.
static void checkConvShapes(const NodeView &node, unsigned w) {
  std::optional<int64_t> spatial = spatialRank(node);
  checkWindow(node, spatial);
  if (spatial)
    checkRank(node, w, *spatial + 2);
  int64_t group = checkGroup(node, node.dim(0, 1), "channels of X");
  checkGroup(node, node.dim(w, 0), "filters of W");
  if (auto channels = node.dim(0, 1))
    checkDim(node, w, 1, *channels / group,
             "the channels of X (" + node.shapeText(0) + ") by group");
  if (auto kernel = node.intsAttr("kernel_shape"))
    for (size_t i = 0; i < kernel->size(); ++i)
      checkDim(node, w, static_cast<int64_t>(i) + 2, (*kernel)[i],
               "as 'kernel_shape' says");
  if (spatial)
    checkFits(node, *spatial, w, ErrorCode::Shape);
}

void import::checkConv(const NodeView &node) {
  checkConvShapes(node, 1);
  if (node.ref.node.op_type() != "Conv" || !node.has(2))
    return;
  checkRank(node, 2, 1);
  checkDim(node, 2, 0, node.dim(1, 0), "the filters of W");
}

/// x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias.
void import::checkQLinearConv(const NodeView &node) {
  checkConvShapes(node, 3);
  for (unsigned i : {4u, 5u}) {
    std::optional<int64_t> rank = node.rank(i);
    if (rank && *rank == 1 && node.dim(i, 0) != std::optional<int64_t>(1))
      checkDim(node, i, 0, node.dim(3, 0), "the filters of w");
  }
  if (node.has(8))
    checkDim(node, 8, 0, node.dim(3, 0), "the filters of w");
}

void import::checkConvTranspose(const NodeView &node) {
  std::optional<int64_t> spatial = spatialRank(node);
  checkWindow(node, spatial);
  if (spatial)
    checkRank(node, 1, *spatial + 2);
  int64_t group = checkGroup(node, node.dim(0, 1), "channels of X");
  checkDim(node, 1, 0, node.dim(0, 1),
           "the channels of X (" + node.shapeText(0) + ")");
  if (auto filters = node.dim(1, 1); filters && node.has(2))
    checkDim(node, 2, 0, *filters * group, "the filters of W");
}

void import::checkPool(const NodeView &node) {
  std::optional<int64_t> spatial = spatialRank(node);
  checkWindow(node, spatial);
  if (spatial && node.intAttr("ceil_mode", 0) == 0)
    checkFits(node, *spatial, 0, ErrorCode::Attr);
}
