//===- Expand.cpp - Operators that ONNX defines by others -----------------===//
//
// An operator that has no lowering of its own, but a function body in its
// schema, is that body: a graph whose inputs and outputs are the node's. It is
// inferred and built in the node's place, like a branch that is always taken.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Infer.h"

#include "llvm/ADT/StringSet.h"

#include "onnx/defs/function.h"
#include "onnx/shape_inference/attribute_binder.h"

using namespace aicc;
using namespace aicc::import;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;
using ::onnx::TypeProto;

/// The body of the node's operator; false if it has none.
static bool findBody(const NodeView &view, FunctionProto &body) {
  const OpSchema &schema = view.schema;
  int version = static_cast<int>(view.ref.opset);
  if (schema.HasFunction())
    if (const FunctionProto *function = schema.GetFunction(version)) {
      body = *function;
      return true;
    }
  if (!schema.HasContextDependentFunction())
    return false;
  std::vector<TypeProto> types;
  for (const TypeProto *type : view.inputs)
    types.push_back(type ? *type : TypeProto());
  ::onnx::FunctionBodyBuildContextImpl context(view.ref.node, types);
  try {
    return schema.BuildContextDependentFunction(context, body, version);
  } catch (const std::exception &e) {
    view.fail(ErrorCode::Unsupported,
              llvm::Twine("its function body cannot be built: ") + e.what());
  }
}

/// Gives the attributes that `body` refers to their values, or the defaults of
/// the schema.
static void bindAttributes(const NodeView &view, FunctionProto &body) {
  NodeProto call = view.ref.node;
  for (const auto &[name, attribute] : view.schema.attributes())
    if (!view.attr(name.c_str()) && attribute.default_value.has_type())
      *call.add_attribute() = attribute.default_value;
  ::onnx::internal::AttributeBinder::BindAttributes(call, body);
}

/// Makes the uses of formal inputs that the node leaves out absent inputs.
static void dropAbsent(google::protobuf::RepeatedPtrField<NodeProto> &nodes,
                       const llvm::StringSet<> &absent) {
  for (NodeProto &node : nodes) {
    for (std::string &input : *node.mutable_input())
      if (absent.contains(input))
        input.clear();
    for (AttributeProto &attr : *node.mutable_attribute())
      if (attr.has_g())
        dropAbsent(*attr.mutable_g()->mutable_node(), absent);
  }
}

std::optional<GraphProto> import::functionBody(const NodeView &view) {
  const NodeProto &node = view.ref.node;
  const auto &formals = view.schema.inputs();
  if (!formals.empty() && formals.back().GetOption() == OpSchema::Variadic)
    return std::nullopt;
  FunctionProto body;
  if (!findBody(view, body))
    return std::nullopt;
  bindAttributes(view, body);
  llvm::StringSet<> absent;
  for (int i = 0; i < body.input_size(); ++i)
    if (i >= node.input_size() || node.input(i).empty())
      absent.insert(body.input(i));
  dropAbsent(*body.mutable_node(), absent);
  GraphProto graph;
  for (const std::string &input : body.input())
    graph.add_input()->set_name(input);
  for (int i = 0; i < std::min(body.output_size(), node.output_size()); ++i)
    graph.add_output()->set_name(node.output(i).empty() ? "" : body.output(i));
  graph.mutable_node()->Swap(body.mutable_node());
  // Messages and reports name the node, and which part of it.
  for (NodeProto &part : *graph.mutable_node())
    part.set_name(view.ref.name() + "/" +
                  (part.output_size() ? part.output(0) : part.op_type()));
  return graph;
}

Opsets import::opsetsOfBody(const Importer &importer, const NodeProto &node) {
  if (node.domain() == kContribDomain)
    return {{"", kContribBodyOpset}};
  return importer.opsets;
}
