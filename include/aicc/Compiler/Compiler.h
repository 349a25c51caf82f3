//===- Compiler.h - From a model to an artefact -----------------*- C++ -*-===//
//
// Runs the stages of DESIGN section 4 one after the other. Each is a pipeline
// that its owner builds; the driver holds no lowering logic.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_COMPILER_COMPILER_H
#define AICC_COMPILER_COMPILER_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Support/Diagnostics.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aicc {

/// A model up to stage `structured`, kept from one compilation to the next: it
/// is read and lowered once for many machines and objectives. Of one model and
/// one set of all other options, and for one compilation at a time.
class PreparedModel {
public:
  PreparedModel();
  ~PreparedModel();
  void forget();

  struct State;
  std::unique_ptr<State> state; ///< Null until a compilation has filled it.
};

/// One run of the compiler: what to compile, and what to leave where.
struct CompileRequest {
  CompileOptions options;
  EmitKind emit = EmitKind::Lib;
  /// Empty: a name derived from the model's; "-": standard output.
  std::string output;
  /// Stage that a .mlir input is at; its `aicc.stage` attribute if not set.
  std::optional<Stage> from;
  std::vector<std::string> loadTargets;
  /// Folder of artefacts of earlier compilations (docs/running.md); empty:
  /// none.
  std::string cache;

  /// Folder for the IR after each stage; empty: none.
  std::string dumpStages;
  /// File for the IR and pipeline of the stage that fails; empty: on an
  /// internal error a temporary file, with large constants left out.
  std::string reproducer;
  bool withWeights = false; ///< Print large constants in full.
  bool timing = false;      ///< Time of each stage and pass on stderr.
  bool progress = false;    ///< A line on stderr that changes, if a terminal.
  bool verbose = false;

  /// File for the report: a page (.html) or JSON; empty: none.
  std::string reportFile;
  /// ONNX node to explain on standard output; empty: none.
  std::string explainNode;
  /// If not null, the report as JSON is left here, and EmitKind::Report writes
  /// no file.
  std::string *reportJson = nullptr;

  /// If not null, the first stages are taken from there, or left there.
  PreparedModel *prepared = nullptr;

  /// .npz with inputs and expected outputs; empty: no verification.
  std::string verifyFile;
  double rtol = 1e-4;
  double atol = 1e-5;
};

/// Compiles. Errors go to `sink`, and then nothing is left at the output path.
/// Returns the path of what was written, "" for EmitKind::Check and standard
/// output.
std::optional<std::string> compile(const CompileRequest &request,
                                   DiagnosticSink &sink);

/// "structured" and so on.
llvm::StringRef stageName(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);
std::optional<EmitKind> parseEmitKind(llvm::StringRef name);

/// The module attribute that says which stage printed IR is at.
inline constexpr llvm::StringLiteral stageAttrName = "aicc.stage";

/// What this process is doing, for the line that a crash handler writes. Only
/// reads of the returned pointer are needed: safe in a signal handler.
const char *currentActivity();

/// Version of the compiler.
llvm::StringRef version();

} // namespace aicc

#endif // AICC_COMPILER_COMPILER_H
