//===- JsonWriter.cpp - A report as JSON (docs/report.schema.json) --------===//

#include "JsonText.h"

#include "aicc/Report/Report.h"

#include <charconv>
#include <cmath>

using namespace aicc;

static std::string shortest(double value) {
  // JSON has no infinities. Nothing here is one, unless a machine's numbers
  // are absurd; then the reader is told that there is no number.
  if (!std::isfinite(value))
    return "null";
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  return std::string(digits, end);
}

void JsonText::number(llvm::StringRef key, double value) {
  json.attributeBegin(llvm::json::fixUTF8(key));
  json.rawValue(shortest(value));
  json.attributeEnd();
}

void JsonText::number(double value) { json.rawValue(shortest(value)); }

static void printTensors(JsonText &json, llvm::StringRef key,
                         llvm::ArrayRef<ReportTensor> tensors) {
  json.lines(key, tensors, [](JsonText &line, const ReportTensor &tensor) {
    line.text("name", tensor.name);
    line.text("type", tensor.type);
    line.array("shape", [&] {
      for (int64_t extent : tensor.shape)
        line.number(double(extent));
    });
  });
}

static void printMachine(JsonText &json, const ReportMachine &machine) {
  json.text("family", machine.family);
  json.text("name", machine.name);
  json.text("source", machine.source);
  if (machine.processNm)
    json.number("process_nm", *machine.processNm);
  if (machine.supplyV)
    json.number("supply_v", *machine.supplyV);
  json.number("clock_mhz", machine.clockMhz);
  json.number("peak_macs_per_s", machine.peakMacsPerSecond);
  json.lines("bandwidths", machine.bandwidths,
             [](JsonText &line, const ReportBandwidth &bandwidth) {
               line.text("memory", bandwidth.memory);
               line.number("bytes_per_s", bandwidth.bytesPerSecond);
             });
  json.lines("figures", machine.figures,
             [](JsonText &line, const ReportFigure &figure) {
               line.text("part", figure.part);
               line.text("name", figure.name);
               line.number("value", figure.value);
               line.text("source", figure.source);
               if (figure.processNm)
                 line.number("source_process_nm", *figure.processNm);
               if (figure.supplyV)
                 line.number("source_supply_v", *figure.supplyV);
               if (figure.unscaled)
                 line.number("unscaled_value", *figure.unscaled);
             });
}

static void printShares(JsonText &json, llvm::ArrayRef<ReportShare> shares,
                        llvm::StringRef key) {
  json.object(key, [&] {
    for (const ReportShare &share : shares)
      json.number(share.component, share.energyPj);
  });
}

static void printTraffic(JsonText &json,
                         llvm::ArrayRef<ReportTraffic> traffic) {
  json.object("bytes", [&] {
    for (const ReportTraffic &one : traffic)
      json.object(one.memory, [&] {
        json.number("read", one.read);
        json.number("write", one.written);
      });
  });
}

static void printTotals(JsonText &json, const ReportTotals &totals) {
  json.number("energy_pj", totals.energyPj);
  json.number("time_us", totals.timeUs);
  json.number("cycles", totals.cycles);
  json.number("macs", totals.macs);
  printShares(json, totals.components, "energy_pj_by_component");
  printTraffic(json, totals.traffic);
}

static void printItems(JsonText &json, llvm::ArrayRef<CostItem> items) {
  json.array("items", [&] {
    for (const CostItem &item : items)
      json.object([&] {
        json.text("component", item.component);
        json.text("unit", countUnitName(item.unit));
        json.number("count", item.count);
        json.number("pj_each", item.pjEach);
      });
  });
}

static void printAlternatives(JsonText &json,
                              llvm::ArrayRef<ReportAlternative> alternatives) {
  json.array("alternatives", [&] {
    for (const ReportAlternative &other : alternatives)
      json.object([&] {
        json.text("what", other.what);
        json.number("energy_pj", other.energyPj);
        json.number("cycles", other.cycles);
        json.text("why_not", other.why);
      });
  });
}

static void printNode(JsonText &json, const ReportNode &node) {
  json.text("name", node.name);
  json.text("op", node.op);
  json.array("outputs", [&] {
    for (const std::string &output : node.outputs)
      json.text(output);
  });
  if (node.group >= 0)
    json.number("group", double(node.group));
  json.text("target", node.target);
  json.text("reason", node.reason);
  json.text("mapping", node.mapping);
  json.number("macs", node.macs);
  json.number("cycles", node.cycles);
  json.number("compute_cycles", node.computeCycles);
  json.number("time_us", node.timeUs);
  printShares(json, sharesOf(node.items), "energy_pj");
  printTraffic(json, trafficOf(node.items));
  printItems(json, node.items);
  printAlternatives(json, node.alternatives);
}

static void printLaunch(JsonText &json, const ReportLaunch &launch) {
  json.text("node", launch.node);
  if (launch.group >= 0)
    json.number("group", double(launch.group));
  json.text("dataflow", launch.dataflow);
  json.number("macs", launch.macs);
  json.number("cycles", launch.cycles);
  json.number("compute_cycles", launch.computeCycles);
  json.number("stall_cycles", launch.stallCycles());
  json.number("utilization", launch.utilization);
  printShares(json, sharesOf(launch.items), "energy_pj");
  printTraffic(json, trafficOf(launch.items));
  printItems(json, launch.items);
}

static void printMemory(JsonText &json, const ReportMemory &memory) {
  std::vector<int64_t> live = liveBytes(memory);
  int64_t peak = 0;
  for (int64_t bytes : live)
    peak = std::max(peak, bytes);
  json.number("arena_bytes", double(memory.arenaBytes));
  json.number("weight_bytes", double(memory.weightBytes));
  json.number("peak_live_bytes", double(peak));
  json.array("steps", [&] {
    for (const std::string &step : memory.steps)
      json.text(step);
  });
  json.array("live_bytes", [&] {
    for (int64_t bytes : live)
      json.number(double(bytes));
  });
  json.lines("buffers", memory.buffers,
             [](JsonText &line, const ReportBuffer &buffer) {
               line.text("name", buffer.name);
               line.number("offset_bytes", double(buffer.offsetBytes));
               line.number("bytes", double(buffer.bytes));
               line.number("first_step", double(buffer.firstStep));
               line.number("last_step", double(buffer.lastStep));
             });
}

static void printEmbodied(JsonText &json, const ReportData &data) {
  if (!data.embodied)
    return json.null("embodied");
  json.object("embodied", [&] {
    json.number("total_g", data.embodied->totalGrams);
    json.number("lifespan_hours", data.embodied->lifespanHours);
    json.number("resource_share", data.embodied->resourceShare);
    json.text("source", data.embodied->source);
  });
}

static void printCarbon(JsonText &json, const ReportData &data,
                        const ReportTotals &totals) {
  json.text("standard", "ISO/IEC 21031:2024, SCI = (E * I + M) per R");
  json.text("functional_unit", "1000 inferences");
  json.text("boundary", "the machine's components that the items name, while "
                        "an inference runs");
  json.text("intensity_source", gridIntensitySource());
  printEmbodied(json, data);
  double embodied = 1000 * embodiedGrams(data, totals.timeUs);
  json.number("embodied_g_per_1000_inferences", embodied);
  json.lines("regions", gridIntensities(),
             [&](JsonText &line, const GridIntensity &grid) {
               line.text("region", grid.region);
               line.number("year", grid.year);
               line.number("g_per_kwh", grid.gramsPerKwh);
               double grams =
                   operationalGrams(1000 * totals.energyPj, grid.gramsPerKwh);
               line.number("g_per_1000_inferences", grams + embodied);
             });
}

static void printUncertainty(JsonText &json, const ReportData &data) {
  if (!data.uncertainty)
    return json.null("uncertainty");
  json.object("uncertainty", [&] {
    json.number("energy_percent", data.uncertainty->energyPercent);
    json.number("time_percent", data.uncertainty->timePercent);
    json.text("basis", data.uncertainty->basis);
  });
}

static void printReport(JsonText &json, const ReportData &data) {
  ReportTotals totals = totalsOf(data);
  json.number("schema_version", reportSchemaVersion);
  json.text("compiler_version", data.compilerVersion);
  json.object("model", [&] {
    json.text("name", data.model.name);
    json.text("blake3", data.model.blake3);
    printTensors(json, "inputs", data.model.inputs);
    printTensors(json, "outputs", data.model.outputs);
  });
  json.text("objective", data.objective);
  json.object("options", [&] {
    for (const auto &[flag, value] : data.options)
      json.text(flag, value);
  });
  json.object("totals", [&] { printTotals(json, totals); });
  printUncertainty(json, data);
  json.lines("nodes", data.nodes, printNode);
  json.lines("launches", data.launches, printLaunch);
  json.lines("fallbacks", data.fallbacks,
             [](JsonText &line, const ReportFallback &fallback) {
               line.text("node", fallback.node);
               line.text("op", fallback.op);
               line.text("wanted", fallback.wanted);
               line.text("ran_on", fallback.ranOn);
               line.text("reason", fallback.reason);
             });
  json.object("memory", [&] { printMemory(json, data.memory); });
  json.object("machine", [&] { printMachine(json, data.machine); });
  json.object("carbon", [&] { printCarbon(json, data, totals); });
}

void aicc::printReportJson(const ReportData &data, llvm::raw_ostream &os) {
  JsonText json(os);
  json.object([&] { printReport(json, data); });
  json.newline();
}
