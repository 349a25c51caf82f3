//===- CheckGraph.cpp - Names, order, arity and sub-graphs ----------------===//

#include "Importer.h"

#include "llvm/ADT/StringExtras.h"

#include <set>
#include <unordered_set>

using namespace aicc;
using namespace aicc::import;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TypeProto;

namespace {

/// Names that a graph defines, and the graph around it.
struct Scope {
  const Scope *outer;
  std::unordered_set<std::string> names;

  bool sees(const std::string &name) const {
    for (const Scope *scope = this; scope; scope = scope->outer)
      if (scope->names.count(name))
        return true;
    return false;
  }
};

/// Walks the graph of the model or the body of a function.
class GraphChecker {
public:
  GraphChecker(Importer &importer,
               const std::map<std::string, const FunctionProto *> &functions)
      : importer(importer), functions(functions) {}

  void checkGraph(GraphProto &graph, const Opsets &opsets, const Scope *outer,
                  int depth);
  void checkFunction(FunctionProto &function);

  std::vector<Diagnostic> unsupported;

private:
  void checkNodes(google::protobuf::RepeatedPtrField<NodeProto> &nodes,
                  const Opsets &opsets, Scope &scope, int depth);
  void checkNode(const NodeRef &node, Scope &scope);
  void checkOperator(const NodeRef &node);
  void checkSubGraphs(const NodeRef &node);
  void checkInitializers(GraphProto &graph, Scope &scope, bool isMain);
  void define(Scope &scope, const std::string &name, const llvm::Twine &what);

  Importer &importer;
  const std::map<std::string, const FunctionProto *> &functions;
  bool inFunction = false;
};

} // namespace

void GraphChecker::define(Scope &scope, const std::string &name,
                          const llvm::Twine &what) {
  if (name.empty())
    refuse(ErrorCode::Graph, what + " has no name");
  if (!scope.names.insert(name).second)
    refuse(ErrorCode::Graph, what + " '" + name + "' is defined twice");
}

//===----------------------------------------------------------------------===//
// Declared types
//===----------------------------------------------------------------------===//

/// Checks rank and dimensions of a tensor type that the model declares.
static void checkShape(Importer &importer, ::onnx::TensorShapeProto &shape,
                       const std::string &what) {
  std::vector<int64_t> dims;
  for (auto &dim : *shape.mutable_dim()) {
    if (dim.has_dim_value() && dim.dim_value() == -1)
      dim.clear_value(); // What Paddle's exporter means by it.
    dims.push_back(dim.has_dim_value() ? dim.dim_value() : 1);
  }
  for (int64_t dim : dims)
    if (dim < 0)
      refuse(ErrorCode::Shape,
             what + " has the negative dimension " + llvm::Twine(dim));
  if (countElements(importer, dims, what, ErrorCode::Limit) >
      importer.limits().maxTensorElements)
    refuse(ErrorCode::Limit,
           what + " has more than " +
               llvm::Twine(importer.limits().maxTensorElements) + " elements");
}

static void checkDeclaredType(Importer &importer, TypeProto &type,
                              const std::string &what) {
  switch (type.value_case()) {
  case TypeProto::kTensorType:
    if (elementBits(type.tensor_type().elem_type()) == 0 &&
        type.tensor_type().elem_type() != ::onnx::TensorProto::STRING)
      refuse(ErrorCode::Type, what + " has no element type");
    if (type.tensor_type().has_shape())
      checkShape(importer, *type.mutable_tensor_type()->mutable_shape(), what);
    return;
  case TypeProto::kSequenceType:
    return checkDeclaredType(
        importer, *type.mutable_sequence_type()->mutable_elem_type(), what);
  case TypeProto::kOptionalType:
    return checkDeclaredType(
        importer, *type.mutable_optional_type()->mutable_elem_type(), what);
  case TypeProto::kMapType:
    return checkDeclaredType(
        importer, *type.mutable_map_type()->mutable_value_type(), what);
  default:
    refuse(ErrorCode::Type, what + " has no type");
  }
}

/// Checks that an initialiser fits the graph input that it is the default of.
static void checkDefault(const ::onnx::TensorProto &tensor,
                         const TypeProto &type) {
  if (!type.has_tensor_type())
    return;
  std::string what = "initialiser '" + tensor.name() + "'";
  if (type.tensor_type().elem_type() != tensor.data_type())
    refuse(ErrorCode::Type, what + " is " + dataTypeName(tensor.data_type()) +
                                ", the input of that name " +
                                dataTypeName(type.tensor_type().elem_type()));
  if (!type.tensor_type().has_shape())
    return;
  const auto &shape = type.tensor_type().shape();
  bool same = shape.dim_size() == tensor.dims_size();
  for (int i = 0; same && i < shape.dim_size(); ++i)
    same = !shape.dim(i).has_dim_value() ||
           shape.dim(i).dim_value() == tensor.dims(i);
  if (!same)
    refuse(ErrorCode::Shape,
           what + " has another shape than the input of that name");
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

void GraphChecker::checkInitializers(GraphProto &graph, Scope &scope,
                                     bool isMain) {
  std::unordered_map<std::string, const TypeProto *> inputs;
  for (auto &input : *graph.mutable_input()) {
    define(scope, input.name(), "graph input");
    inputs[input.name()] = &input.type();
    if (isMain || input.has_type())
      checkDeclaredType(importer, *input.mutable_type(),
                        "input '" + input.name() + "'");
  }
  std::unordered_set<std::string> seen;
  auto add = [&](const std::string &name) {
    if (name.empty())
      refuse(ErrorCode::Graph, "an initialiser has no name");
    if (!seen.insert(name).second)
      refuse(ErrorCode::Graph, "initialiser '" + name + "' is defined twice");
    scope.names.insert(name);
  };
  for (auto &tensor : *graph.mutable_initializer()) {
    add(tensor.name());
    checkTensor(importer, tensor, nullptr);
    auto it = inputs.find(tensor.name());
    if (it != inputs.end())
      checkDefault(tensor, *it->second);
  }
  for (auto &tensor : *graph.mutable_sparse_initializer()) {
    add(tensor.values().name());
    checkSparseTensor(importer, tensor, nullptr);
  }
}

void GraphChecker::checkGraph(GraphProto &graph, const Opsets &opsets,
                              const Scope *outer, int depth) {
  if (depth > importer.limits().maxNesting)
    refuse(ErrorCode::Limit, "sub-graphs are nested more than " +
                                 llvm::Twine(importer.limits().maxNesting) +
                                 " deep");
  Scope scope{outer, {}};
  checkInitializers(graph, scope, /*isMain=*/outer == nullptr);
  checkNodes(*graph.mutable_node(), opsets, scope, depth);
  for (auto &output : *graph.mutable_output()) {
    if (output.name().empty())
      refuse(ErrorCode::Graph, "a graph output has no name");
    if (!scope.sees(output.name()))
      refuse(ErrorCode::Graph,
             "graph output '" + output.name() + "' is never computed");
    if (output.has_type() && output.type().value_case() != 0)
      checkDeclaredType(importer, *output.mutable_type(),
                        "output '" + output.name() + "'");
  }
  for (auto &value : *graph.mutable_value_info())
    if (value.has_type() && value.type().value_case() != 0)
      checkDeclaredType(importer, *value.mutable_type(),
                        "value '" + value.name() + "'");
}

void GraphChecker::checkFunction(FunctionProto &function) {
  inFunction = true;
  std::string what = "function '" + function.name() + "'";
  Opsets opsets = checkOpsets(function.opset_import(), what);
  if (opsets.empty())
    opsets = importer.opsets;
  Scope scope{nullptr, {}};
  for (const std::string &input : function.input())
    define(scope, input, what + ": input");
  checkNodes(*function.mutable_node(), opsets, scope, 1);
  for (const std::string &output : function.output())
    if (!scope.names.count(output))
      refuse(ErrorCode::Graph,
             what + ": output '" + output + "' is never computed");
  inFunction = false;
}

void GraphChecker::checkNodes(
    google::protobuf::RepeatedPtrField<NodeProto> &nodes, const Opsets &opsets,
    Scope &scope, int depth) {
  importer.numNodes += nodes.size();
  if (importer.numNodes > importer.limits().maxNodes)
    refuse(ErrorCode::Limit, "the model has more than " +
                                 llvm::Twine(importer.limits().maxNodes) +
                                 " nodes");
  int64_t index = -1;
  for (NodeProto &node : nodes) {
    ++index;
    if (node.domain() == "ai.onnx")
      node.clear_domain();
    auto it = opsets.find(node.domain());
    NodeRef ref{node, index, it == opsets.end() ? 0 : it->second};
    if (node.op_type().empty())
      refuse(ref, ErrorCode::Graph, "the node has no operator");
    if (it == opsets.end())
      refuse(ref, ErrorCode::Model,
             "the model does not import operator set '" +
                 (node.domain().empty() ? "ai.onnx" : node.domain()) + "'");
    checkNode(ref, scope);
    for (AttributeProto &attr : *node.mutable_attribute()) {
      if (attr.has_t())
        checkTensor(importer, *attr.mutable_t(), &ref);
      for (auto &tensor : *attr.mutable_tensors())
        checkTensor(importer, tensor, &ref);
      if (attr.has_sparse_tensor())
        checkSparseTensor(importer, *attr.mutable_sparse_tensor(), &ref);
      if (attr.has_g())
        checkGraph(*attr.mutable_g(), opsets, &scope, depth + 1);
      for (GraphProto &graph : *attr.mutable_graphs())
        checkGraph(graph, opsets, &scope, depth + 1);
    }
    for (const std::string &output : node.output())
      if (!output.empty() && !scope.names.insert(output).second)
        refuse(ref, ErrorCode::Graph,
               "output '" + output + "' is already defined");
  }
}

void GraphChecker::checkNode(const NodeRef &ref, Scope &scope) {
  const NodeProto &node = ref.node;
  if (node.input_size() > importer.limits().maxNodeInputs)
    refuse(ref, ErrorCode::Limit,
           llvm::Twine(node.input_size()) + " inputs, more than the " +
               llvm::Twine(importer.limits().maxNodeInputs) + " allowed");
  if (node.output().empty())
    refuse(ref, ErrorCode::Graph, "the node has no outputs");
  for (const std::string &input : node.input())
    if (!input.empty() && !scope.sees(input))
      refuse(ref, ErrorCode::Graph,
             "input '" + input + "' is not defined before the node",
             "nodes must come after those whose outputs they use");
  checkOperator(ref);
}

void GraphChecker::checkOperator(const NodeRef &ref) {
  const NodeProto &node = ref.node;
  auto function = functions.find(
      functionKey(node.domain(), node.op_type(), node.overload()));
  if (function != functions.end()) {
    if (node.input_size() > function->second->input_size() ||
        node.output_size() > function->second->output_size())
      refuse(ref, ErrorCode::Graph,
             "the function has " + llvm::Twine(function->second->input_size()) +
                 " inputs and " + llvm::Twine(function->second->output_size()) +
                 " outputs, the node " + llvm::Twine(node.input_size()) +
                 " and " + llvm::Twine(node.output_size()));
    return;
  }
  checkContribOperator(importer, ref);
  const ::onnx::OpSchema *schema = findSchema(ref);
  if (!schema) {
    bool known =
        ::onnx::OpSchemaRegistry::Schema(node.op_type(), node.domain());
    unsupported.push_back(nodeDiagnostic(
        ref, ErrorCode::Unsupported,
        known ? "the operator does not exist in this version of its set"
              : "unknown operator"));
    return;
  }
  checkAgainstSchema(ref, *schema, inFunction);
  checkSubGraphs(ref);
}

/// The sub-graph in attribute `name`; null if there is none.
static const GraphProto *subGraph(const NodeProto &node, const char *name) {
  for (const AttributeProto &attr : node.attribute())
    if (attr.name() == name && attr.has_g())
      return &attr.g();
  return nullptr;
}

void GraphChecker::checkSubGraphs(const NodeRef &ref) {
  const NodeProto &node = ref.node;
  auto expect = [&](const char *name, int64_t inputs, int64_t minOutputs,
                    int64_t maxOutputs) {
    const GraphProto *graph = subGraph(node, name);
    if (!graph)
      return;
    if (graph->input_size() != inputs)
      refuse(ref, ErrorCode::Graph,
             "sub-graph '" + llvm::Twine(name) + "' must have " +
                 llvm::Twine(inputs) + " inputs, found " +
                 llvm::Twine(graph->input_size()));
    if (graph->output_size() < minOutputs || graph->output_size() > maxOutputs)
      refuse(ref, ErrorCode::Graph,
             "sub-graph '" + llvm::Twine(name) + "' has " +
                 llvm::Twine(graph->output_size()) +
                 " outputs, which do not fit the " +
                 llvm::Twine(node.output_size()) + " of the node");
  };
  int64_t inputs = node.input_size(), outputs = node.output_size();
  constexpr int64_t any = INT64_MAX;
  if (node.op_type() == "If") {
    expect("then_branch", 0, outputs, outputs);
    expect("else_branch", 0, outputs, outputs);
  } else if (node.op_type() == "Loop") {
    // Body: iteration number, condition, and what the loop carries.
    int64_t carried = std::max<int64_t>(inputs - 2, 0);
    expect("body", carried + 2, std::max(carried, outputs) + 1, any);
  } else if (node.op_type() == "Scan") {
    for (const AttributeProto &attr : node.attribute())
      if (attr.name() == "num_scan_inputs" &&
          (attr.i() < 1 || attr.i() > inputs))
        refuse(ref, ErrorCode::Attr,
               "attribute 'num_scan_inputs' is " + llvm::Twine(attr.i()) +
                   ", the node has " + llvm::Twine(inputs) + " inputs");
    // Scan-8 has one more input, the lengths of its sequences.
    expect("body", ref.opset < 9 ? inputs - 1 : inputs, outputs, any);
  } else if (node.op_type() == "SequenceMap") {
    expect("body", inputs, outputs, any);
  }
}

void import::checkGraphs(Importer &importer) {
  std::map<std::string, const FunctionProto *> functions;
  for (const FunctionProto &function : importer.model.functions())
    if (!functions
             .emplace(functionKey(function.domain(), function.name(),
                                  function.overload()),
                      &function)
             .second)
      refuse(ErrorCode::Graph,
             "function '" + function.name() + "' is defined twice");
  GraphChecker checker(importer, functions);
  for (FunctionProto &function : *importer.model.mutable_functions())
    checker.checkFunction(function);
  checker.checkGraph(*importer.model.mutable_graph(), importer.opsets, nullptr,
                     0);
  if (!checker.unsupported.empty())
    throw Refusal{std::move(checker.unsupported)};
}
