//===- Contrib.cpp - Operators of com.microsoft ---------------------------===//

#include "Contrib.h"

#include "llvm/ADT/SmallVector.h"

#include <mutex>
#include <stdexcept>

using namespace aicc::import;
using llvm::SmallVector;
using llvm::StringRef;
using ::onnx::AttributeProto;
using ::onnx::FunctionBodyBuildContext;
using ::onnx::FunctionProto;
using ::onnx::OpSchema;
using ::onnx::TensorShapeProto;
using ::onnx::TypeProto;

void ContribCall::refuse(const std::string &what) {
  throw std::invalid_argument(what);
}

static const TensorShapeProto &shapeOf(const FunctionBodyBuildContext &context,
                                       int input) {
  const TypeProto *type = context.getInputType(input);
  if (!type || !type->has_tensor_type() || !type->tensor_type().has_shape())
    ContribCall::refuse("the shape of input " + std::to_string(input) +
                        " is not known");
  return type->tensor_type().shape();
}

int64_t ContribCall::rank(int input) const {
  return shapeOf(context, input).dim_size();
}

int64_t ContribCall::dim(int input, int64_t axis) const {
  const TensorShapeProto &shape = shapeOf(context, input);
  if (axis < 0)
    axis += shape.dim_size();
  if (axis < 0 || axis >= shape.dim_size() ||
      !shape.dim(static_cast<int>(axis)).has_dim_value())
    refuse("dimension " + std::to_string(axis) + " of input " +
           std::to_string(input) + " is not known");
  return shape.dim(static_cast<int>(axis)).dim_value();
}

bool ContribCall::isBytes(int input) const {
  const TypeProto *type = context.getInputType(input);
  return type && type->has_tensor_type() &&
         type->tensor_type().elem_type() == ::onnx::TensorProto::UINT8;
}

int64_t ContribCall::integer(const char *name, int64_t otherwise) const {
  const AttributeProto *attr = context.getAttribute(name);
  return attr ? attr->i() : otherwise;
}

double ContribCall::number(const char *name, double otherwise) const {
  const AttributeProto *attr = context.getAttribute(name);
  return attr ? double(attr->f()) : otherwise;
}

std::string ContribCall::string(const char *name, const char *otherwise) const {
  const AttributeProto *attr = context.getAttribute(name);
  return attr ? attr->s() : otherwise;
}

std::vector<int64_t> ContribCall::integers(const char *name) const {
  const AttributeProto *attr = context.getAttribute(name);
  if (!attr)
    return {};
  return {attr->ints().begin(), attr->ints().end()};
}

std::vector<double> ContribCall::numbers(const char *name) const {
  const AttributeProto *attr = context.getAttribute(name);
  if (!attr)
    return {};
  return {attr->floats().begin(), attr->floats().end()};
}

void ContribCall::refuseAttribute(const char *name) const {
  if (context.getAttribute(name))
    refuse("attribute '" + std::string(name) + "' is not compiled");
}

void ContribCall::refuseUnless(const char *attribute, int64_t only) const {
  if (int64_t found = integer(attribute, only); found != only)
    refuse("attribute '" + std::string(attribute) + "' is " +
           std::to_string(found) + "; only " + std::to_string(only) +
           " is compiled");
}

static AttributeProto::AttributeType attributeType(char kind) {
  switch (kind) {
  case 'i':
    return AttributeProto::INT;
  case 'f':
    return AttributeProto::FLOAT;
  case 's':
    return AttributeProto::STRING;
  case 'I':
    return AttributeProto::INTS;
  case 'S':
    return AttributeProto::STRINGS;
  default:
    return AttributeProto::FLOATS;
  }
}

static SmallVector<StringRef> words(StringRef text) {
  SmallVector<StringRef> result;
  text.split(result, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  return result;
}

static bool buildBody(const ContribOperator &op,
                      const FunctionBodyBuildContext &context,
                      const OpSchema &schema, FunctionProto &function) {
  std::string body = op.body(ContribCall(context));
  ::onnx::FunctionBuilder(function).Add(body.c_str());
  schema.BuildFunction(function);
  return true;
}

/// Types are those of the body's operators: a formal of each type.
static void registerOperator(const ContribOperator &op) {
  OpSchema schema;
  schema.SetName(op.name).SetDomain(kContribDomain).SinceVersion(1);
  int number = 0;
  auto type = [&](const char *kind) {
    std::string name = kind + std::to_string(number);
    schema.TypeConstraint(name, OpSchema::all_tensor_types_ir9(), "");
    return name;
  };
  for (StringRef input : words(op.inputs)) {
    schema.Input(number, input.str(), "", type("T"),
                 number < op.required ? OpSchema::Single : OpSchema::Optional);
    ++number;
  }
  number = 0;
  for (StringRef output : words(op.outputs)) {
    schema.Output(number, output.str(), "", type("R"),
                  number == 0 ? OpSchema::Single : OpSchema::Optional);
    ++number;
  }
  for (StringRef attribute : words(op.attributes)) {
    auto [name, kind] = attribute.split(':');
    schema.Attr(name.str(), "", attributeType(kind.front()),
                /*required=*/false);
  }
  schema.SetContextDependentFunctionBodyBuilder(
      [&op](const FunctionBodyBuildContext &context, const OpSchema &schema,
            FunctionProto &function) {
        return buildBody(op, context, schema, function);
      });
  ::onnx::RegisterSchema(std::move(schema), /*opset_version_to_load=*/0,
                         /*fail_duplicate_schema=*/false);
}

void aicc::import::registerContribOperators() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
        .AddDomainToVersion(kContribDomain, 1, 1);
    for (const ContribOperator &op : contribFloatOperators())
      registerOperator(op);
    for (const ContribOperator &op : contribQuantizedOperators())
      registerOperator(op);
  });
}
