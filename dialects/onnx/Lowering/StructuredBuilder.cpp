//===- StructuredBuilder.cpp - Building the structured stage --------------===//

#include "dialects/onnx/Lowering/StructuredBuilder.h"

#include "dialects/onnx/Lowering/Constants.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace aicc::onnx {

std::optional<Shape> broadcastShapes(ArrayRef<int64_t> x, ArrayRef<int64_t> y) {
  size_t rank = std::max(x.size(), y.size());
  Shape shape(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t p = i < rank - x.size() ? 1 : x[i - (rank - x.size())];
    int64_t q = i < rank - y.size() ? 1 : y[i - (rank - y.size())];
    if (p != q && p != 1 && q != 1)
      return std::nullopt;
    shape[i] = p == 1 ? q : p;
  }
  return shape;
}

Iterators loops(unsigned parallel, unsigned reduction) {
  Iterators result(parallel, utils::IteratorType::parallel);
  result.append(reduction, utils::IteratorType::reduction);
  return result;
}

int64_t product(ArrayRef<int64_t> values) {
  int64_t result = 1;
  for (int64_t value : values)
    result *= value;
  return result;
}

TypedAttr splatOf(Value value) {
  auto op = value.getDefiningOp<arith::ConstantOp>();
  auto attr = op ? dyn_cast<DenseElementsAttr>(op.getValue()) : nullptr;
  if (!attr || !attr.isSplat() || attr.empty())
    return {};
  return attr.getSplatValue<TypedAttr>();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value StructuredBuilder::constant(ElementsAttr attr) {
  OpBuilder::InsertionGuard guard(b);
  if (lastConstant)
    b.setInsertionPointAfter(lastConstant);
  else if (constantBlock)
    b.setInsertionPointToStart(constantBlock);
  auto op = arith::ConstantOp::create(b, loc, attr.getType(), attr);
  lastConstant = op;
  return op;
}

Value StructuredBuilder::constantNumbers(ArrayRef<int64_t> shape, Type element,
                                         ArrayRef<double> values) {
  return constant(denseNumbers(RankedTensorType::get(shape, element), values));
}

Value StructuredBuilder::constantIntegers(ArrayRef<int64_t> shape, Type element,
                                          ArrayRef<int64_t> values) {
  return constant(denseIntegers(RankedTensorType::get(shape, element), values));
}

Value StructuredBuilder::splat(ArrayRef<int64_t> shape, Type element,
                               double value) {
  return constant(SplatElementsAttr::get(RankedTensorType::get(shape, element),
                                         scalarAttr(element, value)));
}

Value StructuredBuilder::empty(ArrayRef<int64_t> shape, Type element) {
  return tensor::EmptyOp::create(b, loc, shape, element);
}

Value StructuredBuilder::filled(ArrayRef<int64_t> shape, Type element,
                                TypedAttr value) {
  Value scalar = arith::ConstantOp::create(b, loc, value);
  Value init = empty(shape, element);
  return linalg::FillOp::create(b, loc, scalar, init).getResult(0);
}

Value StructuredBuilder::filled(ArrayRef<int64_t> shape, Type element,
                                double value) {
  return filled(shape, element, scalarAttr(element, value));
}

//===----------------------------------------------------------------------===//
// Views and data movement
//===----------------------------------------------------------------------===//

/// Splits two shapes of the same size into the finest groups of dimensions
/// that have the same product.
static void groupDims(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                      SmallVectorImpl<ReassociationIndices> &fromGroups,
                      SmallVectorImpl<ReassociationIndices> &toGroups,
                      Shape &middle) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices f{int64_t(i)}, t{int64_t(j)};
    int64_t p = from[i++], q = to[j++];
    while (p != q) {
      if (p < q) {
        f.push_back(i);
        p *= from[i++];
      } else {
        t.push_back(j);
        q *= to[j++];
      }
    }
    fromGroups.push_back(f);
    toGroups.push_back(t);
    middle.push_back(p);
  }
  // What is left over has size 1.
  for (; i < from.size() && !fromGroups.empty(); ++i)
    fromGroups.back().push_back(i);
  for (; j < to.size() && !toGroups.empty(); ++j)
    toGroups.back().push_back(j);
}

Value StructuredBuilder::reshape(Value value, ArrayRef<int64_t> shape) {
  RankedTensorType from = tensorType(value);
  if (from.getShape() == shape)
    return value;
  RankedTensorType to = from.clone(shape);
  if (auto op = value.getDefiningOp<arith::ConstantOp>())
    if (ElementsAttr attr = retype(cast<ElementsAttr>(op.getValue()), to))
      return constant(attr);
  if (to.getNumElements() == 0)
    return empty(shape, to.getElementType());
  SmallVector<ReassociationIndices> fromGroups, toGroups;
  Shape middle;
  groupDims(from.getShape(), shape, fromGroups, toGroups, middle);
  if (int64_t(middle.size()) != from.getRank())
    value = tensor::CollapseShapeOp::create(b, loc, from.clone(middle), value,
                                            fromGroups);
  if (middle.size() != shape.size())
    value = tensor::ExpandShapeOp::create(b, loc, to, value, toGroups);
  return value;
}

/// Row-major strides of a shape, in elements.
static Shape rowMajor(ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Value StructuredBuilder::constantPart(Value value, ArrayRef<int64_t> shape,
                                      int64_t offset,
                                      ArrayRef<int64_t> strides) {
  auto op = value.getDefiningOp<arith::ConstantOp>();
  auto attr = op ? dyn_cast<ElementsAttr>(op.getValue()) : ElementsAttr();
  if (!attr || product(shape) == 0)
    return {};
  ElementsAttr part =
      stridedPart(attr, tensorType(value).clone(shape), offset, strides);
  return part ? constant(part) : Value();
}

Value StructuredBuilder::transpose(Value value, ArrayRef<int64_t> perm) {
  Shape shape;
  bool isIdentity = true;
  // Moving dimensions of size 1 alone leaves the elements in place.
  Shape moved;
  for (auto [i, p] : llvm::enumerate(perm)) {
    shape.push_back(shapeOf(value)[p]);
    isIdentity &= int64_t(i) == p;
    if (shape.back() != 1)
      moved.push_back(p);
  }
  if (isIdentity)
    return value;
  if (llvm::is_sorted(moved))
    return reshape(value, shape);
  Shape from = rowMajor(shapeOf(value)), strides;
  for (int64_t p : perm)
    strides.push_back(from[p]);
  if (Value part = constantPart(value, shape, 0, strides))
    return part;
  Value init = empty(shape, elementOf(value));
  return linalg::TransposeOp::create(b, loc, value, init, perm)->getResult(0);
}

Value StructuredBuilder::pad(Value value, ArrayRef<int64_t> low,
                             ArrayRef<int64_t> high, TypedAttr with) {
  auto isZero = [](int64_t v) { return v == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return value;
  Shape shape(shapeOf(value));
  SmallVector<OpFoldResult> lows, highs;
  for (size_t i = 0; i < shape.size(); ++i) {
    shape[i] += low[i] + high[i];
    lows.push_back(b.getIndexAttr(low[i]));
    highs.push_back(b.getIndexAttr(high[i]));
  }
  Value scalar = arith::ConstantOp::create(b, loc, with);
  return tensor::PadOp::create(b, loc, tensorType(value).clone(shape), value,
                               lows, highs, scalar);
}

static SmallVector<OpFoldResult> indexAttrs(OpBuilder &b,
                                            ArrayRef<int64_t> values) {
  return llvm::map_to_vector(
      values, [&](int64_t v) -> OpFoldResult { return b.getIndexAttr(v); });
}

Value StructuredBuilder::slice(Value value, ArrayRef<int64_t> offsets,
                               ArrayRef<int64_t> sizes,
                               ArrayRef<int64_t> strides) {
  Shape ones(offsets.size(), 1);
  if (strides.empty())
    strides = ones;
  if (sizes == shapeOf(value) && llvm::all_equal(strides) &&
      (strides.empty() || strides[0] == 1))
    return value;
  auto type = tensorType(value).clone(sizes);
  // It may begin where the value ends, which no slice can.
  if (type.getNumElements() == 0)
    return tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  Shape from = rowMajor(shapeOf(value)), steps;
  int64_t offset = 0;
  for (auto [i, stride] : llvm::enumerate(from)) {
    offset += offsets[i] * stride;
    steps.push_back(strides[i] * stride);
  }
  if (Value part = constantPart(value, sizes, offset, steps))
    return part;
  return tensor::ExtractSliceOp::create(
      b, loc, type, value, indexAttrs(b, offsets), indexAttrs(b, sizes),
      indexAttrs(b, strides));
}

Value StructuredBuilder::sliceAxis(Value value, int64_t axis, int64_t offset,
                                   int64_t size) {
  Shape offsets(rankOf(value), 0), sizes(shapeOf(value));
  offsets[axis] = offset;
  sizes[axis] = size;
  return slice(value, offsets, sizes);
}

Value StructuredBuilder::insertSlice(Value value, Value into,
                                     ArrayRef<int64_t> offsets,
                                     ArrayRef<int64_t> strides) {
  Shape ones(offsets.size(), 1);
  if (strides.empty())
    strides = ones;
  return tensor::InsertSliceOp::create(
      b, loc, value, into, indexAttrs(b, offsets),
      indexAttrs(b, shapeOf(value)), indexAttrs(b, strides));
}

Value StructuredBuilder::concat(int64_t axis, ValueRange values) {
  SmallVector<Value> parts;
  for (Value value : values)
    if (shapeOf(value)[axis] != 0)
      parts.push_back(value);
  if (parts.empty())
    return values.front();
  if (parts.size() == 1)
    return parts.front();
  return tensor::ConcatOp::create(b, loc, axis, parts);
}

//===----------------------------------------------------------------------===//
// Computation
//===----------------------------------------------------------------------===//

Type StructuredBuilder::computeType(Type element) {
  auto type = dyn_cast<FloatType>(element);
  return type && type.getWidth() < 32 ? b.getF32Type() : element;
}

AffineMap StructuredBuilder::broadcastMap(ArrayRef<int64_t> from,
                                          ArrayRef<int64_t> shape) {
  SmallVector<AffineExpr> exprs;
  size_t lead = shape.size() - from.size();
  for (auto [i, size] : llvm::enumerate(from))
    exprs.push_back(size == 1 && shape[lead + i] != 1 ? cst(0) : dim(lead + i));
  return map(shape.size(), exprs);
}

SmallVector<Value> StructuredBuilder::genericN(
    ArrayRef<Indexed> inputs, ValueRange inits, ArrayRef<AffineMap> outputMaps,
    ArrayRef<utils::IteratorType> iterators, BodyN body) {
  // Scalars are part of the payload rather than operands, unless they give a
  // reduction loop its size.
  bool isParallel = llvm::all_of(iterators, [](utils::IteratorType type) {
    return type == utils::IteratorType::parallel;
  });
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  SmallVector<TypedAttr> scalars(inputs.size());
  for (auto [i, input] : llvm::enumerate(inputs)) {
    if (isParallel && (scalars[i] = splatOf(input.value)))
      continue;
    operands.push_back(input.value);
    maps.push_back(input.map);
  }
  maps.append(outputMaps.begin(), outputMaps.end());
  auto build = [&](OpBuilder &inner, Location at, ValueRange args) {
    ScalarBuilder scalar(inner, at);
    SmallVector<Value> values;
    size_t next = 0;
    for (TypedAttr attr : scalars)
      values.push_back(attr ? Value(arith::ConstantOp::create(inner, at, attr))
                            : args[next++]);
    for (; next < args.size(); ++next)
      values.push_back(args[next]);
    linalg::YieldOp::create(inner, at, body(scalar, values));
  };
  auto op = linalg::GenericOp::create(b, loc, TypeRange(inits), operands, inits,
                                      maps, iterators, build);
  return SmallVector<Value>(op->getResults());
}

Value StructuredBuilder::generic(ArrayRef<Indexed> inputs, Value init,
                                 AffineMap outputMap,
                                 ArrayRef<utils::IteratorType> iterators,
                                 Body body) {
  return genericN(inputs, init, outputMap, iterators,
                  [&](ScalarBuilder &s, ValueRange values) {
                    return SmallVector<Value>{body(s, values)};
                  })
      .front();
}

Value StructuredBuilder::elementwise(ValueRange inputs, ArrayRef<int64_t> shape,
                                     Type element, Body body) {
  SmallVector<Indexed> indexed;
  for (Value input : inputs)
    indexed.push_back({input, broadcastMap(shapeOf(input), shape)});
  return elementwise(indexed, shape, element, body);
}

Value StructuredBuilder::elementwise(ArrayRef<Indexed> inputs,
                                     ArrayRef<int64_t> shape, Type element,
                                     Body body) {
  return gather(inputs, shape, element,
                [&](ScalarBuilder &s, ValueRange values) {
                  SmallVector<Value> wide;
                  for (Value value : values)
                    wide.push_back(s.cast(value, false,
                                          computeType(value.getType()), false));
                  Value result = body(s, wide);
                  if (isa<FloatType>(element))
                    result = s.cast(result, false, element, false);
                  return result;
                });
}

Value StructuredBuilder::addAlong(Value x, Value bias, int64_t axis) {
  unsigned rank = rankOf(x);
  return elementwise(
      ArrayRef<Indexed>{{x, identity(rank)}, {bias, map(rank, dim(axis))}},
      shapeOf(x), elementOf(x),
      [](ScalarBuilder &s, ValueRange v) { return s.add(v[0], v[1]); });
}

Value StructuredBuilder::gather(ArrayRef<Indexed> inputs,
                                ArrayRef<int64_t> shape, Type element,
                                Body body) {
  size_t rank = shape.size();
  return generic(inputs, empty(shape, element), identity(rank),
                 parallelLoops(rank), [&](ScalarBuilder &s, ValueRange values) {
                   return body(s, values.drop_back());
                 });
}

Value StructuredBuilder::broadcast(Value value, ArrayRef<int64_t> shape) {
  if (shapeOf(value) == shape)
    return value;
  if (shapeOf(value).size() <= shape.size() &&
      product(shapeOf(value)) == product(shape))
    return reshape(value, shape);
  return gather({{value, broadcastMap(shapeOf(value), shape)}}, shape,
                elementOf(value),
                [](ScalarBuilder &, ValueRange v) { return v[0]; });
}

Value StructuredBuilder::convert(Value value, Type element, bool fromUnsigned,
                                 bool toUnsigned) {
  if (elementOf(value) == element)
    return value;
  return gather({{value, identity(rankOf(value))}}, shapeOf(value), element,
                [&](ScalarBuilder &s, ValueRange v) {
                  // Integers go through f32 on their way to narrow floats, and
                  // back.
                  Value x = v[0];
                  bool narrow = computeType(x.getType()) != x.getType();
                  if (narrow && !isa<FloatType>(element))
                    x = s.cast(x, false, b.getF32Type(), false);
                  if (!isa<FloatType>(x.getType()) &&
                      computeType(element) != element)
                    x = s.cast(x, fromUnsigned, b.getF32Type(), false);
                  return s.cast(x, fromUnsigned, element, toUnsigned);
                });
}

Value StructuredBuilder::reduce(Value input, ArrayRef<int64_t> axes,
                                TypedAttr init, Body body) {
  size_t rank = rankOf(input);
  Iterators iterators = parallelLoops(rank);
  for (int64_t axis : axes)
    iterators[axis] = utils::IteratorType::reduction;
  SmallVector<AffineExpr> kept;
  Shape shape;
  for (size_t i = 0; i < rank; ++i)
    if (iterators[i] == utils::IteratorType::parallel) {
      kept.push_back(dim(i));
      shape.push_back(shapeOf(input)[i]);
    }
  Type type = init.getType();
  return generic({{input, identity(rank)}}, filled(shape, type, init),
                 map(rank, kept), iterators,
                 [&](ScalarBuilder &s, ValueRange v) {
                   Value x = v[0];
                   if (isa<FloatType>(type))
                     x = s.cast(x, false, type, false);
                   return body(s, {x, v[1]});
                 });
}

Value StructuredBuilder::sum(Value input, ArrayRef<int64_t> axes) {
  Type type = computeType(elementOf(input));
  return reduce(
      input, axes, scalarAttr(type, 0),
      [](ScalarBuilder &s, ValueRange v) { return s.add(v[1], v[0]); });
}

Value StructuredBuilder::contract(Indexed x, Indexed y, ArrayRef<int64_t> shape,
                                  AffineMap outputMap,
                                  ArrayRef<utils::IteratorType> iterators) {
  Type element = x.reading ? b.getI32Type() : elementOf(x.value);
  Type type = computeType(element);
  auto read = [&](ScalarBuilder &s, Value value, const Indexed &factor) {
    if (isa<FloatType>(type))
      return s.cast(value, false, type, false);
    if (!factor.reading)
      return value;
    Value wide = s.cast(value, factor.reading->isUnsigned, type, false);
    int64_t zero = factor.reading->zeroPoint;
    return zero == 0 ? wide : s.sub(wide, s.integer(type, zero));
  };
  Value result = generic({x, y}, filled(shape, type, 0), outputMap, iterators,
                         [&](ScalarBuilder &s, ValueRange v) {
                           Value p = read(s, v[0], x), q = read(s, v[1], y);
                           return s.add(v[2], s.mul(p, q));
                         });
  return convert(result, element);
}

} // namespace aicc::onnx
