//===- Compiler.cpp - From a model to an artefact -------------------------===//

#include "aicc/Compiler/Compiler.h"

#include "aicc/Compiler/Registration.h"
#include "aicc/Export/Export.h"
#include "aicc/Import/Import.h"
#include "aicc/Report/Report.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Target/Machines.h"
#include "aicc/Target/TargetRegistry.h"
#include "lib/Compiler/Budgets.h"
#include "lib/Compiler/Cache.h"
#include "lib/Compiler/Frontend.h"
#include "lib/Compiler/GroupChanges.h"
#include "lib/Compiler/Manifest.h"
#include "lib/Compiler/PreparedModel.h"
#include "lib/Compiler/Progress.h"
#include "lib/Compiler/Quantizer.h"
#include "lib/Compiler/ReportBuilder.h"
#include "lib/Compiler/Reproducer.h"
#include "lib/Compiler/ResultFile.h"
#include "lib/Compiler/Stages.h"
#include "lib/Compiler/Verify.h"

#include "mlir/IR/Remarks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace aicc;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

llvm::StringRef aicc::version() { return AICC_VERSION; }

PreparedModel::PreparedModel() = default;
PreparedModel::~PreparedModel() = default;
void PreparedModel::forget() { state.reset(); }

namespace {

/// Passes diagnostics on, after the progress line is out of the way.
class ForwardingSink : public DiagnosticSink {
public:
  ForwardingSink(DiagnosticSink &inner, Progress &progress)
      : inner(inner), progress(progress) {}

  const std::vector<Diagnostic> &said() const { return kept; }

protected:
  void emit(const Diagnostic &diagnostic) override {
    progress.pause();
    kept.push_back(diagnostic);
    inner.report(diagnostic);
  }

private:
  DiagnosticSink &inner;
  Progress &progress;
  std::vector<Diagnostic> kept;
};

/// A mapped model that may be the answer to budgets.
struct BoundedChoice {
  Goal goal; ///< The price of time in watts.
  BudgetCheck check;
  ReportData report;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// One compilation.
class Compilation {
public:
  Compilation(const CompileRequest &request, DiagnosticSink &outer)
      : request(request), options(request.options), progress(request.progress),
        sink(outer, progress) {}

  std::optional<std::string> run();

private:
  bool findTarget();
  bool makeOutput();
  bool checkOutput(const std::string &file, llvm::StringRef what);
  bool makeContext();
  bool checkQuantize(Stage stage);
  bool quantize();
  bool comparesObjectives() const;
  /// Whether the model is mapped for more than the objective.
  bool comparesMappings() const {
    return request.options.budgets.any() || comparesObjectives();
  }
  bool mapAndCompare();
  void failBudgets(const BudgetCheck &nearest, size_t tried);
  const std::string &hash();
  void makeReport();
  std::optional<Stage> readModel();
  Stage takePrepared();
  void keepPrepared();
  bool runStages(Stage first, Stage last);
  bool runStage(Stage stage);
  bool writeResult();
  bool writeReports();
  bool needsReport() const {
    return !request.reportFile.empty() || !request.explainNode.empty() ||
           request.reportJson;
  }
  bool dump(Stage stage);
  void print(llvm::raw_ostream &os);
  void fail(ErrorCode code, const std::string &file, const llvm::Twine &message,
            const llvm::Twine &help = "");
  void endOfStage(llvm::StringRef stage, double begin);

  const CompileRequest &request;
  CompileOptions options; ///< The request's, with the machine found.
  Progress progress;
  ForwardingSink sink;
  TargetRegistry targets;
  const Target *target = nullptr;
  mlir::DefaultTimingManager timing;
  mlir::TimingScope rootTiming;
  std::string outputPath;
  std::unique_ptr<ResultFile> output;
  std::optional<ArtifactCache> cache;
  std::shared_ptr<mlir::MLIRContext> context;
  std::unique_ptr<MlirDiagnosticHandler> handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  bool fromMlir = false;
  std::optional<ReportData> report;     ///< From stage Mapped on.
  std::optional<std::string> modelHash; ///< Once something asked for it.
};

} // namespace

void Compilation::fail(ErrorCode code, const std::string &file,
                       const llvm::Twine &message, const llvm::Twine &help) {
  Diagnostic d;
  d.code = code;
  d.file = file;
  d.message = message.str();
  d.help = help.str();
  sink.report(std::move(d));
}

bool Compilation::findTarget() {
  for (const std::string &library : request.loadTargets)
    if (failed(targets.load(library, sink)))
      return false;
  std::string family = llvm::StringRef(options.target).split('/').first.str();
  std::optional<MachineDesc> machine;
  if (isMachineFile(options.target)) {
    if (!(machine = findMachine(options.target, "", sink)))
      return false;
    family = machine->family;
  }
  if (!(target = targets.lookup(family))) {
    fail(ErrorCode::Unsupported, "",
         "there is no target '" + llvm::Twine(family) + "'",
         "targets: " + targets.names());
    return false;
  }
  std::string own = machine ? machine->vector.byteDotFeature : "";
  std::optional<std::string> features =
      machineFeatures(options.cpu, options.triple, sink, own);
  if (!features ||
      (!machine && !(machine = findMachine(options.target, *features, sink,
                                           targets.machines()))))
    return false;
  dropMissing(*machine, *features);
  options.machine = std::make_shared<MachineDesc>(std::move(*machine));
  options.generatesCode = request.emit > EmitKind::Report;
  return true;
}

bool Compilation::checkOutput(const std::string &file, llvm::StringRef what) {
  if (!fs::equivalent(file, options.modelPath))
    return true;
  fail(ErrorCode::Usage, file, what + " is the model itself");
  return false;
}

bool Compilation::makeOutput() {
  if ((needsReport() || options.budgets.any()) &&
      lastStage(request.emit) < Stage::Mapped) {
    fail(ErrorCode::Usage, "",
         "'--report', '--explain' and budgets are about mapped models: they "
         "need a later --emit");
    return false;
  }
  if (!request.reportFile.empty() &&
      !checkOutput(request.reportFile, "the report"))
    return false;
  if (request.emit == EmitKind::Check ||
      (request.emit == EmitKind::Report && request.reportJson))
    return true;
  outputPath = request.output;
  if (outputPath.empty())
    outputPath =
        (path::stem(options.modelPath) + extension(request.emit)).str();
  if (outputPath == "-" && !isTextKind(request.emit)) {
    fail(ErrorCode::Usage, "",
         "'-o -' is for text; this result is not (see --emit)");
    return false;
  }
  if (!request.verifyFile.empty() && request.emit != EmitKind::Lib) {
    fail(ErrorCode::Usage, "",
         "'--verify' runs a library: it needs --emit=lib");
    return false;
  }
  if (!checkOutput(outputPath, "the output"))
    return false;
  if (!request.dumpStages.empty())
    if (std::error_code error = fs::create_directories(request.dumpStages)) {
      reportIoError(sink, request.dumpStages,
                    "cannot be made: " + error.message());
      return false;
    }
  return (output = ResultFile::create(outputPath, sink)) != nullptr;
}

bool Compilation::makeContext() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  for (const Target *loaded : targets.all())
    loaded->registerDialects(registry);
  context = std::make_shared<mlir::MLIRContext>(registry);
  handler = std::make_unique<MlirDiagnosticHandler>(context.get(), sink,
                                                    options.modelPath);
  if (!request.verbose)
    return true;
  mlir::remark::RemarkCategories all;
  all.passed = all.missed = all.failed = all.analysis = ".*";
  return succeeded(mlir::remark::enableOptimizationRemarks(
      *context, nullptr,
      std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), all,
      /*printAsEmitRemarks=*/true));
}

void Compilation::print(llvm::raw_ostream &os) {
  mlir::OpPrintingFlags flags;
  flags.enableDebugInfo();
  if (!request.withWeights)
    flags.elideLargeElementsAttrs().elideLargeResourceString();
  module->print(os, flags);
  os << "\n";
}

bool Compilation::dump(Stage stage) {
  if (request.dumpStages.empty())
    return true;
  llvm::SmallString<128> file(request.dumpStages);
  path::append(file, llvm::Twine(static_cast<int>(stage)) + "-" +
                         stageName(stage) + ".mlir");
  return writeTextFile(std::string(file), sink,
                       [&](llvm::raw_ostream &os) { print(os); });
}

void Compilation::endOfStage(llvm::StringRef stage, double begin) {
  if (!request.verbose)
    return;
  progress.pause();
  llvm::errs() << "aicc: " << stage << ": "
               << llvm::format("%.2f s\n", progress.seconds() - begin);
}

bool Compilation::runStage(Stage stage) {
  llvm::StringRef name = stageName(stage);
  double begin = progress.seconds();
  progress.enter(name);
  // Until structured ops are reached, what a pass refuses is a model that is
  // beyond us; afterwards it is a defect of ours.
  ErrorCode code =
      stage <= Stage::Structured ? ErrorCode::Unsupported : ErrorCode::Internal;
  handler->setDefaultCode(code);
  handler->setCodeWithoutNode(fromMlir ? code : ErrorCode::Internal);

  mlir::PassManager pm(context.get(), mlir::ModuleOp::getOperationName());
  mlir::TimingScope stageTiming = rootTiming.nest(name);
  pm.addInstrumentation(progress.instrumentation(name));
  pm.enableTiming(stageTiming);
  buildStagePipeline(pm, stage, *target, options);

  Reproducer reproducer(request, *module, pm);
  if (failed(pm.run(*module))) {
    if (!sink.hasErrors())
      fail(ErrorCode::Internal, options.modelPath,
           llvm::Twine("stage '") + name + "' failed without saying why");
    if (sink.firstError() == ErrorCode::Internal)
      reproducer.keep(sink);
    return false;
  }
  if (sink.hasErrors())
    return false;
  (*module)->setAttr(stageAttrName, mlir::StringAttr::get(context.get(), name));
  // Hashes the model: not for IR that nobody asks the cost of.
  if (stage == Stage::Mapped &&
      (needsReport() || comparesMappings() || !isMlirKind(request.emit)))
    makeReport();
  endOfStage(name, begin);
  return dump(stage);
}

const std::string &Compilation::hash() {
  if (!modelHash)
    modelHash = request.prepared && request.prepared->state
                    ? request.prepared->state->blake3
                    : hashOfModel(options.modelPath);
  return *modelHash;
}

void Compilation::makeReport() {
  report = buildReport(*module, options, hash());
}

/// Can a model at `stage` be quantised as asked for?
bool Compilation::checkQuantize(Stage stage) {
  const QuantizeOptions &quantize = options.quantize;
  if (request.emit == EmitKind::Qdq && !quantize.int8) {
    fail(ErrorCode::Usage, "", "'--emit=qdq' is about quantised models",
         "pass --quantize=int8 as well");
    return false;
  }
  if (!quantize.calibration.empty() && !quantize.int8) {
    fail(ErrorCode::Usage, "", "'--calibration' is for quantising",
         "pass --quantize=int8 as well");
    return false;
  }
  if (quantize.int8 &&
      (stage > Stage::Graph || lastStage(request.emit) < Stage::Graph)) {
    fail(ErrorCode::Usage, options.modelPath,
         "'--quantize' works on stage 'graph': it needs a model from before "
         "and an --emit from there on");
    return false;
  }
  if (quantize.bf16 && options.machine && options.machine->family != "cpu") {
    fail(ErrorCode::Usage, "",
         "'--quantize=bf16' is for processors, the target is " +
             options.machine->family,
         "pass --target=cpu, or --quantize=int8");
    return false;
  }
  return true;
}

/// Quantises the float graph. It is then as if the model had come so, and goes
/// through the stage once more.
bool Compilation::quantize() {
  double begin = progress.seconds();
  progress.enter("quantize");
  handler->setDefaultCode(ErrorCode::Unsupported);
  mlir::TimingScope scope = rootTiming.nest("quantize");
  if (!quantizeModule(*module, options, sink))
    return false;
  scope.stop();
  endOfStage("quantize", begin);
  return request.emit == EmitKind::Qdq || runStage(Stage::Graph);
}

/// Whether what the groups choose for the other objectives may be better for
/// the model. Latency takes its own: most models are compiled for it, and
/// mapping takes a third of the time so.
bool Compilation::comparesObjectives() const {
  return target->pricesWholeModels() &&
         request.options.objective != Objective::Latency;
}

/// Maps for the objective; for the others too if that does not keep the
/// budgets, or groups alone do not say what the model costs; and for what lies
/// between the objectives if no budget is kept then. Takes the best by the
/// objective asked for of what keeps the budgets.
bool Compilation::mapAndCompare() {
  Objective asked = options.objective;
  mlir::OwningOpRef<mlir::ModuleOp> structured = module->clone();
  std::optional<BoundedChoice> best;
  size_t tried = 0;
  auto map = [&](const Goal &goal) -> std::optional<RunCost> {
    if (!module)
      module = structured->clone();
    options.objective = goal.objective;
    options.timePriceWatts = goal.timePrice;
    if (!runStage(Stage::Mapped))
      return std::nullopt;
    ++tried;
    ReportTotals totals = totalsOf(*report);
    BudgetCheck check = checkBudgets(*report, options.budgets, asked);
    if (request.verbose)
      llvm::errs() << "aicc: for " << report->objective << ": "
                   << llvm::format("%.6g uJ, %.6g us\n", totals.energyPj * 1e-6,
                                   totals.timeUs);
    if (!best || check.isBetterThan(best->check))
      best = BoundedChoice{goal, std::move(check), std::move(*report),
                           std::move(module)};
    module = nullptr;
    return RunCost{totals.energyPj * 1e-6, totals.timeUs};
  };
  std::optional<RunCost> first = map(asked);
  if (!first)
    return false;
  std::vector<GroupChoice> plain = choicesOf(*best->module);
  bool isBudget = !best->check.keeps();
  if (isBudget || comparesObjectives()) {
    auto costs = mapForOthers(asked, *first, map);
    if (!costs || (isBudget && !mapForTradeOffs(asked, *costs, map)))
      return false;
  }

  module = std::move(best->module);
  report = std::move(best->report);
  options.objective = best->goal.objective;
  options.timePriceWatts = best->goal.timePrice;
  if (!best->check.keeps()) {
    failBudgets(best->check, tried);
    return false;
  }
  if (tried > 1) {
    noteChanges(*module, plain, asked,
                isBudget ? "a budget asks for another"
                         : "the whole model takes less with another");
    makeReport();
  }
  return dump(Stage::Mapped);
}

void Compilation::failBudgets(const BudgetCheck &nearest, size_t tried) {
  std::string unpriced;
  if (size_t left = unpricedNodes(*report))
    unpriced = " (" + std::to_string(left) + " nodes on the host not priced)";
  fail(ErrorCode::Budget, options.modelPath,
       "no mapping for " + options.machine->family + "/" +
           options.machine->name + " keeps the budgets: " +
           llvm::join(nearest.excesses, "; ") + unpriced,
       "the nearest of " + llvm::Twine(tried) +
           " that were tried between latency and energy is for " +
           report->objective + "; --report shows where it goes");
}

bool Compilation::runStages(Stage first, Stage last) {
  for (int stage = static_cast<int>(first); stage <= static_cast<int>(last);
       ++stage) {
    bool compares =
        static_cast<Stage>(stage) == Stage::Mapped && comparesMappings();
    if (!(compares ? mapAndCompare() : runStage(static_cast<Stage>(stage))))
      return false;
    if (stage == static_cast<int>(Stage::Graph) && options.quantize.int8 &&
        !quantize())
      return false;
    if (stage == static_cast<int>(Stage::Structured) && request.prepared)
      keepPrepared();
  }
  return true;
}

/// What was asked for besides the result.
bool Compilation::writeReports() {
  if (!needsReport())
    return true;
  if (!report) {
    fail(ErrorCode::Usage, options.modelPath,
         "IR after stage 'mapped' has no costs to report");
    return false;
  }
  if (!request.explainNode.empty()) {
    progress.pause();
    if (!printNodeText(*report, request.explainNode, llvm::outs())) {
      fail(ErrorCode::Usage, options.modelPath,
           "there is no node '" + llvm::Twine(request.explainNode) + "'",
           "--emit=report lists all that something is computed for");
      return false;
    }
    llvm::outs().flush();
  }
  if (request.reportJson) {
    llvm::raw_string_ostream os(*request.reportJson);
    printReportJson(*report, os);
  }
  return request.reportFile.empty() ||
         writeReport(*report, request.reportFile, sink);
}

bool Compilation::writeResult() {
  if (!output)
    return writeReports();
  double begin = progress.seconds();
  if (isMlirKind(request.emit)) {
    if (!writeTextFile(output->temporaryPath(), sink,
                       [&](llvm::raw_ostream &os) { print(os); }))
      return false;
  } else if (request.emit == EmitKind::Qdq) {
    if (!writeOnnxModel(*module, options.modelPath, output->temporaryPath(),
                        sink))
      return false;
  } else if (request.emit == EmitKind::Report) {
    bool isPage = llvm::StringRef(outputPath).ends_with_insensitive(".html");
    if (!writeTextFile(output->temporaryPath(), sink,
                       [&](llvm::raw_ostream &os) {
                         isPage ? printReportPage(*report, os)
                                : printReportJson(*report, os);
                       }))
      return false;
  } else {
    progress.enter("emit");
    mlir::TimingScope emitTiming = rootTiming.nest("emit");
    handler->setDefaultCode(ErrorCode::Internal);
    handler->setCodeWithoutNode(ErrorCode::Internal);
    options.manifest = makeManifest(options, report ? *report : ReportData());
    options.outputPath = outputPath;
    bool ok = succeeded(target->emit(*module, request.emit, options,
                                     output->temporaryPath(), sink));
    if (!ok && !sink.hasErrors())
      fail(ErrorCode::Internal, options.modelPath,
           "the artefact could not be written, without saying why");
    if (!ok || sink.hasErrors())
      return false;
  }
  endOfStage("emit", begin);
  if (!request.verifyFile.empty()) {
    progress.enter("verify");
    if (!verifyArtifact(output->temporaryPath(), request, sink))
      return false;
  }
  if (!writeReports())
    return false;
  // What was said would not be said again, and data in other files may change.
  if (cache && sink.said().empty() && !(*module)->hasAttr(externalDataAttrName))
    cache->store(output->temporaryPath(), sink);
  return output->commit(isExecutableKind(request.emit), sink);
}

/// Reads the model; returns the stage that it is at.
std::optional<Stage> Compilation::readModel() {
  double begin = progress.seconds();
  progress.enter("onnx");
  mlir::TimingScope importTiming = rootTiming.nest("onnx");
  fromMlir = isMlirFile(options.modelPath);
  module = fromMlir
               ? parseMlirModel(options.modelPath, *context, *handler, sink)
               : readOnnxModel(options, *context, sink);
  importTiming.stop();
  if (!module || sink.hasErrors()) {
    if (!sink.hasErrors())
      fail(ErrorCode::Internal, options.modelPath,
           "the model could not be read, without saying why");
    return std::nullopt;
  }
  Stage stage = Stage::Onnx;
  if (fromMlir)
    stage = request.from ? *request.from : detectStage(*module);
  (*module)->setAttr(stageAttrName,
                     mlir::StringAttr::get(context.get(), stageName(stage)));
  endOfStage(stageName(stage), begin);
  if (!checkQuantize(stage) || !dump(stage))
    return std::nullopt;
  if (stage == Stage::Graph && options.quantize.int8 && !quantize())
    return std::nullopt;
  return stage;
}

/// The model as an earlier compilation left it, with what that said of it.
Stage Compilation::takePrepared() {
  PreparedModel::State &state = *request.prepared->state;
  context = state.context;
  handler = std::make_unique<MlirDiagnosticHandler>(context.get(), sink,
                                                    options.modelPath);
  module = state.module->clone();
  fromMlir = isMlirFile(options.modelPath);
  for (const Diagnostic &diagnostic : state.said)
    sink.report(diagnostic);
  return Stage::Structured;
}

void Compilation::keepPrepared() {
  auto state = std::make_unique<PreparedModel::State>();
  state->context = context;
  state->module = module->clone();
  state->blake3 = hash();
  state->said = sink.said();
  request.prepared->state = std::move(state);
}

std::optional<std::string> Compilation::run() {
  timing.setEnabled(request.timing);
  timing.setDisplayMode(mlir::DefaultTimingManager::DisplayMode::Tree);
  rootTiming = timing.getRootScope();
  if (!findTarget() || !makeOutput())
    return std::nullopt;

  cache = ArtifactCache::open(request, options, outputPath,
                              [&]() -> const std::string & { return hash(); });
  if (cache && cache->fetch(output->temporaryPath()))
    return output->commit(isExecutableKind(request.emit), sink)
               ? std::optional(outputPath)
               : std::nullopt;
  bool isPrepared = request.prepared && request.prepared->state;
  if (!isPrepared && !makeContext())
    return std::nullopt;
  std::optional<Stage> stage = isPrepared ? takePrepared() : readModel();
  if (!stage)
    return std::nullopt;
  Stage next = static_cast<Stage>(static_cast<int>(*stage) + 1);
  if (!runStages(next, lastStage(request.emit)) || !writeResult())
    return std::nullopt;
  return outputPath == "-" ? std::string() : outputPath;
}

std::optional<std::string> aicc::compile(const CompileRequest &request,
                                         DiagnosticSink &sink) {
  return Compilation(request, sink).run();
}
