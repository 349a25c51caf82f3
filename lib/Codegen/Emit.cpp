//===- Emit.cpp - The artefact --------------------------------------------===//

#include "aicc/Codegen/Emit.h"

#include "aicc/Codegen/Backend.h"
#include "aicc/Codegen/ElfImage.h"
#include "aicc/Codegen/Passes.h"
#include "aicc/Support/Diagnostics.h"
#include "aicc/Support/MlirDiagnostics.h"
#include "aicc/Support/OutputFile.h"
#include "lib/Codegen/Linker.h"
#include "lib/Codegen/ModelData.h"
#include "lib/Codegen/Program.h"
#include "lib/Codegen/WeightStream.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

#include <dlfcn.h>

using namespace mlir;
using namespace aicc;

EmitInputs EmitInputs::get(const CompileOptions &options, EmitKind kind,
                           llvm::StringRef path) {
  EmitInputs inputs;
  inputs.kind = kind;
  inputs.outputPath = path.str();
  inputs.modelPath = options.modelPath;
  inputs.triple = options.triple;
  inputs.cpu = options.cpu;
  inputs.optLevel = options.optLevel;
  inputs.flushDenormals = !options.strictFp;
  inputs.finalPath = options.outputPath;
  if (llvm::Expected<llvm::json::Value> manifest =
          llvm::json::parse(options.manifest)) {
    if (llvm::json::Object *members = manifest->getAsObject())
      inputs.manifest = std::move(*members);
  } else {
    llvm::consumeError(manifest.takeError());
  }
  return inputs;
}

namespace {

/// One emission, from the loops stage to the file.
class Emitter {
public:
  Emitter(ModuleOp module, const EmitInputs &inputs, DiagnosticSink &sink)
      : module(module), inputs(inputs), sink(sink) {}

  LogicalResult run();

private:
  LogicalResult error(ErrorCode code, const llvm::Twine &message) {
    aicc::Diagnostic diagnostic;
    diagnostic.code = code;
    diagnostic.file = inputs.modelPath;
    diagnostic.message = message.str();
    sink.report(diagnostic);
    return failure();
  }

  std::string manifest() const;
  LogicalResult writeSideFile();
  LogicalResult writeText(ModuleOp lowered, Backend::Form form);
  LogicalResult link(ModuleOp lowered, std::vector<char> &image);
  LogicalResult writeImage(ModuleOp lowered);
  bool commit(OutputFile &file);

  ModuleOp module;
  const EmitInputs &inputs;
  DiagnosticSink &sink;
  ProgramInfo program;
  std::unique_ptr<Backend> backend;
  std::string sideFile, sideFileHash; ///< Empty: weights are inside.
  std::unique_ptr<OutputFile> weightsFile;
};

} // namespace

static llvm::json::Array tensorsJson(ArrayRef<TensorInfo> tensors) {
  llvm::json::Array array;
  for (const TensorInfo &tensor : tensors)
    array.push_back(
        llvm::json::Object{{"name", llvm::json::fixUTF8(tensor.name)},
                           {"dtype", aicc_dtype_name(tensor.dtype)},
                           {"shape", tensor.shape}});
  return array;
}

static llvm::json::Array launchesJson(ArrayRef<LaunchInfo> launches) {
  llvm::json::Array array;
  for (const LaunchInfo &launch : launches) {
    llvm::json::Object entry{{"node", llvm::json::fixUTF8(launch.node)},
                             {"op", llvm::json::fixUTF8(launch.op)},
                             {"kernel", launch.kernel},
                             {"runs", launch.runs},
                             {"cycles", launch.cost.getCycles()},
                             {"energy_pj", launch.cost.getPicojoules()},
                             {"macs", launch.cost.getMacs()},
                             {"dram_bytes", launch.cost.getBytes()}};
    // Of each component, how often it acts and the picojoules of one time.
    llvm::json::Object items;
    for (const CostItem &item : launch.cost.toCost().items)
      items[item.component] = llvm::json::Array{item.count, item.pjEach};
    if (!items.empty())
      entry["items"] = std::move(items);
    array.push_back(std::move(entry));
  }
  return array;
}

std::string Emitter::manifest() const {
  llvm::json::Object object = inputs.manifest;
  object["abi"] = AICC_ABI_VERSION;
  object["aicc_version"] = AICC_VERSION;
  object["name"] = llvm::json::fixUTF8(program.model);
  object["entry"] = program.prefix + "_invoke";
  object["triple"] = backend->triple();
  object["cpu"] = backend->cpu();
  object["arena_bytes"] = program.arenaBytes;
  object["weight_bytes"] = program.weightBytes;
  object["inputs"] = tensorsJson(program.inputs);
  object["outputs"] = tensorsJson(program.outputs);
  // Of one launch each.
  object["predicted"] = launchesJson(program.launches);
  if (!sideFile.empty())
    object["weights_file"] =
        llvm::json::Object{{"name", sideFile}, {"sha256", sideFileHash}};
  // Keys are printed in sorted order.
  return llvm::formatv("{0:2}", llvm::json::Value(std::move(object))).str();
}

LogicalResult Emitter::writeSideFile() {
  std::string path =
      (inputs.finalPath.empty() ? inputs.outputPath : inputs.finalPath) +
      ".weights";
  weightsFile = OutputFile::create(path, sink);
  if (!weightsFile)
    return failure();
  llvm::SHA256 hash;
  bool good = streamWeights(program, [&](ArrayRef<char> bytes) {
    hash.update(llvm::StringRef(bytes.data(), bytes.size()));
    return weightsFile->write(bytes);
  });
  if (!good)
    return sink.hasErrors()
               ? failure()
               : error(ErrorCode::Internal, "cannot pack the weights");
  sideFile = llvm::sys::path::filename(path).str();
  sideFileHash = llvm::toHex(hash.final(), /*LowerCase=*/true);
  return success();
}

LogicalResult Emitter::writeText(ModuleOp lowered, Backend::Form form) {
  std::string text = manifest();
  auto parts = backend->compile(lowered, form, [&](llvm::Module &llvmModule) {
    addModelData(llvmModule, program, text, sideFile);
  });
  if (failed(parts))
    return failure();
  std::unique_ptr<OutputFile> file =
      OutputFile::create(inputs.outputPath, sink);
  return success(file && file->write(parts->front()) && commit(*file));
}

/// The folder of the runtime library that this process runs with.
static std::string runtimeFolder() {
  Dl_info info = {};
  if (!dladdr(reinterpret_cast<void *>(&aicc_model_load), &info) ||
      !info.dli_fname)
    return "";
  llvm::SmallString<256> path(info.dli_fname);
  llvm::sys::fs::make_absolute(path);
  return llvm::sys::path::parent_path(path).str();
}

LogicalResult Emitter::link(ModuleOp lowered, std::vector<char> &image) {
  std::string text = manifest();
  LinkRequest request;
  request.prefix = program.prefix;
  request.kind = inputs.kind == EmitKind::Obj   ? LinkKind::Relocatable
                 : inputs.kind == EmitKind::Exe ? LinkKind::Executable
                                                : LinkKind::SharedLibrary;
  bool isProgram = request.kind == LinkKind::Executable;
  auto objects = backend->compile(
      lowered, Backend::Form::Object, [&](llvm::Module &llvmModule) {
        addModelData(llvmModule, program, text, sideFile);
        if (isProgram)
          request.interpreter = addProgramStart(llvmModule, program.prefix);
      });
  if (failed(objects))
    return failure();
  if (isProgram && request.interpreter.empty())
    return error(ErrorCode::Unsupported,
                 "--emit=exe is for Linux on x86-64 and AArch64, not for '" +
                     backend->triple() + "'");
  request.runtimeFolder = isProgram ? runtimeFolder() : "";
  if (!findExternals(*objects, request.externals))
    return error(ErrorCode::Internal, "the generated objects are damaged");
  if (!request.externals.unknown.empty())
    return error(ErrorCode::Unsupported,
                 "processor '" + backend->cpu() +
                     "' has no instruction for something that the model needs "
                     "(" +
                     llvm::join(request.externals.unknown, ", ") +
                     "): choose a newer one by --mcpu");
  std::string why;
  if (!linkObjects(*objects, request, image, why))
    return error(ErrorCode::Internal, "the linker failed: " + why);
  return success();
}

LogicalResult Emitter::writeImage(ModuleOp lowered) {
  std::vector<char> image;
  if (failed(link(lowered, image)))
    return failure();
  bool inside = program.weightBytes > 0 && sideFile.empty();
  uint64_t offset = image.size();
  std::string why;
  if (inside && !(offset = appendSection(image, weightsSection, why)))
    return error(ErrorCode::Internal, why);
  std::unique_ptr<OutputFile> file =
      OutputFile::create(inputs.outputPath, sink,
                         /*executable=*/inputs.kind == EmitKind::Exe);
  if (!file || !file->write(image) || !file->writeZeros(offset - image.size()))
    return failure();
  if (inside && !streamWeights(program, [&](ArrayRef<char> bytes) {
        return file->write(bytes);
      }))
    return sink.hasErrors()
               ? failure()
               : error(ErrorCode::Internal, "cannot pack the weights");
  return success(commit(*file));
}

bool Emitter::commit(OutputFile &file) {
  return (!weightsFile || weightsFile->commit()) && file.commit();
}

LogicalResult Emitter::run() {
  std::string why;
  backend = Backend::create(
      {inputs.triple, inputs.cpu, inputs.optLevel, inputs.flushDenormals}, why);
  if (!backend)
    return error(ErrorCode::Usage, why);
  MlirDiagnosticHandler handler(module.getContext(), sink, inputs.modelPath);
  FailureOr<ProgramInfo> read = readProgram(module);
  if (failed(read))
    return failure();
  program = std::move(*read);

  // The weights stay attributes of the context, so a copy is cheap.
  OwningOpRef<ModuleOp> lowered = module.clone();
  PassManager pm(module.getContext());
  buildLowerToLLVMPipeline(pm);
  if (failed(pm.run(*lowered)))
    return failure();

  if (program.weightBytes > inputs.maxInlineWeightBytes &&
      failed(writeSideFile()))
    return failure();
  switch (inputs.kind) {
  case EmitKind::Llvm:
    return writeText(*lowered, Backend::Form::Llvm);
  case EmitKind::Asm:
    return writeText(*lowered, Backend::Form::Assembly);
  case EmitKind::Obj:
  case EmitKind::Lib:
  case EmitKind::Exe:
    return writeImage(*lowered);
  default:
    return error(ErrorCode::Usage, "this form of output is not made from "
                                   "machine code");
  }
}

LogicalResult aicc::emitArtifact(ModuleOp module, const EmitInputs &inputs,
                                 DiagnosticSink &sink) {
  LogicalResult result = Emitter(module, inputs, sink).run();
  // A pass that fails without a word is a defect, and must not look like
  // success to a caller that counts errors.
  if (failed(result) && !sink.hasErrors()) {
    aicc::Diagnostic diagnostic;
    diagnostic.file = inputs.modelPath;
    diagnostic.message = "code generation failed";
    sink.report(diagnostic);
  }
  return result;
}
