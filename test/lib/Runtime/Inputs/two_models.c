/* Two compiled models linked into one program. */

#include "aicc-c/runtime.h"

#include <stdio.h>

extern const aicc_model_desc first_model;
extern const aicc_model_desc second_net_model;

static int run(const aicc_model_desc *desc) {
  float in[128], out[64];
  int64_t in_shape[] = {1, 128}, out_shape[] = {1, 64};
  aicc_tensor input = {NULL, AICC_FLOAT32, 2, NULL};
  aicc_tensor output = {NULL, AICC_FLOAT32, 2, NULL};
  aicc_model *model;
  aicc_context *context;
  int i;
  for (i = 0; i < 128; ++i)
    in[i] = 0.02f;
  input.data = in;
  input.shape = in_shape;
  output.data = out;
  output.shape = out_shape;
  if (aicc_model_from_desc(desc, NULL, &model) != AICC_OK ||
      aicc_context_create(model, &context) != AICC_OK ||
      aicc_run(context, &input, 1, &output, 1) != AICC_OK)
    return 1;
  printf("%s %.4f\n", desc->name, out[63]);
  aicc_context_free(context);
  aicc_model_free(model);
  return 0;
}

int main(void) { return run(&first_model) | run(&second_net_model); }
