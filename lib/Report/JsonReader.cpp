//===- JsonReader.cpp - Reports and artefacts read back -------------------===//
//
// Files may come from anywhere: size and nesting are bounded before parsing
// (the parser recurses), and every value is checked.
//
//===----------------------------------------------------------------------===//

#include "aicc/Report/Report.h"
#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

using namespace aicc;
namespace json = llvm::json;

/// A report of 100,000 nodes takes about 200 MB.
static constexpr size_t maxReportBytes = size_t(1) << 30;
static constexpr unsigned maxNesting = 64;

static bool reject(DiagnosticSink &sink, llvm::StringRef file, ErrorCode code,
                   const llvm::Twine &message) {
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.file = file.str();
  diagnostic.message = message.str();
  sink.report(std::move(diagnostic));
  return false;
}

/// Whether brackets outside of strings nest deeper than `maxNesting`.
static bool nestsTooDeep(llvm::StringRef text) {
  unsigned depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inString = false;
    } else if (c == '"') {
      inString = true;
    } else if (c == '[' || c == '{') {
      if (++depth > maxNesting)
        return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// One structure after the other
//===----------------------------------------------------------------------===//

// In the namespace of the structures: the library's templates look there.
namespace aicc {
namespace {
/// Amounts (energies, times, counts): finite and not negative.
struct Amount {
  double &value;
};
/// Sizes and positions, which JSON has as doubles: whole, and small enough
/// for sums of a million of them.
struct Whole {
  int64_t &value;
};
} // namespace

static constexpr double maxWhole = 1e15;
static constexpr double maxAmount = 1e100;

static bool fromJSON(const json::Value &value, Amount out, json::Path path) {
  std::optional<double> number = value.getAsNumber();
  if (!number || !(*number >= 0) || *number > maxAmount) {
    path.report("expected a number that is not negative");
    return false;
  }
  out.value = *number;
  return true;
}

static bool fromJSON(const json::Value &value, Whole out, json::Path path) {
  std::optional<double> number = value.getAsNumber();
  if (!number || std::abs(*number) > maxWhole ||
      *number != std::trunc(*number)) {
    path.report("expected a whole number");
    return false;
  }
  out.value = int64_t(*number);
  return true;
}

namespace {
/// llvm::json::ObjectMapper for the kinds of members that reports have.
class Members {
public:
  Members(const json::Value &value, json::Path path)
      : object(value.getAsObject()), path(path) {
    if (!object)
      path.report("expected object");
  }
  explicit operator bool() const { return object; }

  bool text(llvm::StringLiteral key, std::string &out) {
    return required(key, out);
  }
  bool amount(llvm::StringLiteral key, double &out) {
    return required(key, Amount{out});
  }
  bool amount(llvm::StringLiteral key, std::optional<double> &out) {
    if (!object->get(key))
      return true;
    return amount(key, out.emplace());
  }
  bool whole(llvm::StringLiteral key, int64_t &out) {
    return required(key, Whole{out});
  }
  template <typename T> bool list(llvm::StringLiteral key, T &out) {
    return required(key, out);
  }
  template <typename T> bool nullable(llvm::StringLiteral key, T &out) {
    const json::Value *value = object->get(key);
    if (!value || value->kind() == json::Value::Null)
      return true;
    return fromJSON(*value, out.emplace(), path.field(key));
  }
  const json::Value *get(llvm::StringLiteral key) const {
    return object->get(key);
  }
  json::Path at(llvm::StringRef key) const { return path.field(key); }
  const json::Object *contents() const { return object; }

private:
  template <typename T> bool required(llvm::StringLiteral key, T &&out) {
    if (const json::Value *value = object->get(key))
      return fromJSON(*value, out, path.field(key));
    path.field(key).report("missing value");
    return false;
  }

  const json::Object *object;
  json::Path path;
};
} // namespace

static bool fromJSON(const json::Value &value, ReportTensor &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("name", out.name) &&
         members.text("type", out.type) && members.list("shape", out.shape);
}

static bool fromJSON(const json::Value &value, ReportFigure &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("part", out.part) &&
         members.text("name", out.name) && members.amount("value", out.value) &&
         members.text("source", out.source) &&
         members.amount("source_process_nm", out.processNm) &&
         members.amount("source_supply_v", out.supplyV) &&
         members.amount("unscaled_value", out.unscaled);
}

static bool fromJSON(const json::Value &value, ReportBandwidth &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("memory", out.memory) &&
         members.amount("bytes_per_s", out.bytesPerSecond);
}

static bool fromJSON(const json::Value &value, ReportModel &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("name", out.name) &&
         members.text("blake3", out.blake3) &&
         members.list("inputs", out.inputs) &&
         members.list("outputs", out.outputs);
}

static bool fromJSON(const json::Value &value, ReportMachine &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("family", out.family) &&
         members.text("name", out.name) && members.text("source", out.source) &&
         members.amount("process_nm", out.processNm) &&
         members.amount("supply_v", out.supplyV) &&
         members.amount("clock_mhz", out.clockMhz) &&
         members.amount("peak_macs_per_s", out.peakMacsPerSecond) &&
         members.list("bandwidths", out.bandwidths) &&
         members.list("figures", out.figures);
}

static bool fromJSON(const json::Value &value, CostItem &out, json::Path path) {
  Members members(value, path);
  std::string unit;
  if (!members || !members.text("component", out.component) ||
      !members.text("unit", unit) || !members.amount("count", out.count) ||
      !members.amount("pj_each", out.pjEach))
    return false;
  std::optional<CountUnit> parsed = parseCountUnit(unit);
  if (!parsed) {
    members.at("unit").report("unknown unit");
    return false;
  }
  out.unit = *parsed;
  return true;
}

static bool fromJSON(const json::Value &value, ReportAlternative &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("what", out.what) &&
         members.amount("energy_pj", out.energyPj) &&
         members.amount("cycles", out.cycles) &&
         members.text("why_not", out.why);
}

static bool fromJSON(const json::Value &value, ReportNode &out,
                     json::Path path) {
  Members members(value, path);
  if (!members || !members.text("name", out.name) ||
      !members.text("op", out.op) || !members.list("outputs", out.outputs) ||
      !members.text("target", out.target) ||
      !members.text("reason", out.reason) ||
      !members.text("mapping", out.mapping) ||
      !members.amount("macs", out.macs) ||
      !members.amount("cycles", out.cycles) ||
      !members.amount("compute_cycles", out.computeCycles) ||
      !members.amount("time_us", out.timeUs) ||
      !members.list("items", out.items) ||
      !members.list("alternatives", out.alternatives))
    return false;
  return !members.get("group") || members.whole("group", out.group);
}

static bool fromJSON(const json::Value &value, ReportLaunch &out,
                     json::Path path) {
  Members members(value, path);
  if (!members || !members.text("node", out.node) ||
      !members.text("dataflow", out.dataflow) ||
      !members.amount("macs", out.macs) ||
      !members.amount("cycles", out.cycles) ||
      !members.amount("compute_cycles", out.computeCycles) ||
      !members.amount("utilization", out.utilization) ||
      !members.list("items", out.items))
    return false;
  return !members.get("group") || members.whole("group", out.group);
}

static bool fromJSON(const json::Value &value, ReportBuffer &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("name", out.name) &&
         members.whole("offset_bytes", out.offsetBytes) &&
         members.whole("bytes", out.bytes) &&
         members.whole("first_step", out.firstStep) &&
         members.whole("last_step", out.lastStep);
}

static bool fromJSON(const json::Value &value, ReportMemory &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.whole("arena_bytes", out.arenaBytes) &&
         members.whole("weight_bytes", out.weightBytes) &&
         members.list("steps", out.steps) &&
         members.list("buffers", out.buffers);
}

static bool fromJSON(const json::Value &value, ReportFallback &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.text("node", out.node) &&
         members.text("op", out.op) && members.text("wanted", out.wanted) &&
         members.text("ran_on", out.ranOn) &&
         members.text("reason", out.reason);
}

static bool fromJSON(const json::Value &value, ReportUncertainty &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.amount("energy_percent", out.energyPercent) &&
         members.amount("time_percent", out.timePercent) &&
         members.text("basis", out.basis);
}

static bool fromJSON(const json::Value &value, ReportEmbodied &out,
                     json::Path path) {
  Members members(value, path);
  return members && members.amount("total_g", out.totalGrams) &&
         members.amount("lifespan_hours", out.lifespanHours) &&
         members.amount("resource_share", out.resourceShare) &&
         members.text("source", out.source);
}

/// In the order of the keys: JSON objects have none.
static bool readOptions(const Members &members, ReportData &out) {
  const json::Value *value = members.get("options");
  const json::Object *options = value ? value->getAsObject() : nullptr;
  if (!options) {
    members.at("options").report("expected object");
    return false;
  }
  for (const auto *each : json::sortedElements(*options)) {
    std::optional<llvm::StringRef> text = each->second.getAsString();
    if (!text) {
      members.at("options").field(each->first).report("expected string");
      return false;
    }
    out.options.emplace_back(each->first.str(), text->str());
  }
  return true;
}

static bool fromJSON(const json::Value &value, ReportData &out,
                     json::Path path) {
  Members members(value, path);
  int64_t version = 0;
  if (!members || !members.whole("schema_version", version))
    return false;
  if (version != reportSchemaVersion) {
    members.at("schema_version").report("another version of reports");
    return false;
  }
  if (!members.text("compiler_version", out.compilerVersion) ||
      !members.list("model", out.model) ||
      !members.text("objective", out.objective) || !readOptions(members, out) ||
      !members.list("nodes", out.nodes) ||
      (members.get("launches") && !members.list("launches", out.launches)) ||
      !members.list("fallbacks", out.fallbacks) ||
      !members.list("memory", out.memory) ||
      !members.list("machine", out.machine) ||
      !members.nullable("uncertainty", out.uncertainty))
    return false;
  const json::Value *carbon = members.get("carbon");
  if (!carbon)
    return true;
  Members carbonMembers(*carbon, members.at("carbon"));
  return carbonMembers && carbonMembers.nullable("embodied", out.embodied);
}

} // namespace aicc

//===----------------------------------------------------------------------===//
// Artefacts
//===----------------------------------------------------------------------===//

static std::string textOf(const json::Object &object, llvm::StringRef key) {
  return object.getString(key).value_or("").str();
}

static double numberOf(const json::Object &object, llvm::StringRef key) {
  double value = object.getNumber(key).value_or(0);
  return value >= 0 && value <= maxAmount ? value : 0;
}

/// What `predicted` has of one node: sums only, of one launch.
static ReportNode nodeOfManifest(const json::Object &launch,
                                 const std::string &machine) {
  ReportNode node;
  node.name = textOf(launch, "node");
  node.op = textOf(launch, "op");
  node.target = machine;
  double runs = launch.get("runs") ? numberOf(launch, "runs") : 1;
  node.macs = runs * numberOf(launch, "macs");
  node.cycles = runs * numberOf(launch, "cycles");
  node.items.push_back(
      {"all", CountUnit::Operations, runs, numberOf(launch, "energy_pj")});
  return node;
}

static std::optional<ReportData>
reportOfManifest(const json::Object &manifest) {
  const json::Array *predicted = manifest.getArray("predicted");
  if (!predicted)
    return std::nullopt;
  ReportData data;
  data.compilerVersion = textOf(manifest, "aicc_version");
  data.model.name = textOf(manifest, "name");
  if (const json::Object *model = manifest.getObject("model"))
    data.model.blake3 = textOf(*model, "blake3");
  std::string machine;
  if (const json::Object *object = manifest.getObject("machine")) {
    machine = textOf(*object, "name");
    std::tie(data.machine.family, data.machine.name) = [&] {
      auto [family, name] = llvm::StringRef(machine).split('/');
      return std::pair(family.str(), name.str());
    }();
  }
  if (const json::Object *options = manifest.getObject("options"))
    data.objective = textOf(*options, "objective");
  data.memory.arenaBytes =
      int64_t(std::min(maxWhole, numberOf(manifest, "arena_bytes")));
  data.memory.weightBytes =
      int64_t(std::min(maxWhole, numberOf(manifest, "weight_bytes")));
  for (const json::Value &launch : *predicted)
    if (const json::Object *object = launch.getAsObject())
      data.nodes.push_back(nodeOfManifest(*object, machine));
  return data;
}

/// The text of the section that holds an artefact's manifest; empty: none.
static llvm::StringRef manifestSection(llvm::MemoryBufferRef file) {
  llvm::Expected<std::unique_ptr<llvm::object::ObjectFile>> object =
      llvm::object::ObjectFile::createObjectFile(file);
  if (!object) {
    llvm::consumeError(object.takeError());
    return "";
  }
  for (const llvm::object::SectionRef &section : (*object)->sections()) {
    llvm::Expected<llvm::StringRef> name = section.getName();
    if (!name) {
      llvm::consumeError(name.takeError());
      continue;
    }
    if (*name != ".aicc.manifest")
      continue;
    llvm::Expected<llvm::StringRef> contents = section.getContents();
    if (contents)
      return contents->rtrim('\0'); // Sections are padded.
    llvm::consumeError(contents.takeError());
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

static std::optional<json::Value>
parseBounded(llvm::StringRef text, llvm::StringRef name, DiagnosticSink &sink) {
  if (text.size() > maxReportBytes || nestsTooDeep(text)) {
    reject(sink, name, ErrorCode::Limit,
           "too large or too deeply nested for a report");
    return std::nullopt;
  }
  llvm::Expected<json::Value> value = json::parse(text);
  if (value)
    return std::move(*value);
  reject(sink, name, ErrorCode::Parse,
         "not JSON: " + llvm::toString(value.takeError()));
  return std::nullopt;
}

static std::optional<ReportData> reportFromValue(const json::Value &value,
                                                 llvm::StringRef name,
                                                 DiagnosticSink &sink) {
  json::Path::Root root("report");
  ReportData data;
  if (fromJSON(value, data, root))
    return data;
  reject(sink, name, ErrorCode::Parse,
         "not a report: " + llvm::toString(root.getError()));
  return std::nullopt;
}

std::optional<ReportData> aicc::parseReport(llvm::StringRef text,
                                            llvm::StringRef name,
                                            DiagnosticSink &sink) {
  std::optional<json::Value> value = parseBounded(text, name, sink);
  return value ? reportFromValue(*value, name, sink) : std::nullopt;
}

std::optional<ReportData> aicc::readReport(llvm::StringRef path,
                                           DiagnosticSink &sink) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    reject(sink, path, ErrorCode::Io,
           "cannot be read: " + buffer.getError().message());
    return std::nullopt;
  }
  llvm::MemoryBufferRef file = (*buffer)->getMemBufferRef();
  if (!file.getBuffer().starts_with("\x7f"
                                    "ELF"))
    return parseReport(file.getBuffer(), path, sink);

  llvm::StringRef text = manifestSection(file);
  if (text.empty()) {
    reject(sink, path, ErrorCode::Parse, "has no manifest of aicc");
    return std::nullopt;
  }
  std::optional<json::Value> value = parseBounded(text, path, sink);
  if (!value)
    return std::nullopt;
  if (const json::Object *manifest = value->getAsObject()) {
    if (const json::Value *report = manifest->get("report"))
      return reportFromValue(*report, path, sink);
    if (std::optional<ReportData> data = reportOfManifest(*manifest))
      return data;
  }
  reject(sink, path, ErrorCode::Parse, "its manifest has no predicted cost");
  return std::nullopt;
}
