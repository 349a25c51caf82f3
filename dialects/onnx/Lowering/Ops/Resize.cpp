//===- Resize.cpp - Resize
//-------------------------------------------------===//
//
// Where each output reads from is known at compile time, for each axis apart:
// a list of source indices for `nearest`, a list of taps with weights for
// `linear` and `cubic`.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include <cmath>

using namespace mlir;

namespace aicc::onnx {

namespace {

/// One axis that is resized.
struct ResizeAxis {
  int64_t axis, in, out;
  double scale;                    ///< Output size over input size.
  double roiStart = 0, roiEnd = 1; ///< For tf_crop_and_resize.
};

struct ResizeModes {
  StringRef mode, coordinates, nearest;
  double cubicA = -0.75;
  bool antialias = false, excludeOutside = false;
};

/// The taps of each output along one axis, `count` of them each.
struct Taps {
  int64_t count = 0;
  SmallVector<int64_t> indices; ///< [out * count], within the input.
  SmallVector<double> weights;
};

} // namespace

/// The position in the input that output `x` looks at.
static double sourcePosition(const ResizeAxis &a, StringRef mode, double x) {
  // The output's size before rounding, as in ONNX's reference.
  double in = double(a.in), out = a.scale * in;
  if (mode == "asymmetric")
    return x / a.scale;
  if (mode == "align_corners")
    return a.out == 1 ? 0 : x * (in - 1) / (out - 1);
  if (mode == "pytorch_half_pixel")
    return a.out == 1 ? -0.5 : (x + 0.5) / a.scale - 0.5;
  if (mode == "tf_half_pixel_for_nn")
    return (x + 0.5) / a.scale;
  if (mode == "tf_crop_and_resize")
    return a.out > 1 ? a.roiStart * (in - 1) +
                           x * (a.roiEnd - a.roiStart) * (in - 1) / (out - 1)
                     : 0.5 * (a.roiStart + a.roiEnd) * (in - 1);
  double position = (x + 0.5) / a.scale - 0.5;
  if (mode != "half_pixel_symmetric")
    return position;
  // The output is centred on the input where its size was rounded.
  double center = in / 2, adjustment = double(a.out) / out;
  return center * (1 - adjustment) + position;
}

//===----------------------------------------------------------------------===//
// Nearest
//===----------------------------------------------------------------------===//

static int64_t nearestIndex(double x, StringRef mode) {
  if (mode == "floor")
    return int64_t(std::floor(x));
  if (mode == "ceil")
    return int64_t(std::ceil(x));
  if (mode == "round_prefer_ceil")
    return int64_t(std::floor(x + 0.5));
  return int64_t(std::ceil(x - 0.5)); // round_prefer_floor
}

static Shape nearestIndices(const ResizeAxis &a, const ResizeModes &modes) {
  Shape indices;
  for (int64_t o = 0; o < a.out; ++o) {
    double x = sourcePosition(a, modes.coordinates, double(o));
    indices.push_back(
        std::clamp<int64_t>(nearestIndex(x, modes.nearest), 0, a.in - 1));
  }
  return indices;
}

/// How often each input is repeated, if all are, equally often and in order.
static std::optional<int64_t> repetition(ArrayRef<int64_t> indices,
                                         int64_t in) {
  int64_t times = int64_t(indices.size()) / in;
  if (times * in != int64_t(indices.size()))
    return std::nullopt;
  for (auto [o, index] : llvm::enumerate(indices))
    if (index != int64_t(o) / times)
      return std::nullopt;
  return times;
}

/// The step between indices, if it is always the same.
static std::optional<int64_t> evenStep(ArrayRef<int64_t> indices) {
  int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  for (size_t o = 1; o < indices.size(); ++o)
    if (indices[o] - indices[o - 1] != step)
      return std::nullopt;
  return step;
}

/// One copy for all axes. An axis that repeats becomes (input, repeat), which
/// is merged at the end; an evenly spaced one a slice; only what is left reads
/// through a list of indices.
static Value resizeNearest(NodeContext &c, Value x, ArrayRef<ResizeAxis> axes,
                           const ResizeModes &modes) {
  unsigned rank = rankOf(x);
  SmallVector<Shape> lists(rank);
  for (const ResizeAxis &a : axes)
    lists[a.axis] = nearestIndices(a, modes);
  Shape wide, result, offsets(rank, 0), sizes(shapeOf(x)), strides(rank, 1);
  SmallVector<bool> isListed(rank, false);
  SmallVector<unsigned> loopOf(rank);
  for (unsigned d = 0; d < rank; ++d) {
    int64_t in = shapeOf(x)[d];
    int64_t out = lists[d].empty() ? in : int64_t(lists[d].size());
    loopOf[d] = wide.size();
    result.push_back(out);
    if (lists[d].empty()) {
      wide.push_back(in);
    } else if (auto times = repetition(lists[d], in)) {
      wide.push_back(in);
      if (*times > 1)
        wide.push_back(*times);
    } else {
      auto step = evenStep(lists[d]);
      if (step && *step > 0) {
        offsets[d] = lists[d].front();
        sizes[d] = out;
        strides[d] = *step;
      } else {
        isListed[d] = true;
      }
      wide.push_back(out);
    }
  }
  x = c.slice(x, offsets, sizes, strides);
  unsigned loops = wide.size();
  bool anyListed = llvm::is_contained(isListed, true);
  SmallVector<Indexed> inputs;
  SmallVector<AffineExpr> exprs;
  for (unsigned d = 0; d < rank; ++d) {
    exprs.push_back(c.dim(loopOf[d]));
    if (isListed[d])
      inputs.push_back({c.constantIntegers({int64_t(lists[d].size())},
                                           c.b.getI32Type(), lists[d]),
                        c.map(loops, c.dim(loopOf[d]))});
  }
  if (!anyListed)
    inputs.push_back({x, c.map(loops, exprs)});
  Value y = c.gather(
      inputs, wide, elementOf(x), [&](ScalarBuilder &s, ValueRange v) -> Value {
        if (!anyListed)
          return v[0];
        SmallVector<Value> at;
        unsigned next = 0;
        for (unsigned d = 0; d < rank; ++d)
          at.push_back(isListed[d] ? s.op<arith::IndexCastOp>(
                                         s.b.getIndexType(), v[next++])
                                   : s.op<linalg::IndexOp>(loopOf[d]));
        return s.op<tensor::ExtractOp>(x, at);
      });
  return c.reshape(y, result);
}

//===----------------------------------------------------------------------===//
// Linear and cubic
//===----------------------------------------------------------------------===//

/// The weight of a tap at distance x.
static double kernelWeight(double x, bool cubic, double a) {
  x = std::fabs(x);
  if (!cubic)
    return std::max(0.0, 1 - x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

/// As ONNX's reference defines them, antialiasing included: when shrinking, the
/// kernel is stretched over the inputs that one output stands for.
static Taps makeTaps(const ResizeAxis &a, const ResizeModes &modes) {
  bool cubic = modes.mode == "cubic";
  int64_t radius = cubic ? 2 : 1;
  double stretch = modes.antialias ? std::min(a.scale, 1.0) : 1.0;
  int64_t start = int64_t(std::floor(-double(radius) / stretch)) + 1;
  Taps taps;
  taps.count = 2 - 2 * start;
  for (int64_t o = 0; o < a.out; ++o) {
    double x = sourcePosition(a, modes.coordinates, double(o));
    double base = std::floor(x), sum = 0;
    SmallVector<double> weights;
    for (int64_t k = 0; k < taps.count; ++k) {
      int64_t at = int64_t(base) + start + k;
      double w = kernelWeight((double(at) - x) * stretch, cubic, modes.cubicA);
      if (modes.excludeOutside && (at < 0 || at >= a.in))
        w = 0;
      sum += w;
      weights.push_back(w);
      taps.indices.push_back(std::clamp<int64_t>(at, 0, a.in - 1));
    }
    for (double w : weights)
      taps.weights.push_back(sum != 0 ? w / sum : w);
  }
  return taps;
}

/// A pass along one axis: for each tap, an index and a weight that depend on
/// the position along the axis only.
static Value interpolate(NodeContext &c, Value x, const ResizeAxis &a,
                         const Taps &taps) {
  unsigned rank = rankOf(x);
  Shape shape(shapeOf(x));
  shape[a.axis] = a.out;
  Type type = c.computeType(elementOf(x));
  Value indices =
      c.constantIntegers({a.out, taps.count}, c.b.getI32Type(), taps.indices);
  Value weights = c.constantNumbers({a.out, taps.count}, type, taps.weights);
  SmallVector<Indexed> inputs;
  for (Value table : {indices, weights})
    for (int64_t k = 0; k < taps.count; ++k)
      inputs.push_back({table, c.map(rank, {c.dim(a.axis), c.cst(k)})});
  return c.gather(inputs, shape, type, [&](ScalarBuilder &s, ValueRange v) {
    Value sum;
    for (int64_t k = 0; k < taps.count; ++k) {
      SmallVector<Value> at;
      for (unsigned d = 0; d < rank; ++d)
        at.push_back(int64_t(d) == a.axis
                         ? s.op<arith::IndexCastOp>(s.b.getIndexType(), v[k])
                         : s.op<linalg::IndexOp>(d));
      Value e = s.cast(s.op<tensor::ExtractOp>(x, at), false, type, false);
      Value term = s.mul(e, v[taps.count + k]);
      sum = sum ? s.add(sum, term) : term;
    }
    return sum;
  });
}

/// Positions outside of the input get a value of their own.
static Value extrapolate(NodeContext &c, Value y, ArrayRef<ResizeAxis> axes,
                         const ResizeModes &modes, double value) {
  SmallVector<Indexed> inputs{{y, c.identity(rankOf(y))}};
  for (const ResizeAxis &a : axes) {
    SmallVector<int64_t> outside;
    for (int64_t o = 0; o < a.out; ++o) {
      double x = sourcePosition(a, modes.coordinates, double(o));
      outside.push_back(x < 0 || x > double(a.in - 1));
    }
    inputs.push_back({c.constantIntegers({a.out}, c.b.getI1Type(), outside),
                      c.map(rankOf(y), c.dim(a.axis))});
  }
  return c.gather(
      inputs, shapeOf(y), elementOf(y), [&](ScalarBuilder &s, ValueRange v) {
        Value result = v[0];
        for (Value outside : v.drop_front())
          result = s.select(outside, s.number(elementOf(y), value), result);
        return result;
      });
}

//===----------------------------------------------------------------------===//
// The operators
//===----------------------------------------------------------------------===//

static LogicalResult resize(NodeContext &c, Value x, bool isUnsigned,
                            Value result, ArrayRef<ResizeAxis> axes,
                            const ResizeModes &modes, double extrapolation) {
  Type element = elementOf(x);
  Value y = x;
  if (modes.mode == "nearest") {
    y = resizeNearest(c, x, axes, modes);
  } else if (modes.mode == "linear" || modes.mode == "cubic") {
    if (!isa<FloatType>(element))
      y = c.convert(y, c.b.getF32Type(), isUnsigned);
    for (const ResizeAxis &a : axes) {
      Taps taps = makeTaps(a, modes);
      if (taps.count > 64)
        return c.unsupported("it takes more than 64 taps");
      y = interpolate(c, y, a, taps);
    }
  } else {
    return c.unsupported("mode '" + modes.mode + "' is unknown");
  }
  if (modes.coordinates == "tf_crop_and_resize")
    y = extrapolate(c, y, axes, modes, extrapolation);
  c.set(result, c.convert(y, element, isUnsigned, isUnsigned));
  return success();
}

/// The scale of each axis that changes: as given, or from the sizes under the
/// node's policy about aspect ratios.
static LogicalResult readScales(ResizeOp op, NodeContext &c,
                                SmallVectorImpl<ResizeAxis> &axes) {
  if (c.isPresent(op.getScales())) {
    auto scales = c.numbers(op.getScales(), "scales");
    if (failed(scales))
      return failure();
    if (scales->size() == axes.size()) {
      for (auto [a, scale] : llvm::zip(axes, *scales))
        a.scale = scale;
      return success();
    }
    if (!scales->empty())
      return c.unsupported("scales do not fit the axes");
  }
  StringRef policy = op.getKeepAspectRatioPolicy();
  if (policy == "stretch" || !c.isPresent(op.getSizes()))
    return success();
  auto sizes = c.numbers(op.getSizes(), "sizes");
  if (failed(sizes))
    return failure();
  if (sizes->size() != axes.size() || axes.empty())
    return c.unsupported("sizes do not fit the axes");
  double common = 0;
  for (auto [i, a] : llvm::enumerate(axes)) {
    double scale = (*sizes)[i] / double(a.in);
    bool take =
        i == 0 || (policy == "not_larger" ? scale < common : scale > common);
    common = take ? scale : common;
  }
  for (ResizeAxis &a : axes)
    a.scale = common;
  return success();
}

static LogicalResult lowerResize(ResizeOp op, NodeContext &c) {
  Value x = c.get(op.getX());
  ArrayRef<int64_t> out = c.shapeOfResult(op.getY());
  int64_t rank = rankOf(x);
  Shape numbers(op.getAxes().value_or(ArrayRef<int64_t>()));
  if (numbers.empty())
    for (int64_t i = 0; i < rank; ++i)
      numbers.push_back(i);
  SmallVector<ResizeAxis> axes;
  for (int64_t axis : numbers) {
    if (!normalizeAxis(axis, rank))
      return c.unsupported("an axis is out of range");
    int64_t in = shapeOf(x)[axis];
    if (in < 1 || out[axis] < 1)
      return c.unsupported("an axis is empty");
    axes.push_back({axis, in, out[axis], double(out[axis]) / double(in)});
  }
  if (failed(readScales(op, c, axes)))
    return failure();
  ResizeModes modes{
      op.getMode(),           op.getCoordinateTransformationMode(),
      op.getNearestMode(),    op.getCubicCoeffA().convertToDouble(),
      op.getAntialias() != 0, op.getExcludeOutside() != 0};
  if (modes.coordinates == "tf_crop_and_resize") {
    auto roi = c.numbers(op.getRoi(), "roi");
    if (failed(roi))
      return failure();
    if (roi->size() != 2 * axes.size())
      return c.unsupported("roi does not fit the axes");
    for (auto [i, a] : llvm::enumerate(axes)) {
      a.roiStart = (*roi)[i];
      a.roiEnd = (*roi)[axes.size() + i];
    }
  }
  // Axes that stay as they are need no pass.
  llvm::erase_if(axes, [&](const ResizeAxis &a) {
    return a.in == a.out && a.scale == 1 &&
           modes.coordinates != "tf_crop_and_resize";
  });
  bool isUnsigned =
      isUnsignedElement(getElementTypeOrSelf(op.getX().getType()));
  return resize(c, x, isUnsigned, op.getY(), axes, modes,
                op.getExtrapolationValue().convertToDouble());
}

void populateResizeLowering(LoweringTable &table) {
  table.add<ResizeOp>(lowerResize);
}

} // namespace aicc::onnx
