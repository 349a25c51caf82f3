//===- Runner.cpp - Run a compiled model ----------------------------------===//

#include "lib/Runtime/Run/Runner.h"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>

using namespace aicc;
using namespace aicc::run;

namespace {

using Clock = std::chrono::steady_clock;

double microsecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start)
      .count();
}

int fail(const std::string &file, const std::string &message) {
  std::fprintf(stderr, "%s: error: %s\n", file.c_str(), message.c_str());
  return BadInput;
}

/// Numbers that depend on the seed alone (splitmix64).
class Noise {
public:
  explicit Noise(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [-1, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-52 - 1; }

private:
  uint64_t state;
};

class Runner {
public:
  explicit Runner(const Options &options) : options(options) {}
  ~Runner() {
    aicc_context_free(context);
    aicc_model_free(model);
  }
  int run();

private:
  int load();
  int readInputs();
  int allocateOutputs();
  int measure();
  int writeOutputs();
  int compare(std::vector<OutputReport> &reports, bool &same);
  int find(const NamedFile &file, const char *kind,
           const aicc_tensor_desc *descs, uint32_t count, uint32_t &index);
  void fill(HostTensor &tensor, Noise &noise);

  const Options &options;
  aicc_model *model = nullptr;
  aicc_context *context = nullptr;
  const aicc_model_desc *desc = nullptr;
  std::vector<HostTensor> inputs, outputs;
  Measurements measurements;
};

std::vector<int64_t> shapeOf(const aicc_tensor_desc &desc) {
  return std::vector<int64_t>(desc.shape, desc.shape + desc.rank);
}

} // namespace

/// Where the running program is: a side file of weights is beside it.
static std::string programFolder() {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  std::string name(path, length > 0 ? length : 0);
  size_t slash = name.rfind('/');
  return slash == std::string::npos ? "." : name.substr(0, slash);
}

int Runner::load() {
  Clock::time_point start = Clock::now();
  aicc_status status =
      options.linked ? aicc_model_from_desc(options.linked,
                                            programFolder().c_str(), &model)
                     : aicc_model_load(options.artefact.c_str(), &model);
  if (status != AICC_OK || aicc_context_create(model, &context) != AICC_OK)
    return fail(options.artefact, aicc_last_error(nullptr));
  measurements.loadMicroseconds = microsecondsSince(start);
  desc = aicc_model_get_desc(model);
  measurements.arenaBytes = desc->arena_bytes;
  measurements.weightBytes = desc->weight_bytes;
  int32_t processors = aicc_set_budget(0);
  measurements.threads = options.threads ? options.threads : processors;
  // Asking for more threads than processors is taken at its word.
  if (measurements.threads > processors)
    aicc_set_budget(measurements.threads);
  aicc_context_set_threads(context, measurements.threads);
  return Ok;
}

int Runner::find(const NamedFile &file, const char *kind,
                 const aicc_tensor_desc *descs, uint32_t count,
                 uint32_t &index) {
  std::string names;
  for (uint32_t i = 0; i < count; ++i) {
    if (file.name == descs[i].name || (file.name.empty() && count == 1)) {
      index = i;
      return Ok;
    }
    names += std::string(i ? ", '" : "'") + descs[i].name + "'";
  }
  if (file.name.empty())
    return fail(options.artefact, std::string("has several ") + kind +
                                      "s, say which one: " + names);
  return fail(options.artefact, "has no " + std::string(kind) + " '" +
                                    file.name + "', only " + names);
}

void Runner::fill(HostTensor &tensor, Noise &noise) {
  int64_t count = tensor.elements();
  size_t size = aicc_dtype_size(tensor.dtype);
  for (int64_t i = 0; i < count; ++i) {
    char *at = tensor.data() + i * size;
    double value = noise.uniform();
    if (tensor.dtype == AICC_FLOAT64) {
      std::memcpy(at, &value, 8);
    } else if (tensor.dtype == AICC_FLOAT32) {
      float single = static_cast<float>(value);
      std::memcpy(at, &single, 4);
    } else if (tensor.dtype == AICC_BFLOAT16) {
      float single = static_cast<float>(value);
      std::memcpy(at, reinterpret_cast<char *>(&single) + 2, 2);
    } else if (tensor.dtype == AICC_FLOAT16) {
      // A sign, an exponent for 0.5 to 1, and ten bits of noise.
      uint16_t bits = 0x3800 | (noise.next() & 0x83ff);
      std::memcpy(at, &bits, 2);
    } else {
      // Small and not negative: valid as an index, a token or a flag.
      *at = static_cast<char>(noise.next() & 1);
    }
  }
}

int Runner::readInputs() {
  inputs.resize(desc->num_inputs);
  std::vector<bool> given(desc->num_inputs, false);
  for (const NamedFile &file : options.inputs) {
    uint32_t index = 0;
    if (int code = find(file, "input", desc->inputs, desc->num_inputs, index))
      return code;
    std::string error;
    if (!readNpy(file.path, inputs[index], error))
      return fail(file.path, error);
    readAs(inputs[index], desc->inputs[index].dtype);
    given[index] = true;
  }
  Noise noise(options.random.value_or(0));
  for (uint32_t i = 0; i < desc->num_inputs; ++i) {
    const aicc_tensor_desc &input = desc->inputs[i];
    if (given[i])
      continue;
    if (!options.random)
      return fail(options.artefact,
                  std::string("input '") + input.name +
                      "' is not given: use --input=" + input.name +
                      "=@FILE.npy, or --random for noise");
    if (!inputs[i].allocate(input.dtype, shapeOf(input)))
      return fail(options.artefact, "an input is too large");
    fill(inputs[i], noise);
  }
  return Ok;
}

int Runner::allocateOutputs() {
  outputs.resize(desc->num_outputs);
  for (uint32_t i = 0; i < desc->num_outputs; ++i)
    if (!outputs[i].allocate(desc->outputs[i].dtype, shapeOf(desc->outputs[i])))
      return fail(options.artefact, "an output is too large");
  return Ok;
}

int Runner::measure() {
  std::vector<aicc_tensor> ins, outs;
  for (HostTensor &tensor : inputs)
    ins.push_back(tensor.view());
  for (HostTensor &tensor : outputs)
    outs.push_back(tensor.view());
  measurements.latencies.reserve(options.repeat);
  if (!options.trace.empty() && aicc_context_start_trace(context) != AICC_OK)
    return fail(options.artefact, aicc_last_error(context));
  for (int64_t i = -options.warmup; i < options.repeat; ++i) {
    Clock::time_point start = Clock::now();
    if (aicc_run(context, ins.data(), ins.size(), outs.data(), outs.size()) !=
        AICC_OK)
      return fail(options.artefact, aicc_last_error(context));
    if (i >= 0)
      measurements.latencies.push_back(microsecondsSince(start));
  }
  if (options.counts) {
    const char *counts = aicc_context_counts(context);
    if (!counts)
      return fail(options.artefact, "has no device that counts");
    measurements.counts = counts;
  }
  if (!options.trace.empty() &&
      aicc_context_write_trace(context, options.trace.c_str()) != AICC_OK)
    return fail(options.trace, aicc_last_error(context));
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  measurements.peakRssBytes = static_cast<int64_t>(usage.ru_maxrss) * 1024;
  return Ok;
}

int Runner::writeOutputs() {
  for (const NamedFile &file : options.outputs) {
    uint32_t index = 0;
    if (int code =
            find(file, "output", desc->outputs, desc->num_outputs, index))
      return code;
    std::string error;
    if (!writeNpy(file.path, outputs[index], error))
      return fail(file.path, error);
  }
  return Ok;
}

int Runner::compare(std::vector<OutputReport> &reports, bool &same) {
  for (uint32_t i = 0; i < desc->num_outputs; ++i)
    reports.push_back({desc->outputs[i].name, &outputs[i], std::nullopt});
  for (const NamedFile &file : options.expected) {
    uint32_t index = 0;
    if (int code =
            find(file, "output", desc->outputs, desc->num_outputs, index))
      return code;
    HostTensor expected;
    std::string error;
    if (!readNpy(file.path, expected, error))
      return fail(file.path, error);
    if (!readAs(expected, outputs[index].dtype) ||
        expected.shape != outputs[index].shape)
      return fail(file.path, "is not of the type and shape of output '" +
                                 reports[index].name + "'");
    reports[index].comparison =
        compareTensors(outputs[index], expected, options.rtol, options.atol);
    same = same && reports[index].comparison->mismatches == 0;
  }
  return Ok;
}

int Runner::run() {
  std::vector<OutputReport> reports;
  bool same = true;
  if (int code = load())
    return code;
  if (int code = readInputs())
    return code;
  if (int code = allocateOutputs())
    return code;
  if (int code = measure())
    return code;
  if (int code = writeOutputs())
    return code;
  if (int code = compare(reports, same))
    return code;
  (options.json ? printJson : printTable)(options, measurements, reports);
  return same ? Ok : VerifyFailed;
}

int aicc_main(int argc, char **argv, const aicc_model_desc *desc) {
  Options options;
  options.linked = desc;
  if (int code = parseOptions(argc, argv, options); code >= 0)
    return code;
  return runModel(options);
}

int aicc::run::runModel(const Options &options) {
  return Runner(options).run();
}
