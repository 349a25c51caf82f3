//===- Report.cpp - What aicc-run prints ----------------------------------===//

#include "lib/Runtime/Run/Runner.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>

using namespace aicc;
using namespace aicc::run;

namespace {
struct Latency {
  double median = 0, min = 0, p90 = 0;
};
} // namespace

static Latency summarise(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  size_t n = samples.size();
  Latency latency;
  latency.min = samples.front();
  latency.median =
      n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
  latency.p90 =
      samples[std::min(n - 1, static_cast<size_t>(std::ceil(0.9 * n) - 1))];
  return latency;
}

static std::string shapeText(const HostTensor &tensor) {
  std::string text;
  for (int64_t extent : tensor.shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text.empty() ? "scalar" : text;
}

static std::string verdict(const OutputReport &output) {
  if (!output.comparison)
    return "";
  const Comparison &c = *output.comparison;
  char text[160];
  std::snprintf(text, sizeof(text),
                "%s (%" PRId64 " of %" PRId64
                " differ, largest difference %.3g, relative %.3g)",
                c.mismatches ? "DIFFERS" : "agrees", c.mismatches, c.elements,
                c.maxAbs, c.maxRel);
  return text;
}

void aicc::run::printTable(const Options &options,
                           const Measurements &measurements,
                           const std::vector<OutputReport> &outputs) {
  size_t width = 6;
  for (const OutputReport &output : outputs)
    width = std::max(width, output.name.size());
  std::printf("%-*s  %-8s  %-16s  %12s  %12s\n", static_cast<int>(width),
              "output", "type", "shape", "min", "max");
  for (const OutputReport &output : outputs) {
    const HostTensor &tensor = *output.tensor;
    double least = HUGE_VAL, most = -HUGE_VAL;
    for (int64_t i = 0, e = tensor.elements(); i < e; ++i) {
      least = std::fmin(least, tensor.at(i));
      most = std::fmax(most, tensor.at(i));
    }
    std::printf("%-*s  %-8s  %-16s  %12.6g  %12.6g  %s\n",
                static_cast<int>(width), output.name.c_str(),
                aicc_dtype_name(tensor.dtype), shapeText(tensor).c_str(), least,
                most, verdict(output).c_str());
  }
  Latency latency = summarise(measurements.latencies);
  std::printf("latency: median %.1f us, min %.1f us, p90 %.1f us "
              "(%" PRId64 " runs, %d threads)\n",
              latency.median, latency.min, latency.p90, options.repeat,
              measurements.threads);
  std::printf(
      "memory: weights %.1f MiB, arena %.1f MiB, peak %.1f MiB; "
      "loaded in %.0f us\n",
      measurements.weightBytes / 1048576.0, measurements.arenaBytes / 1048576.0,
      measurements.peakRssBytes / 1048576.0, measurements.loadMicroseconds);
  if (!measurements.counts.empty())
    std::printf("counts: %s\n", measurements.counts.c_str());
}

/// `text` as a JSON string.
static std::string quote(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// JSON has neither infinities nor NaN.
static std::string number(double value) {
  if (!std::isfinite(value))
    return "null";
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

void aicc::run::printJson(const Options &options,
                          const Measurements &measurements,
                          const std::vector<OutputReport> &outputs) {
  Latency latency = summarise(measurements.latencies);
  std::printf("{\"latency_us\": {\"median\": %.3f, \"min\": %.3f, "
              "\"p90\": %.3f}, \"repeat\": %" PRId64 ", \"warmup\": %" PRId64
              ", \"threads\": %d, \"peak_rss_bytes\": %" PRId64
              ", \"load_us\": %.1f, \"arena_bytes\": %" PRIu64
              ", \"weight_bytes\": %" PRIu64 ", \"outputs\": [",
              latency.median, latency.min, latency.p90, options.repeat,
              options.warmup, measurements.threads, measurements.peakRssBytes,
              measurements.loadMicroseconds, measurements.arenaBytes,
              measurements.weightBytes);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const OutputReport &output = outputs[i];
    std::printf("%s{\"name\": %s, \"dtype\": \"%s\", \"shape\": [",
                i ? ", " : "", quote(output.name).c_str(),
                aicc_dtype_name(output.tensor->dtype));
    for (size_t d = 0; d < output.tensor->shape.size(); ++d)
      std::printf("%s%" PRId64, d ? ", " : "", output.tensor->shape[d]);
    std::printf("]");
    if (output.comparison)
      std::printf(", \"agrees\": %s, \"mismatches\": %" PRId64
                  ", \"max_abs\": %s, \"max_rel\": %s",
                  output.comparison->mismatches ? "false" : "true",
                  output.comparison->mismatches,
                  number(output.comparison->maxAbs).c_str(),
                  number(output.comparison->maxRel).c_str());
    std::printf("}");
  }
  std::printf("]");
  if (!measurements.counts.empty())
    std::printf(", \"counts\": %s", measurements.counts.c_str());
  std::printf("}\n");
}
