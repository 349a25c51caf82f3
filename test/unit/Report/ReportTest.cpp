//===- ReportTest.cpp - What follows from a report's numbers --------------===//

#include "aicc/Report/Report.h"
#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include "gtest/gtest.h"

#include <limits>

using namespace aicc;

namespace {

ReportNode node(std::string name, double pj, std::string target = "cpu/a") {
  ReportNode result;
  result.name = std::move(name);
  result.op = "MatMul";
  result.target = std::move(target);
  result.macs = 64;
  result.cycles = 10;
  result.timeUs = 2;
  result.items = {{"mac.f32", CountUnit::Operations, 64, pj / 128},
                  {"dram.read", CountUnit::Bytes, 16, pj / 64},
                  {"dram.write", CountUnit::Bytes, 8, pj / 32}};
  return result;
}

ReportData report() {
  ReportData data;
  data.model.name = "net";
  data.machine.family = "cpu";
  data.machine.name = "a";
  data.objective = "energy";
  data.options = {{"threads", "2"}};
  data.nodes = {node("a", 100), node("b", 300)};
  return data;
}

std::string json(const ReportData &data) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printReportJson(data, os);
  return text;
}

std::string page(const ReportData &data) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printReportPage(data, os);
  return text;
}

TEST(Report, Totals) {
  ReportTotals totals = totalsOf(report());
  EXPECT_DOUBLE_EQ(totals.energyPj, 400);
  EXPECT_DOUBLE_EQ(totals.timeUs, 4);
  EXPECT_DOUBLE_EQ(totals.macs, 128);
  ASSERT_EQ(totals.components.size(), 3u);
  EXPECT_EQ(totals.components[0].component, "mac.f32");
  EXPECT_DOUBLE_EQ(totals.components[0].energyPj, 200);
  ASSERT_EQ(totals.traffic.size(), 1u);
  EXPECT_EQ(totals.traffic[0].memory, "dram");
  EXPECT_EQ(totals.traffic[0].read, 32);
  EXPECT_EQ(totals.traffic[0].written, 16);
}

TEST(Report, TrafficIsOfBytesOnly) {
  EXPECT_TRUE(trafficOf({{"cell.read", CountUnit::Operations, 5, 1},
                         {"adc.convert", CountUnit::Conversions, 5, 1},
                         {"bus.crossing", CountUnit::Bytes, 5, 1}})
                  .empty());
}

TEST(Report, LiveBytes) {
  ReportMemory memory;
  memory.steps = {"a", "b", "c"};
  memory.buffers = {{"x", 0, 10, 0, 1}, {"y", 16, 5, 1, 2}};
  EXPECT_EQ(liveBytes(memory), (std::vector<int64_t>{10, 15, 5}));
  // Positions of a file from elsewhere may be anything.
  memory.buffers.push_back({"z", 0, 1, -7, 1000});
  memory.buffers.push_back({"w", 0, 1, 2, 1});
  EXPECT_EQ(liveBytes(memory), (std::vector<int64_t>{11, 16, 6}));
  memory.steps.clear();
  EXPECT_TRUE(liveBytes(memory).empty());
}

TEST(Report, Carbon) {
  // A kilowatt hour is 3.6 MJ.
  EXPECT_DOUBLE_EQ(operationalGrams(3.6e18, 100), 100);
  ReportData data = report();
  EXPECT_EQ(embodiedGrams(data, 3.6e9), 0);
  data.embodied = ReportEmbodied{1000, 100, 0.5, "a data sheet"};
  EXPECT_DOUBLE_EQ(embodiedGrams(data, 3.6e9), 1000.0 / 100 * 0.5);
  for (const GridIntensity &grid : gridIntensities()) {
    EXPECT_GT(grid.gramsPerKwh, 0) << grid.region.str();
    EXPECT_LT(grid.gramsPerKwh, 1000) << grid.region.str();
    EXPECT_GE(grid.year, 2023) << grid.region.str();
  }
}

TEST(Report, ReadBack) {
  ReportData data = report();
  data.nodes[0].group = 3;
  data.nodes[0].alternatives = {{"other", 1, 2, "slower"}};
  data.uncertainty = ReportUncertainty{10, 20, "chips"};
  data.embodied = ReportEmbodied{1000, 100, 0.5, "a data sheet"};
  data.machine.figures = {{"dram", "x", 0.1, "s", 45, 0.9, 0.2}};
  CollectingDiagnosticSink sink;
  std::optional<ReportData> again = parseReport(json(data), "r.json", sink);
  ASSERT_TRUE(again) << sink.diagnostics()[0].message;
  EXPECT_EQ(json(*again), json(data));
  EXPECT_EQ(again->nodes[0].group, 3);
  EXPECT_EQ(again->nodes[1].group, -1);
  EXPECT_EQ(again->machine.figures[0].unscaled, 0.2);
}

TEST(Report, NamesThatAreNotUtf8) {
  ReportData data = report();
  data.nodes[0].name = "\xff\xfe </script>";
  data.nodes[0].items[0].component = "\xc3";
  data.options = {{"\xff", "\xff"}};
  CollectingDiagnosticSink sink;
  EXPECT_TRUE(parseReport(json(data), "r.json", sink));
  EXPECT_FALSE(sink.hasErrors());
}

TEST(Report, InfinityIsNoNumber) {
  ReportData data = report();
  data.nodes[0].cycles = std::numeric_limits<double>::infinity();
  CollectingDiagnosticSink sink;
  EXPECT_FALSE(parseReport(json(data), "r.json", sink));
  ASSERT_TRUE(sink.hasErrors());
  EXPECT_EQ(sink.firstError(), ErrorCode::Parse);
}

TEST(Report, PageHoldsNoMarkupOfTheModel) {
  size_t ends = llvm::StringRef(page(report())).count("</script");
  ReportData data = report();
  for (std::string *text :
       {&data.model.name, &data.nodes[0].name, &data.nodes[0].op,
        &data.nodes[0].reason, &data.nodes[0].mapping, &data.objective})
    *text = "</script><!--<script>{{DATA}}";
  std::string text = page(data);
  EXPECT_EQ(llvm::StringRef(text).count("</script"), ends);
  EXPECT_EQ(llvm::StringRef(text).count("<!--"), 0u);
  EXPECT_NE(text.find("<title>&lt;/script&gt;"), std::string::npos);
}

TEST(Report, PageRefersToNothing) {
  std::string text = page(report());
  for (const char *reference : {"src=", "href=\"http", "url(", "@import"})
    EXPECT_EQ(text.find(reference), std::string::npos) << reference;
  EXPECT_NE(text.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(text.find("{{SCRIPT}}"), std::string::npos);
}

TEST(Report, Difference) {
  ReportData before = report(), after = report();
  before.nodes.push_back(node("twin", 1));
  before.nodes.push_back(node("twin", 2));
  before.nodes.push_back(node("old", 7));
  after.nodes[1] = node("b", 100, "gpu/b");
  after.nodes.push_back(node("twin", 1));
  after.nodes.push_back(node("twin", 2));
  after.nodes.push_back(node("new", 9));
  ReportDifference difference = compareReports(before, after);
  EXPECT_EQ(difference.unchanged, 3u);
  ASSERT_EQ(difference.changes.size(), 3u);
  EXPECT_EQ(difference.changes[0].name, "b");
  EXPECT_TRUE(difference.changes[0].moved());
  EXPECT_DOUBLE_EQ(difference.changes[0].energyDeltaPj(), -200);
  EXPECT_EQ(difference.changes[1].name, "new");
  EXPECT_FALSE(difference.changes[1].before);
  EXPECT_EQ(difference.changes[2].name, "old");
  EXPECT_FALSE(difference.changes[2].after);
}

TEST(Report, WrittenWhole) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("aicc-report", folder));
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, "r.html");
  CollectingDiagnosticSink sink;
  EXPECT_TRUE(writeReport(report(), path, sink));
  auto written = llvm::MemoryBuffer::getFile(path);
  ASSERT_TRUE(bool(written));
  EXPECT_EQ((*written)->getBuffer(), page(report()));

  llvm::SmallString<128> nowhere(folder);
  llvm::sys::path::append(nowhere, "absent", "r.json");
  EXPECT_FALSE(writeReport(report(), nowhere, sink));
  EXPECT_EQ(sink.firstError(), ErrorCode::Io);
  EXPECT_FALSE(llvm::sys::fs::exists(nowhere));
  llvm::sys::fs::remove_directories(folder);
}

static std::string overlayOf(std::vector<ReportNode> nodes) {
  ReportData data = report();
  data.nodes = std::move(nodes);
  std::string text;
  llvm::raw_string_ostream os(text);
  printOverlay(data, OverlayMetric::Energy, os);
  return text;
}

TEST(Report, OverlayAddsUpEqualNames) {
  std::string text = overlayOf({node("a", 1000), node("a", 3000)});
  EXPECT_NE(text.find(R"("results":{"a":{"value":4}})"), std::string::npos)
      << text;
}

TEST(Report, OverlayCountsNodesWithoutNames) {
  std::string text =
      overlayOf({node("#0", 1000), node("(layout)", 2000), node("#12", 500)});
  EXPECT_NE(
      text.find(R"("results":{"node":{"value":1},"node_12":{"value":0.5}})"),
      std::string::npos)
      << text;
  // How many nodes without a name come before is not known.
  text = overlayOf({node("#0", 1000), node("a", 500)});
  EXPECT_NE(text.find(R"("results":{"a":{"value":0.5}})"), std::string::npos)
      << text;
}

} // namespace
