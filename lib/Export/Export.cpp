//===- Export.cpp - From the onnx dialect to a model file -----------------===//

#include "aicc/Export/Export.h"

#include "lib/Export/Exporter.h"

#include "aicc/Support/MlirDiagnostics.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"

#include "google/protobuf/stubs/logging.h"
#include "onnx/defs/schema.h"

#include <fcntl.h>
#include <unistd.h>

#include <limits>

using namespace mlir;
using namespace aicc;
using namespace aicc::onnx_export;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;

void onnx_export::refuse(ErrorCode code, const llvm::Twine &message) {
  Diagnostic d;
  d.code = code;
  d.message = message.str();
  throw Refusal{std::move(d)};
}

void onnx_export::refuse(Operation *op, const llvm::Twine &message) {
  NodeOrigin origin = nodeOrigin(op->getLoc());
  Diagnostic d;
  d.code = ErrorCode::Unsupported;
  d.node = origin.node;
  d.op = op->getName().stripDialect().str();
  d.message = message.str();
  throw Refusal{std::move(d)};
}

std::pair<std::string, std::string> onnx_export::operatorOf(Operation *op) {
  llvm::StringRef name = op->getName().stripDialect();
  if (name.consume_front("ml."))
    return {"ai.onnx.ml", name.str()};
  return {"", name.str()};
}

namespace {

class Writer {
public:
  explicit Writer(ModuleOp module) : module(module) {}

  ::onnx::ModelProto write();

private:
  void reserveNames(func::FuncOp main);
  void writeMain(func::FuncOp main, GraphProto &graph);
  void writeBlock(Block &block, GraphProto &graph);
  void writeNode(Operation *op, GraphProto &graph);
  void writeAttributes(Operation *op, NodeProto &node);
  AttributeProto convertAttribute(Operation *op, llvm::StringRef name,
                                  Attribute value);
  void writeRegion(Region &region, const char *name, NodeProto &node);
  /// Adds the output `name` of `type`, which is `value`.
  void writeOutput(Value value, const std::string &name, GraphProto &graph);
  std::string unique(std::string name);
  const std::string &nameOf(Value value) { return names[value]; }
  void copyOf(Value value, const std::string &name, GraphProto &graph);

  ModuleOp module;
  ::onnx::ModelProto model;
  llvm::DenseMap<Value, std::string> names;
  llvm::StringSet<> used, usedByNodes;
  Nodes nodes;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// `name`, or `name` with a number that nothing has yet.
static std::string makeUnique(llvm::StringSet<> &used, std::string name) {
  if (name.empty())
    name = "v";
  std::string candidate = name;
  for (int i = 1; !used.insert(candidate).second; ++i)
    candidate = name + "_" + std::to_string(i);
  return candidate;
}

std::string Writer::unique(std::string name) {
  return makeUnique(used, std::move(name));
}

/// What the model calls the node or the constant.
static std::string originalName(Operation *op) {
  if (auto named = dyn_cast<NameLoc>(op->getLoc()))
    return named.getName().str();
  std::string node = nodeOrigin(op->getLoc()).node;
  return node.empty() ? op->getName().stripDialect().str() : node;
}

static std::string attributeName(DictionaryAttr attributes,
                                 const llvm::Twine &fallback) {
  auto name =
      attributes ? attributes.getAs<StringAttr>("aicc.name") : StringAttr();
  return name ? name.str() : fallback.str();
}

/// Inputs and outputs keep the names that they have.
void Writer::reserveNames(func::FuncOp main) {
  for (BlockArgument argument : main.getArguments())
    names[argument] =
        unique(attributeName(main.getArgAttrDict(argument.getArgNumber()),
                             "x" + llvm::Twine(argument.getArgNumber())));
  Operation *end = main.front().getTerminator();
  for (OpOperand &output : end->getOpOperands()) {
    Value value = output.get();
    std::string name =
        attributeName(main.getResultAttrDict(output.getOperandNumber()),
                      "y" + llvm::Twine(output.getOperandNumber()));
    bool computed = value.getDefiningOp() &&
                    !isa<aicc::onnx::ConstantOp>(value.getDefiningOp());
    if (used.insert(name).second && computed && !names.contains(value))
      names[value] = name;
  }
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

AttributeProto Writer::convertAttribute(Operation *op, llvm::StringRef name,
                                        Attribute value) {
  AttributeProto proto;
  proto.set_name(name.str());
  if (auto integer = dyn_cast<IntegerAttr>(value)) {
    proto.set_type(AttributeProto::INT);
    proto.set_i(integer.getInt());
  } else if (auto real = dyn_cast<FloatAttr>(value)) {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(static_cast<float>(real.getValueAsDouble()));
  } else if (auto text = dyn_cast<StringAttr>(value)) {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(text.str());
  } else if (auto integers = dyn_cast<DenseI64ArrayAttr>(value)) {
    proto.set_type(AttributeProto::INTS);
    for (int64_t i : integers.asArrayRef())
      proto.add_ints(i);
  } else if (auto reals = dyn_cast<DenseF32ArrayAttr>(value)) {
    proto.set_type(AttributeProto::FLOATS);
    for (float f : reals.asArrayRef())
      proto.add_floats(f);
  } else if (auto texts = dyn_cast<ArrayAttr>(value)) {
    proto.set_type(AttributeProto::STRINGS);
    for (auto s : texts.getAsRange<StringAttr>())
      proto.add_strings(s.str());
  } else if (auto tensor = dyn_cast<ElementsAttr>(value)) {
    proto.set_type(AttributeProto::TENSOR);
    *proto.mutable_t() = convertTensor(tensor);
  } else if (auto type = dyn_cast<TypeAttr>(value)) {
    proto.set_type(AttributeProto::TYPE_PROTO);
    *proto.mutable_tp() = convertType(type.getValue());
  } else {
    refuse(op, "attribute '" + name + "' is not written to ONNX models");
  }
  return proto;
}

void Writer::writeAttributes(Operation *op, NodeProto &node) {
  const ::onnx::OpSchema *newest = ::onnx::OpSchemaRegistry::Schema(
      node.op_type(), std::numeric_limits<int>::max(), node.domain());
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    llvm::StringRef name = attribute.getName();
    if (name == "type_proto")
      name = "type";
    if (newest && newest->attributes().count(name.str()))
      *node.add_attribute() = convertAttribute(op, name, attribute.getValue());
  }
}

void Writer::writeRegion(Region &region, const char *name, NodeProto &node) {
  AttributeProto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(AttributeProto::GRAPH);
  GraphProto &graph = *attribute->mutable_g();
  graph.set_name(unique(name));
  for (BlockArgument argument : region.getArguments()) {
    names[argument] = unique("x");
    auto *input = graph.add_input();
    input->set_name(nameOf(argument));
    *input->mutable_type() = convertType(argument.getType());
  }
  writeBlock(region.front(), graph);
  for (Value value : region.front().getTerminator()->getOperands()) {
    std::string output = unique("y");
    copyOf(value, output, graph);
    writeOutput(value, output, graph);
  }
}

void Writer::writeNode(Operation *op, GraphProto &graph) {
  auto [domain, type] = operatorOf(op);
  NodeProto &node = *graph.add_node();
  node.set_op_type(type);
  node.set_domain(domain);
  std::string name = originalName(op);
  node.set_name(makeUnique(usedByNodes, name));
  for (Value operand : op->getOperands())
    node.add_input(isa<NoneType>(operand.getType()) ? "" : nameOf(operand));
  while (node.input_size() && node.input(node.input_size() - 1).empty())
    node.mutable_input()->RemoveLast();
  for (OpResult result : op->getResults()) {
    if (isa<NoneType>(result.getType())) {
      node.add_output("");
      continue;
    }
    if (!names.contains(result))
      names[result] = unique(name);
    node.add_output(nameOf(result));
  }
  while (node.output_size() && node.output(node.output_size() - 1).empty())
    node.mutable_output()->RemoveLast();
  writeAttributes(op, node);
  if (op->getNumRegions() == 2) {
    writeRegion(op->getRegion(0), "then_branch", node);
    writeRegion(op->getRegion(1), "else_branch", node);
  } else if (op->getNumRegions() == 1) {
    writeRegion(op->getRegion(0), "body", node);
  }
  nodes.emplace_back(&node, op);
}

void Writer::writeBlock(Block &block, GraphProto &graph) {
  for (Operation &op : block.without_terminator()) {
    if (isa<aicc::onnx::NoValueOp>(op))
      continue;
    if (op.getName().getDialectNamespace() != "onnx")
      refuse(&op, "it is no ONNX operator");
    auto constant = dyn_cast<aicc::onnx::ConstantOp>(op);
    if (!constant) {
      writeNode(&op, graph);
      continue;
    }
    names[constant.getOutput()] = unique(originalName(&op));
    ::onnx::TensorProto tensor = convertTensor(constant.getValue());
    tensor.set_name(nameOf(constant.getOutput()));
    *graph.add_initializer() = std::move(tensor);
  }
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// An Identity of `value` called `name`.
void Writer::copyOf(Value value, const std::string &name, GraphProto &graph) {
  NodeProto &node = *graph.add_node();
  node.set_op_type("Identity");
  node.set_name(makeUnique(usedByNodes, name));
  node.add_input(nameOf(value));
  node.add_output(name);
}

void Writer::writeOutput(Value value, const std::string &name,
                         GraphProto &graph) {
  auto *output = graph.add_output();
  output->set_name(name);
  *output->mutable_type() = convertType(value.getType());
}

void Writer::writeMain(func::FuncOp main, GraphProto &graph) {
  reserveNames(main);
  for (BlockArgument argument : main.getArguments()) {
    auto *input = graph.add_input();
    input->set_name(nameOf(argument));
    *input->mutable_type() = convertType(argument.getType());
  }
  writeBlock(main.front(), graph);
  for (OpOperand &output : main.front().getTerminator()->getOpOperands()) {
    std::string name =
        attributeName(main.getResultAttrDict(output.getOperandNumber()),
                      "y" + llvm::Twine(output.getOperandNumber()));
    // A value that has another name already: an input, a constant, or one
    // that is returned twice.
    if (nameOf(output.get()) != name)
      copyOf(output.get(), name, graph);
    writeOutput(output.get(), name, graph);
  }
}

::onnx::ModelProto Writer::write() {
  auto functions = module.getOps<func::FuncOp>();
  if (!llvm::hasSingleElement(functions) || (*functions.begin()).isExternal())
    refuse(ErrorCode::Unsupported, "there is not one function to write");
  model.set_ir_version(10);
  model.set_producer_name("aicc");
  GraphProto &graph = *model.mutable_graph();
  auto name = module->getAttrOfType<StringAttr>("aicc.model");
  graph.set_name(name ? name.str() : "model");
  writeMain(*functions.begin(), graph);
  chooseOpsets(nodes, model);
  return std::move(model);
}

/// Fails with a refusal.
static void save(const ::onnx::ModelProto &model, const std::string &path) {
  if (model.ByteSizeLong() > std::numeric_limits<int32_t>::max())
    refuse(ErrorCode::Limit, "it has more than the 2 GiB of an ONNX model "
                             "without external data");
  int fd = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0666);
  bool written = fd >= 0 && model.SerializeToFileDescriptor(fd);
  int error = errno;
  if (fd >= 0 && ::close(fd) != 0)
    written = false;
  if (!written)
    refuse(ErrorCode::Io, "cannot be written: " + llvm::Twine(strerror(error)));
}

bool aicc::writeOnnxModel(ModuleOp module, const std::string &modelPath,
                          const std::string &path, DiagnosticSink &sink) {
  google::protobuf::LogSilencer silencer;
  Diagnostic diagnostic;
  try {
    save(Writer(module).write(), path);
    return true;
  } catch (Refusal &refusal) {
    diagnostic = std::move(refusal.diagnostic);
  } catch (const std::exception &e) {
    diagnostic.message = std::string("the export failed: ") + e.what();
  }
  diagnostic.file = modelPath;
  sink.report(std::move(diagnostic));
  return false;
}
