//===- Compare.cpp - The hardware description beside the simulator --------===//
//
// systolic-rtl [GTEST FLAGS]                 every case on every machine, as
// tests systolic-rtl --table                       the same as a table for the
// documentation systolic-rtl PROGRAM ENTRY [SEGMENT ...]   one entry of a
// program file on files
//
//===----------------------------------------------------------------------===//

#include "targets/systolic/Simulator/Simulator.h"
#include "test/targets/systolic/rtl/Cases.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <span>

using namespace aicc::systolic;
using namespace aicc::systolic::rtl;

namespace {

constexpr unsigned numRandomPrograms = 60;

/// Entries on both.
struct Outcome {
  uint64_t instructions = 0, rtlCycles = 0, simulatorCycles = 0;
  std::string error; ///< What differs; empty if nothing does.
};

std::string difference(const std::string &what, const Bytes &found,
                       const Bytes &expected) {
  if (found == expected)
    return {};
  size_t at = 0;
  while (at < std::min(found.size(), expected.size()) &&
         found[at] == expected[at])
    ++at;
  return what + " differ from byte " + std::to_string(at) + " on";
}

bool simulate(const MachineConfig &machine, const Program &program,
              std::span<const unsigned> entries, std::vector<Bytes> &segments,
              uint64_t &cycles, std::string &error) {
  std::unique_ptr<Simulator> simulator = Simulator::create(machine, error);
  if (!simulator || !simulator->load(program, error))
    return false;
  std::vector<Segment> views;
  for (Bytes &segment : segments)
    views.push_back({segment.data(), segment.size(), true});
  for (unsigned entry : entries) {
    RunResult result;
    if (!simulator->run(entry, views.data(), views.size(), result, error))
      return false;
    cycles += result.cycles;
  }
  return true;
}

Outcome compare(Machine &machine, const Program &program,
                std::span<const unsigned> entries,
                const std::vector<Bytes> &segments, const Bytes &expected) {
  Outcome outcome;
  std::vector<Bytes> rtlSegments = segments, simulatorSegments = segments;
  std::string error;
  machine.forget();
  for (unsigned entry : entries) {
    outcome.instructions += program.entries[entry].count;
    uint64_t cycles = 0;
    if (!machine.run(program, program.entries[entry], rtlSegments, cycles,
                     error)) {
      outcome.error = "hardware description: " + error;
      return outcome;
    }
    outcome.rtlCycles += cycles;
  }
  if (!simulate(machine.config, program, entries, simulatorSegments,
                outcome.simulatorCycles, error)) {
    outcome.error = "simulator: " + error;
    return outcome;
  }
  for (size_t i = 0; i < segments.size() && outcome.error.empty(); ++i)
    outcome.error = difference("segments " + std::to_string(i), rtlSegments[i],
                               simulatorSegments[i]);
  if (outcome.error.empty() && !expected.empty())
    outcome.error = difference("results and the loops over the problem",
                               rtlSegments.back(), expected);
  if (outcome.error.empty() && outcome.rtlCycles != outcome.simulatorCycles)
    outcome.error = "cycles differ: " + std::to_string(outcome.rtlCycles) +
                    " of the hardware description, " +
                    std::to_string(outcome.simulatorCycles) +
                    " of the simulator";
  return outcome;
}

/// As a file holds it: what is compared was written and read again.
Outcome compare(Machine &machine, const Case &made) {
  std::vector<uint8_t> file = serialize(made.program);
  std::string error;
  std::optional<Program> program = deserialize(file.data(), file.size(), error);
  if (!program)
    return {.error = "program file: " + error};
  std::vector<unsigned> entries(program->entries.size());
  std::iota(entries.begin(), entries.end(), 0u);
  return compare(machine, *program, entries, made.segments, made.expected);
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

class CompareTest : public testing::Test {
public:
  CompareTest(Machine &machine, Case made)
      : machine(machine), made(std::move(made)) {}

  void TestBody() override {
    Outcome outcome = compare(machine, made);
    RecordProperty("cycles", std::to_string(outcome.rtlCycles));
    EXPECT_EQ(outcome.error, "") << disassemble(made.program);
  }

private:
  Machine &machine;
  Case made;
};

void registerTest(Machine &machine, const Case &made, const std::string &name) {
  testing::RegisterTest(("systolic-rtl/" + machine.name).c_str(), name.c_str(),
                        nullptr, nullptr, __FILE__, __LINE__,
                        [&machine, made]() -> CompareTest * {
                          return new CompareTest(machine, made);
                        });
}

void registerTests() {
  for (const std::unique_ptr<Machine> &machine : machines()) {
    for (const Case &made : cases(machine->config))
      registerTest(*machine, made, made.name);
    for (unsigned seed = 0; seed < numRandomPrograms; ++seed)
      registerTest(*machine, randomProgram(machine->config, seed),
                   "random " + std::to_string(seed));
  }
}

//===----------------------------------------------------------------------===//
// The table, and one program
//===----------------------------------------------------------------------===//

void printHeader() {
  std::printf("| case | array | instructions | cycles, hardware description | "
              "cycles, simulator | outputs |\n|---|---|---|---|---|---|\n");
}

bool printRow(const Machine &machine, const std::string &name,
              const Outcome &outcome) {
  std::printf("| %s | %u x %u | %llu | %llu | %llu | %s |\n", name.c_str(),
              machine.config.rows, machine.config.cols,
              (unsigned long long)outcome.instructions,
              (unsigned long long)outcome.rtlCycles,
              (unsigned long long)outcome.simulatorCycles,
              outcome.error.empty() ? "equal" : outcome.error.c_str());
  return outcome.error.empty();
}

int printTable() {
  bool good = true;
  printHeader();
  for (const std::unique_ptr<Machine> &machine : machines()) {
    for (const Case &made : cases(machine->config))
      good &= printRow(*machine, made.name, compare(*machine, made));
    Outcome all;
    for (unsigned seed = 0; seed < numRandomPrograms; ++seed) {
      Outcome one = compare(*machine, randomProgram(machine->config, seed));
      all.instructions += one.instructions;
      all.rtlCycles += one.rtlCycles;
      all.simulatorCycles += one.simulatorCycles;
      if (all.error.empty())
        all.error = one.error;
    }
    good &= printRow(
        *machine, std::to_string(numRandomPrograms) + " random programs", all);
  }
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool readFile(const char *path, Bytes &bytes) {
  std::ifstream file(path, std::ios::binary);
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (file)
    return true;
  std::fprintf(stderr, "%s: cannot be read\n", path);
  return false;
}

/// PROGRAM ENTRY [SEGMENT ...]
int runFiles(int argc, char **argv) {
  Bytes file;
  std::string error;
  if (argc < 3 || !readFile(argv[1], file))
    return EXIT_FAILURE;
  std::optional<Program> program = deserialize(file.data(), file.size(), error);
  char *end = nullptr;
  unsigned long entry = std::strtoul(argv[2], &end, 10);
  if (program && (*end || entry >= program->entries.size()))
    error = "there is no entry " + std::string(argv[2]);
  if (!error.empty()) {
    std::fprintf(stderr, "%s: %s\n", argv[1], error.c_str());
    return EXIT_FAILURE;
  }
  std::vector<Bytes> segments(argc - 3);
  for (int i = 3; i < argc; ++i)
    if (!readFile(argv[i], segments[i - 3]))
      return EXIT_FAILURE;
  for (const std::unique_ptr<Machine> &machine : machines())
    if (machine->config == program->machine) {
      printHeader();
      const unsigned one[] = {unsigned(entry)};
      Outcome outcome = compare(*machine, *program, one, segments, {});
      return printRow(*machine, program->entries[entry].name, outcome)
                 ? EXIT_SUCCESS
                 : EXIT_FAILURE;
    }
  std::fprintf(stderr, "%s: is for a machine that was not built\n", argv[1]);
  return EXIT_FAILURE;
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 2 && std::strcmp(argv[1], "--table") == 0)
    return printTable();
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1)
    return runFiles(argc, argv);
  registerTests();
  return RUN_ALL_TESTS();
}
