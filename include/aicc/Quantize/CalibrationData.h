//===- CalibrationData.h - Samples of a model's inputs ----------*- C++ -*-===//

#ifndef AICC_QUANTIZE_CALIBRATIONDATA_H
#define AICC_QUANTIZE_CALIBRATIONDATA_H

#include "aicc/Runtime/Npy.h"
#include "aicc/Support/Diagnostics.h"

#include "llvm/ADT/ArrayRef.h"

#include <optional>
#include <string>
#include <vector>

namespace aicc::quantize {

/// The samples in a folder, each read when it is asked for:
///   *.npz    a sample each: an array for each input, by name; others are
///            not looked at
///   FOLDER/  a sample each: a file NAME.npy for each input
///   *.npy    a sample each, for models with one input
/// in the order of their names.
class CalibrationData {
public:
  /// Nothing, after an error (E_IO), if there are no samples. `inputs` are the
  /// model's and outlive the result.
  static std::optional<CalibrationData>
  open(const std::string &folder, llvm::ArrayRef<aicc_tensor_desc> inputs,
       DiagnosticSink &sink);

  size_t size() const { return samples.size(); }

  /// The inputs of sample `index`, in model order. False after an error: E_IO
  /// for what cannot be read or is not there, E_TYPE for another element type,
  /// E_SHAPE for another shape.
  bool read(size_t index, std::vector<HostTensor> &tensors,
            DiagnosticSink &sink) const;

private:
  enum class Kind { Archive, Folder, Array };
  struct Sample {
    std::string path;
    Kind kind;
  };

  bool readSample(const Sample &sample, std::vector<HostTensor> &tensors,
                  DiagnosticSink &sink) const;

  std::vector<Sample> samples;
  llvm::ArrayRef<aicc_tensor_desc> inputs;
};

/// "float32 of shape 1x3x224x224"
std::string tensorText(aicc_dtype dtype, llvm::ArrayRef<int64_t> shape);

} // namespace aicc::quantize

#endif // AICC_QUANTIZE_CALIBRATIONDATA_H
