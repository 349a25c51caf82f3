//===- Rewrite.cpp - A convolution by minimal filtering -------------------===//

#include "targets/cpu/Winograd/Layer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc::cpu;

namespace {
/// Builds the three operations of one layer. Tiles are numbered by row and
/// column; loops are (n, tile row, tile column, channel).
class Rewriter {
public:
  Rewriter(OpBuilder &b, const WinogradLayer &layer,
           const MinimalFilter &filter)
      : b(b), loc(linalg::GenericOp(layer.conv).getLoc()), layer(layer),
        filter(filter), m(filter.results()), n(filter.size()),
        batch(layer.resultShape()[0]), outputs(layer.resultShape()[1]),
        height(layer.resultShape()[2]), width(layer.resultShape()[3]),
        tileRows(llvm::divideCeil(height, m)),
        tileColumns(llvm::divideCeil(width, m)) {}

  Value build(ElementsAttr weights);

private:
  using Body = function_ref<SmallVector<Value>(ValueRange)>;

  Value paddedImage();
  Value transformImage(Value image);
  Value multiply(Value matrices, Value weights);
  Value finish(Value products);
  SmallVector<Value> transform(ValueRange tile, bool isInput);
  SmallVector<Value> parts(ArrayRef<Value> inputs, ArrayRef<AffineMap> maps,
                           RankedTensorType type, AffineMap resultMap,
                           int64_t results, Body body);
  void addInputsOfRest(SmallVectorImpl<Value> &inputs,
                       SmallVectorImpl<AffineMap> &maps);
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
  int64_t m, n, batch, outputs, height, width, tileRows, tileColumns;
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
Value Rewriter::transformImage(Value image) {
  int64_t channels = layer.channels();
  Type element = WinogradLayer::typeOf(image).getElementType();
  SmallVector<AffineMap> maps;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      maps.push_back(map(4, {dim(0), dim(3), dim(1) * m + i, dim(2) * m + j}));
  SmallVector<int64_t> part{batch, tileRows, tileColumns, channels};
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
Value Rewriter::multiply(Value matrices, Value weights) {
  Type element = WinogradLayer::typeOf(matrices).getElementType();
  auto type = RankedTensorType::get(
      {n * n, batch, tileRows, tileColumns, outputs}, element);
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

/// What the rest of the layer reads besides, for one part after the other.
void Rewriter::addInputsOfRest(SmallVectorImpl<Value> &inputs,
                               SmallVectorImpl<AffineMap> &maps) {
  for (int64_t part = 0; part < m * m; ++part) {
    Value before = linalg::GenericOp(layer.conv)->getResult(0);
    for (linalg::GenericOp op : layer.rest) {
      for (OpOperand *input : op.getDpsInputOperands()) {
        if (input->get() == before)
          continue;
        inputs.push_back(input->get());
        maps.push_back(
            pixelMap(op.getMatchingIndexingMap(input),
                     op.getMatchingIndexingMap(op.getDpsInitOperand(0)), part));
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

/// The results, in their places.
Value Rewriter::finish(Value products) {
  SmallVector<Value> inputs(n * n, products);
  SmallVector<AffineMap> maps;
  for (int64_t i = 0; i < n * n; ++i)
    maps.push_back(
        map(4, {b.getAffineConstantExpr(i), dim(0), dim(1), dim(2), dim(3)}));
  addInputsOfRest(inputs, maps);
  Type element =
      WinogradLayer::typeOf(layer.last()->getResult(0)).getElementType();
  SmallVector<int64_t> part{batch, outputs, tileRows, tileColumns};
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
  SmallVector<int64_t> whole{batch, outputs, tileRows * m, tileColumns * m};
  Value image = empty(RankedTensorType::get(whole, element));
  for (auto [i, value] : llvm::enumerate(values))
    image = insert(value, image, {0, 0, int64_t(i) / m, int64_t(i) % m}, part,
                   {1, 1, m, m});
  if (whole[2] == height && whole[3] == width)
    return image;
  SmallVector<int64_t> zeros(4, 0), sizes{batch, outputs, height, width},
      ones(4, 1);
  return tensor::ExtractSliceOp::create(
      b, loc, RankedTensorType::get(sizes, element), image,
      getAsIndexOpFoldResult(b.getContext(), zeros),
      getAsIndexOpFoldResult(b.getContext(), sizes),
      getAsIndexOpFoldResult(b.getContext(), ones));
}

Value Rewriter::build(ElementsAttr weights) {
  Value constant = arith::ConstantOp::create(b, loc, cast<TypedAttr>(weights));
  return finish(multiply(transformImage(paddedImage()), constant));
}

void aicc::cpu::replaceByWinograd(const WinogradLayer &layer,
                                  const MinimalFilter &filter,
                                  ElementsAttr weights) {
  linalg::GenericOp last = layer.last();
  OpBuilder builder(last);
  Value result = Rewriter(builder, layer, filter).build(weights);
  last->getResult(0).replaceAllUsesWith(result);
  for (linalg::GenericOp op : llvm::reverse(layer.rest))
    op.erase();
  auto pad = layer.image().getDefiningOp<tensor::PadOp>();
  linalg::GenericOp(layer.conv).erase();
  if (pad && pad->use_empty())
    pad.erase();
}
