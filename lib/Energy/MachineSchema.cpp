//===- MachineSchema.cpp - What machine files may hold --------------------===//

#include "lib/Energy/MachineSchema.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace aicc;
using llvm::StringLiteral;

static constexpr StringLiteral common[] = {"family",    "name",     "source",
                                           "clock_mhz", "memories", "energy"};
static constexpr StringLiteral commonOptional[] = {"process_nm", "supply_v"};

static constexpr StringLiteral memoryRequired[] = {
    "name", "bytes", "bytes_per_cycle", "read_pj_per_byte"};
static constexpr StringLiteral cacheKeys[] = {
    "ways",         "line_bytes",        "run_cycles",
    "access_bytes", "write_pj_per_byte", "leakage_mw"};
static constexpr StringLiteral memoryKeys[] = {"holds",
                                               "per",
                                               "double_buffered",
                                               "streams",
                                               "slides",
                                               "keeps_zeros",
                                               "shared_port",
                                               "access_bytes",
                                               "fill_bytes_per_cycle",
                                               "write_pj_per_byte",
                                               "multicast_pj_per_byte",
                                               "leakage_mw",
                                               "ways",
                                               "line_bytes"};

static constexpr StringLiteral processorParts[] = {"cores", "vector",
                                                   "fork_join_cycles"};
static constexpr StringLiteral processorOptional[] = {"required_feature",
                                                      "newer_feature"};
static constexpr StringLiteral arrayParts[] = {"array"};
static constexpr StringLiteral crossbarParts[] = {"crossbar"};
static constexpr StringLiteral allParts[] = {
    "cores",         "vector", "fork_join_cycles", "required_feature",
    "newer_feature", "array",  "crossbar"};

static constexpr StringLiteral processorEnergy[] = {"mac_f32_pj"};
static constexpr StringLiteral arrayEnergy[] = {"mac_"};
static constexpr StringLiteral crossbarEnergy[] = {"mac_", "cell_", "bitline_",
                                                   "adc_conversion_"};

static constexpr FamilySchema families[] = {
    {"cpu", processorParts, processorOptional, cacheKeys, processorEnergy},
    {"gpu", arrayParts, {}, memoryKeys, arrayEnergy},
    {"systolic", arrayParts, {}, memoryKeys, arrayEnergy},
    {"imc", crossbarParts, {}, memoryKeys, crossbarEnergy},
};
static constexpr FamilySchema otherFamily = {"", {}, allParts, memoryKeys, {}};

const FamilySchema &aicc::schemaOf(llvm::StringRef family) {
  for (const FamilySchema &schema : families)
    if (schema.family == family)
      return schema;
  return otherFamily;
}

KeyNames aicc::commonKeys() { return common; }
KeyNames aicc::commonOptionalKeys() { return commonOptional; }
KeyNames aicc::memoryRequiredKeys() { return memoryRequired; }

KeyNames aicc::arithmeticNames() {
  static constexpr StringLiteral names[] = {"i4",  "i8",   "i16", "i32", "f8",
                                            "f16", "bf16", "f32", "f64"};
  return names;
}

static std::vector<std::string> makeEnergyKeys() {
  std::vector<std::string> keys;
  for (const char *operation : {"mac", "add", "mul"})
    for (llvm::StringRef type : arithmeticNames())
      keys.push_back((llvm::Twine(operation) + "_" + type + "_pj").str());
  for (const char *key :
       {"cell_pj", "wordline_pj", "bitline_pj", "dac_conversion_pj",
        "adc_conversion_pj", "shift_add_pj", "program_cell_pj", "pe_cycle_pj",
        "chip_cycle_pj", "instruction_pj", "hop_pj_per_byte",
        "link_pj_per_byte", "leakage_mw"})
    keys.push_back(key);
  return keys;
}

const std::vector<std::string> &aicc::energyKeys() {
  static const std::vector<std::string> keys = makeEnergyKeys();
  return keys;
}

llvm::StringRef aicc::withoutUnit(llvm::StringRef energyKey) {
  if (!energyKey.consume_back("_pj_per_byte"))
    energyKey.consume_back("_pj");
  return energyKey;
}

KeyNames aicc::dataflowNames() {
  static constexpr StringLiteral names[] = {
      "weight_stationary", "output_stationary", "input_stationary"};
  return names;
}

KeyNames aicc::reservedMemoryNames() {
  static constexpr StringLiteral names[] = {
      "mac",  "add",         "mul",       "cell",    "wordline", "bitline",
      "dac",  "adc",         "program",   "pe",      "chip",     "hop",
      "link", "instruction", "shift_add", "leakage", "total",    "cpu"};
  return names;
}
