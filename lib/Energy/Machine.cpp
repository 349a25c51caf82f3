//===- Machine.cpp - Reading machine files --------------------------------===//

#include "aicc/Energy/MachineFile.h"
#include "aicc/Support/MappedFile.h"
#include "lib/Energy/MachineNodes.h"
#include "lib/Energy/MachineSchema.h"
#include "lib/Energy/YamlTree.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace aicc;
using Range = NodeReader::Range;

static constexpr int64_t maxBytes = int64_t(1) << 50;
static constexpr int64_t maxCount = 1 << 20;
static constexpr size_t maxMemories = 16, maxAxes = 8;
static constexpr llvm::StringRef roleNames[] = {"input", "weight", "output"};

namespace {

/// Turns the tree into a MachineDesc. Reports every error, not only the first.
class MachineReader : public NodeReader {
public:
  using NodeReader::NodeReader;
  void read(const YamlNode &root, MachineDesc &machine);

private:
  void readPoint(const YamlNode &root, MachineDesc &machine);
  void readParts(const YamlNode &root, const FamilySchema &schema,
                 MachineDesc &machine);
  void readVector(const YamlNode &root, VectorUnitDesc &vector);
  void readArray(const YamlNode &root, ArrayDesc &array);
  void readAxes(const YamlNode &list, ArrayDesc &array);
  void readRates(const YamlNode &array, ArrayDesc &result);
  void readShortAxes(const YamlNode &node, ArrayDesc &array);
  void readCrossbar(const YamlNode &root, MachineDesc &machine);
  void readMemories(const YamlNode &root, const FamilySchema &schema,
                    MachineDesc &machine);
  void readMemory(const YamlNode &node, const FamilySchema &schema,
                  const ArrayDesc &array, MemoryDesc &memory);
  void readCache(const YamlNode &node, MemoryDesc &memory);
  void checkMemories(const YamlNode &list, const MachineDesc &machine);
  void readEnergies(const YamlNode &root, const FamilySchema &schema,
                    MachineDesc &machine);
};

} // namespace

template <typename... Lists>
static llvm::SmallVector<llvm::StringRef, 32> joined(const Lists &...lists) {
  llvm::SmallVector<llvm::StringRef, 32> all;
  (all.append(lists.begin(), lists.end()), ...);
  return all;
}

//===----------------------------------------------------------------------===//
// Processors
//===----------------------------------------------------------------------===//

void MachineReader::readVector(const YamlNode &root, VectorUnitDesc &vector) {
  const YamlNode *node = root.find("vector");
  if (!node || !expectMapping(*node, "'vector'"))
    return;
  checkKeys(*node, {"bits", "registers", "fmas_per_cycle", "loads_per_cycle",
                    "fma_latency_cycles", "byte_dots"});
  readInteger(*node, "bits", 32, 1 << 16, vector.bits);
  if (vector.bits % 32)
    error(*node->find("bits"), "'bits': expected a multiple of 32, found '" +
                                   std::to_string(vector.bits) + "'");
  readInteger(*node, "registers", 1, 1 << 16, vector.registers);
  readSourced(*node, "fmas_per_cycle", Range::Positive, vector.fmasPerCycle);
  readSourced(*node, "loads_per_cycle", Range::Positive, vector.loadsPerCycle);
  readSourced(*node, "fma_latency_cycles", Range::Positive,
              vector.fmaLatencyCycles);
  const YamlNode *dots = node->find("byte_dots");
  if (!dots || !expectMapping(*dots, "'byte_dots'"))
    return;
  checkKeys(*dots, {"feature", "per_cycle"});
  readName(*dots, "feature", vector.byteDotFeature);
  readSourced(*dots, "per_cycle", Range::Positive, vector.byteDotsPerCycle);
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// The short form of a grid: sums go down the columns, inputs along the rows.
void MachineReader::readShortAxes(const YamlNode &node, ArrayDesc &array) {
  array.axes = {{"rows", 1, /*reduces=*/true, /*multicasts=*/true},
                {"cols", 1, /*reduces=*/false, /*multicasts=*/true}};
  readInteger(node, "rows", 1, maxCount, array.axes[0].size);
  readInteger(node, "cols", 1, maxCount, array.axes[1].size);
}

void MachineReader::readAxes(const YamlNode &list, ArrayDesc &array) {
  if (!expectList(list, "'axes'"))
    return;
  if (list.items.size() > maxAxes)
    return error(list, "'axes': expected at most " + std::to_string(maxAxes) +
                           ", found " + std::to_string(list.items.size()));
  for (const YamlNode &item : list.items) {
    ArrayDesc::Axis axis;
    if (!expectMapping(item, "an axis"))
      continue;
    checkKeys(item, {"name", "size", "reduces", "multicasts"});
    readName(item, "name", axis.name);
    readInteger(item, "size", 1, maxCount, axis.size);
    readFlag(item, "reduces", axis.reduces);
    readFlag(item, "multicasts", axis.multicasts);
    if (llvm::any_of(array.axes, [&](const ArrayDesc::Axis &other) {
          return !axis.name.empty() && other.name == axis.name;
        }))
      error(item, "'name': expected another name for each axis, found '" +
                      axis.name + "' twice");
    array.axes.push_back(std::move(axis));
  }
}

void MachineReader::readRates(const YamlNode &array, ArrayDesc &result) {
  const YamlNode *node = array.find("macs_per_cycle_by_type");
  if (!node || !expectMapping(*node, "'macs_per_cycle_by_type'"))
    return;
  checkKeys(*node, joined(arithmeticNames()));
  for (llvm::StringRef type : arithmeticNames())
    if (node->find(type))
      readSourced(
          *node, type, Range::Positive,
          result.macsPerCycleByType.emplace_back(type.str(), SourcedValue())
              .second);
}

void MachineReader::readArray(const YamlNode &root, ArrayDesc &array) {
  const YamlNode *node = root.find("array");
  if (!node || !expectMapping(*node, "'array'"))
    return;
  checkKeys(*node, {"rows", "cols", "axes", "dataflows", "macs_per_cycle",
                    "macs_per_cycle_by_type", "latency_cycles", "gates_zeros"});
  const YamlNode *axes = node->find("axes");
  const YamlNode *rows = node->find("rows"), *cols = node->find("cols");
  if (axes && (rows || cols))
    error(rows ? *rows : *cols,
          "'array': expected 'axes', or 'rows' and 'cols', found both");
  if (axes)
    readAxes(*axes, array);
  else if (rows || cols)
    readShortAxes(*node, array);
  else
    error(*node,
          "'array': expected 'axes', or 'rows' and 'cols', found neither");
  llvm::SmallVector<unsigned> choices;
  auto flows = joined(dataflowNames());
  readChoices(*node, "dataflows", flows, choices);
  for (unsigned choice : choices)
    array.dataflows.push_back(flows[choice].str());
  choices.clear();
  readChoices(*node, "gates_zeros", roleNames, choices);
  for (unsigned role : choices)
    array.gatesZeros[role] = true;
  array.macsPerCycle.value = 1;
  array.macsPerCycle.source = "by definition: an element is what does one "
                              "multiply-accumulate in a cycle";
  readOptionalSourced(*node, "macs_per_cycle", Range::Positive,
                      array.macsPerCycle);
  readOptionalSourced(*node, "latency_cycles", Range::NotNegative,
                      array.latencyCycles);
  readRates(*node, array);
}

/// The crossbars' axes, in whole weights, and their rate.
static ArrayDesc arrayOf(const CrossbarDesc &crossbar) {
  ArrayDesc array;
  if (crossbar.instances > 1)
    array.axes.push_back({"instances", crossbar.instances, false, true});
  int64_t slices = llvm::divideCeil(crossbar.weightBits, crossbar.cellBits);
  array.axes.push_back({"rows", crossbar.rows, true, true});
  array.axes.push_back({"cols", crossbar.cols / slices, false, true});
  array.dataflows = {"weight_stationary"};
  int64_t passes =
      llvm::divideCeil(crossbar.inputBits, crossbar.inputBitsPerPass) *
      crossbar.phases;
  if (!crossbar.passCycles.isSet() || crossbar.passCycles.value == 0)
    return array;
  array.macsPerCycle.value = 1 / (double(passes) * crossbar.passCycles.value);
  array.macsPerCycle.source = "from 'crossbar': " + std::to_string(passes) +
                              " passes of 'pass_cycles' (" +
                              crossbar.passCycles.source + ")";
  return array;
}

void MachineReader::readCrossbar(const YamlNode &root, MachineDesc &machine) {
  const YamlNode *node = root.find("crossbar");
  if (!node || !expectMapping(*node, "'crossbar'"))
    return;
  checkKeys(*node, {"rows", "cols", "instances", "weight_bits", "input_bits",
                    "cell_bits", "cells_per_slice", "input_bits_per_pass",
                    "phases", "columns_per_adc", "adc_bits", "pass_cycles"});
  CrossbarDesc crossbar;
  readInteger(*node, "rows", 1, maxCount, crossbar.rows);
  readInteger(*node, "cols", 1, maxCount, crossbar.cols);
  readOptionalInteger(*node, "instances", 1, maxCount, crossbar.instances);
  readInteger(*node, "weight_bits", 1, 64, crossbar.weightBits);
  readInteger(*node, "input_bits", 1, 64, crossbar.inputBits);
  readInteger(*node, "cell_bits", 1, 64, crossbar.cellBits);
  readOptionalInteger(*node, "cells_per_slice", 1, 64, crossbar.cellsPerSlice);
  readInteger(*node, "input_bits_per_pass", 1, 64, crossbar.inputBitsPerPass);
  readOptionalInteger(*node, "phases", 1, 64, crossbar.phases);
  readOptionalInteger(*node, "columns_per_adc", 1, maxCount,
                      crossbar.columnsPerAdc);
  readInteger(*node, "adc_bits", 0, 64, crossbar.adcBits);
  readSourced(*node, "pass_cycles", Range::Positive, crossbar.passCycles);
  int64_t slices = llvm::divideCeil(crossbar.weightBits, crossbar.cellBits);
  if (crossbar.cols && crossbar.cols < slices)
    error(*node->find("cols"),
          "'cols': expected room for a weight of " + std::to_string(slices) +
              " columns, found '" + std::to_string(crossbar.cols) + "'");
  machine.array = arrayOf(crossbar);
  machine.crossbar = std::move(crossbar);
}

//===----------------------------------------------------------------------===//
// Memories
//===----------------------------------------------------------------------===//

void MachineReader::readCache(const YamlNode &node, MemoryDesc &memory) {
  readOptionalInteger(node, "ways", 0, maxCount, memory.ways);
  readOptionalInteger(node, "line_bytes", 0, maxCount, memory.lineBytes);
  if (memory.ways == 0)
    return;
  if (memory.lineBytes == 0)
    error(*node.find("ways"),
          "'ways': expected 'line_bytes' of a cache beside it, found none");
  else if (memory.bytes % (memory.ways * memory.lineBytes))
    error(*node.find("bytes"),
          "'bytes': expected a multiple of 'ways' times 'line_bytes', found '" +
              std::to_string(memory.bytes) + "'");
}

void MachineReader::readMemory(const YamlNode &node, const FamilySchema &schema,
                               const ArrayDesc &array, MemoryDesc &memory) {
  if (!expectMapping(node, "a memory"))
    return;
  checkKeys(node, joined(memoryRequiredKeys(), schema.memoryKeys));
  readName(node, "name", memory.name);
  if (llvm::is_contained(reservedMemoryNames(), memory.name))
    error(*node.find("name"), "'name': expected one that is no part of every "
                              "machine, found '" +
                                  memory.name + "'");
  readInteger(node, "bytes", 0, maxBytes, memory.bytes);
  readCache(node, memory);
  llvm::SmallVector<unsigned> choices;
  readChoices(node, "holds", roleNames, choices);
  for (unsigned role = 0; node.find("holds") && role < 3; ++role)
    memory.holds[role] = llvm::is_contained(choices, role);
  choices.clear();
  llvm::SmallVector<llvm::StringRef> axes;
  for (const ArrayDesc::Axis &axis : array.axes)
    axes.push_back(axis.name);
  readChoices(node, "per", axes, choices);
  for (unsigned axis : choices)
    memory.perAxes |= 1u << axis;
  readFlag(node, "double_buffered", memory.doubleBuffered);
  readFlag(node, "streams", memory.streams);
  readFlag(node, "slides", memory.slides);
  readFlag(node, "keeps_zeros", memory.keepsZeros);
  readFlag(node, "shared_port", memory.sharedPort);
  readOptionalInteger(node, "access_bytes", 1, maxCount, memory.accessBytes);
  readSourced(node, "bytes_per_cycle", Range::Positive, memory.bytesPerCycle);
  readOptionalSourced(node, "fill_bytes_per_cycle", Range::Positive,
                      memory.fillBytesPerCycle);
  readOptionalSourced(node, "run_cycles", Range::NotNegative, memory.runCycles);
  readEnergy(node, "read_pj_per_byte", memory.readPjPerByte);
  readOptionalEnergy(node, "write_pj_per_byte", memory.writePjPerByte);
  readOptionalEnergy(node, "multicast_pj_per_byte", memory.multicastPjPerByte);
  readOptionalSourced(node, "leakage_mw", Range::NotNegative, memory.leakageMw);
}

void MachineReader::readMemories(const YamlNode &root,
                                 const FamilySchema &schema,
                                 MachineDesc &machine) {
  const YamlNode *list = require(root, "memories");
  if (!list || !expectList(*list, "'memories'"))
    return;
  if (list->items.size() > maxMemories)
    return error(*list, "'memories': expected at most " +
                            std::to_string(maxMemories) + ", found " +
                            std::to_string(list->items.size()));
  for (const YamlNode &item : list->items)
    readMemory(item, schema, machine.array, machine.memories.emplace_back());
  checkMemories(*list, machine);
}

void MachineReader::checkMemories(const YamlNode &list,
                                  const MachineDesc &machine) {
  llvm::ArrayRef<MemoryDesc> memories = machine.memories;
  for (size_t i = 0; i < memories.size(); ++i) {
    const MemoryDesc &memory = memories[i];
    const YamlNode &node = list.items[i];
    const YamlNode *bytes = node.find("bytes");
    // Only the last level may be unbounded.
    if (bytes && bytes->scalar == "0" && i + 1 < memories.size())
      error(*bytes, "'bytes': expected above 0, found '0': only the outermost "
                    "memory may be unbounded");
    for (const MemoryDesc &inner : memories.take_front(i)) {
      if (!memory.name.empty() && inner.name == memory.name)
        error(node, "'name': expected another name for each memory, found '" +
                        memory.name + "' twice");
      bool isShared = llvm::any_of(llvm::seq(0u, 3u), [&](unsigned role) {
        return inner.holds[role] && memory.holds[role];
      });
      if (isShared && (memory.perAxes & ~inner.perAxes))
        error(node, "'per': expected no axis that '" + inner.name +
                        "' inside of it lacks, found one");
    }
  }
  for (unsigned role = 0; role < 3; ++role)
    if (llvm::none_of(memories,
                      [&](const MemoryDesc &m) { return m.holds[role]; }))
      warn(list, "no memory holds '" + roleNames[role].str() +
                     "': nothing can be mapped to this machine");
}

//===----------------------------------------------------------------------===//
// The machine
//===----------------------------------------------------------------------===//

void MachineReader::readPoint(const YamlNode &root, MachineDesc &machine) {
  readOptionalNumber(root, "process_nm", minProcessNm, maxProcessNm,
                     machine.processNm);
  readOptionalNumber(root, "supply_v", 0.2, 3, machine.supplyV);
  if (const YamlNode *supply = root.find("supply_v");
      supply && !root.find("process_nm"))
    error(*supply, "'supply_v': expected 'process_nm' beside it, found none");
  if (machine.processNm)
    machinePoint = OperatingPoint{*machine.processNm, machine.supplyV};
}

void MachineReader::readEnergies(const YamlNode &root,
                                 const FamilySchema &schema,
                                 MachineDesc &machine) {
  const YamlNode *node = require(root, "energy");
  if (!node || !expectMapping(*node, "'energy'"))
    return;
  checkKeys(*node, joined(energyKeys()));
  for (const std::string &key : energyKeys()) {
    if (key == "leakage_mw")
      readOptionalSourced(*node, key, Range::NotNegative, machine.leakageMw);
    else if (node->find(key))
      readEnergy(
          *node, key,
          machine.actions.emplace_back(withoutUnit(key).str(), SourcedValue())
              .second);
  }
  bool isEnough = schema.energyNeeds.empty();
  for (llvm::StringRef need : schema.energyNeeds)
    isEnough |= llvm::any_of(node->keys, [&](const YamlNode &key) {
      return llvm::StringRef(key.scalar).starts_with(need);
    });
  if (!isEnough)
    error(*node, "'energy': family '" + schema.family.str() +
                     "' expects a key that begins with " +
                     llvm::join(schema.energyNeeds, " or ") + ", found none");
}

void MachineReader::readParts(const YamlNode &root, const FamilySchema &schema,
                              MachineDesc &machine) {
  for (llvm::StringRef part : schema.required)
    require(root, part);
  auto known = joined(schema.required, schema.optional);
  auto has = [&](llvm::StringRef part) {
    return root.find(part) && llvm::is_contained(known, part);
  };
  if (has("cores"))
    readInteger(root, "cores", 1, maxCount, machine.cores);
  if (has("required_feature"))
    readText(root, "required_feature", machine.requiredFeature);
  if (has("newer_feature"))
    readText(root, "newer_feature", machine.newerFeature);
  if (has("fork_join_cycles"))
    readSourced(root, "fork_join_cycles", Range::NotNegative,
                machine.forkJoinCycles);
  if (has("vector"))
    readVector(root, machine.vector);
  if (has("array"))
    readArray(root, machine.array);
  if (has("crossbar"))
    readCrossbar(root, machine);
}

void MachineReader::read(const YamlNode &root, MachineDesc &machine) {
  if (!expectMapping(root, "a machine"))
    return;
  readName(root, "family", machine.family);
  readName(root, "name", machine.name);
  readText(root, "source", machine.source);
  const FamilySchema &schema = schemaOf(machine.family);
  checkKeys(root, joined(commonKeys(), commonOptionalKeys(), schema.required,
                         schema.optional));
  readSourced(root, "clock_mhz", Range::Positive, machine.clockMhz);
  readPoint(root, machine);
  readParts(root, schema, machine);
  readMemories(root, schema, machine);
  readEnergies(root, schema, machine);
}

std::optional<MachineDesc> aicc::parseMachine(llvm::StringRef text,
                                              llvm::StringRef path,
                                              DiagnosticSink &sink) {
  MachineReader reader(path, sink);
  auto onError = [&](unsigned line, unsigned column,
                     const std::string &message) {
    reader.error(line, column, message);
  };
  std::unique_ptr<YamlNode> root = parseYaml(text, onError);
  MachineDesc machine;
  if (root)
    reader.read(*root, machine);
  if (reader.hasFailed())
    return std::nullopt;
  return machine;
}

std::optional<MachineDesc> aicc::loadMachine(llvm::StringRef path,
                                             DiagnosticSink &sink) {
  std::string error;
  bool isTooLarge = false;
  std::shared_ptr<MappedFile> file =
      MappedFile::open(path.str(), maxYamlBytes, error, &isTooLarge);
  if (file)
    return parseMachine(llvm::toStringRef(file->bytes()), path, sink);
  Diagnostic d;
  d.code = isTooLarge ? ErrorCode::Limit : ErrorCode::Io;
  d.file = path.str();
  d.message = "the file " + error;
  sink.report(std::move(d));
  return std::nullopt;
}
