//===- Simulator.cpp - Runs programs of the systolic family ---------------===//

#include "targets/systolic/Simulator/Simulator.h"
#include "targets/systolic/Isa/Bytes.h"
#include "targets/systolic/Simulator/Execution.h"
#include "targets/systolic/Simulator/Timing.h"

using namespace aicc::systolic;

struct Simulator::State {
  State(const MachineConfig &machine, const Limits &limits)
      : machine(machine), execution(machine, limits) {}

  const MachineConfig machine;
  Execution execution;
  Program program;
};

Simulator::Simulator(std::unique_ptr<State> state) : state(std::move(state)) {}
Simulator::~Simulator() = default;

/// Of the memories, the array, and what is kept of each row.
static uint64_t memoryBytesOf(const MachineConfig &machine) {
  // Rows of 24 bits, lanes of 16: the sum has far less than 64.
  uint64_t lanes = machine.lanes(), cols = machine.cols;
  uint64_t bookkeeping = 32;
  return (uint64_t(machine.scratchpadRows) + machine.weightRows) *
             (lanes + bookkeeping) +
         machine.accumulatorRows * (4 * cols + bookkeeping) +
         2 * 4 * machine.rows * (cols + 16);
}

std::unique_ptr<Simulator> Simulator::create(const MachineConfig &machine,
                                             std::string &error,
                                             const Limits &limits) {
  if (!verify(machine, error))
    return nullptr;
  if (uint64_t bytes = memoryBytesOf(machine); bytes > limits.memoryBytes) {
    error = "the machine's memories take " + std::to_string(bytes) +
            " bytes, the simulator has " + std::to_string(limits.memoryBytes);
    return nullptr;
  }
  return std::unique_ptr<Simulator>(
      new Simulator(std::make_unique<State>(machine, limits)));
}

/// The fields in which two machines differ: "rows=16 ...".
static std::string differences(const MachineConfig &machine,
                               const MachineConfig &other) {
  std::string text;
  for (const MachineField &field : machineFields)
    if (machine.*field.member != other.*field.member)
      text += (text.empty() ? "" : " ") + std::string(field.name) + "=" +
              std::to_string(machine.*field.member);
  return text;
}

bool Simulator::load(Program program, std::string &error) {
  if (!verify(program, error))
    return false;
  const MachineConfig &other = program.machine, &machine = state->machine;
  if (other.hash() != machine.hash()) {
    error = "the program is for a machine with " + differences(other, machine) +
            ", this one has " + differences(machine, other);
    return false;
  }
  state->program = std::move(program);
  return true;
}

void Simulator::forget() { state->execution.forget(); }

bool Simulator::run(unsigned number, const Segment *segments,
                    size_t numSegments, RunResult &result, std::string &error,
                    TraceSink *trace) {
  const Program &program = state->program;
  result = {};
  if (number >= program.entries.size()) {
    error = "entry " + std::to_string(number) + " of a program with " +
            std::to_string(program.entries.size());
    return false;
  }
  const Entry &entry = program.entries[number];
  if (entry.segments != numSegments) {
    error = "entry '" + entry.name + "' takes " +
            std::to_string(entry.segments) + " segments, " +
            std::to_string(numSegments) + " are given";
    return false;
  }
  return state->execution.run(program, entry, segments, numSegments,
                              result.counts, error) &&
         Timing(program, entry, trace).run(result, error);
}
