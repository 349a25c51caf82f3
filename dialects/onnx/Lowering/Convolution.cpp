//===- Convolution.cpp - Convolutions as contractions ---------------------===//

#include "dialects/onnx/Lowering/Convolution.h"

using namespace mlir;

namespace aicc::onnx {

FailureOr<Windows> convolutionWindows(NodeContext &c, WindowAttrs attrs,
                                      ArrayRef<int64_t> x, ArrayRef<int64_t> w,
                                      ArrayRef<int64_t> y, int64_t group) {
  if (x.size() < 3 || w.size() != x.size() || y.size() != x.size())
    return c.unsupported("input and weights are not N x C x spatial");
  if (group < 1 || x[1] != w[1] * group || w[0] % group || y[1] != w[0])
    return c.unsupported("channels do not fit the group");
  return makeWindows(c, attrs, spatial(x), spatial(w), spatial(y));
}

/// `exprs` with the loops first, first + 1 ... appended.
static void appendLoops(NodeContext &c, SmallVectorImpl<AffineExpr> &exprs,
                        unsigned first, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    exprs.push_back(c.dim(first + i));
}

static AffineMap leadingLoops(NodeContext &c, unsigned loops, unsigned count) {
  return AffineMap::getMultiDimIdentityMap(loops, c.b.getContext())
      .getMajorSubMap(count);
}

/// Loops (n, o, out..., c, k...).
static Value convolvePlain(NodeContext &c, Value x, Value w,
                           const Windows &windows, const Readings &readings) {
  unsigned r = windows.rank(), count = 3 + 2 * r;
  SmallVector<AffineExpr> xs{c.dim(0), c.dim(2 + r)};
  xs.append(tapIndices(c, windows, 2, 3 + r));
  SmallVector<AffineExpr> ws{c.dim(1), c.dim(2 + r)};
  appendLoops(c, ws, 3 + r, r);
  Shape shape{shapeOf(x)[0], shapeOf(w)[0]};
  shape.append(windows.output);
  return c.contract({x, c.map(count, xs), readings.x},
                    {w, c.map(count, ws), readings.w}, shape,
                    leadingLoops(c, count, 2 + r), loops(2 + r, 1 + r));
}

/// One input channel a group. With one output channel each the loops are
/// (n, c, out..., k...), with more (n, c, o, out..., k...).
static Value convolveDepthwise(NodeContext &c, Value x, Value w,
                               const Windows &windows,
                               const Readings &readings) {
  int64_t channels = shapeOf(x)[1], multiplier = shapeOf(w)[0] / channels;
  unsigned r = windows.rank(), lead = multiplier == 1 ? 2 : 3;
  unsigned count = lead + 2 * r;
  SmallVector<AffineExpr> xs{c.dim(0), c.dim(1)};
  xs.append(tapIndices(c, windows, lead, lead + r));
  SmallVector<AffineExpr> ws{c.dim(1)};
  Shape split{channels}, shape{shapeOf(x)[0], channels};
  if (multiplier != 1) {
    ws.push_back(c.dim(2));
    split.push_back(multiplier);
    shape.push_back(multiplier);
  }
  appendLoops(c, ws, lead + r, r);
  split.append(windows.kernel);
  shape.append(windows.output);
  Value y =
      c.contract({x, c.map(count, xs), readings.x},
                 {c.reshape(w, split), c.map(count, ws), readings.w}, shape,
                 leadingLoops(c, count, lead + r), loops(lead + r, r));
  Shape merged{shape[0], channels * multiplier};
  merged.append(windows.output);
  return c.reshape(y, merged);
}

/// Loops (n, g, o, out..., c, k...).
static Value convolveGrouped(NodeContext &c, Value x, Value w,
                             const Windows &windows, int64_t group,
                             const Readings &readings) {
  unsigned r = windows.rank(), count = 4 + 2 * r;
  int64_t outputs = shapeOf(w)[0];
  Shape splitX{shapeOf(x)[0], group, shapeOf(x)[1] / group};
  llvm::append_range(splitX, spatial(shapeOf(x)));
  Shape splitW{group, outputs / group};
  llvm::append_range(splitW, shapeOf(w).drop_front(1));
  SmallVector<AffineExpr> xs{c.dim(0), c.dim(1), c.dim(3 + r)};
  xs.append(tapIndices(c, windows, 3, 4 + r));
  SmallVector<AffineExpr> ws{c.dim(1), c.dim(2), c.dim(3 + r)};
  appendLoops(c, ws, 4 + r, r);
  Shape shape{shapeOf(x)[0], group, outputs / group};
  shape.append(windows.output);
  Value y =
      c.contract({c.reshape(x, splitX), c.map(count, xs), readings.x},
                 {c.reshape(w, splitW), c.map(count, ws), readings.w}, shape,
                 leadingLoops(c, count, 3 + r), loops(3 + r, 1 + r));
  Shape merged{shape[0], outputs};
  merged.append(windows.output);
  return c.reshape(y, merged);
}

Value convolve(NodeContext &c, Value x, Value w, const Windows &windows,
               int64_t group, const Readings &readings) {
  if (group == 1)
    return convolvePlain(c, x, w, windows, readings);
  if (shapeOf(w)[1] == 1)
    return convolveDepthwise(c, x, w, windows, readings);
  return convolveGrouped(c, x, w, windows, group, readings);
}

} // namespace aicc::onnx
