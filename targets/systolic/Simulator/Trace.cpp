//===- Trace.cpp - What happened when, for Perfetto -----------------------===//

#include "targets/systolic/Simulator/Trace.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

using namespace aicc::systolic;

/// Buckets of the counters; twice as many are too many to look at.
static constexpr uint64_t maximumBuckets = 8192;

Trace::Trace(const MachineConfig &machine)
    : clockKhz(machine.clockKhz ? machine.clockKhz : 1000000) {}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

void Trace::instruction(Queue queue, uint64_t index,
                        const Instruction &instruction, uint64_t start,
                        uint64_t end) {
  unsigned track = instruction.opcode == Opcode::ExecuteWeights
                       ? unsigned(Weights)
                       : unsigned(queue);
  start += origin;
  end += origin;
  std::vector<Slice> &list = slices[track];
  if (!list.empty()) {
    Slice &last = list.back();
    // Results drain from the array while the next rows enter.
    last.end = std::min(last.end, start);
    bool both = end - start == 1 && last.end == start &&
                last.end - last.start == last.count;
    if (both) {
      last.end = end;
      ++last.count;
      return;
    }
  }
  list.push_back({start, end, index, instruction, 1});
}

void Trace::addBytes(std::vector<uint64_t> &counter, uint64_t cycle,
                     uint64_t bytes) {
  while (cycle / bucketCycles >= maximumBuckets) {
    for (std::vector<uint64_t> &other : dramBytes) {
      for (size_t i = 0; i < other.size(); ++i)
        if (i % 2)
          other[i / 2] += other[i];
        else
          other[i / 2] = other[i];
      other.resize((other.size() + 1) / 2);
    }
    bucketCycles *= 2;
  }
  if (counter.size() <= cycle / bucketCycles)
    counter.resize(cycle / bucketCycles + 1);
  counter[cycle / bucketCycles] += bytes;
}

void Trace::dramRequest(bool write, uint64_t bytes, uint64_t start256,
                        uint64_t end256) {
  // Long requests count where they end: they are rows, and much shorter than
  // what can be seen.
  addBytes(dramBytes[write], origin + (end256 - 1) / 256, bytes);
}

void Trace::entry(const Entry &entry, uint64_t cycles) {
  launches.push_back({entry.name, origin, origin + cycles});
  origin += cycles;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static void appendQuoted(std::string &out, std::string_view text) {
  out += '"';
  for (char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (uint8_t(c) < 0x20 || uint8_t(c) >= 0x7f) {
      // Names are bytes: those that are no ASCII stand for themselves, so that
      // any name is valid JSON.
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", uint8_t(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

/// In microseconds, which the format asks for.
std::string Trace::timeOf(uint64_t cycle) const {
  char digits[32];
  std::snprintf(digits, sizeof(digits), "%.3f",
                double(cycle) * 1000 / double(clockKhz));
  return digits;
}

void Trace::writeSlices(std::string &out, unsigned track) const {
  for (const Slice &slice : slices[track]) {
    std::string text = disassemble(slice.instruction);
    std::string name(mnemonicOf(slice.instruction.opcode));
    if (slice.count > 1)
      name += " and " + std::to_string(slice.count - 1) + " more";
    out += ",\n{\"ph\":\"X\",\"pid\":0,\"tid\":" + std::to_string(track) +
           ",\"ts\":" + timeOf(slice.start) +
           ",\"dur\":" + timeOf(slice.end - slice.start) + ",\"name\":";
    appendQuoted(out, name);
    out += ",\"args\":{\"index\":" + std::to_string(slice.index) +
           ",\"start_cycle\":" + std::to_string(slice.start) +
           ",\"cycles\":" + std::to_string(slice.end - slice.start) +
           ",\"text\":";
    appendQuoted(out, text);
    out += "}}";
  }
}

void Trace::writeCounter(std::string &out, bool write) const {
  const std::vector<uint64_t> &counter = dramBytes[write];
  auto point = [&](uint64_t bucket, double value) {
    char digits[32];
    std::snprintf(digits, sizeof(digits), "%.3f", value);
    out +=
        ",\n{\"ph\":\"C\",\"pid\":0,\"ts\":" + timeOf(bucket * bucketCycles) +
        ",\"name\":\"dram " + (write ? "write" : "read") +
        "\",\"args\":{\"bytes per cycle\":" + digits + "}}";
  };
  for (uint64_t i = 0; i < counter.size(); ++i)
    if (i == 0 || counter[i] != counter[i - 1])
      point(i, double(counter[i]) / double(bucketCycles));
  if (!counter.empty())
    point(counter.size(), 0);
}

std::string Trace::text() const {
  static constexpr const char *names[] = {"load",   "execute", "store",
                                          "vector", "weights", "entries"};
  std::string out = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
                    "{\"ph\":\"M\",\"pid\":0,\"name\":\"process_name\","
                    "\"args\":{\"name\":\"systolic\"}}";
  for (unsigned track = 0; track <= Launches; ++track)
    out += ",\n{\"ph\":\"M\",\"pid\":0,\"tid\":" + std::to_string(track) +
           ",\"name\":\"thread_name\",\"args\":{\"name\":\"" + names[track] +
           "\"}}";
  for (const Launch &launch : launches) {
    out += ",\n{\"ph\":\"X\",\"pid\":0,\"tid\":" + std::to_string(Launches) +
           ",\"ts\":" + timeOf(launch.start) +
           ",\"dur\":" + timeOf(launch.end - launch.start) + ",\"name\":";
    appendQuoted(out, launch.name);
    out +=
        ",\"args\":{\"cycles\":" + std::to_string(launch.end - launch.start) +
        "}}";
  }
  for (unsigned track = 0; track < numTracks; ++track)
    writeSlices(out, track);
  writeCounter(out, false);
  writeCounter(out, true);
  return out + "\n]}\n";
}

bool aicc::systolic::writeTrace(const std::string &path, const Trace &trace,
                                std::string &error) {
  std::FILE *file = std::fopen(path.c_str(), "wb");
  std::string text = file ? trace.text() : "";
  bool good =
      file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int problem = errno;
  if (file && std::fclose(file) != 0 && good) {
    good = false;
    problem = errno;
  }
  if (!good)
    error = path + ": cannot be written: " + std::strerror(problem);
  return good;
}
