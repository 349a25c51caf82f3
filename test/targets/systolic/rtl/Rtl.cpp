//===- Rtl.cpp ------------------------------------------------------------===//

#include "test/targets/systolic/rtl/Rtl.h"

// One header of Verilator and one line MACHINE(...) for each machine.
#include "RtlModels.inc"

#include <cstring>

using namespace aicc::systolic;
using namespace aicc::systolic::rtl;

namespace {

/// More than any program of the tests takes.
constexpr uint64_t maximumCycles = 4'000'000;

/// The beat of `bytes` at `address`; zero past the end of the segment.
void readBeat(const std::vector<Bytes> &segments, unsigned segment,
              uint64_t address, uint8_t *beat, unsigned bytes) {
  std::memset(beat, 0, bytes);
  if (segment >= segments.size() || address >= segments[segment].size())
    return;
  size_t there = segments[segment].size() - address;
  std::memcpy(beat, segments[segment].data() + address,
              std::min<size_t>(there, bytes));
}

bool writeBeat(std::vector<Bytes> &segments, unsigned segment, uint64_t address,
               const uint8_t *beat, uint64_t mask, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) {
    if (!(mask >> i & 1))
      continue;
    if (segment >= segments.size() || address + i >= segments[segment].size())
      return false;
    segments[segment][address + i] = beat[i];
  }
  return true;
}

template <typename Model> class Verilated : public Machine {
public:
  bool run(const Program &program, const Entry &entry,
           std::vector<Bytes> &segments, uint64_t &cycles,
           std::string &error) override {
    if (!found)
      found = std::make_unique<Model>(&context);
    Model &model = *found;
    reset(model, entry.first);
    for (cycles = 1; cycles <= maximumCycles; ++cycles) {
      if (model.pc >= program.instructions.size()) {
        error = "the dispatcher ran past the program";
        return false;
      }
      InstructionBytes bytes = encode(program.instructions[model.pc]);
      std::memcpy(&model.instruction, bytes.data(), bytes.size());
      model.eval();
      if (model.unknown) {
        error = "an instruction that the hardware description does not have";
        return false;
      }
      transfer(model, segments, error);
      if (!error.empty())
        return false;
      bool done = model.done;
      clock(model);
      if (!done)
        continue;
      if (model.tokens_left)
        error = "tokens are left at the end";
      return !model.tokens_left;
    }
    error = "not done after " + std::to_string(maximumCycles) + " cycles";
    return false;
  }

  void forget() override { found.reset(); }

private:
  VerilatedContext context;
  std::unique_ptr<Model> found; ///< Its memories stay from entry to entry.

  static void clock(Model &model) {
    model.clk = 1;
    model.eval();
    model.clk = 0;
    model.eval();
  }

  static void reset(Model &model, uint32_t first) {
    model.clk = 0;
    model.reset = 1;
    model.first = first;
    model.eval();
    clock(model);
    model.reset = 0;
    model.eval();
  }

  /// What the DRAM does in this cycle. All that is written was read before.
  void transfer(Model &model, std::vector<Bytes> &segments,
                std::string &error) {
    unsigned bytes = config.dramBytesPer256Cycles / 256;
    static_assert(sizeof(model.read_data) == sizeof(model.write_data));
    uint8_t beat[sizeof(model.read_data)] = {};
    if (model.read) {
      readBeat(segments, model.read_segment, model.read_address, beat, bytes);
      std::memcpy(&model.read_data, beat, sizeof(beat));
      model.eval();
    }
    std::memcpy(beat, &model.write_data, sizeof(beat));
    if (!writeBeat(segments, model.write_segment, model.write_address, beat,
                   model.write, bytes))
      error = "a beat is written outside of its segment";
  }
};

template <typename Model>
std::unique_ptr<Machine> make(std::string name, const MachineConfig &config) {
  std::unique_ptr<Machine> machine = std::make_unique<Verilated<Model>>();
  machine->name = std::move(name);
  machine->config = config;
  return machine;
}

std::vector<std::unique_ptr<Machine>> makeAll() {
  std::vector<std::unique_ptr<Machine>> all;
#define MACHINE(model, name, ...)                                              \
  all.push_back(make<model>(name, MachineConfig{__VA_ARGS__}));
  RTL_MACHINES
#undef MACHINE
  return all;
}

} // namespace

std::span<const std::unique_ptr<Machine>> rtl::machines() {
  static const std::vector<std::unique_ptr<Machine>> all = makeAll();
  return all;
}
