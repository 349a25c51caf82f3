//===- Options.cpp - The command line of aicc-run -------------------------===//

#include "lib/Runtime/Run/Runner.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace aicc::run;

static const char help[] =
    R"(usage: aicc-run ARTEFACT [options]

Runs a model that aicc compiled; a program emitted by aicc takes the same
options, without ARTEFACT.

  --input=NAME=@X.npy     an input; NAME= may be left out if there is only one
  --random[=SEED]         fills the inputs that are not given with noise
  --output=NAME=@Y.npy    where to write an output
  --expected=NAME=@E.npy  compares an output; exit code 4 if it differs
  --rtol=X --atol=X       |output - expected| <= atol + rtol * |expected|
                          (default 1e-3 and 1e-4)
  --repeat=N --warmup=N   timed runs (default 1) after untimed ones (default 0)
  --threads=N             at most N threads (default: one a processor)
  --json                  prints the measurements as JSON
  --counts                prints what the device counted in the last run
  --trace=FILE            what its units did when, for https://ui.perfetto.dev
  --help  --version

Exit codes: 0 ok, 1 bad artefact or input, 2 usage, 4 an output differs.
)";

static int usage(const std::string &message) {
  std::fprintf(stderr, "aicc-run: error: %s\nhelp: aicc-run --help\n",
               message.c_str());
  return Usage;
}

static bool parseNamedFile(const std::string &text, NamedFile &file) {
  size_t at = text.find("=@");
  if (at != std::string::npos)
    file = {text.substr(0, at), text.substr(at + 2)};
  else if (!text.empty() && text[0] == '@')
    file = {"", text.substr(1)};
  return !file.path.empty();
}

static bool parseInteger(const std::string &text, int64_t least, int64_t most,
                         int64_t &value) {
  char *end = nullptr;
  errno = 0;
  value = std::strtoll(text.c_str(), &end, 10);
  return !text.empty() && !*end && !errno && value >= least && value <= most;
}

static bool parseNumber(const std::string &text, double &value) {
  char *end = nullptr;
  value = std::strtod(text.c_str(), &end);
  return !text.empty() && !*end && value >= 0;
}

/// Sets the option `name`; false if `value` does not suit it. `known` says
/// whether there is such an option.
static bool setOption(Options &options, const std::string &name,
                      const std::string &value, bool hasValue, bool &known) {
  int64_t number = 0;
  NamedFile file;
  if (name == "input" || name == "output" || name == "expected") {
    if (!parseNamedFile(value, file))
      return false;
    (name == "input"    ? options.inputs
     : name == "output" ? options.outputs
                        : options.expected)
        .push_back(file);
    return true;
  }
  if (name == "random") {
    if (hasValue && !parseInteger(value, 0, INT64_MAX, number))
      return false;
    options.random = number;
    return true;
  }
  if (name == "rtol")
    return parseNumber(value, options.rtol);
  if (name == "atol")
    return parseNumber(value, options.atol);
  if (name == "repeat")
    return parseInteger(value, 1, 1 << 24, options.repeat);
  if (name == "warmup")
    return parseInteger(value, 0, 1 << 24, options.warmup);
  if (name == "threads") {
    if (!parseInteger(value, 1, 4096, number))
      return false;
    options.threads = static_cast<int32_t>(number);
    return true;
  }
  if (name == "json")
    return options.json = !hasValue;
  if (name == "counts")
    return options.counts = !hasValue;
  if (name == "trace") {
    options.trace = value;
    return !options.trace.empty();
  }
  known = false;
  return false;
}

int aicc::run::parseOptions(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.compare(0, 2, "--") != 0) {
      if (options.linked)
        return usage("unexpected argument '" + argument + "'");
      if (!options.artefact.empty())
        return usage("more than one artefact given: '" + argument + "'");
      options.artefact = argument;
      continue;
    }
    size_t equals = argument.find('=');
    bool hasValue = equals != std::string::npos;
    std::string name = argument.substr(2, hasValue ? equals - 2 : equals);
    std::string value = hasValue ? argument.substr(equals + 1) : "";
    if (name == "help") {
      std::fputs(help, stdout);
      return Ok;
    }
    if (name == "version") {
      std::puts("aicc-run " AICC_VERSION);
      return Ok;
    }
    bool known = true;
    if (!setOption(options, name, value, hasValue, known))
      return usage(!known ? "unknown option '" + argument + "'"
                          : "wrong value in '" + argument + "'");
  }
  if (options.linked)
    options.artefact = argv[0];
  if (options.artefact.empty())
    return usage("no artefact given");
  return -1;
}
