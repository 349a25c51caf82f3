//===- ConvTranspose.cpp - ConvTranspose ----------------------------------===//
//
// Element i of the input and tap k of the kernel meet at output
//   t = stride * i + dilation * k - pad.
// The outputs with the same t mod stride (a phase) see only some of the taps,
// with stride 1: each phase is a plain convolution with a part of the flipped
// kernel, and the phases are interleaved at the end. No multiplication with an
// inserted zero is ever made. Where taps do not overlap (kernel == stride), one
// contraction (n, o, h, kh, w, kw) writes everything.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/Windows.h"

#include <numeric>

using namespace mlir;

namespace aicc::onnx {

namespace {

/// The geometry, one entry a spatial dimension.
struct Transposed {
  Shape input, kernel, output, strides, dilations, low;
  size_t rank() const { return input.size(); }
};

/// The part of one dimension that belongs to one phase.
struct Phase {
  int64_t first = 0;   ///< First output of the phase.
  int64_t count = 0;   ///< Outputs of the phase.
  int64_t tap = 0;     ///< First tap.
  int64_t tapStep = 1; ///< Between taps.
  int64_t taps = 0;
  int64_t at = 0;     ///< Input index of output `first` and tap `tap`.
  int64_t atStep = 1; ///< Input index change from tap to tap (downwards).
};

} // namespace

/// The outputs t with (t + low) mod stride == r.
static Phase makePhase(const Transposed &g, size_t d, int64_t r) {
  int64_t s = g.strides[d], dilation = g.dilations[d];
  int64_t common = std::gcd(s, dilation);
  Phase p;
  p.first = ((r - g.low[d]) % s + s) % s;
  p.count = p.first < g.output[d] ? (g.output[d] - 1 - p.first) / s + 1 : 0;
  p.tapStep = s / common;
  p.atStep = dilation / common;
  if (r % common)
    return p;
  while (p.tap < p.tapStep && (dilation * p.tap) % s != r)
    ++p.tap;
  p.taps = p.tap < g.kernel[d] ? (g.kernel[d] - 1 - p.tap) / p.tapStep + 1 : 0;
  p.at = (p.first + g.low[d] - dilation * p.tap) / s;
  return p;
}

static FailureOr<Transposed> makeTransposed(ConvTransposeOp op,
                                            NodeContext &c) {
  ArrayRef<int64_t> x = shapeOf(c.get(op.getX())),
                    w = shapeOf(c.get(op.getW()));
  ArrayRef<int64_t> y = c.shapeOfResult(op.getY());
  int64_t group = op.getGroup();
  if (x.size() < 3 || w.size() != x.size() || y.size() != x.size())
    return c.unsupported("input and weights are not N x C x spatial");
  if (group < 1 || x[1] != w[0] || x[1] % group || y[1] != w[1] * group)
    return c.unsupported("channels do not fit the group");
  size_t rank = x.size() - 2;
  auto list = [&](std::optional<ArrayRef<int64_t>> attr, int64_t value) {
    return attr && !attr->empty() ? Shape(*attr) : Shape(rank, value);
  };
  Transposed g{Shape(spatial(x)),          Shape(spatial(w)),
               Shape(spatial(y)),          list(op.getStrides(), 1),
               list(op.getDilations(), 1), Shape(rank, 0)};
  Shape pads(op.getPads().value_or(ArrayRef<int64_t>()));
  Shape extra = list(op.getOutputPadding(), 0);
  bool isSame = op.getAutoPad().starts_with("SAME");
  if (g.strides.size() != rank || g.dilations.size() != rank ||
      extra.size() != rank || (!pads.empty() && pads.size() != 2 * rank))
    return c.unsupported("strides, dilations, pads or output_padding do not "
                         "have one entry for each spatial dimension");
  for (size_t i = 0; i < rank; ++i) {
    if (g.strides[i] < 1 || g.dilations[i] < 1)
      return c.unsupported("a stride or dilation is below 1");
    if (isSame || op.getOutputShape()) {
      int64_t whole = g.strides[i] * (g.input[i] - 1) + extra[i] +
                      (g.kernel[i] - 1) * g.dilations[i] + 1;
      int64_t total = std::max<int64_t>(0, whole - g.output[i]);
      g.low[i] =
          op.getAutoPad() == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else if (!pads.empty() && op.getAutoPad() != "VALID") {
      g.low[i] = pads[i];
    }
  }
  return g;
}

/// x as N x G x C/G x spatial and w as G x C/G x M/G x kernel.
static std::pair<Value, Value> splitGroups(NodeContext &c, Value x, Value w,
                                           int64_t group) {
  Shape sx{shapeOf(x)[0], group, shapeOf(x)[1] / group};
  llvm::append_range(sx, spatial(shapeOf(x)));
  Shape sw{group, shapeOf(w)[0] / group};
  llvm::append_range(sw, shapeOf(w).drop_front(1));
  return {c.reshape(x, sx), c.reshape(w, sw)};
}

/// kernel == stride: loops (n, g, o, (out, k)..., c), without g if there is
/// one group.
static Value convolveDisjoint(NodeContext &c, Value x, Value w,
                              const Transposed &g, int64_t group) {
  unsigned r = g.rank(), lead = group == 1 ? 2 : 3, count = lead + 2 * r + 1;
  AffineExpr n = c.dim(0), o = c.dim(lead - 1), channel = c.dim(count - 1);
  SmallVector<AffineExpr> xs{n}, ws, ys;
  Shape shape{shapeOf(x)[0]};
  if (group != 1) {
    std::tie(x, w) = splitGroups(c, x, w, group);
    xs.push_back(c.dim(1));
    ws.push_back(c.dim(1));
    shape.push_back(group);
  }
  shape.push_back(shapeOf(w)[rankOf(w) - r - 1]);
  xs.push_back(channel);
  ws.append({channel, o});
  for (unsigned i = 0; i < r; ++i) {
    xs.push_back(c.dim(lead + 2 * i));
    ws.push_back(c.dim(lead + 2 * i + 1));
    shape.append({g.input[i], g.kernel[i]});
  }
  Value y = c.contract({x, c.map(count, xs)}, {w, c.map(count, ws)}, shape,
                       c.identity(count).getMajorSubMap(count - 1),
                       loops(count - 1, 1));
  Shape result{shape[0], shape[lead - 1] * group};
  result.append(g.output);
  return c.reshape(y, result);
}

/// The taps of one phase in reverse order, as a tensor. A constant kernel is
/// cut here; another one at run time.
static Value phaseKernel(NodeContext &c, Value w, ArrayRef<Phase> phases) {
  unsigned rank = rankOf(w), lead = rank - phases.size();
  Shape shape(shapeOf(w).take_front(lead));
  bool isWhole = true;
  for (auto [i, p] : llvm::enumerate(phases)) {
    shape.push_back(p.taps);
    isWhole &= p.taps == 1 && shapeOf(w)[lead + i] == 1;
  }
  if (isWhole)
    return w;
  auto source = [&](int64_t position, unsigned i) {
    const Phase &p = phases[i];
    return p.tap + p.tapStep * (p.taps - 1 - position);
  };
  auto constant = w.getDefiningOp<arith::ConstantOp>();
  if (auto values = constant
                        ? readNumbers(cast<ElementsAttr>(constant.getValue()))
                        : std::nullopt) {
    SmallVector<double> cut;
    Shape from = Shape(shapeOf(w));
    int64_t total = product(shape);
    for (int64_t flat = 0; flat < total; ++flat) {
      int64_t rest = flat, at = 0, scale = 1;
      for (unsigned d = rank; d-- > 0;) {
        int64_t position = rest % shape[d];
        rest /= shape[d];
        at += scale * (d < lead ? position : source(position, d - lead));
        scale *= from[d];
      }
      cut.push_back((*values)[at]);
    }
    return c.constantNumbers(shape, elementOf(w), cut);
  }
  SmallVector<AffineExpr> exprs;
  for (unsigned d = 0; d < rank; ++d)
    exprs.push_back(d < lead ? c.dim(d)
                             : c.dim(d) * -phases[d - lead].tapStep +
                                   source(0, d - lead));
  return c.gather(Indexed{w, c.map(rank, exprs)}, shape, elementOf(w),
                  [](ScalarBuilder &, ValueRange v) { return v[0]; });
}

/// One phase: loops (n, g, o, out..., c, k...) on the padded or cropped input.
static Value convolvePhase(NodeContext &c, Value x, Value w,
                           ArrayRef<Phase> phases, bool grouped) {
  unsigned r = phases.size(), lead = grouped ? 3 : 2;
  unsigned count = lead + 2 * r + 1;
  // The last tap of the reversed kernel reads the highest input index.
  Shape low(lead, 0), high(lead, 0), offsets(lead, 0);
  Shape sizes(shapeOf(x).take_front(lead));
  for (auto [i, p] : llvm::enumerate(phases)) {
    int64_t size = shapeOf(x)[lead + i];
    int64_t first = p.at - (p.taps - 1) * p.atStep;
    int64_t last = p.at + p.count - 1;
    int64_t from = std::clamp<int64_t>(first, 0, size);
    int64_t to = std::clamp<int64_t>(last + 1, from, size);
    offsets.push_back(from);
    sizes.push_back(to - from);
    low.push_back(std::max<int64_t>(
        0, std::min(from, std::max(first, last + 1)) - first));
    high.push_back(last + 1 - first - low.back() - (to - from));
  }
  x = c.slice(x, offsets, sizes);
  x = c.pad(x, low, high, scalarAttr(elementOf(x), 0));
  Value kernel = phaseKernel(c, w, phases);
  AffineExpr channel = c.dim(lead + r);
  SmallVector<AffineExpr> xs{c.dim(0)}, ws;
  Shape shape{shapeOf(x)[0]};
  if (grouped) {
    xs.push_back(c.dim(1));
    ws.push_back(c.dim(1));
    shape.push_back(shapeOf(x)[1]);
  }
  shape.push_back(shapeOf(w)[lead - 1]);
  xs.push_back(channel);
  ws.append({channel, c.dim(lead - 1)});
  for (auto [i, p] : llvm::enumerate(phases)) {
    xs.push_back(c.dim(lead + i) + c.dim(lead + r + 1 + i) * p.atStep);
    ws.push_back(c.dim(lead + r + 1 + i));
    shape.push_back(p.count);
  }
  return c.contract({x, c.map(count, xs)}, {kernel, c.map(count, ws)}, shape,
                    c.identity(count).getMajorSubMap(lead + r),
                    loops(lead + r, 1 + r));
}

static Value convolveByPhases(NodeContext &c, Value x, Value w,
                              const Transposed &g, int64_t group) {
  bool grouped = group != 1;
  if (grouped)
    std::tie(x, w) = splitGroups(c, x, w, group);
  unsigned lead = grouped ? 3 : 2;
  Shape shape{shapeOf(x)[0]};
  if (grouped)
    shape.push_back(group);
  shape.push_back(shapeOf(w)[lead - 1]);
  shape.append(g.output);
  int64_t numPhases = product(g.strides);
  Value y;
  for (int64_t index = 0; index < numPhases; ++index) {
    SmallVector<Phase> phases;
    int64_t rest = index;
    Shape offsets(lead, 0), strides(lead, 1);
    bool isEmpty = false, hasTaps = true;
    for (size_t d = 0; d < g.rank(); ++d) {
      phases.push_back(makePhase(g, d, rest % g.strides[d]));
      rest /= g.strides[d];
      isEmpty |= phases.back().count == 0;
      hasTaps &= phases.back().taps != 0;
      offsets.push_back(phases.back().first);
      strides.push_back(g.strides[d]);
    }
    if (numPhases == 1 && hasTaps) {
      y = convolvePhase(c, x, w, phases, grouped);
      break;
    }
    if (!y)
      y = c.filled(shape, elementOf(x), 0.0);
    if (!isEmpty && hasTaps)
      y = c.insertSlice(convolvePhase(c, x, w, phases, grouped), y, offsets,
                        strides);
  }
  Shape result{shape[0], shape[lead - 1] * group};
  result.append(g.output);
  return c.reshape(y, result);
}

static LogicalResult lowerConvTranspose(ConvTransposeOp op, NodeContext &c) {
  FailureOr<Transposed> g = makeTransposed(op, c);
  if (failed(g))
    return failure();
  Value x = c.get(op.getX()), w = c.get(op.getW());
  bool isDisjoint = true;
  for (size_t d = 0; d < g->rank(); ++d)
    isDisjoint &= g->kernel[d] == g->strides[d] && g->dilations[d] == 1 &&
                  g->low[d] == 0 && g->output[d] == g->input[d] * g->strides[d];
  Value y = isDisjoint ? convolveDisjoint(c, x, w, *g, op.getGroup())
                       : convolveByPhases(c, x, w, *g, op.getGroup());
  if (c.isPresent(op.getB()))
    y = c.addAlong(y, c.get(op.getB()), 1);
  c.set(op.getY(), y);
  return success();
}

void populateConvTransposeLowering(LoweringTable &table) {
  table.add<ConvTransposeOp>(lowerConvTranspose);
}

} // namespace aicc::onnx
