//===- Driver.cpp - What the aicc tool does -------------------------------===//

#include "tools/aicc/Driver.h"

#include "aicc/Compiler/Compiler.h"
#include "aicc/Compiler/Options.h"
#include "aicc/Target/TargetRegistry.h"
#include "tools/aicc/CrashHandler.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>

using namespace aicc;

static std::unique_ptr<DiagnosticSink> makeSink(const CommandLine &line) {
  if (line.json)
    return std::make_unique<JsonDiagnosticSink>(llvm::errs());
  return std::make_unique<TextDiagnosticSink>(llvm::errs(), line.quiet);
}

/// Ends a run whose answer is text on standard output.
static int finishOutput(DiagnosticSink &sink) {
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    return 0;
  Diagnostic d;
  d.code = ErrorCode::Io;
  d.message =
      "standard output cannot be written: " + llvm::outs().error().message();
  llvm::outs().clear_error();
  sink.report(std::move(d));
  return exitCode(ErrorCode::Io);
}

static int reportUsage(DiagnosticSink &sink, const std::string &message) {
  Diagnostic d;
  d.code = ErrorCode::Usage;
  d.message = message;
  sink.report(std::move(d));
  return exitCode(ErrorCode::Usage);
}

/// Wide enough for the names of the tree's machines.
static constexpr unsigned machineColumn = 28;

/// One machine a line, as --target takes it, and what it is.
static int listTargets(const std::vector<std::string> &libraries,
                       DiagnosticSink &sink) {
  TargetRegistry targets;
  for (const std::string &library : libraries)
    if (failed(targets.load(library, sink)))
      return exitCode(sink.firstError());
  for (const BuiltinMachine &machine : targets.machines()) {
    std::optional<MachineDesc> desc =
        findMachine((machine.family + "/" + machine.name).str(), "", sink,
                    targets.machines());
    if (!desc)
      return exitCode(sink.firstError());
    llvm::outs() << llvm::left_justify(
                        (machine.family + "/" + machine.name).str(),
                        machineColumn)
                 << desc->source << "\n";
  }
  return finishOutput(sink);
}

/// A family that this compiler has no machine and no target of is fine in a
/// file, but most likely misspelt.
static void warnOfFamily(const MachineDesc &machine, const std::string &file,
                         DiagnosticSink &sink) {
  TargetRegistry targets;
  std::vector<std::string> families;
  for (const BuiltinMachine &known : targets.machines())
    if (!llvm::is_contained(families, known.family))
      families.push_back(known.family.str());
  if (targets.lookup(machine.family) ||
      llvm::is_contained(families, machine.family))
    return;
  Diagnostic d;
  d.severity = Severity::Warning;
  d.file = file;
  d.message = "family '" + machine.family + "' is none of " +
              llvm::join(families, ", ") + ": it needs --load-target";
  sink.report(std::move(d));
}

static int checkMachine(const std::string &file, DiagnosticSink &sink) {
  std::optional<MachineDesc> machine = loadMachine(file, sink);
  if (!machine)
    return exitCode(sink.firstError());
  warnOfFamily(*machine, file, sink);
  llvm::outs() << file << ": machine '" << machine->name << "' of family '"
               << machine->family << "', " << machine->memories.size()
               << " memories\n";
  return finishOutput(sink);
}

static int runCompile(CommandLine &line, DiagnosticSink &sink) {
  line.request.progress = !line.quiet && !line.json;
  CrashReport report{line.request.options.modelPath, line.request.reproducer,
                     line.json};
  return runGuarded(report, [&] {
    if (compile(line.request, sink))
      return 0;
    return exitCode(sink.hasErrors() ? sink.firstError() : ErrorCode::Internal);
  });
}

int aicc::runDriver(const std::vector<std::string> &args) {
  CommandLine line;
  std::string error;
  bool valid = parseCommandLine(args, line, error);
  std::unique_ptr<DiagnosticSink> sink = makeSink(line);
  if (!valid)
    return reportUsage(*sink, error);
  switch (line.action) {
  case CommandLine::Action::Help:
    printHelp(llvm::outs());
    return finishOutput(*sink);
  case CommandLine::Action::Version:
    llvm::outs() << "aicc " << version() << " (LLVM " << LLVM_VERSION_STRING
                 << ")\n";
    return finishOutput(*sink);
  case CommandLine::Action::ListTargets:
    return listTargets(line.request.loadTargets, *sink);
  case CommandLine::Action::CheckMachine:
    return checkMachine(line.machineFile, *sink);
  case CommandLine::Action::Compile:
    return runCompile(line, *sink);
  }
  return 0;
}
