//===- Build.cpp - The onnx dialect from checked protos -------------------===//

#include "Build.h"
#include "Infer.h"

#include "dialects/onnx/IR/LoweredOperators.h"
#include "dialects/onnx/IR/OnnxOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::import;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;

//===----------------------------------------------------------------------===//
// Emitter
//===----------------------------------------------------------------------===//

Value Emitter::ints(llvm::ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return aicc::onnx::ConstantOp::create(builder, loc,
                                        DenseElementsAttr::get(type, values));
}

Value Emitter::scalarInt(int64_t value) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  return aicc::onnx::ConstantOp::create(builder, loc,
                                        DenseElementsAttr::get(type, value));
}

Value Emitter::floats(llvm::ArrayRef<float> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getF32Type());
  return aicc::onnx::ConstantOp::create(builder, loc,
                                        DenseElementsAttr::get(type, values));
}

Value Emitter::scalarOf(double value, Type elementType) {
  auto type = RankedTensorType::get({}, elementType);
  Attribute attr;
  if (isa<FloatType>(elementType))
    attr = builder.getFloatAttr(elementType, value);
  else
    attr = builder.getIntegerAttr(elementType, static_cast<int64_t>(value));
  return aicc::onnx::ConstantOp::create(builder, loc,
                                        DenseElementsAttr::get(type, attr));
}

Value Emitter::emit(llvm::StringRef op, ValueRange inputs, Type type,
                    llvm::ArrayRef<NamedAttribute> attributes) {
  OperationState state(loc, ("onnx." + op).str());
  state.addOperands(inputs);
  state.addTypes(type);
  state.addAttributes(attributes);
  return builder.create(state)->getResult(0);
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

namespace {

/// Values of a graph, and the graph around it.
struct Scope {
  const Scope *outer;
  const ValueTypes *types;
  std::unordered_map<std::string, Value> values;

  Value find(const std::string &name) const {
    for (const Scope *scope = this; scope; scope = scope->outer) {
      auto it = scope->values.find(name);
      if (it != scope->values.end())
        return it->second;
    }
    return Value();
  }
};

class ModuleBuilder {
public:
  ModuleBuilder(Importer &importer, MLIRContext &context)
      : importer(importer), context(context), builder(&context),
        fileName(llvm::sys::path::filename(importer.options.modelPath)) {}

  OwningOpRef<ModuleOp> build();

private:
  void buildMain(ModuleOp module);
  void buildConstants(const GraphProto &graph, Scope &scope);
  void buildNodes(const GraphProto &graph, Scope &scope);
  void buildNode(const NodeRef &ref, Scope &scope);
  void buildConstantNode(const NodeRef &ref, Scope &scope);
  void inlineBranch(const NodeRef &ref, const GraphProto &branch, Scope &scope);
  void buildRegion(const NodeRef &ref, const GraphProto &graph, Region &region,
                   Scope &scope);
  void addOmittedResults(Draft &draft, const GraphProto &body);
  void emitDraft(Draft &draft, Scope &scope, Location loc);
  void addOperands(const Draft &draft, const aicc::onnx::OpSchema &schema,
                   OperationState &state, Location loc);
  void addResults(const Draft &draft, const aicc::onnx::OpSchema &schema,
                  OperationState &state);
  void addAttributes(const Draft &draft, OperationState &state);
  Attribute convertAttribute(const NodeRef &ref, const AttributeProto &attr,
                             bool asInteger);
  Type typeOf(const NodeRef *ref, const ValueTypes &types,
              const std::string &name);
  Value use(const NodeRef &ref, const Scope &scope, const std::string &name);
  Location location(const NodeRef &ref);
  Location location(llvm::StringRef name, int64_t line);

  Importer &importer;
  MLIRContext &context;
  OpBuilder builder;
  std::string fileName;
};

} // namespace

Location ModuleBuilder::location(llvm::StringRef name, int64_t line) {
  Location file =
      FileLineColLoc::get(&context, fileName, static_cast<unsigned>(line), 0);
  return NameLoc::get(StringAttr::get(&context, name), file);
}

Location ModuleBuilder::location(const NodeRef &ref) {
  Location file = FileLineColLoc::get(&context, fileName,
                                      static_cast<unsigned>(ref.index), 0);
  auto metadata = builder.getDictionaryAttr(
      {builder.getNamedAttr("op_type", builder.getStringAttr(ref.op())),
       builder.getNamedAttr("index", builder.getI64IntegerAttr(ref.index)),
       builder.getNamedAttr("opset", builder.getI64IntegerAttr(ref.opset))});
  return NameLoc::get(builder.getStringAttr(ref.name()),
                      FusedLoc::get({file}, metadata, &context));
}

Type ModuleBuilder::typeOf(const NodeRef *ref, const ValueTypes &types,
                           const std::string &name) {
  auto it = types.find(name);
  Type type = it == types.end() ? Type() : convertType(it->second, &context);
  if (type)
    return type;
  std::string message = "the type of '" + name + "' is not compiled";
  if (ref)
    refuse(*ref, ErrorCode::Unsupported, message);
  refuse(ErrorCode::Unsupported, message);
}

Value ModuleBuilder::use(const NodeRef &ref, const Scope &scope,
                         const std::string &name) {
  Value value = scope.find(name);
  if (!value)
    refuse(ref, ErrorCode::Unsupported,
           "input '" + name +
               "' is an output that the newest form of its operator lacks");
  return value;
}

void ModuleBuilder::buildConstants(const GraphProto &graph, Scope &scope) {
  for (const auto &tensor : graph.initializer()) {
    ElementsAttr value = convertTensor(importer, tensor, &context);
    if (!value)
      refuse(ErrorCode::Unsupported, "initialiser '" + tensor.name() + "' is " +
                                         dataTypeName(tensor.data_type()));
    scope.values[tensor.name()] = aicc::onnx::ConstantOp::create(
        builder, location(tensor.name(), 0), value);
  }
  for (const auto &sparse : graph.sparse_initializer()) {
    const std::string &name = sparse.values().name();
    scope.values[name] = aicc::onnx::ConstantOp::create(
        builder, location(name, 0),
        convertSparse(importer, sparse, "sparse initialiser '" + name + "'",
                      &context));
  }
}

void ModuleBuilder::buildNodes(const GraphProto &graph, Scope &scope) {
  int64_t index = 0;
  for (const NodeProto &node : graph.node()) {
    auto it = importer.opsets.find(node.domain());
    buildNode({node, index++, it == importer.opsets.end() ? 0 : it->second},
              scope);
  }
}

/// The value of a Constant node, whichever attribute holds it.
void ModuleBuilder::buildConstantNode(const NodeRef &ref, Scope &scope) {
  if (ref.node.attribute_size() != 1)
    refuse(ref, ErrorCode::Attr,
           "a Constant must have one attribute, found " +
               llvm::Twine(ref.node.attribute_size()));
  const AttributeProto &attr = ref.node.attribute(0);
  ElementsAttr value;
  auto vectorOf = [&](int64_t size, Type element) {
    return RankedTensorType::get({size}, element);
  };
  auto scalarOf = [&](Type element) {
    return RankedTensorType::get({}, element);
  };
  Type i64 = builder.getI64Type(), f32 = builder.getF32Type();
  Type string = aicc::onnx::StringType::get(&context);
  if (attr.has_t())
    value = convertTensor(importer, attr.t(), &context);
  else if (attr.has_sparse_tensor())
    value =
        convertSparse(importer, attr.sparse_tensor(), "the constant", &context);
  else if (attr.name() == "value_int")
    value = DenseElementsAttr::get(scalarOf(i64), int64_t(attr.i()));
  else if (attr.name() == "value_float")
    value = DenseElementsAttr::get(scalarOf(f32), attr.f());
  else if (attr.name() == "value_string")
    value = DenseStringElementsAttr::get(scalarOf(string),
                                         {llvm::StringRef(attr.s())});
  else if (attr.name() == "value_ints")
    value = DenseElementsAttr::get(
        vectorOf(attr.ints_size(), i64),
        llvm::ArrayRef<int64_t>(attr.ints().data(), attr.ints_size()));
  else if (attr.name() == "value_floats")
    value = DenseElementsAttr::get(
        vectorOf(attr.floats_size(), f32),
        llvm::ArrayRef<float>(attr.floats().data(), attr.floats_size()));
  else if (attr.name() == "value_strings")
    value = DenseStringElementsAttr::get(
        vectorOf(attr.strings_size(), string),
        llvm::SmallVector<llvm::StringRef>(attr.strings().begin(),
                                           attr.strings().end()));
  if (!value)
    refuse(ref, ErrorCode::Unsupported, "a constant of this type");
  scope.values[ref.node.output(0)] =
      aicc::onnx::ConstantOp::create(builder, location(ref), value);
}

/// An If whose condition is known is its branch, an operator without a lowering
/// its function body: in the place of the node.
void ModuleBuilder::inlineBranch(const NodeRef &ref, const GraphProto &branch,
                                 Scope &scope) {
  Scope inner{&scope, &importer.types[&branch], {}};
  for (int i = 0; i < std::min(branch.input_size(), ref.node.input_size()); ++i)
    if (!ref.node.input(i).empty())
      inner.values[branch.input(i).name()] = use(ref, scope, ref.node.input(i));
  buildConstants(branch, inner);
  llvm::SaveAndRestore<Opsets> guard(importer.opsets,
                                     opsetsOfBody(importer, ref.node));
  buildNodes(branch, inner);
  for (int i = 0; i < std::min(branch.output_size(), ref.node.output_size());
       ++i)
    if (!ref.node.output(i).empty())
      scope.values[ref.node.output(i)] =
          use(ref, inner, branch.output(i).name());
}

void ModuleBuilder::buildRegion(const NodeRef &ref, const GraphProto &graph,
                                Region &region, Scope &scope) {
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region);
  Scope inner{&scope, &importer.types[&graph], {}};
  for (const auto &input : graph.input())
    inner.values[input.name()] = block->addArgument(
        typeOf(&ref, *inner.types, input.name()), location(input.name(), 0));
  buildConstants(graph, inner);
  buildNodes(graph, inner);
  std::vector<Value> outputs;
  for (const auto &output : graph.output())
    outputs.push_back(use(ref, inner, output.name()));
  aicc::onnx::ReturnOp::create(builder, location(ref), outputs);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

void ModuleBuilder::buildNode(const NodeRef &ref, Scope &scope) {
  const NodeProto &node = ref.node;
  if (node.domain().empty() && node.op_type() == "Constant")
    return buildConstantNode(ref, scope);
  if (const GraphProto *branch = takenBranch(importer, node))
    return inlineBranch(ref, *branch, scope);
  Draft draft{ref, *findSchema(ref), node.op_type(), {}, {}, {}, {}};
  for (const std::string &input : node.input())
    draft.inputs.push_back(input.empty() ? Value() : use(ref, scope, input));
  for (const AttributeProto &attr : node.attribute())
    if (!attr.has_g()) // Graphs become regions (emitDraft).
      draft.attributes[attr.name()] = attr;
  for (const std::string &output : node.output())
    draft.results.push_back(output.empty()
                                ? Type(builder.getNoneType())
                                : typeOf(&ref, *scope.types, output));
  Location loc = location(ref);
  Emitter emitter(builder, loc);
  upgrade(draft, emitter);
  emitDraft(draft, scope, loc);
}

void ModuleBuilder::addOperands(const Draft &draft,
                                const aicc::onnx::OpSchema &schema,
                                OperationState &state, Location loc) {
  auto orNone = [&](Value value) {
    return value ? value : Value(aicc::onnx::NoValueOp::create(builder, loc));
  };
  size_t next = 0;
  for (const aicc::onnx::ParamSchema &param : schema.inputs) {
    if (param.variadic)
      break;
    state.operands.push_back(
        orNone(next < draft.inputs.size() ? draft.inputs[next] : Value()));
    ++next;
  }
  for (; next < draft.inputs.size(); ++next)
    state.operands.push_back(orNone(draft.inputs[next]));
}

void ModuleBuilder::addResults(const Draft &draft,
                               const aicc::onnx::OpSchema &schema,
                               OperationState &state) {
  size_t next = 0;
  for (const aicc::onnx::ParamSchema &param : schema.outputs) {
    if (param.variadic)
      break;
    state.addTypes(next < draft.results.size() ? draft.results[next]
                                               : Type(builder.getNoneType()));
    ++next;
  }
  bool variadic = !schema.outputs.empty() && schema.outputs.back().variadic;
  for (; variadic && next < draft.results.size(); ++next)
    state.addTypes(draft.results[next]);
}

Attribute ModuleBuilder::convertAttribute(const NodeRef &ref,
                                          const AttributeProto &attr,
                                          bool asInteger) {
  switch (attr.type()) {
  case AttributeProto::INT:
    return builder.getI64IntegerAttr(attr.i());
  case AttributeProto::FLOAT:
    // LpPool-1 has its norm as a float.
    if (asInteger)
      return builder.getI64IntegerAttr(static_cast<int64_t>(attr.f()));
    return builder.getF32FloatAttr(attr.f());
  case AttributeProto::STRING:
    return builder.getStringAttr(attr.s());
  case AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(
        {attr.ints().data(), static_cast<size_t>(attr.ints_size())});
  case AttributeProto::FLOATS:
    return builder.getDenseF32ArrayAttr(
        {attr.floats().data(), static_cast<size_t>(attr.floats_size())});
  case AttributeProto::STRINGS: {
    llvm::SmallVector<Attribute> strings;
    for (const std::string &s : attr.strings())
      strings.push_back(builder.getStringAttr(s));
    return builder.getArrayAttr(strings);
  }
  case AttributeProto::TENSOR:
    if (ElementsAttr value = convertTensor(importer, attr.t(), &context))
      return value;
    break;
  case AttributeProto::TYPE_PROTO:
    if (Type type = convertType(attr.tp(), &context))
      return TypeAttr::get(type);
    break;
  default:
    break;
  }
  refuse(ref, ErrorCode::Unsupported,
         "attribute '" + attr.name() + "' has a type that is not compiled");
}

void ModuleBuilder::addAttributes(const Draft &draft, OperationState &state) {
  const ::onnx::OpSchema *newest = ::onnx::OpSchemaRegistry::Schema(
      draft.op, 1 << 20, draft.ref.node.domain());
  for (StringAttr name : state.name.getAttributeNames()) {
    std::string key = name.str() == "type_proto" ? "type" : name.str();
    auto it = draft.attributes.find(key);
    if (it == draft.attributes.end())
      continue;
    bool asInteger = false;
    if (newest) {
      auto schema = newest->attributes().find(key);
      asInteger = schema != newest->attributes().end() &&
                  schema->second.type == AttributeProto::INT;
    }
    state.addAttribute(name,
                       convertAttribute(draft.ref, it->second, asInteger));
  }
}

/// Names of the graph attributes in the order of the operation's regions.
static llvm::ArrayRef<const char *> regionNames(llvm::StringRef op) {
  static const char *const ifNames[] = {"then_branch", "else_branch"};
  static const char *const bodyName[] = {"body"};
  if (op == "If")
    return ifNames;
  if (op == "Loop" || op == "Scan" || op == "SequenceMap")
    return bodyName;
  return {};
}

/// A node may leave out trailing outputs of its sub-graph; the operation has
/// them all. A Loop's body has one more, the condition.
void ModuleBuilder::addOmittedResults(Draft &draft, const GraphProto &body) {
  size_t extra = draft.op == "Loop" ? 1 : 0;
  const ValueTypes &types = importer.types[&body];
  for (size_t i = draft.results.size() + extra;
       i < static_cast<size_t>(body.output_size()); ++i) {
    Type type =
        typeOf(&draft.ref, types, body.output(static_cast<int>(i)).name());
    // Whether it is carried or scanned, its shape is not looked at.
    if (auto tensor = dyn_cast<TensorType>(type))
      type = UnrankedTensorType::get(tensor.getElementType());
    draft.results.push_back(type);
  }
}

void ModuleBuilder::emitDraft(Draft &draft, Scope &scope, Location loc) {
  const NodeProto &node = draft.ref.node;
  std::string name = aicc::onnx::operationName(node.domain(), draft.op);
  const aicc::onnx::OpSchema *schema = aicc::onnx::lookupSchema(name);
  if (!schema || (!node.domain().empty() && node.domain() != "ai.onnx.ml"))
    refuse(draft.ref, ErrorCode::Unsupported, "the operator is not compiled");
  OperationState state(loc, name);
  addOperands(draft, *schema, state, loc);
  std::vector<Region *> regions;
  for (const char *attr : regionNames(draft.op)) {
    const GraphProto *graph = nullptr;
    for (const AttributeProto &a : node.attribute())
      if (a.name() == attr)
        graph = &a.g();
    if (!graph)
      refuse(draft.ref, ErrorCode::Attr,
             llvm::Twine("attribute '") + attr + "' is missing");
    buildRegion(draft.ref, *graph, *state.addRegion(), scope);
    addOmittedResults(draft, *graph);
  }
  addResults(draft, *schema, state);
  addAttributes(draft, state);
  Operation *op = builder.create(state);
  for (int i = 0; i < node.output_size(); ++i) {
    unsigned k = static_cast<unsigned>(i);
    if (node.output(i).empty() || k >= op->getNumResults() ||
        isa<NoneType>(op->getResult(k).getType()))
      continue;
    scope.values[node.output(i)] = op->getResult(k);
  }
  if (draft.reshaped) {
    Emitter emitter(builder, loc);
    Value shape = emitter.ints(draft.reshaped.getShape());
    scope.values[node.output(0)] =
        emitter.emit("Reshape", {op->getResult(0), shape}, draft.reshaped);
  }
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

/// The name of an element type of numpy, or of ml_dtypes.
static std::string numpyName(const ::onnx::TypeProto &type) {
  int32_t element = type.tensor_type().elem_type();
  switch (element) {
  case ::onnx::TensorProto::FLOAT:
    return "float32";
  case ::onnx::TensorProto::DOUBLE:
    return "float64";
  case ::onnx::TensorProto::FLOAT8E4M3FN:
    return "float8_e4m3fn";
  case ::onnx::TensorProto::FLOAT8E4M3FNUZ:
    return "float8_e4m3fnuz";
  case ::onnx::TensorProto::FLOAT8E5M2:
    return "float8_e5m2";
  case ::onnx::TensorProto::FLOAT8E5M2FNUZ:
    return "float8_e5m2fnuz";
  case ::onnx::TensorProto::FLOAT8E8M0:
    return "float8_e8m0fnu";
  case ::onnx::TensorProto::FLOAT4E2M1:
    return "float4_e2m1fn";
  default:
    return dataTypeName(element);
  }
}

void ModuleBuilder::buildMain(ModuleOp module) {
  const GraphProto &graph = importer.model.graph();
  Scope scope{nullptr, &importer.types[&graph], {}};
  std::unordered_map<std::string, bool> isConstant;
  for (const auto &tensor : graph.initializer())
    isConstant[tensor.name()] = true;
  for (const auto &sparse : graph.sparse_initializer())
    isConstant[sparse.values().name()] = true;
  auto attributes = [&](const std::string &name) {
    auto it = scope.types->find(name);
    llvm::SmallVector<NamedAttribute> attrs{
        builder.getNamedAttr("aicc.name", builder.getStringAttr(name))};
    if (it != scope.types->end() && it->second.has_tensor_type())
      attrs.push_back(builder.getNamedAttr(
          "aicc.dtype", builder.getStringAttr(numpyName(it->second))));
    return builder.getDictionaryAttr(attrs);
  };
  llvm::SmallVector<Type> inputs, outputs;
  llvm::SmallVector<Attribute> inputAttrs, outputAttrs;
  std::vector<std::string> names;
  for (const auto &input : graph.input()) {
    if (isConstant.count(input.name()))
      continue;
    names.push_back(input.name());
    inputs.push_back(typeOf(nullptr, *scope.types, input.name()));
    inputAttrs.push_back(attributes(input.name()));
  }
  for (const auto &output : graph.output()) {
    outputs.push_back(typeOf(nullptr, *scope.types, output.name()));
    outputAttrs.push_back(attributes(output.name()));
  }
  builder.setInsertionPointToStart(module.getBody());
  auto main = func::FuncOp::create(builder, module.getLoc(), "main",
                                   builder.getFunctionType(inputs, outputs));
  main.setAllArgAttrs(inputAttrs);
  main.setAllResultAttrs(outputAttrs);
  Block *block = main.addEntryBlock();
  for (auto [name, argument] : llvm::zip(names, block->getArguments())) {
    argument.setLoc(location(name, 0));
    scope.values[name] = argument;
  }
  builder.setInsertionPointToStart(block);
  buildConstants(graph, scope);
  buildNodes(graph, scope);
  llvm::SmallVector<Value> results;
  for (const auto &output : graph.output()) {
    Value value = scope.find(output.name());
    if (!value)
      refuse(ErrorCode::Unsupported,
             "output '" + output.name() +
                 "' is one that the newest form of its operator lacks");
    results.push_back(value);
  }
  func::ReturnOp::create(builder, module.getLoc(), results);
}

OwningOpRef<ModuleOp> ModuleBuilder::build() {
  Location loc = FileLineColLoc::get(&context, fileName, 0, 0);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  (*module)->setAttr("aicc.model", builder.getStringAttr(llvm::sys::path::stem(
                                       importer.options.modelPath)));
  buildMain(*module);
  // Initialisers that nothing uses, and None of nodes that fold them.
  llvm::SmallVector<Operation *> unused;
  module->walk([&](aicc::onnx::ConstantOp op) {
    if (op->use_empty())
      unused.push_back(op);
  });
  for (Operation *op : unused)
    op->erase();
  return module;
}

OwningOpRef<ModuleOp> import::buildModule(Importer &importer,
                                          MLIRContext &context) {
  return ModuleBuilder(importer, context).build();
}
