//===- LoadedModel.h - Running what was just compiled -----------*- C++ -*-===//

#ifndef LIB_COMPILER_LOADEDMODEL_H
#define LIB_COMPILER_LOADEDMODEL_H

#include "aicc/Runtime/Npy.h"

#include "aicc-c/runtime.h"
#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <string>
#include <vector>

namespace aicc {

/// A library of ours in this process, with one context.
class LoadedModel {
public:
  /// Null, with the reason in `error`.
  static std::unique_ptr<LoadedModel> load(const std::string &path,
                                           std::string &error);

  llvm::ArrayRef<aicc_tensor_desc> inputs() const {
    return {desc().inputs, desc().num_inputs};
  }
  llvm::ArrayRef<aicc_tensor_desc> outputs() const {
    return {desc().outputs, desc().num_outputs};
  }

  /// Tensors for the outputs. False, with the name of one that is too large in
  /// `error`.
  bool allocateOutputs(std::vector<HostTensor> &results,
                       std::string &error) const;

  /// Runs once; `values` fit the inputs, `results` come from `allocateOutputs`.
  bool run(llvm::MutableArrayRef<HostTensor> values,
           llvm::MutableArrayRef<HostTensor> results, std::string &error);

private:
  struct Free {
    void operator()(aicc_model *model) const { aicc_model_free(model); }
    void operator()(aicc_context *context) const { aicc_context_free(context); }
  };
  const aicc_model_desc &desc() const {
    return *aicc_model_get_desc(model.get());
  }

  std::unique_ptr<aicc_model, Free> model;
  std::unique_ptr<aicc_context, Free> context;
};

} // namespace aicc

#endif // LIB_COMPILER_LOADEDMODEL_H
