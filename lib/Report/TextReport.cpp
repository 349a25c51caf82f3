//===- TextReport.cpp - A report for a terminal ---------------------------===//

#include "Format.h"
#include "TextTable.h"

#include "aicc/Report/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Unicode.h"

#include <tuple>

using namespace aicc;

static size_t displayWidth(llvm::StringRef text) {
  int width = llvm::sys::unicode::columnWidthUTF8(text);
  return width < 0 ? text.size() : size_t(width);
}

void TextTable::print(llvm::raw_ostream &os) const {
  std::vector<size_t> widths;
  for (const std::vector<std::string> &cells : rows) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (auto [width, cell] : llvm::zip(widths, cells))
      width = std::max(width, displayWidth(cell));
  }
  for (const std::vector<std::string> &cells : rows) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string padding(widths[i] - displayWidth(cells[i]), ' ');
      line += "  ";
      line += i < leftColumns ? cells[i] + padding : padding + cells[i];
    }
    os << llvm::StringRef(line).rtrim() << '\n';
  }
}

/// Long names keep their end, which tells them apart.
static std::string shortName(llvm::StringRef name, size_t width = 44) {
  std::string text = printableName(name);
  if (text.size() <= width)
    return text;
  size_t from = text.size() - width + 3;
  while (from < text.size() && (text[from] & 0xc0) == 0x80)
    ++from; // Not into the middle of a character.
  return "..." + text.substr(from);
}

static std::string plusMinus(double percent) {
  return llvm::formatv(" +-{0:f0} %", percent).str();
}

static void printHead(const ReportData &data, const ReportTotals &totals,
                      llvm::raw_ostream &os) {
  os << printableName(data.model.name) << " on "
     << printableName(data.machine.family) << '/'
     << printableName(data.machine.name) << ", "
     << printableName(data.objective) << "\n\n";
  bool known = data.uncertainty.has_value();
  TextTable table(2);
  table.row({"energy", siQuantity(totals.energyPj * 1e-12, "J") +
                           (known ? plusMinus(data.uncertainty->energyPercent)
                                  : std::string())});
  std::string time = "not known"; // The manifest of an artefact has none.
  if (totals.timeUs > 0)
    time = siQuantity(totals.timeUs * 1e-6, "s") +
           (known ? plusMinus(data.uncertainty->timePercent) : std::string());
  table.row({"time", time});
  std::string macs = siQuantity(totals.macs, "MAC");
  if (totals.macs > 0)
    macs += ", " + siQuantity(totals.energyPj * 1e-12 / totals.macs, "J") +
            " for each";
  table.row({"arithmetic", macs});
  table.row({"arena", byteQuantity(double(data.memory.arenaBytes))});
  table.row({"weights", byteQuantity(double(data.memory.weightBytes))});
  table.print(os);
  os << (known ? "  (+-: " + printableName(data.uncertainty->basis) + ")\n"
               : std::string("  (predicted; uncertainty not established)\n"));
}

static void printComponents(const ReportTotals &totals, llvm::raw_ostream &os) {
  std::vector<ReportShare> shares = totals.components;
  llvm::sort(shares, [](const ReportShare &a, const ReportShare &b) {
    return std::tie(b.energyPj, a.component) <
           std::tie(a.energyPj, b.component);
  });
  TextTable table(1);
  table.row({"component", "energy", "share"});
  for (const ReportShare &share : shares)
    table.row({printableName(share.component),
               siQuantity(share.energyPj * 1e-12, "J"),
               percentage(share.energyPj, totals.energyPj)});
  os << '\n';
  table.print(os);
}

static void printNodes(const ReportData &data, const ReportTotals &totals,
                       llvm::raw_ostream &os, size_t maxNodes) {
  std::vector<std::pair<double, size_t>> order;
  for (auto [index, node] : llvm::enumerate(data.nodes))
    order.emplace_back(-node.energyPj(), index);
  llvm::sort(order); // Equal ones in the order of execution.
  TextTable table(3);
  llvm::StringRef outermost = outermostMemory(data.machine);
  table.row({"node", "op", "target", "energy", "share", "time",
             printableName(outermost)});
  for (auto [energy, index] : llvm::ArrayRef(order).take_front(maxNodes)) {
    const ReportNode &node = data.nodes[index];
    double moved = 0;
    for (const ReportTraffic &traffic : trafficOf(node.items))
      if (traffic.memory == outermost)
        moved += traffic.read + traffic.written;
    table.row({shortName(node.name), shortName(node.op, 20),
               shortName(node.target, 24), siQuantity(-energy * 1e-12, "J"),
               percentage(-energy, totals.energyPj),
               node.timeUs > 0 ? siQuantity(node.timeUs * 1e-6, "s") : "-",
               moved > 0 ? byteQuantity(moved) : "-"});
  }
  os << '\n';
  table.print(os);
  if (order.size() > maxNodes)
    os << "  and " << order.size() - maxNodes << " more\n";
}

void aicc::printReportText(const ReportData &data, llvm::raw_ostream &os,
                           unsigned maxNodes) {
  ReportTotals totals = totalsOf(data);
  printHead(data, totals, os);
  printComponents(totals, os);
  printNodes(data, totals, os, maxNodes);
  for (const ReportFallback &fallback : data.fallbacks)
    os << "\n  " << shortName(fallback.node) << " ("
       << printableName(fallback.op) << ") ran on "
       << printableName(fallback.ranOn) << ", not on "
       << printableName(fallback.wanted) << ": "
       << printableName(fallback.reason) << '\n';
}

static void printIndented(llvm::StringRef text, llvm::raw_ostream &os) {
  llvm::SmallVector<llvm::StringRef> lines;
  text.trim('\n').split(lines, '\n');
  for (llvm::StringRef line : lines)
    os << "    " << printableName(line) << '\n';
}

static void printAlternatives(const ReportNode &node, llvm::raw_ostream &os) {
  TextTable table(1);
  table.row({"considered", "energy", "", "cycles", ""});
  table.row({"chosen", siQuantity(node.energyPj() * 1e-12, "J"), "",
             siQuantity(node.cycles, ""), ""});
  for (const ReportAlternative &other : node.alternatives)
    table.row({printableName(other.what),
               siQuantity(other.energyPj * 1e-12, "J"),
               relativeChange(node.energyPj(), other.energyPj),
               siQuantity(other.cycles, ""),
               relativeChange(node.cycles, other.cycles)});
  os << '\n';
  table.print(os);
  for (const ReportAlternative &other : node.alternatives)
    if (!other.why.empty())
      os << "  " << printableName(other.what) << ": "
         << printableName(other.why) << '\n';
}

static void explain(const ReportNode &node, llvm::raw_ostream &os) {
  os << printableName(node.name) << " (" << printableName(node.op) << ") on "
     << printableName(node.target) << '\n';
  if (!node.reason.empty())
    os << "  why: " << printableName(node.reason) << '\n';
  if (node.group >= 0)
    os << "  fused: group " << node.group << '\n';
  os << "  " << siQuantity(node.macs, "MAC") << ", "
     << siQuantity(node.cycles, "cycles") << " ("
     << percentage(node.computeCycles, node.cycles) << " arithmetic), "
     << siQuantity(node.timeUs * 1e-6, "s") << '\n';
  if (!node.mapping.empty()) {
    os << "  mapping:\n";
    printIndented(node.mapping, os);
  }
  TextTable table(1);
  table.row({"component", "count", "", "pJ each", "energy"});
  for (const CostItem &item : node.items)
    table.row({printableName(item.component), siQuantity(item.count, ""),
               countUnitName(item.unit).str(),
               llvm::formatv("{0:f3}", item.pjEach).str(),
               siQuantity(item.energyPj() * 1e-12, "J")});
  os << '\n';
  table.print(os);
  if (!node.alternatives.empty())
    printAlternatives(node, os);
}

static void explain(const ReportLaunch &launch, llvm::raw_ostream &os) {
  os << "  on the array";
  if (launch.group >= 0)
    os << ", group " << launch.group;
  os << ": "
     << (launch.dataflow.empty() ? "nothing stays in place"
                                 : printableName(launch.dataflow))
     << ", " << siQuantity(launch.macs, "MAC") << ", "
     << siQuantity(launch.cycles, "cycles") << ", "
     << siQuantity(launch.stallCycles(), "of them stalls") << ", "
     << percentage(launch.utilization, 1) << " of the array used\n";
}

bool aicc::printNodeText(const ReportData &data, llvm::StringRef name,
                         llvm::raw_ostream &os) {
  bool found = false;
  for (const ReportNode &node : data.nodes) {
    if (node.name != name)
      continue;
    if (found)
      os << '\n';
    found = true;
    explain(node, os);
    for (const ReportLaunch &launch : data.launches)
      if (launch.node == name && launch.group == node.group)
        explain(launch, os);
  }
  return found;
}
