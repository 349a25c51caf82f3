//===- MachineFuzzer.cpp - Machine files of any content -------------------===//
//
// A libFuzzer target: whatever stands in a machine file, reading it ends, and
// gives a machine with usable numbers or at least one error, not both.
//
//===----------------------------------------------------------------------===//

#include "aicc/Energy/MachineFile.h"

#include <cmath>
#include <cstdlib>

using namespace aicc;

namespace {
/// Counts what is said; positions must be there.
class CheckingSink : public DiagnosticSink {
protected:
  void emit(const Diagnostic &diagnostic) override {
    if (diagnostic.message.empty() || diagnostic.file.size() < 5)
      std::abort();
  }
};
} // namespace

static void expect(bool condition) {
  if (!condition)
    std::abort();
}

static void checkValue(const SourcedValue &value, double least = 0) {
  if (value.isSet())
    expect(std::isfinite(value.value) && value.value >= least);
}

static void checkMachine(const MachineDesc &machine) {
  expect(!machine.name.empty() && !machine.memories.empty());
  expect(machine.clockMhz.isSet() && machine.clockMhz.value > 0);
  for (const MemoryDesc &memory : machine.memories) {
    expect(memory.bytesPerCycle.isSet() && memory.bytesPerCycle.value > 0);
    expect(memory.bytes > 0 || &memory == &machine.memories.back());
    expect(memory.perAxes >> machine.array.axes.size() == 0);
    checkValue(memory.readPjPerByte);
    checkValue(memory.writePjPerByte);
    checkValue(memory.leakageMw);
  }
  for (const ArrayDesc::Axis &axis : machine.array.axes)
    expect(axis.size > 0 && !axis.name.empty());
  checkValue(machine.array.macsPerCycle, 1e-30);
  for (const auto &[name, value] : machine.actions)
    checkValue(value);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  CheckingSink sink;
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  std::optional<MachineDesc> machine = parseMachine(text, "m", sink);
  expect(machine.has_value() != sink.hasErrors());
  if (machine)
    checkMachine(*machine);
  return 0;
}
