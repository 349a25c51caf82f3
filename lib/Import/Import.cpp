//===- Import.cpp - From a model file to the onnx dialect -----------------===//

#include "aicc/Import/Import.h"

#include "Build.h"
#include "Contrib.h"
#include "Infer.h"

#include "dialects/onnx/IR/LoweredOperators.h"
#include "dialects/onnx/IR/OnnxDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::import;

/// Opens and scans the file; leaves the large tensors in it.
static void readModel(Importer &importer) {
  const std::string &path = importer.options.modelPath;
  std::string error;
  bool tooLarge = false;
  importer.file =
      MappedFile::open(path, importer.limits().maxFileBytes, error, &tooLarge);
  if (!importer.file)
    refuse(tooLarge ? ErrorCode::Limit : ErrorCode::Io, "the file " + error);
  importer.folder = llvm::sys::path::parent_path(path).str();
  ScanError scanError;
  std::optional<ScanResult> scan =
      scanModel(importer.file->bytes(), importer.limits(), scanError);
  if (!scan)
    refuse(scanError.code, scanError.message);
  importer.cuts = std::move(scan->cuts);
  google::protobuf::io::ArrayInputStream array(
      scan->proto.data(), static_cast<int>(scan->proto.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetRecursionLimit(200); // The scanner's own limit is lower.
  if (!importer.model.ParseFromCodedStream(&stream))
    refuse(ErrorCode::Parse, "the file is not an ONNX model");
}

static void runSteps(Importer &importer) {
  readModel(importer);
  checkHeader(importer);
  bindValues(importer);
  checkGraphs(importer);
  inlineFunctions(importer);
  inferTypes(importer);
}

/// Runs the dialect's verifiers. What they find is a model that our checks
/// let through, or an old operator on types that its newest form lacks.
static void verifyModule(ModuleOp module) {
  std::string message;
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        if (message.empty() &&
            diagnostic.getSeverity() == DiagnosticSeverity::Error)
          message = diagnostic.str();
        return success();
      });
  if (failed(verify(module)))
    refuse(ErrorCode::Unsupported, message);
}

/// What the compiler has lowerings for. Without any (aicc-opt's own dialects
/// only) everything stays as it is.
static std::function<bool(const ::onnx::NodeProto &)>
lowered(MLIRContext &context) {
  const auto *operators =
      context.getLoadedDialect<aicc::onnx::OnnxDialect>()
          ->getRegisteredInterface<aicc::onnx::LoweredOperators>();
  return [&context, operators](const ::onnx::NodeProto &node) {
    if (!operators)
      return true;
    std::optional<RegisteredOperationName> name =
        RegisteredOperationName::lookup(
            aicc::onnx::operationName(node.domain(), node.op_type()), &context);
    return name && operators->isLowered(*name);
  };
}

OwningOpRef<ModuleOp> aicc::importModel(const CompileOptions &options,
                                        MLIRContext &context,
                                        DiagnosticSink &sink) {
  context.loadDialect<aicc::onnx::OnnxDialect, func::FuncDialect>();
  // Protobuf would print to stderr.
  google::protobuf::LogSilencer silencer;
  registerContribOperators();
  auto importer = std::make_unique<Importer>(Importer{options,
                                                      sink,
                                                      nullptr,
                                                      "",
                                                      {},
                                                      {},
                                                      {},
                                                      {},
                                                      {},
                                                      lowered(context),
                                                      {},
                                                      {}});
  try {
    runSteps(*importer);
    OwningOpRef<ModuleOp> module = buildModule(*importer, context);
    verifyModule(*module);
    SmallVector<llvm::StringRef> files;
    for (const auto &[location, file] : importer->externals)
      files.push_back(location);
    if (!files.empty())
      (*module)->setAttr(externalDataAttrName,
                         Builder(&context).getStrArrayAttr(files));
    return module;
  } catch (Refusal &refusal) {
    for (aicc::Diagnostic &diagnostic : refusal.diagnostics) {
      diagnostic.file = options.modelPath;
      sink.report(std::move(diagnostic));
    }
  } catch (const std::exception &e) {
    aicc::Diagnostic diagnostic;
    diagnostic.code = ErrorCode::Internal;
    diagnostic.file = options.modelPath;
    diagnostic.message = std::string("the import failed: ") + e.what();
    sink.report(std::move(diagnostic));
  }
  return nullptr;
}
