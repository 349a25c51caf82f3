//===- Page.cpp - A report as one page that needs nothing else ------------===//
//
// The data go into the page as JSON, its script makes elements of them. Names
// come from models: they can neither end the data block nor become markup, and
// the page's policy runs no script but its own.
//
//===----------------------------------------------------------------------===//

#include "aicc/Report/Report.h"
#include "aicc/Support/OutputFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SHA256.h"

#include <array>

#include "Page.inc"

using namespace aicc;

namespace {
/// What goes in place of {{KEY}} in a page.
using Replacement = std::pair<llvm::StringRef, llvm::StringRef>;
} // namespace

/// Copies `page`, replacing what is in it once: what is put in stays as it is.
static void printReplaced(llvm::StringRef page,
                          llvm::ArrayRef<Replacement> replacements,
                          llvm::raw_ostream &os) {
  while (!page.empty()) {
    auto [before, rest] = page.split("{{");
    os << before;
    page = rest;
    for (const Replacement &replacement : replacements) {
      if (!page.consume_front(replacement.first))
        continue;
      os << replacement.second;
      break;
    }
  }
}

/// JSON that can stand in a <script>: "<" is only ever inside of strings.
static std::string embeddable(llvm::StringRef json) {
  std::string result;
  result.reserve(json.size());
  for (char c : json) {
    if (c == '<')
      result += "\\u003c";
    else
      result += c;
  }
  return result;
}

static std::string escaped(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream os(result);
  llvm::printHTMLEscaped(llvm::json::fixUTF8(text), os);
  return result;
}

/// Source of a policy that allows exactly this inline text.
static std::string hashSource(llvm::StringRef text) {
  llvm::SHA256 hash;
  hash.update(text);
  return "'sha256-" + llvm::encodeBase64(hash.final()) + "'";
}

static void printPage(llvm::StringRef page, llvm::StringRef title,
                      llvm::ArrayRef<llvm::StringRef> scripts,
                      llvm::StringRef json, llvm::raw_ostream &os) {
  std::string script = "\"use strict\";\n" + llvm::join(scripts, "\n");
  std::string policy = "default-src 'none'; base-uri 'none'; form-action "
                       "'none'; style-src " +
                       hashSource(page_css) + "; script-src " +
                       hashSource(script);
  std::string safeTitle = escaped(title);
  std::string data = embeddable(json);
  printReplaced(page,
                {{"POLICY}}", policy},
                 {"TITLE}}", safeTitle},
                 {"STYLE}}", page_css},
                 {"DATA}}", data},
                 {"SCRIPT}}", script}},
                os);
}

void aicc::printReportPage(const ReportData &data, llvm::raw_ostream &os) {
  std::string json;
  llvm::raw_string_ostream jsonStream(json);
  printReportJson(data, jsonStream);
  printPage(page_html, data.model.name + " · aicc",
            {core_js, breakdown_js, nodes_js, chart_js, roofline_js, memory_js,
             facts_js},
            json, os);
}

void aicc::printDifferencePage(const ReportDifference &difference,
                               llvm::raw_ostream &os) {
  std::string json;
  llvm::raw_string_ostream jsonStream(json);
  printDifferenceJson(difference, jsonStream);
  printPage(difference_html, difference.after.model.name + " · aicc difference",
            {core_js, difference_js}, json, os);
}

bool aicc::writeReport(const ReportData &data, llvm::StringRef path,
                       DiagnosticSink &sink) {
  std::unique_ptr<OutputFile> file = OutputFile::create(path, sink);
  if (!file)
    return false;
  std::string text;
  llvm::raw_string_ostream os(text);
  if (path.ends_with(".html") || path.ends_with(".htm"))
    printReportPage(data, os);
  else
    printReportJson(data, os);
  return file->write(text) && file->commit();
}
