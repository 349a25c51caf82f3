//===- LoadedModel.cpp - Running what was just compiled -------------------===//

#include "lib/Compiler/LoadedModel.h"

#include "llvm/ADT/STLExtras.h"

using namespace aicc;

std::unique_ptr<LoadedModel> LoadedModel::load(const std::string &path,
                                               std::string &error) {
  auto loaded = std::make_unique<LoadedModel>();
  aicc_model *model = nullptr;
  if (aicc_model_load(path.c_str(), &model) != AICC_OK) {
    error = std::string("the result cannot be run here: ") +
            aicc_last_error(nullptr);
    return nullptr;
  }
  loaded->model.reset(model);
  aicc_context *context = nullptr;
  if (aicc_context_create(model, &context) != AICC_OK) {
    error = aicc_last_error(nullptr);
    return nullptr;
  }
  loaded->context.reset(context);
  return loaded;
}

bool LoadedModel::allocateOutputs(std::vector<HostTensor> &results,
                                  std::string &error) const {
  results.resize(outputs().size());
  for (auto [output, result] : llvm::zip(outputs(), results)) {
    llvm::ArrayRef<int64_t> shape(output.shape, output.rank);
    if (!result.allocate(output.dtype, shape.vec())) {
      error = std::string("output '") + output.name + "' is too large";
      return false;
    }
  }
  return true;
}

bool LoadedModel::run(llvm::MutableArrayRef<HostTensor> values,
                      llvm::MutableArrayRef<HostTensor> results,
                      std::string &error) {
  std::vector<aicc_tensor> inputViews, outputViews;
  for (HostTensor &value : values)
    inputViews.push_back(value.view());
  for (HostTensor &result : results)
    outputViews.push_back(result.view());
  if (aicc_run(context.get(), inputViews.data(), inputViews.size(),
               outputViews.data(), outputViews.size()) == AICC_OK)
    return true;
  error = aicc_last_error(context.get());
  return false;
}
