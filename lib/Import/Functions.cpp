//===- Functions.cpp - Model-local functions ------------------------------===//
//
// The inliner of the ONNX library has no limits of its own, so what it would
// produce is counted first.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

#include "onnx/inliner/inliner.h"

using namespace aicc;
using namespace aicc::import;
using ::onnx::FunctionProto;
using ::onnx::NodeProto;

namespace {

/// Counts the nodes of calls, once for each function.
class CallCounter {
public:
  explicit CallCounter(Importer &importer) : importer(importer) {
    for (const FunctionProto &function : importer.model.functions())
      functions[functionKey(function.domain(), function.name(),
                            function.overload())] = &function;
  }

  /// Nodes of `nodes` and what they call, capped well above the limit.
  int64_t count(const google::protobuf::RepeatedPtrField<NodeProto> &nodes,
                int64_t depth) {
    int64_t total = 0;
    for (const NodeProto &node : nodes) {
      total += 1 + callee(node, depth);
      for (const auto &attr : node.attribute()) {
        if (attr.has_g())
          total += count(attr.g().node(), depth);
        for (const auto &graph : attr.graphs())
          total += count(graph.node(), depth);
      }
      total = std::min(total, importer.limits().maxNodes + 1);
    }
    return total;
  }

private:
  int64_t callee(const NodeProto &node, int64_t depth) {
    std::string key =
        functionKey(node.domain(), node.op_type(), node.overload());
    auto function = functions.find(key);
    if (function == functions.end())
      return 0;
    if (depth >= importer.limits().maxFunctionDepth)
      refuse(ErrorCode::Limit, "functions call each other more than " +
                                   llvm::Twine(depth) + " deep");
    auto [it, isNew] = counts.emplace(key, kRunning);
    if (isNew) {
      int64_t result = count(function->second->node(), depth + 1);
      return counts[key] = result;
    }
    if (it->second == kRunning)
      refuse(ErrorCode::Graph,
             "function '" + node.op_type() + "' calls itself");
    return it->second;
  }

  static constexpr int64_t kRunning = -1;
  Importer &importer;
  std::map<std::string, const FunctionProto *> functions;
  std::map<std::string, int64_t> counts;
};

} // namespace

void import::inlineFunctions(Importer &importer) {
  if (importer.model.functions().empty())
    return;
  CallCounter counter(importer);
  int64_t nodes = counter.count(importer.model.graph().node(), 0);
  for (const FunctionProto &function : importer.model.functions())
    counter.count(function.node(), 0);
  if (nodes > importer.limits().maxNodes)
    refuse(ErrorCode::Limit,
           "with its functions inlined the model has more than " +
               llvm::Twine(importer.limits().maxNodes) + " nodes");
  try {
    ::onnx::inliner::InlineLocalFunctions(importer.model,
                                          /*convert_version=*/true);
  } catch (const std::exception &e) {
    refuse(ErrorCode::Unsupported,
           llvm::Twine("the model's functions cannot be inlined: ") + e.what());
  }
  // What the inliner brought in may need operator sets of the functions.
  for (const auto &import : importer.model.opset_import())
    importer.opsets.emplace(import.domain() == "ai.onnx" ? "" : import.domain(),
                            import.version());
}
