//===- Tool.cpp - The command line of aicc-report -------------------------===//

#include "aicc/Report/Report.h"
#include "aicc/Support/Diagnostics.h"
#include "aicc/Support/OutputFile.h"

#include "llvm/ADT/StringExtras.h"

#include <functional>

using namespace aicc;

static constexpr llvm::StringLiteral help =
    R"(usage: aicc-report A [B] [options]

Shows the report A, or what changed from A to B. Each is a JSON report
(aicc --report=FILE.json) or an artefact; an artefact knows sums only.

  -o FILE             write FILE: .html a page, .json data, else text;
                      without it, text goes to standard output
  --node=NAME         one node: its cost, its mapping, what was rejected
  --overlay=METRIC    node data for Model Explorer by energy (nJ), time (us)
                      or macs (thousands)
  --nodes=N           list at most N nodes in a text (20)
  --help

Exit codes: 0 ok, 1 a file cannot be read or written, 2 usage.
)";

namespace {
struct ToolOptions {
  std::vector<std::string> files;
  std::string output = "-";
  std::optional<std::string> node;
  std::optional<OverlayMetric> overlay;
  unsigned maxNodes = 20;
  bool help = false;
};
} // namespace

static int reportError(ErrorCode code, const llvm::Twine &message,
                       llvm::StringRef helpText = "") {
  TextDiagnosticSink sink(llvm::errs());
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.message = message.str();
  diagnostic.help = helpText.str();
  sink.report(std::move(diagnostic));
  return exitCode(code);
}

/// An option with its value; empty if all is well, otherwise what is wrong.
static std::string parseOption(llvm::StringRef argument, ToolOptions &options) {
  auto [flag, value] = argument.split('=');
  if (flag == "--help" || flag == "-h") {
    options.help = true;
  } else if (flag == "--node") {
    options.node = value.str();
  } else if (flag == "--overlay") {
    options.overlay = parseOverlayMetric(value);
    if (!options.overlay)
      return "--overlay is energy, time or macs, not '" + value.str() + "'";
  } else if (flag == "--nodes") {
    if (value.getAsInteger(10, options.maxNodes))
      return "--nodes takes a number, not '" + value.str() + "'";
  } else {
    return "there is no option '" + flag.str() + "'";
  }
  return "";
}

static std::string parseArguments(llvm::ArrayRef<std::string> args,
                                  ToolOptions &options) {
  for (size_t i = 0; i < args.size(); ++i) {
    llvm::StringRef argument = args[i];
    if (argument.consume_front("-o")) {
      if (argument.empty() && ++i == args.size())
        return "-o needs a file";
      options.output = argument.empty() ? args[i] : argument.str();
    } else if (argument.starts_with("-") && argument != "-") {
      if (std::string wrong = parseOption(argument, options); !wrong.empty())
        return wrong;
    } else {
      options.files.push_back(argument.str());
    }
  }
  if (options.help)
    return "";
  if (options.files.empty() || options.files.size() > 2)
    return "one report to show, or two to compare";
  if (options.files.size() == 2 && (options.overlay || options.node))
    return "--overlay and --node are for one report";
  if (options.overlay && options.node)
    return "--overlay and --node exclude each other";
  return "";
}

/// `print` fills the file as a whole, so that none is left half written.
static int writeOut(llvm::StringRef path,
                    llvm::function_ref<void(llvm::raw_ostream &)> print) {
  TextDiagnosticSink sink(llvm::errs());
  std::unique_ptr<OutputFile> file = OutputFile::create(path, sink);
  if (file) {
    std::string text;
    llvm::raw_string_ostream os(text);
    print(os);
    if (file->write(text) && file->commit())
      return 0;
  }
  return exitCode(ErrorCode::Io);
}

static bool isPage(llvm::StringRef path) {
  return path.ends_with(".html") || path.ends_with(".htm");
}

static int showOne(const ReportData &data, const ToolOptions &options) {
  llvm::StringRef path = options.output;
  if (options.overlay)
    return writeOut(path, [&](llvm::raw_ostream &os) {
      printOverlay(data, *options.overlay, os);
    });
  if (options.node) {
    std::string text;
    llvm::raw_string_ostream os(text);
    if (!printNodeText(data, *options.node, os))
      return reportError(ErrorCode::Graph,
                         "the report has no node '" + *options.node + "'");
    return writeOut(path, [&](llvm::raw_ostream &out) { out << text; });
  }
  return writeOut(path, [&](llvm::raw_ostream &os) {
    if (isPage(path))
      printReportPage(data, os);
    else if (path.ends_with(".json"))
      printReportJson(data, os);
    else
      printReportText(data, os, options.maxNodes);
  });
}

static int showDifference(const ReportData &before, const ReportData &after,
                          const ToolOptions &options) {
  llvm::StringRef path = options.output;
  ReportDifference difference = compareReports(before, after);
  return writeOut(path, [&](llvm::raw_ostream &os) {
    if (isPage(path))
      printDifferencePage(difference, os);
    else if (path.ends_with(".json"))
      printDifferenceJson(difference, os);
    else
      printDifferenceText(difference, os, options.maxNodes);
  });
}

int aicc::runReportTool(const std::vector<std::string> &args) {
  ToolOptions options;
  if (std::string wrong = parseArguments(args, options); !wrong.empty())
    return reportError(ErrorCode::Usage, wrong, "aicc-report --help");
  if (options.help)
    return writeOut("-", [](llvm::raw_ostream &os) { os << help; });

  TextDiagnosticSink sink(llvm::errs());
  std::vector<ReportData> reports;
  for (const std::string &file : options.files) {
    std::optional<ReportData> data = readReport(file, sink);
    if (!data)
      return exitCode(sink.firstError());
    reports.push_back(std::move(*data));
  }
  if (reports.size() == 1)
    return showOne(reports.front(), options);
  return showDifference(reports.front(), reports.back(), options);
}
