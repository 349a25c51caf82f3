//===- ControlFlow.cpp - If, Loop, Scan -----------------------------------===//
//
// A loop is one over a number of iterations that is known, which carries its
// variables and what it collects. Where it may end sooner, its variables stay
// as they are from then on, and the iterations that are left compute what
// nobody reads. Both branches of an If are computed.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numeric>

using namespace mlir;

namespace aicc::onnx {

static Value select(NodeContext &c, Value condition, Value x, Value y) {
  Value flag = c.reshape(condition, {});
  return c.gather({{flag, c.map(rankOf(x), {})},
                   {x, c.identity(rankOf(x))},
                   {y, c.identity(rankOf(x))}},
                  shapeOf(x), elementOf(x), [](ScalarBuilder &s, ValueRange v) {
                    return s.select(v[0], v[1], v[2]);
                  });
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

static LogicalResult lowerIf(IfOp op, NodeContext &c) {
  for (Value result : op->getResults())
    if (!structuredType(result.getType()))
      return c.unsupported("its branches give results of different shapes");
  Location loc = c.loc;
  auto first = c.lowerBlock(op.getThenBranch().front(), {});
  auto second = c.lowerBlock(op.getElseBranch().front(), {});
  c.loc = loc;
  if (failed(first) || failed(second))
    return c.unsupported("a node of its branches is not");
  Value condition = c.get(op.getCond());
  for (auto [result, x, y] : llvm::zip(op->getResults(), *first, *second)) {
    if (shapeOf(x) != shapeOf(y))
      return c.unsupported("its branches give results of different shapes");
    c.set(result, select(c, condition, x, y));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {
/// What a loop collects: a slice of each iteration, along `axis`.
struct Collected {
  RankedTensorType type; ///< Of all slices together.
  int64_t axis = 0;
  bool isReversed = false;
};

/// A loop of `trips` iterations.
class Iterations {
public:
  Iterations(NodeContext &c, int64_t trips) : c(c), trips(trips) {}

  /// One iteration: from its number and the variables to what these are after
  /// it, then the slices that are collected. Fails where a node is not lowered.
  using Step = llvm::function_ref<FailureOr<SmallVector<Value>>(
      Value number, ValueRange variables)>;

  /// The variables after the last iteration, then what was collected.
  FailureOr<SmallVector<Value>> run(ArrayRef<Value> initial,
                                    ArrayRef<Collected> collected, Step step);

  /// The slice of iteration `number` of `x`, without dimension `axis`.
  Value sliceOf(Value x, int64_t axis, Value number, bool isReversed);
  /// The number as ONNX has it: a tensor of one int64.
  Value asTensor(Value number);

private:
  Value place(Value number, bool isReversed);

  NodeContext &c;
  int64_t trips;
};
} // namespace

Value Iterations::place(Value number, bool isReversed) {
  if (!isReversed)
    return number;
  Value last = arith::ConstantIndexOp::create(c.b, c.loc, trips - 1);
  return arith::SubIOp::create(c.b, c.loc, last, number);
}

/// Offsets, sizes and strides of a slice of `shape` at `at` of dimension
/// `axis`.
static SmallVector<OpFoldResult>
sliceFields(NodeContext &c, ArrayRef<int64_t> shape, int64_t axis, Value at,
            SmallVector<OpFoldResult> &sizes, SmallVector<OpFoldResult> &ones) {
  SmallVector<OpFoldResult> offsets;
  for (auto [d, size] : llvm::enumerate(shape)) {
    bool isAxis = int64_t(d) == axis;
    offsets.push_back(isAxis ? OpFoldResult(at)
                             : OpFoldResult(c.b.getIndexAttr(0)));
    sizes.push_back(c.b.getIndexAttr(isAxis ? 1 : size));
    ones.push_back(c.b.getIndexAttr(1));
  }
  return offsets;
}

Value Iterations::sliceOf(Value x, int64_t axis, Value number,
                          bool isReversed) {
  SmallVector<OpFoldResult> sizes, ones;
  SmallVector<OpFoldResult> offsets =
      sliceFields(c, shapeOf(x), axis, place(number, isReversed), sizes, ones);
  Shape shape(shapeOf(x));
  shape[axis] = 1;
  Value slice = tensor::ExtractSliceOp::create(
      c.b, c.loc, RankedTensorType::get(shape, elementOf(x)), x, offsets, sizes,
      ones);
  shape.erase(shape.begin() + axis);
  return c.reshape(slice, shape);
}

Value Iterations::asTensor(Value number) {
  SmallVector<int64_t> numbers(trips);
  std::iota(numbers.begin(), numbers.end(), 0);
  return sliceOf(c.constantIntegers({trips}, c.b.getI64Type(), numbers), 0,
                 number, /*isReversed=*/false);
}

FailureOr<SmallVector<Value>> Iterations::run(ArrayRef<Value> initial,
                                              ArrayRef<Collected> collected,
                                              Step step) {
  SmallVector<Value> carried(initial);
  for (const Collected &each : collected)
    carried.push_back(
        c.empty(each.type.getShape(), each.type.getElementType()));
  Location loc = c.loc;
  bool ok = true;
  auto body = [&](OpBuilder &, Location, Value number, ValueRange variables) {
    auto results = step(number, variables.take_front(initial.size()));
    c.loc = loc;
    ok = succeeded(results) && results->size() == carried.size();
    SmallVector<Value> next(variables);
    for (size_t i = 0; ok && i < next.size(); ++i) {
      if (i < initial.size()) {
        next[i] = (*results)[i];
        continue;
      }
      const Collected &into = collected[i - initial.size()];
      SmallVector<OpFoldResult> sizes, ones;
      SmallVector<OpFoldResult> offsets =
          sliceFields(c, into.type.getShape(), into.axis,
                      place(number, into.isReversed), sizes, ones);
      Shape shape(into.type.getShape());
      shape[into.axis] = 1;
      next[i] = tensor::InsertSliceOp::create(
          c.b, loc, c.reshape((*results)[i], shape), variables[i], offsets,
          sizes, ones);
    }
    for (auto [value, variable] : llvm::zip(next, variables))
      ok &= value.getType() == variable.getType();
    scf::YieldOp::create(c.b, loc, ok ? next : SmallVector<Value>(variables));
  };
  Value first = arith::ConstantIndexOp::create(c.b, loc, 0),
        last = arith::ConstantIndexOp::create(c.b, loc, trips),
        one = arith::ConstantIndexOp::create(c.b, loc, 1);
  auto loop = scf::ForOp::create(c.b, loc, first, last, one, carried, body);
  if (!ok)
    return failure();
  return SmallVector<Value>(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

/// The constant that a condition is; nothing where it is calculated.
static std::optional<bool> constantFlag(NodeContext &c, Value value) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(c.constantOf(value));
  if (!elements || elements.getNumElements() != 1)
    return std::nullopt;
  return *elements.getValues<bool>().begin();
}

static LogicalResult lowerLoop(LoopOp op, NodeContext &c) {
  constexpr int64_t mostTrips = int64_t(1) << 20;
  if (!c.isPresent(op.getM()))
    return c.unsupported("the number of its iterations has no bound");
  FailureOr<Shape> bound = c.integers(op.getM(), "M");
  if (failed(bound))
    return failure();
  int64_t trips =
      bound->size() == 1 ? std::max<int64_t>(bound->front(), 0) : -1;
  if (trips < 0 || trips > mostTrips)
    return c.unsupported("it may take more than " + Twine(mostTrips) +
                         " iterations");
  Block &block = op.getBody().front();
  Value goesOn = block.getTerminator()->getOperand(0);
  while (auto identity = goesOn.getDefiningOp<IdentityOp>())
    goesOn = identity->getOperand(0);
  bool mayStop = goesOn != block.getArgument(1) &&
                 constantFlag(c, goesOn) != std::optional(true);
  bool mayNotStart = c.isPresent(op.getCond()) &&
                     constantFlag(c, op.getCond()) != std::optional(true);
  bool isFlagged = mayStop || mayNotStart;

  size_t count = op.getVInitial().size();
  SmallVector<Value> initial;
  for (Value value : op.getVInitial())
    initial.push_back(c.get(value));
  SmallVector<Collected> collected;
  for (Value result : op->getResults().drop_front(count)) {
    if (isFlagged)
      return c.unsupported(
          "the number of slices that it collects depends on data");
    collected.push_back({structuredType(result.getType())});
    if (!collected.back().type || collected.back().type.getDimSize(0) != trips)
      return c.unsupported("the shape of what it collects is not known");
  }
  auto flag = [&](bool value) {
    return c.constantIntegers({}, c.b.getI1Type(), {value});
  };
  if (isFlagged)
    initial.push_back(c.isPresent(op.getCond())
                          ? c.reshape(c.get(op.getCond()), {})
                          : flag(true));
  Iterations loop(c, trips);
  auto step = [&](Value number,
                  ValueRange variables) -> FailureOr<SmallVector<Value>> {
    Value active = isFlagged ? variables.back() : flag(true);
    SmallVector<Value> arguments{
        block.getArgument(0).use_empty()
            ? c.constantIntegers({}, c.b.getI64Type(), {0})
            : loop.asTensor(number),
        active};
    llvm::append_range(arguments, variables.take_front(count));
    auto results = c.lowerBlock(block, arguments);
    if (failed(results))
      return failure();
    SmallVector<Value> next(llvm::drop_begin(*results));
    if (!isFlagged)
      return next;
    for (size_t i = 0; i < count; ++i)
      next[i] = select(c, active, next[i], variables[i]);
    Value again = c.reshape(results->front(), {});
    next.push_back(c.elementwise(
        {active, again}, {}, c.b.getI1Type(),
        [](ScalarBuilder &s, ValueRange v) {
          return arith::AndIOp::create(s.b, s.loc, v[0], v[1]).getResult();
        }));
    return next;
  };
  auto results = loop.run(initial, collected, step);
  if (failed(results))
    return c.unsupported("a node of its body is not, or a variable changes its "
                         "type");
  if (isFlagged)
    results->pop_back();
  for (auto [result, value] : llvm::zip(op->getResults(), *results))
    c.set(result, value);
  return success();
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

static int64_t entryOf(std::optional<ArrayRef<int64_t>> list, size_t i) {
  return list && i < list->size() ? (*list)[i] : 0;
}

static LogicalResult lowerScan(ScanOp op, NodeContext &c) {
  auto numInputs = static_cast<size_t>(op.getNumScanInputs());
  if (numInputs == 0 || numInputs > op->getNumOperands())
    return c.unsupported("num_scan_inputs does not fit its inputs");
  size_t states = op->getNumOperands() - numInputs;
  SmallVector<Value> initial, scanned;
  for (auto [i, value] : llvm::enumerate(op->getOperands()))
    (i < states ? initial : scanned).push_back(c.get(value));
  SmallVector<int64_t> axes;
  int64_t trips = -1;
  for (auto [i, value] : llvm::enumerate(scanned)) {
    int64_t axis = entryOf(op.getScanInputAxes(), i);
    if (!normalizeAxis(axis, rankOf(value)))
      return c.unsupported("an axis is out of range");
    axes.push_back(axis);
    int64_t size = shapeOf(value)[axis];
    if (trips >= 0 && size != trips)
      return c.unsupported("its scan inputs have different lengths");
    trips = size;
  }
  SmallVector<Collected> collected;
  for (auto [i, result] :
       llvm::enumerate(op->getResults().drop_front(states))) {
    Collected each{structuredType(result.getType()),
                   entryOf(op.getScanOutputAxes(), i),
                   entryOf(op.getScanOutputDirections(), i) == 1};
    if (!each.type || !normalizeAxis(each.axis, each.type.getRank()))
      return c.unsupported("an axis is out of range");
    collected.push_back(each);
  }
  Iterations loop(c, trips);
  auto step = [&](Value number,
                  ValueRange variables) -> FailureOr<SmallVector<Value>> {
    SmallVector<Value> arguments(variables);
    for (auto [i, value] : llvm::enumerate(scanned))
      arguments.push_back(
          loop.sliceOf(value, axes[i], number,
                       entryOf(op.getScanInputDirections(), i) == 1));
    return c.lowerBlock(op->getRegion(0).front(), arguments);
  };
  auto results = loop.run(initial, collected, step);
  if (failed(results))
    return c.unsupported("a node of its body is not, or a variable changes its "
                         "type");
  for (auto [result, value] : llvm::zip(op->getResults(), *results))
    c.set(result, value);
  return success();
}

void populateControlFlowLowering(LoweringTable &table) {
  table.add<IfOp>(lowerIf);
  table.add<LoopOp>(lowerLoop);
  table.add<ScanOp>(lowerScan);
}

} // namespace aicc::onnx
