//===- Trace.h - What happened when, for Perfetto ---------------*- C++ -*-===//
//
// The trace event format that ui.perfetto.dev and chrome://tracing read: a
// track for each unit (the array's weights and sums have one each), a slice for
// each instruction with its text, and the DRAM's bytes per cycle as counters.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_SIMULATOR_TRACE_H
#define TARGETS_SYSTOLIC_SIMULATOR_TRACE_H

#include "targets/systolic/Simulator/Simulator.h"

namespace aicc::systolic {

/// Keeps the events of several runs, one after the other. Instructions of one
/// cycle that follow each other in a unit become one slice.
class Trace : public TraceSink {
public:
  /// For the time of a cycle; 0 kHz: 1 GHz.
  explicit Trace(const MachineConfig &machine);

  void instruction(Queue queue, uint64_t index, const Instruction &instruction,
                   uint64_t start, uint64_t end) override;
  void dramRequest(bool write, uint64_t bytes, uint64_t start256,
                   uint64_t end256) override;
  void entry(const Entry &entry, uint64_t cycles) override;

  /// As JSON.
  std::string text() const;

private:
  struct Slice {
    uint64_t start, end, index;
    Instruction instruction;
    uint32_t count; ///< Instructions in it.
  };
  struct Launch {
    std::string name;
    uint64_t start, end;
  };
  enum Track : unsigned { Load, Execute, Store, Vector, Weights, Launches };
  static constexpr unsigned numTracks = Launches;

  std::string timeOf(uint64_t cycle) const;
  void writeSlices(std::string &out, unsigned track) const;
  void writeCounter(std::string &out, bool write) const;
  void addBytes(std::vector<uint64_t> &counter, uint64_t cycle, uint64_t bytes);

  uint64_t clockKhz;
  uint64_t origin = 0; ///< Of the current run.
  std::array<std::vector<Slice>, numTracks> slices;
  std::vector<Launch> launches;
  /// Bytes of reads and of writes in buckets of as many cycles, which double as
  /// the trace gets longer.
  uint64_t bucketCycles = 16;
  std::array<std::vector<uint64_t>, 2> dramBytes;
};

/// Writes the trace to a file. If it cannot, why is in `error`.
bool writeTrace(const std::string &path, const Trace &trace,
                std::string &error);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SIMULATOR_TRACE_H
