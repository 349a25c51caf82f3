//===- Recurrent.cpp - LSTM, GRU, RNN -------------------------------------===//
//
// X * W^T of all steps is one contraction outside of the loop. The loop over
// time carries the states and the output; a step is h * R^T and one elementwise
// operation that reads the gates as parts of a row.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace aicc::onnx {

using Order = ScalarBuilder::Order;

namespace {

/// An activation with its parameters.
struct Activation {
  std::string name;
  double alpha = 0, beta = 0;

  Value operator()(ScalarBuilder &s, Value x) const;
};

/// What LSTM, GRU and RNN have in common. Values are in layout 0.
struct Recurrence {
  int64_t steps, batch, hidden, gates, directions;
  bool backward; ///< The first direction runs backwards.
  bool batchFirst;
  Value x, w, r, b; ///< b may be null.
  Value initialH;   ///< [directions, batch, hidden] or null.
  Value initialC;   ///< Likewise, LSTM only.
  Value peepholes;  ///< [directions, 3 * hidden] or null.
  /// Of r and the peepholes, the parts of one direction: out of the loop.
  Value matrix, peephole;
  Value separateBias; ///< What `preActivations` leaves out of r's bias.
  std::optional<double> clip;
  bool flag = false; ///< input_forget of LSTM, linear_before_reset of GRU.
  SmallVector<Activation> activations; ///< For each direction in turn.
};

/// The states after a step.
using States = SmallVector<Value>;

/// Gate `k` of X * W^T + b of the step: [1, batch, hidden].
using PreGate = llvm::function_ref<Value(int64_t k)>;

/// Makes one step: the states from those before it.
using Step = llvm::function_ref<States(int64_t direction, PreGate pre,
                                       ArrayRef<Value> states)>;

} // namespace

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Value Activation::operator()(ScalarBuilder &s, Value x) const {
  Type t = x.getType();
  Value zero = s.number(t, 0);
  auto times = [&](double k, Value y) { return s.mul(s.number(t, k), y); };
  if (name == "sigmoid")
    return s.sigmoid(x);
  if (name == "tanh")
    return s.tanh(x);
  if (name == "relu")
    return s.max(zero, x);
  if (name == "affine")
    return s.add(times(alpha, x), s.number(t, beta));
  if (name == "leakyrelu")
    return s.select(s.compare(Order::Lt, x, zero), times(alpha, x), x);
  if (name == "thresholdedrelu")
    return s.select(s.compare(Order::Ge, x, s.number(t, alpha)), x, zero);
  if (name == "scaledtanh")
    return times(alpha, s.tanh(times(beta, x)));
  if (name == "hardsigmoid")
    return s.min(s.max(s.add(times(alpha, x), s.number(t, beta)), zero),
                 s.number(t, 1));
  if (name == "elu")
    return s.select(s.compare(Order::Lt, x, zero),
                    times(alpha, s.op<math::ExpM1Op>(x)), x);
  if (name == "softsign")
    return s.op<arith::DivFOp>(x, s.add(s.number(t, 1), s.abs(x)));
  return s.softplus(x); // The last name that `readActivations` lets through.
}

/// Defaults of alpha and beta where the node gives none.
static std::optional<Activation> activationNamed(StringRef name) {
  std::string lower = name.lower();
  static const std::pair<const char *, std::pair<double, double>> known[] = {
      {"sigmoid", {0, 0}},      {"tanh", {0, 0}},
      {"relu", {0, 0}},         {"affine", {1, 0}},
      {"leakyrelu", {0.01, 0}}, {"thresholdedrelu", {1, 0}},
      {"scaledtanh", {1, 1}},   {"hardsigmoid", {0.2, 0.5}},
      {"elu", {1, 0}},          {"softsign", {0, 0}},
      {"softplus", {0, 0}}};
  for (const auto &[key, defaults] : known)
    if (lower == key)
      return Activation{lower, defaults.first, defaults.second};
  return std::nullopt;
}

/// The activations of all directions; alphas and betas are handed out in order
/// to those that take them.
template <typename OpT>
static LogicalResult readActivations(OpT op, NodeContext &c, Recurrence &r,
                                     ArrayRef<StringRef> defaults) {
  SmallVector<StringRef> names;
  if (ArrayAttr list = op.getActivationsAttr())
    for (Attribute name : list)
      if (auto text = dyn_cast<StringAttr>(name))
        names.push_back(text.getValue());
  if (names.empty())
    for (int64_t d = 0; d < r.directions; ++d)
      llvm::append_range(names, defaults);
  if (int64_t(names.size()) < r.directions * int64_t(defaults.size()))
    return c.unsupported("activations are too few");
  ArrayRef<float> alphas = op.getActivationAlpha().value_or(ArrayRef<float>());
  ArrayRef<float> betas = op.getActivationBeta().value_or(ArrayRef<float>());
  auto takesAlpha = [](StringRef name) {
    return llvm::is_contained({"affine", "leakyrelu", "thresholdedrelu",
                               "scaledtanh", "hardsigmoid", "elu"},
                              name);
  };
  auto takesBeta = [](StringRef name) {
    return llvm::is_contained({"affine", "scaledtanh", "hardsigmoid"}, name);
  };
  for (StringRef name : names) {
    std::optional<Activation> activation = activationNamed(name);
    if (!activation)
      return c.unsupported("activation '" + name + "' is unknown");
    if (takesAlpha(activation->name) && !alphas.empty()) {
      activation->alpha = alphas.front();
      alphas = alphas.drop_front();
    }
    if (takesBeta(activation->name) && !betas.empty()) {
      activation->beta = betas.front();
      betas = betas.drop_front();
    }
    r.activations.push_back(*activation);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The frame of all three
//===----------------------------------------------------------------------===//

/// Sequences that end early are not supported: every length is the whole.
static LogicalResult checkLengths(NodeContext &c, Value lengths,
                                  int64_t steps) {
  if (!c.isPresent(lengths))
    return success();
  FailureOr<Shape> values = c.integers(lengths, "sequence_lens");
  if (failed(values))
    return failure();
  if (llvm::any_of(*values, [&](int64_t v) { return v != steps; }))
    return c.unsupported("sequence_lens is shorter than the sequence");
  return success();
}

template <typename OpT>
static FailureOr<Recurrence> readRecurrence(OpT op, NodeContext &c,
                                            int64_t gates,
                                            ArrayRef<StringRef> activations) {
  Recurrence r;
  auto optional = [&](Value v) { return c.isPresent(v) ? c.get(v) : Value(); };
  r.x = c.get(op.getX());
  r.w = c.get(op.getW());
  r.r = c.get(op.getR());
  r.b = optional(op.getB());
  r.initialH = optional(op.getInitialH());
  if (rankOf(r.x) != 3 || rankOf(r.w) != 3 || rankOf(r.r) != 3)
    return c.unsupported("X, W or R is not of rank 3");
  r.gates = gates;
  r.hidden = shapeOf(r.r)[2];
  r.directions = shapeOf(r.r)[0];
  r.backward = op.getDirection() == "reverse";
  r.batchFirst = op.getLayout() != 0;
  if (r.batchFirst) {
    r.x = c.transpose(r.x, {1, 0, 2});
    if (r.initialH)
      r.initialH = c.transpose(r.initialH, {1, 0, 2});
  }
  r.steps = shapeOf(r.x)[0];
  r.batch = shapeOf(r.x)[1];
  if (shapeOf(r.r)[1] != gates * r.hidden || r.directions > 2 ||
      shapeOf(r.w) !=
          ArrayRef<int64_t>{r.directions, gates * r.hidden, shapeOf(r.x)[2]} ||
      (op.getDirection() == "bidirectional") != (r.directions == 2) ||
      (r.b &&
       shapeOf(r.b) != ArrayRef<int64_t>{r.directions, 2 * gates * r.hidden}) ||
      (r.initialH && shapeOf(r.initialH) !=
                         ArrayRef<int64_t>{r.directions, r.batch, r.hidden}))
    return c.unsupported("the shapes of X, W, R, B or initial_h do not fit");
  if (auto clip = op.getClip())
    r.clip = clip->convertToDouble();
  if (failed(checkLengths(c, op.getSequenceLens(), r.steps)) ||
      failed(readActivations(op, c, r, activations)))
    return failure();
  return r;
}

/// The part of one direction of a [directions, ...] value, without that
/// dimension.
static Value direction(NodeContext &c, Value value, int64_t d) {
  Value part = c.sliceAxis(value, 0, d, 1);
  return c.reshape(part, Shape(shapeOf(part).drop_front(1)));
}

/// The columns [from, from + count) of the hidden units' rows of a vector.
static Value part(NodeContext &c, Value vector, int64_t from, int64_t count) {
  return c.sliceAxis(vector, 0, from, count);
}

/// rows * matrix^T.
static Value timesTransposed(NodeContext &c, Value rows, Value matrix) {
  AffineExpr m = c.dim(0), n = c.dim(1), k = c.dim(2);
  return c.contract({rows, c.map(3, {m, k})}, {matrix, c.map(3, {n, k})},
                    {shapeOf(rows)[0], shapeOf(matrix)[0]}, c.map(3, {m, n}),
                    loops(2, 1));
}

/// X * W^T + Wb (+ Rb where it is only added): [steps, batch, gates * hidden].
/// `separate` gates at the end keep their Rb out.
static Value preActivations(NodeContext &c, const Recurrence &r, int64_t d,
                            int64_t separate) {
  int64_t width = r.gates * r.hidden, inputs = shapeOf(r.x)[2];
  Value x = c.reshape(r.x, {r.steps * r.batch, inputs});
  Value pre = timesTransposed(c, x, direction(c, r.w, d));
  if (r.b) {
    Value b = direction(c, r.b, d);
    int64_t shared = width - separate * r.hidden;
    auto constant = b.getDefiningOp<arith::ConstantOp>();
    auto values = constant
                      ? readNumbers(cast<ElementsAttr>(constant.getValue()))
                      : std::nullopt;
    Value sum;
    if (values) {
      SmallVector<double> sums(values->begin(), values->begin() + width);
      for (int64_t i = 0; i < shared; ++i)
        sums[i] += (*values)[width + i];
      sum = c.constantNumbers(width, elementOf(b), sums);
    } else {
      sum = c.elementwise(
          {part(c, b, 0, shared), part(c, b, width, shared)}, shared,
          elementOf(b),
          [](ScalarBuilder &s, ValueRange v) { return s.add(v[0], v[1]); });
      if (separate)
        sum = c.concat(0, {sum, part(c, b, shared, width - shared)});
    }
    pre = c.addAlong(pre, sum, 1);
  }
  return c.reshape(pre, {r.steps, r.batch, width});
}

/// The loop over time of one direction: [steps, batch, hidden] and the last
/// states.
static std::pair<Value, States> runDirection(NodeContext &c,
                                             const Recurrence &r, int64_t d,
                                             Value pre, States states,
                                             Step step) {
  bool backward = r.backward || d == 1;
  Type element = elementOf(r.x);
  auto index = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(c.b, c.loc, v);
  };
  States carried{c.empty({r.steps, r.batch, r.hidden}, element)};
  carried.append(states);
  Value first = index(0), last = index(r.steps), one = index(1);
  Value reversed = backward ? index(r.steps - 1) : Value();
  auto body = [&](OpBuilder &, Location, Value iv, ValueRange args) {
    OpFoldResult zero = c.b.getIndexAttr(0), unit = c.b.getIndexAttr(1);
    OpFoldResult batch = c.b.getIndexAttr(r.batch);
    OpFoldResult hidden = c.b.getIndexAttr(r.hidden);
    Value at = iv;
    if (backward)
      at = arith::SubIOp::create(c.b, c.loc, reversed, iv);
    SmallVector<OpFoldResult> offsets{at, zero, zero}, ones(3, unit);
    SmallVector<OpFoldResult> sizes{unit, batch, hidden};
    auto gate = [&](int64_t k) -> Value {
      SmallVector<OpFoldResult> from{at, zero, c.b.getIndexAttr(k * r.hidden)};
      return tensor::ExtractSliceOp::create(
          c.b, c.loc, RankedTensorType::get({1, r.batch, r.hidden}, element),
          pre, from, sizes, ones);
    };
    SmallVector<Value> before(args.drop_front());
    States after = step(d, gate, before);
    Value out = c.reshape(after.front(), {1, r.batch, r.hidden});
    SmallVector<Value> results{tensor::InsertSliceOp::create(
        c.b, c.loc, out, args.front(), offsets, sizes, ones)};
    results.append(after);
    scf::YieldOp::create(c.b, c.loc, results);
  };
  auto loop = scf::ForOp::create(c.b, c.loc, first, last, one, carried, body);
  return {loop.getResult(0), States(llvm::drop_begin(loop.getResults()))};
}

/// Stacks what the directions gave: values [rows..., batch, hidden] become
/// [rows..., directions, batch, hidden] in the node's layout.
static Value stack(NodeContext &c, const Recurrence &r, ArrayRef<Value> parts) {
  SmallVector<Value> expanded;
  int64_t axis = rankOf(parts.front()) - 2;
  for (Value value : parts) {
    Shape shape(shapeOf(value));
    shape.insert(shape.begin() + axis, 1);
    expanded.push_back(c.reshape(value, shape));
  }
  Value all = c.concat(axis, expanded);
  if (!r.batchFirst)
    return all;
  return axis == 0 ? c.transpose(all, {1, 0, 2})
                   : c.transpose(all, {2, 0, 1, 3});
}

/// Runs all directions and answers for Y and the last states.
static void runRecurrence(NodeContext &c, Recurrence &r, int64_t separate,
                          ArrayRef<Value> initial, Value y,
                          ArrayRef<Value> lastResults, Step step) {
  SmallVector<Value> outputs;
  SmallVector<SmallVector<Value>> lasts(lastResults.size());
  Type element = elementOf(r.x);
  for (int64_t d = 0; d < r.directions; ++d) {
    Value pre = preActivations(c, r, d, separate);
    r.matrix = direction(c, r.r, d);
    if (r.peepholes)
      r.peephole = direction(c, r.peepholes, d);
    if (separate && r.b)
      r.separateBias =
          part(c, direction(c, r.b, d), (2 * r.gates - separate) * r.hidden,
               separate * r.hidden);
    States states;
    for (Value value : initial)
      states.push_back(value ? direction(c, value, d)
                             : c.filled({r.batch, r.hidden}, element, 0.0));
    auto [out, last] = runDirection(c, r, d, pre, states, step);
    outputs.push_back(out);
    for (size_t i = 0; i < lasts.size(); ++i)
      lasts[i].push_back(last[i]);
  }
  if (c.isPresent(y))
    c.set(y, stack(c, r, outputs));
  for (auto [result, values] : llvm::zip(lastResults, lasts))
    if (c.isPresent(result))
      c.set(result, stack(c, r, values));
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

namespace {
/// The inputs of the elementwise part of a step, over (batch, hidden).
class StepInputs {
public:
  StepInputs(NodeContext &c, const Recurrence &r) : c(c), r(r) {}

  /// [1, batch, hidden].
  unsigned pre(Value gate) { return add(gate, {c.cst(0), c.dim(0), c.dim(1)}); }
  /// Gate `k` of [batch, gates * hidden].
  unsigned gate(Value rows, int64_t k) {
    return state(c.sliceAxis(rows, 1, k * r.hidden, r.hidden));
  }
  unsigned state(Value state) { return add(state, {c.dim(0), c.dim(1)}); }
  /// Part `k` of a vector over the hidden units.
  unsigned vector(Value vector, int64_t k) {
    return add(part(c, vector, k * r.hidden, r.hidden), c.dim(1));
  }

  SmallVector<Indexed> inputs;

private:
  unsigned add(Value value, ArrayRef<AffineExpr> exprs) {
    inputs.push_back({value, c.map(2, exprs)});
    return inputs.size() - 1;
  }
  NodeContext &c;
  const Recurrence &r;
};
} // namespace

/// All-parallel, with `count` results of [batch, hidden].
static SmallVector<Value> stepwise(NodeContext &c, const Recurrence &r,
                                   ArrayRef<Indexed> inputs, unsigned count,
                                   StructuredBuilder::BodyN body) {
  Type element = elementOf(r.x), type = c.computeType(element);
  SmallVector<Value> inits;
  for (unsigned i = 0; i < count; ++i)
    inits.push_back(c.empty({r.batch, r.hidden}, element));
  SmallVector<AffineMap> maps(count, c.identity(2));
  return c.genericN(inputs, inits, maps, parallelLoops(2),
                    [&](ScalarBuilder &s, ValueRange v) {
                      SmallVector<Value> wide;
                      for (Value value : v)
                        wide.push_back(s.cast(value, false, type, false));
                      SmallVector<Value> results = body(s, wide);
                      for (Value &value : results)
                        value = s.cast(value, false, element, false);
                      return results;
                    });
}

static Value clipped(ScalarBuilder &s, const Recurrence &r, Value x) {
  if (!r.clip)
    return x;
  Value bound = s.number(x.getType(), *r.clip);
  Value low = s.number(x.getType(), -*r.clip);
  return s.min(s.max(low, x), bound);
}

static States lstmStep(NodeContext &c, const Recurrence &r, int64_t d,
                       PreGate pre, Value h, Value cell) {
  Value rows = timesTransposed(c, h, r.matrix);
  StepInputs in(c, r);
  unsigned p[4], g[4], peep[3] = {}; // Gates in ONNX's order: i, o, f, c.
  for (unsigned k = 0; k < 4; ++k) {
    p[k] = in.pre(pre(k));
    g[k] = in.gate(rows, k);
  }
  unsigned before = in.state(cell);
  for (unsigned k = 0; k < 3 && r.peephole; ++k)
    peep[k] = in.vector(r.peephole, k);
  ArrayRef<Activation> act = ArrayRef(r.activations).slice(3 * d, 3);
  SmallVector<Value> results =
      stepwise(c, r, in.inputs, 2,
               [&](ScalarBuilder &s, ValueRange v) -> SmallVector<Value> {
                 auto gate = [&](unsigned k, const Activation &f, Value cell) {
                   Value x = s.add(v[p[k]], v[g[k]]);
                   if (cell && r.peephole)
                     x = s.add(x, s.mul(v[peep[k]], cell));
                   return f(s, clipped(s, r, x));
                 };
                 Value i = gate(0, act[0], v[before]);
                 Value f = r.flag ? s.sub(s.number(i.getType(), 1), i)
                                  : gate(2, act[0], v[before]);
                 Value candidate = gate(3, act[1], {});
                 Value next = s.add(s.mul(f, v[before]), s.mul(i, candidate));
                 Value o = gate(1, act[0], next);
                 return {s.mul(o, act[2](s, next)), next};
               });
  return results;
}

static LogicalResult lowerLSTM(LSTMOp op, NodeContext &c) {
  FailureOr<Recurrence> read =
      readRecurrence(op, c, 4, {"Sigmoid", "Tanh", "Tanh"});
  if (failed(read))
    return failure();
  Recurrence &r = *read;
  r.flag = op.getInputForget();
  if (c.isPresent(op.getInitialC())) {
    r.initialC = c.get(op.getInitialC());
    if (r.batchFirst && rankOf(r.initialC) == 3)
      r.initialC = c.transpose(r.initialC, {1, 0, 2});
    if (shapeOf(r.initialC) !=
        ArrayRef<int64_t>{r.directions, r.batch, r.hidden})
      return c.unsupported("the shape of initial_c does not fit");
  }
  if (c.isPresent(op.getP())) {
    r.peepholes = c.get(op.getP());
    if (shapeOf(r.peepholes) != ArrayRef<int64_t>{r.directions, 3 * r.hidden})
      return c.unsupported("the shape of P does not fit");
  }
  runRecurrence(c, r, 0, {r.initialH, r.initialC}, op.getY(),
                {op.getYH(), op.getYC()},
                [&](int64_t d, PreGate pre, ArrayRef<Value> states) {
                  return lstmStep(c, r, d, pre, states[0], states[1]);
                });
  return success();
}

/// Gates in ONNX's order: z, r, h.
static States gruStep(NodeContext &c, const Recurrence &r, int64_t d,
                      PreGate pre, Value h) {
  Value matrix = r.matrix, bias = r.separateBias;
  int64_t hidden = r.hidden;
  const Activation &f = r.activations[2 * d], &g = r.activations[2 * d + 1];
  auto blend = [&](ScalarBuilder &s, Value z, Value candidate, Value before) {
    Value one = s.number(z.getType(), 1);
    return s.add(s.mul(s.sub(one, z), candidate), s.mul(z, before));
  };
  if (r.flag) {
    Value rows = timesTransposed(c, h, matrix);
    StepInputs in(c, r);
    for (unsigned k = 0; k < 3; ++k) {
      in.pre(pre(k));
      in.gate(rows, k);
    }
    in.state(h);
    if (bias)
      in.vector(bias, 0);
    return stepwise(c, r, in.inputs, 1,
                    [&](ScalarBuilder &s, ValueRange v) -> SmallVector<Value> {
                      Value z = f(s, clipped(s, r, s.add(v[0], v[1])));
                      Value reset = f(s, clipped(s, r, s.add(v[2], v[3])));
                      Value inner = bias ? s.add(v[5], v[7]) : v[5];
                      Value x = s.add(v[4], s.mul(reset, inner));
                      return {blend(s, z, g(s, clipped(s, r, x)), v[6])};
                    });
  }
  Value zr = timesTransposed(c, h, c.sliceAxis(matrix, 0, 0, 2 * hidden));
  StepInputs first(c, r);
  for (unsigned k = 0; k < 2; ++k) {
    first.pre(pre(k));
    first.gate(zr, k);
  }
  first.state(h);
  SmallVector<Value> gates =
      stepwise(c, r, first.inputs, 2,
               [&](ScalarBuilder &s, ValueRange v) -> SmallVector<Value> {
                 Value z = f(s, clipped(s, r, s.add(v[0], v[1])));
                 Value reset = f(s, clipped(s, r, s.add(v[2], v[3])));
                 return {z, s.mul(reset, v[4])};
               });
  Value inner =
      timesTransposed(c, gates[1], c.sliceAxis(matrix, 0, 2 * hidden, hidden));
  StepInputs second(c, r);
  second.pre(pre(2));
  second.gate(inner, 0);
  second.state(gates[0]);
  second.state(h);
  return stepwise(c, r, second.inputs, 1,
                  [&](ScalarBuilder &s, ValueRange v) -> SmallVector<Value> {
                    Value x = clipped(s, r, s.add(v[0], v[1]));
                    return {blend(s, v[2], g(s, x), v[3])};
                  });
}

static LogicalResult lowerGRU(GRUOp op, NodeContext &c) {
  FailureOr<Recurrence> read = readRecurrence(op, c, 3, {"Sigmoid", "Tanh"});
  if (failed(read))
    return failure();
  Recurrence &r = *read;
  r.flag = op.getLinearBeforeReset();
  // With linear_before_reset the reset gate scales Rbh too, which therefore
  // stays out of the sum of the biases.
  runRecurrence(c, r, r.flag ? 1 : 0, r.initialH, op.getY(), op.getYH(),
                [&](int64_t d, PreGate pre, ArrayRef<Value> states) {
                  return gruStep(c, r, d, pre, states[0]);
                });
  return success();
}

static LogicalResult lowerRNN(RNNOp op, NodeContext &c) {
  FailureOr<Recurrence> read = readRecurrence(op, c, 1, {"Tanh"});
  if (failed(read))
    return failure();
  Recurrence &r = *read;
  runRecurrence(c, r, 0, r.initialH, op.getY(), op.getYH(),
                [&](int64_t d, PreGate pre, ArrayRef<Value> states) {
                  Value rows = timesTransposed(c, states[0], r.matrix);
                  StepInputs in(c, r);
                  in.pre(pre(0));
                  in.gate(rows, 0);
                  return stepwise(
                      c, r, in.inputs, 1, [&](ScalarBuilder &s, ValueRange v) {
                        Value x = clipped(s, r, s.add(v[0], v[1]));
                        return SmallVector<Value>{r.activations[d](s, x)};
                      });
                });
  return success();
}

void populateRecurrentLowering(LoweringTable &table) {
  table.add<LSTMOp>(lowerLSTM);
  table.add<GRUOp>(lowerGRU);
  table.add<RNNOp>(lowerRNN);
}

} // namespace aicc::onnx
