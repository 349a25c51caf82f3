//===- Context.cpp - Running compiled models ------------------------------===//

#include "lib/Runtime/Drivers.h"
#include "lib/Runtime/Runtime.h"
#include "lib/Runtime/ThreadBudget.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <vector>

using namespace aicc::runtime;

namespace aicc::runtime {
const char *lastThreadError();
} // namespace aicc::runtime

struct aicc_context {
  const aicc_model *model = nullptr;
  void *arena = nullptr;
  int32_t threads = 0;
  /// Sized at creation, so that a run allocates nothing.
  std::vector<void *> inputs, outputs;
  std::string error;
  Device device;
};

/// Notes `text` on the context and returns `status`.
static aicc_status fail(aicc_context *context, aicc_status status,
                        const std::string &text) {
  context->error = text;
  return status;
}

const char *aicc_last_error(const aicc_context *context) {
  return context ? context->error.c_str() : lastThreadError();
}

aicc_status aicc_context_create(const aicc_model *model,
                                aicc_context **context) {
  if (!model || !context)
    return fail(AICC_ERROR_ARGUMENT, "null pointer");
  *context = nullptr;
  aicc_context *result = new (std::nothrow) aicc_context;
  if (!result)
    return fail(AICC_ERROR_MEMORY, "out of memory");
  result->model = model;
  size_t bytes = std::max<size_t>(model->desc.arena_bytes, 1);
  if (posix_memalign(&result->arena, 64, bytes) != 0) {
    delete result;
    return fail(AICC_ERROR_MEMORY, "cannot allocate the arena of " +
                                       std::to_string(bytes) + " bytes");
  }
  std::string error;
  if (!result->device.open(model->desc, error)) {
    aicc_context_free(result);
    return fail(AICC_ERROR_DEVICE, error);
  }
  result->inputs.resize(model->desc.num_inputs);
  result->outputs.resize(model->desc.num_outputs);
  *context = result;
  return AICC_OK;
}

void aicc_context_free(aicc_context *context) {
  if (!context)
    return;
  std::free(context->arena);
  delete context;
}

aicc_status aicc_context_set_threads(aicc_context *context, int32_t threads) {
  if (!context)
    return fail(AICC_ERROR_ARGUMENT, "null pointer");
  if (threads < 0)
    return fail(context, AICC_ERROR_ARGUMENT,
                std::to_string(threads) + " threads");
  context->threads = threads;
  return AICC_OK;
}

const char *aicc_context_counts(const aicc_context *context) {
  return context ? context->device.counts() : nullptr;
}

aicc_status aicc_context_start_trace(aicc_context *context) {
  if (!context)
    return fail(AICC_ERROR_ARGUMENT, "null pointer");
  if (!context->device.startTrace())
    return fail(context, AICC_ERROR_DEVICE,
                "the model has no device that can be traced");
  return AICC_OK;
}

aicc_status aicc_context_write_trace(aicc_context *context, const char *path) {
  if (!context || !path)
    return fail(AICC_ERROR_ARGUMENT, "null pointer");
  std::string error;
  if (!context->device.writeTrace(path, error))
    return fail(context, AICC_ERROR_IO, error);
  return AICC_OK;
}

int32_t aicc_set_budget(int32_t threads) { return setBudget(threads); }

/// Is `tensor` what the model says of its input or output `desc`?
static aicc_status check(aicc_context *context, const char *kind,
                         const aicc_tensor_desc &desc,
                         const aicc_tensor &tensor) {
  auto describe = [&] { return std::string(kind) + " '" + desc.name + "': "; };
  if (tensor.dtype != desc.dtype)
    return fail(context, AICC_ERROR_DTYPE,
                describe() + "element type is " +
                    aicc_dtype_name(tensor.dtype) + ", the model has " +
                    aicc_dtype_name(desc.dtype));
  if (tensor.rank < 0 || (tensor.rank > 0 && !tensor.shape))
    return fail(context, AICC_ERROR_ARGUMENT, describe() + "no shape given");
  bool same = tensor.rank == desc.rank &&
              std::equal(desc.shape, desc.shape + desc.rank, tensor.shape);
  if (!same)
    return fail(
        context, tensor.rank == desc.rank ? AICC_ERROR_SHAPE : AICC_ERROR_RANK,
        describe() + "shape is " + shapeText(tensor.shape, tensor.rank) +
            ", the model has " + shapeText(desc.shape, desc.rank));
  if (!tensor.data && aicc_tensor_bytes(&desc))
    return fail(context, AICC_ERROR_ARGUMENT, describe() + "no data given");
  if (reinterpret_cast<uintptr_t>(tensor.data) % aicc_dtype_size(desc.dtype))
    return fail(context, AICC_ERROR_ALIGNMENT,
                describe() + "data are not aligned to the element size");
  return AICC_OK;
}

static aicc_status checkAll(aicc_context *context, const char *kind,
                            const aicc_tensor_desc *descs, uint32_t count,
                            const aicc_tensor *tensors, size_t given,
                            std::vector<void *> &pointers) {
  if (given != count || (count && !tensors))
    return fail(context, AICC_ERROR_COUNT,
                std::to_string(given) + " " + kind + "s given, the model has " +
                    std::to_string(count));
  for (uint32_t i = 0; i < count; ++i) {
    if (aicc_status status = check(context, kind, descs[i], tensors[i]))
      return status;
    pointers[i] = tensors[i].data;
  }
  return AICC_OK;
}

aicc_status aicc_run(aicc_context *context, const aicc_tensor *inputs,
                     size_t num_inputs, const aicc_tensor *outputs,
                     size_t num_outputs) {
  if (!context)
    return fail(AICC_ERROR_ARGUMENT, "null pointer");
  const aicc_model_desc &desc = context->model->desc;
  if (aicc_status status =
          checkAll(context, "input", desc.inputs, desc.num_inputs, inputs,
                   num_inputs, context->inputs))
    return status;
  if (aicc_status status =
          checkAll(context, "output", desc.outputs, desc.num_outputs, outputs,
                   num_outputs, context->outputs))
    return status;
  ThreadLease lease(context->threads);
  aicc_invocation invocation = {context->inputs.data(),
                                context->outputs.data(),
                                context->arena,
                                desc.weights,
                                parallelFor,
                                &lease,
                                nullptr,
                                nullptr};
  if (context->device.isOpen()) {
    context->device.startRun();
    invocation.offload = Device::offload;
    invocation.device = &context->device;
  }
  if (desc.invoke(&invocation) != 0)
    return fail(context, AICC_ERROR_INTERNAL, "the model failed");
  if (!context->device.error().empty())
    return fail(context, AICC_ERROR_DEVICE,
                std::string("the '") + desc.device_family +
                    "' device: " + context->device.error());
  return AICC_OK;
}
