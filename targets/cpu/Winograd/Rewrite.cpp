//===- Rewrite.cpp - A convolution by minimal filtering -------------------===//

#include "targets/cpu/Winograd/Layer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc::cpu;

namespace {
/// Builds the three operations of one layer, for some rows of tiles after the
/// other. Tiles are numbered by row and column; loops are (n, tile row, tile
/// column, channel).
class Rewriter {
public:
  Rewriter(OpBuilder &b, const WinogradLayer &layer,
           const MinimalFilter &filter, int64_t stripeRows)
      : b(b), loc(linalg::GenericOp(layer.conv).getLoc()), layer(layer),
        filter(filter), m(filter.results()), n(filter.size()),
        batch(layer.resultShape()[0]), outputs(layer.resultShape()[1]),
        height(layer.resultShape()[2]), width(layer.resultShape()[3]),
        tileRows(llvm::divideCeil(height, m)),
        tileColumns(llvm::divideCeil(width, m)),
        stripeRows(stripeRows > 0 ? std::min(stripeRows, tileRows) : tileRows) {
  }

  Value build(ElementsAttr weights);

private:
  using Body = function_ref<SmallVector<Value>(ValueRange)>;

  /// Rows of tiles that go through the three operations together.
  struct Stripe {
    int64_t first = 0, rows = 0;
  };

  Value paddedImage();
  Value transformImage(Value image, const Stripe &stripe);
  Value multiply(Value matrices, Value weights, const Stripe &stripe);
  Value finish(Value products, Value image, const Stripe &stripe);
  SmallVector<Value> transform(ValueRange tile, bool isInput);
  SmallVector<Value> parts(ArrayRef<Value> inputs, ArrayRef<AffineMap> maps,
                           RankedTensorType type, AffineMap resultMap,
                           int64_t results, Body body);
  Value slice(Value tensor, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes);
  Value rowsOf(Value tensor, unsigned along, int64_t begin, int64_t size);
  Value pixelsOf(Value input, AffineMap map, AffineMap result,
                 const Stripe &stripe);
  void addInputsOfRest(SmallVectorImpl<Value> &inputs,
                       SmallVectorImpl<AffineMap> &maps, const Stripe &stripe);
  Value applyRest(ValueRange arguments, unsigned &next, Value value);
  AffineMap pixelMap(AffineMap map, AffineMap result, int64_t part);

  AffineExpr dim(unsigned i) { return b.getAffineDimExpr(i); }
  AffineMap map(unsigned loops, ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(loops, 0, exprs, b.getContext());
  }
  Value empty(RankedTensorType type) {
    return tensor::EmptyOp::create(b, loc, type.getShape(),
                                   type.getElementType());
  }
  Value insert(Value part, Value into, ArrayRef<int64_t> offsets,
               ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
    return tensor::InsertSliceOp::create(
        b, loc, part, into, getAsIndexOpFoldResult(b.getContext(), offsets),
        getAsIndexOpFoldResult(b.getContext(), sizes),
        getAsIndexOpFoldResult(b.getContext(), strides));
  }

  OpBuilder &b;
  Location loc;
  const WinogradLayer &layer;
  const MinimalFilter &filter;
  int64_t m, n, batch, outputs, height, width, tileRows, tileColumns,
      stripeRows;
};
} // namespace

/// The image with what the last tiles read beyond it, which no result that is
/// kept depends on.
Value Rewriter::paddedImage() {
  Value image = layer.image();
  int64_t below = tileRows * m - height, right = tileColumns * m - width;
  if (below == 0 && right == 0)
    return image;
  SmallVector<int64_t> low(4, 0), high{0, 0, below, right};
  auto pad = image.getDefiningOp<tensor::PadOp>();
  Value zero = pad ? pad.getConstantPaddingValue() : Value();
  if (zero && zero.getParentRegion() != &pad.getRegion() &&
      pad.getLow().empty() && pad.getHigh().empty()) {
    image = pad.getSource();
    low.assign(pad.getStaticLow().begin(), pad.getStaticLow().end());
    for (auto [size, more] : llvm::zip(high, pad.getStaticHigh()))
      size += more;
  } else {
    zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  }
  SmallVector<int64_t> shape(WinogradLayer::typeOf(image).getShape());
  for (auto [size, before, after] : llvm::zip(shape, low, high))
    size += before + after;
  return tensor::PadOp::create(
      b, loc, RankedTensorType::get(shape, zero.getType()), image,
      getAsIndexOpFoldResult(b.getContext(), low),
      getAsIndexOpFoldResult(b.getContext(), high), zero);
}

/// Rows, then columns.
SmallVector<Value> Rewriter::transform(ValueRange tile, bool isInput) {
  auto once = [&](ValueRange values) {
    return isInput ? filter.input(b, loc, values)
                   : filter.output(b, loc, values);
  };
  SmallVector<SmallVector<Value>> columns;
  for (int64_t j = 0; j < n; ++j) {
    SmallVector<Value> column;
    for (int64_t i = 0; i < n; ++i)
      column.push_back(tile[i * n + j]);
    columns.push_back(once(column));
  }
  SmallVector<Value> values;
  for (size_t i = 0; i < columns.front().size(); ++i) {
    SmallVector<Value> row;
    for (const SmallVector<Value> &column : columns)
      row.push_back(column[i]);
    values.append(once(row));
  }
  return values;
}

/// An operation over (n, tile row, tile column, channel) with `results`
/// results of one type.
SmallVector<Value> Rewriter::parts(ArrayRef<Value> inputs,
                                   ArrayRef<AffineMap> maps,
                                   RankedTensorType type, AffineMap resultMap,
                                   int64_t results, Body body) {
  SmallVector<AffineMap> allMaps(maps);
  allMaps.append(results, resultMap);
  Value init = empty(type);
  auto op = linalg::GenericOp::create(
      b, loc, SmallVector<Type>(results, type), inputs,
      SmallVector<Value>(results, init), allMaps,
      SmallVector<utils::IteratorType>(4, utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location, ValueRange arguments) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(),
                            nested.getInsertionPoint());
        SmallVector<Value> values = body(arguments);
        linalg::YieldOp::create(b, loc, values);
      });
  return llvm::to_vector(
      llvm::map_range(op.getResults(), [](OpResult r) { return Value(r); }));
}

/// n^2 x batch x tile rows x tile columns x channels: the tiles' elements,
/// transformed.
Value Rewriter::transformImage(Value image, const Stripe &stripe) {
  image = rowsOf(image, 2, stripe.first * m, stripe.rows * m + n - m);
  int64_t channels = layer.channels();
  Type element = WinogradLayer::typeOf(image).getElementType();
  SmallVector<AffineMap> maps;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      maps.push_back(map(4, {dim(0), dim(3), dim(1) * m + i, dim(2) * m + j}));
  SmallVector<int64_t> part{batch, stripe.rows, tileColumns, channels};
  SmallVector<Value> values =
      parts(SmallVector<Value>(n * n, image), maps,
            RankedTensorType::get(part, element), b.getMultiDimIdentityMap(4),
            n * n, [&](ValueRange arguments) {
              return transform(arguments.take_front(n * n), /*isInput=*/true);
            });
  SmallVector<int64_t> shape{n * n}, sizes{1}, ones(5, 1);
  shape.append(part);
  sizes.append(part);
  Value matrices = empty(RankedTensorType::get(shape, element));
  for (auto [i, value] : llvm::enumerate(values))
    matrices = insert(value, matrices, {int64_t(i), 0, 0, 0, 0}, sizes, ones);
  return matrices;
}

/// A product of matrices for each of the n^2 elements of a tile.
Value Rewriter::multiply(Value matrices, Value weights, const Stripe &stripe) {
  Type element = WinogradLayer::typeOf(matrices).getElementType();
  auto type = RankedTensorType::get(
      {n * n, batch, stripe.rows, tileColumns, outputs}, element);
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  Value init = linalg::FillOp::create(b, loc, zero, empty(type)).getResult(0);
  SmallVector<AffineMap> maps{map(6, {dim(0), dim(1), dim(2), dim(3), dim(5)}),
                              map(6, {dim(0), dim(5), dim(4)}),
                              map(6, {dim(0), dim(1), dim(2), dim(3), dim(4)})};
  SmallVector<utils::IteratorType> loops(5, utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             b, loc, type, ValueRange{matrices, weights}, init, maps, loops,
             [](OpBuilder &nested, Location at, ValueRange arguments) {
               Value product = arith::MulFOp::create(nested, at, arguments[0],
                                                     arguments[1]);
               Value sum =
                   arith::AddFOp::create(nested, at, arguments[2], product);
               linalg::YieldOp::create(nested, at, sum);
             })
      .getResult(0);
}

/// `map` over the loops of an operation whose result lies at `result`, for
/// part `part` of the tiles, over (n, tile row, tile column, channel).
AffineMap Rewriter::pixelMap(AffineMap map, AffineMap result, int64_t part) {
  SmallVector<AffineExpr> pixel{dim(0), dim(3), dim(1) * m + part / m,
                                dim(2) * m + part % m};
  SmallVector<AffineExpr> loops(map.getNumDims());
  for (auto [expr, value] : llvm::zip(result.getResults(), pixel))
    loops[cast<AffineDimExpr>(expr).getPosition()] = value;
  return map.replaceDimsAndSymbols(loops, {}, 4, 0);
}

Value Rewriter::slice(Value tensor, ArrayRef<int64_t> offsets,
                      ArrayRef<int64_t> sizes) {
  RankedTensorType type = WinogradLayer::typeOf(tensor);
  if (type.getShape() == sizes)
    return tensor;
  SmallVector<int64_t> ones(sizes.size(), 1);
  return tensor::ExtractSliceOp::create(
      b, loc, RankedTensorType::get(sizes, type.getElementType()), tensor,
      getAsIndexOpFoldResult(b.getContext(), offsets),
      getAsIndexOpFoldResult(b.getContext(), sizes),
      getAsIndexOpFoldResult(b.getContext(), ones));
}

/// [begin, begin + size) along one dimension.
Value Rewriter::rowsOf(Value tensor, unsigned along, int64_t begin,
                       int64_t size) {
  SmallVector<int64_t> sizes(WinogradLayer::typeOf(tensor).getShape());
  SmallVector<int64_t> offsets(sizes.size(), 0);
  offsets[along] = begin;
  sizes[along] = size;
  return slice(tensor, offsets, sizes);
}

/// What an operation of the rest reads of `input` for a stripe: the rows of its
/// pixels, if it has such.
Value Rewriter::pixelsOf(Value input, AffineMap map, AffineMap result,
                         const Stripe &stripe) {
  for (auto [along, expr] : llvm::enumerate(map.getResults()))
    if (expr == result.getResult(2))
      input = rowsOf(input, along, stripe.first * m, stripe.rows * m);
  return input;
}

/// What the rest of the layer reads besides, for one part after the other.
void Rewriter::addInputsOfRest(SmallVectorImpl<Value> &inputs,
                               SmallVectorImpl<AffineMap> &maps,
                               const Stripe &stripe) {
  llvm::SmallDenseMap<OpOperand *, Value> pixels;
  for (int64_t part = 0; part < m * m; ++part) {
    Value before = linalg::GenericOp(layer.conv)->getResult(0);
    for (linalg::GenericOp op : layer.rest) {
      for (OpOperand *input : op.getDpsInputOperands()) {
        if (input->get() == before)
          continue;
        AffineMap map = op.getMatchingIndexingMap(input);
        AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
        auto [known, isNew] = pixels.try_emplace(input);
        if (isNew)
          known->second = pixelsOf(input->get(), map, result, stripe);
        inputs.push_back(known->second);
        maps.push_back(pixelMap(map, result, part));
      }
      before = op->getResult(0);
    }
  }
}

/// The rest of the layer on one result of a tile.
Value Rewriter::applyRest(ValueRange arguments, unsigned &next, Value value) {
  Value before = linalg::GenericOp(layer.conv)->getResult(0);
  for (linalg::GenericOp op : layer.rest) {
    IRMapping mapping;
    for (OpOperand *input : op.getDpsInputOperands())
      mapping.map(op.getMatchingBlockArgument(input),
                  input->get() == before ? value : arguments[next++]);
    for (Operation &nested : op.getRegion().front().without_terminator())
      b.clone(nested, mapping);
    value = mapping.lookupOrDefault(
        op.getRegion().front().getTerminator()->getOperand(0));
    before = op->getResult(0);
  }
  return value;
}

/// `image` with the results of a stripe in their places.
Value Rewriter::finish(Value products, Value image, const Stripe &stripe) {
  SmallVector<Value> inputs(n * n, products);
  SmallVector<AffineMap> maps;
  for (int64_t i = 0; i < n * n; ++i)
    maps.push_back(
        map(4, {b.getAffineConstantExpr(i), dim(0), dim(1), dim(2), dim(3)}));
  addInputsOfRest(inputs, maps, stripe);
  Type element = WinogradLayer::typeOf(image).getElementType();
  SmallVector<int64_t> part{batch, outputs, stripe.rows, tileColumns};
  SmallVector<Value> values =
      parts(inputs, maps, RankedTensorType::get(part, element),
            map(4, {dim(0), dim(3), dim(1), dim(2)}), m * m,
            [&](ValueRange arguments) {
              SmallVector<Value> results =
                  transform(arguments.take_front(n * n), /*isInput=*/false);
              unsigned next = n * n;
              for (Value &result : results)
                result = applyRest(arguments, next, result);
              return results;
            });
  for (auto [i, value] : llvm::enumerate(values))
    image = insert(value, image,
                   {0, 0, stripe.first * m + int64_t(i) / m, int64_t(i) % m},
                   part, {1, 1, m, m});
  return image;
}

Value Rewriter::build(ElementsAttr weights) {
  Value constant = arith::ConstantOp::create(b, loc, cast<TypedAttr>(weights));
  Value image = paddedImage();
  Type element =
      WinogradLayer::typeOf(layer.last()->getResult(0)).getElementType();
  Value result = empty(RankedTensorType::get(
      {batch, outputs, tileRows * m, tileColumns * m}, element));
  for (int64_t first = 0; first < tileRows; first += stripeRows) {
    Stripe stripe{first, std::min(stripeRows, tileRows - first)};
    Value matrices = transformImage(image, stripe);
    result = finish(multiply(matrices, constant, stripe), result, stripe);
  }
  // Without what the last tiles have beyond it.
  return slice(result, {0, 0, 0, 0}, {batch, outputs, height, width});
}

void aicc::cpu::replaceByWinograd(const WinogradLayer &layer,
                                  const MinimalFilter &filter,
                                  int64_t stripeRows, ElementsAttr weights) {
  linalg::GenericOp last = layer.last();
  OpBuilder builder(last);
  Value result = Rewriter(builder, layer, filter, stripeRows).build(weights);
  last->getResult(0).replaceAllUsesWith(result);
  for (linalg::GenericOp op : llvm::reverse(layer.rest))
    op.erase();
  auto pad = layer.image().getDefiningOp<tensor::PadOp>();
  linalg::GenericOp(layer.conv).erase();
  if (pad && pad->use_empty())
    pad.erase();
}
