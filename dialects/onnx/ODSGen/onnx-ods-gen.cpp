//===- onnx-ods-gen.cpp - ODS of the onnx dialect from ONNX's schemas -----===//
//
// onnx-ods-gen ods|table > FILE
//
//   ods    OnnxOps.td: one operation for each operator of ai.onnx and
//          ai.onnx.ml at its newest version that is not deprecated.
//   table  OnnxSchemas.inc: what the verifier trait needs beyond ODS: type
//          variables, arities, positions.
//
// Output is sorted by operator, so that builds are reproducible.
//
//===----------------------------------------------------------------------===//

#include "onnx/defs/schema.h"

#include <cstring>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using ::onnx::AttributeProto;
using ::onnx::OpSchema;

namespace {

/// Newest schema by (domain, name).
using Schemas = std::map<std::pair<std::string, std::string>, OpSchema>;

Schemas newestSchemas() {
  Schemas newest;
  for (const OpSchema &schema :
       ::onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    if (schema.domain() != "" && schema.domain() != "ai.onnx.ml")
      continue;
    if (schema.Deprecated())
      continue;
    auto key = std::make_pair(schema.domain(), schema.Name());
    auto it = newest.find(key);
    if (it == newest.end())
      newest.emplace(key, schema);
    else if (it->second.SinceVersion() < schema.SinceVersion()) {
      newest.erase(it);
      newest.emplace(key, schema);
    }
  }
  return newest;
}

std::string mnemonic(const OpSchema &schema) {
  return schema.domain().empty() ? schema.Name() : "ml." + schema.Name();
}

std::string className(const OpSchema &schema) {
  return (schema.domain().empty() ? "" : "Ml") + schema.Name() + "Op";
}

/// `text` inside a TableGen code block: `}]` would end it.
std::string codeBlock(const std::string &text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '}' && i + 1 < text.size() && text[i + 1] == ']')
      out += ' ';
  }
  return out;
}

/// `text` inside a TableGen string.
std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + "\"";
}

/// First sentence of the documentation, on one line, at most 100 characters.
std::string summary(const OpSchema &schema) {
  std::string doc = schema.doc() ? schema.doc() : "";
  std::string out;
  for (char c : doc) {
    if (out.empty() && std::isspace(static_cast<unsigned char>(c)))
      continue;
    if (c == '\n')
      c = ' ';
    if (c == ' ' && !out.empty() && out.back() == ' ')
      continue;
    if (out.size() >= 100)
      return out.substr(0, out.rfind(' ')) + " ...";
    out += c;
    if (c == '.' && out.size() > 20)
      break;
  }
  return out.empty() ? "ONNX operator " + schema.Name() : out;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Allowed types as masks over element kinds; see OnnxDialect.td.
struct TypeMasks {
  uint64_t tensors = 0, seqs = 0, opts = 0, optSeqs = 0;
  bool maps = false;
};

int elementKind(const std::string &name) {
  static const char *const names[] = {
#define ELEMENT_KIND(NAME, TYPE) #NAME,
#include "dialects/onnx/IR/ElementKinds.def"
  };
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
    if (name == names[i])
      return static_cast<int>(i);
  throw std::runtime_error("unknown element type in ONNX's schemas: " + name);
}

/// Strips `prefix(` and `)` from `text` if it is there.
bool strip(std::string &text, const char *prefix) {
  size_t n = std::strlen(prefix);
  if (text.compare(0, n, prefix) != 0 || text[n] != '(')
    return false;
  text = text.substr(n + 1, text.size() - n - 2);
  return true;
}

void addType(TypeMasks &masks, std::string text) {
  bool optional = strip(text, "optional");
  bool seq = strip(text, "seq");
  if (strip(text, "map")) {
    masks.maps = true;
    return;
  }
  if (!strip(text, "tensor"))
    throw std::runtime_error("unknown type in ONNX's schemas: " + text);
  uint64_t bit = uint64_t(1) << elementKind(text);
  (optional ? (seq ? masks.optSeqs : masks.opts)
            : (seq ? masks.seqs : masks.tensors)) |= bit;
}

/// The ODS constraint of `param`. Its text is what a verifier error says was
/// expected.
std::string typeConstraint(const OpSchema::FormalParameter &param) {
  std::set<std::string> types;
  for (const std::string *type : param.GetTypes())
    types.insert(*type);
  TypeMasks masks;
  std::string text;
  for (const std::string &type : types) {
    addType(masks, type);
    text += (text.empty() ? "" : " or ") + type;
  }
  bool none = param.GetOption() == OpSchema::Optional;
  if (none)
    text += " or none";
  std::ostringstream os;
  os << "OnnxTypeIn<\"" << masks.tensors << "\", \"" << masks.seqs << "\", \""
     << masks.opts << "\", \"" << masks.optSeqs << "\", " << masks.maps << ", "
     << none << ", " << quoted(text) << ">";
  return os.str();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

std::string number(float value) {
  std::ostringstream os;
  os.precision(9);
  os << value;
  return os.str();
}

template <typename Range, typename Print>
std::string join(const Range &range, Print print) {
  std::string out;
  for (const auto &item : range)
    out += (out.empty() ? "" : ", ") + print(item);
  return out;
}

/// ODS constraint and default value (C++; empty: none) of an attribute.
std::pair<std::string, std::string> attribute(const OpSchema::Attribute &attr) {
  const AttributeProto &value = attr.default_value;
  bool has = value.has_type() && value.type() != AttributeProto::UNDEFINED;
  switch (attr.type) {
  case AttributeProto::INT:
    return {"I64Attr", has ? std::to_string(value.i()) : ""};
  case AttributeProto::FLOAT:
    return {"F32Attr", has ? number(value.f()) : ""};
  case AttributeProto::STRING:
    return {"StrAttr", has ? quoted(value.s()) : ""};
  case AttributeProto::INTS:
    return {"DenseI64ArrayAttr",
            has ? "::llvm::ArrayRef<int64_t>({" +
                      join(value.ints(),
                           [](int64_t i) { return std::to_string(i); }) +
                      "})"
                : ""};
  case AttributeProto::FLOATS:
    return {"DenseF32ArrayAttr",
            has ? "::llvm::ArrayRef<float>({" +
                      join(value.floats(), [](float f) { return number(f); }) +
                      "})"
                : ""};
  case AttributeProto::STRINGS:
    return {"StrArrayAttr",
            has ? "::llvm::ArrayRef<::llvm::StringRef>({" +
                      join(value.strings(),
                           [](const std::string &s) { return quoted(s); }) +
                      "})"
                : ""};
  case AttributeProto::TENSOR:
    return {"ElementsAttr", ""};
  case AttributeProto::TYPE_PROTO:
    return {"TypeAttr", ""};
  default:
    throw std::runtime_error("unknown attribute type: " + attr.name);
  }
}

/// `type` would give an accessor getType, which every one-result op has.
std::string attributeName(const std::string &name) {
  return name == "type" ? "type_proto" : name;
}

std::map<std::string, const OpSchema::Attribute *>
sortedAttributes(const OpSchema &schema) {
  std::map<std::string, const OpSchema::Attribute *> sorted;
  for (const auto &[name, attr] : schema.attributes())
    sorted.emplace(name, &attr);
  return sorted;
}

//===----------------------------------------------------------------------===//
// ODS
//===----------------------------------------------------------------------===//

std::string parameter(const OpSchema::FormalParameter &param) {
  std::string type = typeConstraint(param);
  if (param.GetOption() == OpSchema::Variadic)
    type = "Variadic<" + type + ">";
  return type + ":$" + param.GetName();
}

void printOp(const OpSchema &schema) {
  std::vector<std::string> arguments, regions;
  for (const OpSchema::FormalParameter &input : schema.inputs())
    arguments.push_back(parameter(input));
  for (const auto &[name, attr] : sortedAttributes(schema)) {
    if (attr->type == AttributeProto::GRAPH) {
      // Against the alphabet: then_branch comes before else_branch.
      regions.insert(regions.begin(), "SizedRegion<1>:$" + name);
      continue;
    }
    auto [constraint, value] = attribute(*attr);
    if (!value.empty())
      constraint = "DefaultValuedOptionalAttr<" + constraint + ", " +
                   quoted(value) + ">";
    else if (!attr->required)
      constraint = "OptionalAttr<" + constraint + ">";
    arguments.push_back(constraint + ":$" + attributeName(name));
  }
  std::vector<std::string> results;
  for (const OpSchema::FormalParameter &output : schema.outputs())
    results.push_back(parameter(output));

  std::string traits = "OnnxNode";
  if (!regions.empty())
    traits += ", RecursiveMemoryEffects";
  else if (schema.GetNodeDeterminism() !=
           OpSchema::NodeDeterminism::NonDeterministic)
    traits += ", Pure";

  auto list = [](const std::vector<std::string> &items) {
    return join(items, [](const std::string &s) { return "\n    " + s; });
  };
  std::cout << "def Onnx_" << className(schema) << " : OnnxOp<\""
            << mnemonic(schema) << "\", [" << traits << "]> {\n"
            << "  let summary = " << quoted(summary(schema)) << ";\n"
            << "  let description = [{\n"
            << codeBlock(schema.doc() ? schema.doc() : "") << "\n\n"
            << "Since opset " << schema.SinceVersion() << ".\n  }];\n"
            << "  let arguments = (ins" << list(arguments) << ");\n"
            << "  let results = (outs" << list(results) << ");\n";
  if (!regions.empty())
    std::cout << "  let regions = (region" << list(regions) << ");\n";
  std::cout << "  let assemblyFormat = \"operands attr-dict `:` "
            << "functional-type(operands, results)"
            << (regions.empty() ? "" : " regions") << "\";\n}\n\n";
}

void printOds(const Schemas &schemas) {
  std::cout << "// Generated by onnx-ods-gen from the schemas of ONNX.\n\n"
            << "include \"dialects/onnx/IR/OnnxDialect.td\"\n\n";
  for (const auto &[key, schema] : schemas)
    if (key != std::make_pair(std::string(), std::string("Constant")))
      printOp(schema);
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

/// Index of the type variable of `param` in its schema, or -1: a fixed type.
int typeVariable(const OpSchema &schema,
                 const OpSchema::FormalParameter &param) {
  const auto &variables = schema.typeConstraintParams();
  for (size_t i = 0; i < variables.size(); ++i)
    if (variables[i].type_param_str == param.GetTypeStr())
      return static_cast<int>(i);
  return -1;
}

void printParameters(const OpSchema &schema, const char *kind,
                     const std::vector<OpSchema::FormalParameter> &params) {
  if (params.empty())
    return;
  std::cout << "static const ParamSchema " << kind << className(schema)
            << "[] = {\n";
  for (const OpSchema::FormalParameter &param : params) {
    bool variadic = param.GetOption() == OpSchema::Variadic;
    std::cout << "    {" << quoted(param.GetName()) << ", "
              << (variadic && !param.GetIsHomogeneous()
                      ? -1
                      : typeVariable(schema, param))
              << ", " << (param.GetOption() == OpSchema::Optional) << ", "
              << variadic << ", " << param.GetMinArity() << "},\n";
  }
  std::cout << "};\n";
}

void printTable(const Schemas &schemas) {
  std::cout << "// Generated by onnx-ods-gen from the schemas of ONNX.\n\n";
  for (const auto &[key, schema] : schemas) {
    printParameters(schema, "in", schema.inputs());
    printParameters(schema, "out", schema.outputs());
  }
  std::cout << "static const OpSchema schemas[] = {\n";
  for (const auto &[key, schema] : schemas)
    std::cout << "    {\"onnx." << mnemonic(schema) << "\", "
              << schema.SinceVersion() << ", "
              << (schema.inputs().empty() ? "{}" : "in" + className(schema))
              << ", "
              << (schema.outputs().empty() ? "{}" : "out" + className(schema))
              << "},\n";
  std::cout << "};\n";
}

} // namespace

int main(int argc, char **argv) {
  try {
    Schemas schemas = newestSchemas();
    if (argc == 2 && std::strcmp(argv[1], "ods") == 0)
      printOds(schemas);
    else if (argc == 2 && std::strcmp(argv[1], "table") == 0)
      printTable(schemas);
    else
      throw std::runtime_error("usage: onnx-ods-gen ods|table");
  } catch (const std::exception &e) {
    std::cerr << "onnx-ods-gen: " << e.what() << "\n";
    return 1;
  }
  return 0;
}
