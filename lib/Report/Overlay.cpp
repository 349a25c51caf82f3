//===- Overlay.cpp - Node data of Model Explorer --------------------------===//
//
// The form that Model Explorer (ai-edge-model-explorer) takes as "node data":
// {"results": {KEY: {"value": NUMBER}}, "gradient": [...]}. A key is the id of
// a node, which its ONNX adapters make of the node's name, or the name of one
// of the tensors that the node computes.
//
//===----------------------------------------------------------------------===//

#include "JsonText.h"

#include "aicc/Report/Report.h"

#include "llvm/ADT/STLExtras.h"

#include <cstdio>
#include <cstdlib>
#include <map>

using namespace aicc;

std::optional<OverlayMetric> aicc::parseOverlayMetric(llvm::StringRef name) {
  if (name == "energy")
    return OverlayMetric::Energy;
  if (name == "time")
    return OverlayMetric::Time;
  if (name == "macs")
    return OverlayMetric::Macs;
  return std::nullopt;
}

/// nJ, us or thousands of MACs: of a size that is readable on a node.
static double valueOf(const ReportNode &node, OverlayMetric metric) {
  switch (metric) {
  case OverlayMetric::Energy:
    return node.energyPj() / 1000;
  case OverlayMetric::Time:
    return node.timeUs;
  case OverlayMetric::Macs:
    break;
  }
  return node.macs / 1000;
}

/// Five digits: Model Explorer shows a number as it stands.
static double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return std::strtod(text, nullptr);
}

/// Ours for a node without a name is "#7", its index in the graph.
static std::optional<unsigned> indexOf(llvm::StringRef name) {
  unsigned number;
  if (name.consume_front("#") && !name.getAsInteger(10, number))
    return number;
  return std::nullopt;
}

/// The adapter names nodes without a name "node", "node_1" ... as it meets
/// them: by their index where no node has a name. Where some have, the report
/// does not know how many nodes without one come before.
static std::optional<std::string> keyOf(const ReportNode &node,
                                        bool someHaveNames) {
  std::optional<unsigned> index = indexOf(node.name);
  if (!index)
    return node.name;
  if (someHaveNames)
    return std::nullopt;
  return *index == 0 ? "node" : "node_" + std::to_string(*index);
}

void aicc::printOverlay(const ReportData &data, OverlayMetric metric,
                        llvm::raw_ostream &os) {
  // One value a key: equal names, and the launches of one node, add up.
  std::map<std::string, double> results;
  bool someHaveNames = llvm::any_of(data.nodes, [](const ReportNode &node) {
    return node.name != layoutNodeName && !indexOf(node.name);
  });
  for (const ReportNode &node : data.nodes)
    if (std::optional<std::string> key = keyOf(node, someHaveNames);
        key && node.name != layoutNodeName)
      results[*key] += valueOf(node, metric);
  // ColorBrewer's YlOrRd: light to dark, so that it reads without colour too.
  static constexpr std::pair<double, llvm::StringLiteral> gradient[] = {
      {0, "#ffffcc"}, {0.25, "#fed976"}, {0.5, "#fd8d3c"}, {1, "#bd0026"}};
  JsonText json(os);
  json.object([&] {
    json.object("results", [&] {
      for (const auto &[key, value] : results)
        json.object(
            key, [&, value = value] { json.number("value", rounded(value)); });
    });
    json.lines("gradient", gradient, [](JsonText &line, const auto &stop) {
      line.number("stop", stop.first);
      line.text("bgColor", stop.second);
    });
  });
  json.newline();
}
