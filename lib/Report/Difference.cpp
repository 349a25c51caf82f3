//===- Difference.cpp - What changed between two reports ------------------===//

#include "Format.h"
#include "JsonText.h"
#include "TextTable.h"

#include "aicc/Report/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <deque>

using namespace aicc;

bool NodeChange::any() const {
  return !before || !after || before->op != after->op || moved() ||
         remapped() || energyDeltaPj() != 0 || timeDeltaUs() != 0 ||
         before->macs != after->macs || before->group != after->group;
}

/// The largest change first; equal ones keep their order.
static void sortBySize(std::vector<NodeChange> &changes) {
  std::vector<std::pair<double, size_t>> order;
  for (auto [index, change] : llvm::enumerate(changes))
    order.emplace_back(-std::abs(change.energyDeltaPj()), index);
  llvm::sort(order);
  std::vector<NodeChange> sorted;
  sorted.reserve(changes.size());
  for (auto [size, index] : order)
    sorted.push_back(std::move(changes[index]));
  changes = std::move(sorted);
}

ReportDifference aicc::compareReports(const ReportData &before,
                                      const ReportData &after) {
  ReportDifference difference{before, after, {}, 0};
  llvm::StringMap<std::deque<const ReportNode *>> waiting;
  for (const ReportNode &node : after.nodes)
    waiting[node.name].push_back(&node);
  auto add = [&](NodeChange change) {
    if (change.any())
      difference.changes.push_back(std::move(change));
    else
      ++difference.unchanged;
  };
  llvm::StringMap<size_t> taken;
  for (const ReportNode &node : before.nodes) {
    auto at = waiting.find(node.name);
    const ReportNode *match = nullptr;
    if (at != waiting.end() && !at->second.empty()) {
      match = at->second.front();
      at->second.pop_front();
      ++taken[node.name];
    }
    add({node.name, match ? match->op : node.op, &node, match});
  }
  for (const ReportNode &node : after.nodes) {
    size_t &count = taken[node.name];
    if (count > 0)
      --count; // The first ones of a name have met theirs.
    else
      add({node.name, node.op, nullptr, &node});
  }
  sortBySize(difference.changes);
  return difference;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string title(const ReportData &data) {
  return printableName(data.model.name) + " on " +
         printableName(data.machine.family) + "/" +
         printableName(data.machine.name) + ", " +
         printableName(data.objective);
}

static void printTotalsChange(const ReportTotals &a, const ReportTotals &b,
                              const ReportDifference &difference,
                              llvm::raw_ostream &os) {
  TextTable table(1);
  table.row({"", "A", "B", "change"});
  table.row({"energy", siQuantity(a.energyPj * 1e-12, "J"),
             siQuantity(b.energyPj * 1e-12, "J"),
             relativeChange(a.energyPj, b.energyPj)});
  table.row({"time", siQuantity(a.timeUs * 1e-6, "s"),
             siQuantity(b.timeUs * 1e-6, "s"),
             relativeChange(a.timeUs, b.timeUs)});
  table.row({"MACs", siQuantity(a.macs, ""), siQuantity(b.macs, ""),
             relativeChange(a.macs, b.macs)});
  double arenaA = double(difference.before.memory.arenaBytes);
  double arenaB = double(difference.after.memory.arenaBytes);
  table.row({"arena", byteQuantity(arenaA), byteQuantity(arenaB),
             relativeChange(arenaA, arenaB)});
  os << '\n';
  table.print(os);
}

/// Components of both, those of A first.
static std::vector<std::pair<ReportShare, ReportShare>>
joinShares(const ReportTotals &a, const ReportTotals &b) {
  std::vector<std::pair<ReportShare, ReportShare>> joined;
  llvm::StringMap<size_t> index;
  for (const ReportShare &share : a.components) {
    index[share.component] = joined.size();
    joined.push_back({share, {share.component, 0}});
  }
  for (const ReportShare &share : b.components) {
    auto [at, isNew] = index.try_emplace(share.component, joined.size());
    if (isNew)
      joined.push_back({{share.component, 0}, {}});
    joined[at->second].second = share;
  }
  return joined;
}

/// "moved from a to b, mapped anew".
static std::string describe(const NodeChange &change) {
  if (!change.before)
    return "new";
  if (!change.after)
    return "gone";
  std::string text;
  if (change.moved())
    text = "moved from " + printableName(change.before->target) + " to " +
           printableName(change.after->target);
  if (change.before->group != change.after->group)
    text += text.empty() ? "fused otherwise" : ", fused otherwise";
  if (change.remapped())
    text += text.empty() ? "mapped anew" : ", mapped anew";
  return text;
}

static double energyOf(const ReportNode *node) {
  return node ? node->energyPj() : 0;
}

static double timeOf(const ReportNode *node) { return node ? node->timeUs : 0; }

static void printChanges(const ReportDifference &difference,
                         llvm::raw_ostream &os, size_t maxNodes) {
  TextTable table(1);
  table.row({"node", "energy A", "energy B", "change", "time A", "time B",
             "change", ""});
  for (const NodeChange &change :
       llvm::ArrayRef(difference.changes).take_front(maxNodes)) {
    double energyA = energyOf(change.before), energyB = energyOf(change.after);
    double timeA = timeOf(change.before), timeB = timeOf(change.after);
    table.row({printableName(change.name), siQuantity(energyA * 1e-12, "J"),
               siQuantity(energyB * 1e-12, "J"),
               relativeChange(energyA, energyB), siQuantity(timeA * 1e-6, "s"),
               siQuantity(timeB * 1e-6, "s"), relativeChange(timeA, timeB),
               describe(change)});
  }
  os << '\n';
  if (!difference.changes.empty())
    table.print(os);
  if (difference.changes.size() > maxNodes)
    os << "  and " << difference.changes.size() - maxNodes
       << " more that differ\n";
  os << "  " << difference.unchanged << " nodes are the same\n";
}

void aicc::printDifferenceText(const ReportDifference &difference,
                               llvm::raw_ostream &os, unsigned maxNodes) {
  os << "A  " << title(difference.before) << "\nB  " << title(difference.after)
     << '\n';
  ReportTotals a = totalsOf(difference.before);
  ReportTotals b = totalsOf(difference.after);
  printTotalsChange(a, b, difference, os);
  TextTable table(1);
  table.row({"component", "A", "B", "change"});
  for (const auto &[x, y] : joinShares(a, b))
    table.row({printableName(x.component), siQuantity(x.energyPj * 1e-12, "J"),
               siQuantity(y.energyPj * 1e-12, "J"),
               relativeChange(x.energyPj, y.energyPj)});
  os << '\n';
  table.print(os);
  printChanges(difference, os, maxNodes);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static void printSide(JsonText &json, llvm::StringRef key,
                      const ReportData &data, const ReportTotals &totals) {
  json.object(key, [&] {
    json.text("title", title(data));
    json.text("model", data.model.name);
    json.text("machine", data.machine.family + "/" + data.machine.name);
    json.text("objective", data.objective);
    json.number("energy_pj", totals.energyPj);
    json.number("time_us", totals.timeUs);
    json.number("macs", totals.macs);
    json.number("arena_bytes", double(data.memory.arenaBytes));
  });
}

static void printNodeSide(JsonText &json, llvm::StringRef key,
                          const ReportNode *node) {
  if (!node)
    return json.null(key);
  json.object(key, [&] {
    json.number("energy_pj", node->energyPj());
    json.number("time_us", node->timeUs);
    json.text("target", node->target);
    json.text("mapping", node->mapping);
  });
}

void aicc::printDifferenceJson(const ReportDifference &difference,
                               llvm::raw_ostream &os) {
  ReportTotals a = totalsOf(difference.before);
  ReportTotals b = totalsOf(difference.after);
  JsonText json(os);
  json.object([&] {
    json.number("schema_version", reportSchemaVersion);
    printSide(json, "before", difference.before, a);
    printSide(json, "after", difference.after, b);
    json.lines("components", joinShares(a, b),
               [](JsonText &line, const auto &share) {
                 line.text("component", share.first.component);
                 line.number("before_pj", share.first.energyPj);
                 line.number("after_pj", share.second.energyPj);
               });
    json.number("unchanged_nodes", double(difference.unchanged));
    json.lines("nodes", difference.changes,
               [](JsonText &line, const NodeChange &change) {
                 line.text("name", change.name);
                 line.text("op", change.op);
                 line.text("what", describe(change));
                 printNodeSide(line, "before", change.before);
                 printNodeSide(line, "after", change.after);
               });
  });
  json.newline();
}
