//===- Options.h - The command line, for tools and bindings -----*- C++ -*-===//

#ifndef AICC_COMPILER_OPTIONS_H
#define AICC_COMPILER_OPTIONS_H

#include "aicc/Compiler/Compiler.h"

#include "llvm/ADT/ArrayRef.h"

#include <string>
#include <vector>

namespace aicc {

/// What a command line asks for.
struct CommandLine {
  enum class Action { Compile, Help, Version, ListTargets, CheckMachine };
  Action action = Action::Compile;
  CompileRequest request;  ///< For Compile; loadTargets for ListTargets too.
  std::string machineFile; ///< For CheckMachine.
  bool json = false;       ///< --diagnostics=json
  bool quiet = false;
};

/// Parses arguments (without the program's name). On failure `error` is one
/// line for the user, without a prefix. `commandLine.json` is set even then.
/// `model`, if given, is the model's path, whatever it looks like.
bool parseCommandLine(llvm::ArrayRef<std::string> args,
                      CommandLine &commandLine, std::string &error,
                      llvm::StringRef model = {});

/// Is `name` (without dashes) an option that takes no value?
bool isSwitch(llvm::StringRef name);

/// The --help text. Options that do not work yet are not in it.
void printHelp(llvm::raw_ostream &os);

} // namespace aicc

#endif // AICC_COMPILER_OPTIONS_H
