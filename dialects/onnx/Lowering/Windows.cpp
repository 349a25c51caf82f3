//===- Windows.cpp - Sliding windows of convolutions and pools ------------===//

#include "dialects/onnx/Lowering/Windows.h"

using namespace mlir;

namespace aicc::onnx {

bool Windows::isPadded() const {
  auto positive = [](int64_t v) { return v > 0; };
  return llvm::any_of(low, positive) || llvm::any_of(high, positive);
}

/// The padding of one dimension for auto_pad = SAME_*.
static std::pair<int64_t, int64_t> samePadding(int64_t input, int64_t output,
                                               int64_t stride, int64_t extent,
                                               bool upper) {
  int64_t total = std::max<int64_t>(0, (output - 1) * stride + extent - input);
  int64_t small = total / 2;
  return upper ? std::pair(small, total - small)
               : std::pair(total - small, small);
}

FailureOr<Windows> makeWindows(NodeContext &c, WindowAttrs attrs,
                               ArrayRef<int64_t> input,
                               ArrayRef<int64_t> kernel,
                               ArrayRef<int64_t> output) {
  size_t rank = input.size();
  auto orOnes = [&](ArrayRef<int64_t> list) {
    return list.empty() ? Shape(rank, 1) : Shape(list);
  };
  Windows w{Shape(input),          Shape(kernel),           Shape(output),
            orOnes(attrs.strides), orOnes(attrs.dilations), Shape(rank, 0),
            Shape(rank, 0),        Shape(rank, 0)};
  auto tooSmall = [](int64_t v) { return v < 1; };
  if (rank == 0 || kernel.size() != rank || output.size() != rank ||
      w.strides.size() != rank || w.dilations.size() != rank ||
      (!attrs.pads.empty() && attrs.pads.size() != 2 * rank))
    return c.unsupported("kernel, strides, dilations or pads do not have one "
                         "entry for each spatial dimension");
  if (llvm::any_of(w.strides, tooSmall) ||
      llvm::any_of(w.dilations, tooSmall) || llvm::any_of(kernel, tooSmall))
    return c.unsupported("a kernel size, stride or dilation is below 1");
  for (size_t i = 0; i < rank; ++i) {
    int64_t extent = (kernel[i] - 1) * w.dilations[i] + 1;
    if (attrs.autoPad.starts_with("SAME"))
      std::tie(w.low[i], w.high[i]) =
          samePadding(input[i], output[i], w.strides[i], extent,
                      attrs.autoPad == "SAME_UPPER");
    else if (attrs.autoPad != "VALID" && !attrs.pads.empty()) {
      w.low[i] = attrs.pads[i];
      w.high[i] = attrs.pads[rank + i];
    }
    if (w.low[i] < 0 || w.high[i] < 0)
      return c.unsupported("padding is negative");
    w.statedHigh[i] = w.high[i];
    // Padding that no window reaches is left out; windows of ceil_mode reach
    // beyond the stated padding.
    int64_t reached = (output[i] - 1) * w.strides[i] + extent;
    w.high[i] = std::max<int64_t>(0, reached - input[i] - w.low[i]);
  }
  return w;
}

Value padWindows(NodeContext &c, Value x, const Windows &w, TypedAttr with) {
  Shape low(2, 0), high(2, 0);
  low.append(w.low);
  high.append(w.high);
  return c.pad(x, low, high, with);
}

SmallVector<AffineExpr> tapIndices(NodeContext &c, const Windows &w,
                                   unsigned firstOutput, unsigned firstKernel) {
  SmallVector<AffineExpr> exprs;
  for (size_t i = 0; i < w.rank(); ++i)
    exprs.push_back(c.dim(firstOutput + i) * w.strides[i] +
                    c.dim(firstKernel + i) * w.dilations[i]);
  return exprs;
}

PoolLoops::PoolLoops(NodeContext &c, Value x, const Windows &w)
    : rank(w.rank()), count(2 + 2 * rank) {
  SmallVector<AffineExpr> xs{c.dim(0), c.dim(1)}, ks;
  xs.append(tapIndices(c, w, 2, 2 + rank));
  for (unsigned i = 0; i < rank; ++i)
    ks.push_back(c.dim(2 + rank + i));
  inputs = {{x, c.map(count, xs)},
            {c.empty(w.kernel, c.b.getI1Type()), c.map(count, ks)}};
  output = c.identity(count).getMajorSubMap(2 + rank);
  iterators = loops(2 + rank, rank);
  shape = {shapeOf(x)[0], shapeOf(x)[1]};
  shape.append(w.output);
}

Value PoolLoops::reduce(NodeContext &c, TypedAttr init,
                        StructuredBuilder::Body body) {
  Type type = init.getType();
  return c.generic(inputs, c.filled(shape, type, init), output, iterators,
                   [&](ScalarBuilder &s, ValueRange v) {
                     Value x = v[0];
                     if (isa<FloatType>(type))
                       x = s.cast(x, false, type, false);
                     return body(s, {v[2], x});
                   });
}

} // namespace aicc::onnx
