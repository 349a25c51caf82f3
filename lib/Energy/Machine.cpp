//===- Machine.cpp - Reading machine files --------------------------------===//

#include "aicc/Energy/MachineFile.h"
#include "lib/Energy/YamlTree.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

using namespace aicc;

namespace {

/// Turns the tree into a MachineDesc. Reports every error, not only the first.
class MachineReader {
public:
  MachineReader(llvm::StringRef path, DiagnosticSink &sink)
      : path(path), sink(sink) {}

  void error(unsigned line, unsigned column, const std::string &message);
  bool read(const YamlNode &root, MachineDesc &machine);

private:
  using Names = llvm::ArrayRef<llvm::StringLiteral>;

  void error(const YamlNode &at, const std::string &message) {
    error(at.line, at.column, message);
  }
  /// Every key of `node` is one of `names`.
  void checkKeys(const YamlNode &node, Names names);
  bool expectMapping(const YamlNode &node, llvm::StringRef what);
  /// The value of a key that must be there.
  const YamlNode *require(const YamlNode &node, llvm::StringRef key);

  void readText(const YamlNode &node, llvm::StringRef key, std::string &result);
  void readInteger(const YamlNode &node, llvm::StringRef key, int64_t least,
                   int64_t &result);
  /// {value, source[, process_nm]}
  void readSourced(const YamlNode &node, llvm::StringRef key,
                   SourcedValue &result, bool positive);
  bool readNumber(const YamlNode &node, double &result);
  void readCpu(const YamlNode &root, MachineDesc &machine);
  void readMemory(const YamlNode &node, MemoryDesc &memory);
  void readMemories(const YamlNode &root, MachineDesc &machine);

  llvm::StringRef path;
  DiagnosticSink &sink;
  bool failed = false;
};

} // namespace

void MachineReader::error(unsigned line, unsigned column,
                          const std::string &message) {
  failed = true;
  Diagnostic d;
  d.code = ErrorCode::Parse;
  d.file =
      path.str() + ":" + std::to_string(line) + ":" + std::to_string(column);
  d.message = message;
  sink.report(std::move(d));
}

void MachineReader::checkKeys(const YamlNode &node, Names names) {
  for (const YamlNode &key : node.keys)
    if (!llvm::is_contained(names, key.scalar))
      error(key, "unknown key '" + key.scalar +
                     "'; known here: " + llvm::join(names, ", "));
}

bool MachineReader::expectMapping(const YamlNode &node, llvm::StringRef what) {
  if (node.kind == YamlNode::Kind::Mapping)
    return true;
  error(node, what.str() + ": expected keys with values");
  return false;
}

const YamlNode *MachineReader::require(const YamlNode &node,
                                       llvm::StringRef key) {
  const YamlNode *value = node.find(key);
  if (!value)
    error(node, "'" + key.str() + "' is missing");
  return value;
}

void MachineReader::readText(const YamlNode &node, llvm::StringRef key,
                             std::string &result) {
  const YamlNode *value = require(node, key);
  if (!value)
    return;
  if (value->kind != YamlNode::Kind::Scalar || value->scalar.empty())
    error(*value, "'" + key.str() + "': expected text");
  else
    result = value->scalar;
}

void MachineReader::readInteger(const YamlNode &node, llvm::StringRef key,
                                int64_t least, int64_t &result) {
  const YamlNode *value = require(node, key);
  if (!value)
    return;
  if (value->kind != YamlNode::Kind::Scalar ||
      llvm::StringRef(value->scalar).getAsInteger(10, result) ||
      result < least || result > (int64_t(1) << 50))
    error(*value, "'" + key.str() + "': expected an integer of at least " +
                      std::to_string(least));
}

bool MachineReader::readNumber(const YamlNode &node, double &result) {
  return node.kind == YamlNode::Kind::Scalar &&
         !llvm::StringRef(node.scalar).getAsDouble(result) &&
         std::isfinite(result) && result >= 0;
}

void MachineReader::readSourced(const YamlNode &node, llvm::StringRef key,
                                SourcedValue &result, bool positive) {
  const YamlNode *entry = require(node, key);
  if (!entry)
    return;
  if (entry->kind != YamlNode::Kind::Mapping) {
    error(*entry, "'" + key.str() +
                      "': expected {value: NUMBER, source: \"...\"}; no number "
                      "without a source");
    return;
  }
  checkKeys(*entry, {"value", "source", "process_nm"});
  if (const YamlNode *value = require(*entry, "value"))
    if (!readNumber(*value, result.value) || (positive && result.value == 0))
      error(*value, "'" + key.str() + "': expected a number " +
                        (positive ? "above 0" : "of at least 0"));
  readText(*entry, "source", result.source);
  if (const YamlNode *process = entry->find("process_nm")) {
    double nm = 0;
    if (!readNumber(*process, nm) || nm == 0)
      error(*process, "'process_nm': expected a number above 0");
    else
      result.processNm = nm;
  }
}

void MachineReader::readMemory(const YamlNode &node, MemoryDesc &memory) {
  if (!expectMapping(node, "a memory"))
    return;
  checkKeys(node, {"name", "bytes", "ways", "line_bytes", "bytes_per_cycle",
                   "read_pj_per_byte"});
  readText(node, "name", memory.name);
  readInteger(node, "bytes", 0, memory.bytes);
  if (node.find("ways"))
    readInteger(node, "ways", 0, memory.ways);
  if (node.find("line_bytes"))
    readInteger(node, "line_bytes", 0, memory.lineBytes);
  readSourced(node, "bytes_per_cycle", memory.bytesPerCycle, /*positive=*/true);
  readSourced(node, "read_pj_per_byte", memory.readPjPerByte,
              /*positive=*/false);
}

void MachineReader::readMemories(const YamlNode &root, MachineDesc &machine) {
  const YamlNode *memories = require(root, "memories");
  if (!memories)
    return;
  if (memories->kind != YamlNode::Kind::Sequence || memories->items.empty()) {
    error(*memories, "'memories': expected a list, innermost first");
    return;
  }
  for (const YamlNode &item : memories->items) {
    readMemory(item, machine.memories.emplace_back());
    // Only the last level may be unbounded.
    if (machine.memories.back().bytes == 0 && &item != &memories->items.back())
      error(item, "'bytes': only the outermost memory may be unbounded (0)");
  }
}

void MachineReader::readCpu(const YamlNode &root, MachineDesc &machine) {
  readInteger(root, "cores", 1, machine.cores);
  if (root.find("required_feature"))
    readText(root, "required_feature", machine.requiredFeature);
  readSourced(root, "fork_join_cycles", machine.forkJoinCycles,
              /*positive=*/false);
  const YamlNode *vector = require(root, "vector");
  if (!vector || !expectMapping(*vector, "'vector'"))
    return;
  checkKeys(*vector, {"bits", "registers", "fmas_per_cycle", "loads_per_cycle",
                      "fma_latency_cycles"});
  readInteger(*vector, "bits", 32, machine.vector.bits);
  if (machine.vector.bits % 32)
    error(*vector, "'bits': expected a multiple of 32");
  readInteger(*vector, "registers", 1, machine.vector.registers);
  readSourced(*vector, "fmas_per_cycle", machine.vector.fmasPerCycle, true);
  readSourced(*vector, "loads_per_cycle", machine.vector.loadsPerCycle, true);
  readSourced(*vector, "fma_latency_cycles", machine.vector.fmaLatencyCycles,
              true);
}

bool MachineReader::read(const YamlNode &root, MachineDesc &machine) {
  if (!expectMapping(root, "a machine"))
    return false;
  readText(root, "family", machine.family);
  readText(root, "name", machine.name);
  readText(root, "source", machine.source);
  readSourced(root, "clock_mhz", machine.clockMhz, /*positive=*/true);
  readMemories(root, machine);
  if (const YamlNode *energy = require(root, "energy"))
    if (expectMapping(*energy, "'energy'")) {
      checkKeys(*energy, {"mac_f32_pj"});
      readSourced(*energy, "mac_f32_pj", machine.macF32Pj, /*positive=*/false);
    }
  llvm::SmallVector<llvm::StringLiteral> keys = {
      "family", "name", "source", "clock_mhz", "memories", "energy"};
  if (machine.family == "cpu") {
    readCpu(root, machine);
    keys.append({"cores", "required_feature", "vector", "fork_join_cycles"});
  }
  checkKeys(root, keys);
  return !failed;
}

std::optional<MachineDesc> aicc::parseMachine(llvm::StringRef text,
                                              llvm::StringRef path,
                                              DiagnosticSink &sink) {
  MachineReader reader(path, sink);
  std::unique_ptr<YamlNode> root = parseYaml(
      text, [&](unsigned line, unsigned column, const std::string &message) {
        reader.error(line, column, message);
      });
  MachineDesc machine;
  if (!root || !reader.read(*root, machine))
    return std::nullopt;
  return machine;
}

std::optional<MachineDesc> aicc::loadMachine(llvm::StringRef path,
                                             DiagnosticSink &sink) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (buffer)
    return parseMachine((*buffer)->getBuffer(), path, sink);
  Diagnostic d;
  d.code = ErrorCode::Io;
  d.file = path.str();
  d.message = "cannot be read: " + buffer.getError().message();
  sink.report(std::move(d));
  return std::nullopt;
}
