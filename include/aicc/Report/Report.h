//===- Report.h - Reports to read, to compare and to show -------*- C++ -*-===//

#ifndef AICC_REPORT_REPORT_H
#define AICC_REPORT_REPORT_H

#include "aicc/Report/ReportData.h"

#include "llvm/Support/raw_ostream.h"

namespace aicc {

class DiagnosticSink;

/// Version of the JSON form. Grows when a key changes its meaning or goes;
/// new keys do not change it.
inline constexpr int64_t reportSchemaVersion = 1;

/// Writes `data` to `path`: as a page where that ends in .html or .htm,
/// otherwise as JSON ("-": JSON on standard output). Errors are E_IO; then
/// nothing is left at `path`.
bool writeReport(const ReportData &data, llvm::StringRef path,
                 DiagnosticSink &sink);

/// As docs/report.schema.json has it; a line for each node.
void printReportJson(const ReportData &data, llvm::raw_ostream &os);
/// One page without references to anything outside of itself.
void printReportPage(const ReportData &data, llvm::raw_ostream &os);
/// For a terminal: totals, components, the `maxNodes` nodes that take most.
void printReportText(const ReportData &data, llvm::raw_ostream &os,
                     unsigned maxNodes = 20);
/// All that is known of one node: cost, mapping, what was rejected and why.
/// False if there is none of that name.
bool printNodeText(const ReportData &data, llvm::StringRef node,
                   llvm::raw_ostream &os);

/// What an overlay colours nodes by.
enum class OverlayMetric { Energy, Time, Macs };
std::optional<OverlayMetric> parseOverlayMetric(llvm::StringRef name);
/// Node data of Model Explorer (ai-edge-model-explorer), keyed by node name.
void printOverlay(const ReportData &data, OverlayMetric metric,
                  llvm::raw_ostream &os);

/// Reads a JSON report, or an artefact (its manifest says what it costs).
/// Errors, E_IO, E_PARSE or E_LIMIT, go to `sink` and give nothing.
std::optional<ReportData> readReport(llvm::StringRef path,
                                     DiagnosticSink &sink);
/// Reads the text of a JSON report; `name` is for errors.
std::optional<ReportData>
parseReport(llvm::StringRef json, llvm::StringRef name, DiagnosticSink &sink);

/// One node in two reports.
struct NodeChange {
  std::string name;
  std::string op;
  const ReportNode *before = nullptr; ///< Null: new.
  const ReportNode *after = nullptr;  ///< Null: gone.

  double energyDeltaPj() const {
    return (after ? after->energyPj() : 0) - (before ? before->energyPj() : 0);
  }
  double timeDeltaUs() const {
    return (after ? after->timeUs : 0) - (before ? before->timeUs : 0);
  }
  bool moved() const {
    return before && after && before->target != after->target;
  }
  bool remapped() const {
    return before && after && before->mapping != after->mapping;
  }
  bool any() const;
};

/// What differs between two reports; refers to them.
struct ReportDifference {
  const ReportData &before;
  const ReportData &after;
  /// Nodes that differ, the largest change of energy first.
  std::vector<NodeChange> changes;
  size_t unchanged = 0;
};

/// Nodes are matched by name, equal names in the order of execution.
ReportDifference compareReports(const ReportData &before,
                                const ReportData &after);
void printDifferenceText(const ReportDifference &difference,
                         llvm::raw_ostream &os, unsigned maxNodes = 20);
void printDifferenceJson(const ReportDifference &difference,
                         llvm::raw_ostream &os);
void printDifferencePage(const ReportDifference &difference,
                         llvm::raw_ostream &os);

/// The tool aicc-report on `args` (without the program's name). Returns the
/// exit code.
int runReportTool(const std::vector<std::string> &args);

} // namespace aicc

#endif // AICC_REPORT_REPORT_H
