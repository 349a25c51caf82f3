/* Embeds a compiled model in a C program: no file is loaded, no compiler or
 * LLVM is needed where it runs.
 *
 *   aicc --target=cpu --emit=obj net.onnx -o net.o
 *   cc -std=c99 -DMODEL=net_model embed.c net.o -laicc_runtime -o embed
 *
 * It runs the model on inputs that are all 0.01 (integers: 1) and prints the
 * first elements of every output.
 */

#include "aicc-c/runtime.h"

#include <stdio.h>
#include <stdlib.h>

#ifndef MODEL
#define MODEL net_model
#endif

/* Defined by net.o. */
extern const aicc_model_desc MODEL;

static int fail(const aicc_context *context) {
  fprintf(stderr, "error: %s\n", aicc_last_error(context));
  return 1;
}

/* A tensor as `desc` says, with memory of its own. */
static aicc_tensor allocate(const aicc_tensor_desc *desc) {
  aicc_tensor tensor;
  size_t bytes = aicc_tensor_bytes(desc), i;
  tensor.data = calloc(bytes ? bytes : 1, 1);
  tensor.dtype = desc->dtype;
  tensor.rank = desc->rank;
  tensor.shape = desc->shape;
  if (!tensor.data)
    abort();
  for (i = 0; i < bytes / aicc_dtype_size(desc->dtype); ++i) {
    if (desc->dtype == AICC_FLOAT32)
      ((float *)tensor.data)[i] = 0.01f;
    else
      ((char *)tensor.data)[i * aicc_dtype_size(desc->dtype)] = 1;
  }
  return tensor;
}

static void print(const aicc_tensor_desc *desc, const aicc_tensor *tensor) {
  size_t count = aicc_tensor_bytes(desc) / aicc_dtype_size(desc->dtype), i;
  printf("%s (%s):", desc->name, aicc_dtype_name(desc->dtype));
  for (i = 0; i < count && i < 4 && desc->dtype == AICC_FLOAT32; ++i)
    printf(" %.4f", ((const float *)tensor->data)[i]);
  printf("\n");
}

int main(void) {
  aicc_model *model = NULL;
  aicc_context *context = NULL;
  aicc_tensor *inputs, *outputs;
  uint32_t i;

  if (aicc_model_from_desc(&MODEL, NULL, &model) != AICC_OK ||
      aicc_context_create(model, &context) != AICC_OK)
    return fail(NULL);
  printf("model %s: %u inputs, %u outputs\n", MODEL.name,
         (unsigned)MODEL.num_inputs, (unsigned)MODEL.num_outputs);

  inputs = calloc(MODEL.num_inputs + 1, sizeof(*inputs));
  outputs = calloc(MODEL.num_outputs + 1, sizeof(*outputs));
  if (!inputs || !outputs)
    return 1;
  for (i = 0; i < MODEL.num_inputs; ++i)
    inputs[i] = allocate(&MODEL.inputs[i]);
  for (i = 0; i < MODEL.num_outputs; ++i)
    outputs[i] = allocate(&MODEL.outputs[i]);

  if (aicc_run(context, inputs, MODEL.num_inputs, outputs, MODEL.num_outputs) !=
      AICC_OK)
    return fail(context);
  for (i = 0; i < MODEL.num_outputs; ++i)
    print(&MODEL.outputs[i], &outputs[i]);

  for (i = 0; i < MODEL.num_inputs; ++i)
    free(inputs[i].data);
  for (i = 0; i < MODEL.num_outputs; ++i)
    free(outputs[i].data);
  free(inputs);
  free(outputs);
  aicc_context_free(context);
  aicc_model_free(model);
  return 0;
}
