//===- Model.cpp - Loading compiled models --------------------------------===//

#include "lib/Runtime/Runtime.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace aicc::runtime;

static std::string &threadError() {
  static thread_local std::string text;
  return text;
}

aicc_status aicc::runtime::fail(aicc_status status, const std::string &text) {
  threadError() = text;
  return status;
}

namespace aicc::runtime {
const char *lastThreadError() { return threadError().c_str(); }
} // namespace aicc::runtime

/// Maps the weights that are in a file of their own.
static aicc_status mapSideFile(aicc_model &model, const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(AICC_ERROR_IO, "cannot open the weights '" + path +
                                   "': " + std::strerror(errno));
  struct stat status;
  uint64_t bytes = model.desc.weight_bytes;
  if (fstat(fd, &status) != 0 ||
      static_cast<uint64_t>(status.st_size) != bytes) {
    close(fd);
    return fail(AICC_ERROR_FORMAT, "the weights '" + path + "' are not the " +
                                       std::to_string(bytes) +
                                       " bytes that the model needs");
  }
  void *address = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (address == MAP_FAILED)
    return fail(AICC_ERROR_MEMORY, "cannot map the weights '" + path +
                                       "': " + std::strerror(errno));
  model.sideFile = address;
  model.desc.weights = address;
  return AICC_OK;
}

aicc_status aicc_model_from_desc(const aicc_model_desc *desc,
                                 const char *folder, aicc_model **model) {
  if (!desc || !model)
    return fail(AICC_ERROR_ARGUMENT, "null pointer");
  *model = nullptr;
  if (desc->abi_version != AICC_ABI_VERSION ||
      desc->struct_bytes < sizeof(aicc_model_desc))
    return fail(AICC_ERROR_FORMAT,
                "the model has version " + std::to_string(desc->abi_version) +
                    " of the binary interface, this runtime " +
                    std::to_string(AICC_ABI_VERSION));
  aicc_model *result = new (std::nothrow) aicc_model;
  if (!result)
    return fail(AICC_ERROR_MEMORY, "out of memory");
  result->desc = *desc;
  if (desc->weights_file) {
    std::string path = desc->weights_file;
    if (folder && *folder)
      path = std::string(folder) + "/" + path;
    if (aicc_status status = mapSideFile(*result, path)) {
      delete result;
      return status;
    }
  }
  *model = result;
  return AICC_OK;
}

aicc_status aicc_model_load(const char *path, aicc_model **model) {
  if (!path || !model)
    return fail(AICC_ERROR_ARGUMENT, "null pointer");
  *model = nullptr;
  struct stat status;
  if (stat(path, &status) != 0)
    return fail(AICC_ERROR_IO, std::string("cannot open '") + path +
                                   "': " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return fail(AICC_ERROR_FORMAT, std::string("'") + path + "' is not a file");
  // Without a slash dlopen searches the system's folders.
  std::string name = std::strchr(path, '/') ? path : std::string("./") + path;
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(AICC_ERROR_FORMAT,
                std::string("cannot load '") + path + "': " + dlerror());
  auto *desc =
      static_cast<const aicc_model_desc *>(dlsym(library, "aicc_model"));
  if (!desc) {
    dlclose(library);
    return fail(AICC_ERROR_FORMAT,
                std::string("'") + path + "' is not a model compiled by aicc");
  }
  std::string folder = name.substr(0, name.rfind('/'));
  if (aicc_status failed = aicc_model_from_desc(desc, folder.c_str(), model)) {
    dlclose(library);
    return failed;
  }
  (*model)->library = library;
  return AICC_OK;
}

void aicc_model_free(aicc_model *model) {
  if (!model)
    return;
  if (model->sideFile)
    munmap(model->sideFile, model->desc.weight_bytes);
  if (model->library)
    dlclose(model->library);
  delete model;
}

const aicc_model_desc *aicc_model_get_desc(const aicc_model *model) {
  return model ? &model->desc : nullptr;
}

static int32_t find(const aicc_tensor_desc *tensors, uint32_t count,
                    const char *name) {
  for (uint32_t i = 0; name && i < count; ++i)
    if (std::strcmp(tensors[i].name, name) == 0)
      return static_cast<int32_t>(i);
  return -1;
}

int32_t aicc_model_find_input(const aicc_model *model, const char *name) {
  return model ? find(model->desc.inputs, model->desc.num_inputs, name) : -1;
}

int32_t aicc_model_find_output(const aicc_model *model, const char *name) {
  return model ? find(model->desc.outputs, model->desc.num_outputs, name) : -1;
}
