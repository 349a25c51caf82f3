//===- Counters.cpp - What a device counted, as text ----------------------===//

#include "targets/systolic/Driver/Counters.h"

using namespace aicc::systolic;

namespace {
struct Key {
  const char *name;
  uint64_t Counts::*field;
};
} // namespace

/// As docs/counts.md names them.
static constexpr Key keys[] = {
    {"mac.i8", &Counts::macs},
    {"array.cycle", &Counts::arrayCycles},
    {"dram.read", &Counts::dramReadBytes},
    {"dram.write", &Counts::dramWriteBytes},
    {"load.read", &Counts::loadedBytes},
    {"store.write", &Counts::storedBytes},
    {"scratchpad.read", &Counts::scratchpadReadBytes},
    {"scratchpad.write", &Counts::scratchpadWriteBytes},
    {"weight_memory.read", &Counts::weightMemoryReadBytes},
    {"weight_memory.write", &Counts::weightMemoryWriteBytes},
    {"accumulator.read", &Counts::accumulatorReadBytes},
    {"accumulator.write", &Counts::accumulatorWriteBytes},
    {"weight_registers.read", &Counts::weightRegisterReadBytes},
    {"weight_registers.write", &Counts::weightRegisterWriteBytes},
    {"sum_registers.read", &Counts::sumRegisterReadBytes},
    {"sum_registers.write", &Counts::sumRegisterWriteBytes},
    {"quantize", &Counts::quantizedElements},
    {"vector.lane", &Counts::vectorLaneOps},
    {"fill.row", &Counts::filledRows},
};

static void quote(std::string &out, const std::string &text) {
  static const char hex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  out += '"';
}

static void put(std::string &out, const char *name, uint64_t value) {
  out += '"';
  out += name;
  out += "\": " + std::to_string(value);
}

/// Cycles, utilisation and counts of `result`, without braces.
static void putResult(std::string &out, const RunResult &result,
                      const MachineConfig &machine) {
  put(out, "cycles", result.cycles);
  out += ", ";
  put(out, "compute_cycles", result.computeCycles);
  out += ", ";
  put(out, "stall_cycles", result.stallCycles);
  double peak = double(machine.rows) * machine.cols * double(result.cycles);
  out += ", \"utilization\": " +
         std::to_string(peak > 0 ? double(result.counts.macs) / peak : 0.0);
  // What loops are made of does no work: a program has the same number of
  // instructions with and without.
  uint64_t instructions = 0;
  for (uint64_t count : result.counts.instructions)
    instructions += count;
  instructions -= result.counts.instructions[unsigned(Opcode::Loop)] +
                  result.counts.instructions[unsigned(Opcode::Step)];
  out += ", ";
  put(out, "instructions", instructions);
  out += ", \"counts\": {";
  bool isFirst = true;
  for (const Key &key : keys) {
    if (!isFirst)
      out += ", ";
    isFirst = false;
    put(out, key.name, result.counts.*key.field);
  }
  out += "}";
}

static void add(RunResult &sum, const RunResult &run) {
  sum.cycles += run.cycles;
  sum.computeCycles += run.computeCycles;
  sum.stallCycles += run.stallCycles;
  for (const Key &key : keys)
    sum.counts.*key.field += run.counts.*key.field;
  for (size_t i = 0; i < run.counts.instructions.size(); ++i)
    sum.counts.instructions[i] += run.counts.instructions[i];
}

std::string RunLog::json(const MachineConfig &machine) const {
  RunResult sum;
  for (const Run &run : runs)
    add(sum, run.result);
  std::string out = "{\"family\": \"systolic\", ";
  put(out, "clock_khz", machine.clockKhz);
  out += ", ";
  put(out, "rows", machine.rows);
  out += ", ";
  put(out, "cols", machine.cols);
  out += ", ";
  putResult(out, sum, machine);
  out += ", \"launches\": [";
  bool isFirst = true;
  for (const Run &run : runs) {
    if (!isFirst)
      out += ", ";
    isFirst = false;
    out += "{\"name\": ";
    quote(out, run.entry->name);
    out += ", ";
    putResult(out, run.result, machine);
    out += "}";
  }
  out += "]}";
  return out;
}
