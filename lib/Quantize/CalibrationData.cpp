//===- CalibrationData.cpp - Samples of a model's inputs ------------------===//

#include "aicc/Quantize/CalibrationData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace aicc;
using namespace aicc::quantize;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static bool fail(DiagnosticSink &sink, ErrorCode code, const std::string &file,
                 const llvm::Twine &message, const llvm::Twine &help = "") {
  Diagnostic d;
  d.code = code;
  d.file = file;
  d.message = message.str();
  d.help = help.str();
  sink.report(std::move(d));
  return false;
}

std::string quantize::tensorText(aicc_dtype dtype,
                                 llvm::ArrayRef<int64_t> shape) {
  std::string text = aicc_dtype_name(dtype);
  text += " of shape ";
  if (shape.empty())
    return text + "()";
  return text + llvm::join(llvm::map_range(shape,
                                           [](int64_t extent) {
                                             return llvm::utostr(extent);
                                           }),
                           "x");
}

std::optional<CalibrationData>
CalibrationData::open(const std::string &folder,
                      llvm::ArrayRef<aicc_tensor_desc> inputs,
                      DiagnosticSink &sink) {
  CalibrationData data;
  data.inputs = inputs;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; it != end && !error;
       it.increment(error)) {
    llvm::StringRef name = path::filename(it->path());
    if (name.starts_with("."))
      continue;
    if (name.ends_with(".npz"))
      data.samples.push_back({it->path(), Kind::Archive});
    else if (name.ends_with(".npy"))
      data.samples.push_back({it->path(), Kind::Array});
    else if (fs::is_directory(it->path()))
      data.samples.push_back({it->path(), Kind::Folder});
  }
  if (error) {
    fail(sink, ErrorCode::Io, folder, "cannot be read: " + error.message());
    return std::nullopt;
  }
  llvm::sort(data.samples,
             [](const Sample &a, const Sample &b) { return a.path < b.path; });
  if (data.samples.empty()) {
    fail(sink, ErrorCode::Io, folder, "holds no samples of the inputs",
         "it should hold .npz files with an array for each input, folders with "
         "a file INPUT.npy for each, or .npy files if there is one input");
    return std::nullopt;
  }
  return data;
}

bool CalibrationData::readSample(const Sample &sample,
                                 std::vector<HostTensor> &tensors,
                                 DiagnosticSink &sink) const {
  std::string error;
  std::vector<std::pair<std::string, HostTensor>> named;
  if (sample.kind == Kind::Archive) {
    if (!readNpz(sample.path, named, error))
      return fail(sink, ErrorCode::Io, sample.path, error);
  } else if (sample.kind == Kind::Array && inputs.size() != 1) {
    return fail(sink, ErrorCode::Io, sample.path,
                "a single .npy file is a sample of a model with one input, "
                "found " +
                    llvm::Twine(inputs.size()) + " inputs");
  }
  for (auto [input, tensor] : llvm::zip(inputs, tensors)) {
    if (sample.kind == Kind::Archive) {
      auto it = llvm::find_if(
          named, [&](const auto &entry) { return entry.first == input.name; });
      if (it == named.end()) {
        std::string found;
        for (const auto &entry : named)
          found += (found.empty() ? "'" : ", '") + entry.first + "'";
        return fail(sink, ErrorCode::Io, sample.path,
                    llvm::Twine("expected an array '") + input.name +
                        "' for the input of that name, found " +
                        (found.empty() ? "none" : found));
      }
      tensor = std::move(it->second);
      continue;
    }
    llvm::SmallString<128> file(sample.path);
    if (sample.kind == Kind::Folder)
      path::append(file, llvm::Twine(input.name) + ".npy");
    if (!readNpy(file.str().str(), tensor, error))
      return fail(sink, ErrorCode::Io, file.str().str(), error);
  }
  return true;
}

bool CalibrationData::read(size_t index, std::vector<HostTensor> &tensors,
                           DiagnosticSink &sink) const {
  const Sample &sample = samples[index];
  tensors.resize(inputs.size());
  if (!readSample(sample, tensors, sink))
    return false;
  for (auto [input, tensor] : llvm::zip(inputs, tensors)) {
    llvm::ArrayRef<int64_t> shape(input.shape, input.rank);
    bool sameShape = llvm::ArrayRef<int64_t>(tensor.shape) == shape;
    if (tensor.dtype == input.dtype && sameShape)
      continue;
    return fail(
        sink, tensor.dtype != input.dtype ? ErrorCode::Type : ErrorCode::Shape,
        sample.path,
        llvm::Twine("the array for input '") + input.name + "' is " +
            tensorText(tensor.dtype, tensor.shape) + ", the model has " +
            tensorText(input.dtype, shape));
  }
  return true;
}
