//===- Types.cpp - Element types, status codes and shapes -----------------===//

#include "lib/Runtime/Runtime.h"

using namespace aicc::runtime;

const char *aicc_dtype_name(aicc_dtype dtype) {
  switch (dtype) {
  case AICC_BOOL:
    return "bool";
  case AICC_INT8:
    return "int8";
  case AICC_UINT8:
    return "uint8";
  case AICC_INT16:
    return "int16";
  case AICC_UINT16:
    return "uint16";
  case AICC_INT32:
    return "int32";
  case AICC_UINT32:
    return "uint32";
  case AICC_INT64:
    return "int64";
  case AICC_UINT64:
    return "uint64";
  case AICC_FLOAT16:
    return "float16";
  case AICC_BFLOAT16:
    return "bfloat16";
  case AICC_FLOAT32:
    return "float32";
  case AICC_FLOAT64:
    return "float64";
  case AICC_FLOAT8E4M3FN:
    return "float8_e4m3fn";
  case AICC_FLOAT8E4M3FNUZ:
    return "float8_e4m3fnuz";
  case AICC_FLOAT8E5M2:
    return "float8_e5m2";
  case AICC_FLOAT8E5M2FNUZ:
    return "float8_e5m2fnuz";
  case AICC_FLOAT8E8M0:
    return "float8_e8m0fnu";
  case AICC_FLOAT4E2M1:
    return "float4_e2m1fn";
  case AICC_INT4:
    return "int4";
  case AICC_UINT4:
    return "uint4";
  case AICC_INT2:
    return "int2";
  case AICC_UINT2:
    return "uint2";
  }
  return "?";
}

size_t aicc_dtype_size(aicc_dtype dtype) {
  switch (dtype) {
  case AICC_BOOL:
  case AICC_INT8:
  case AICC_UINT8:
  case AICC_FLOAT8E4M3FN:
  case AICC_FLOAT8E4M3FNUZ:
  case AICC_FLOAT8E5M2:
  case AICC_FLOAT8E5M2FNUZ:
  case AICC_FLOAT8E8M0:
  case AICC_FLOAT4E2M1:
  case AICC_INT4:
  case AICC_UINT4:
  case AICC_INT2:
  case AICC_UINT2:
    return 1;
  case AICC_INT16:
  case AICC_UINT16:
  case AICC_FLOAT16:
  case AICC_BFLOAT16:
    return 2;
  case AICC_INT32:
  case AICC_UINT32:
  case AICC_FLOAT32:
    return 4;
  case AICC_INT64:
  case AICC_UINT64:
  case AICC_FLOAT64:
    return 8;
  }
  return 0;
}

const char *aicc_status_name(aicc_status status) {
  switch (status) {
  case AICC_OK:
    return "AICC_OK";
  case AICC_ERROR_ARGUMENT:
    return "AICC_ERROR_ARGUMENT";
  case AICC_ERROR_IO:
    return "AICC_ERROR_IO";
  case AICC_ERROR_FORMAT:
    return "AICC_ERROR_FORMAT";
  case AICC_ERROR_MEMORY:
    return "AICC_ERROR_MEMORY";
  case AICC_ERROR_COUNT:
    return "AICC_ERROR_COUNT";
  case AICC_ERROR_DTYPE:
    return "AICC_ERROR_DTYPE";
  case AICC_ERROR_RANK:
    return "AICC_ERROR_RANK";
  case AICC_ERROR_SHAPE:
    return "AICC_ERROR_SHAPE";
  case AICC_ERROR_ALIGNMENT:
    return "AICC_ERROR_ALIGNMENT";
  case AICC_ERROR_NAME:
    return "AICC_ERROR_NAME";
  case AICC_ERROR_DEVICE:
    return "AICC_ERROR_DEVICE";
  case AICC_ERROR_INTERNAL:
    return "AICC_ERROR_INTERNAL";
  }
  return "?";
}

std::string aicc::runtime::shapeText(const int64_t *shape, int32_t rank) {
  if (rank == 0)
    return "scalar";
  std::string text;
  for (int32_t i = 0; i < rank; ++i)
    text += (i ? "x" : "") + std::to_string(shape[i]);
  return text;
}

int64_t aicc::runtime::elementCount(const int64_t *shape, int32_t rank) {
  int64_t count = 1;
  for (int32_t i = 0; i < rank; ++i)
    if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count))
      return -1;
  return count;
}

size_t aicc_tensor_bytes(const aicc_tensor_desc *desc) {
  int64_t count = elementCount(desc->shape, desc->rank);
  return count < 0 ? 0 : count * aicc_dtype_size(desc->dtype);
}
