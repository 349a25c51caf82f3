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

/// "#7", ours for a node without a name, is "<node_7>" in Model Explorer.
static std::string keyOf(const ReportNode &node) {
  llvm::StringRef index = node.name;
  unsigned number;
  if (index.consume_front("#") && !index.getAsInteger(10, number))
    return ("<node_" + index + ">").str();
  return node.name;
}

void aicc::printOverlay(const ReportData &data, OverlayMetric metric,
                        llvm::raw_ostream &os) {
  // One value a key: equal names, and the launches of one node, add up.
  std::map<std::string, double> results;
  for (const ReportNode &node : data.nodes)
    results[keyOf(node)] += valueOf(node, metric);
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
