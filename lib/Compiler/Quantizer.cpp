//===- Quantizer.cpp - From a float graph to a quantised one --------------===//
//
// The passes of lib/Quantize say what has to be known of a model; here it is
// run to know it. Only one sample and its tensors are in memory at a time.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Quantizer.h"

#include "aicc/Quantize/CalibrationData.h"
#include "aicc/Quantize/Passes.h"
#include "aicc/Quantize/Quantize.h"
#include "aicc/Quantize/Ranges.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Target/Machines.h"
#include "aicc/Target/TargetRegistry.h"
#include "lib/Compiler/LoadedModel.h"
#include "lib/Compiler/Stages.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace aicc;
using namespace aicc::quantize;
namespace fs = llvm::sys::fs;

namespace {

/// A folder for what is compiled on the way; gone in the end.
class TemporaryFolder {
public:
  TemporaryFolder() { failure = fs::createUniqueDirectory("aicc", path); }
  ~TemporaryFolder() {
    if (!failure)
      fs::remove_directories(path);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::error_code failure;
  llvm::SmallString<128> path;
};

class Quantizer {
public:
  Quantizer(mlir::ModuleOp module, const CompileOptions &options,
            DiagnosticSink &sink)
      : module(module), options(options), sink(sink) {}

  bool run();

private:
  using Visit = llvm::function_ref<void(llvm::ArrayRef<HostTensor>)>;

  bool fail(ErrorCode code, const llvm::Twine &message,
            const llvm::Twine &help = "");
  bool fail(mlir::Location loc, const llvm::Twine &message);
  mlir::func::FuncOp main() {
    return *module.getOps<mlir::func::FuncOp>().begin();
  }
  bool runPass(mlir::ModuleOp on, std::unique_ptr<mlir::Pass> pass);
  /// The module after `pass`, ready to run here.
  std::unique_ptr<LoadedModel> compile(std::unique_ptr<mlir::Pass> pass);
  bool compileTo(const std::string &path, mlir::ModuleOp clone);
  bool forEachSample(LoadedModel &model, Visit visit);
  bool observeRanges();
  bool observeErrors();
  void report(const Summary &summary);

  mlir::ModuleOp module;
  const CompileOptions &options;
  DiagnosticSink &sink;
  TemporaryFolder folder;
  int numCompiled = 0;
};

} // namespace

bool Quantizer::fail(ErrorCode code, const llvm::Twine &message,
                     const llvm::Twine &help) {
  Diagnostic d;
  d.code = code;
  d.file = options.modelPath;
  d.message = message.str();
  d.help = help.str();
  sink.report(std::move(d));
  return false;
}

bool Quantizer::fail(mlir::Location loc, const llvm::Twine &message) {
  NodeOrigin origin = nodeOrigin(loc);
  Diagnostic d;
  d.code = ErrorCode::Tensor;
  d.file = options.modelPath;
  d.node = origin.node;
  d.op = origin.op;
  d.opset = origin.opset;
  d.message = message.str();
  sink.report(std::move(d));
  return false;
}

//===----------------------------------------------------------------------===//
// Running the model
//===----------------------------------------------------------------------===//

bool Quantizer::runPass(mlir::ModuleOp on, std::unique_ptr<mlir::Pass> pass) {
  mlir::PassManager pm(on.getContext(), mlir::ModuleOp::getOperationName());
  pm.addNestedPass<mlir::func::FuncOp>(std::move(pass));
  if (failed(pm.run(on)) && !sink.hasErrors())
    fail(ErrorCode::Internal, "quantising failed without saying why");
  return !sink.hasErrors();
}

/// For this machine and its processor, whatever the target that was asked for.
bool Quantizer::compileTo(const std::string &path, mlir::ModuleOp clone) {
  CompileOptions host;
  host.modelPath = options.modelPath;
  host.outputPath = path;
  host.manifest = "{}";
  host.limits = options.limits;
  TargetRegistry targets;
  const Target *cpu = targets.lookup(host.target);
  std::optional<std::string> features = machineFeatures("", "", sink);
  std::optional<MachineDesc> machine;
  if (cpu && features)
    machine = findMachine(host.target, *features, sink);
  if (!machine)
    return !sink.hasErrors() &&
           fail(ErrorCode::Internal, "there is no target to calibrate on");
  host.machine = std::make_shared<MachineDesc>(std::move(*machine));
  for (Stage stage : {Stage::Structured, Stage::Mapped, Stage::Loops}) {
    mlir::PassManager pm(clone.getContext(),
                         mlir::ModuleOp::getOperationName());
    buildStagePipeline(pm, stage, *cpu, host);
    if (failed(pm.run(clone)))
      return false;
  }
  return succeeded(cpu->emit(clone, EmitKind::Lib, host, path, sink));
}

std::unique_ptr<LoadedModel>
Quantizer::compile(std::unique_ptr<mlir::Pass> pass) {
  mlir::OwningOpRef<mlir::ModuleOp> clone = module.clone();
  if (folder.failure) {
    fail(ErrorCode::Io,
         "a temporary folder cannot be made: " + folder.failure.message());
    return nullptr;
  }
  llvm::SmallString<128> path = folder.path;
  llvm::sys::path::append(path, std::to_string(numCompiled++) + ".so");
  std::string file = path.str().str(), error;
  if (!runPass(*clone, std::move(pass)))
    return nullptr;
  std::unique_ptr<LoadedModel> model;
  if (compileTo(file, *clone) && !sink.hasErrors() &&
      (model = LoadedModel::load(file, error)))
    return model;
  if (!sink.hasErrors())
    fail(ErrorCode::Internal,
         "the model could not be compiled for calibration" +
             (error.empty() ? std::string() : ": " + error));
  return nullptr;
}

bool Quantizer::forEachSample(LoadedModel &model, Visit visit) {
  std::optional<CalibrationData> data =
      CalibrationData::open(options.quantize.calibration, model.inputs(), sink);
  std::vector<HostTensor> values, results;
  std::string error;
  if (!data)
    return false;
  if (!model.allocateOutputs(results, error))
    return fail(ErrorCode::Limit, error);
  for (size_t i = 0; i < data->size(); ++i) {
    if (!data->read(i, values, sink))
      return false;
    if (!model.run(values, results, error))
      return fail(ErrorCode::Internal, error);
    visit(results);
  }
  return true;
}

static llvm::ArrayRef<float> floats(const HostTensor &tensor) {
  return {reinterpret_cast<const float *>(tensor.data()),
          static_cast<size_t>(tensor.elements())};
}

//===----------------------------------------------------------------------===//
// What is seen
//===----------------------------------------------------------------------===//

bool Quantizer::observeRanges() {
  llvm::SmallVector<mlir::Value> values = observedValues(main());
  std::unique_ptr<LoadedModel> model = compile(createObservePass());
  std::vector<Extremes> extremes(values.size());
  if (!model || !forEachSample(*model, [&](llvm::ArrayRef<HostTensor> results) {
        for (auto [seen, result] : llvm::zip(extremes, results))
          seen.add(floats(result));
      }))
    return false;
  for (auto [value, seen] : llvm::zip(values, extremes))
    if (seen.notFinite)
      return fail(value.getLoc(),
                  "its values over the calibration data are not finite: " +
                      llvm::Twine(seen.notFinite) + " of " +
                      llvm::Twine(seen.elements + seen.notFinite) +
                      " are NaN or infinite");
  if (options.quantize.method == CalibrationMethod::MinMax) {
    for (auto [value, seen] : llvm::zip(values, extremes))
      setRange(value, seen.low, seen.high);
    return true;
  }
  std::vector<Histogram> histograms(extremes.begin(), extremes.end());
  if (!forEachSample(*model, [&](llvm::ArrayRef<HostTensor> results) {
        for (auto [histogram, result] : llvm::zip(histograms, results))
          histogram.add(floats(result));
      }))
    return false;
  for (auto [value, histogram] : llvm::zip(values, histograms)) {
    auto [low, high] = histogram.percentile(options.quantize.percentile);
    setRange(value, low, high);
  }
  return true;
}

bool Quantizer::observeErrors() {
  llvm::SmallVector<mlir::Operation *> layers = correctedLayers(main());
  if (!options.quantize.biasCorrection || layers.empty())
    return true;
  std::unique_ptr<LoadedModel> model = compile(createObserveErrorsPass());
  std::vector<std::vector<double>> sums(layers.size());
  int64_t samples = 0;
  if (!model || !forEachSample(*model, [&](llvm::ArrayRef<HostTensor> results) {
        ++samples;
        for (auto [sum, result] : llvm::zip(sums, results)) {
          sum.resize(result.elements());
          for (auto [total, value] : llvm::zip(sum, floats(result)))
            total += value;
        }
      }))
    return false;
  for (auto [layer, sum] : llvm::zip(layers, sums)) {
    for (double &total : sum)
      total /= double(samples);
    setCorrection(layer, sum);
  }
  return true;
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

void Quantizer::report(const Summary &summary) {
  Diagnostic d;
  d.severity = Severity::Note;
  d.file = options.modelPath;
  int64_t quantized = 0, all = 0;
  std::string integers;
  for (const Summary::Group &group : summary.groups) {
    all += group.count;
    std::string text = std::to_string(group.count) + " " + group.op;
    if (group.reason.empty()) {
      quantized += group.count;
      integers += (integers.empty() ? "" : ", ") + text;
      continue;
    }
    d.notes.push_back(text + ": float, " + group.reason + " (" +
                      (group.count > 1 ? "first '" : "'") + group.first + "')");
  }
  if (!integers.empty())
    d.notes.insert(d.notes.begin(), "int8: " + integers);
  d.message = std::to_string(quantized) + " of " + std::to_string(all) +
              " operations are computed on int8";
  sink.report(std::move(d));
}

bool Quantizer::run() {
  if (module.getOps<mlir::func::FuncOp>().empty() || main().isExternal())
    return fail(ErrorCode::Usage, "there is no function to quantise");
  Summary summary = summarize(main());
  if (observedValues(main()).empty()) {
    report(summary);
    return true;
  }
  if (options.quantize.calibration.empty())
    return fail(ErrorCode::Usage,
                "'--quantize=int8' has to know the ranges of what the model "
                "computes",
                "pass --calibration=DIR, a folder with samples of its inputs "
                "(docs/quantization.md)");
  if (!observeRanges() || !observeErrors() ||
      !runPass(module, createInsertQdqPass()))
    return false;
  report(summary);
  return true;
}

bool aicc::quantizeModule(mlir::ModuleOp module, const CompileOptions &options,
                          DiagnosticSink &sink) {
  return Quantizer(module, options, sink).run();
}
