//===- Runner.h - Run a compiled model --------------------------*- C++ -*-===//

#ifndef AICC_LIB_RUNTIME_RUN_RUNNER_H
#define AICC_LIB_RUNTIME_RUN_RUNNER_H

#include "aicc/Runtime/Npy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aicc::run {

/// Exit codes (DESIGN section 7).
enum ExitCode { Ok = 0, BadInput = 1, Usage = 2, VerifyFailed = 4 };

/// NAME=@FILE; the name may be left out where there is one tensor only.
struct NamedFile {
  std::string name, path;
};

struct Options {
  std::string artefact; ///< Where it is, or the name of the program.
  const aicc_model_desc *linked = nullptr; ///< A model that is linked in.
  std::vector<NamedFile> inputs, outputs, expected;
  std::optional<uint64_t> random; ///< Seed for inputs that are not given.
  double rtol = 1e-3, atol = 1e-4;
  int64_t repeat = 1, warmup = 0;
  int32_t threads = 0; ///< 0: as many as there are processors.
  bool json = false;
  bool counts = false; ///< Prints what the device counted in the last run.
  std::string trace;   ///< Where the last run's trace goes.
};

/// With `options.linked` set, no artefact is expected.
/// Returns an exit code where there is nothing to run (help, a wrong flag:
/// said on stderr), else -1.
int parseOptions(int argc, char **argv, Options &options);

/// Latencies in microseconds, and what else a run measures.
struct Measurements {
  std::vector<double> latencies; ///< One a repetition, in order.
  double loadMicroseconds = 0;
  int32_t threads = 0;
  uint64_t arenaBytes = 0, weightBytes = 0;
  int64_t peakRssBytes = 0;
  std::string counts; ///< Of the device, JSON; empty if it has none.
};

/// One output, and how it compares if something was expected.
struct OutputReport {
  std::string name;
  const HostTensor *tensor = nullptr;
  std::optional<Comparison> comparison;
};

void printTable(const Options &options, const Measurements &measurements,
                const std::vector<OutputReport> &outputs);
void printJson(const Options &options, const Measurements &measurements,
               const std::vector<OutputReport> &outputs);

/// Loads, runs, writes, compares and prints; returns the exit code.
int runModel(const Options &options);

} // namespace aicc::run

#endif // AICC_LIB_RUNTIME_RUN_RUNNER_H
