//===- Aicc.cpp - The C interface of the compiler -------------------------===//

#include "aicc-c/aicc.h"

#include "aicc/Compiler/Compiler.h"
#include "aicc/Compiler/Options.h"
#include "aicc/Report/Report.h"
#include "aicc/Target/Machines.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"

#include <memory>
#include <string>
#include <vector>

using namespace aicc;

struct aicc_options {
  std::vector<std::string> arguments;
  std::string error;
};

struct aicc_prepared {
  std::string key; ///< Of the model and the options that it was read with.
  PreparedModel model;
};

struct aicc_compilation {
  int status = 0;
  std::string output;
  std::string report;
  std::vector<Diagnostic> messages;
  /// Views into `messages`, in the form that C sees.
  std::vector<std::vector<const char *>> notes;
  std::vector<aicc_diagnostic> diagnostics;
};

const char *aicc_version(void) {
  return version().data(); // A literal: it ends in a zero.
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

aicc_options *aicc_options_create(void) { return new aicc_options; }

void aicc_options_destroy(aicc_options *options) { delete options; }

/// The command line form of an option: "--name=value"; a switch that is on is
/// "--name", and one that is off nothing. "O" and "o" have a form of their own.
static std::string toArgument(llvm::StringRef name, llvm::StringRef value) {
  if (name == "O" || name == "o")
    return "-" + name.str() + value.str();
  std::string argument = (name.size() == 1 ? "-" : "--") + name.str();
  if (!isSwitch(name))
    return argument + "=" + value.str();
  return value == "true" ? argument : "";
}

int aicc_options_set(aicc_options *options, const char *name,
                     const char *value) {
  options->error.clear();
  if (!name || !value) {
    options->error = "an option needs a name and a value";
    return exitCode(ErrorCode::Usage);
  }
  bool onOrOff =
      llvm::StringRef(value) == "true" || llvm::StringRef(value) == "false";
  if (isSwitch(name) && !onOrOff) {
    options->error = std::string("'") + name + "': expected true or false";
    return exitCode(ErrorCode::Usage);
  }
  std::string argument = toArgument(name, value);
  // Parsed alone, so that the error comes with the option that caused it.
  std::vector<std::string> alone;
  if (!argument.empty())
    alone.push_back(argument);
  CommandLine line;
  if (!parseCommandLine(alone, line, options->error, "model"))
    return exitCode(ErrorCode::Usage);
  if (line.action != CommandLine::Action::Compile) {
    options->error = std::string("'") + name + "' is not about a compilation";
    return exitCode(ErrorCode::Usage);
  }
  if (!argument.empty())
    options->arguments.push_back(std::move(argument));
  return 0;
}

const char *aicc_options_error(const aicc_options *options) {
  return options->error.c_str();
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

/// Makes the C views once all messages are there and no string moves any more.
static void makeViews(aicc_compilation &compilation) {
  for (const Diagnostic &d : compilation.messages) {
    std::vector<const char *> notes;
    for (const std::string &note : d.notes)
      notes.push_back(note.c_str());
    compilation.notes.push_back(std::move(notes));
  }
  for (auto [index, d] : llvm::enumerate(compilation.messages)) {
    aicc_diagnostic view;
    view.severity = static_cast<aicc_severity>(d.severity);
    view.code =
        d.severity == Severity::Error ? errorCodeName(d.code).data() : "";
    view.file = d.file.c_str();
    view.node = d.node.c_str();
    view.op = d.op.c_str();
    view.opset = d.opset;
    view.message = d.message.c_str();
    view.help = d.help.c_str();
    view.num_notes = compilation.notes[index].size();
    view.notes = compilation.notes[index].data();
    compilation.diagnostics.push_back(view);
  }
}

/// Takes over what `sink` was told.
static void finish(aicc_compilation &result,
                   const CollectingDiagnosticSink &sink) {
  if (sink.hasErrors())
    result.status = exitCode(sink.firstError());
  if (result.status)
    result.report.clear();
  result.messages = sink.diagnostics();
  makeViews(result);
}

/// Runs the compiler on `model_path` with `options`, as `adjust` wants it.
static aicc_compilation *
run(const char *model_path, const aicc_options *options,
    llvm::function_ref<void(CompileRequest &, aicc_compilation &)> adjust) {
  auto result = std::make_unique<aicc_compilation>();
  CollectingDiagnosticSink sink;
  std::vector<std::string> arguments;
  if (options)
    arguments = options->arguments;
  CommandLine line;
  std::string error = "no model given";
  bool valid = model_path && *model_path &&
               parseCommandLine(arguments, line, error, model_path);
  if (!valid) {
    Diagnostic d;
    d.code = ErrorCode::Usage;
    d.message = error;
    sink.report(std::move(d));
  } else {
    adjust(line.request, *result);
    if (std::optional<std::string> output = compile(line.request, sink))
      result->output = *output;
    else if (!sink.hasErrors())
      result->status = exitCode(ErrorCode::Internal);
  }
  finish(*result, sink);
  return result.release();
}

aicc_compilation *aicc_compile(const char *model_path, const char *output_path,
                               const aicc_options *options) {
  return run(model_path, options,
             [&](CompileRequest &request, aicc_compilation &result) {
               if (output_path)
                 request.output = output_path;
               // IR of earlier stages has no cost to report.
               if (request.emit >= EmitKind::Mapped)
                 request.reportJson = &result.report;
             });
}

aicc_compilation *aicc_estimate(const char *model_path,
                                const aicc_options *options) {
  return run(model_path, options,
             [](CompileRequest &request, aicc_compilation &result) {
               request.emit = EmitKind::Report;
               request.reportJson = &result.report;
             });
}

aicc_prepared *aicc_prepared_create(void) { return new aicc_prepared; }

void aicc_prepared_destroy(aicc_prepared *prepared) { delete prepared; }

/// All that the first stages depend on: the file as it is now, and options.
static std::string keyOf(const char *path, const aicc_options *options) {
  std::string key = path ? path : "";
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(key, status))
    key += '\0' + std::to_string(status.getSize()) + '\0' +
           std::to_string(
               status.getLastModificationTime().time_since_epoch().count());
  if (options)
    for (llvm::StringRef argument : options->arguments)
      if (!argument.starts_with("--target=") &&
          !argument.starts_with("--objective="))
        key += '\0' + argument.str();
  return key;
}

aicc_compilation *aicc_estimate_prepared(aicc_prepared *prepared,
                                         const char *model_path,
                                         const aicc_options *options) {
  std::string key = keyOf(model_path, options);
  if (prepared->key != key) {
    prepared->model.forget();
    prepared->key = std::move(key);
  }
  return run(model_path, options,
             [&](CompileRequest &request, aicc_compilation &result) {
               request.emit = EmitKind::Report;
               request.reportJson = &result.report;
               request.prepared = &prepared->model;
             });
}

aicc_compilation *aicc_report_page(const char *json) {
  auto result = std::make_unique<aicc_compilation>();
  CollectingDiagnosticSink sink;
  if (std::optional<ReportData> data =
          parseReport(json ? json : "", "report", sink)) {
    llvm::raw_string_ostream os(result->report);
    printReportPage(*data, os);
  }
  finish(*result, sink);
  return result.release();
}

const char *aicc_compilation_report(const aicc_compilation *compilation) {
  return compilation->report.c_str();
}

void aicc_compilation_destroy(aicc_compilation *compilation) {
  delete compilation;
}

int aicc_compilation_status(const aicc_compilation *compilation) {
  return compilation->status;
}

const char *aicc_compilation_output(const aicc_compilation *compilation) {
  return compilation->output.c_str();
}

size_t aicc_compilation_num_diagnostics(const aicc_compilation *compilation) {
  return compilation->diagnostics.size();
}

const aicc_diagnostic *
aicc_compilation_diagnostic(const aicc_compilation *compilation, size_t index) {
  if (index >= compilation->diagnostics.size())
    return nullptr;
  return &compilation->diagnostics[index];
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

/// The names of all machines, found once.
static const std::vector<std::string> &machines() {
  static const std::vector<std::string> names = machineNames(builtinMachines());
  return names;
}

size_t aicc_num_machines(void) { return machines().size(); }

const char *aicc_machine_name(size_t index) {
  return index < machines().size() ? machines()[index].c_str() : nullptr;
}
