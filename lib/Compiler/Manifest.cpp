//===- Manifest.cpp - What an artefact says of its making -----------------===//

#include "lib/Compiler/Manifest.h"

#include "aicc/Energy/Machine.h"
#include "aicc/Report/Report.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace aicc;

static std::string hex(llvm::BLAKE3 &hash) {
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

// In pieces: the file may be most of the memory.
std::string aicc::hashOfModel(const std::string &path) {
  llvm::Expected<llvm::sys::fs::file_t> file =
      llvm::sys::fs::openNativeFileForRead(path);
  if (!file) {
    llvm::consumeError(file.takeError());
    return "";
  }
  llvm::BLAKE3 hash;
  std::vector<char> piece(size_t(1) << 20);
  bool good = true;
  while (true) {
    llvm::Expected<size_t> count = llvm::sys::fs::readNativeFile(*file, piece);
    if (!count) {
      llvm::consumeError(count.takeError());
      good = false;
      break;
    }
    if (*count == 0)
      break;
    hash.update(llvm::StringRef(piece.data(), *count));
  }
  llvm::sys::fs::closeFile(*file);
  return good ? hex(hash) : "";
}

static void print(llvm::raw_ostream &os, const SourcedValue &value) {
  os << llvm::formatv("{0:e17} {1};", value.value, value.source);
}

/// Of the contents, not of the file's text: comments do not count.
static std::string hashOfMachine(const MachineDesc &machine) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << machine.family << '/' << machine.name << ';' << machine.source << ';'
     << machine.cores << ';' << machine.requiredFeature << ';'
     << machine.newerFeature << ';' << machine.vector.bits << ';'
     << machine.vector.registers << ';';
  os << machine.processNm.value_or(0) << ';' << machine.supplyV.value_or(0)
     << ';';
  for (const SourcedValue *value :
       {&machine.clockMhz, &machine.vector.fmasPerCycle,
        &machine.vector.loadsPerCycle, &machine.vector.fmaLatencyCycles,
        &machine.vector.byteDotsPerCycle, &machine.forkJoinCycles,
        &machine.leakageMw, &machine.array.macsPerCycle})
    print(os, *value);
  for (const auto &[name, value] : machine.actions) {
    os << name << ';';
    print(os, value);
  }
  for (const ArrayDesc::Axis &axis : machine.array.axes)
    os << axis.name << ';' << axis.size << ';' << axis.reduces
       << axis.multicasts << ';';
  for (const std::string &dataflow : machine.array.dataflows)
    os << dataflow << ';';
  for (const auto &[type, rate] : machine.array.macsPerCycleByType) {
    os << type << ';';
    print(os, rate);
  }
  for (bool gates : machine.array.gatesZeros)
    os << gates;
  if (const auto &crossbar = machine.crossbar) {
    for (int64_t number :
         {crossbar->rows, crossbar->cols, crossbar->instances,
          crossbar->weightBits, crossbar->inputBits, crossbar->cellBits,
          crossbar->cellsPerSlice, crossbar->inputBitsPerPass, crossbar->phases,
          crossbar->columnsPerAdc, crossbar->adcBits})
      os << number << ';';
    print(os, crossbar->passCycles);
  }
  for (const MemoryDesc &memory : machine.memories) {
    os << memory.name << ';' << memory.bytes << ';' << memory.ways << ';'
       << memory.lineBytes << ';' << memory.holds[0] << memory.holds[1]
       << memory.holds[2] << ';' << memory.perAxes << ';'
       << memory.doubleBuffered << memory.sharedPort << memory.streams
       << memory.slides << memory.keepsZeros << ';' << memory.accessBytes
       << ';';
    for (const SourcedValue *value :
         {&memory.bytesPerCycle, &memory.fillBytesPerCycle, &memory.runCycles,
          &memory.readPjPerByte, &memory.writePjPerByte,
          &memory.multicastPjPerByte, &memory.leakageMw})
      print(os, *value);
  }
  llvm::BLAKE3 hash;
  hash.update(text);
  return hex(hash);
}

llvm::StringRef aicc::objectiveName(Objective objective) {
  switch (objective) {
  case Objective::Latency:
    return "latency";
  case Objective::Energy:
    return "energy";
  case Objective::Edp:
    break;
  }
  return "edp";
}

std::string aicc::goalName(const CompileOptions &options) {
  if (options.timePriceWatts <= 0)
    return objectiveName(options.objective).str();
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "energy + time x " << llvm::format("%.4g", options.timePriceWatts)
     << " W";
  return name;
}

std::string aicc::makeManifest(const CompileOptions &options,
                               const ReportData &report) {
  llvm::json::Object shapes;
  for (const auto &[name, shape] : options.shapes)
    shapes[llvm::json::fixUTF8(name)] = llvm::json::Array(shape);
  llvm::json::Object manifest{
      {"model", llvm::json::Object{{"blake3", report.model.blake3}}},
      {"options", llvm::json::Object{
                      {"opt_level", options.optLevel},
                      {"objective", goalName(options)},
                      {"threads", options.threads},
                      {"strict_fp", options.strictFp},
                      {"shapes", std::move(shapes)},
                  }}};
  if (!options.values.empty()) {
    llvm::json::Object values;
    for (const auto &[name, text] : options.values)
      values[llvm::json::fixUTF8(name)] =
          llvm::StringRef(text).starts_with("@") ? "file" : text;
    manifest["values"] = std::move(values);
  }
  if (const QuantizeOptions &quantize = options.quantize; quantize.int8) {
    bool minmax = quantize.method == CalibrationMethod::MinMax;
    llvm::json::Object chosen{
        {"type", "int8"},
        {"calibration_method", minmax ? "minmax" : "percentile"},
        {"bias_correction", quantize.biasCorrection}};
    if (!minmax)
      chosen["percentile"] = quantize.percentile;
    manifest["quantize"] = std::move(chosen);
  }
  if (options.quantize.bf16)
    manifest["quantize"] = llvm::json::Object{{"type", "bf16"}};
  if (options.machine)
    manifest["machine"] = llvm::json::Object{
        {"name", options.machine->family + "/" + options.machine->name},
        {"blake3", hashOfMachine(*options.machine)}};
  std::string text;
  llvm::raw_string_ostream os(text);
  printReportJson(report, os);
  if (llvm::Expected<llvm::json::Value> value = llvm::json::parse(text))
    manifest["report"] = std::move(*value);
  else
    llvm::consumeError(value.takeError());
  return llvm::formatv("{0}", llvm::json::Value(std::move(manifest))).str();
}
