//===- Verify.cpp - Does the artefact compute the right numbers? ----------===//

#include "lib/Compiler/Verify.h"

#include "aicc/Quantize/CalibrationData.h"
#include "lib/Compiler/LoadedModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>

using namespace aicc;

namespace {

class Verification {
public:
  Verification(const CompileRequest &request, DiagnosticSink &sink)
      : request(request), sink(sink) {}

  bool run(const std::string &path);

private:
  using Tensors = std::vector<std::pair<std::string, HostTensor>>;

  bool load(const std::string &path);
  /// The tensor of the file that is called like `desc`, and fits it; null
  /// after an error.
  HostTensor *find(const aicc_tensor_desc &desc);
  bool compare(const aicc_tensor_desc &desc, const HostTensor &actual);
  bool fail(ErrorCode code, const llvm::Twine &message);

  const CompileRequest &request;
  DiagnosticSink &sink;
  Tensors tensors;
  std::unique_ptr<LoadedModel> model;
};

} // namespace

bool Verification::fail(ErrorCode code, const llvm::Twine &message) {
  Diagnostic d;
  d.code = code;
  d.file = request.verifyFile;
  d.message = message.str();
  sink.report(std::move(d));
  return false;
}

bool Verification::load(const std::string &path) {
  std::string error;
  if (!readNpz(request.verifyFile, tensors, error))
    return fail(ErrorCode::Io, error);
  model = LoadedModel::load(path, error);
  return model ? true : fail(ErrorCode::Io, error);
}

HostTensor *Verification::find(const aicc_tensor_desc &desc) {
  auto it = llvm::find_if(
      tensors, [&](const auto &entry) { return entry.first == desc.name; });
  if (it == tensors.end()) {
    fail(ErrorCode::Type, llvm::Twine("has no array '") + desc.name + "'");
    return nullptr;
  }
  llvm::ArrayRef<int64_t> shape(desc.shape, desc.rank);
  if (it->second.dtype != desc.dtype ||
      llvm::ArrayRef<int64_t>(it->second.shape) != shape) {
    fail(ErrorCode::Type,
         llvm::Twine("array '") + desc.name + "' is " +
             quantize::tensorText(it->second.dtype, it->second.shape) +
             ", the model has " + quantize::tensorText(desc.dtype, shape));
    return nullptr;
  }
  return &it->second;
}

bool Verification::compare(const aicc_tensor_desc &desc,
                           const HostTensor &actual) {
  HostTensor *expected = find(desc);
  if (!expected)
    return false;
  Comparison result =
      compareTensors(actual, *expected, request.rtol, request.atol);
  if (result.mismatches == 0)
    return true;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "output '" << desc.name << "': " << result.mismatches << " of "
     << result.elements << " elements differ; worst at index " << result.worst
     << llvm::format(": %.9g, expected %.9g", actual.at(result.worst),
                     expected->at(result.worst))
     << llvm::format(" (rtol %g, atol %g)", request.rtol, request.atol);
  return fail(ErrorCode::Verify, text);
}

bool Verification::run(const std::string &path) {
  if (!load(path))
    return false;
  std::vector<HostTensor> inputs, results;
  for (const aicc_tensor_desc &input : model->inputs()) {
    HostTensor *tensor = find(input);
    if (!tensor)
      return false;
    inputs.push_back(*tensor);
  }
  std::string error;
  if (!model->allocateOutputs(results, error))
    return fail(ErrorCode::Limit, error);
  if (!model->run(inputs, results, error))
    return fail(ErrorCode::Verify, error);
  bool same = true;
  for (auto [output, result] : llvm::zip(model->outputs(), results))
    same = compare(output, result) && same;
  return same;
}

bool aicc::verifyArtifact(const std::string &path,
                          const CompileRequest &request, DiagnosticSink &sink) {
  return Verification(request, sink).run(path);
}
