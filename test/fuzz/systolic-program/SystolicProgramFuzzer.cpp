//===- SystolicProgramFuzzer.cpp - Programs of any content ----------------===//
//
// A libFuzzer target: whatever the bytes are, reading them as a program (or as
// text) ends, with a program or with an error; the program is the same after
// its text was read again; running it ends, with a result or with an error.
// Nothing outside of the segments is touched: their ends are those of the
// heap's blocks.
//
//===----------------------------------------------------------------------===//

#include "targets/systolic/Simulator/Trace.h"

#include <cstdlib>
#include <cstring>

using namespace aicc::systolic;

static void expect(bool condition) {
  if (!condition)
    std::abort();
}

/// The hash of the file is that of its machine, or hardly any mutation would be
/// read any further.
static std::vector<uint8_t> withHash(const uint8_t *data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  uint64_t hash = 0xcbf29ce484222325;
  if (size < 76)
    return bytes;
  for (size_t i = 32; i < 76; ++i)
    hash = (hash ^ bytes[i]) * 0x100000001b3;
  for (unsigned i = 0; i < 8; ++i)
    bytes[8 + i] = uint8_t(hash >> (8 * i));
  return bytes;
}

static void run(const Program &program) {
  std::string error;
  Limits limits;
  limits.memoryBytes = 1 << 22;
  limits.steps = 20000;
  std::unique_ptr<Simulator> simulator =
      Simulator::create(program.machine, error, limits);
  expect(simulator || !error.empty());
  if (!simulator)
    return;
  expect(simulator->load(program, error));
  for (unsigned entry = 0; entry < program.entries.size() && entry < 4;
       ++entry) {
    uint32_t count = program.entries[entry].segments;
    if (count > 8)
      continue;
    std::vector<std::vector<uint8_t>> bytes(count);
    std::vector<Segment> segments;
    for (uint32_t i = 0; i < count; ++i) {
      bytes[i].resize(16 << i, uint8_t(i));
      segments.push_back({bytes[i].data(), bytes[i].size(), i % 4 != 1});
    }
    RunResult result;
    Trace trace(program.machine);
    error.clear();
    bool good =
        simulator->run(entry, segments.data(), count, result, error, &trace);
    expect(good == error.empty());
    if (good)
      expect(result.cycles >= program.entries[entry].count &&
             result.cycles >= result.counts.arrayCycles &&
             !trace.text().empty());
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string error;
  std::optional<Program> program;
  if (size && data[0] == '.') {
    std::string_view text(reinterpret_cast<const char *>(data), size);
    program = assemble(text, error);
  } else {
    std::vector<uint8_t> bytes = withHash(data, size);
    program = deserialize(bytes.data(), bytes.size(), error);
    if (program)
      expect(serialize(*program) == bytes);
  }
  expect(program.has_value() == error.empty());
  if (!program)
    return 0;
  std::optional<Program> again = assemble(disassemble(*program), error);
  expect(again && *again == *program);
  run(*program);
  return 0;
}
