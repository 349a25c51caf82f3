//===- Options.cpp - The command line, for tools and bindings -------------===//

#include "aicc/Compiler/Options.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Option/Arg.h"
#include "llvm/Option/ArgList.h"
#include "llvm/Option/OptTable.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace aicc;
using namespace llvm;

namespace {

/// Beyond the flags of llvm::opt::DriverFlag.
constexpr unsigned NotYetFlag = 1u << 4;

enum OptionId : unsigned {
  OPT_INVALID = 0,
#define OPTION(...) LLVM_MAKE_OPT_ID(__VA_ARGS__),
#include "lib/Compiler/Options.inc"
#undef OPTION
};

#define OPTTABLE_STR_TABLE_CODE
#include "lib/Compiler/Options.inc"
#undef OPTTABLE_STR_TABLE_CODE

#define OPTTABLE_PREFIXES_TABLE_CODE
#include "lib/Compiler/Options.inc"
#undef OPTTABLE_PREFIXES_TABLE_CODE

using namespace llvm::opt;
constexpr OptTable::Info optionInfos[] = {
#define OPTION(...) LLVM_CONSTRUCT_OPT_INFO(__VA_ARGS__),
#include "lib/Compiler/Options.inc"
#undef OPTION
};

class AiccOptTable : public GenericOptTable {
public:
  AiccOptTable()
      : GenericOptTable(OptionStrTable, OptionPrefixesTable, optionInfos) {}
};

/// Fills a CommandLine from parsed arguments; stops at the first error.
class CommandLineReader {
public:
  CommandLineReader(CommandLine &line, std::string &error)
      : line(line), request(line.request), error(error) {}

  bool read(const Arg &arg);

private:
  bool readEnum(const Arg &arg);
  bool readShape(StringRef value);
  bool readQuantize(const Arg &arg);
  bool readValue(StringRef value);
  bool fail(const Twine &message) {
    error = message.str();
    return false;
  }
  bool badValue(const Arg &arg, const Twine &expected) {
    return fail("'" + arg.getSpelling() + arg.getValue() + "': expected " +
                expected);
  }
  template <typename T>
  bool number(const Arg &arg, T &result, const Twine &expected) {
    return StringRef(arg.getValue()).getAsInteger(10, result)
               ? badValue(arg, expected)
               : true;
  }
  bool tolerance(const Arg &arg, double &result) {
    double value;
    if (StringRef(arg.getValue()).getAsDouble(value) || !(value >= 0))
      return badValue(arg, "a number of at least 0");
    result = value;
    return true;
  }

  bool budget(const Arg &arg, double &result) {
    double value;
    if (StringRef(arg.getValue()).getAsDouble(value) || !(value > 0) ||
        !std::isfinite(value))
      return badValue(arg, "a number above 0");
    result = value;
    return true;
  }

  CommandLine &line;
  CompileRequest &request;
  std::string &error;
};

} // namespace

bool CommandLineReader::readShape(StringRef value) {
  // Input names may hold ':' themselves ("input:0").
  auto [name, dims] = value.rsplit(':');
  std::string expected = "'--shape=" + value.str() +
                         "': expected INPUT:DxDx..., e.g. x:1x3x224x224";
  if (!value.contains(':') || name.empty())
    return fail(expected);
  std::vector<int64_t> shape;
  SmallVector<StringRef> parts;
  if (!dims.empty())
    dims.split(parts, 'x');
  for (StringRef part : parts) {
    int64_t extent;
    if (part.getAsInteger(10, extent) || extent < 0)
      return fail(expected);
    shape.push_back(extent);
  }
  request.options.shapes[name.str()] = std::move(shape);
  return true;
}

bool CommandLineReader::readValue(StringRef value) {
  // Paths may hold ':', as names of inputs may.
  size_t colon = value.find(":@");
  if (colon == StringRef::npos)
    colon = value.rfind(':');
  if (colon == StringRef::npos || colon == 0)
    return fail("'--value=" + value +
                "': expected INPUT:NUMBER,NUMBER... or INPUT:@FILE.npy");
  request.options.values[value.take_front(colon).str()] =
      value.drop_front(colon + 1).str();
  return true;
}

/// Options whose value is one of a few words.
bool CommandLineReader::readEnum(const Arg &arg) {
  StringRef value = arg.getValue();
  switch (arg.getOption().getID()) {
  case OPT_emit:
    if (value == "c")
      return fail("'--emit=" + value + "' is not yet available");
    if (std::optional<EmitKind> kind = parseEmitKind(value)) {
      request.emit = *kind;
      return true;
    }
    return badValue(arg, "onnx, graph, qdq, structured, mapped, report, loops, "
                         "llvm, asm, obj, lib, exe or check");
  case OPT_from:
    if ((request.from = parseStage(value)))
      return true;
    return badValue(arg, "onnx, graph, structured, mapped or loops");
  case OPT_objective:
    if (value == "latency")
      request.options.objective = Objective::Latency;
    else if (value == "energy")
      request.options.objective = Objective::Energy;
    else if (value == "edp")
      request.options.objective = Objective::Edp;
    else
      return badValue(arg, "latency, energy or edp");
    return true;
  default: // OPT_diagnostics
    if (value != "text" && value != "json")
      return badValue(arg, "text or json");
    line.json = value == "json";
    return true;
  }
}

/// Options of post-training quantisation.
bool CommandLineReader::readQuantize(const Arg &arg) {
  QuantizeOptions &quantize = request.options.quantize;
  StringRef value = arg.getValue();
  switch (arg.getOption().getID()) {
  case OPT_quantize:
    if (value == "int4w" || value == "auto")
      return fail("'--quantize=" + value + "' is not yet available");
    quantize.int8 = value == "int8";
    quantize.bf16 = value == "bf16";
    return quantize.int8 || quantize.bf16 ? true
                                          : badValue(arg, "int8 or bf16");
  case OPT_calibration:
    quantize.calibration = value.str();
    return value.empty() ? fail("the path of the calibration data is empty")
                         : true;
  default: // OPT_calibration_method
    if (value == "minmax") {
      quantize.method = CalibrationMethod::MinMax;
      return true;
    }
    quantize.method = CalibrationMethod::Percentile;
    if (value == "percentile")
      return true;
    double percent;
    if (!value.consume_front("percentile:") || value.getAsDouble(percent) ||
        !(percent > 50 && percent <= 100))
      return badValue(arg, "minmax, percentile or percentile:P, where P is "
                           "above 50 and at most 100");
    quantize.percentile = percent;
    return true;
  }
}

bool CommandLineReader::read(const Arg &arg) {
  CompileOptions &options = request.options;
  switch (arg.getOption().getID()) {
  case OPT_INPUT:
    if (!options.modelPath.empty())
      return fail("more than one model: '" + options.modelPath + "' and '" +
                  arg.getValue() + "'");
    options.modelPath = arg.getValue();
    if (options.modelPath.empty())
      return fail("the model's path is empty");
    return true;
  case OPT_emit:
  case OPT_from:
  case OPT_objective:
  case OPT_diagnostics:
    return readEnum(arg);
  case OPT_quantize:
  case OPT_calibration:
  case OPT_calibration_method:
    return readQuantize(arg);
  case OPT_no_bias_correction:
    options.quantize.biasCorrection = false;
    return true;
  case OPT_shape:
    return readShape(arg.getValue());
  case OPT_value:
    return readValue(arg.getValue());
  case OPT_O:
    if (!number(arg, options.optLevel, "-O0, -O1, -O2 or -O3"))
      return false;
    return options.optLevel <= 3 ? true : badValue(arg, "-O0, -O1, -O2 or -O3");
  case OPT_threads:
    if (!number(arg, options.threads, "a number of at least 1"))
      return false;
    return options.threads >= 1 ? true
                                : badValue(arg, "a number of at least 1");
  case OPT_energy_budget:
    return budget(arg, options.budgets.energyUj);
  case OPT_latency_budget:
    return budget(arg, options.budgets.latencyUs);
  case OPT_memory_budget:
    return budget(arg, options.budgets.memoryBytes);
  case OPT_rtol:
    return tolerance(arg, request.rtol);
  case OPT_atol:
    return tolerance(arg, request.atol);
  case OPT_output:
    request.output = arg.getValue();
    return request.output.empty() ? fail("the output's path is empty") : true;
  case OPT_target:
    options.target = arg.getValue();
    return true;
  case OPT_mcpu:
    options.cpu = arg.getValue();
    return true;
  case OPT_mtriple:
    options.triple = arg.getValue();
    return true;
  case OPT_strict_fp:
    options.strictFp = true;
    return true;
  case OPT_cache:
    request.cache = arg.getValue();
    return request.cache.empty() ? fail("the folder of the cache has no name")
                                 : true;
  case OPT_load_target:
    request.loadTargets.push_back(arg.getValue());
    return true;
  case OPT_dump_stages:
    request.dumpStages = arg.getValue();
    return true;
  case OPT_with_weights:
    request.withWeights = true;
    return true;
  case OPT_timing:
    request.timing = true;
    return true;
  case OPT_reproducer:
    request.reproducer = arg.getValue();
    return true;
  case OPT_verify:
    request.verifyFile = arg.getValue();
    return true;
  case OPT_report:
    request.reportFile = arg.getValue();
    return request.reportFile.empty() ? fail("the report's path is empty")
                                      : true;
  case OPT_explain:
    request.explainNode = arg.getValue();
    return request.explainNode.empty() ? fail("the node's name is empty")
                                       : true;
  case OPT_no_fallback:
    request.options.noFallback = true;
    return true;
  case OPT_quiet:
    line.quiet = true;
    return true;
  case OPT_verbose:
    request.verbose = true;
    return true;
  case OPT_help:
    line.action = CommandLine::Action::Help;
    return true;
  case OPT_version:
    line.action = CommandLine::Action::Version;
    return true;
  case OPT_list_targets:
    line.action = CommandLine::Action::ListTargets;
    return true;
  case OPT_check_machine:
    line.action = CommandLine::Action::CheckMachine;
    line.machineFile = arg.getValue();
    return true;
  default:
    return fail("option '" + arg.getSpelling() + "' is not handled");
  }
}

/// "; did you mean '--target='?" or nothing.
static std::string suggestion(const OptTable &table, StringRef option) {
  std::string nearest;
  if (table.findNearest(option.split('=').first, nearest) > 2)
    return "";
  return "; did you mean '" + nearest + "'?";
}

bool aicc::parseCommandLine(ArrayRef<std::string> args,
                            CommandLine &commandLine, std::string &error,
                            StringRef model) {
  AiccOptTable table;
  commandLine.request.options.modelPath = model.str();
  std::vector<const char *> pointers;
  for (const std::string &arg : args)
    pointers.push_back(arg.c_str());
  unsigned missingIndex, missingCount;
  InputArgList parsed = table.ParseArgs(pointers, missingIndex, missingCount);

  // The form of the error message is decided before there can be one.
  for (const Arg *arg : parsed.filtered(OPT_diagnostics))
    commandLine.json = StringRef(arg->getValue()) == "json";
  if (missingCount) {
    error = "option '" + args[missingIndex] + "' needs a value";
    return false;
  }
  for (const Arg *arg : parsed.filtered(OPT_UNKNOWN)) {
    std::string text = arg->getAsString(parsed);
    error = "unknown option '" + text + "'" + suggestion(table, text);
    return false;
  }
  CommandLineReader reader(commandLine, error);
  for (const Arg *arg : parsed) {
    if (arg->getOption().hasFlag(NotYetFlag)) {
      StringRef name = arg->getOption().getPrefixedName();
      error = "'" + name.rtrim('=').str() + "' is not yet available";
      return false;
    }
    if (!reader.read(*arg))
      return false;
  }
  if (commandLine.action == CommandLine::Action::Compile &&
      commandLine.request.options.modelPath.empty()) {
    error = "no model given; try 'aicc --help'";
    return false;
  }
  return true;
}

bool aicc::isSwitch(StringRef name) {
  AiccOptTable table;
  std::string spelling = (name.size() == 1 ? "-" : "--") + name.str();
  for (unsigned id = 1; id <= table.getNumOptions(); ++id) {
    Option option = table.getOption(id);
    if (option.getKind() == Option::FlagClass &&
        option.getPrefixedName() == spelling)
      return true;
  }
  return false;
}

void aicc::printHelp(raw_ostream &os) {
  AiccOptTable().printHelp(os, "aicc MODEL.onnx [-o OUT] [options]",
                           "Compiles an ONNX model to native code");
}
