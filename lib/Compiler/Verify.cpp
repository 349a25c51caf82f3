//===- Verify.cpp - Does the artefact compute the right numbers? ----------===//

#include "lib/Compiler/Verify.h"

#include "aicc/Runtime/Npy.h"

#include "aicc-c/runtime.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>

using namespace aicc;

namespace {

struct FreeModel {
  void operator()(aicc_model *model) const { aicc_model_free(model); }
  void operator()(aicc_context *context) const { aicc_context_free(context); }
};

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
  std::unique_ptr<aicc_model, FreeModel> model;
  std::unique_ptr<aicc_context, FreeModel> context;
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
  aicc_model *loaded = nullptr;
  if (aicc_model_load(path.c_str(), &loaded) != AICC_OK)
    return fail(ErrorCode::Io, llvm::Twine("the result cannot be run here: ") +
                                   aicc_last_error(nullptr));
  model.reset(loaded);
  aicc_context *created = nullptr;
  if (aicc_context_create(loaded, &created) != AICC_OK)
    return fail(ErrorCode::Io, aicc_last_error(nullptr));
  context.reset(created);
  return true;
}

static std::string typeText(aicc_dtype dtype, llvm::ArrayRef<int64_t> shape) {
  std::string text = aicc_dtype_name(dtype);
  text += " of shape ";
  text += shape.empty()
              ? "()"
              : llvm::join(llvm::map_range(shape,
                                           [](int64_t extent) {
                                             return llvm::utostr(extent);
                                           }),
                           "x");
  return text;
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
    fail(ErrorCode::Type, llvm::Twine("array '") + desc.name + "' is " +
                              typeText(it->second.dtype, it->second.shape) +
                              ", the model has " + typeText(desc.dtype, shape));
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
  const aicc_model_desc &desc = *aicc_model_get_desc(model.get());
  std::vector<aicc_tensor> inputs, outputs;
  for (const aicc_tensor_desc &input :
       llvm::ArrayRef(desc.inputs, desc.num_inputs)) {
    HostTensor *tensor = find(input);
    if (!tensor)
      return false;
    inputs.push_back(tensor->view());
  }
  std::vector<HostTensor> results(desc.num_outputs);
  for (auto [index, output] :
       llvm::enumerate(llvm::ArrayRef(desc.outputs, desc.num_outputs))) {
    llvm::ArrayRef<int64_t> shape(output.shape, output.rank);
    if (!results[index].allocate(output.dtype, shape.vec()))
      return fail(ErrorCode::Limit,
                  llvm::Twine("output '") + output.name + "' is too large");
    outputs.push_back(results[index].view());
  }
  if (aicc_run(context.get(), inputs.data(), inputs.size(), outputs.data(),
               outputs.size()) != AICC_OK)
    return fail(ErrorCode::Verify, aicc_last_error(context.get()));
  bool same = true;
  for (auto [index, output] :
       llvm::enumerate(llvm::ArrayRef(desc.outputs, desc.num_outputs)))
    same = compare(output, results[index]) && same;
  return same;
}

bool aicc::verifyArtifact(const std::string &path,
                          const CompileRequest &request, DiagnosticSink &sink) {
  return Verification(request, sink).run(path);
}
