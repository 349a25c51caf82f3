//===- Opsets.cpp - Which operator sets a model needs ---------------------===//

#include "lib/Export/Exporter.h"

#include "mlir/IR/BuiltinTypes.h"

#include "onnx/defs/schema.h"

#include <map>
#include <set>

using namespace mlir;

namespace aicc::onnx_export {

/// Do `types` fit the formal parameters?
static bool fits(const std::vector<::onnx::OpSchema::FormalParameter> &params,
                 TypeRange types) {
  for (auto [i, type] : llvm::enumerate(types)) {
    if (isa<NoneType>(type))
      continue;
    if (params.empty())
      return false;
    const auto &param = params[std::min(i, params.size() - 1)];
    std::string text = typeText(type);
    bool allowed = llvm::any_of(
        param.GetTypes(), [&](const std::string *t) { return *t == text; });
    if (!allowed)
      return false;
  }
  return true;
}

/// Is `node` valid in version `version` of its domain?
static bool isValid(const ::onnx::NodeProto &node, Operation *op, int version) {
  const ::onnx::OpSchema *schema =
      ::onnx::OpSchemaRegistry::Schema(node.op_type(), version, node.domain());
  if (!schema || schema->deprecated())
    return false;
  try {
    schema->Verify(node);
  } catch (const std::exception &) {
    return false;
  }
  return fits(schema->inputs(), op->getOperandTypes()) &&
         fits(schema->outputs(), op->getResultTypes());
}

void chooseOpsets(const Nodes &nodes, ::onnx::ModelProto &model) {
  // From 21 on, operators got types and attributes, no other meanings; so the
  // oldest set that takes all nodes computes what the newest does.
  constexpr int firstVersion = 21;
  const auto &newest =
      ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  std::map<std::string, int> versions{{"", firstVersion}};
  for (auto [node, op] : nodes) {
    int last = newest.at(node->domain()).second;
    auto [it, isNew] = versions.try_emplace(node->domain(), last);
    while (it->second < last && !isValid(*node, op, it->second))
      ++it->second;
    if (!isValid(*node, op, it->second))
      refuse(op, "it is valid in no operator set that it could be written in");
  }
  for (const auto &[domain, version] : versions) {
    ::onnx::OperatorSetIdProto *opset = model.add_opset_import();
    opset->set_domain(domain);
    opset->set_version(version);
  }
}

} // namespace aicc::onnx_export
