//===- Fold.cpp - Small values that decide shapes -------------------------===//
//
// Evaluates the operators that exporters use to compute shapes, on a few
// hundred elements at most, so that shape inference sees through them. It is
// no constant folder: that is the graph stage's, on the dialect.
//
//===----------------------------------------------------------------------===//

#include "Infer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>
#include <functional>

using namespace aicc;
using namespace aicc::import;
using ::onnx::TensorProto;
using ::onnx::TypeProto;

namespace {

constexpr int64_t kMaxElements = 1024;

/// A tensor of at most kMaxElements; integers and bools in `ints`.
struct Small {
  int32_t type = TensorProto::UNDEFINED;
  std::vector<int64_t> dims;
  std::vector<int64_t> ints;
  std::vector<double> reals;

  bool isReal() const {
    return type == TensorProto::FLOAT || type == TensorProto::DOUBLE;
  }
  size_t size() const { return isReal() ? reals.size() : ints.size(); }
  double real(size_t i) const {
    return isReal() ? reals[i] : static_cast<double>(ints[i]);
  }
};

using Result = std::optional<Small>;

bool isFoldable(int32_t type) {
  return type == TensorProto::FLOAT || type == TensorProto::DOUBLE ||
         type == TensorProto::INT64 || type == TensorProto::INT32 ||
         type == TensorProto::BOOL;
}

Result read(const TensorProto *tensor) {
  if (!tensor || !isFoldable(tensor->data_type()))
    return std::nullopt;
  Small value;
  value.type = tensor->data_type();
  value.dims.assign(tensor->dims().begin(), tensor->dims().end());
  if (value.isReal()) {
    auto reals = smallFloats(*tensor);
    if (!reals)
      return std::nullopt;
    value.reals = std::move(*reals);
  } else {
    auto ints = smallInts(*tensor);
    if (!ints)
      return std::nullopt;
    value.ints = std::move(*ints);
  }
  if (static_cast<int64_t>(value.size()) > kMaxElements)
    return std::nullopt;
  return value;
}

TensorProto write(const Small &value) {
  TensorProto tensor;
  tensor.set_data_type(value.type);
  for (int64_t dim : value.dims)
    tensor.add_dims(dim);
  for (double real : value.reals)
    if (value.type == TensorProto::FLOAT)
      tensor.add_float_data(static_cast<float>(real));
    else
      tensor.add_double_data(real);
  for (int64_t i : value.ints)
    if (value.type == TensorProto::INT64)
      tensor.add_int64_data(i);
    else
      tensor.add_int32_data(static_cast<int32_t>(i));
  return tensor;
}

/// A result of the type and shape that inference found; its elements are to
/// be filled in. None if they are not known or too many.
Result resultOf(const TypeProto &type) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape() ||
      !isFoldable(type.tensor_type().elem_type()))
    return std::nullopt;
  Small value;
  value.type = type.tensor_type().elem_type();
  int64_t count = 1;
  for (const auto &dim : type.tensor_type().shape().dim()) {
    if (!dim.has_dim_value() || dim.dim_value() < 0 ||
        dim.dim_value() > kMaxElements)
      return std::nullopt;
    value.dims.push_back(dim.dim_value());
    count *= dim.dim_value();
    if (count > kMaxElements)
      return std::nullopt;
  }
  if (value.isReal())
    value.reals.resize(static_cast<size_t>(count));
  else
    value.ints.resize(static_cast<size_t>(count));
  return value;
}

/// Element of `from` that broadcasts to element `i` of a result of `dims`.
size_t broadcastIndex(const Small &from, llvm::ArrayRef<int64_t> dims,
                      size_t i) {
  size_t index = 0, stride = 1;
  size_t skip = dims.size() - from.dims.size();
  for (size_t d = dims.size(); d-- > 0;) {
    size_t size = static_cast<size_t>(dims[d]);
    size_t at = i % size;
    i /= size;
    if (d < skip)
      break;
    size_t own = static_cast<size_t>(from.dims[d - skip]);
    index += (own == 1 ? 0 : at) * stride;
    stride *= own;
  }
  return index;
}

bool broadcasts(const Small &from, const Small &to) {
  if (from.dims.size() > to.dims.size())
    return false;
  size_t skip = to.dims.size() - from.dims.size();
  for (size_t d = 0; d < from.dims.size(); ++d)
    if (from.dims[d] != 1 && from.dims[d] != to.dims[d + skip])
      return false;
  return true;
}

void copyElement(Small &to, size_t i, const Small &from, size_t k) {
  if (to.isReal())
    to.reals[i] = from.reals[k];
  else
    to.ints[i] = from.ints[k];
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

int64_t wrap(uint64_t value) { return static_cast<int64_t>(value); }

/// Integer arithmetic as ONNX has it: division truncates, sums wrap. None for
/// what ONNX leaves undefined.
std::optional<int64_t> intOperation(llvm::StringRef op, int64_t a, int64_t b,
                                    bool fmod) {
  uint64_t ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  bool divides = b != 0 && !(a == INT64_MIN && b == -1);
  if ((op == "Div" || op == "Mod") && !divides)
    return std::nullopt;
  if (op == "Mod") {
    int64_t rest = a % b;
    return !fmod && rest && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  return llvm::StringSwitch<std::optional<int64_t>>(op)
      .Case("Add", wrap(ua + ub))
      .Case("Sub", wrap(ua - ub))
      .Case("Mul", wrap(ua * ub))
      .Case("Div", divides ? a / b : 0)
      .Case("Min", std::min(a, b))
      .Case("Max", std::max(a, b))
      .Case("Equal", a == b)
      .Case("Less", a < b)
      .Case("LessOrEqual", a <= b)
      .Case("Greater", a > b)
      .Case("GreaterOrEqual", a >= b)
      .Case("And", a && b)
      .Case("Or", a || b)
      .Case("Xor", !a != !b)
      .Default(std::nullopt);
}

std::optional<double> realOperation(llvm::StringRef op, double a, double b) {
  return llvm::StringSwitch<std::optional<double>>(op)
      .Case("Add", a + b)
      .Case("Sub", a - b)
      .Case("Mul", a * b)
      .Case("Div", a / b)
      .Case("Min", std::fmin(a, b))
      .Case("Max", std::fmax(a, b))
      .Case("Pow", std::pow(a, b))
      .Case("Equal", a == b)
      .Case("Less", a < b)
      .Case("LessOrEqual", a <= b)
      .Case("Greater", a > b)
      .Case("GreaterOrEqual", a >= b)
      .Default(std::nullopt);
}

/// Rounds to float where the result is one.
void storeReal(Small &to, size_t i, double value) {
  if (to.type == TensorProto::FLOAT)
    to.reals[i] = static_cast<double>(static_cast<float>(value));
  else if (to.isReal())
    to.reals[i] = value;
  else
    to.ints[i] = static_cast<int64_t>(value);
}

void storeInt(Small &to, size_t i, int64_t value) {
  to.ints[i] =
      to.type == TensorProto::INT32 ? static_cast<int32_t>(value) : value;
}

Result foldBinary(const NodeView &node, Small to) {
  if (node.inputs.size() != 2)
    return std::nullopt;
  Result a = read(node.constants[0]), b = read(node.constants[1]);
  if (!a || !b || a->type != b->type || !broadcasts(*a, to) ||
      !broadcasts(*b, to))
    return std::nullopt;
  const std::string &op = node.ref.node.op_type();
  bool fmod = node.intAttr("fmod", 0) != 0;
  for (size_t i = 0; i < to.size(); ++i) {
    size_t ia = broadcastIndex(*a, to.dims, i);
    size_t ib = broadcastIndex(*b, to.dims, i);
    if (a->isReal()) {
      auto value = realOperation(op, a->reals[ia], b->reals[ib]);
      if (!value)
        return std::nullopt;
      storeReal(to, i, *value);
    } else {
      auto value = intOperation(op, a->ints[ia], b->ints[ib], fmod);
      if (!value)
        return std::nullopt;
      storeInt(to, i, *value);
    }
  }
  return to;
}

std::optional<double> unaryOperation(llvm::StringRef op, double a) {
  return llvm::StringSwitch<std::optional<double>>(op)
      .Case("Neg", -a)
      .Case("Abs", std::fabs(a))
      .Case("Floor", std::floor(a))
      .Case("Ceil", std::ceil(a))
      .Case("Round", std::nearbyint(a))
      .Case("Sqrt", std::sqrt(a))
      .Default(std::nullopt);
}

Result foldUnary(const NodeView &node, Small to) {
  Result a = read(node.constants[0]);
  if (!a || a->size() != to.size())
    return std::nullopt;
  const std::string &op = node.ref.node.op_type();
  for (size_t i = 0; i < to.size(); ++i) {
    if (op == "Not") {
      to.ints[i] = !a->ints[i];
    } else if (!a->isReal()) {
      if (op != "Neg")
        return std::nullopt;
      storeInt(to, i, wrap(0 - static_cast<uint64_t>(a->ints[i])));
    } else {
      auto value = unaryOperation(op, a->reals[i]);
      if (!value)
        return std::nullopt;
      storeReal(to, i, *value);
    }
  }
  return to;
}

Result foldCast(const NodeView &node, Small to) {
  Result a = read(node.constants[0]);
  if (!a || a->size() != to.size())
    return std::nullopt;
  for (size_t i = 0; i < to.size(); ++i) {
    double value = a->real(i);
    if (to.type == TensorProto::BOOL)
      to.ints[i] = value != 0;
    else if (to.isReal())
      storeReal(to, i, value);
    else if (!a->isReal())
      storeInt(to, i, a->ints[i]);
    else if (std::fabs(value) < 2147483648.0) // NaN fails, too.
      storeInt(to, i, static_cast<int64_t>(value));
    else
      return std::nullopt;
  }
  return to;
}

Result foldWhere(const NodeView &node, Small to) {
  Result c = read(node.constants[0]), a = read(node.constants[1]),
         b = read(node.constants[2]);
  if (!c || !a || !b || a->type != b->type || a->type != to.type ||
      !broadcasts(*c, to) || !broadcasts(*a, to) || !broadcasts(*b, to))
    return std::nullopt;
  for (size_t i = 0; i < to.size(); ++i) {
    const Small &from = c->ints[broadcastIndex(*c, to.dims, i)] ? *a : *b;
    copyElement(to, i, from, broadcastIndex(from, to.dims, i));
  }
  return to;
}

//===----------------------------------------------------------------------===//
// Moving elements
//===----------------------------------------------------------------------===//

/// Reshape and its kind: the same elements in the shape that was inferred.
Result foldCopy(const NodeView &node, Small to) {
  Result from = read(node.constants[0]);
  if (!from || from->size() != to.size() || from->type != to.type)
    return std::nullopt;
  from->dims = to.dims;
  return from;
}

Result foldExpand(const NodeView &node, Small to) {
  Result from = read(node.constants[0]);
  if (!from || from->type != to.type || !broadcasts(*from, to))
    return std::nullopt;
  for (size_t i = 0; i < to.size(); ++i)
    copyElement(to, i, *from, broadcastIndex(*from, to.dims, i));
  return to;
}

Result foldShape(const NodeView &node, Small to) {
  auto shape = node.shape(0);
  if (!shape)
    return std::nullopt;
  if (node.ref.node.op_type() == "Size") {
    int64_t count = 1;
    for (int64_t dim : *shape)
      if (__builtin_mul_overflow(count, dim, &count))
        return std::nullopt;
    to.ints[0] = count;
    return to;
  }
  int64_t rank = static_cast<int64_t>(shape->size());
  int64_t start = node.intAttr("start", 0);
  start = std::clamp(start < 0 ? start + rank : start, int64_t(0), rank);
  for (size_t i = 0; i < to.size(); ++i) {
    size_t from = static_cast<size_t>(start) + i;
    if (from >= shape->size())
      return std::nullopt;
    to.ints[i] = (*shape)[from];
  }
  return to;
}

/// Gather from a vector.
Result foldGather(const NodeView &node, Small to) {
  Result data = read(node.constants[0]), indices = read(node.constants[1]);
  if (!data || !indices || indices->isReal() || data->dims.size() != 1 ||
      indices->size() != to.size())
    return std::nullopt;
  int64_t size = static_cast<int64_t>(data->size());
  for (size_t i = 0; i < to.size(); ++i) {
    int64_t k = indices->ints[i];
    k = k < 0 ? k + size : k;
    if (k < 0 || k >= size)
      return std::nullopt;
    copyElement(to, i, *data, static_cast<size_t>(k));
  }
  return to;
}

/// Concat of vectors.
Result foldConcat(const NodeView &node, Small to) {
  size_t at = 0;
  if (to.dims.size() != 1)
    return std::nullopt;
  for (const TensorProto *tensor : node.constants) {
    Result part = read(tensor);
    if (!part || part->type != to.type || at + part->size() > to.size())
      return std::nullopt;
    for (size_t i = 0; i < part->size(); ++i)
      copyElement(to, at++, *part, i);
  }
  return to;
}

/// Fills `to` with the elements of `from` at start + index * step, by
/// dimension of `from`; `order` says which dimension of `to` that is.
bool copyStrided(Small &to, const Small &from, llvm::ArrayRef<int64_t> start,
                 llvm::ArrayRef<int64_t> step, llvm::ArrayRef<int64_t> order) {
  for (size_t i = 0; i < to.size(); ++i) {
    std::vector<int64_t> at(to.dims.size());
    size_t rest = i;
    for (size_t d = to.dims.size(); d-- > 0;) {
      at[d] = static_cast<int64_t>(rest % static_cast<size_t>(to.dims[d]));
      rest /= static_cast<size_t>(to.dims[d]);
    }
    int64_t index = 0;
    for (size_t d = 0; d < from.dims.size(); ++d) {
      int64_t k = start[d] + at[static_cast<size_t>(order[d])] * step[d];
      if (k < 0 || k >= from.dims[d])
        return false;
      index = index * from.dims[d] + k;
    }
    copyElement(to, i, from, static_cast<size_t>(index));
  }
  return true;
}

Result foldSlice(const NodeView &node, Small to) {
  Result data = read(node.constants[0]);
  bool attributes = node.attr("starts") != nullptr; // Before opset 10.
  auto starts = attributes ? node.intsAttr("starts") : node.ints(1);
  auto axes = attributes ? node.intsAttr("axes") : node.ints(3);
  auto steps = node.ints(4);
  if (!data || !starts || data->dims.size() != to.dims.size() ||
      (node.has(3) && !axes) || (node.has(4) && !steps))
    return std::nullopt;
  int64_t rank = static_cast<int64_t>(to.dims.size());
  std::vector<int64_t> start(to.dims.size()), step(to.dims.size(), 1), order;
  for (int64_t d = 0; d < rank; ++d)
    order.push_back(d);
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = !axes              ? static_cast<int64_t>(i)
                   : i < axes->size() ? (*axes)[i]
                                      : rank;
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis >= rank || (steps && i >= steps->size()))
      return std::nullopt;
    size_t d = static_cast<size_t>(axis);
    int64_t size = data->dims[d], from = (*starts)[i];
    step[d] = steps ? (*steps)[i] : 1;
    if (step[d] == 0 || step[d] < -kMaxElements || step[d] > kMaxElements)
      return std::nullopt;
    from = from < 0 ? from + size : from;
    start[d] = std::clamp(from, int64_t(0), step[d] < 0 ? size - 1 : size);
  }
  if (!copyStrided(to, *data, start, step, order))
    return std::nullopt;
  return to;
}

Result foldTranspose(const NodeView &node, Small to) {
  Result data = read(node.constants[0]);
  if (!data || data->dims.size() != to.dims.size())
    return std::nullopt;
  size_t rank = to.dims.size();
  auto perm = node.intsAttr("perm");
  if (perm && perm->size() != rank)
    return std::nullopt;
  std::vector<int64_t> order(rank), zero(rank), one(rank, 1);
  for (size_t d = 0; d < rank; ++d) {
    int64_t from = perm ? (*perm)[d] : static_cast<int64_t>(rank - 1 - d);
    if (from < 0 || from >= static_cast<int64_t>(rank))
      return std::nullopt;
    order[static_cast<size_t>(from)] = static_cast<int64_t>(d);
  }
  if (!copyStrided(to, *data, zero, one, order))
    return std::nullopt;
  return to;
}

Result foldRange(const NodeView &node, Small to) {
  auto start = node.ints(0), delta = node.ints(2);
  if (to.isReal() || !start || !delta || start->size() != 1 ||
      delta->size() != 1)
    return std::nullopt;
  for (size_t i = 0; i < to.size(); ++i)
    storeInt(to, i,
             wrap(static_cast<uint64_t>((*start)[0]) +
                  i * static_cast<uint64_t>((*delta)[0])));
  return to;
}

Result foldConstantOfShape(const NodeView &node, Small to) {
  const ::onnx::AttributeProto *attr = node.attr("value");
  if (!attr)
    return to; // Zeros.
  Result value = read(&attr->t());
  if (!value || value->size() != 1 || value->type != to.type)
    return std::nullopt;
  for (size_t i = 0; i < to.size(); ++i)
    copyElement(to, i, *value, 0);
  return to;
}

Result foldConstant(const NodeView &node, Small to) {
  const ::onnx::AttributeProto *attr = node.attr("value");
  if (attr)
    return read(&attr->t());
  if (auto ints = node.intsAttr("value_ints"))
    to.ints = *ints;
  else if ((attr = node.attr("value_int")))
    to.ints = {attr->i()};
  else if ((attr = node.attr("value_float")))
    to.reals = {attr->f()};
  else if ((attr = node.attr("value_floats")))
    to.reals.assign(attr->floats().begin(), attr->floats().end());
  else
    return std::nullopt;
  return to;
}

/// A reduction of all elements of an integer vector.
Result foldReduce(const NodeView &node, Small to) {
  Result from = read(node.constants[0]);
  if (!from || from->isReal() || from->dims.size() > 1 || to.size() != 1 ||
      from->size() == 0)
    return std::nullopt;
  llvm::StringRef op =
      llvm::StringSwitch<llvm::StringRef>(node.ref.node.op_type())
          .Case("ReduceProd", "Mul")
          .Case("ReduceSum", "Add")
          .Case("ReduceMin", "Min")
          .Default("Max");
  int64_t value = from->ints[0];
  for (int64_t i : llvm::drop_begin(from->ints))
    value = *intOperation(op, value, i, false);
  storeInt(to, 0, value);
  return to;
}

struct Folder {
  llvm::StringLiteral op;
  Result (*fold)(const NodeView &, Small);
};

const Folder kFolders[] = {
    {"Abs", foldUnary},           {"Add", foldBinary},
    {"And", foldBinary},          {"Cast", foldCast},
    {"Ceil", foldUnary},          {"Concat", foldConcat},
    {"Constant", foldConstant},   {"ConstantOfShape", foldConstantOfShape},
    {"Div", foldBinary},          {"Equal", foldBinary},
    {"Expand", foldExpand},       {"Flatten", foldCopy},
    {"Floor", foldUnary},         {"Gather", foldGather},
    {"Greater", foldBinary},      {"GreaterOrEqual", foldBinary},
    {"Identity", foldCopy},       {"Less", foldBinary},
    {"LessOrEqual", foldBinary},  {"Max", foldBinary},
    {"Min", foldBinary},          {"Mod", foldBinary},
    {"Mul", foldBinary},          {"Neg", foldUnary},
    {"Not", foldUnary},           {"Or", foldBinary},
    {"Pow", foldBinary},          {"Range", foldRange},
    {"ReduceMax", foldReduce},    {"ReduceMin", foldReduce},
    {"ReduceProd", foldReduce},   {"ReduceSum", foldReduce},
    {"Reshape", foldCopy},        {"Round", foldUnary},
    {"Shape", foldShape},         {"Size", foldShape},
    {"Slice", foldSlice},         {"Sqrt", foldUnary},
    {"Squeeze", foldCopy},        {"Sub", foldBinary},
    {"Transpose", foldTranspose}, {"Unsqueeze", foldCopy},
    {"Where", foldWhere},         {"Xor", foldBinary},
};

} // namespace

std::optional<TensorProto> import::foldNode(const NodeView &node,
                                            const TypeProto &result) {
  if (!node.ref.node.domain().empty())
    return std::nullopt;
  for (const Folder &folder : kFolders) {
    if (node.ref.node.op_type() != folder.op)
      continue;
    Result to = resultOf(result);
    if (!to)
      return std::nullopt;
    Result value = folder.fold(node, std::move(*to));
    return value ? std::optional<TensorProto>(write(*value)) : std::nullopt;
  }
  return std::nullopt;
}
