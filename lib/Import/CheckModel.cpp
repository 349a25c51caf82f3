//===- CheckModel.cpp - Header, operator sets, schemas --------------------===//

#include "Importer.h"

#include "llvm/ADT/StringExtras.h"

#include <set>

using namespace aicc;
using namespace aicc::import;
using ::onnx::AttributeProto;
using ::onnx::OpSchema;
using ::onnx::OpSchemaRegistry;

Diagnostic import::nodeDiagnostic(const NodeRef &node, ErrorCode code,
                                  const llvm::Twine &message,
                                  const llvm::Twine &help) {
  Diagnostic d;
  d.code = code;
  d.node = node.name();
  d.op = node.op();
  d.opset = node.opset;
  d.message = message.str();
  d.help = help.str();
  return d;
}

void import::refuse(ErrorCode code, const llvm::Twine &message,
                    const llvm::Twine &help) {
  Diagnostic d;
  d.code = code;
  d.message = message.str();
  d.help = help.str();
  throw Refusal{{std::move(d)}};
}

void import::refuse(const NodeRef &node, ErrorCode code,
                    const llvm::Twine &message, const llvm::Twine &help) {
  throw Refusal{{nodeDiagnostic(node, code, message, help)}};
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

Opsets import::checkOpsets(
    const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>
        &imports,
    const llvm::Twine &who) {
  Opsets opsets;
  const auto &known = OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  for (const auto &import : imports) {
    std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    std::string shown = domain.empty() ? "ai.onnx" : domain;
    if (import.version() < 1)
      refuse(ErrorCode::Model, who + " imports version " +
                                   llvm::Twine(import.version()) +
                                   " of operator set '" + shown + "'");
    if (!opsets.emplace(domain, import.version()).second)
      refuse(ErrorCode::Model,
             who + " imports operator set '" + shown + "' twice");
    auto it = known.find(domain);
    if (it != known.end() && import.version() > it->second.second)
      refuse(ErrorCode::Model,
             who + " imports version " + llvm::Twine(import.version()) +
                 " of operator set '" + shown + "'; the newest known is " +
                 llvm::Twine(it->second.second),
             "export the model for an older operator set");
  }
  return opsets;
}

void import::checkHeader(Importer &importer) {
  const ::onnx::ModelProto &model = importer.model;
  if (model.ir_version() < 1)
    refuse(ErrorCode::Model,
           model.has_ir_version()
               ? "invalid IR version " + llvm::Twine(model.ir_version())
               : llvm::Twine("no IR version: this is not an ONNX model"));
  if (model.ir_version() > ::onnx::Version::IR_VERSION)
    refuse(ErrorCode::Model,
           "IR version " + llvm::Twine(model.ir_version()) +
               "; the newest known is " +
               llvm::Twine(static_cast<int>(::onnx::Version::IR_VERSION)));
  importer.opsets = checkOpsets(model.opset_import(), "the model");
  if (importer.opsets.empty()) {
    // Operator sets came with IR version 3.
    if (model.ir_version() >= 3)
      refuse(ErrorCode::Model, "the model imports no operator set");
    importer.opsets[""] = 1;
  }
  if (!model.has_graph())
    refuse(ErrorCode::Model, "the model has no graph");
  const ::onnx::GraphProto &graph = model.graph();
  if (graph.node().empty() && graph.input().empty() && graph.output().empty())
    refuse(ErrorCode::Model, "the graph is empty");
  if (graph.output().empty())
    refuse(ErrorCode::Model, "the graph has no outputs");
}

//===----------------------------------------------------------------------===//
// Schemas
//===----------------------------------------------------------------------===//

const OpSchema *import::findSchema(const NodeRef &node) {
  int version = static_cast<int>(node.opset);
  const OpSchema *schema = OpSchemaRegistry::Schema(
      node.node.op_type(), version, node.node.domain());
  // An operator that its set has dropped still means what it meant last.
  while (schema && schema->Deprecated() && version > 1) {
    version = schema->SinceVersion() - 1;
    schema = OpSchemaRegistry::Schema(node.node.op_type(), version,
                                      node.node.domain());
  }
  return schema;
}

std::string import::functionKey(const std::string &domain,
                                const std::string &name,
                                const std::string &overload) {
  return (domain == "ai.onnx" ? "" : domain) + '\n' + name + '\n' + overload;
}

/// The kinds of values that an attribute holds, as attribute types.
static std::set<int> valueKinds(const AttributeProto &attr) {
  std::set<int> kinds;
  auto add = [&](bool has, int kind) {
    if (has)
      kinds.insert(kind);
  };
  add(attr.has_f(), AttributeProto::FLOAT);
  add(attr.has_i(), AttributeProto::INT);
  add(attr.has_s(), AttributeProto::STRING);
  add(attr.has_t(), AttributeProto::TENSOR);
  add(attr.has_g(), AttributeProto::GRAPH);
  add(attr.has_sparse_tensor(), AttributeProto::SPARSE_TENSOR);
  add(attr.has_tp(), AttributeProto::TYPE_PROTO);
  add(attr.floats_size(), AttributeProto::FLOATS);
  add(attr.ints_size(), AttributeProto::INTS);
  add(attr.strings_size(), AttributeProto::STRINGS);
  add(attr.tensors_size(), AttributeProto::TENSORS);
  add(attr.graphs_size(), AttributeProto::GRAPHS);
  add(attr.sparse_tensors_size(), AttributeProto::SPARSE_TENSORS);
  add(attr.type_protos_size(), AttributeProto::TYPE_PROTOS);
  return kinds;
}

static std::string kindName(int kind) {
  return llvm::StringRef(::onnx::AttributeProto_AttributeType_Name(
                             static_cast<AttributeProto::AttributeType>(kind)))
      .lower();
}

/// True for kinds whose value must be there; the others have one that protobuf
/// leaves out (0, "", an empty list).
static bool needsValue(int kind) {
  return kind == AttributeProto::TENSOR || kind == AttributeProto::GRAPH ||
         kind == AttributeProto::SPARSE_TENSOR ||
         kind == AttributeProto::TYPE_PROTO;
}

/// Checks one attribute by itself.
static void checkAttribute(const NodeRef &node, const AttributeProto &attr,
                           bool inFunction) {
  std::string what = "attribute '" + attr.name() + "'";
  if (attr.name().empty())
    refuse(node, ErrorCode::Attr, "an attribute has no name");
  if (attr.type() == AttributeProto::UNDEFINED)
    refuse(node, ErrorCode::Attr, what + " has no type");
  std::set<int> kinds = valueKinds(attr);
  if (!attr.ref_attr_name().empty()) {
    if (!inFunction)
      refuse(node, ErrorCode::Attr,
             what + " refers to attribute '" + attr.ref_attr_name() +
                 "' of a function, outside of any");
    if (!kinds.empty())
      refuse(node, ErrorCode::Attr, what + " has a value and a reference");
    return;
  }
  if (kinds.size() > 1)
    refuse(node, ErrorCode::Attr, what + " has more than one value");
  if (kinds.empty() ? needsValue(attr.type()) : *kinds.begin() != attr.type())
    refuse(node, ErrorCode::Attr,
           what + " is declared " + kindName(attr.type()) + " but holds " +
               (kinds.empty() ? "nothing" : kindName(*kinds.begin())));
}

static void checkAttributes(const NodeRef &node, const OpSchema &schema,
                            bool inFunction) {
  std::set<std::string> seen;
  for (const AttributeProto &attr : node.node.attribute()) {
    checkAttribute(node, attr, inFunction);
    if (!seen.insert(attr.name()).second)
      refuse(node, ErrorCode::Attr,
             "attribute '" + attr.name() + "' is given twice");
    auto it = schema.attributes().find(attr.name());
    if (it == schema.attributes().end()) {
      refuse(node, ErrorCode::Attr, "unknown attribute '" + attr.name() + "'");
    }
    if (it->second.type != attr.type())
      refuse(node, ErrorCode::Attr,
             "attribute '" + attr.name() + "' must be " +
                 kindName(it->second.type) + ", found " +
                 kindName(attr.type()));
  }
  std::set<std::string> missing;
  for (const auto &[name, attr] : schema.attributes())
    if (attr.required && !seen.count(name))
      missing.insert(name);
  if (!missing.empty())
    refuse(node, ErrorCode::Attr,
           "required attribute '" + *missing.begin() + "' is missing");
}

/// Checks number and presence of inputs or outputs.
static void
checkArity(const NodeRef &node, const std::string &what,
           const google::protobuf::RepeatedPtrField<std::string> &values,
           const std::vector<OpSchema::FormalParameter> &params, int min,
           int max) {
  int count = values.size();
  if (count < min || count > max) {
    std::string expected = min == max    ? std::to_string(min)
                           : count < min ? "at least " + std::to_string(min)
                                         : "at most " + std::to_string(max);
    refuse(node, ErrorCode::Graph,
           "expected " + expected + " " + what + "s, found " +
               llvm::Twine(count));
  }
  for (int i = 0; i < count && i < static_cast<int>(params.size()); ++i)
    if (params[i].GetOption() == OpSchema::Single && values[i].empty())
      refuse(node, ErrorCode::Graph,
             what + " " + llvm::Twine(i) + " ('" + params[i].GetName() +
                 "') is required");
}

void import::checkAgainstSchema(const NodeRef &node, const OpSchema &schema,
                                bool inFunction) {
  checkArity(node, "input", node.node.input(), schema.inputs(),
             schema.min_input(), schema.max_input());
  checkArity(node, "output", node.node.output(), schema.outputs(),
             schema.min_output(), schema.max_output());
  checkAttributes(node, schema, inFunction);
}
