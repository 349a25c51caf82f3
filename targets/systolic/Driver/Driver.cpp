//===- Driver.cpp - Device programs on the simulator ----------------------===//

#include "targets/systolic/Driver/Driver.h"
#include "targets/systolic/Driver/Counters.h"
#include "targets/systolic/Simulator/Trace.h"

#include <cstdio>
#include <new>

using namespace aicc::systolic;

namespace {
struct Device {
  /// The simulator has the program; its entries are named from here.
  Program program;
  std::unique_ptr<Simulator> simulator;
  RunLog log;
  std::string text;
  std::vector<Segment> segments;
  std::unique_ptr<Trace> trace; ///< Null: nothing is recorded.
};
} // namespace

static void say(const std::string &text, char *error, size_t bytes) {
  if (error && bytes)
    std::snprintf(error, bytes, "%s", text.c_str());
}

static void *openDevice(const void *program, uint64_t bytes, char *error,
                        size_t errorBytes) {
  std::string why;
  auto device = std::unique_ptr<Device>(new (std::nothrow) Device);
  std::optional<Program> read;
  if (device)
    read = deserialize(static_cast<const uint8_t *>(program), bytes, why);
  else
    why = "out of memory";
  if (read) {
    device->program = *read;
    device->simulator = Simulator::create(read->machine, why);
    if (device->simulator && device->simulator->load(std::move(*read), why))
      return device.release();
  }
  say(why, error, errorBytes);
  return nullptr;
}

static int32_t runEntry(void *state, uint64_t entry, const aicc_buffer *buffers,
                        uint64_t count, char *error, size_t errorBytes) {
  auto &device = *static_cast<Device *>(state);
  if (entry >= device.program.entries.size()) {
    say("there is no entry " + std::to_string(entry), error, errorBytes);
    return 1;
  }
  device.segments.clear();
  for (uint64_t i = 0; i < count; ++i)
    device.segments.push_back({static_cast<uint8_t *>(buffers[i].data),
                               buffers[i].bytes, buffers[i].writable != 0});
  RunResult result;
  std::string why;
  if (!device.simulator->run(unsigned(entry), device.segments.data(),
                             device.segments.size(), result, why,
                             device.trace.get())) {
    say("'" + device.program.entries[entry].name + "': " + why, error,
        errorBytes);
    return 1;
  }
  device.log.runs.push_back({&device.program.entries[entry], result});
  return 0;
}

static const char *countsOf(void *state) {
  auto &device = *static_cast<Device *>(state);
  device.text = device.log.json(device.program.machine);
  return device.text.c_str();
}

static void resetDevice(void *state) {
  auto &device = *static_cast<Device *>(state);
  device.log.runs.clear();
  device.simulator->forget();
  if (device.trace)
    device.trace = std::make_unique<Trace>(device.program.machine);
}

static void startTrace(void *state) {
  auto &device = *static_cast<Device *>(state);
  device.trace = std::make_unique<Trace>(device.program.machine);
}

static int32_t writeTraceOf(void *state, const char *path, char *error,
                            size_t errorBytes) {
  auto &device = *static_cast<Device *>(state);
  std::string why = "nothing was recorded";
  if (device.trace && writeTrace(path, *device.trace, why))
    return 0;
  say(why, error, errorBytes);
  return 1;
}

static void closeDevice(void *state) { delete static_cast<Device *>(state); }

const aicc_driver *aicc::systolic::driver() {
  static const aicc_driver simulated = {
      sizeof(aicc_driver), "systolic", openDevice,   runEntry,   countsOf,
      resetDevice,         startTrace, writeTraceOf, closeDevice};
  return &simulated;
}
