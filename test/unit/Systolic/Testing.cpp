//===- Testing.cpp - Runs assembler text ----------------------------------===//

#include "test/unit/Systolic/Testing.h"

#include <bit>
#include <cmath>

using namespace aicc::systolic;

std::string tests::machineText(const MachineConfig &machine) {
  Program program;
  program.machine = machine;
  return disassemble(program);
}

bool tests::Launch::text(const std::string &lines, TraceSink *trace) {
  std::optional<Program> assembled =
      assemble(machineText(machine) + ".entry \"test\" segments=" +
                   std::to_string(segments.size()) + "\n" + lines + "\nhalt\n",
               error);
  return assembled && program(*assembled, trace);
}

bool tests::Launch::program(const Program &program, TraceSink *trace) {
  std::unique_ptr<Simulator> simulator =
      Simulator::create(machine, error, limits);
  if (!simulator || !simulator->load(program, error))
    return false;
  std::vector<Segment> parts;
  for (std::vector<uint8_t> &bytes : segments)
    parts.push_back({bytes.data(), bytes.size(), true});
  return simulator->run(0, parts.data(), parts.size(), result, error, trace);
}

std::string tests::errorOfRun(const std::string &lines,
                              const MachineConfig &machine) {
  Launch run(machine);
  run.segment(std::vector<uint8_t>(1024));
  bool good = run.text(lines);
  EXPECT_EQ(good, run.error.empty());
  return run.error;
}

void tests::appendWord(std::vector<uint8_t> &bytes, uint32_t word) {
  for (unsigned i = 0; i < 4; ++i)
    bytes.push_back(uint8_t(word >> (8 * i)));
}

uint32_t tests::wordAt(const std::vector<uint8_t> &bytes, size_t index) {
  uint32_t word = 0;
  for (unsigned i = 0; i < 4; ++i)
    word |= uint32_t(bytes[4 * index + i]) << (8 * i);
  return word;
}

uint8_t tests::quantizedByte(int32_t word, uint32_t scaleBits, bool real,
                             bool divide, int zero, int low, int high,
                             bool flip) {
  float scale = std::bit_cast<float>(scaleBits);
  volatile float x = real ? std::bit_cast<float>(word) : float(word);
  volatile float t = divide ? x / scale : x * scale;
  double y = std::isnan(float(t)) ? low : std::nearbyint(double(t)) + zero;
  y = std::fmin(std::fmax(y, low), high);
  return uint8_t(int(y)) ^ (flip ? 0x80 : 0);
}
