//===- Infer.cpp - Types and shapes, node by node -------------------------===//
//
// Runs the inference functions of ONNX's schemas over the graph, one node
// after another, so that an error belongs to a node and our own checks see
// the types of its inputs first. What the model declares about intermediate
// values is compared with what is inferred, and never trusted.
//
//===----------------------------------------------------------------------===//

#include "Infer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SaveAndRestore.h"

#include "onnx/defs/data_type_utils.h"
#include "onnx/defs/shape_inference.h"
#include "onnx/shape_inference/implementation.h"

using namespace aicc;
using namespace aicc::import;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;
using ::onnx::TensorProto;
using ::onnx::TensorShapeProto;
using ::onnx::TypeProto;

//===----------------------------------------------------------------------===//
// Scopes and views
//===----------------------------------------------------------------------===//

const TypeProto *InferScope::type(const std::string &name) const {
  for (const InferScope *scope = this; scope; scope = scope->outer) {
    auto it = scope->types->find(name);
    if (it != scope->types->end())
      return it->second.value_case() ? &it->second : nullptr;
  }
  return nullptr;
}

const TensorProto *InferScope::constant(const std::string &name) const {
  for (const InferScope *scope = this; scope; scope = scope->outer) {
    auto it = scope->constants.find(name);
    if (it != scope->constants.end())
      return it->second;
    if (scope->types->count(name))
      return nullptr; // Defined here, hides outer ones.
  }
  return nullptr;
}

static const TensorShapeProto *shapeOf(const TypeProto *type) {
  if (!type || !type->has_tensor_type() || !type->tensor_type().has_shape())
    return nullptr;
  return &type->tensor_type().shape();
}

std::optional<int64_t> NodeView::rank(unsigned i) const {
  const TensorShapeProto *shape = has(i) ? shapeOf(inputs[i]) : nullptr;
  return shape ? std::optional<int64_t>(shape->dim_size()) : std::nullopt;
}

std::optional<int64_t> NodeView::dim(unsigned i, int64_t d) const {
  const TensorShapeProto *shape = has(i) ? shapeOf(inputs[i]) : nullptr;
  if (!shape)
    return std::nullopt;
  if (d < 0)
    d += shape->dim_size();
  if (d < 0 || d >= shape->dim_size() ||
      !shape->dim(static_cast<int>(d)).has_dim_value())
    return std::nullopt;
  return shape->dim(static_cast<int>(d)).dim_value();
}

std::optional<std::vector<int64_t>> NodeView::shape(unsigned i) const {
  std::optional<int64_t> r = rank(i);
  if (!r)
    return std::nullopt;
  std::vector<int64_t> dims;
  for (int64_t d = 0; d < *r; ++d) {
    std::optional<int64_t> size = dim(i, d);
    if (!size)
      return std::nullopt;
    dims.push_back(*size);
  }
  return dims;
}

std::optional<std::vector<int64_t>> NodeView::ints(unsigned i) const {
  if (i >= constants.size() || !constants[i])
    return std::nullopt;
  return smallInts(*constants[i]);
}

std::optional<std::vector<double>> NodeView::floats(unsigned i) const {
  if (i >= constants.size() || !constants[i])
    return std::nullopt;
  return smallFloats(*constants[i]);
}

const AttributeProto *NodeView::attr(const char *name) const {
  for (const AttributeProto &attr : ref.node.attribute())
    if (attr.name() == name)
      return &attr;
  return nullptr;
}

int64_t NodeView::intAttr(const char *name, int64_t otherwise) const {
  const AttributeProto *a = attr(name);
  return a ? a->i() : otherwise;
}

std::string NodeView::stringAttr(const char *name,
                                 const char *otherwise) const {
  const AttributeProto *a = attr(name);
  return a ? a->s() : otherwise;
}

std::optional<std::vector<int64_t>> NodeView::intsAttr(const char *name) const {
  const AttributeProto *a = attr(name);
  if (!a)
    return std::nullopt;
  return std::vector<int64_t>(a->ints().begin(), a->ints().end());
}

static std::string shapeString(const TypeProto *type) {
  const TensorShapeProto *shape = shapeOf(type);
  if (!shape)
    return "unknown";
  if (shape->dim_size() == 0)
    return "scalar";
  std::string text;
  for (const auto &dim : shape->dim())
    text += (text.empty() ? "" : "x") +
            (dim.has_dim_value() ? std::to_string(dim.dim_value()) : "?");
  return text;
}

std::string NodeView::shapeText(unsigned i) const {
  return shapeString(i < inputs.size() ? inputs[i] : nullptr);
}

//===----------------------------------------------------------------------===//
// Comparing and limiting types
//===----------------------------------------------------------------------===//

static bool hasElementType(const TypeProto &type) {
  return type.value_case() &&
         (!type.has_tensor_type() ||
          type.tensor_type().elem_type() != TensorProto::UNDEFINED);
}

/// What the model declares about a value.
struct Declared {
  const TypeProto *type;
  bool isOutput; ///< Of the graph.
};

/// Refuses what the model declares about a value if it contradicts `type`.
/// Exporters are careless with the shapes of graph outputs: those only get a
/// warning.
static void compareWithDeclared(Importer &importer, const NodeRef &ref,
                                const std::string &name, const TypeProto &type,
                                const Declared &declaration) {
  const TypeProto &declared = *declaration.type;
  if (!declared.value_case())
    return;
  if (declared.value_case() != type.value_case())
    refuse(ref, ErrorCode::Type,
           "output '" + name + "' is declared as another kind of type");
  if (!type.has_tensor_type())
    return;
  int32_t found = type.tensor_type().elem_type();
  int32_t expected = declared.tensor_type().elem_type();
  if (expected != TensorProto::UNDEFINED && found != expected)
    refuse(ref, ErrorCode::Type,
           "output '" + name + "' is declared " + dataTypeName(expected) +
               " but is " + dataTypeName(found));
  const TensorShapeProto *a = shapeOf(&type), *b = shapeOf(&declared);
  // Exporters write an empty shape where they know none.
  if (!a || !b || b->dim_size() == 0)
    return;
  bool same = a->dim_size() == b->dim_size();
  for (int i = 0; same && i < a->dim_size(); ++i)
    same = !a->dim(i).has_dim_value() || !b->dim(i).has_dim_value() ||
           a->dim(i).dim_value() == b->dim(i).dim_value();
  if (same)
    return;
  Diagnostic d = nodeDiagnostic(ref, ErrorCode::Shape,
                                "output '" + name + "' is declared " +
                                    shapeString(&declared) + " but is " +
                                    shapeString(&type));
  if (!declaration.isOutput)
    throw Refusal{{std::move(d)}};
  d.severity = Severity::Warning;
  d.file = importer.options.modelPath;
  importer.sink.report(std::move(d));
}

/// Refuses results that nobody could store.
static void limitResult(Importer &importer, const NodeRef &ref,
                        const std::string &name, const TypeProto &type) {
  const TensorShapeProto *shape = shapeOf(&type);
  if (!shape)
    return;
  std::string what = "output '" + name + "' (" + shapeString(&type) + ")";
  if (shape->dim_size() > importer.limits().maxRank)
    refuse(ref, ErrorCode::Limit,
           "output '" + name + "' has " + llvm::Twine(shape->dim_size()) +
               " dimensions, more than the " +
               llvm::Twine(importer.limits().maxRank) + " allowed");
  int64_t bytes = std::max(elementBits(type.tensor_type().elem_type()) / 8, 1u);
  bool tooLarge = false, zero = false;
  for (const auto &dim : shape->dim()) {
    if (!dim.has_dim_value())
      continue;
    if (dim.dim_value() < 0)
      refuse(ref, ErrorCode::Shape, what + " has a negative dimension");
    zero |= dim.dim_value() == 0;
    tooLarge |= llvm::MulOverflow<int64_t>(bytes, dim.dim_value(), bytes);
    tooLarge |= bytes > importer.limits().maxValueBytes;
  }
  if (tooLarge && !zero)
    refuse(ref, ErrorCode::Limit,
           what + " needs more than " +
               llvm::Twine(importer.limits().maxValueBytes) + " bytes");
}

/// Checks the types of the inputs against the schema: each is allowed, and
/// those of one type variable agree.
static void checkInputTypes(const NodeView &view) {
  const auto &params = view.schema.inputs();
  std::map<std::string, std::pair<::onnx::DataType, std::string>> bound;
  for (size_t i = 0; i < view.inputs.size(); ++i) {
    if (!view.inputs[i] || params.empty())
      continue;
    const auto &param = params[std::min(i, params.size() - 1)];
    ::onnx::DataType type;
    try {
      type = ::onnx::Utils::DataTypeUtils::ToType(*view.inputs[i]);
    } catch (const std::exception &) {
      view.fail(ErrorCode::Type, "input " + llvm::Twine(i) + " ('" +
                                     param.GetName() +
                                     "') has a type that ONNX does not know");
    }
    if (!param.GetTypes().count(type)) {
      std::vector<std::string> allowed;
      for (::onnx::DataType t : param.GetTypes())
        allowed.push_back(*t);
      llvm::sort(allowed);
      if (allowed.size() > 8) {
        allowed.resize(8);
        allowed.push_back("...");
      }
      view.fail(ErrorCode::Type,
                "input " + llvm::Twine(i) + " ('" + param.GetName() + "') is " +
                    *type + ", expected " + llvm::join(allowed, " or "));
    }
    if (!param.GetIsHomogeneous())
      continue;
    auto [it, isNew] =
        bound.emplace(param.GetTypeStr(), std::pair(type, param.GetName()));
    if (!isNew && it->second.first != type)
      view.fail(ErrorCode::Type, "input '" + param.GetName() + "' is " + *type +
                                     ", but '" + it->second.second + "' is " +
                                     *it->second.first +
                                     "; they must have one type");
  }
}

/// The type of an output that has no inference: what its type variable is
/// bound to, the only type that its schema allows, or what the model declares;
/// without a shape.
static TypeProto typeWithoutInference(const NodeView &view, size_t output,
                                      const TypeProto *declared) {
  const auto &results = view.schema.outputs();
  const auto &params = view.schema.inputs();
  TypeProto type;
  if (!results.empty()) {
    const auto &param = results[std::min(output, results.size() - 1)];
    for (size_t i = 0; i < view.inputs.size() && !params.empty(); ++i)
      if (view.inputs[i] &&
          params[std::min(i, params.size() - 1)].GetTypeStr() ==
              param.GetTypeStr())
        type = *view.inputs[i];
    if (!type.value_case() && param.GetTypes().size() == 1)
      type =
          ::onnx::Utils::DataTypeUtils::ToTypeProto(*param.GetTypes().begin());
  }
  if (!type.value_case() && declared)
    type = *declared;
  if (!type.has_tensor_type())
    return type;
  type.mutable_tensor_type()->clear_shape();
  // Those of ai.onnx.ml that work element by element.
  static const llvm::StringSet<> elementwise = {
      "Binarizer", "CategoryMapper", "Imputer",
      "Scaler",    "LabelEncoder",   "Normalizer"};
  const TensorShapeProto *shape =
      view.inputs.empty() ? nullptr : shapeOf(view.inputs[0]);
  if (shape && view.ref.node.domain() == "ai.onnx.ml" &&
      elementwise.contains(view.ref.node.op_type()))
    *type.mutable_tensor_type()->mutable_shape() = *shape;
  return type;
}

//===----------------------------------------------------------------------===//
// The inference
//===----------------------------------------------------------------------===//

namespace {

using InputTypes = std::vector<const TypeProto *>;
using InputData = std::vector<const TensorProto *>;

class Inference {
public:
  explicit Inference(Importer &importer) : importer(importer) {
    // Bodies of loops are walked until their shapes are stable, nested ones
    // several times over; past the budget shapes are left unknown.
    budget = 16 * importer.limits().maxNodes;
  }

  /// Infers `graph`, whose inputs have `types` (null: as declared).
  InputTypes inferGraph(const GraphProto &graph, InferScope *outer,
                        const InputTypes &types, const InputData &data,
                        const Opsets &opsets);

private:
  friend class SubGraph;
  void defineInputs(const GraphProto &graph, InferScope &scope,
                    const InputTypes &types, const InputData &data);
  void inferNode(const NodeRef &ref, InferScope &scope,
                 const std::unordered_map<std::string, Declared> &declared);
  void runSchema(const NodeView &view, InferScope &scope,
                 std::vector<TypeProto> &outputs);
  void inferLoop(const NodeView &view, InferScope &scope,
                 std::vector<TypeProto> &outputs);
  bool inferIf(const NodeView &view, InferScope &scope,
               std::vector<TypeProto> &outputs);
  void inferBody(const NodeView &view, InferScope &scope,
                 std::vector<TypeProto> &outputs);
  void propagate(const NodeView &view, InferScope &scope,
                 const std::vector<TypeProto> &outputs);

  Importer &importer;
  std::deque<TensorProto>
      computed; ///< Owns constants that are not the model's.
  int64_t budget;
  /// Depth of If nodes whose condition is not known: what is in their branches
  /// may never run, and need not fit the shapes.
  int mayNotRun = 0;
};

/// Lets the inference functions of ONNX walk a sub-graph.
class SubGraph : public ::onnx::GraphInferencer {
public:
  SubGraph(Inference &inference, const GraphProto &graph, InferScope &scope,
           const Opsets &opsets)
      : inference(inference), graph(graph), scope(scope), opsets(opsets) {}

  InputTypes doInferencing(const InputTypes &types,
                           const InputData &data) override {
    return inference.inferGraph(graph, &scope, types, data, opsets);
  }

private:
  Inference &inference;
  const GraphProto &graph;
  InferScope &scope;
  const Opsets &opsets;
};

/// What an inference function of ONNX sees of a node.
class Context : public ::onnx::InferenceContext {
public:
  Context(Inference &inference, const NodeView &view, InferScope &scope,
          const Opsets &opsets, std::vector<TypeProto> &outputs)
      : inference(inference), view(view), scope(scope), opsets(opsets),
        outputs(outputs) {}

  const AttributeProto *getAttribute(const std::string &name) const override {
    return view.attr(name.c_str());
  }
  size_t getNumInputs() const override { return view.inputs.size(); }
  const TypeProto *getInputType(size_t i) const override {
    return i < view.inputs.size() ? view.inputs[i] : nullptr;
  }
  bool hasInput(size_t i) const override {
    return i < view.inputs.size() &&
           !view.ref.node.input(static_cast<int>(i)).empty();
  }
  const TensorProto *getInputData(size_t i) const override {
    return i < view.constants.size() ? view.constants[i] : nullptr;
  }
  size_t getNumOutputs() const override { return outputs.size(); }
  TypeProto *getOutputType(size_t i) override {
    if (i >= outputs.size())
      throw std::runtime_error("the node has too few outputs");
    return &outputs[i];
  }
  bool hasOutput(size_t i) override {
    return i < outputs.size() &&
           !view.ref.node.output(static_cast<int>(i)).empty();
  }
  const ::onnx::SparseTensorProto *getInputSparseData(size_t) const override {
    return nullptr;
  }
  const TensorShapeProto *getSymbolicInput(size_t i) const override {
    if (i >= view.inputs.size())
      return nullptr;
    const std::string &name = view.ref.node.input(static_cast<int>(i));
    for (InferScope *s = &scope; s; s = s->outer) {
      auto it = s->partial.find(name);
      if (it != s->partial.end())
        return &it->second;
      if (s->types->count(name))
        return nullptr;
    }
    return nullptr;
  }
  ::onnx::GraphInferencer *
  getGraphAttributeInferencer(const std::string &name) override {
    const AttributeProto *attr = view.attr(name.c_str());
    if (!attr || !attr->has_g())
      throw std::runtime_error("attribute '" + name + "' is not a graph");
    subGraphs.push_back(
        std::make_unique<SubGraph>(inference, attr->g(), scope, opsets));
    return subGraphs.back().get();
  }

private:
  Inference &inference;
  const NodeView &view;
  InferScope &scope;
  const Opsets &opsets;
  std::vector<TypeProto> &outputs;
  std::vector<std::unique_ptr<SubGraph>> subGraphs;
};

/// What ONNX's data propagation sees of a node.
class Propagation : public ::onnx::DataPropagationContext {
public:
  Propagation(const NodeView &view, InferScope &scope,
              const std::vector<TypeProto> &outputs)
      : view(view), scope(scope), outputs(outputs) {}

  const AttributeProto *getAttribute(const std::string &name) const override {
    return view.attr(name.c_str());
  }
  size_t getNumInputs() const override { return view.inputs.size(); }
  const TypeProto *getInputType(size_t i) const override {
    return i < view.inputs.size() ? view.inputs[i] : nullptr;
  }
  size_t getNumOutputs() const override { return outputs.size(); }
  const TypeProto *getOutputType(size_t i) const override {
    return i < outputs.size() ? &outputs[i] : nullptr;
  }
  const TensorShapeProto *getInputData(size_t i) override {
    if (i >= view.inputs.size())
      return nullptr;
    const std::string &name = view.ref.node.input(static_cast<int>(i));
    for (InferScope *s = &scope; s; s = s->outer) {
      auto it = s->partial.find(name);
      if (it != s->partial.end())
        return &it->second;
      if (s->types->count(name))
        break; // Hides outer ones.
    }
    return fromConstant(i);
  }
  void addOutputData(size_t i, TensorShapeProto &&values) override {
    if (i < outputs.size())
      scope.partial[view.ref.node.output(static_cast<int>(i))] =
          std::move(values);
  }

private:
  static constexpr int64_t kMaxValues = 256;

  const TensorShapeProto *fromConstant(size_t i) {
    TensorShapeProto values;
    unsigned input = static_cast<unsigned>(i);
    if (auto ints = view.ints(input)) {
      if (view.constants[i]->dims_size() > 1 ||
          static_cast<int64_t>(ints->size()) > kMaxValues)
        return nullptr;
      for (int64_t value : *ints)
        values.add_dim()->set_dim_value(value);
    } else {
      std::optional<int64_t> rank = view.rank(input);
      std::optional<int64_t> size = view.dim(input, 0);
      if (rank != 1 || !size || *size > kMaxValues)
        return nullptr;
      for (int64_t k = 0; k < *size; ++k)
        values.add_dim();
    }
    owned.push_back(std::move(values));
    return &owned.back();
  }

  const NodeView &view;
  InferScope &scope;
  const std::vector<TypeProto> &outputs;
  std::deque<TensorShapeProto> owned;
};

} // namespace

static TypeProto tensorType(int32_t elementType, llvm::ArrayRef<int64_t> dims) {
  TypeProto type;
  type.mutable_tensor_type()->set_elem_type(elementType);
  TensorShapeProto *shape = type.mutable_tensor_type()->mutable_shape();
  for (int64_t dim : dims)
    shape->add_dim()->set_dim_value(dim);
  return type;
}

void Inference::defineInputs(const GraphProto &graph, InferScope &scope,
                             const InputTypes &types, const InputData &data) {
  for (int i = 0; i < graph.input_size(); ++i) {
    const auto &input = graph.input(i);
    size_t k = static_cast<size_t>(i);
    const TypeProto *given = k < types.size() ? types[k] : nullptr;
    (*scope.types)[input.name()] = given ? *given : input.type();
    if (k < data.size() && data[k])
      scope.constants[input.name()] = data[k];
  }
  for (const TensorProto &tensor : graph.initializer()) {
    (*scope.types)[tensor.name()] = tensorType(
        tensor.data_type(),
        {tensor.dims().data(), static_cast<size_t>(tensor.dims_size())});
    if (!isCut(tensor))
      scope.constants[tensor.name()] = &tensor;
  }
  for (const auto &sparse : graph.sparse_initializer())
    (*scope.types)[sparse.values().name()] = tensorType(
        sparse.values().data_type(),
        {sparse.dims().data(), static_cast<size_t>(sparse.dims_size())});
}

InputTypes Inference::inferGraph(const GraphProto &graph, InferScope *outer,
                                 const InputTypes &types, const InputData &data,
                                 const Opsets &opsets) {
  ValueTypes &values = importer.types[&graph];
  values.clear();
  InferScope scope{outer, &values, {}, {}};
  defineInputs(graph, scope, types, data);
  std::unordered_map<std::string, Declared> declared;
  for (const auto &value : graph.value_info())
    declared[value.name()] = {&value.type(), false};
  for (const auto &output : graph.output())
    declared[output.name()] = {&output.type(), true};
  int64_t index = 0;
  for (const NodeProto &node : graph.node()) {
    auto it = opsets.find(node.domain());
    inferNode({node, index++, it == opsets.end() ? 0 : it->second}, scope,
              declared);
  }
  InputTypes results;
  for (const auto &output : graph.output())
    results.push_back(scope.type(output.name()));
  return results;
}

void Inference::inferNode(
    const NodeRef &ref, InferScope &scope,
    const std::unordered_map<std::string, Declared> &declared) {
  --budget;
  const OpSchema *schema = findSchema(ref);
  if (!schema)
    throw Refusal{
        {nodeDiagnostic(ref, ErrorCode::Unsupported, "unknown operator")}};
  NodeView view{ref, *schema, {}, {}};
  for (const std::string &input : ref.node.input()) {
    view.inputs.push_back(input.empty() ? nullptr : scope.type(input));
    view.constants.push_back(input.empty() ? nullptr : scope.constant(input));
  }
  checkInputTypes(view);
  std::vector<TypeProto> outputs(ref.node.output_size());
  importer.takenBranches.erase(&ref.node);
  try {
    checkNode(importer, view);
    runSchema(view, scope, outputs);
    if (!importer.isLowered(ref.node))
      inferBody(view, scope, outputs);
  } catch (Refusal &refusal) {
    if (!mayNotRun || refusal.diagnostics[0].code != ErrorCode::Shape)
      throw;
    // A branch for other shapes than those asked for.
    refusal.diagnostics[0].severity = Severity::Warning;
    refusal.diagnostics[0].file = importer.options.modelPath;
    importer.sink.report(std::move(refusal.diagnostics[0]));
    outputs.assign(outputs.size(), TypeProto());
  }
  for (int i = 0; i < ref.node.output_size(); ++i) {
    const std::string &name = ref.node.output(i);
    if (name.empty())
      continue;
    TypeProto &type = outputs[static_cast<size_t>(i)];
    auto it = declared.find(name);
    const Declared *other = it == declared.end() ? nullptr : &it->second;
    if (!hasElementType(type))
      type = typeWithoutInference(view, static_cast<size_t>(i),
                                  other ? other->type : nullptr);
    if (!hasElementType(type))
      refuse(ref, ErrorCode::Type,
             "the type of output '" + name + "' is not known");
    if (other)
      compareWithDeclared(importer, ref, name, type, *other);
    limitResult(importer, ref, name, type);
    (*scope.types)[name] = type;
  }
  propagate(view, scope, outputs);
}

void Inference::runSchema(const NodeView &view, InferScope &scope,
                          std::vector<TypeProto> &outputs) {
  const OpSchema &schema = view.schema;
  if (schema.Name() == "Loop" && view.ref.node.domain().empty())
    return inferLoop(view, scope, outputs);
  if (schema.Name() == "If" && view.ref.node.domain().empty() &&
      inferIf(view, scope, outputs))
    return;
  Context context(*this, view, scope, importer.opsets, outputs);
  llvm::SaveAndRestore<int> guard(mayNotRun,
                                  mayNotRun + (schema.Name() == "If" ? 1 : 0));
  try {
    if (schema.has_type_and_shape_inference_function())
      schema.GetTypeAndShapeInferenceFunction()(context);
    else if (schema.HasFunction())
      ::onnx::shape_inference::InferShapeForFunctionNode(
          *schema.GetFunction(static_cast<int>(view.ref.opset)),
          ::onnx::OpSchemaRegistry::Instance(), context);
  } catch (const Refusal &) {
    throw;
  } catch (const std::exception &e) {
    llvm::StringRef what = e.what();
    ErrorCode code = what.contains("TypeInferenceError") ? ErrorCode::Type
                                                         : ErrorCode::Shape;
    what.consume_front("[ShapeInferenceError] ");
    what.consume_front("[TypeInferenceError] ");
    view.fail(code, what);
  }
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

const GraphProto *import::takenBranch(const Importer &importer,
                                      const NodeProto &node) {
  auto it = importer.takenBranches.find(&node);
  return it == importer.takenBranches.end() ? nullptr : it->second;
}

bool Inference::inferIf(const NodeView &view, InferScope &scope,
                        std::vector<TypeProto> &outputs) {
  std::optional<std::vector<int64_t>> condition = view.ints(0);
  if (!condition || condition->size() != 1)
    return false;
  const AttributeProto *branch =
      view.attr((*condition)[0] ? "then_branch" : "else_branch");
  if (!branch || !branch->has_g())
    return false;
  importer.takenBranches[&view.ref.node] = &branch->g();
  InputTypes results = inferGraph(branch->g(), &scope, {}, {}, importer.opsets);
  for (size_t i = 0; i < outputs.size() && i < results.size(); ++i)
    if (results[i])
      outputs[i] = *results[i];
  return true;
}

/// Takes the function body of the operator for the node, if it has one. The
/// body's types count: it is what computes the outputs.
void Inference::inferBody(const NodeView &view, InferScope &scope,
                          std::vector<TypeProto> &outputs) {
  std::optional<GraphProto> graph = functionBody(view);
  if (!graph)
    return;
  auto [it, isNew] = importer.bodies.try_emplace(&view.ref.node);
  GraphProto &body = it->second;
  body.Swap(&*graph);
  if (isNew)
    importer.numNodes += body.node_size();
  if (importer.numNodes > importer.limits().maxNodes)
    view.fail(ErrorCode::Limit,
              "with its functions inlined the model has more than " +
                  llvm::Twine(importer.limits().maxNodes) + " nodes");
  importer.takenBranches[&view.ref.node] = &body;
  llvm::SaveAndRestore<Opsets> guard(importer.opsets,
                                     opsetsOfBody(importer, view.ref.node));
  InputTypes results =
      inferGraph(body, &scope, view.inputs, view.constants, importer.opsets);
  for (size_t i = 0; i < outputs.size() && i < results.size(); ++i)
    if (results[i])
      outputs[i] = *results[i];
}

/// Makes `type` cover `other`: forgets what differs. True if it changed.
static bool widen(TypeProto &type, const TypeProto *other) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape())
    return false;
  const TensorShapeProto *shape = shapeOf(other);
  TensorShapeProto *own = type.mutable_tensor_type()->mutable_shape();
  if (!shape || shape->dim_size() != own->dim_size()) {
    type.mutable_tensor_type()->clear_shape();
    return true;
  }
  bool changed = false;
  for (int i = 0; i < own->dim_size(); ++i) {
    auto *dim = own->mutable_dim(i);
    if (!dim->has_dim_value() ||
        (shape->dim(i).has_dim_value() &&
         shape->dim(i).dim_value() == dim->dim_value()))
      continue;
    dim->clear_value();
    changed = true;
  }
  return changed;
}

void Inference::inferLoop(const NodeView &view, InferScope &scope,
                          std::vector<TypeProto> &outputs) {
  const AttributeProto *body = view.attr("body");
  if (!body)
    view.fail(ErrorCode::Attr, "attribute 'body' is missing");
  TypeProto iteration = tensorType(TensorProto::INT64, {});
  TypeProto condition = tensorType(TensorProto::BOOL, {});
  std::vector<TypeProto> carried;
  for (size_t i = 2; i < view.inputs.size(); ++i)
    carried.push_back(view.inputs[i] ? *view.inputs[i] : TypeProto());
  if (budget < 0)
    for (TypeProto &type : carried)
      if (type.has_tensor_type())
        type.mutable_tensor_type()->clear_shape();
  InputTypes results;
  for (bool changed = true; changed;) {
    InputTypes types{&iteration, &condition};
    for (TypeProto &type : carried)
      types.push_back(type.value_case() ? &type : nullptr);
    results = inferGraph(body->g(), &scope, types, {}, importer.opsets);
    changed = false;
    for (size_t i = 0; i < carried.size(); ++i)
      changed |=
          widen(carried[i], i + 1 < results.size() ? results[i + 1] : nullptr);
  }
  for (size_t i = 0; i < outputs.size() && i + 1 < results.size(); ++i) {
    const TypeProto *result = results[i + 1];
    if (i < carried.size()) {
      // An optional goes in where the body gives a value.
      bool same = !result || carried[i].value_case() == result->value_case();
      outputs[i] = same ? carried[i] : *result;
    } else if (result && result->has_tensor_type()) {
      // A scan output: one more dimension, the number of iterations.
      auto *tensor = outputs[i].mutable_tensor_type();
      tensor->set_elem_type(result->tensor_type().elem_type());
      if (const TensorShapeProto *shape = shapeOf(result)) {
        tensor->mutable_shape()->add_dim();
        for (const auto &dim : shape->dim())
          *tensor->mutable_shape()->add_dim() = dim;
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void Inference::propagate(const NodeView &view, InferScope &scope,
                          const std::vector<TypeProto> &outputs) {
  const NodeProto &node = view.ref.node;
  if (outputs.empty() || node.output(0).empty())
    return;
  if (std::optional<TensorProto> value = foldNode(view, outputs[0])) {
    computed.push_back(std::move(*value));
    scope.constants[node.output(0)] = &computed.back();
    return;
  }
  if (!view.schema.has_data_propagation_function())
    return;
  Propagation context(view, scope, outputs);
  try {
    view.schema.GetDataPropagationFunction()(context);
  } catch (const std::exception &) {
    return; // Nothing is known then; that is no fault of the model.
  }
  // Values that are all known are as good as a constant.
  auto it = scope.partial.find(node.output(0));
  const TensorShapeProto *shape = shapeOf(&outputs[0]);
  if (it == scope.partial.end() || !shape || shape->dim_size() > 1 ||
      outputs[0].tensor_type().elem_type() != TensorProto::INT64)
    return;
  TensorProto tensor;
  tensor.set_data_type(TensorProto::INT64);
  if (shape->dim_size() == 1)
    tensor.add_dims(it->second.dim_size());
  else if (it->second.dim_size() != 1)
    return;
  for (const auto &dim : it->second.dim()) {
    if (!dim.has_dim_value())
      return;
    tensor.add_int64_data(dim.dim_value());
  }
  computed.push_back(std::move(tensor));
  scope.constants[node.output(0)] = &computed.back();
}

//===----------------------------------------------------------------------===//
// The model's inputs
//===----------------------------------------------------------------------===//

/// Gives `type` the shape that the user states for input `name`.
static void applyShape(TypeProto &type, const std::string &name,
                       llvm::ArrayRef<int64_t> dims,
                       std::map<std::string, int64_t> &symbols) {
  std::string what = "--shape=" + name;
  if (!type.has_tensor_type())
    refuse(ErrorCode::Shape, what + ": the input is not a tensor");
  bool unranked = !type.tensor_type().has_shape();
  TensorShapeProto *shape = type.mutable_tensor_type()->mutable_shape();
  if (unranked)
    for (size_t i = 0; i < dims.size(); ++i)
      shape->add_dim();
  if (shape->dim_size() != static_cast<int>(dims.size()))
    refuse(ErrorCode::Shape, what + ": " + llvm::Twine(dims.size()) +
                                 " dimensions, the model's input is " +
                                 shapeString(&type));
  for (size_t i = 0; i < dims.size(); ++i) {
    auto *dim = shape->mutable_dim(static_cast<int>(i));
    if (dims[i] < 0)
      continue;
    if (dim->has_dim_value() && dim->dim_value() != dims[i])
      refuse(ErrorCode::Shape, what + ": dimension " + llvm::Twine(i) + " is " +
                                   llvm::Twine(dims[i]) +
                                   ", the model fixes it to " +
                                   llvm::Twine(dim->dim_value()));
    if (dim->has_dim_param() && !dim->dim_param().empty())
      symbols.emplace(dim->dim_param(), dims[i]);
    dim->set_dim_value(dims[i]);
  }
}

/// Applies `--shape`; dimensions of one name get one size.
static void applyShapes(Importer &importer) {
  GraphProto &graph = *importer.model.mutable_graph();
  std::map<std::string, int64_t> symbols;
  for (const auto &[name, dims] : importer.options.shapes) {
    auto it = llvm::find_if(*graph.mutable_input(), [&](const auto &input) {
      return input.name() == name;
    });
    if (it == graph.mutable_input()->end()) {
      std::string inputs;
      for (const auto &input : graph.input())
        inputs += (inputs.empty() ? "" : ", ") + input.name();
      refuse(ErrorCode::Usage, "--shape=" + name +
                                   ": the model has no such input; it has " +
                                   inputs);
    }
    applyShape(*it->mutable_type(), name, dims, symbols);
  }
  for (auto &input : *graph.mutable_input()) {
    if (!input.type().has_tensor_type() ||
        !input.type().tensor_type().has_shape())
      continue;
    for (auto &dim : *input.mutable_type()
                          ->mutable_tensor_type()
                          ->mutable_shape()
                          ->mutable_dim()) {
      auto it = symbols.find(dim.dim_param());
      if (dim.has_dim_param() && it != symbols.end())
        dim.set_dim_value(it->second);
    }
  }
}

void import::inferTypes(Importer &importer) {
  applyShapes(importer);
  Inference(importer).inferGraph(importer.model.graph(), nullptr, {}, {},
                                 importer.opsets);
}
