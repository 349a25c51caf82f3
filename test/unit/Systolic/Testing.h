//===- Testing.h - Runs assembler text ---------------------------*- C++
//-*-===//

#ifndef TEST_UNIT_SYSTOLIC_TESTING_H
#define TEST_UNIT_SYSTOLIC_TESTING_H

#include "targets/systolic/Simulator/Simulator.h"
#include "test/unit/Systolic/RandomProgram.h"

#include <gtest/gtest.h>

namespace aicc::systolic::tests {

/// ".machine ..." with all fields.
std::string machineText(const MachineConfig &machine);

/// A machine, segments, and what running text on them gave.
class Launch {
public:
  explicit Launch(const MachineConfig &machine = smallMachine())
      : machine(machine) {}

  /// Adds a segment, all of it writable.
  Launch &segment(std::vector<uint8_t> bytes) {
    segments.push_back(std::move(bytes));
    return *this;
  }
  /// `lines`: an entry's instructions without halt.
  bool text(const std::string &lines, TraceSink *trace = nullptr);
  bool program(const Program &program, TraceSink *trace = nullptr);

  MachineConfig machine;
  Limits limits;
  std::vector<std::vector<uint8_t>> segments;
  RunResult result;
  std::string error;
};

/// The error of running `lines` with one segment of 1024 bytes; "" if there is
/// none.
std::string errorOfRun(const std::string &lines,
                       const MachineConfig &machine = smallMachine());

/// The bytes of a word, little endian, at the end of `bytes`.
void appendWord(std::vector<uint8_t> &bytes, uint32_t word);
uint32_t wordAt(const std::vector<uint8_t> &bytes, size_t index);

/// What `store.quantize` makes of a word: rint, clamp and the rest in double,
/// which holds every step of f32 exactly once that is rounded.
uint8_t quantizedByte(int32_t word, uint32_t scaleBits, bool real, bool divide,
                      int zero, int low, int high, bool flip);

} // namespace aicc::systolic::tests

#endif // TEST_UNIT_SYSTOLIC_TESTING_H
